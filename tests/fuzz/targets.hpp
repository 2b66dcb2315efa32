// What reads bytes that others wrote. Each target takes any bytes; it aborts when a reader breaks what it promises.
#pragma once

#include <span>
#include <string_view>

namespace backupctl::fuzz {

struct Target {
  std::string_view name;  // of its corpus as well
  void (*read)(std::string_view bytes);
};

std::span<const Target> targets();
const Target* find_target(std::string_view name);  // null: none of that name

}  // namespace backupctl::fuzz
