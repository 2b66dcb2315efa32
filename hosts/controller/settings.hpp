// What can be configured.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "backupctl/notify/notifier.hpp"
#include "config/sections.hpp"

namespace backupctl::host {

struct ZoneSettings {
  std::string name{};
  std::string url{};
  config::TokenFile token{};
  std::int64_t max_in_flight = 4;
  Duration timeout = std::chrono::seconds{10};
  Duration result_due = std::chrono::hours{24};
};

struct NotifySettings {
  std::string smtp{};
  std::string from{};
  std::vector<std::string> to{};
  std::string webhook{};
  std::vector<std::string> events{"NotAllowed", "Failed", "overdue", "parked"};
  bool present() const { return !smtp.empty() || !webhook.empty(); }
};

struct Settings {
  std::string store_url = "sqlite:///var/lib/backupctl/controller.db";
  std::string store_create = "auto";

  std::string results_url = "store";  // or a result store of its own
  Duration check_give_up_after = std::chrono::hours{24};
  std::string jobs_url = "http://127.0.0.1:8081";
  Duration jobs_timeout = std::chrono::seconds{5};
  config::TokenFile jobs_token{};
  std::vector<ZoneSettings> zones{};

  config::HttpSection http{};
  std::int64_t max_requests_per_second = 0;  // of one owner over HTTP; 0: no limit
  config::FileDropSection filedrop{};        // both programs read one file
  Duration first_retry_delay = std::chrono::seconds{1};
  Duration max_retry_delay = std::chrono::minutes{5};
  std::int64_t breaker_failures = 5;
  Duration breaker_probe_every = std::chrono::seconds{5};
  Duration lease = std::chrono::seconds{15};

  NotifySettings notify{};
  config::AuthSection auth{};
  config::LogSection log{};
  config::ShutdownSection shutdown{};
};

notify::NotifierOptions options_of(const NotifySettings& notify);

// `settings` must outlive `schema`.
void declare(config::Schema& schema, Settings& settings);

// The path of "file:///etc/backupctl/jobs.toml"; empty when the URL is another.
std::string_view jobs_file_of(std::string_view url);

}  // namespace backupctl::host
