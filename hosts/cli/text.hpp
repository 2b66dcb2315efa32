// Texts from elsewhere, made fit for a terminal.
// Thread rule: pure functions; width_of needs a UTF-8 LC_CTYPE to know wide and combining characters.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace backupctl::cli {

// With everything that a terminal would act upon written as an escape: \n \t \x1b \u202e.
std::string printable(std::string_view utf8);

std::size_t width_of(std::string_view printable_utf8);  // in columns

// As much of it as fits into so many columns; "…" at the end says that there was more.
std::string cut(std::string_view printable_utf8, std::size_t columns);

}  // namespace backupctl::cli
