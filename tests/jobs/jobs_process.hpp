// A backupctl-jobs of its own, as a process, and somebody who asks it.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "digest/sha256.hpp"
#include "http/client.hpp"

namespace backupctl::jobs {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = std::filesystem::temp_directory_path() / "jobs-program-XXXXXX";
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp failed");
    path = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::filesystem::path path;
};

// Started with standard error on a pipe; the constructor returns once it listens or has ended.
class JobsProcess {
 public:
  explicit JobsProcess(std::vector<std::string> arguments) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe failed");
    arguments.insert(arguments.begin(), JOBS_PROGRAM);
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(ends[1], 2);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    ::close(ends[1]);
    log_end_ = ends[0];
    while (read_more()) {
      const auto begin = log.find("\"address\":\"");
      if (begin == std::string::npos || log.find('\n', begin) == std::string::npos) continue;
      address = log.substr(begin + 11, log.find('"', begin + 11) - begin - 11);
      break;
    }
  }
  ~JobsProcess() {
    if (child_ > 0) end(SIGKILL);
    ::close(log_end_);
  }
  JobsProcess(const JobsProcess&) = delete;
  JobsProcess& operator=(const JobsProcess&) = delete;

  // The exit code, or minus the signal that ended it. Signal 0: it ends by itself.
  int end(int signal) {
    ::kill(child_, signal);
    int status = 0;
    ::waitpid(child_, &status, 0);
    child_ = 0;
    while (read_more()) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  std::string address;  // empty: it never listened
  std::string log;

 private:
  bool read_more() {
    char buffer[4096];
    const auto count = ::read(log_end_, buffer, sizeof buffer);
    if (count > 0) log.append(buffer, static_cast<std::size_t>(count));
    return count > 0;
  }
  pid_t child_ = 0;
  int log_end_ = -1;
};

struct Answer {
  int status = 0;  // 0: no answer
  std::string body;
  http::Headers headers;
  boost::json::value json;

  std::string text(std::string_view member) const {
    const auto* value = json.is_object() ? json.as_object().if_contains(member) : nullptr;
    return value && value->is_string() ? std::string(value->as_string()) : "";
  }
  std::int64_t number(std::string_view member) const {
    const auto* value = json.is_object() ? json.as_object().if_contains(member) : nullptr;
    return value && value->is_int64() ? value->as_int64() : -1;
  }
  std::string code() const { return text("code"); }
};

class Caller {
 public:
  Caller(std::string address, std::string token) : address_(std::move(address)), token_(std::move(token)) {}

  Answer ask(const std::string& method, const std::string& target, std::string body = "", http::Headers headers = {}) {
    http::ClientRequest request{method, target, std::move(headers), std::move(body)};
    if (!request.body.empty() && !request.headers.find("Content-Type")) {
      request.headers.add("Content-Type", "application/json");
    }
    auto response = http::call({.base_url = "http://" + address_, .bearer_token = token_}, request);
    if (!response) return {};
    Answer answer{response->status, response->body, response->headers, {}};
    boost::json::error_code ignored;
    answer.json = boost::json::parse(response->body, ignored);
    return answer;
  }
  Answer get(const std::string& target) { return ask("GET", target); }
  Answer post(const std::string& target, std::string body) { return ask("POST", target, std::move(body)); }
  Answer put(const std::string& target, std::string body, const std::string& if_match) {
    return ask("PUT", target, std::move(body), {{"If-Match", if_match}});
  }
  // POST …/{action} for that version.
  Answer act(const std::string& id, const std::string& action, int version) {
    return post("/api/backup-jobs/" + id + "/" + action,
                R"({"version":)" + std::to_string(version) + R"(,"comment":"c"})");
  }

 private:
  std::string address_;
  std::string token_;
};

// A configuration with one token for each name: "alice owner", "bob approver auditor", …; the token is "token-" + name.
inline std::string token_table(const std::vector<std::pair<std::string, std::string>>& owners_and_roles) {
  std::string text;
  for (const auto& [name, owner_and_roles] : owners_and_roles) {
    const auto space = owner_and_roles.find(' ');
    text += "[[auth.token]]\nname = \"" + name + "\"\nowner = \"" + owner_and_roles.substr(0, space) +
            "\"\nsha256 = \"" + digest::sha256_hex("token-" + name) + "\"\nroles = [" +
            owner_and_roles.substr(space + 1) + "]\n";
  }
  return text;
}

}  // namespace backupctl::jobs
