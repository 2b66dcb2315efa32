// Fairness between the processes that write one SQLite store. SQLite's own writer lock is not fair: of two processes
// that commit in a loop one may wait for ever. Everybody passes here before BEGIN IMMEDIATE: take the gate, take the
// writer's place, release the gate. Who has just written finds the gate taken by the one who waits.
// Thread rule: one thread at a time for one object; each writing session has its own.
#pragma once

#include <chrono>
#include <filesystem>

#include "backupctl/result.hpp"
#include "soci/ground/lock_file.hpp"

namespace backupctl::soci {

class Turnstile {
 public:
  // Held from before BEGIN IMMEDIATE until after COMMIT or ROLLBACK. Must not outlive its Turnstile.
  class Pass {
   public:
    Pass(Pass&& other) noexcept : writer_(std::exchange(other.writer_, nullptr)) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (writer_) writer_->unlock();
    }

   private:
    friend class Turnstile;
    explicit Pass(LockFile& writer) : writer_(&writer) {}
    LockFile* writer_;
  };

  // Uses "<store>.gate.lock" and "<store>.writer.lock", made when missing.
  static Result<Turnstile> beside(const std::filesystem::path& store);

  // Waits for about twice `bound` at most. Errors: unavailable, retryable, code "store-busy".
  Result<Pass> enter(std::chrono::milliseconds bound);

 private:
  Turnstile(LockFile gate, LockFile writer) : gate_(std::move(gate)), writer_(std::move(writer)) {}
  LockFile gate_;
  LockFile writer_;
};

}  // namespace backupctl::soci
