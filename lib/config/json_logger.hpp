// Writes one line for each event: a JSON object, or text for people.
#pragma once

#include <mutex>
#include <string>

#include "backupctl/executor.hpp"
#include "backupctl/log.hpp"

namespace backupctl::config {

enum class LogFormat { json, text };

// {"time":"…","level":"info","msg":"listening","address":"127.0.0.1:8080"}
// Control characters and bytes that are no UTF-8 are escaped: a value can neither end a line nor steer a terminal.
std::string json_line(Timestamp time, LogLevel level, std::string_view message, std::initializer_list<LogField> fields);
// 2026-11-24T02:25:00.123456Z info listening address=127.0.0.1:8080
std::string text_line(Timestamp time, LogLevel level, std::string_view message, std::initializer_list<LogField> fields);

// Thread-safe. Each line is one write(2), so that lines of several processes on one descriptor stay whole.
class JsonLogger final : public Logger {
 public:
  // `clock` must outlive the logger; `descriptor` stays the caller's.
  JsonLogger(Clock& clock, LogLevel least, LogFormat format, int descriptor = 2)
      : clock_(clock), least_(least), format_(format), descriptor_(descriptor) {}

  void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) override;

 private:
  Clock& clock_;
  const LogLevel least_;
  const LogFormat format_;
  const int descriptor_;
  std::mutex mutex_;  // keeps a line that write(2) took only in part from being mixed with the next
};

}  // namespace backupctl::config
