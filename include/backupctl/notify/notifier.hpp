// Tells people by mail (SMTP, RFC 5321) and programs by webhook (an HTTP POST of JSON).
//
// A mail goes to the configured addresses and to those of the notice; its Message-ID is the notice's id, so that what
// is told twice can be seen to be one. A webhook gets
//   {"event","time","backupRequestId","backupJobId"?,"requesterId"?,"detail"}
// and has taken it when it answers 2xx. When both are configured and one fails, both are told again.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "backupctl/notice.hpp"
#include "backupctl/result.hpp"

namespace backupctl::notify {

struct NotifierOptions {
  std::string smtp_url{};  // smtp://host[:port] or smtps://…; empty: no mail
  std::string from{};      // needed with smtp_url
  std::vector<std::string> to{};
  std::string webhook_url{};  // http:// or https://; redirects are not followed; empty: none
  std::chrono::milliseconds timeout = std::chrono::seconds(30);  // for one mail or call
};

// A mail address that can be put into an envelope and a header as it is: local@domain without spaces, brackets, quotes
// and control characters.
bool is_plain_address(std::string_view text);

// Thread-safe; one thread of its own tells one notice after the other. Errors: invalid, naming the option.
Result<std::unique_ptr<Notifier>> make_notifier(NotifierOptions options);

}  // namespace backupctl::notify
