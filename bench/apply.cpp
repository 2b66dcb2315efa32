// What grouped commits bring: whole lives of requests on SQLite, with WAL and synchronous=FULL, by size of the group.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "backupctl/soci/store.hpp"
#include "life.hpp"

namespace backupctl::bench {
namespace {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "backupctl-bench-XXXXXX").string();
    if (!::mkdtemp(name.data())) std::abort();
    path_ = name;
  }
  ~Folder() {
    std::error_code failure;
    std::filesystem::remove_all(path_, failure);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string url() const { return "sqlite://" + (path_ / "controller.db").string(); }

 private:
  std::filesystem::path path_;
};

ChangeRequest change(BackupRequest& row, Transition step) {
  ChangeRequest command{.id = row.order.id, .from = row.progress.state, .next = step.next};
  command.history = std::move(step.history);
  command.backup = std::move(step.backup);
  row.progress = std::move(step.next);
  return command;
}

bool all_applied(const std::vector<Outcome>& outcomes) {
  for (const auto& outcome : outcomes) {
    if (outcome.status != OutcomeStatus::applied) return false;
  }
  return true;
}

// One life is four commits: Received; Allowed with its send intent; Sent; Succeeded with its backup.
void lives_in_groups_of(benchmark::State& state) {
  const Folder folder;
  auto store = soci::open_blocking(folder.url());
  if (!store) return state.SkipWithError(store.error().detail.c_str());
  Counting random;
  IdSource ids(random);
  const auto job = approved_job();
  const auto group = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    std::vector<BackupRequest> rows;
    for (std::size_t i = 0; i < group; ++i) rows.push_back(new_request(ids));
    const auto commit = [&](auto make) {
      std::vector<Command> commands;
      for (auto& row : rows) commands.push_back(make(row));
      return all_applied((*store)->apply(commands));
    };
    const bool lived = commit([](BackupRequest& row) {
                         return AdmitRequest{row, received_history(row.order)};
                       }) &&
                       commit([&](BackupRequest& row) {
                         auto command = change(row, next_step(row, JobAnswered{job, controller, {}}, moment(1)));
                         command.job_version = job;
                         return command;
                       }) &&
                       commit([](BackupRequest& row) {
                         return change(row, next_step(row, SendAccepted{moment(86400)}, moment(2)));
                       }) &&
                       commit([&](BackupRequest& row) { return change(row, recording(row, ids)); });
    if (!lived) return state.SkipWithError("a Command was not applied");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(lives_in_groups_of)->Arg(1)->Arg(8)->Arg(64)->Arg(512)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace backupctl::bench
