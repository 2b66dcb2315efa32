// What the pure decisions cost.
#include <benchmark/benchmark.h>

#include "life.hpp"

namespace backupctl::bench {
namespace {

// Received, Allowed with a send intent, Sent, Succeeded with its backup.
void whole_life(benchmark::State& state) {
  Counting random;
  IdSource ids(random);
  const auto job = approved_job();
  for (auto _ : state) {
    auto row = new_request(ids);
    row.progress = next_step(row, JobAnswered{job, controller, {}}, moment(1)).next;
    row.progress = next_step(row, SendAccepted{moment(86400)}, moment(2)).next;
    auto recorded = recording(row, ids);
    if (!recorded.backup) return state.SkipWithError("no backup came of a success");
    benchmark::DoNotOptimize(recorded);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(whole_life);

void a_late_answer_changes_nothing(benchmark::State& state) {
  Counting random;
  IdSource ids(random);
  auto row = new_request(ids);
  row.progress = next_step(row, JobAnswered{approved_job(), controller, {}}, moment(1)).next;
  row.progress = next_step(row, SendAccepted{moment(86400)}, moment(2)).next;
  row.progress = recording(row, ids).next;
  for (auto _ : state) benchmark::DoNotOptimize(decide(row, SendAccepted{moment(86400)}, moment(6)));
}
BENCHMARK(a_late_answer_changes_nothing);

void new_id(benchmark::State& state) {
  Counting random;
  IdSource ids(random);
  const auto now = moment(0);
  for (auto _ : state) benchmark::DoNotOptimize(ids.next(now));
}
BENCHMARK(new_id);

}  // namespace
}  // namespace backupctl::bench
