// Controllers on one PostgreSQL tell each other of work: what is heard over the server, and that it saves the wait for
// the next poll, which is an hour away here.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>

#include "backupctl/blocking.hpp"
#include "backupctl/controller.hpp"
#include "backupctl/serial_executor.hpp"
#include "contract/postgresql_store.hpp"

namespace backupctl::testing {
namespace {

using namespace std::chrono_literals;
using Moment = std::chrono::steady_clock::time_point;
constexpr std::chrono::milliseconds at_once{2000};  // a few milliseconds, but for a busy machine

class Listener {
 public:
  explicit Listener(const std::string& schema) : store_(open_store(schema)) {
    store_->on_work([this] { ++heard_; });
    EXPECT_TRUE(eventually([this] { return heard_ > 0; })) << "what was said before it listened";
  }
  ~Listener() { store_.reset(); }  // before what it calls
  void announce() { store_->announce_work(); }
  soci::PostgresqlRepository& store() { return *store_; }
  int heard() const { return heard_; }
  bool hears(int more_than) {
    return eventually([&] { return heard_ > more_than; }, at_once);
  }

 private:
  std::atomic<int> heard_ = 0;
  std::unique_ptr<soci::PostgresqlRepository> store_;
};

TEST(PostgresqlWork, IsHeardByTheOthersOnTheSchemaAlone) {
  const auto schema = new_schema();
  Listener one(schema), other(schema), elsewhere(new_schema());
  const auto before = other.heard();
  const auto begun = std::chrono::steady_clock::now();
  one.announce();
  EXPECT_TRUE(other.hears(before));
  std::printf("heard after %lld us\n",
              static_cast<long long>((std::chrono::steady_clock::now() - begun) / std::chrono::microseconds(1)));
  other.announce();
  EXPECT_TRUE(one.hears(1)) << "and the other way round";
  EXPECT_EQ(one.heard(), 2) << "not what it said itself";
  EXPECT_EQ(elsewhere.heard(), 1);
}

TEST(PostgresqlWork, ManyAnnouncementsAreFewNotifications) {
  const auto schema = new_schema();
  Listener one(schema), other(schema);
  const auto begun = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - begun < 300ms) one.announce();
  const auto last = other.heard();
  EXPECT_GE(last, 2);
  EXPECT_LE(last, 1 + 12);
  EXPECT_TRUE(other.hears(last)) << "the last one too";
}

TEST(PostgresqlWork, AConnectionThatIsLostIsMadeAgain) {
  const auto schema = new_schema();
  Listener one(schema), other(schema);
  const auto before = other.heard();
  cluster().run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'backupctl'");
  EXPECT_TRUE(eventually([&] { return other.heard() > before && one.heard() > 1; })) << "connected again";
  const auto after = other.heard();
  one.announce();
  EXPECT_TRUE(other.hears(after));
}

TEST(PostgresqlWork, RowsOfOneThatLeavesAreAnnouncedWithTheirRelease) {
  const auto schema = new_schema();
  Listener leaving(schema), other(schema);
  const auto me = InstanceId::parse("01900000-0004-7000-8000-000000000001").value();
  const auto now = SystemClock{}.now();
  ASSERT_TRUE(leaving.store().beat({me, "test", now, now, 1h}));
  BackupRequest row{.order = {.id = RequestId::parse("01900000-0001-7000-8000-000000000001").value(),
                              .job_id = JobId::parse("01900000-0002-7000-8000-000000000001").value(),
                              .source = SourcePath::parse("/data/x").value(),
                              .data_as_of = CivilDate::parse("2021-01-08").value(),
                              .requester = OwnerName::parse("batch").value(),
                              .received = now}};
  row.progress.owner = me;
  ASSERT_EQ(leaving.store().apply({AdmitRequest{row, {}}}).at(0).status, OutcomeStatus::applied);
  const auto before = other.heard();
  ASSERT_TRUE(leaving.store().leave(me));
  EXPECT_TRUE(other.hears(before));
}

// ---- Whole controllers ---------------------------------------------------------------------------------------------

BackupJob ledger() {
  return {.id = JobId::parse("01900000-0002-7000-8000-000000000001").value(),
          .version = 1,
          .name = "ledger",
          .approval = ApprovalState::approved,
          .zone = ZoneName::parse("files").value(),
          .storage_path = "ledger",
          .days_to_keep = 30,
          .allowed_requesters = {"batch"},
          .source_roots = {"/data"}};
}

// Notes what it is sent, and takes it or says nothing.
class NotingZone final : public ZoneClient {
 public:
  explicit NotingZone(bool answers) : answers_(answers) {}
  bool has(RequestId id) const {
    const std::lock_guard lock(mutex_);
    return std::ranges::find(sent_, id) != sent_.end();
  }
  void send(CreateBackupCommand command, Handler<SendReply> handler) override {
    {
      const std::lock_guard lock(mutex_);
      sent_.push_back(command.id);
    }
    if (answers_) handler({SendAnswer::accepted, {}});
  }
  void status(CallContext, Handler<StatusReply> handler) override { handler({CommandState::running, {}, {}, {}}); }
  void cancel(CallContext, std::int64_t, Handler<CancelReply> handler) override {
    handler({CancelAnswer::taken_up, {}});
  }

 private:
  const bool answers_;
  mutable std::mutex mutex_;
  std::vector<RequestId> sent_;
};

class Host {
 public:
  Host(const std::string& schema, bool has_zone, bool zone_answers = true)
      : zone(zone_answers), repository(open_store(schema)) {
    ControllerPorts ports{executor, clock, random, repository, jobs};
    if (has_zone) ports.zones.push_back({ZoneName::parse("files").value(), zone, 1});
    controller = std::make_unique<Controller>(std::move(ports), ControllerOptions{.lease = 24h, .poll_every = 1h});
    EXPECT_TRUE(controller->start());
  }
  RequestId submit() {
    return controller
        ->submit({.job_id = ledger().id,
                  .source = SourcePath::parse("/data/x").value(),
                  .data_as_of = CivilDate::parse("2021-01-08").value(),
                  .requester = OwnerName::parse("batch").value()})
        .request.value()
        .order.id;
  }
  // Whether the zone is sent this here, soon from now on.
  bool sends(RequestId id) {
    const auto begun = std::chrono::steady_clock::now();
    const bool sent = eventually([&] { return zone.has(id); }, at_once);
    std::printf("sent after %lld ms\n", static_cast<long long>((std::chrono::steady_clock::now() - begun) / 1ms));
    return sent;
  }

  SystemClock clock;
  SystemRandom random;
  StaticJobs jobs{{ledger()}};
  NotingZone zone;
  SerialExecutor executor;
  RepositoryThreads repository;
  std::unique_ptr<Controller> controller;
};

TEST(TwoControllers, TheOtherTakesUpWhatOneThatStopsHandsBack) {
  const auto schema = new_schema();
  Host one(schema, true, false), other(schema, true);
  const auto request = one.submit();
  ASSERT_TRUE(one.sends(request)) << "and is never answered";
  EXPECT_FALSE(other.zone.has(request));
  ASSERT_TRUE(one.controller->stop(0s));
  EXPECT_TRUE(other.sends(request));
}

TEST(TwoControllers, TheOtherSendsToAZoneThatOnlyItHas) {
  const auto schema = new_schema();
  Host one(schema, false), other(schema, true);
  EXPECT_TRUE(other.sends(one.submit()));
}

TEST(TwoControllers, APlaceThatIsFreedAtOneServesARequestOfTheOther) {
  const auto schema = new_schema();
  Host one(schema, true), other(schema, true);
  const auto first = one.submit();
  ASSERT_TRUE(one.sends(first));
  ASSERT_TRUE(
      eventually([&] { return cluster().run("SELECT state_code FROM " + schema + ".backup_request") == "Sent"; }));
  const auto second = other.submit();
  EXPECT_FALSE(one.zone.has(second) || other.zone.has(second)) << "the only place is taken";
  ASSERT_TRUE(one.controller->put_result({.command_id = first,
                                          .code = ResultCode::succeeded,
                                          .zone = ZoneName::parse("files").value(),
                                          .storage_path = "ledger/1",
                                          .byte_count = 5,
                                          .verify_hash = "sha256:00"}));
  EXPECT_TRUE(one.sends(second));
}

}  // namespace
}  // namespace backupctl::testing
