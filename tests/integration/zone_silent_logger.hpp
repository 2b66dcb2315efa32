#pragma once

#include "backupctl/log.hpp"

namespace backupctl::zone::testing {

class SilentLogger final : public Logger {
 public:
  void write(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
};

}  // namespace backupctl::zone::testing
