// Enumerations and their names in JSON, SQL and logs: one table each, read in both directions.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace backupctl {

template <class Enum, std::size_t N>
using EnumText = std::array<std::pair<Enum, std::string_view>, N>;

template <class Enum, std::size_t N>
std::string_view text_of(const EnumText<Enum, N>& table, Enum value) {
  for (const auto& [known, text] : table) {
    if (known == value) return text;
  }
  return "?";
}

template <class Enum, std::size_t N>
std::optional<Enum> value_of(const EnumText<Enum, N>& table, std::string_view text) {
  for (const auto& [known, name] : table) {
    if (name == text) return known;
  }
  return {};
}

}  // namespace backupctl
