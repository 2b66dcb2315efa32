#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

#include "sim_drop/drop_shop.hpp"

namespace backupctl::sim {

std::string own_user_name() {
  const auto* entry = ::getpwuid(::geteuid());
  return entry ? entry->pw_name : "uid:" + std::to_string(::geteuid());
}

DropFolder::DropFolder() {
  const bool in_memory = ::access("/dev/shm", W_OK) == 0;
  auto pattern = ((in_memory ? fs::path("/dev/shm") : fs::temp_directory_path()) / "backupctl-sim-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
  path_ = pattern;
}

DropFolder::~DropFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void DropFolder::take_away() {
  if (is_away_ || !fs::exists(drop())) return;
  fs::rename(drop(), path_ / "away");
  is_away_ = true;
}

void DropFolder::bring_back() {
  if (!is_away_) return;
  fs::rename(path_ / "away", drop());
  is_away_ = false;
}

}  // namespace backupctl::sim
