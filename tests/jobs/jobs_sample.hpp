#pragma once

#include <string>

#include "jobs/workflow.hpp"

namespace backupctl::jobs {

inline JobId sample_id(int number = 1) {
  std::string text = "01900000-0000-7000-8000-000000000000";
  text.back() = static_cast<char>('0' + number % 10);
  text[text.size() - 2] = static_cast<char>('0' + number / 10);
  return *JobId::parse(text);
}

inline BackupJob sample_document(const std::string& owner = "") {
  return {.id = sample_id(),
          .name = "ledger",
          .owner_id = owner,
          .zone = *ZoneName::parse("files"),
          .storage_path = "ledger",
          .days_to_keep = 3650,
          .allowed_requesters = {"batch-night"},
          .source_roots = {"/data/ledger"}};
}

inline const Actor alice{.owner = "alice", .identified = true, .is_owner = true};
inline const Actor carol{.owner = "carol", .identified = true, .is_owner = true};
inline const Actor bob{.owner = "bob", .identified = true, .is_approver = true, .reads_all = true};
inline const Actor alice_approver{
    .owner = "alice", .identified = true, .is_owner = true, .is_approver = true, .reads_all = true};
inline const Actor local{.owner = "local", .is_owner = true, .is_approver = true, .reads_all = true};

}  // namespace backupctl::jobs
