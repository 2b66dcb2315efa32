// Everything that happens in a run, in order: hashed always, printed on demand.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "backupctl/time.hpp"

namespace backupctl::sim {

class Trace {
 public:
  explicit Trace(bool is_shown) : is_shown_(is_shown) {}

  bool is_shown() const { return is_shown_; }
  std::uint64_t hash() const { return hash_; }

  // `more` is printed only: it may cost time to put together, and says nothing that the rest does not follow from.
  void note(Duration at, std::string_view what, std::string_view detail = {}, std::string_view more = {}) {
    mix(static_cast<std::uint64_t>(at.count()));
    mix(what);
    mix(detail);
    if (!is_shown_) return;
    std::printf("%12.6f %s %s %s\n", static_cast<double>(at.count()) / 1e6, std::string(what).c_str(),
                std::string(detail).c_str(), std::string(more).c_str());
  }

 private:
  void mix(std::uint64_t word) {
    hash_ = (hash_ ^ word) * 0x9E3779B97F4A7C15u;
    hash_ ^= hash_ >> 29;
  }
  void mix(std::string_view text) {
    std::uint64_t word = text.size();
    for (const unsigned char c : text) word = word * 0x100000001B3u ^ c;
    mix(word);
  }

  bool is_shown_;
  std::uint64_t hash_ = 0;
};

}  // namespace backupctl::sim
