// A left result as a row. Thread rule: that of the statement it is bound to.
#pragma once

#include "backupctl/soci/result_store.hpp"
#include "soci/rows/column.hpp"

namespace backupctl::soci {

struct LeftResultRow {
  std::string command_id, zone, body;
  std::int64_t arrival = 0, received = 0;

  void set(const LeftResult& result) {
    command_id = result.command_id;
    zone = result.zone;
    body = result.body;
    received = to_integer(result.received);
  }
  LeftResult result() const { return {arrival, command_id, zone, body, to_time(received)}; }
};

}  // namespace backupctl::soci
