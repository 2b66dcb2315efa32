#include "soci/ground/store_url.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "backupctl/names.hpp"

namespace backupctl::soci {

namespace {

constexpr std::string_view sqlite_scheme = "sqlite:";
constexpr std::string_view postgresql_schemes[] = {"postgresql://", "postgres://"};

Error bad_url(std::string detail) {
  return {ErrorKind::invalid,
          std::move(detail) +
              "; expected sqlite:///absolute/path, sqlite:relative/path or postgresql://user@host/database"};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return bad_url("a % that no two hex digits follow");
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

Result<StoreUrl> parse_sqlite(std::string_view rest) {
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    if (!rest.starts_with('/')) {
      return bad_url(
          "a SQLite store has no host: write three slashes before an absolute path, none before a relative one");
    }
  }
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return bad_url("a SQLite store takes no parameters (a ? or # in the file's name is written %3F or %23)");
  }
  auto path = percent_decoded(rest);
  if (!path) return std::move(path).error();
  if (path->empty() || path->ends_with('/')) return bad_url("the name of the database file is missing");
  if (*path == ":memory:") return bad_url("a store in memory would lose what it promised to keep");
  if (!is_valid_utf8(*path) || has_control_characters(*path)) {
    return bad_url("the path is not valid UTF-8 or has control characters");
  }
  return StoreUrl{SqliteUrl{*std::move(path)}};
}

// Takes "NAME=value", which libpq does not know, out of the parameters. The last one counts.
std::optional<std::string> take_parameter(std::string& url, const std::string& name) {
  const auto query = url.find('?');
  if (query == std::string::npos) return {};
  std::optional<std::string> value;
  std::string others;
  for (auto rest = std::string_view(url).substr(query + 1); !rest.empty();) {
    const auto parameter = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), parameter.size() + 1));
    if (parameter.starts_with(name + "=")) {
      value = parameter.substr(name.size() + 1);
    } else {
      others.append(others.empty() ? "?" : "&").append(parameter);
    }
  }
  url.replace(query, std::string::npos, others);
  return value;
}

bool is_schema(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  const auto fits = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= 63 && is_letter(name[0]) && std::ranges::all_of(name, fits) &&
         !name.starts_with("pg_");
}

std::optional<std::chrono::seconds> parse_timeout(const std::string& text) {
  int seconds = 0;
  const auto* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, seconds);
  if (error != std::errc{} || at != end || seconds < 1 || seconds > 3600) return {};
  return std::chrono::seconds{seconds};
}

Result<StoreUrl> parse_postgresql(std::string_view text, std::string_view scheme) {
  const auto rest = text.substr(scheme.size());
  const auto authority = rest.substr(0, rest.find_first_of("/?"));
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos || rest.substr(slash + 1).empty() || rest[slash + 1] == '?') {
    return bad_url("the name of the database is missing");
  }
  std::string shown(text);
  const auto at = authority.rfind('@');
  const auto colon = authority.find(':');
  if (at != std::string_view::npos && colon < at) shown.erase(scheme.size() + colon, at - colon);
  // Parameters may hold a password too.
  if (const auto query = shown.find('?'); query != std::string::npos) shown.erase(query);
  std::string connection(text);
  const auto schema = take_parameter(connection, "schema");
  if (schema && !is_schema(*schema)) {
    return bad_url("the schema is a name of lower-case letters, digits and _, not one of pg_…");
  }
  const auto limit = take_parameter(connection, "timeout");
  const auto timeout = limit ? parse_timeout(*limit) : PostgresqlUrl{}.timeout;
  if (!timeout) return bad_url("the timeout is a number of seconds from 1 to 3600");
  return StoreUrl{PostgresqlUrl{std::move(connection), std::move(shown), schema.value_or(""), *timeout}};
}

}  // namespace

Result<StoreUrl> parse_store_url(std::string_view text) {
  if (text.starts_with(sqlite_scheme)) return parse_sqlite(text.substr(sqlite_scheme.size()));
  for (const auto scheme : postgresql_schemes) {
    if (!text.starts_with(scheme)) continue;
    if (!is_valid_utf8(text) || has_control_characters(text)) {
      return bad_url("the URL is not valid UTF-8 or has control characters");
    }
    return parse_postgresql(text, scheme);
  }
  // The text itself may hold a password: it is not repeated.
  return bad_url("not the URL of a store");
}

}  // namespace backupctl::soci
