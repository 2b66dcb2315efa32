// The real backupctl-zone in a process of its own.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "http/client.hpp"

extern char** environ;

namespace backupctl::zone::testing {

class ZoneProcess {
 public:
  // `settings` are "key=value"; the address is the system's choice.
  explicit ZoneProcess(const std::vector<std::string>& settings) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
    std::vector<std::string> words{BACKUPCTL_ZONE_PROGRAM, "--set", "zone.listen=127.0.0.1:0"};
    for (const auto& setting : settings) words.insert(words.end(), {"--set", setting});
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    if (::posix_spawn(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ) != 0) std::abort();
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    log_ = ::fdopen(ends[0], "r");
    // The end of the stream means that it never came to listen.
    for (char line[8192]; address_.empty() && std::fgets(line, sizeof line, log_);) {
      const std::string text{line};
      said_ += text;
      constexpr std::string_view member = R"("address":")";
      if (const auto at = text.find(member); text.find(R"("msg":"listening")") != text.npos && at != text.npos) {
        const auto begin = at + member.size();
        address_ = text.substr(begin, text.find('"', begin) - begin);
      }
    }
  }
  ~ZoneProcess() {
    if (pid_ > 0) end(SIGKILL);
    std::fclose(log_);
  }
  ZoneProcess(const ZoneProcess&) = delete;
  ZoneProcess& operator=(const ZoneProcess&) = delete;

  const std::string& address() const { return address_; }
  const std::string& said() const { return said_; }

  // The exit code, or minus the signal that ended it.
  int end(int signal) {
    ::kill(pid_, signal);
    return wait();
  }
  int wait() {
    // Read to the end first: it must not stand still over a full pipe.
    for (char line[8192]; std::fgets(line, sizeof line, log_);) said_ += line;
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  // Status 0 when there was no answer.
  http::ClientResponse call(std::string method, std::string target, std::string body = {}, std::string fence = "1") {
    http::ClientRequest request{std::move(method), std::move(target), {}, std::move(body)};
    if (request.method != "GET") request.headers.add("Backupctl-Fence", std::move(fence));
    if (!request.body.empty()) request.headers.add("Content-Type", "application/json");
    auto answer = http::call({.base_url = "http://" + address_, .timeout = std::chrono::seconds{30}}, request);
    return answer ? *std::move(answer) : http::ClientResponse{0, {}, answer.error().detail};
  }

 private:
  pid_t pid_ = -1;
  std::FILE* log_ = nullptr;
  std::string address_;
  std::string said_;
};

}  // namespace backupctl::zone::testing
