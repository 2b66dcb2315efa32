// Waiting and parked results as rows, the same in every engine.
// Thread rule: that of the statement they are bound to.
#pragma once

#include "backupctl/zone_result.hpp"
#include "soci/rows/column.hpp"

namespace backupctl::soci {

struct ResultRow {
  std::string command_id, zone, body, problem;
  std::int64_t received = 0;
  // Null, all of them, when the body could not be read.
  TextColumn result_command_id, result_zone, result_code, reason_code, storage_path, verify_hash, message;
  IntegerColumn byte_count, copy_start, copy_end, verify_start, verify_end;

  template <class F>
  void columns(F&& f) {
    f("command_id", command_id);
    f("zone", zone);
    f("body", body);
    f("received_time", received);
    f("problem", problem);
    f("result_command_id", result_command_id);
    f("result_zone", result_zone);
    f("result_code", result_code);
    f("reason_code", reason_code);
    f("backup_storage_path", storage_path);
    f("byte_count", byte_count);
    f("copy_start_time", copy_start);
    f("copy_end_time", copy_end);
    f("verify_start_time", verify_start);
    f("verify_end_time", verify_end);
    f("verify_hash", verify_hash);
    f("message", message);
  }

  void set(const ResultRecord& record);
  ResultRecord record() const;  // throws CorruptRow
};

struct ParkedRow {
  std::string id, command_id, zone, reason_code, body;
  std::int64_t received = 0;

  template <class F>
  void columns(F&& f) {
    f("parked_result_id", id);
    f("command_id", command_id);
    f("zone", zone);
    f("reason_code", reason_code);
    f("received_time", received);
    f("body", body);
  }

  void set(const ParkedResult& parked);
  ParkedResult parked() const;  // throws CorruptRow
};

}  // namespace backupctl::soci
