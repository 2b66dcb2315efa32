// A zone inside the test: remembers commands, keeps the fence, runs nothing twice, and leaves results over HTTP from an
// outbox until they are taken. Thread rule: any thread.
#pragma once

#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "backupctl/zone_result.hpp"
#include "http/client.hpp"
#include "integration/support/fake_server.hpp"
#include "wire/manifest_json.hpp"
#include "wire/zone_command_json.hpp"
#include "wire/zone_result_json.hpp"

namespace backupctl::testing {

inline std::string text_of(const ZoneResult& result) { return wire::json_text(wire::write_zone_result, result); }

inline ZoneResult success_of(const std::string& id, const std::string& zone = "files") {
  return {.command_id = RequestId::parse(id).value(),
          .code = ResultCode::succeeded,
          .zone = ZoneName::parse(zone).value(),
          .storage_path = "ledger/" + id,
          .byte_count = 123,
          .verify_hash = "sha256:" + std::string(64, 'a')};
}

inline ZoneResult failure_of(const std::string& id, const std::string& zone = "files") {
  return {.command_id = RequestId::parse(id).value(),
          .code = ResultCode::failed,
          .reason_code = "source-missing",
          .zone = ZoneName::parse(zone).value(),
          .message = "there is no such folder"};
}

enum class Work {
  succeed,  // a success at once
  fail,     // a failure at once
  keep_on,  // accepted, and never finished by itself
  refuse,   // 422 to every command
};

class FakeZone {
 public:
  explicit FakeZone(std::string name = "files", Work work = Work::succeed)
      : name_(std::move(name)),
        work_(work),
        server_([this](const auto& request) { return answer(request); }),
        outbox_([this] { deliver_all(); }) {}
  ~FakeZone() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    wake_.notify_all();
    outbox_.join();
  }

  FakeServer& server() { return server_; }
  const std::string& name() const { return name_; }
  std::string url() const { return server_.url(); }
  void set(Work work) {
    const std::lock_guard lock(mutex_);
    work_ = work;
  }
  // Where results go; empty: they wait.
  void report_to(std::string controller_url, std::string token = {}) {
    const std::lock_guard lock(mutex_);
    controller_ = std::move(controller_url);
    token_ = std::move(token);
    wake_.notify_all();
  }
  void finish(const ZoneResult& result) {
    const std::lock_guard lock(mutex_);
    end(result.command_id.to_string(), result);
  }

  // What it tells when asked what it holds; the pages have two each.
  void hold(std::vector<Manifest> manifests) {
    const std::lock_guard lock(mutex_);
    held_ = std::move(manifests);
  }

  // A fault to be found: a command that comes again runs again.
  void forget_what_ran() {
    const std::lock_guard lock(mutex_);
    forgets_ = true;
  }
  // How often a command was run: once at most, whatever was sent.
  std::map<std::string, int> runs() {
    const std::lock_guard lock(mutex_);
    std::map<std::string, int> runs;
    for (const auto& [id, command] : commands_) runs[id] = command.runs;
    return runs;
  }
  int stale_fences() {
    const std::lock_guard lock(mutex_);
    return stale_fences_;
  }
  bool knows(const std::string& id) {
    const std::lock_guard lock(mutex_);
    return commands_.contains(id);
  }

 private:
  struct Command {
    std::int64_t fence = 0;
    std::string body;
    int runs = 0;
    std::string result;  // empty until it has finished
  };

  http::Response answer(const http::Request& request) {
    const std::lock_guard lock(mutex_);
    const auto& id = request.segments.back();
    if (id == "backups") return list(request);
    const auto fence = std::atoll(std::string(request.headers.find("Backupctl-Fence").value_or("0")).c_str());
    auto known = commands_.find(id);
    if (request.method == "GET") return known == commands_.end() ? unknown() : status(200, known->second);
    if (known != commands_.end() && fence < known->second.fence) {
      ++stale_fences_;
      return http::problem_response(412, "stale-fence", "a higher fence has been seen");
    }
    if (known != commands_.end()) known->second.fence = fence;
    return request.method == "PUT" ? put(request, id, fence) : cancel(id, fence);
  }

  http::Response list(const http::Request& request) {
    const auto after =
        static_cast<std::size_t>(std::atoll(std::string(request.query_parameter("cursor").value_or("0")).c_str()));
    constexpr std::size_t page = 2;
    std::vector<Manifest> items;
    for (std::size_t i = after; i < held_.size() && i < after + page; ++i) items.push_back(held_[i]);
    const auto next = after + page < held_.size() ? std::optional(std::to_string(after + page)) : std::nullopt;
    return http::json_response(200, wire::list_text(items, wire::write_manifest, next));
  }

  http::Response put(const http::Request& request, const std::string& id, std::int64_t fence) {
    const auto known = commands_.find(id);
    if (known != commands_.end() && !forgets_) {
      if (!known->second.body.empty() && known->second.body != request.body)
        return http::problem_response(409, "command-conflict", "known with another body");
      return status(200, known->second);
    }
    if (work_ == Work::refuse) return http::problem_response(422, "source-not-allowed", "outside the allowed roots");
    auto& command = commands_[id];
    command = {fence, request.body, command.runs + 1, {}};
    if (work_ == Work::succeed) end(id, success_of(id, name_));
    if (work_ == Work::fail) end(id, failure_of(id, name_));
    return status(202, command);
  }

  http::Response cancel(const std::string& id, std::int64_t fence) {
    auto& command = commands_[id];
    command.fence = fence;
    if (!command.result.empty()) return http::problem_response(409, "command-finished", "it has ended");
    end(id, {.command_id = RequestId::parse(id).value(),
             .code = ResultCode::cancelled,
             .reason_code = "cancelled",
             .zone = ZoneName::parse(name_).value()});
    return status(202, command);
  }

  void end(const std::string& id, const ZoneResult& result) {
    commands_[id].result = text_of(result);
    waiting_.emplace_back(id, commands_[id].result);
    wake_.notify_all();
  }

  static http::Response unknown() { return http::problem_response(404, "command-not-found", "never told of it"); }
  static http::Response status(int code, const Command& command) {
    std::string text;
    wire::JsonWriter out(text);
    wire::write_command_status(out, command.result.empty() ? CommandState::running : CommandState::finished, {},
                               command.result);
    return http::json_response(code, std::move(text));
  }

  void deliver_all() {
    std::unique_lock lock(mutex_);
    while (!over_) {
      wake_.wait(lock, [this] { return over_ || (!controller_.empty() && !waiting_.empty()); });
      if (over_) return;
      const auto [id, body] = waiting_.front();
      const http::ClientOptions options{
          .base_url = controller_, .timeout = std::chrono::seconds{5}, .bearer_token = token_};
      lock.unlock();
      const auto taken =
          http::call(options, {"PUT", "/api/zone-results/" + id, {{"Content-Type", "application/json"}}, body});
      lock.lock();
      if (taken && taken->status == 202) {
        waiting_.pop_front();
      } else {
        wake_.wait_for(lock, std::chrono::milliseconds{20}, [this] { return over_; });
      }
    }
  }

  const std::string name_;
  std::mutex mutex_;
  std::condition_variable wake_;
  Work work_;
  bool over_ = false;
  bool forgets_ = false;
  int stale_fences_ = 0;
  std::string controller_;
  std::string token_;
  std::map<std::string, Command> commands_;
  std::vector<Manifest> held_;
  std::deque<std::pair<std::string, std::string>> waiting_;  // results to deliver
  FakeServer server_;
  std::thread outbox_;
};

}  // namespace backupctl::testing
