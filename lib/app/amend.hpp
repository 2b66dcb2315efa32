// Writes what a decision makes of a request. When another writer was faster, the decision is made again on the row as
// it stands then, until it is written or there is nothing left to decide.
#pragma once

#include <functional>
#include <optional>

#include "app/committer.hpp"
#include "backupctl/repository.hpp"
#include "domain/decisions.hpp"

namespace backupctl::app {

// What to write for the row as it is, or nothing.
using Decider = std::function<std::optional<ChangeRequest>(const BackupRequest&)>;

struct Amended {
  enum class Kind {
    written,
    nothing_to_do,
    gone,    // no such row
    failed,  // the store refuses the write for good; it has been logged. With Patience::once also for a passing reason
  };
  Kind kind = Kind::failed;
  std::optional<BackupRequest> row{};  // as it stands now, except with gone
  bool no_place = false;
};

// On the executor. `handler` is called once, on the executor.
class Amender {
 public:
  using Observer = std::function<void(const BackupRequest& row, RequestState from)>;

  // `observer` is told of every row that a change was written to, and the state it had before.
  Amender(Committer& committer, Observer observer) : committer_(committer), observer_(std::move(observer)) {}

  void amend(BackupRequest row, Decider decider, Handler<Amended> handler, Patience patience = Patience::until_written);

 private:
  Committer& committer_;
  Observer observer_;
};

// The last resort against a row that nothing moves: should a decision have left it with us (a bug, or a store that
// refuses the write for good), it is handed back to be taken up again later. `fence` is the one it was claimed under.
void hand_back_if_mine(Context& context, Committer& committer, const Amended& amended, std::int64_t fence);

// The usual Command of a decision: guarded by the revision it was decided on.
ChangeRequest change_of(const BackupRequest& row, Transition transition);

}  // namespace backupctl::app
