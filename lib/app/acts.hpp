// What people do to requests and results by hand: cancel, try again, adopt or dismiss what was parked. Each act is
// audited in the transaction that does it. On the executor.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/admissions.hpp"
#include "app/amend.hpp"
#include "app/context.hpp"
#include "app/reconciler.hpp"

namespace backupctl::app {

class Acts {
 public:
  // `wake` is called when something may have become due.
  Acts(Context& context, Committer& committer, Amender& amender, Admissions& admissions, Reconciler& reconciler,
       std::function<void()> wake)
      : context_(context),
        committer_(committer),
        amender_(amender),
        admissions_(admissions),
        reconciler_(reconciler),
        wake_(std::move(wake)) {}

  void cancel(RequestId id, Act act, Handler<Result<BackupRequest>> handler);
  void on_all(RequestQuery filter, BulkAct what, Act act, Handler<Result<BulkReport>> handler);
  void dismiss(ParkedResultId id, Act act, Handler<Result<void>> handler);
  void adopt(ParkedResult parked, ZoneResult result, Act act, Handler<Result<BackupRequest>> handler);

  void stop() { stopped_ = true; }  // what goes through many requests ends after the one at hand

 private:
  struct Bulk;

  void cancel_row(const BackupRequest& row, const Act& act, Handler<Result<BackupRequest>> handler);
  void retry_row(const BackupRequest& row, Handler<bool> handler);
  void next_page(std::shared_ptr<Bulk> bulk);
  void next_row(std::shared_ptr<Bulk> bulk);
  void adopt_for(const ParkedResult& parked, const ZoneResult& result, const BackupRequest& row, const Act& act,
                 Handler<Result<BackupRequest>> handler);

  Context& context_;
  Committer& committer_;
  Amender& amender_;
  Admissions& admissions_;
  Reconciler& reconciler_;
  std::function<void()> wake_;
  bool stopped_ = false;
};

}  // namespace backupctl::app
