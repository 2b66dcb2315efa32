// "--name value" pairs of the benchmarks' command lines.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

namespace backupctl::bench {

class Flags {
 public:
  Flags(int argc, char** argv, std::map<std::string, std::string> defaults) : values_(std::move(defaults)) {
    for (int i = 1; i < argc; i += 2) {
      const auto known = values_.find(argv[i]);
      if (known == values_.end() || i + 1 == argc) {
        std::fprintf(stderr, "%s: what is %s? It takes", argv[0], argv[i]);
        for (const auto& [name, value] : values_) std::fprintf(stderr, " %s (%s)", name.c_str(), value.c_str());
        std::fputs("\n", stderr);
        std::exit(2);
      }
      known->second = argv[i + 1];
    }
  }

  const std::string& text(const std::string& name) const { return values_.at(name); }
  long number(const std::string& name) const { return std::atol(text(name).c_str()); }

 private:
  std::map<std::string, std::string> values_;
};

}  // namespace backupctl::bench
