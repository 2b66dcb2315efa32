// What can be configured.
#pragma once

#include <string>
#include <vector>

#include "config/sections.hpp"

namespace backupctl::zone {

struct Settings {
  std::string name = "files";
  std::string driver = "files";
  std::string listen = "127.0.0.1:8082";
  std::int64_t workers = 2;
  std::string state = "/var/lib/backupctl/zone-files.db";
  std::vector<std::string> sources{};
  std::vector<std::string> restore_targets{};

  std::string results_url = "http://127.0.0.1:8080";
  config::TokenFile results_token{};
  Duration results_timeout = std::chrono::seconds{10};

  std::string engine = "archive";
  std::string root = "/backup/files";
  std::int64_t compression_level = 3;
  std::int64_t compression_threads = 0;

  std::int64_t max_body = 65536;
  Duration read_timeout = std::chrono::seconds{10};
  bool insecure = false;

  config::AuthSection auth{};
  config::LogSection log{};
  config::ShutdownSection shutdown{};
};

// `settings` must outlive `schema`.
void declare(config::Schema& schema, Settings& settings);

}  // namespace backupctl::zone
