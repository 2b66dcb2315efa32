// Decides which events people are told of, and tells those that wait. On the executor.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "app/committer.hpp"
#include "app/context.hpp"
#include "backupctl/notice.hpp"

namespace backupctl::app {

// The notice of a change of `row` to `next`, for the Command that writes the change; nothing when nobody wants it.
std::optional<Notice> notice_of(Context& context, const BackupRequest& row, const RequestProgress& next);
std::optional<Notice> notice_of(Context& context, const ParkedResult& parked);

class Telling {
 public:
  Telling(Context& context, Committer& committer) : context_(context), committer_(committer) {}

  // Takes what is due and tells it, several at once. `done` is called once they are taken.
  void tell_due(std::function<void()> done);
  std::int64_t under_way() const { return under_way_; }

 private:
  void tell(WaitingNotice waiting);

  Context& context_;
  Committer& committer_;
  std::int64_t under_way_ = 0;
};

}  // namespace backupctl::app
