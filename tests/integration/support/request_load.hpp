// Requests posted to several controllers while these fail, and what callers were told of them.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "crash/kill_record.hpp"
#include "integration/support/controller_process.hpp"

namespace backupctl::testing {

// Where clients ask, and what they were told. Thread-safe.
class Front {
 public:
  void set(std::size_t host, const std::string& url) {
    const std::lock_guard lock(mutex_);
    hosts_.resize(std::max(hosts_.size(), host + 1));
    hosts_[host].url = url;
  }
  // Any number: they come round again.
  std::string url(std::size_t turn) const {
    const std::lock_guard lock(mutex_);
    return hosts_[turn % hosts_.size()].url;
  }
  void acknowledge(std::size_t turn, const std::string& key, const std::string& id) {
    const std::lock_guard lock(mutex_);
    ++hosts_[turn % hosts_.size()].answers;
    const auto [at, fresh] = ids_.try_emplace(key, id);
    if (!fresh && at->second != id) contradictions_.push_back(key + ": " + at->second + " and " + id);
  }
  std::map<std::string, std::string> acknowledged() const {  // ids by key
    const std::lock_guard lock(mutex_);
    return ids_;
  }
  std::vector<std::string> contradictions() const {
    const std::lock_guard lock(mutex_);
    return contradictions_;
  }
  std::size_t answers(std::size_t host) const {
    const std::lock_guard lock(mutex_);
    return hosts_[host].answers;
  }
  std::size_t answers() const {
    const std::lock_guard lock(mutex_);
    std::size_t all = 0;
    for (const auto& host : hosts_) all += host.answers;
    return all;
  }

 private:
  struct Host {
    std::string url;
    std::size_t answers = 0;
  };

  mutable std::mutex mutex_;
  std::vector<Host> hosts_;
  std::map<std::string, std::string> ids_;
  std::vector<std::string> contradictions_;
};

// Clients that post until end(): each under one key after another, until it is answered, at one host after the other;
// every fifth once more.
class Load {
 public:
  Load(Front& front, std::size_t clients) : front_(front) {
    for (std::size_t client = 0; client < clients; ++client) {
      threads_.emplace_back([this, client] { post(client); });
    }
  }
  ~Load() { end(); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  void end() {
    over_ = true;
    for (auto& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  void post(std::size_t client) {
    auto turn = client;
    for (int number = 0; !over_; ++number) {
      const auto key = std::to_string(client) + "-" + std::to_string(number);
      for (int answers = 0; !over_ && answers < (number % 5 == 0 ? 2 : 1);) {
        HttpProbe probe(front_.url(++turn));
        const auto answer = probe.post("/api/backup-requests", request_body(), with_key(key));
        if (answer.status != 202 && answer.status != 200) continue;
        front_.acknowledge(turn, key, id_of(answer));
        ++answers;
      }
    }
  }

  Front& front_;
  std::atomic<bool> over_ = false;
  std::vector<std::thread> threads_;
};

inline KillRecord record_of(ControllerProcess& controller, FakeZone& zone, const Front& front, std::size_t clients) {
  return record_of(controller, zone, front.acknowledged(), front.contradictions(), clients);
}

}  // namespace backupctl::testing
