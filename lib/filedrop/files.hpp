// The few file system calls that everything here is made of, with errors as values.
//
// Thread rule: any thread; all of them may block.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backupctl/result.hpp"

namespace backupctl::filedrop {

// Owns a file descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// errno as an Error of kind unavailable, retryable: "cannot WHAT NAME: …".
Error cannot(std::string_view what, std::string_view name);

Result<Descriptor> open_folder(int at, const std::string& path);

// Never over another. False: there is something of that name already. Errors: not_found (nothing to move any more),
// unavailable, with code "other-file-system" or "not-supported" where that is why.
Result<bool> move(int from_folder, const std::string& from, int to_folder, const std::string& to);
// The same for a second name of one file.
Result<bool> link(int from_folder, const std::string& from, int to_folder, const std::string& to);
// Replaces what is there.
Result<void> replace(int from_folder, const std::string& from, int to_folder, const std::string& to);
// Nothing there is success.
Result<void> remove(int folder, const std::string& name);

Result<void> write_all(int file, std::string_view bytes, std::string_view name);
Result<void> sync(int file_or_folder, std::string_view name);
bool exists(int folder, const std::string& name);
bool is_same_file(int folder_a, const std::string& a, int folder_b, const std::string& b);

// The names in a folder, in no order, without "." and "..".
Result<std::vector<std::string>> names_in(int folder);

// Opens a file of somebody else for reading. It never waits, follows no link, and takes nothing but a regular file with
// one name: a second one may belong to another folder. Errors: invalid, code "not-a-request-file" and what it is
// instead; not_found; unavailable.
Result<Descriptor> open_regular(int folder, const std::string& name);
// "" for a regular file, else what it is: "a symbolic link", "a folder", …
std::string odd_type(unsigned mode);

}  // namespace backupctl::filedrop
