// What a person takes into the master store by hand.
#include "domain/import.hpp"

#include <gtest/gtest.h>

namespace backupctl {
namespace {

template <class T>
T id(const char* end) {
  return T::parse(std::string("01900000-0000-7000-8000-0000000000") + end).value();
}
Timestamp at(std::int64_t seconds) { return Timestamp{std::chrono::seconds{1'790'000'000 + seconds}}; }

Manifest manifest() {
  return {.backup_request_id = id<RequestId>("01"),
          .job_id = id<JobId>("aa"),
          .data_as_of = CivilDate::parse("2021-01-08").value(),
          .source = SourcePath::parse("/data/ledger").value(),
          .storage_path = "ledger/a",
          .byte_count = 7,
          .verify_hash = "sha256:00",
          .copy_end = at(-60),
          .zone = ZoneName::parse("files").value()};
}

BackupRequest request(RequestState state) {
  BackupRequest row{.order = {.id = id<RequestId>("01"),
                              .job_id = id<JobId>("aa"),
                              .source = SourcePath::parse("/data/ledger").value(),
                              .data_as_of = CivilDate::parse("2021-01-08").value(),
                              .requester = OwnerName::parse("batch").value(),
                              .received = at(0)}};
  auto& p = row.progress;
  p.state = state;
  p.revision = 5;
  if (state == RequestState::received || state == RequestState::not_allowed) return row;
  p.checked = at(1);
  p.terms = AllowedTerms{3, ZoneName::parse("files").value(), "ledger", 30};
  if (state == RequestState::allowed) return row;
  p.responded = p.sent = at(2);
  if (state == RequestState::sent) p.owner = id<InstanceId>("0f");
  return row;
}

Adoption adoption(Timestamp now = at(10)) {
  return {OwnerName::parse("ann").value(), "adopted by ann", id<BackupId>("0b"), now};
}

TEST(Adopting, ASuccessEndsTheRequestWithEveryTime) {
  for (const auto state : {RequestState::allowed, RequestState::sent, RequestState::failed, RequestState::cancelled}) {
    const auto row = request(state);
    const auto made = adopt(row, {}, result_of(manifest()), adoption());
    ASSERT_TRUE(made) << to_string(state);
    const auto& p = made->next;
    EXPECT_EQ(p.state, RequestState::succeeded);
    EXPECT_EQ(p.backup_id, id<BackupId>("0b"));
    EXPECT_EQ(p.revision, 6);
    EXPECT_FALSE(p.owner || p.next_action);
    EXPECT_TRUE(p.responded && p.sent && p.result_received);
    EXPECT_EQ(p.result_recorded, at(10));
    std::vector<HistoryEntry> steps{{RequestState::succeeded, at(10), "adopted by ann"}};
    if (state == RequestState::allowed) {
      steps.insert(steps.begin(), {RequestState::sent, at(10), "inferred from the adopted result"});
    }
    EXPECT_EQ(made->history, steps);
    ASSERT_TRUE(made->backup);
    EXPECT_EQ(made->backup->storage_path, "ledger/a");
    EXPECT_EQ(made->backup->due_to_delete, CivilDate::parse("2021-02-07").value());
  }
}

TEST(Adopting, TimesNeverRunBackwards) {
  const auto made = adopt(request(RequestState::sent), {}, result_of(manifest()), adoption(at(-100)));
  EXPECT_EQ(made->next.result_recorded, at(2));
}

TEST(Adopting, AnotherCopyKeepsTheBackupsIdAndTerms) {
  auto row = request(RequestState::sent);
  row.progress.state = RequestState::succeeded;
  row.progress.backup_id = id<BackupId>("0c");
  Backup there{.id = id<BackupId>("0c"),
               .request_id = row.order.id,
               .job_id = row.order.job_id,
               .zone = ZoneName::parse("tapes").value(),
               .data_as_of = row.order.data_as_of,
               .storage_path = "old",
               .verify_hash = "sha256:ff",
               .days_to_keep = 99};
  const auto made = adopt(row, there, result_of(manifest()), adoption());
  ASSERT_TRUE(made && made->backup);
  EXPECT_EQ(made->next.result_recorded, at(10));
  const auto again = adopt({row.order, made->next}, made->backup, result_of(manifest()), adoption(at(-100)));
  EXPECT_EQ(again->history.front().time, at(10)) << "not earlier than what was recorded before";
  EXPECT_EQ(made->next.backup_id, id<BackupId>("0c"));
  EXPECT_EQ(made->backup->id, id<BackupId>("0c"));
  EXPECT_EQ(made->backup->storage_path, "ledger/a");
  EXPECT_EQ(made->backup->zone.str(), "files");
  EXPECT_EQ(made->backup->days_to_keep, 99);
}

TEST(Adopting, RefusesWhatIsNoSuccessOrWasNeverAllowed) {
  auto failure = result_of(manifest());
  failure.code = ResultCode::failed;
  EXPECT_EQ(adopt(request(RequestState::sent), {}, failure, adoption()).error().code, "not-adoptable");
  for (const auto state : {RequestState::received, RequestState::not_allowed}) {
    EXPECT_EQ(adopt(request(state), {}, result_of(manifest()), adoption()).error().code, "not-adoptable");
  }
}

TEST(Importing, MakesTheRequestAnewUnderTheJobsTerms) {
  const BackupJob job{.id = id<JobId>("aa"),
                      .version = 4,
                      .name = "ledger",
                      .zone = ZoneName::parse("files").value(),
                      .storage_path = "ledger",
                      .days_to_keep = 10};
  const auto made = import_backup(manifest(), job, adoption());
  EXPECT_EQ(made.request.order.requester.str(), "ann");
  EXPECT_EQ(made.request.order.received, at(10));
  EXPECT_EQ(made.request.progress.state, RequestState::succeeded);
  EXPECT_EQ(made.request.progress.terms->job_version, 4);
  EXPECT_EQ(made.backup.request_id, id<RequestId>("01"));
  EXPECT_EQ(made.backup.due_to_delete, CivilDate::parse("2021-01-18").value());
  EXPECT_EQ(made.backup.copy_end, at(-60));
  EXPECT_EQ(made.request.progress.backup_id, made.backup.id);
}

}  // namespace
}  // namespace backupctl
