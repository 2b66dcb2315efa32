// A libFuzzer program over the target that BACKUPCTL_FUZZ_TARGET names.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "fuzz/targets.hpp"

namespace {
const backupctl::fuzz::Target* target;
}

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* name = std::getenv("BACKUPCTL_FUZZ_TARGET");
  target = backupctl::fuzz::find_target(name ? name : "");
  if (target) return 0;
  std::fprintf(stderr, "BACKUPCTL_FUZZ_TARGET must be one of:");
  for (const auto& one : backupctl::fuzz::targets()) std::fprintf(stderr, " %s", std::string(one.name).c_str());
  std::fprintf(stderr, "\n");
  std::exit(2);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  target->read({reinterpret_cast<const char*>(data), size});
  return 0;
}
