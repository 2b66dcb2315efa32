// Gets pages over one keep-alive connection, at an even pace and in turn, and tells for each kind of page how long the
// answers took, how many were none (not 2xx) and how large they were.
#include <chrono>
#include <map>
#include <thread>

#include "flags.hpp"
#include "raw_http.hpp"

namespace backupctl::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Page {
  std::string kind, target;
};

struct Kind {
  std::vector<float> times{};
  std::size_t refused = 0, bytes = 0;
};

int run(const Flags& flags) {
  std::vector<Page> pages;
  std::ifstream file(flags.text("--pages"));
  for (Page page; file >> page.kind >> page.target;) pages.push_back(page);
  if (pages.empty()) return std::fputs("bench_pages: --pages names no file of \"kind target\" lines\n", stderr), 2;
  const auto head = " HTTP/1.1\r\nHost: bench\r\n" + authorization(flags.text("--token-file")) + "\r\n";
  const int socket = connect_to(flags.text("--to"));
  const auto pace = std::chrono::microseconds(1'000'000 / flags.number("--per-second"));
  const auto end = Clock::now() + std::chrono::milliseconds(flags.number("--milliseconds"));
  std::map<std::string, Kind> kinds;
  std::size_t next = 0;
  for (auto due = Clock::now(); due < end; due = std::max(due + pace, Clock::now())) {
    std::this_thread::sleep_until(due);
    const auto& page = pages[next++ % pages.size()];
    const auto request = "GET " + page.target + head;
    const auto asked = Clock::now();
    send_all(socket, request.data(), request.size());
    std::string answer;
    while (!receive(socket, answer)) {
    }
    auto& kind = kinds[page.kind];
    kind.times.push_back(std::chrono::duration<float, std::milli>(Clock::now() - asked).count());
    kind.bytes += answer.size();
    if (!is_success(answer) && ++kind.refused == 1)
      std::fprintf(stderr, "no page for %s: %s\n", page.target.c_str(), answer.c_str());
  }
  for (auto& [name, kind] : kinds) {
    std::sort(kind.times.begin(), kind.times.end());
    std::printf("kind=%s answers=%zu refused=%zu p50_ms=%.2f p99_ms=%.2f max_ms=%.2f bytes=%zu\n", name.c_str(),
                kind.times.size(), kind.refused, at_share(kind.times, 0.5), at_share(kind.times, 0.99),
                at_share(kind.times, 1), kind.bytes / kind.times.size());
  }
  return 0;
}

}  // namespace
}  // namespace backupctl::bench

int main(int argc, char** argv) {
  return backupctl::bench::run({argc,
                                argv,
                                {{"--to", "127.0.0.1:8080"},
                                 {"--pages", ""},
                                 {"--token-file", ""},
                                 {"--per-second", "100"},
                                 {"--milliseconds", "5000"}}});
}
