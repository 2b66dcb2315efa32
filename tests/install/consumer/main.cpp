// Touches each installed library, so that a missing header, symbol or dependency stops the build.
#include <backupctl/blocking.hpp>
#include <backupctl/controller.hpp>
#include <backupctl/filedrop/file_drop.hpp>
#include <backupctl/http/runtime.hpp>
#include <backupctl/http/zone_client.hpp>
#include <backupctl/serial_executor.hpp>
#include <backupctl/soci/store.hpp>
#include <backupctl/testing/memory_repository.hpp>
#include <cstdio>
#include <string>

struct Quiet final : backupctl::Logger {
  void write(backupctl::LogLevel, std::string_view, std::initializer_list<backupctl::LogField>) override {}
};

int main(int argc, char** argv) {
  if (argc != 2) return 2;

  auto store = backupctl::soci::open(std::string("sqlite://") + argv[1]);
  if (!store) return std::fprintf(stderr, "store: %s\n", store.error().detail.c_str()), 1;

  backupctl::http::Runtime runtime;
  auto zone = backupctl::http::make_zone_client(runtime, {.base_url = "http://127.0.0.1:1"});
  if (!zone) return std::fprintf(stderr, "zone: %s\n", zone.error().detail.c_str()), 1;

  backupctl::SerialExecutor executor;
  backupctl::SystemClock clock;
  backupctl::SystemRandom random;
  backupctl::StaticJobs jobs{{}};
  backupctl::Controller controller({executor, clock, random, **store, jobs});
  if (auto started = controller.start(); !started) {
    return std::fprintf(stderr, "start: %s\n", started.error().detail.c_str()), 1;
  }
  Quiet log;
  backupctl::filedrop::FileDrop drop({controller, executor, clock, random, log}, {.folder = "drop"});
  if (drop.health().ready) return std::fprintf(stderr, "ready before it was started\n"), 1;
  const auto stopped = controller.stop();
  std::puts(stopped ? "a controller started and stopped" : stopped.error().detail.c_str());
  return stopped ? 0 : 1;
}
