// A program of ours as a child process, its log (standard error) in a file. Killed at the latest with the object.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "integration/support/eventually.hpp"
#include "integration/support/temp_dir.hpp"

namespace backupctl::testing {

struct Launch {
  std::string program;
  std::vector<std::string> arguments{};
  std::map<std::string, std::string> environment{};  // beside ours
  std::filesystem::path log{};                       // appended to
  std::filesystem::path folder{};                    // to run in; empty: ours
};

class Process {
 public:
  explicit Process(const Launch& launch) : log_(launch.log), log_begin_(read_file(launch.log).size()) {
    std::vector<std::string> words{launch.program};
    words.insert(words.end(), launch.arguments.begin(), launch.arguments.end());
    std::vector<std::string> variables;
    for (const auto& [name, value] : launch.environment) variables.push_back(name + "=" + value);
    for (char** variable = environ; *variable != nullptr; ++variable) variables.emplace_back(*variable);
    auto argv = pointers(words);
    auto envp = pointers(variables);
    const auto folder = launch.folder.string();
    const int log = ::open(launch.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    pid_ = ::fork();  // from here the child calls only what is safe after a fork of many threads
    if (pid_ == 0) {
      ::dup2(log, STDOUT_FILENO);
      ::dup2(log, STDERR_FILENO);
      ::close_range(3, ~0U, 0);  // the test's own sockets: a peer that goes down must be gone
      if (folder.empty() || ::chdir(folder.c_str()) == 0) ::execve(argv[0], argv.data(), envp.data());
      ::_exit(127);
    }
    ::close(log);
    if (pid_ < 0) throw std::runtime_error("cannot fork");
  }
  ~Process() {
    if (!exited()) kill();
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t id() const { return pid_; }
  void signal(int number) const { ::kill(pid_, number); }
  void kill() {
    if (exited()) return;
    signal(SIGKILL);
    eventually([this] { return exited(); });
  }

  bool exited() {
    int status = 0;
    if (!code_ && ::waitpid(pid_, &status, WNOHANG) == pid_)
      code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return code_.has_value();
  }
  // The exit code, 128 + N after signal N; nothing when it still runs after all that time.
  std::optional<int> wait(std::chrono::milliseconds patience = std::chrono::seconds{30}) {
    eventually([this] { return exited(); }, patience);
    return code_;
  }

  std::string log() const { return read_file(log_).substr(log_begin_); }
  // The value of a text field of the first log line with this message, once there is one; empty when the process ends
  // without, or takes too long.
  std::string logged(const std::string& message, const std::string& field) {
    std::string value;
    eventually([&] {
      const bool ended = exited();
      const auto text = log();
      const auto line = text.find("\"msg\":\"" + message + "\"");
      const auto line_end = line == std::string::npos ? line : text.find('\n', line);
      if (line_end == std::string::npos) return ended;
      const auto key = "\"" + field + "\":\"";
      const auto begin = text.find(key, line) + key.size();
      value = text.substr(begin, text.find('"', begin) - begin);
      return true;
    });
    return value;
  }

 private:
  static std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (auto& text : texts) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
  }

  std::filesystem::path log_;
  std::size_t log_begin_;
  pid_t pid_ = -1;
  std::optional<int> code_{};
};

}  // namespace backupctl::testing
