// token new: a secret, and the lines with which a server knows it.
#include <fcntl.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <ostream>

#include "cli/command_line.hpp"
#include "cli/text.hpp"
#include "digest/sha256.hpp"
#include "http/principal.hpp"
#include "wire/json_writer.hpp"

namespace backupctl::cli {
namespace {

constexpr std::size_t token_bytes = 32;

struct TokenOrder {
  std::string name = "NAME";
  std::string owner{};  // empty: the name
  std::vector<std::string> roles{"requester"};
  std::string zone{};
  std::string file{};
};

std::optional<std::string> random_hex() {
  std::array<unsigned char, token_bytes> bytes{};
  if (::RAND_bytes(bytes.data(), token_bytes) != 1) return {};
  std::string text;
  for (const auto byte : bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    text += {digits[byte >> 4], digits[byte & 15]};
  }
  return text;
}

// Never over another file: a token that is in use would be lost. Returns what went wrong; empty: nothing.
std::string write_secret(const std::string& path, const std::string& secret) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return errno == EEXIST ? "exists already" : std::strerror(errno);
  const auto written = ::write(file, secret.data(), secret.size());
  const bool whole = written == static_cast<ssize_t>(secret.size()) && ::fsync(file) == 0;
  const int why = errno;
  ::close(file);
  if (whole) return {};
  ::unlink(path.c_str());
  return written < 0 ? std::strerror(why) : "could not be written whole";
}

// A TOML string takes JSON's escapes.
std::string toml_text(std::string_view text) {
  return wire::json_text([text](auto& out) { out.value(text); });
}

std::string table_text(const TokenOrder& order, const std::string& sha256) {
  std::string roles;
  for (const auto& role : order.roles) roles += (roles.empty() ? "" : ", ") + toml_text(role);
  return "[[auth.token]]\nname = " + toml_text(order.name) + "\nowner = " + toml_text(order.owner) + "\nsha256 = \"" +
         sha256 + "\"\nroles = [" + roles + "]\n" +
         (order.zone.empty() ? "" : "zone = " + toml_text(order.zone) + "\n");
}

std::string document_text(const TokenOrder& order, const std::string& token, const std::string& sha256) {
  std::string text;
  wire::JsonWriter out(text);
  out.begin_object();
  order.file.empty() ? out.member("token", token) : out.member("tokenFile", order.file);
  out.member("sha256", sha256).member("name", order.name).member("owner", order.owner).key("roles").begin_array();
  for (const auto& role : order.roles) out.value(role);
  out.end_array().member_if_filled("zone", order.zone).end_object();
  return text + "\n";
}

int make_token(const Session& session, TokenOrder order) {
  if (order.owner.empty()) order.owner = order.name;
  const bool for_zone = order.roles == std::vector<std::string>{"zone"};
  if (for_zone != !order.zone.empty()) {
    session.err << "backupctl: --role zone and --zone ZONE belong together, without other roles\n"
                << "Next: backupctl token new --help\n";
    return exit_bad_usage;
  }
  const auto token = random_hex();
  if (!token) {
    session.err << "backupctl: the system gives no random numbers\n";
    return exit_failed;
  }
  const auto sha256 = digest::sha256_hex(*token);
  if (!order.file.empty()) {
    if (const auto problem = write_secret(order.file, *token); !problem.empty()) {
      session.err << "backupctl: " << printable(order.file) << ": " << problem
                  << "\nNext: name another file with --out; nothing was made\n";
      return exit_failed;
    }
  }
  if (session.json) {
    session.out << document_text(order, *token, sha256);
    return exit_ok;
  }
  if (order.file.empty()) {
    session.out << "token   " << *token << "\nsha256  " << sha256 << "\n\n";
  } else {
    session.err << "the token is in " << printable(order.file) << ", which only you can read\n";
  }
  session.out << table_text(order, sha256);
  session.err << "Next: paste the lines from [[auth.token]] on into the servers' configuration and start them again"
              << (order.file.empty() ? "; the token itself is shown this once" : "") << '\n';
  return exit_ok;
}

}  // namespace

void add_token_commands(CLI::App& app, Run& run) {
  const auto examples =
      "  backupctl token new --name ann --role owner --role approver --out ann.token >> jobs.toml\n"
      "      the secret goes to ann.token, the lines for the server to its configuration\n"
      "  backupctl token new --name files --role zone --zone files --out files.token\n"
      "      what a zone leaves its results with\n";
  auto& noun = add_noun(app, "token", "Make tokens", examples);
  auto& verb = add_verb(noun, "new", "Make a random token and the lines with which a server knows it", examples);
  auto order = std::make_shared<TokenOrder>();
  std::vector<std::string> roles;
  for (int i = 0; i < http::role_count; ++i) roles.emplace_back(http::to_string(static_cast<http::Role>(i)));
  verb.add_option("--name", order->name, "what logs call the token")->check(owner_name())->option_text("NAME");
  verb.add_option("--owner", order->owner, "the person or system behind it (the name)")
      ->check(owner_name())
      ->option_text("OWNER");
  verb.add_option("--role", order->roles, "what it may do; repeat for more (requester)")
      ->check(word_of(roles))
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->option_text("ROLE");
  add_zone_name(verb, "--zone", order->zone, "role zone only: whose results it may leave");
  verb.add_option("--out", order->file, "write the token to this new file, mode 0600, instead of showing it")
      ->option_text("FILE");
  verb.callback([order, &run] { run = [order](const Session& session) { return make_token(session, *order); }; });
}

}  // namespace backupctl::cli
