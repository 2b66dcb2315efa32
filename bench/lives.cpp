// Whole lives of backup requests in one process, through the library: admitted, checked, sent, their result kept and
// recorded. The job service and the zone are stubs that answer at once; the store is real.
#include <chrono>
#include <cstdio>
#include <ctime>
#include <future>
#include <random>
#include <string>

#include "backupctl/controller.hpp"
#include "backupctl/serial_executor.hpp"
#include "backupctl/soci/store.hpp"
#include "flags.hpp"
#include "life.hpp"

namespace backupctl::bench {
namespace {

constexpr int job_count = 10;

std::vector<BackupJob> ten_jobs() {
  std::vector<BackupJob> jobs;
  for (int i = 0; i < job_count; ++i) {
    auto job = approved_job();
    job.id = JobId::parse("0190a000-0000-7000-8000-00000000001" + std::to_string(i)).value();
    jobs.push_back(std::move(job));
  }
  return jobs;
}

// Succeeds with everything, a moment after it was sent.
class QuickZone final : public ZoneClient {
 public:
  explicit QuickZone(Executor& executor) : executor_(executor) {}
  void serve(Controller& controller, std::function<void()> kept) {
    controller_ = &controller;
    kept_ = std::move(kept);
  }

  void send(CreateBackupCommand command, Handler<SendReply> handler) override {
    handler({SendAnswer::accepted});
    executor_.post_after(std::chrono::milliseconds(20), [this, id = command.id] {
      const auto result = success_of(id);
      controller_->async_put_result({id, files, describe(result), moment(4), result, {}}, [this](const auto& stored) {
        if (!stored) std::exit((std::fprintf(stderr, "%s\n", stored.error().detail.c_str()), 1));
        kept_();
      });
    });
  }
  void status(CallContext, Handler<StatusReply> handler) override { handler({CommandState::running}); }
  void cancel(CallContext, std::int64_t, Handler<CancelReply> handler) override { handler({CancelAnswer::finished}); }

 private:
  Executor& executor_;
  Controller* controller_ = nullptr;
  std::function<void()> kept_;
};

// On the executor: keeps `open` lives under way until `count` have been begun.
class Asking {
 public:
  Asking(Controller& controller, std::vector<BackupJob> jobs, long count, long open)
      : controller_(controller), jobs_(std::move(jobs)), count_(count), open_(open) {}

  void begin() {
    for (long i = 0; i < open_; ++i) one_more();
  }
  void one_more() {
    if (begun_ == count_) return;
    const auto n = begun_++;
    char date[16];
    std::snprintf(date, sizeof date, "2021-%02ld-%02ld", 1 + n / 28 % 12, 1 + n % 28);
    auto key = std::to_string(random_()) + std::to_string(random_());
    controller_.async_submit({.job_id = jobs_[static_cast<std::size_t>(n) % jobs_.size()].id,
                              .source = source,
                              .data_as_of = CivilDate::parse(date).value(),
                              .requester = requester,
                              .key = IdempotencyKey::parse(key).value()},
                             [](const SubmitReply& reply) {
                               if (reply.error)
                                 std::exit((std::fprintf(stderr, "%s\n", reply.error->detail.c_str()), 1));
                             });
  }

 private:
  Controller& controller_;
  std::vector<BackupJob> jobs_;
  long count_, open_, begun_ = 0;
  std::mt19937_64 random_{std::random_device{}()};
};

long metric(const Controller& controller, const std::string& name) {
  const auto text = controller.metrics();
  const auto at = text.find("\n" + name + " ");
  return at == std::string::npos ? 0 : std::atol(text.c_str() + at + name.size() + 2);
}

int run(const Flags& flags) {
  auto store = soci::open(flags.text("--store"));
  if (!store) return std::fprintf(stderr, "%s\n", store.error().detail.c_str()), 1;
  SerialExecutor executor;
  SystemClock clock;
  SystemRandom random;
  StaticJobs jobs(ten_jobs());
  QuickZone zone(executor);
  const auto count = flags.number("--lives");
  Controller controller({executor, clock, random, **store, jobs, {{files, zone, 1'000'000}}});
  Asking asking(controller, ten_jobs(), count, flags.number("--open"));
  zone.serve(controller, [&] { asking.one_more(); });
  if (auto started = controller.start(); !started)
    return std::fprintf(stderr, "%s\n", started.error().detail.c_str()), 1;

  const auto begun = std::chrono::steady_clock::now();
  executor.post([&] { asking.begin(); });
  const auto ended = [&] {
    return metric(controller, R"(backupctl_requests_total{transport="Library",state="Succeeded"})");
  };
  std::promise<void> never;
  const auto tick = never.get_future();
  while (ended() < count) tick.wait_for(std::chrono::milliseconds(5));
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begun;
  const auto commits = metric(controller, "backupctl_commits_total");
  const auto commands = metric(controller, "backupctl_commands_total");
  timespec cpu{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  std::printf(
      "lives=%ld per_second=%.0f commits=%ld commands=%ld group=%.0f cpu_us=%.1f\n", count,
      static_cast<double>(count) / taken.count(), commits, commands,
      static_cast<double>(commands) / static_cast<double>(commits),
      (static_cast<double>(cpu.tv_sec) * 1e6 + static_cast<double>(cpu.tv_nsec) / 1e3) / static_cast<double>(count));
  return controller.stop() ? 0 : 1;
}

}  // namespace
}  // namespace backupctl::bench

int main(int argc, char** argv) {
  backupctl::soci::leave_out_sqlite_locks();
  return backupctl::bench::run({argc, argv, {{"--store", ""}, {"--lives", "20000"}, {"--open", "1000"}}});
}
