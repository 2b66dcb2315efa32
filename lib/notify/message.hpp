// What is told of a notice, as mail and as JSON. Thread rule: pure functions.
#pragma once

#include <string>
#include <vector>

#include "backupctl/notice.hpp"

namespace backupctl::notify {

// RFC 5322, lines end with CR LF, the text is UTF-8. What a notice says cannot add a header.
std::string mail_text(const Notice& notice, const std::string& from, const std::vector<std::string>& to);
std::string webhook_text(const Notice& notice);

}  // namespace backupctl::notify
