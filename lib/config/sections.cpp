#include "config/sections.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "backupctl/names.hpp"

namespace backupctl::config {
namespace {

using namespace std::chrono_literals;

struct HostPort {
  std::string_view host;
  std::string_view port;
};

HostPort split(std::string_view endpoint) {
  const auto colon = endpoint.rfind(':');
  if (colon == std::string_view::npos) return {endpoint, {}};
  return {endpoint.substr(0, colon), endpoint.substr(colon + 1)};
}

bool is_port(std::string_view text) {
  int port = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && text[0] != '-' && port <= 65535;
}

bool is_host(std::string_view host) {
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  return !host.empty() && std::all_of(host.begin(), host.end(), [bracketed](unsigned char c) {
    return std::isalnum(c) || c == '.' || c == '-' || (bracketed && c == ':');
  });
}

std::string lower_hex(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

void declare_token(Schema& row, Token& token) {
  row.text("name", token.name, "what the token is called in logs").required().check([](std::string_view text) {
    return text.empty() ? "must not be empty" : "";
  });
  row.text("owner", token.owner, "the person or system behind it; two tokens of one owner are one person")
      .required()
      .check([](std::string_view text) {
        const auto owner = OwnerName::parse(text);
        return owner ? "" : owner.error().detail;
      });
  row.text("sha256", token.sha256, "SHA-256 of the bearer token, 64 hexadecimal digits")
      .required()
      .check([](std::string_view text) {
        const bool good = text.size() == 64 &&
                          std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isxdigit(c) != 0; });
        return good ? "" : "must be 64 hexadecimal digits (the SHA-256 of the token, never the token itself)";
      });
  row.list("roles", token.roles, "what its owner may do: requester, owner, approver, …")
      .required()
      .check([](std::string_view text) -> std::string {
        const auto& known = known_roles();
        if (std::find(known.begin(), known.end(), text) != known.end()) return {};
        std::string all;
        for (const auto& role : known) all += (all.empty() ? "" : " ") + role;
        return "is not a role; the roles are: " + all;
      });
  row.text("zone", token.zone, "role zone only: whose results it may leave").check([](std::string_view text) {
    const auto zone = ZoneName::parse(text);
    return zone ? "" : zone.error().detail;
  });
}

void check_tokens(std::vector<Token>& tokens, const Report& report) {
  std::set<std::string> names, hashes;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    auto& token = tokens[i];
    token.sha256 = lower_hex(token.sha256);
    const auto key = [i](const char* member) { return "auth.token[" + std::to_string(i) + "]." + member; };
    if (!token.name.empty() && !names.insert(token.name).second) report(key("name"), "is the name of two tokens");
    if (!token.sha256.empty() && !hashes.insert(token.sha256).second) {
      report(key("sha256"), "stands at two tokens, so it would not be known whose it is");
    }
    const bool is_zone = std::find(token.roles.begin(), token.roles.end(), "zone") != token.roles.end();
    if (is_zone && token.zone.empty()) report(key("zone"), "must name the zone that a token with role zone speaks for");
    if (!is_zone && !token.zone.empty()) report(key("zone"), "is only for tokens with role zone");
  }
}

}  // namespace

LogLevel LogSection::level() const {
  if (level_name == "debug") return LogLevel::debug;
  if (level_name == "warning") return LogLevel::warning;
  if (level_name == "error") return LogLevel::error;
  return LogLevel::info;
}

const std::vector<std::string>& known_roles() {
  static const std::vector<std::string> roles{"requester", "owner",   "approver", "restorer", "operator",
                                              "retention", "auditor", "zone",     "jobs",     "admin"};
  return roles;
}

std::string problem_with_endpoint(std::string_view text) {
  const auto [host, port] = split(text);
  return is_host(host) && !port.empty() && is_port(port) ? "" : "must be host:port or [IPv6]:port, port 0 to 65535";
}

std::string problem_with_http_url(std::string_view text) {
  const std::string bad = "must be http://host or http://host:port without a path";
  constexpr std::string_view scheme = "http://";
  if (text.starts_with("https://")) return "must begin with http:// (this version does not speak TLS)";
  if (!text.starts_with(scheme)) return bad;
  auto authority = text.substr(scheme.size());
  if (authority.ends_with('/')) authority.remove_suffix(1);
  if (is_host(authority)) return {};
  return problem_with_endpoint(authority).empty() ? "" : bad;
}

bool is_loopback(std::string_view endpoint) {
  const auto host = split(endpoint).host;
  if (host == "[::1]" || host == "localhost") return true;
  // Four numbers and no more: "127.example.org" is a name that somebody else may own.
  return host.starts_with("127.") && std::count(host.begin(), host.end(), '.') == 3 &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

void declare_auth(Schema& schema, AuthSection& auth) {
  schema.rows<Token>("auth.token", auth.tokens,
                     "who may call; without any, only this machine may, and everyone is \"local\"", declare_token);
  schema.also([&auth](const Report& report) { check_tokens(auth.tokens, report); });
  schema.unsupported("tls",
                     "this version does not serve TLS: listen on loopback behind a proxy that does, or set "
                     "http.insecure = true in a network that is protected otherwise");
}

void declare_filedrop(Schema& schema, FileDropSection& filedrop) {
  schema.path("filedrop.folder", filedrop.folder, "backupctl-filedrop: holds inbox/ work/ outbox/ done/ rejected/")
      .check([](std::string_view text) { return text.empty() ? "must not be empty" : ""; });
  schema.list("filedrop.trusted", filedrop.trusted,
              "file owners whose requesterId is believed; for others the file's owner is the requester");
  schema.duration("filedrop.keepFor", filedrop.keep_for, 1s, 24h * 36500,
                  "files in done/, rejected/ and outbox/ are removed after this");
  schema.duration("filedrop.scanEvery", filedrop.scan_every, 10ms, 1h,
                  "how often the folder is looked at, beside what the kernel tells of it");
}

void declare_log(Schema& schema, LogSection& log) {
  schema.choice("log.level", log.level_name, {"debug", "info", "warning", "error"}, "the least that is written");
  schema.choice("log.format", log.format, {"json", "text"}, "one JSON object a line, or text for people");
}

void declare_shutdown(Schema& schema, ShutdownSection& shutdown) {
  schema.duration("shutdown.grace", shutdown.grace, 0s, 1h, "after SIGTERM: how long work in flight may take to end");
}

void declare_http(Schema& schema, HttpSection& http, const AuthSection& auth) {
  schema
      .text("http.listen", http.listen, "address and port; port 0: the kernel chooses, see the log line \"listening\"")
      .check(problem_with_endpoint);
  schema.number("http.maxBody", http.max_body, {1, 64 << 20}, "largest request body, in bytes");
  schema.duration("http.readTimeout", http.read_timeout, 1ms, 1h, "for a client to send its whole request");
  schema.flag("http.insecure", http.insecure, "serve other machines without TLS: something else protects the network");
  refuse_unprotected(schema, "http.listen", http.listen, http.insecure, auth);
}

void refuse_unprotected(Schema& schema, std::string key, const std::string& listen, const bool& insecure,
                        const AuthSection& auth) {
  schema.also([key = std::move(key), &listen, &insecure, &auth](const Report& report) {
    if (insecure || is_loopback(listen) || !problem_with_endpoint(listen).empty()) return;
    report(key, std::string("is not a loopback address and there is no ") +
                    (auth.present() ? "TLS" : "[[auth.token]] and no TLS") +
                    "; listen on loopback, or set http.insecure = true when something else protects the network");
  });
}

}  // namespace backupctl::config
