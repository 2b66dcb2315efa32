// A notice tells people by mail or webhook what nobody was waiting to hear: that a request dropped as a file was not
// allowed, failed, is overdue, or that a result was parked. It is written in the transaction of what it tells and waits
// in the store until a Notifier has taken it: told at least once, never before what it tells is durable.
// Thread rule: plain values; the port says its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backupctl/ids.hpp"
#include "backupctl/job_client.hpp"
#include "backupctl/names.hpp"
#include "backupctl/result.hpp"
#include "backupctl/time.hpp"

namespace backupctl {

struct Notice {
  NoticeId id;
  std::string event;  // "NotAllowed" "Failed" "overdue" "parked"
  Timestamp time{};
  RequestId request_id;           // or, for a parked result, the id it was left under
  std::optional<JobId> job_id{};  // when the request is known
  // Of the job that the request was allowed under: the store adds the notify addresses of this version.
  std::optional<std::int64_t> job_version{};
  std::string requester{};               // likewise
  std::string detail{};                  // why, for a person
  std::vector<std::string> addresses{};  // the job's own, beside those of the configuration

  friend bool operator==(const Notice&, const Notice&) = default;
};

// A notice that waits, with what has been tried.
struct WaitingNotice {
  Notice notice;
  std::int64_t attempts = 0;
};

// Port: tells somebody. Success: the mail server or webhook has taken it for every address.
// Thread rule: called on the controller's executor; see Handler for the answer.
class Notifier {
 public:
  virtual ~Notifier() = default;
  // Errors: unavailable (tried again later, with growing delays), anything else (dropped with an error in the log).
  virtual void tell(Notice notice, Handler<Result<void>> handler) = 0;
};

}  // namespace backupctl
