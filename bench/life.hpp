// A request's whole life as the decisions make it, with the values that all benchmarks share.
#pragma once

#include <cstdlib>
#include <string>
#include <utility>

#include "backupctl/backup_job.hpp"
#include "backupctl/backup_request.hpp"
#include "backupctl/ids.hpp"
#include "backupctl/zone_result.hpp"
#include "domain/decisions.hpp"

namespace backupctl::bench {

// Deterministic, so that runs can be compared.
class Counting final : public Random {
 public:
  explicit Counting(std::uint64_t start = 1) : state_(start) {}
  std::uint64_t next() override { return state_ += 0x9e3779b97f4a7c15; }

 private:
  std::uint64_t state_;
};

inline Timestamp moment(int second) {
  return parse_timestamp("2026-11-24T02:25:00.123456Z").value() + std::chrono::seconds(second);
}

inline const JobId job_id = JobId::parse("0190a000-0000-7000-8000-000000000002").value();
inline const InstanceId controller = InstanceId::parse("0190a000-0000-7000-8000-000000000003").value();
inline const ZoneName files = ZoneName::parse("files").value();
inline const OwnerName requester = OwnerName::parse("batch-night").value();
inline const SourcePath source = SourcePath::parse("/data/ledger/2021-01-08").value();
inline const CivilDate as_of = CivilDate::parse("2021-01-08").value();

inline BackupJob approved_job() {
  return {.id = job_id,
          .version = 3,
          .name = "ledger",
          .approval = ApprovalState::approved,
          .zone = files,
          .storage_path = "ledger",
          .days_to_keep = 3650,
          .allowed_requesters = {requester.str()},
          .source_roots = {"/data/ledger"}};
}

inline BackupRequest new_request(IdSource& ids) {
  const RequestId id{ids.next(moment(0))};
  BackupOrder order{.id = id,
                    .job_id = job_id,
                    .source = source,
                    .data_as_of = as_of,
                    .requester = requester,
                    .transport = TransportKind::http,
                    .key = IdempotencyKey::parse(id.to_string()).value(),
                    .traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                    .received = moment(0)};
  auto progress = received(order, controller);
  return {std::move(order), std::move(progress)};
}

inline ZoneResult success_of(RequestId id) {
  return {.command_id = id,
          .code = ResultCode::succeeded,
          .zone = files,
          .storage_path = "ledger/2021-01-08/" + id.to_string() + ".tar.zst",
          .byte_count = 123'456'789,
          .copy_start = moment(2),
          .copy_end = moment(3),
          .verify_start = moment(3),
          .verify_end = moment(4),
          .verify_hash = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"};
}

// A decision that these benchmarks know to be made.
template <class Event>
Transition next_step(const BackupRequest& row, const Event& event, Timestamp now) {
  auto decision = decide(row, event, now);
  if (!decision) std::abort();
  return *std::move(decision);
}

inline Transition recording(const BackupRequest& row, IdSource& ids) {
  auto decision = decide(row, {}, ResultRead{success_of(row.order.id), BackupId{ids.next(moment(5))}}, moment(5));
  auto* transition = std::get_if<Transition>(&decision);
  if (!transition) std::abort();
  return std::move(*transition);
}

}  // namespace backupctl::bench
