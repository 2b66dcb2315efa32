// sync_probe FOLDER: how many times a second this disk takes 4 KiB and says that it has them.
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: sync_probe FOLDER\n"), 2;
  const std::string path = std::string(argv[1]) + "/sync-probe";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return std::perror(path.c_str()), 1;
  const std::vector<char> page(4096, 'x');
  const auto begun = std::chrono::steady_clock::now();
  std::chrono::duration<double> taken{};
  int count = 0;
  while (taken.count() < 0.5) {
    const bool written = ::pwrite(file, page.data(), page.size(), 0) == static_cast<ssize_t>(page.size());
    if (!written || ::fdatasync(file) != 0) return std::perror(path.c_str()), 1;
    ++count;
    taken = std::chrono::steady_clock::now() - begun;
  }
  ::close(file);
  ::unlink(path.c_str());
  std::printf("syncs_per_second=%.0f\n", count / taken.count());
}
