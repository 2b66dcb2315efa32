// The lines of a file one after another, in memory that does not grow with the file.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace backupctl::filedrop {

// Thread rule: one thread at a time. Borrows the descriptor and reads at positions of its own.
class LineReader {
 public:
  enum class What {
    line,      // `text` is the line, without its end (LF or CR LF) and without a byte order mark before the first one
    too_long,  // a line longer than the limit; it has been skipped
    pause,     // much was skipped and the line goes on: call again, others may want to go first
    end,       // no more lines; one without an end at the end of the file counts
    failed,    // errno says why
  };
  struct Got {
    What what = What::end;
    std::int64_t number = 0;  // from 1
    std::string_view text{};  // valid until the next call
  };

  LineReader(int file, std::size_t longest_line_bytes);
  Got next();

 private:
  bool fill();  // reads on; false at the end of the file or when reading failed
  Got skip();
  std::string_view without_ends(std::string_view line) const;

  int file_;
  std::size_t longest_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of the next line in the buffer
  std::size_t seen_ = 0;   // up to here there is no line end
  off_t position_ = 0;     // in the file, of the buffer's end
  std::int64_t number_ = 0;
  bool skipping_ = false;
  bool at_end_ = false;
  bool failed_ = false;
};

}  // namespace backupctl::filedrop
