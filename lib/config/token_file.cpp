#include "config/token_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace backupctl::config {
namespace {

constexpr std::size_t longest_file_bytes = 65536;
constexpr std::string_view white_space = " \t\r\n";

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

Error problem(const std::string& path, const std::string& what) {
  return {ErrorKind::invalid, "token file " + path + " " + what};
}

}  // namespace

Result<std::string> read_token_file(const std::string& path) {
  // Not blocking: opening a FIFO must not wait for a writer.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.number() < 0) return problem(path, std::string("cannot be opened: ") + std::strerror(errno));
  struct stat status {};
  if (::fstat(file.number(), &status) != 0 || !S_ISREG(status.st_mode)) return problem(path, "is not a regular file");
  std::string text;
  std::array<char, 4096> buffer{};
  while (text.size() <= longest_file_bytes) {
    const auto count = ::read(file.number(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return problem(path, std::string("cannot be read: ") + std::strerror(errno));
    if (count == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  if (text.size() > longest_file_bytes) return problem(path, "is longer than 64 KiB");
  const auto begin = text.find_first_not_of(white_space);
  if (begin == std::string::npos) return problem(path, "is empty");
  text = text.substr(begin, text.find_last_not_of(white_space) - begin + 1);
  // It goes into a header as it is.
  if (!std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c < 0x7F; })) {
    return problem(path, "must hold one token of printable ASCII characters");
  }
  return text;
}

bool is_readable_by_others(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

}  // namespace backupctl::config
