// A controller in the caller's process that is asked through a queue: see queue_transport.hpp.
#include <backupctl/blocking.hpp>
#include <backupctl/serial_executor.hpp>
#include <backupctl/soci/store.hpp>
#include <future>
#include <iostream>

#include "queue_transport.hpp"

using namespace backupctl;

struct NoZone final : BlockingZone {  // takes every command and does nothing
  SendReply send(const CreateBackupCommand& command) override {
    ZoneResult result{.command_id = command.id, .code = ResultCode::succeeded, .zone = *ZoneName::parse("none")};
    result.storage_path = command.storage_path;
    if (auto kept = controller->put_result(result); !kept) return {SendAnswer::unanswered, kept.error().detail};
    return {SendAnswer::accepted};
  }
  StatusReply status(const CallContext&) override { return {CommandState::unknown}; }
  CancelReply cancel(const CallContext&, std::int64_t) override { return {CancelAnswer::finished}; }
  Controller* controller = nullptr;
};

int main(int argc, char** argv) {
  if (argc != 2) return std::cerr << "usage: custom_transport STORE\n", 2;
  auto store = soci::open(std::string("sqlite://") + argv[1]);
  if (!store) return std::cerr << store.error().detail << "\n", 1;
  const std::string ledger = "0190f3c1-7d2a-7000-8000-000000000001";
  const auto none = *ZoneName::parse("none");
  StaticJobs jobs({{.id = *JobId::parse(ledger),
                    .name = "ledger",
                    .approval = ApprovalState::approved,
                    .zone = none,
                    .storage_path = "ledger",
                    .allowed_requesters = {"night"},
                    .source_roots = {"/data"}}});
  SerialExecutor executor;
  SystemClock clock;
  SystemRandom random;
  NoZone zone;
  ZoneThreads zone_threads(zone);
  Controller controller({executor, clock, random, **store, jobs, {{none, zone_threads}}});
  zone.controller = &controller;
  if (auto started = controller.start(); !started) return std::cerr << started.error().detail << "\n", 1;

  Queue queue;
  std::promise<void> all;
  int left = 3;  // on the executor from here
  const auto one_less = [&] {
    if (--left == 0) all.set_value();
  };
  QueueTransport transport(
      controller, executor, queue,
      [&](const Message& message, const SubmitReply& reply) {
        std::cout << message.key << (reply.request ? " taken" : " refused: " + reply.error->code) << "\n";
        if (!reply.request) one_less();
      },
      [&](const Message& message, const BackupRequest& row) {
        std::cout << message.key << " " << to_string(row.progress.state) << "\n";
        one_less();
      });
  executor.post([&] { transport.start([](const Result<void>&) {}); });
  queue.publish({"good", ledger, "/data/ledger", "2021-01-08", "night"});
  queue.publish({"outside", ledger, "/etc", "2021-01-08", "night"});
  queue.publish({"broken", ledger, "no path", "2021-01-08", "night"});
  all.get_future().wait();

  std::promise<void> stopped;
  executor.post([&] { transport.stop(std::chrono::seconds(1), [&](const Result<void>&) { stopped.set_value(); }); });
  stopped.get_future().wait();
  return controller.stop() ? 0 : 1;  // before the zone goes
}
