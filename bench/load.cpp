// Posts backup requests over keep-alive connections, each connection the next one when the last is answered, each with
// a key that was never used, and tells how many were admitted (2xx) and how long the answers took.
// Raw sockets and one thread, so that the load takes little of the machine that it loads.
#include <sys/epoll.h>

#include <cerrno>
#include <chrono>
#include <limits>
#include <random>

#include "flags.hpp"
#include "raw_http.hpp"

namespace backupctl::bench {
namespace {

using Clock = std::chrono::steady_clock;

class Poster {
 public:
  explicit Poster(const Flags& flags) : flags_(flags) {
    std::ifstream jobs(flags.text("--jobs"));
    for (std::string job; jobs >> job;) jobs_.push_back(job);
    if (jobs_.empty()) std::exit((std::fputs("bench_load: --jobs names no file of job ids\n", stderr), 2));
    if (flags.number("--at-most") > 0) at_most_ = static_cast<std::size_t>(flags.number("--at-most"));
    head_ = authorization(flags.text("--token-file"));
  }

  void run() {
    const auto connections = flags_.number("--connections");
    const int poll = ::epoll_create1(EPOLL_CLOEXEC);
    for (long i = 0; i < connections; ++i) {
      connections_.push_back({connect_to(flags_.text("--to")), {}, {}});
      epoll_event event{.events = EPOLLIN, .data = {.u64 = static_cast<std::uint64_t>(i)}};
      if (::epoll_ctl(poll, EPOLL_CTL_ADD, connections_.back().socket, &event) != 0) fail("epoll_ctl");
    }
    const auto begun = Clock::now();
    const auto end = begun + std::chrono::milliseconds(flags_.number("--milliseconds"));
    for (auto& connection : connections_) post(connection);
    std::vector<epoll_event> events(connections_.size());
    while (open_ > 0) {
      const int ready = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), 30'000);
      if (ready < 0 && errno == EINTR) continue;  // it was stopped for a moment
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
    send_all(connection.socket, request, static_cast<std::size_t>(total));
  }

  void take(Connection& connection, Clock::time_point end) {
    auto& text = connection.received;
    if (!receive(connection.socket, text)) return;
    const auto now = Clock::now();
    if (is_success(text)) {
      latencies_.push_back(std::chrono::duration<float, std::milli>(now - connection.posted).count());
    } else if (++refused_ == 1) {
      std::fprintf(stderr, "not admitted: %s\n", text.c_str());
    }
    text.clear();
    --open_;
    if (now < end && count_ < at_most_) post(connection);
  }

  void tell(double seconds) {
    std::sort(latencies_.begin(), latencies_.end());
    timespec cpu{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    const double admitted = double(latencies_.size());
    std::printf("admitted=%zu refused=%zu per_second=%.0f p50_ms=%.2f p99_ms=%.2f max_ms=%.2f cpu_us=%.0f\n",
                latencies_.size(), refused_, admitted / seconds, at_share(latencies_, 0.5), at_share(latencies_, 0.99),
                at_share(latencies_, 1),
                (double(cpu.tv_sec) * 1e6 + double(cpu.tv_nsec) / 1e3) / std::max(admitted, 1.0));
  }

  const Flags& flags_;
  std::vector<std::string> jobs_;
  std::string head_;
  std::vector<Connection> connections_;
  std::mt19937_64 random_{std::random_device{}()};
  std::size_t at_most_ = std::numeric_limits<std::size_t>::max(), count_ = 0, open_ = 0, refused_ = 0;
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
                                       {"--milliseconds", "5000"},
                                       {"--at-most", "0"}});  // requests; 0: as many as there is time for
  backupctl::bench::Poster(flags).run();
}
