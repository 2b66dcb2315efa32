// The controller's store, read where it lies: answers the calls that only read, as a controller would, without one.
// Thread rule: one thread.
#pragma once

#include <memory>
#include <string>

#include "backupctl/executor.hpp"
#include "http/client.hpp"

namespace backupctl::cli {

class StoreReader {
 public:
  // `clock` outlives it. Changes nothing in the store. Errors: those of soci::open.
  static Result<std::unique_ptr<StoreReader>> open(const std::string& url, Clock& clock);
  ~StoreReader();

  // Blocks until the answer, whatever its status, is there. Errors: invalid, code "needs-a-controller", for a call that
  // does more than read.
  Result<http::ClientResponse> call(const http::ClientRequest& request);

 private:
  struct Impl;
  explicit StoreReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace backupctl::cli
