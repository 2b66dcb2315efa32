// The configuration of backupctl-jobs.
#pragma once

#include <filesystem>
#include <string>

#include "config/sections.hpp"
#include "http/auth.hpp"

namespace backupctl::jobs {

// Thread rule: plain value; it stays in place once declared.
struct Settings {
  std::string store_url = "sqlite:backupctl-data/jobs.db";
  std::string store_create = "auto";
  std::string controller_url = "http://127.0.0.1:8080";
  config::TokenFile controller_token{};
  Duration controller_timeout = std::chrono::seconds{5};
  config::HttpSection http{};
  config::AuthSection auth{};
  config::LogSection log{};
  config::ShutdownSection shutdown{};

  Settings() { http.listen = "127.0.0.1:8081"; }
  std::filesystem::path store_path() const;  // precondition: the configuration was loaded without problems
};

void declare(config::Schema& schema, Settings& settings);

// Errors: those of http::Authenticator::create.
Result<http::Authenticator> authenticator_of(const Settings& settings);

}  // namespace backupctl::jobs
