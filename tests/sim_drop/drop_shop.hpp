// What the parts of a simulated shop with a drop folder share, beside its Shop.
#pragma once

#include <array>
#include <filesystem>
#include <string>

#include "backupctl/filedrop/file_drop.hpp"
#include "sim/shop.hpp"

namespace backupctl::sim {

namespace fs = std::filesystem;

using DropHits = std::array<std::int64_t, 2 * filedrop::file_drop_fault_steps.size()>;  // step * 2 + after

// What goes wrong with files, in percent of the occasions unless said otherwise. Drawn by each seed.
struct DropFaults {
  int crash_per_thousand = 0;  // at each fault point
  std::size_t favourite = 0;   // one that this seed crashes at more often
  int favourite_crash = 0;
  int killed_per_thousand = 0;  // between two turns of work
  int disk_full = 0;            // for one turn, nothing can be written beyond some bytes
  int unseen = 0;               // the kernel tells nothing of a file that came

  static DropFaults of(SimRandom& random) {
    const auto level = [&random](std::int64_t most) {
      return random.chance(50) ? static_cast<int>(random.below(most + 1)) : 0;
    };
    DropFaults faults;
    faults.crash_per_thousand = level(60);
    faults.favourite = static_cast<std::size_t>(random.below(2 * filedrop::file_drop_fault_steps.size()));
    faults.favourite_crash = level(60);
    faults.killed_per_thousand = level(20);
    faults.disk_full = level(30);
    faults.unseen = level(100);
    return faults;
  }
};

std::string own_user_name();  // who owns the files that are dropped

// A folder of the real file system, in memory where there is one, for one run alone.
class DropFolder {
 public:
  DropFolder();
  ~DropFolder();
  DropFolder(const DropFolder&) = delete;
  DropFolder& operator=(const DropFolder&) = delete;

  fs::path drop() const { return path_ / "drop"; }
  fs::path in(const std::string& name) const { return drop() / name; }
  bool is_away() const { return is_away_; }
  void take_away();  // as an unmounted file system
  void bring_back();

 private:
  fs::path path_;
  bool is_away_ = false;
};

struct DropShop {
  explicit DropShop(std::uint64_t seed) : shop(seed), faults(DropFaults::of(shop.random)) {}
  Shop shop;
  DropFaults faults;
  DropFolder folder;
};

}  // namespace backupctl::sim
