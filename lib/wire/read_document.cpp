#include "wire/read_document.hpp"

#include "backupctl/backup_request.hpp"
#include "backupctl/names.hpp"

namespace backupctl::wire {

void check_api_version(ObjectReader& in) {
  const auto version = in.required<std::string>("apiVersion");
  if (!version || *version == api_version) return;
  in.refuse({ErrorKind::invalid,
             "This apiVersion is not supported. Accepted: " + std::string(api_version) + ".",
             false,
             "unsupported-api-version",
             {{"/apiVersion", "must be " + std::string(api_version)}}});
}

Result<std::string> parse_line(std::string_view text) {
  if (text.empty()) return Error{ErrorKind::invalid, "must not be empty"};
  if (text.size() > 4096) return Error{ErrorKind::invalid, "must not be longer than 4096 bytes"};
  if (has_control_characters(text)) return Error{ErrorKind::invalid, "must not contain control characters"};
  return std::string(text);
}

}  // namespace backupctl::wire
