// Records results: a waiting result becomes a backup, an end of its request, or a parked result, and waits no more. On
// the executor. No ownership is needed: the row's revision decides when two controllers record at once.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "app/amend.hpp"
#include "app/context.hpp"

namespace backupctl::app {

class Collector {
 public:
  // `place_freed` is told of the zone whenever a result ended a command of it.
  Collector(Context& context, Committer& committer, Amender& amender, std::function<void(const ZoneName&)> place_freed)
      : context_(context), committer_(committer), amender_(amender), place_freed_(std::move(place_freed)) {}

  // A new result: kept first, then recorded. `kept` is told when it is durable.
  void take(ResultRecord record, Handler<Result<void>> kept);
  // A row that was just written as Sent: its result need not read it again. Should it have changed meanwhile, the guard
  // of the write tells.
  void remember(const BackupRequest& row);
  // Results that wait in the store, from before a crash or from another controller.
  // `more`: there are others behind those that were read.
  void read_waiting(std::function<void(bool more)> done);

  std::int64_t under_way() const { return static_cast<std::int64_t>(recording_.size()); }

 private:
  void record(ResultRecord result);
  void record_for(ResultRecord result, const BackupRequest& row);
  void settle(const ResultRecord& result, const std::string& park_reason);
  void finish(const ResultRecord& result);

  Context& context_;
  Committer& committer_;
  Amender& amender_;
  std::function<void(const ZoneName&)> place_freed_;
  std::set<std::pair<RequestId, std::string>> recording_;
  std::map<RequestId, BackupRequest> sent_;
};

}  // namespace backupctl::app
