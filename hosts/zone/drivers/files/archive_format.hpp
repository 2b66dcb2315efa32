// What the writer and the reader of archives have in common.
#pragma once

#include <archive.h>
#include <locale.h>

#include <memory>
#include <string>

namespace backupctl::zone::files {

// libarchive converts names from the thread's character set to the UTF-8 of a pax header. With UTF-8 on both sides the
// bytes stay as they are; a name that is no UTF-8 goes in as it is, marked with hdrcharset=BINARY.
class Utf8Names {
 public:
  Utf8Names() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (locale_) previous_ = ::uselocale(locale_);
  }
  ~Utf8Names() {
    if (!locale_) return;
    ::uselocale(previous_);
    ::freelocale(locale_);
  }
  Utf8Names(const Utf8Names&) = delete;
  Utf8Names& operator=(const Utf8Names&) = delete;

 private:
  locale_t locale_;
  locale_t previous_ = nullptr;
};

// Bytes moved in one go: cancelling waits for one of them at most.
inline constexpr std::size_t block_bytes = 256 * 1024;

}  // namespace backupctl::zone::files
