// Compares what a zone physically holds with the master store, and imports what the store does not know. Deletes
// nothing. On the executor.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "app/amend.hpp"
#include "app/context.hpp"
#include "app/job_checks.hpp"
#include "backupctl/manifest.hpp"

namespace backupctl::app {

class Reconciler {
 public:
  Reconciler(Context& context, Committer& committer, Amender& amender, JobChecks& jobs)
      : context_(context), committer_(committer), amender_(amender), jobs_(jobs) {}

  // Errors: not_found (no such zone), unavailable (of the zone or the store).
  void reconcile(ZoneName zone, bool import, Act act, Handler<Result<ReconcileReport>> handler);

  // The backup that the zone holds for a request that the store does not know. `adopted` is deleted with it.
  // Errors: conflict, code not-adoptable (the zone holds none, or there is no such job); unavailable.
  void import_one(const ZoneName& zone, RequestId id, std::optional<ParkedResultId> adopted, Act act,
                  Handler<Result<BackupRequest>> handler);

 private:
  struct Search;
  struct Round;

  ZoneClient* client_of(const ZoneName& zone);
  void search(std::shared_ptr<Search> search);
  void import(const Manifest& manifest, std::optional<ParkedResultId> adopted, const Act& act,
              Handler<Result<BackupRequest>> handler);
  void next_zone_page(std::shared_ptr<Round> round);
  void compare(std::shared_ptr<Round> round, std::vector<Manifest> page);
  void classify(std::shared_ptr<Round> round, std::vector<Manifest> unknown);
  void next_orphan(std::shared_ptr<Round> round);
  void next_store_page(std::shared_ptr<Round> round, std::optional<BackupId> after);

  Context& context_;
  Committer& committer_;
  Amender& amender_;
  JobChecks& jobs_;
};

}  // namespace backupctl::app
