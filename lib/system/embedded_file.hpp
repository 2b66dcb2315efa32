// A file of the source tree that the build put into the program (cmake/EmbedFiles.cmake).
// Thread rule: constants.
#pragma once

#include <string_view>

namespace backupctl {

struct EmbeddedFile {
  std::string_view name;  // without its folder
  std::string_view content;
  std::string_view sha256;  // of the content, lower-case hex
};

}  // namespace backupctl
