// A controller that starts with very many open requests: soon ready, a bounded number of them in hand, flat memory
// (BACKUPCTL_OPEN_REQUESTS=N for another number of them).
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "backupctl/soci/store.hpp"
#include "integration/support/controller_process.hpp"

namespace backupctl::testing {
namespace {

constexpr int fast_rows = 300;  // of a zone that answers at once; all others belong to one that never finishes
constexpr std::int64_t most_owned = 1000 + 64 + 64;  // checks that a controller takes up at once, and the zones' places
constexpr std::chrono::seconds most_until_ready{5};
[[maybe_unused]] constexpr std::int64_t most_growth_kb = 64 * 1024;

BackupRequest row(int number, RequestState state, Timestamp received) {
  char id[37];
  std::snprintf(id, sizeof id, "01900000-0001-7000-8000-%012d", number);
  BackupRequest request{.order = {.id = RequestId::parse(id).value(),
                                  .job_id = JobId::parse(ledger_job_id).value(),
                                  .source = SourcePath::parse("/data/ledger/2021-01-08").value(),
                                  .data_as_of = CivilDate::parse("2021-01-08").value(),
                                  .requester = OwnerName::parse("local").value(),
                                  .transport = TransportKind::http,
                                  .received = received}};
  auto& progress = request.progress;
  progress.state = state;
  progress.next_action = received;
  if (state == RequestState::received) return request;
  const auto zone = ZoneName::parse(number < fast_rows ? "files" : "slow").value();
  progress.checked = received;
  progress.terms = AllowedTerms{3, zone, "ledger", 3650};
  if (state == RequestState::allowed) return request;
  progress.responded = received;
  progress.sent = received;
  progress.send_attempts = 1;
  // The fast zone's are overdue: it has forgotten them, and gets them again.
  progress.result_due = number < fast_rows ? received : received + std::chrono::hours(24 * 3650);
  progress.next_action = progress.result_due;
  return request;
}

void fill(const std::string& url, int rows) {
  auto store = soci::open_blocking(url).value();
  const auto received = parse_timestamp("2026-11-24T00:00:00Z").value();
  std::vector<Command> group;
  for (int number = 0; number < rows; ++number) {
    constexpr RequestState states[] = {RequestState::received, RequestState::allowed, RequestState::sent};
    const auto request = row(number, states[number % 3], received);
    group.emplace_back(AdmitRequest{request, {{request.progress.state, received, {}}}});
    if (group.size() < 500 && number + 1 < rows) continue;
    for (const auto& outcome : store->apply(std::exchange(group, {}))) {
      ASSERT_EQ(outcome.status, OutcomeStatus::applied) << (outcome.error ? outcome.error->detail : "");
    }
  }
}

std::int64_t resident_kb(pid_t pid) {
  const auto status = read_file("/proc/" + std::to_string(pid) + "/status");
  const auto at = status.find("VmRSS:");
  return at == std::string::npos ? 0 : std::atoll(status.c_str() + at + 6);
}

std::int64_t rows_where(sqlite3* store, const std::string& condition) {
  std::int64_t count = -1;
  const auto query = "SELECT count(*) FROM backup_request WHERE " + condition;
  const auto take = [](void* out, int, char** values, char**) {
    *static_cast<std::int64_t*>(out) = std::atoll(values[0]);
    return 0;
  };
  sqlite3_exec(store, query.c_str(), take, &count, nullptr);
  return count;
}

TEST(ManyOpenRequests, AreTakenUpAtABoundedRateWithFlatMemory) {
  const char* wanted = std::getenv("BACKUPCTL_OPEN_REQUESTS");
  const int rows = wanted ? std::atoi(wanted) : 10'000;
  // Received rows are of either zone; the job says which: the slow one.
  auto job = ledger_job();
  job.zone = ZoneName::parse("slow").value();
  FakeJobs jobs(job);
  FakeZone fast, slow("slow", Work::keep_on);
  ControllerProcess controller(jobs.url());
  controller.add_zone(fast, "maxInFlight = 64");
  controller.add_zone(slow, "maxInFlight = 64");
  const auto database = controller.folder() / "controller.db";
  fill("sqlite://" + database.string(), rows);

  const auto begun = std::chrono::steady_clock::now();
  ASSERT_TRUE(controller.start()) << controller.process().log();
  ASSERT_TRUE(eventually([&] { return controller.http().get("/readyz").status == 200; }));
  const auto until_ready = std::chrono::steady_clock::now() - begun;
  EXPECT_LT(until_ready, most_until_ready);

  sqlite3* store = nullptr;
  ASSERT_EQ(sqlite3_open_v2(database.c_str(), &store, SQLITE_OPEN_READWRITE, nullptr), SQLITE_OK);
  sqlite3_busy_timeout(store, 5000);
  const auto pid = controller.process().id();
  const auto at_start = resident_kb(pid);
  std::int64_t owned = 0, resident = at_start;
  const auto is_done = [&] {
    owned = std::max(owned, rows_where(store, "owner_instance_id IS NOT NULL"));
    resident = std::max(resident, resident_kb(pid));
    return rows_where(store, "zone = 'files' AND state_code <> 'Succeeded'") == 0 &&
           rows_where(store, "state_code = 'Received'") == 0;
  };
  EXPECT_TRUE(eventually(is_done, std::chrono::minutes{5})) << controller.http().get("/api/status").text;
  EXPECT_LE(owned, most_owned);
#ifndef __SANITIZE_ADDRESS__  // which keeps what was freed, to see it used
  EXPECT_LT(resident - at_start, most_growth_kb);
#endif
  EXPECT_EQ(rows_where(store, "state_code = 'Succeeded'"), fast_rows / 3 * 2) << "each of the fast zone's has ended";
  EXPECT_EQ(rows_where(store, "backup_request_id IN (SELECT backup_request_id FROM row_without_next_step)"), 0);
  EXPECT_LE(slow.runs().size(), 64U);
  sqlite3_close(store);
  const auto took = std::chrono::steady_clock::now() - begun;
  std::printf(
      "%d open requests: ready after %lld ms, all checked and the fast zone's ended after %lld ms, at most %lld in "
      "hand, %lld KiB resident at the start and %lld at most\n",
      rows, static_cast<long long>(std::chrono::duration_cast<std::chrono::milliseconds>(until_ready).count()),
      static_cast<long long>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()),
      static_cast<long long>(owned), static_cast<long long>(at_start), static_cast<long long>(resident));
  controller.kill();
}

}  // namespace
}  // namespace backupctl::testing
