// toml++, with what it leaves undefined made an error. The only file that includes it.
//
// It asserts that a key stands where one must, and with NDEBUG takes that for granted: "[.a]" then is undefined
// behaviour. What a person wrote is to be answered.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string_view>

namespace backupctl::config {

struct NoToml : std::runtime_error {
  explicit NoToml(const char* what, std::uint32_t at = 0) : std::runtime_error(what), line(at) {}
  std::uint32_t line;  // 0: not known
};
[[noreturn]] void refuse_toml();  // a key is missing

}  // namespace backupctl::config

#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(holds) ((holds) ? void() : ::backupctl::config::refuse_toml())
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")

namespace backupctl::config {

// Throws NoToml, toml::parse_error.
toml::table parse_toml(std::string_view text);

}  // namespace backupctl::config
