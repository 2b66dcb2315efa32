// Gives the keys of a Schema their values: defaults < file < environment < --set. Every problem is collected.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/schema.hpp"

namespace backupctl::config {

using Environment = std::map<std::string, std::string>;

struct Sources {
  // The text of a configuration file.
  struct File {
    std::string name;  // as it shall stand in problems
    std::string text;  // TOML
  };
  std::optional<File> file{};
  // BACKUPCTL_HTTP_MAXBODY (or …_MAX_BODY) sets http.maxBody; a list is split at commas. Rows can only stand in the
  // file.
  Environment environment{};
  std::vector<std::string> sets{};  // "http.maxBody=1024"
};

struct Loaded {
  std::vector<Problem> problems{};  // not empty: the values must not be used
  // An environment variable that begins like one of our sections and is no key (service managers set such ones),
  // a token file that everybody can read.
  std::vector<Problem> warnings{};
};

// Thread rule: any; touches only the fields bound to `schema`.
Loaded load(Schema& schema, const Sources& sources);

}  // namespace backupctl::config
