// Sections that several programs have, declared once so that they mean the same everywhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "backupctl/log.hpp"
#include "backupctl/time.hpp"
#include "config/schema.hpp"

namespace backupctl::config {

struct Token {
  std::string name;
  std::string owner;               // the person or system behind it
  std::string sha256;              // lower-case hex SHA-256 of the bearer token
  std::vector<std::string> roles;  // of known_roles(), at least one
  std::string zone;                // set if and only if the roles have "zone"
};

struct AuthSection {
  std::vector<Token> tokens{};  // empty: no [auth], everyone is "local"
  bool present() const { return !tokens.empty(); }
};

struct HttpSection {
  std::string listen = "127.0.0.1:8080";  // host:port or [v6]:port
  std::int64_t max_body = 65536;          // bytes
  Duration read_timeout = std::chrono::seconds{10};
  bool insecure = false;
};

struct FileDropSection {
  std::string folder = "/var/spool/backupctl";
  std::vector<std::string> trusted{};  // user names
  Duration keep_for = std::chrono::hours{24 * 90};
  Duration scan_every = std::chrono::seconds{1};
};

struct LogSection {
  std::string level_name = "info";
  std::string format = "json";  // or "text"
  LogLevel level() const;
};

struct ShutdownSection {
  Duration grace = std::chrono::seconds{10};
};

const std::vector<std::string>& known_roles();

// "" or what is wrong with it; for Key::check.
std::string problem_with_endpoint(std::string_view text);  // host:port, [v6]:port; port 0 to 65535
std::string problem_with_http_url(std::string_view text);  // http://host[:port], no path, no user

bool is_loopback(std::string_view endpoint);  // 127.x.x.x, [::1] or localhost

// `auth` and `http` must outlive `schema`. declare_auth also reports [tls], which no program has yet.
void declare_auth(Schema& schema, AuthSection& auth);
void declare_filedrop(Schema& schema, FileDropSection& filedrop);
void declare_log(Schema& schema, LogSection& log);
void declare_shutdown(Schema& schema, ShutdownSection& shutdown);
void declare_http(Schema& schema, HttpSection& http, const AuthSection& auth);

// A listener that other machines reach must be protected, or http.insecure must say that something else does.
// For a program that has its address under another key; declare_http has this already.
void refuse_unprotected(Schema& schema, std::string key, const std::string& listen, const bool& insecure,
                        const AuthSection& auth);

}  // namespace backupctl::config
