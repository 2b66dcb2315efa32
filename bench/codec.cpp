// What reading and writing the documents of the create flow costs.
#include <benchmark/benchmark.h>

#include <string>

#include "life.hpp"
#include "wire/backup_request_json.hpp"
#include "wire/zone_result_json.hpp"

namespace backupctl::bench {
namespace {

void count_bytes(benchmark::State& state, std::size_t size) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
}

void read_posted_request(benchmark::State& state) {
  const std::string text = R"({"apiVersion":"2026-11-01","backupJobId":"0190a000-0000-7000-8000-000000000002",)"
                           R"("backupSourcePath":"/data/ledger/2021-01-08","dataAsOfDate":"2021-01-08"})";
  for (auto _ : state) {
    auto body = wire::read_backup_request_body(text);
    if (!body) return state.SkipWithError(body.error().detail.c_str());
    benchmark::DoNotOptimize(body);
  }
  count_bytes(state, text.size());
}
BENCHMARK(read_posted_request);

void write_finished_request(benchmark::State& state) {
  Counting random;
  IdSource ids(random);
  auto row = new_request(ids);
  row.progress = next_step(row, JobAnswered{approved_job(), controller, {}}, moment(1)).next;
  row.progress = next_step(row, SendAccepted{moment(86400)}, moment(2)).next;
  row.progress = recording(row, ids).next;
  const auto now = moment(7);
  std::string text;
  for (auto _ : state) {
    text.clear();
    wire::JsonWriter json(text);
    wire::write_backup_request(json, row, now);
    benchmark::DoNotOptimize(text.data());
  }
  count_bytes(state, text.size());
}
BENCHMARK(write_finished_request);

void read_result(benchmark::State& state) {
  Counting random;
  IdSource ids(random);
  std::string text;
  wire::JsonWriter json(text);
  wire::write_zone_result(json, success_of(RequestId{ids.next(moment(0))}));
  for (auto _ : state) {
    auto result = wire::read_zone_result(text);
    if (!result) return state.SkipWithError(result.error().detail.c_str());
    benchmark::DoNotOptimize(result);
  }
  count_bytes(state, text.size());
}
BENCHMARK(read_result);

}  // namespace
}  // namespace backupctl::bench
