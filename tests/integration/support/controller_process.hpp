// backupctl-http as a process of its own, with a store, a job service and zones that belong to the test.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "integration/support/fake_jobs.hpp"
#include "integration/support/fake_zone.hpp"
#include "integration/support/http_probe.hpp"
#include "integration/support/process.hpp"

namespace backupctl::testing {

// Bodies and members that many tests want.
inline std::string request_body(const std::string& source = "/data/ledger/2021-01-08",
                                const std::string& job = ledger_job_id) {
  return R"({"apiVersion":"2026-11-01","backupJobId":")" + job + R"(","backupSourcePath":")" + source +
         R"(","dataAsOfDate":"2021-01-08"})";
}
inline http::Headers with_key(const std::string& key) { return {{"Idempotency-Key", key}}; }
inline std::string id_of(const HttpAnswer& answer) { return answer["backupRequestId"]; }

class ControllerProcess {
 public:
  explicit ControllerProcess(std::string jobs_url) : jobs_url_(std::move(jobs_url)) {}

  // Further lines of the configuration, in TOML.
  void configure(const std::string& toml) { more_ += toml + "\n"; }
  void add_zone(FakeZone& zone, const std::string& members = "resultDue = \"24h\"") {
    zones_.push_back(&zone);
    configure("[[zone]]\nname = \"" + zone.name() + "\"\nurl = \"" + zone.url() + "\"\ntimeout = \"1s\"\n" + members);
  }
  void use_store(std::string url) { store_url_ = std::move(url); }
  void limit_requests(int per_second) { max_requests_per_second_ = per_second; }
  void check_time_out(const std::string& duration) { jobs_timeout_ = duration; }

  // `fault`: as in BACKUPCTL_FAULT. False when the process ended before it listened.
  bool start(const std::string& fault = {}) {
    const auto file = folder_.write("controller.toml", config());
    Launch launch{.program = BACKUPCTL_HTTP_PROGRAM, .arguments = {"--config", file}, .log = folder_.path() / "log"};
    if (!fault.empty()) launch.environment["BACKUPCTL_FAULT"] = fault;
    process_ = std::make_unique<Process>(launch);
    const auto address = process_->logged("listening", "address");
    if (address.empty()) return false;
    url_ = "http://" + address;
    probe_ = std::make_unique<HttpProbe>(url_, token_);
    for (auto* zone : zones_) zone->report_to(url_, zone_token_);
    return true;
  }
  void kill() { process_->kill(); }
  std::optional<int> stop() {
    process_->signal(SIGTERM);
    return process_->wait();
  }

  // Callers have this token from the next start on, and zones that one.
  void use_tokens(std::string token, std::string zone_token) {
    token_ = std::move(token);
    zone_token_ = std::move(zone_token);
  }

  HttpProbe& http() { return *probe_; }
  Process& process() { return *process_; }
  const std::string& url() const { return url_; }
  const std::filesystem::path& folder() const { return folder_.path(); }

  HttpAnswer request(const std::string& id) { return http().get("/api/backup-requests/" + id); }
  // The request once it is in this state; what it was last when that took too long.
  HttpAnswer wait_for(const std::string& id, const std::string& state) {
    HttpAnswer answer;
    eventually([&] { return (answer = request(id))["stateCode"] == state; });
    return answer;
  }
  // "Received Allowed Sent …"
  std::string history(const std::string& id) {
    std::string states;
    const auto answer = http().get("/api/backup-requests/" + id + "/history");
    if (answer.status != 200) return answer.text;
    for (const auto& entry : answer.json.at("items").as_array())
      states += (states.empty() ? "" : " ") + HttpAnswer::text_of(entry, "stateCode");
    return states;
  }
  boost::json::array items(const std::string& target) {
    const auto answer = http().get(target);
    return answer.status == 200 ? answer.json.at("items").as_array() : boost::json::array{};
  }

 private:
  // Small time-outs, so that what goes on by itself does so at once.
  std::string config() const {
    const auto store = store_url_.empty() ? "sqlite://" + (folder_.path() / "controller.db").string() : store_url_;
    return "[store]\nurl = \"" + store + "\"\n[jobs]\nurl = \"" + jobs_url_ + "\"\ntimeout = \"" + jobs_timeout_ +
           "\"\n[http]\nlisten = \"127.0.0.1:0\"\nmaxRequestsPerSecond = " + std::to_string(max_requests_per_second_) +
           "\n[retry]\nfirstDelay = \"20ms\"\nmaxDelay = \"200ms\"\n"
           "[breaker]\nfailures = 3\nprobeEvery = \"100ms\"\n[lease]\nduration = \"1s\"\n" +
           more_;
  }

  TempDir folder_;
  const std::string jobs_url_;
  std::string store_url_;  // empty: a file in the folder
  std::string jobs_timeout_ = "1s";
  int max_requests_per_second_ = 0;
  std::string more_;
  std::string token_;
  std::string zone_token_;
  std::vector<FakeZone*> zones_;
  std::string url_;
  std::unique_ptr<Process> process_;
  std::unique_ptr<HttpProbe> probe_;
};

}  // namespace backupctl::testing
