// A whole controller in the caller's process, on SQLite, with a zone and job rules of the caller's own.
#include <backupctl/blocking.hpp>
#include <backupctl/controller.hpp>
#include <backupctl/serial_executor.hpp>
#include <backupctl/soci/store.hpp>
#include <filesystem>
#include <iostream>

using namespace backupctl;

struct CopyZone final : BlockingZone {  // a command that is sent twice makes the same copy again: no harm
  SendReply send(const CreateBackupCommand& command) override {
    const auto copy = std::filesystem::path(command.storage_path) / command.id.to_string();
    std::error_code error;
    copy_file(std::filesystem::path(command.source.str()), copy, std::filesystem::copy_options::overwrite_existing,
              error);
    ZoneResult result{.command_id = command.id, .zone = *ZoneName::parse("copies")};
    result.code = error ? ResultCode::failed : ResultCode::succeeded;
    error ? result.message = error.message() : result.storage_path = copy.string();
    if (auto kept = controller->put_result(result); !kept) return {SendAnswer::unanswered, kept.error().detail};
    return {SendAnswer::accepted};
  }
  StatusReply status(const CallContext&) override { return {CommandState::unknown}; }  // so it is sent again
  CancelReply cancel(const CallContext&, std::int64_t) override { return {CancelAnswer::finished}; }
  Controller* controller = nullptr;
};

int fail(const Error& error) { return std::cerr << error.detail << "\n", 1; }

int main(int argc, char** argv) {
  if (argc != 4) return std::cerr << "usage: embed_minimal STORE SOURCE-FILE STORAGE-FOLDER\n", 2;
  auto store = soci::open(std::string("sqlite://") + argv[1]);
  if (!store) return fail(store.error());
  const auto source = SourcePath::parse(argv[2]);
  if (!source) return fail(source.error());
  const auto ledger = *JobId::parse("0190f3c1-7d2a-7000-8000-000000000001");
  const auto copies = *ZoneName::parse("copies");
  StaticJobs jobs({{.id = ledger,
                    .name = "ledger",
                    .approval = ApprovalState::approved,
                    .zone = copies,
                    .storage_path = argv[3],
                    .allowed_requesters = {"night"},
                    .source_roots = {argv[2]}}});
  SerialExecutor executor;
  SystemClock clock;
  SystemRandom random;
  CopyZone zone;
  ZoneThreads zone_threads(zone);
  Controller controller({executor, clock, random, **store, jobs, {{copies, zone_threads}}});
  zone.controller = &controller;
  if (auto started = controller.start(); !started) return fail(started.error());
  const auto reply = controller.submit({ledger, *source, *CivilDate::parse("2021-01-08"), *OwnerName::parse("night"),
                                        *IdempotencyKey::parse("ledger 2021-01-08")});
  auto ended = reply.error ? *reply.error : controller.wait(reply.request->order.id, std::chrono::minutes(1));
  const auto stopped = controller.stop();  // before the zone goes
  if (!ended) return fail(ended.error());
  std::cout << ended->order.id.to_string() << " " << to_string(ended->progress.state) << "\n";
  return stopped && ended->progress.state == RequestState::succeeded ? 0 : 1;
}
