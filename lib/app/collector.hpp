// Records results: a result becomes a backup, an end of its request, or a parked result, and waits no more. On the
// executor. No ownership is needed: the row's revision decides when two controllers record at once.
//
// A result is kept first and recorded then. That of a command which was just sent is recorded at once: then it never
// waits, and is durable by what it has become.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "app/amend.hpp"
#include "app/context.hpp"

namespace backupctl::app {

class Collector {
 public:
  // `place_freed` is told of the zone whenever a result ended a command of it.
  Collector(Context& context, Committer& committer, Amender& amender, std::function<void(const ZoneName&)> place_freed)
      : context_(context), committer_(committer), amender_(amender), place_freed_(std::move(place_freed)) {}

  // A new result. `kept` is told when it is durable.
  void take(ResultRecord record, Handler<Result<void>> kept);
  // A row that is on its way to its zone: a result that is there before it was written as Sent waits for that a moment.
  void expect(RequestId id);
  // What became of it. Written as Sent, its result need not read it again: should it have changed meanwhile, the guard
  // of the write tells.
  void saw(const BackupRequest& row);
  // Results that wait in the store, from before a crash or from another controller.
  // `more`: there are others behind those that were read.
  void read_waiting(std::function<void(bool more)> done);

  std::int64_t under_way() const { return static_cast<std::int64_t>(recording_.size() + early_.size()); }

 private:
  struct Early {
    ResultRecord record;
    Handler<Result<void>> kept;
    Duration until;  // monotonic
  };

  void remember(const BackupRequest& sent);
  std::optional<BackupRequest> take_remembered(RequestId id);
  void keep(ResultRecord record, Handler<Result<void>> kept);
  void record_at_once(ResultRecord record, const BackupRequest& row, Handler<Result<void>> kept);
  void look_after_early(Duration delay);
  void record(ResultRecord result);
  void record_for(ResultRecord result, const BackupRequest& row);
  // What the result makes of the row; nothing, with the reason when it has to be parked, when it makes nothing of it.
  std::optional<ChangeRequest> decide_on(const BackupRequest& row, const std::optional<Backup>& backup,
                                         const ResultRecord& result, std::string& park_reason);
  void settle(const ResultRecord& result, const std::string& park_reason);
  void finish(const ResultRecord& result);

  Context& context_;
  Committer& committer_;
  Amender& amender_;
  std::function<void(const ZoneName&)> place_freed_;
  std::set<std::pair<RequestId, std::string>> recording_;
  std::unordered_set<RequestId> expected_;
  std::unordered_map<RequestId, Early> early_;
  bool looks_after_early_ = false;
  // The newest rows written as Sent. Results that another controller was left do not take theirs from here, so that the
  // older ones are given up when there are enough newer ones.
  std::unordered_map<RequestId, BackupRequest> sent_, sent_before_;
};

}  // namespace backupctl::app
