// A PostgreSQL server of the test's own: made in a temporary folder, on a free port of the loopback, gone with the
// object. It runs as the user postgres when the test runs as root, which the server does not allow.
// Thread rule: the thread that made it.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "integration/support/eventually.hpp"
#include "integration/support/temp_dir.hpp"

namespace backupctl::testing {

class PostgresqlCluster {
 public:
  enum class Sync { off, on };  // off: fast, for tests that do not kill the server

  // Where the server's programs are; empty when it is not installed.
  static std::filesystem::path programs() {
    std::filesystem::path newest;
    std::error_code none;
    for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", none)) {
      if (std::filesystem::exists(version.path() / "bin/initdb") && version.path() / "bin" > newest)
        newest = version.path() / "bin";
    }
    return newest;
  }
  // A machine that has to run every test says so; elsewhere tests without a server are skipped.
  static bool is_required() {
    const char* ci = std::getenv("CI");
    const char* required = std::getenv("BACKUPCTL_TEST_SERVERS");
    return (ci && std::string(ci) == "true") || (required && std::string(required) == "required");
  }

  explicit PostgresqlCluster(Sync sync) : port_(free_port()) {
    if (::geteuid() == 0) {
      const auto* user = ::getpwnam("postgres");
      if (!user) throw std::runtime_error("there is no user postgres to run the server as");
      user_ = user->pw_uid;
      group_ = user->pw_gid;
      if (::chown(folder_.path().c_str(), user_, group_) != 0) throw std::runtime_error("cannot give the folder away");
    }
    const auto made = child({"initdb", "-D", data(), "-U", "backupctl", "-A", "trust", "-E", "UTF8", "--no-sync",
                             "--no-instructions", "--locale=C.UTF-8"});
    int status = 0;
    if (::waitpid(made, &status, 0) != made || status != 0) throw std::runtime_error("initdb failed: " + log());
    if (sync == Sync::off) set("fsync", "off");
    start();
  }
  ~PostgresqlCluster() { stop(); }
  PostgresqlCluster(const PostgresqlCluster&) = delete;
  PostgresqlCluster& operator=(const PostgresqlCluster&) = delete;

  // For the next start, or beside reload().
  void set(const std::string& name, const std::string& value) { settings_.push_back(name + "=" + value); }

  void start() {
    std::vector<std::string> words{"postgres", "-D",           data(), "-p",       std::to_string(port_),
                                   "-k",       folder_.path(), "-h",   "127.0.0.1"};
    for (const auto& setting : settings_) words.insert(words.end(), {"-c", setting});
    server_ = child(words);
    if (!eventually([this] { return accepts(); })) throw std::runtime_error("PostgreSQL does not start: " + log());
  }
  // Hard, as a crash would: what was not committed is gone, every connection is cut.
  void stop() {
    if (server_ <= 0) return;
    ::kill(server_, SIGQUIT);
    ::waitpid(server_, nullptr, 0);
    server_ = -1;
  }

  // Alive and silent: connections are made and stay, nobody answers on them.
  void freeze() const {
    ::kill(server_, SIGSTOP);
    for (const auto backend : backends()) ::kill(backend, SIGSTOP);
  }
  void thaw() const {
    for (const auto backend : backends()) ::kill(backend, SIGCONT);
    ::kill(server_, SIGCONT);
  }

  int port() const { return port_; }
  std::string url(const std::string& schema = {}, int port = 0) const {
    return "postgresql://backupctl@127.0.0.1:" + std::to_string(port ? port : port_) + "/postgres" +
           (schema.empty() ? "" : "?schema=" + schema);
  }

  // Runs statements on a connection of their own; the first column of the last one's first row.
  std::string run(const std::string& statements) const {
    auto* connection = PQconnectdb(url().c_str());
    PQsetNoticeProcessor(
        connection, [](void*, const char*) {}, nullptr);
    auto* result = PQexec(connection, statements.c_str());
    const auto status = PQresultStatus(result);
    std::string value = status == PGRES_TUPLES_OK && PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "";
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) ADD_FAILURE() << PQerrorMessage(connection);
    PQclear(result);
    PQfinish(connection);
    return value;
  }
  std::string log() const { return read_file(folder_.path() / "log"); }

 private:
  std::string data() const { return (folder_.path() / "data").string(); }
  bool accepts() const { return PQping(url().c_str()) == PQPING_OK; }

  std::vector<pid_t> backends() const {
    const auto id = std::to_string(server_);
    std::ifstream children("/proc/" + id + "/task/" + id + "/children");
    return {std::istream_iterator<pid_t>(children), {}};
  }

  static int free_port() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(socket, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("no free port");
    }
    ::close(socket);
    return ntohs(address.sin_port);
  }

  pid_t child(const std::vector<std::string>& words) const {
    const auto program = (programs() / words.front()).string();
    std::vector<char*> argv;
    for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    const auto log_path = (folder_.path() / "log").string();
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    const bool changed = user_ == 0 || (::setgid(group_) == 0 && ::setuid(user_) == 0);
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT);  // a test that is killed leaves no server behind
    const int log = ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    ::close_range(3, ~0U, 0);
    if (changed && ::chdir(folder_.path().c_str()) == 0) ::execv(program.c_str(), argv.data());
    ::_exit(127);
  }

  TempDir folder_;
  int port_;
  uid_t user_ = 0;
  gid_t group_ = 0;
  std::vector<std::string> settings_;
  pid_t server_ = -1;
};

// In a test or fixture, before anything else: goes on only when there is a server to test with.
#define BACKUPCTL_NEEDS_POSTGRESQL()                                                         \
  do {                                                                                       \
    if (::backupctl::testing::PostgresqlCluster::programs().empty()) {                       \
      if (::backupctl::testing::PostgresqlCluster::is_required())                            \
        GTEST_FAIL() << "PostgreSQL is not installed (package postgresql)";                  \
      GTEST_SKIP() << "PostgreSQL is not installed (package postgresql): nothing is tested"; \
    }                                                                                        \
  } while (false)

}  // namespace backupctl::testing
