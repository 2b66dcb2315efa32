// JSON Pointers (RFC 6901) to members and elements of a document.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace backupctl::wire {

std::string member_pointer(std::string_view parent, std::string_view name);  // escapes ~ and /
std::string element_pointer(std::string_view parent, std::size_t index);

}  // namespace backupctl::wire
