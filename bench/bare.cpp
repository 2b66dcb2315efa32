#include "bare.hpp"

#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <limits>
#include <random>

#include "backupctl/soci/store.hpp"
#include "flags.hpp"
#include "life.hpp"
#include "soci/ground/store_url.hpp"

namespace backupctl::bench {
namespace {

constexpr auto bigint = Column::Type::integer;

const std::vector<Column> request_columns{{"backup_request_id"},
                                          {"backup_job_id"},
                                          {"backup_source_path"},
                                          {"data_as_of_date"},
                                          {"requester_id"},
                                          {"transport"},
                                          {"idempotency_key"},
                                          {"traceparent"},
                                          {"received_time", bigint},
                                          {"state_code"},
                                          {"state_reason"},
                                          {"checked_time", bigint},
                                          {"responded_time", bigint},
                                          {"job_version", bigint},
                                          {"zone"},
                                          {"storage_path"},
                                          {"days_to_keep", bigint},
                                          {"check_attempts", bigint},
                                          {"send_attempts", bigint},
                                          {"last_error"},
                                          {"owner_instance_id"},
                                          {"next_action_time", bigint},
                                          {"fence", bigint},
                                          {"revision", bigint}};

const Statement insert_request{Write::insert, "backup_request", request_columns};
// Of a request that has succeeded.
const std::vector<Column> ended_columns{{"sent_time", bigint},
                                        {"result_due_time", bigint},
                                        {"result_received_time", bigint},
                                        {"result_recorded_time", bigint},
                                        {"backup_id"}};

std::vector<Column> joined(std::vector<Column> columns, const std::vector<Column>& more) {
  columns.insert(columns.end(), more.begin(), more.end());
  return columns;
}

const Statement insert_ended{Write::insert, "backup_request", joined(request_columns, ended_columns)};
const Statement insert_history{
    Write::insert,
    "request_history",
    {{"backup_request_id"}, {"position", bigint}, {"state_code"}, {"time", bigint}, {"detail"}}};
const Statement insert_audit{Write::insert,
                             "audit_entry",
                             {{"writer_id"},
                              {"seq", bigint},
                              {"time", bigint},
                              {"actor"},
                              {"action"},
                              {"object"},
                              {"detail"},
                              {"previous_hash"},
                              {"hash"}}};
const Statement insert_head{
    Write::insert, "audit_head", {{"writer_id"}, {"seq", bigint}, {"hash"}, {"tied_seq", bigint}}};
const Statement move_head{Write::change, "audit_head", {{"seq", bigint}, {"hash"}, {"writer_id"}}, 1};
const Statement allow{Write::change,
                      "backup_request",
                      {{"state_code"},
                       {"checked_time", bigint},
                       {"responded_time", bigint},
                       {"job_version", bigint},
                       {"zone"},
                       {"storage_path"},
                       {"days_to_keep", bigint},
                       {"send_attempts", bigint},
                       {"owner_instance_id"},
                       {"next_action_time", bigint},
                       {"revision", bigint},
                       {"backup_request_id"},
                       {"revision", bigint},
                       {"state_code"}},
                      3};
const Statement mark_sent{Write::change,
                          "backup_request",
                          {{"state_code"},
                           {"responded_time", bigint},
                           {"sent_time", bigint},
                           {"result_due_time", bigint},
                           {"owner_instance_id"},
                           {"next_action_time", bigint},
                           {"revision", bigint},
                           {"backup_request_id"},
                           {"revision", bigint},
                           {"state_code"}},
                          3};
const Statement keep_result{Write::insert,
                            "zone_result",
                            {{"command_id"},
                             {"zone"},
                             {"body"},
                             {"received_time", bigint},
                             {"problem"},
                             {"result_command_id"},
                             {"result_zone"},
                             {"result_code"},
                             {"reason_code"},
                             {"backup_storage_path"},
                             {"byte_count", bigint},
                             {"copy_start_time", bigint},
                             {"copy_end_time", bigint},
                             {"verify_start_time", bigint},
                             {"verify_end_time", bigint},
                             {"verify_hash"},
                             {"message"}}};
const Statement record{Write::change,
                       "backup_request",
                       {{"state_code"},
                        {"result_received_time", bigint},
                        {"result_recorded_time", bigint},
                        {"backup_id"},
                        {"next_action_time", bigint},
                        {"revision", bigint},
                        {"backup_request_id"},
                        {"revision", bigint},
                        {"state_code"}},
                       3};
const Statement insert_backup{Write::insert,
                              "backup",
                              {{"backup_id"},
                               {"backup_request_id"},
                               {"backup_job_id"},
                               {"state_code"},
                               {"data_as_of_date"},
                               {"zone"},
                               {"backup_storage_path"},
                               {"byte_count", bigint},
                               {"copy_start_time", bigint},
                               {"copy_end_time", bigint},
                               {"verify_start_time", bigint},
                               {"verify_end_time", bigint},
                               {"verify_hash"},
                               {"job_version", bigint},
                               {"days_to_keep", bigint},
                               {"due_to_delete_date"},
                               {"version_of_date", bigint}}};
const Statement remove_result{Write::remove, "zone_result", {{"command_id"}, {"body"}}, 2};

constexpr std::int64_t byte_count = 123'456'789;

std::int64_t micros(int second) { return moment(second).time_since_epoch().count(); }

// Lives in rows, a group at a time.
class Rows {
 public:
  Rows(std::int64_t already, std::vector<std::string> jobs) : jobs_(std::move(jobs)), seq_(0), count_(already) {}

  struct Life {
    std::string id, job, date, key, backup, result;
    std::int64_t version_of_date;
  };

  std::vector<Life> next(std::size_t group) {
    std::vector<Life> lives;
    for (std::size_t i = 0; i < group; ++i) {
      const auto n = count_++;
      const RequestId id{ids_.next(moment(0))};
      char date[16];
      std::snprintf(date, sizeof date, "2021-%02d-%02d", static_cast<int>(1 + n / 28 % 12),
                    static_cast<int>(1 + n % 28));
      lives.push_back({id.to_string(), jobs_[static_cast<std::size_t>(n) % jobs_.size()], date,
                       std::to_string(random_()) + std::to_string(random_()),
                       BackupId{ids_.next(moment(0))}.to_string(), describe(success_of(id)), n + 1});
    }
    return lives;
  }

  Row request(const Life& life, bool allowed, bool sender) {
    const Cell null;
    const auto unless = [&](bool yes, Cell cell) { return yes ? std::move(cell) : null; };
    return {life.id,
            life.job,
            source.str(),
            life.date,
            requester.str(),
            std::string("HTTP"),
            life.key,
            trace_,
            micros(0),
            std::string(allowed ? "Allowed" : "Received"),
            std::string(),
            unless(allowed, micros(1)),
            null,
            unless(allowed, std::int64_t{3}),
            unless(allowed, files.str()),
            unless(allowed, std::string("ledger")),
            unless(allowed, std::int64_t{3650}),
            std::int64_t{1},
            std::int64_t{allowed && sender ? 1 : 0},
            std::string(),
            unless(!allowed || sender, controller.to_string()),
            unless(allowed && !sender, micros(1)),
            std::int64_t{1},
            std::int64_t{allowed ? 2 : 1}};
  }
  static Row history(const Life& life, int position, const char* state) {
    return {life.id, std::int64_t{position}, std::string(state), micros(position), std::string()};
  }
  static std::string path_of(const Life& life) { return "ledger/2021-01-08/" + life.id + ".tar.zst"; }
  static Row backup(const Life& life) {
    return {life.backup,
            life.id,
            life.job,
            std::string("Stored"),
            life.date,
            files.str(),
            path_of(life),
            byte_count,
            micros(2),
            micros(3),
            micros(3),
            micros(4),
            success_of(RequestId::parse(life.id).value()).verify_hash,
            std::int64_t{3},
            std::int64_t{3650},
            std::string("2031-01-06"),
            life.version_of_date};
  }
  Row audit(const Life& life) {
    Row row{writer_,
            ++seq_,
            micros(1),
            requester.str(),
            std::string("backup-request-allowed"),
            "backup-request:" + life.id,
            "job " + life.job + " version 3 (Approved, owner archivist, zone files); source " + source.str() +
                " as of " + life.date + " by HTTP",
            hash_,
            std::string()};
    hash_.replace(0, 16, std::to_string(1'000'000'000'000'000 + seq_));
    row.back() = hash_;
    return row;
  }
  Row head() const { return {seq_, hash_, writer_}; }
  Row new_head() const { return {writer_, std::int64_t{0}, hash_, std::int64_t{0}}; }

 private:
  std::vector<std::string> jobs_;
  Counting counting_{std::random_device{}()};
  IdSource ids_{counting_};
  std::mt19937_64 random_{std::random_device{}()};
  std::int64_t seq_, count_;
  std::string writer_ = InstanceId{ids_.next(moment(0))}.to_string();
  std::string hash_ = std::string(64, 'a');
  std::string trace_ = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
};

double cpu_time() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

class Bare {
 public:
  Bare(Engine& engine, std::int64_t already, std::vector<std::string> jobs)
      : engine_(engine), rows_(already, std::move(jobs)) {
    const std::vector<Row> head{rows_.new_head()};
    engine_.commit({{insert_head, head}});
  }

  // In one commit, or, when the checks come too late for that, in two.
  void admissions(std::size_t group, bool in_one_commit, bool sender) {
    lives_ = rows_.next(group);
    std::vector<Row> requests, received, allowed, audit, changes;
    for (const auto& life : lives_) {
      requests.push_back(rows_.request(life, in_one_commit, sender));
      received.push_back(Rows::history(life, 1, "Received"));
      allowed.push_back(Rows::history(life, 2, "Allowed"));
      audit.push_back(rows_.audit(life));
      if (in_one_commit) continue;
      const auto row = rows_.request(life, true, sender);
      changes.push_back({row[9], row[11], row[12], row[13], row[14], row[15], row[16], row[18], row[20], row[21],
                         row[23], life.id, std::int64_t{1}, std::string("Received")});
    }
    const std::vector<Row> head{rows_.head()};
    if (in_one_commit) {
      received.insert(received.end(), allowed.begin(), allowed.end());
      return write({{insert_request, requests}, {insert_history, received}, {insert_audit, audit}, {move_head, head}});
    }
    write({{insert_request, requests}, {insert_history, received}});
    write({{allow, changes}, {insert_history, allowed}, {insert_audit, audit}, {move_head, head}});
  }

  // All that is left of lives that have ended, in one commit: the fastest way to a large store. The keys are in order,
  // and spread as those that are drawn; `share` of them is between two.
  void ended(std::size_t group, std::uint64_t share) {
    lives_ = rows_.next(group);
    std::vector<Row> requests, history, audit, backups;
    for (auto& life : lives_) {
      char key[33];
      std::snprintf(key, sizeof key, "%016llx%016llx", static_cast<unsigned long long>(key_ += share), 0ULL);
      life.key = key;
      auto row = rows_.request(life, true, false);
      row[9] = std::string("Succeeded"), row[12] = micros(2), row[18] = std::int64_t{1}, row[21] = Cell{},
      row[23] = std::int64_t{4};
      row.insert(row.end(), {micros(2), Cell{}, micros(5), micros(5), life.backup});
      requests.push_back(std::move(row));
      int position = 0;
      for (const char* state : {"Received", "Allowed", "Sent", "Succeeded"})
        history.push_back(Rows::history(life, ++position, state));
      audit.push_back(rows_.audit(life));
      backups.push_back(Rows::backup(life));
    }
    const std::vector<Row> head{rows_.head()};
    write({{insert_ended, requests},
           {insert_history, history},
           {insert_audit, audit},
           {move_head, head},
           {insert_backup, backups}});
  }
  const std::vector<Rows::Life>& lives() const { return lives_; }

  // A result waits in a commit of its own, or is recorded at once.
  void rest_of_the_lives(bool results_wait) {
    std::vector<Row> sent, sent_history, kept, recorded, recorded_history, backups, removed;
    for (const auto& life : lives_) {
      const Cell null;
      const auto zone = files.str(), path = Rows::path_of(life);
      const auto hash = success_of(RequestId::parse(life.id).value()).verify_hash;
      sent.push_back({std::string("Sent"), micros(2), micros(2), micros(86400), null, micros(86400), std::int64_t{3},
                      life.id, std::int64_t{2}, std::string("Allowed")});
      sent_history.push_back(Rows::history(life, 3, "Sent"));
      kept.push_back({life.id, zone, life.result, micros(4), std::string(), life.id, zone, std::string("Succeeded"),
                      std::string(), path, byte_count, micros(2), micros(3), micros(3), micros(4), hash,
                      std::string()});
      recorded.push_back({std::string("Succeeded"), micros(5), micros(5), life.backup, null, std::int64_t{4}, life.id,
                          std::int64_t{3}, std::string("Sent")});
      recorded_history.push_back(Rows::history(life, 4, "Succeeded"));
      backups.push_back(Rows::backup(life));
      removed.push_back({life.id, life.result});
    }
    write({{mark_sent, sent}, {insert_history, sent_history}});
    if (!results_wait) return write({{record, recorded}, {insert_history, recorded_history}, {insert_backup, backups}});
    write({{keep_result, kept}});
    write({{record, recorded}, {insert_history, recorded_history}, {insert_backup, backups}, {remove_result, removed}});
  }

  double seconds() const { return taken_.count(); }
  double cpu_seconds() const { return cpu_; }

 private:
  void write(const std::vector<Engine::Part>& parts) {
    const auto begun = std::chrono::steady_clock::now();
    const auto cpu = cpu_time();
    engine_.commit(parts);
    cpu_ += cpu_time() - cpu;
    taken_ += std::chrono::steady_clock::now() - begun;
  }

  Engine& engine_;
  Rows rows_;
  std::vector<Rows::Life> lives_;
  std::uint64_t key_ = 0;
  std::chrono::duration<double> taken_{};
  double cpu_ = 0;
};

std::unique_ptr<Engine> open_bare(const std::string& url) {
  const auto parsed = soci::parse_store_url(url);
  if (!parsed) std::exit((std::fprintf(stderr, "%s\n", parsed.error().detail.c_str()), 1));
  if (const auto* file = std::get_if<soci::SqliteUrl>(&*parsed)) return open_bare_sqlite(file->path);
  return open_bare_postgresql(std::get<soci::PostgresqlUrl>(*parsed).connection);
}

std::vector<std::string> ten_jobs(const std::string& file) {
  std::vector<std::string> jobs;
  std::ifstream in(file);
  for (std::string job; in >> job;) jobs.push_back(job);
  for (int i = 0; jobs.size() < 10; ++i) jobs.push_back("0190a000-0000-7000-8000-00000000001" + std::to_string(i));
  return jobs;
}

int run(const Flags& flags) {
  const auto url = flags.text("--store");
  // Makes the schema, by the migrations that the controller's stores are made by.
  if (auto store = soci::open_blocking(url); !store)
    return std::fprintf(stderr, "%s\n", store.error().detail.c_str()), 1;
  const auto engine = open_bare(url);
  const auto already = engine->count("SELECT count(*) FROM backup_request");
  if (flags.text("--write") == "nothing") {
    const auto backups = engine->count("SELECT count(*) FROM backup");
    const auto succeeded = engine->count("SELECT count(*) FROM backup_request WHERE state_code = 'Succeeded'");
    std::printf("requests=%lld succeeded=%lld backups=%lld\n", static_cast<long long>(already),
                static_cast<long long>(succeeded), static_cast<long long>(backups));
    return 0;
  }
  const bool whole = flags.text("--write") == "lives", ended = flags.text("--write") == "ended";
  const auto group = static_cast<std::size_t>(flags.number("--group"));
  const auto rows = flags.number("--rows");
  const double at_most = static_cast<double>(flags.number("--milliseconds")) / 1000;
  Bare bare(*engine, already, ten_jobs(flags.text("--jobs")));
  std::ofstream sample;
  if (!flags.text("--sample").empty()) sample.open(flags.text("--sample"));
  long written = 0;
  while (written < rows && bare.seconds() < at_most) {
    if (ended) {
      bare.ended(group, std::numeric_limits<std::uint64_t>::max() / static_cast<std::uint64_t>(rows + 1));
    } else {
      bare.admissions(group, flags.number("--commits") == 1, whole);
      if (whole) bare.rest_of_the_lives(flags.number("--results-wait") == 1);
    }
    written += static_cast<long>(group);
    if (const auto& life = bare.lives().front(); sample.is_open()) sample << life.id << ' ' << life.job << '\n';
  }
  std::printf("written=%ld per_second=%.0f cpu_us=%.1f\n", written, static_cast<double>(written) / bare.seconds(),
              bare.cpu_seconds() * 1e6 / static_cast<double>(written));
  return 0;
}

}  // namespace
}  // namespace backupctl::bench

int main(int argc, char** argv) {
  backupctl::soci::leave_out_sqlite_locks();
  return backupctl::bench::run(
      {argc,
       argv,
       {{"--store", ""},
        {"--write", "admissions"},  // or lives; or ended, at once; or nothing: only count what is there
        {"--group", "64"},
        {"--commits", "1"},  // that admit a request
        {"--jobs", ""},      // a file of ten job ids; any will do
        {"--results-wait", "0"},
        {"--rows", "1000000"},
        {"--sample", ""},  // a file for the first request of each group, and its job
        {"--milliseconds", "3000"}}});
}
