// What lies in inbox/, and what of it is ready to be taken.
#pragma once

#include <sys/stat.h>

#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "filedrop/context.hpp"

namespace backupctl::filedrop {

// Thread rule: on the thread that works on the files.
class Inbox {
 public:
  explicit Inbox(Context& context) : context_(context) {}

  // This file was renamed into inbox/: whoever did so had finished it.
  void renamed_in(const std::string& name);
  // It was made in inbox/, and is being written.
  void made_in(const std::string& name) { renamed_.erase(name); }
  // Everything was lost: looks at each file as for the first time.
  void forget();

  // Looks at every name; rejects what can never be taken. Errors: unavailable.
  Result<void> look();
  // Looks at one name, which has just come.
  void look_at(const std::string& name);
  bool has_waiting() const { return next_ < ready_.size(); }
  bool is_settling() const { return !sightings_.empty(); }
  // Moves the next ready file to work/, with its lock. Nothing: there is none any more.
  std::optional<Taken> take();

 private:
  // What tells a file from a later one of the same name, and from itself once it has been written to.
  using Seen = std::tuple<ino_t, off_t, time_t, long, nlink_t>;
  struct Sighting {
    Seen seen;
    Duration since;
  };

  static Seen seen_in(const struct stat& status);
  bool is_ready(const std::string& name, const struct stat& status);
  bool is_settled(const std::string& name, const struct stat& status);
  bool has_ready_mark(const std::string& name, const struct stat& status);
  void reject_now(const std::string& name, std::string why);

  Context& context_;
  std::unordered_map<std::string, Seen> renamed_;
  std::unordered_map<std::string, Sighting> sightings_;
  std::unordered_map<std::string, Sighting> earlier_;  // of the look before this one
  std::vector<std::string> ready_;
  std::size_t next_ = 0;
};

}  // namespace backupctl::filedrop
