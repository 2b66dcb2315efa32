// backupctl-filedrop as a process of its own: one or several on a folder and a store that belong to the test.
#pragma once

#include <pwd.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "integration/support/fake_jobs.hpp"
#include "integration/support/fake_zone.hpp"
#include "integration/support/http_probe.hpp"
#include "integration/support/process.hpp"

namespace backupctl::testing {

namespace fs = std::filesystem;

inline std::string own_user_name() {
  const auto* entry = ::getpwuid(::geteuid());
  return entry ? entry->pw_name : "uid:" + std::to_string(::geteuid());
}

// A line that asks for a backup as "batch", who may; the test's own user is trusted to say so.
inline std::string request_line(const std::string& source = "/data/ledger/2021-01-08",
                                const std::string& job = ledger_job_id) {
  return R"({"apiVersion":"2026-11-01","backupJobId":")" + job + R"(","backupSourcePath":")" + source +
         R"(","dataAsOfDate":"2021-01-08","requesterId":"batch"})";
}

// What several processes share.
class Shop {
 public:
  explicit Shop(std::string jobs_url) : jobs_url_(std::move(jobs_url)) { fs::create_directory(drop()); }

  void add_zone(FakeZone& zone, const std::string& members = "resultDue = \"24h\"") {
    zones_.push_back(&zone);
    more_ +=
        "[[zone]]\nname = \"" + zone.name() + "\"\nurl = \"" + zone.url() + "\"\ntimeout = \"1s\"\n" + members + "\n";
  }
  void configure(const std::string& toml) { more_ += toml + "\n"; }
  void configure_jobs(const std::string& members) { jobs_members_ += members + "\n"; }

  fs::path drop() const { return folder_.path() / "drop"; }
  fs::path in(const std::string& name) const { return drop() / name; }
  void put(const std::string& name, const std::string& content) const {
    const auto temporary = in("inbox") / (name + ".tmp");
    std::ofstream(temporary, std::ios::binary) << content;
    fs::rename(temporary, in("inbox") / name);
  }
  std::string outbox(const std::string& name) const { return read_file(in("outbox") / name); }
  bool wait_for(const std::string& name, std::chrono::milliseconds patience = std::chrono::seconds{30}) const {
    return eventually([&] { return fs::exists(drop() / name); }, patience);
  }
  std::vector<std::string> names(const std::string& which) const {
    std::vector<std::string> all;
    if (!fs::exists(in(which))) return all;
    for (const auto& entry : fs::directory_iterator(in(which))) {
      if (const auto name = entry.path().filename().string(); !name.starts_with(".")) all.push_back(name);
    }
    return all;
  }
  bool is_empty() const { return names("inbox").empty() && names("work").empty(); }

  // `name`: of the process, for its log.
  std::string config(const std::string& listen = "127.0.0.1:0") const {
    return "[store]\nurl = \"sqlite://" + (folder_.path() / "controller.db").string() + "\"\n[jobs]\nurl = \"" +
           jobs_url_ + "\"\ntimeout = \"1s\"\n" + jobs_members_ + "[filedrop]\nfolder = \"" + drop().string() +
           "\"\ntrusted = [\"" + own_user_name() + "\"]\nscanEvery = \"100ms\"\n" +
           "[retry]\nfirstDelay = \"20ms\"\nmaxDelay = \"200ms\"\n"
           "[breaker]\nfailures = 3\nprobeEvery = \"100ms\"\n[lease]\nduration = \"1s\"\n" +
           (listen.empty() ? "" : "[http]\nlisten = \"" + listen + "\"\n") + more_;
  }
  const TempDir& folder() const { return folder_; }
  const std::vector<FakeZone*>& zones() const { return zones_; }

 private:
  TempDir folder_;
  const std::string jobs_url_;
  std::string jobs_members_;
  std::string more_;
  std::vector<FakeZone*> zones_;
};

class DropProcess {
 public:
  explicit DropProcess(Shop& shop, std::string name = "drop", std::string program = BACKUPCTL_FILEDROP_PROGRAM)
      : shop_(shop), name_(std::move(name)), program_(std::move(program)) {}

  // False when the process ended before it watched and listened.
  bool start(const std::string& fault = {}, const std::string& listen = "127.0.0.1:0") {
    const auto file = shop_.folder().write(name_ + ".toml", shop_.config(listen));
    Launch launch{
        .program = program_, .arguments = {"--config", file}, .log = shop_.folder().path() / (name_ + ".log")};
    if (!fault.empty()) launch.environment["BACKUPCTL_FAULT"] = fault;
    process_ = std::make_unique<Process>(launch);
    if (listen.empty()) return !process_->logged("watching", "folder").empty();
    const auto address = process_->logged("listening", "address");
    if (address.empty()) return false;
    url_ = "http://" + address;
    probe_ = std::make_unique<HttpProbe>(url_);
    for (auto* zone : shop_.zones()) zone->report_to(url_);
    return true;
  }
  void kill() { process_->kill(); }
  std::optional<int> stop() {
    process_->signal(SIGTERM);
    return process_->wait();
  }
  Process& process() { return *process_; }
  HttpProbe& http() { return *probe_; }
  const std::string& url() const { return url_; }

 private:
  Shop& shop_;
  const std::string name_;
  const std::string program_;
  std::string url_;
  std::unique_ptr<Process> process_;
  std::unique_ptr<HttpProbe> probe_;
};

// The lines of a receipt or a status file.
inline std::vector<boost::json::value> json_lines(const std::string& text) {
  std::vector<boost::json::value> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    if (end == std::string::npos) throw std::runtime_error("a line without an end: " + text.substr(at));
    lines.push_back(boost::json::parse(text.substr(at, end - at)));
    at = end + 1;
  }
  return lines;
}

// Everything of a list.
inline std::vector<boost::json::value> all_items(HttpProbe& http, const std::string& list) {
  std::vector<boost::json::value> items;
  std::string cursor;
  do {
    const auto page = http.get(list + "?limit=1000" + (cursor.empty() ? "" : "&cursor=" + cursor));
    if (page.status != 200) throw std::runtime_error(list + ": " + page.text);
    for (const auto& item : page.json.at("items").as_array()) items.push_back(item);
    cursor = page["nextCursor"];
  } while (!cursor.empty());
  return items;
}

}  // namespace backupctl::testing
