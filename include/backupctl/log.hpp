// The core owns no logger: it tells what happened, with named fields, and the host decides how and where it is written.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace backupctl {

enum class LogLevel { debug, info, warning, error };

struct LogField {
  std::string_view name;  // camelCase, as in JSON: requestId, traceId, zone, …
  std::variant<std::string, std::int64_t, double, bool> value;
};

// Thread rule: any thread. `message` is a constant text; whatever varies is a field. Never a secret, never a body.
class Logger {
 public:
  virtual ~Logger() = default;
  virtual void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) = 0;
};

}  // namespace backupctl
