// Posts backup requests over keep-alive connections, each connection the next one when the last is answered, each with
// a key that was never used, and tells how many were admitted (2xx) and how long the answers took.
// Raw sockets and one thread, so that the load takes little of the machine that it loads.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <ctime>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "flags.hpp"

namespace backupctl::bench {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

class Poster {
 public:
  explicit Poster(const Flags& flags) : flags_(flags) {
    std::ifstream jobs(flags.text("--jobs"));
    for (std::string job; jobs >> job;) jobs_.push_back(job);
    if (jobs_.empty()) std::exit((std::fputs("bench_load: --jobs names no file of job ids\n", stderr), 2));
    if (!flags.text("--token-file").empty()) {
      std::string token;
      std::ifstream(flags.text("--token-file")) >> token;
      head_ = "Authorization: Bearer " + token + "\r\n";
    }
  }

  void run() {
    const auto connections = flags_.number("--connections");
    const int poll = ::epoll_create1(EPOLL_CLOEXEC);
    for (long i = 0; i < connections; ++i) {
      connections_.push_back({connect(), {}, {}});
      epoll_event event{.events = EPOLLIN, .data = {.u64 = static_cast<std::uint64_t>(i)}};
      if (::epoll_ctl(poll, EPOLL_CTL_ADD, connections_.back().socket, &event) != 0) fail("epoll_ctl");
    }
    const auto begun = Clock::now();
    const auto end = begun + std::chrono::milliseconds(flags_.number("--milliseconds"));
    for (auto& connection : connections_) post(connection);
    std::vector<epoll_event> events(connections_.size());
    while (open_ > 0) {
      const int ready = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), 30'000);
      if (ready <= 0) fail("no answer within 30 s");
      for (int i = 0; i < ready; ++i) take(connections_[events[static_cast<std::size_t>(i)].data.u64], end);
    }
    tell(std::chrono::duration<double>(Clock::now() - begun).count());
  }

 private:
  struct Connection {
    int socket;
    std::string received;
    Clock::time_point posted;
  };

  int connect() const {
    const auto& to = flags_.text("--to");
    const auto colon = to.rfind(':');
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(to.substr(colon + 1).c_str())));
    ::inet_pton(AF_INET, to.substr(0, colon).c_str(), &address.sin_addr);
    const int one = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(one, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail(to.c_str());
    const int yes = 1;
    ::setsockopt(one, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return one;
  }

  void post(Connection& connection) {
    const auto& job = jobs_[count_ % jobs_.size()];
    const auto day = 1 + count_ % 28, month = 1 + count_ / 28 % 12;
    char body[512], request[1024], date[16];
    std::snprintf(date, sizeof date, "2021-%02zu-%02zu", month, day);
    const int size = std::snprintf(body, sizeof body,
                                   R"({"apiVersion":"2026-11-01","backupJobId":"%s",)"
                                   R"("backupSourcePath":"/data/ledger/%s","dataAsOfDate":"%s"})",
                                   job.c_str(), date, date);
    const int total = std::snprintf(request, sizeof request,
                                    "POST /api/backup-requests HTTP/1.1\r\nHost: bench\r\n%s"
                                    "Content-Type: application/json\r\nIdempotency-Key: %016llx%016llx\r\n"
                                    "Content-Length: %d\r\n\r\n%s",
                                    head_.c_str(), static_cast<unsigned long long>(random_()),
                                    static_cast<unsigned long long>(random_()), size, body);
    ++count_;
    ++open_;
    connection.posted = Clock::now();
    if (::send(connection.socket, request, static_cast<std::size_t>(total), MSG_NOSIGNAL) != total) fail("send");
  }

  void take(Connection& connection, Clock::time_point end) {
    char buffer[8192];
    const auto size = ::recv(connection.socket, buffer, sizeof buffer, 0);
    if (size <= 0) fail("a connection was closed");
    auto& text = connection.received;
    text.append(buffer, static_cast<std::size_t>(size));
    const auto head = text.find("\r\n\r\n");
    if (head == std::string::npos) return;
    const auto length = text.find("Content-Length: ");
    if (length > head) std::exit((std::fprintf(stderr, "an answer without a length: %s\n", text.c_str()), 1));
    const auto whole = head + 4 + static_cast<std::size_t>(std::atol(text.c_str() + length + 16));
    if (text.size() < whole) return;
    const auto now = Clock::now();
    if (text.compare(9, 1, "2") == 0) {
      latencies_.push_back(std::chrono::duration<float, std::milli>(now - connection.posted).count());
    } else if (++refused_ == 1) {
      std::fprintf(stderr, "not admitted: %s\n", text.c_str());
    }
    text.clear();
    --open_;
    if (now < end) post(connection);
  }

  void tell(double seconds) {
    std::sort(latencies_.begin(), latencies_.end());
    const auto at = [&](double share) {
      return latencies_.empty() ? 0.0F : latencies_[static_cast<std::size_t>(share * double(latencies_.size() - 1))];
    };
    timespec cpu{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    const double admitted = double(latencies_.size());
    std::printf("admitted=%zu refused=%zu per_second=%.0f p50_ms=%.2f p99_ms=%.2f max_ms=%.2f cpu_us=%.0f\n",
                latencies_.size(), refused_, admitted / seconds, at(0.5), at(0.99), at(1),
                (double(cpu.tv_sec) * 1e6 + double(cpu.tv_nsec) / 1e3) / std::max(admitted, 1.0));
  }

  const Flags& flags_;
  std::vector<std::string> jobs_;
  std::string head_;
  std::vector<Connection> connections_;
  std::mt19937_64 random_{std::random_device{}()};
  std::size_t count_ = 0, open_ = 0, refused_ = 0;
  std::vector<float> latencies_;
};

}  // namespace
}  // namespace backupctl::bench

int main(int argc, char** argv) {
  const backupctl::bench::Flags flags(argc, argv,
                                      {{"--to", "127.0.0.1:8080"},
                                       {"--jobs", ""},
                                       {"--token-file", ""},
                                       {"--connections", "128"},
                                       {"--milliseconds", "5000"}});
  backupctl::bench::Poster(flags).run();
}
