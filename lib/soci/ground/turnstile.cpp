#include "soci/ground/turnstile.hpp"

namespace backupctl::soci {

Result<Turnstile> Turnstile::beside(const std::filesystem::path& store) {
  auto gate = LockFile::open(store.string() + ".gate.lock");
  if (!gate) return std::move(gate).error();
  auto writer = LockFile::open(store.string() + ".writer.lock");
  if (!writer) return std::move(writer).error();
  return Turnstile{*std::move(gate), *std::move(writer)};
}

Result<Turnstile::Pass> Turnstile::enter(std::chrono::milliseconds bound) {
  const Error busy{ErrorKind::unavailable, "other processes kept the store busy", true, "store-busy", {}};
  if (!gate_.lock(bound)) return busy;
  const bool entered = writer_.lock(bound);
  gate_.unlock();
  if (!entered) return busy;
  return Pass{writer_};
}

}  // namespace backupctl::soci
