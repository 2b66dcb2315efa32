#include <random>

#include "backupctl/serial_executor.hpp"

namespace backupctl {

struct SystemRandom::Impl {
  std::random_device device;
  std::mt19937_64 engine{(static_cast<std::uint64_t>(device()) << 32) | device()};
  std::uint64_t drawn = 0;
};

SystemRandom::SystemRandom() : impl_(std::make_unique<Impl>()) {}
SystemRandom::~SystemRandom() = default;

std::uint64_t SystemRandom::next() {
  // Fresh entropy now and then: two processes that were started from one snapshot part ways.
  if (++impl_->drawn % 4096 == 0)
    impl_->engine.seed((static_cast<std::uint64_t>(impl_->device()) << 32) | impl_->device());
  return impl_->engine();
}

}  // namespace backupctl
