// A waiting notice as a row of notice, the same in every engine.
// Thread rule: that of the statement it is bound to.
#pragma once

#include "backupctl/notice.hpp"
#include "soci/rows/column.hpp"

namespace backupctl::soci {

struct NoticeRow {
  std::string id, event, request_id, requester, detail, addresses;
  TextColumn job_id;
  std::int64_t time = 0, attempts = 0;

  template <class F>
  void columns(F&& f) {
    f("notice_id", id);
    f("event", event);
    f("time", time);
    f("backup_request_id", request_id);
    f("backup_job_id", job_id);
    f("requester_id", requester);
    f("detail", detail);
    f("addresses", addresses);
    f("attempts", attempts);
  }

  void set(const Notice& notice);
  WaitingNotice waiting() const;  // throws CorruptRow
};

}  // namespace backupctl::soci
