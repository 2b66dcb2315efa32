// Gets pages at an even pace over one keep-alive connection: one kind of page after the other, each for an equal part
// of the time, so that a slow kind takes nothing from the others. Tells for each kind how long the answers took, how
// many were none (not 2xx) and how large they were.
#include <chrono>
#include <map>
#include <thread>

#include "flags.hpp"
#include "raw_http.hpp"

namespace backupctl::bench {
namespace {

using Clock = std::chrono::steady_clock;

int run(const Flags& flags) {
  std::map<std::string, std::vector<std::string>> kinds;
  std::ifstream file(flags.text("--pages"));
  for (std::string kind, target; file >> kind >> target;) kinds[kind].push_back(target);
  if (kinds.empty()) return std::fputs("bench_pages: --pages names no file of \"kind target\" lines\n", stderr), 2;
  const auto head = " HTTP/1.1\r\nHost: bench\r\n" + authorization(flags.text("--token-file")) + "\r\n";
  const int socket = connect_to(flags.text("--to"));
  const auto pace = std::chrono::microseconds(1'000'000 / flags.number("--per-second"));
  const auto part = std::chrono::milliseconds(flags.number("--milliseconds")) / kinds.size();
  for (const auto& [kind, targets] : kinds) {
    std::vector<float> times;
    std::size_t refused = 0, bytes = 0;
    const auto end = Clock::now() + part;
    for (auto due = Clock::now(); due < end; due = std::max(due + pace, Clock::now())) {
      std::this_thread::sleep_until(due);
      const auto& target = targets[times.size() % targets.size()];
      const auto request = "GET " + target + head;
      const auto asked = Clock::now();
      send_all(socket, request.data(), request.size());
      std::string answer;
      while (!receive(socket, answer)) {
      }
      times.push_back(std::chrono::duration<float, std::milli>(Clock::now() - asked).count());
      bytes += answer.size();
      if (!is_success(answer) && ++refused == 1)
        std::fprintf(stderr, "no page for %s: %s\n", target.c_str(), answer.c_str());
    }
    std::sort(times.begin(), times.end());
    std::printf("kind=%s answers=%zu refused=%zu p50_ms=%.2f p99_ms=%.2f max_ms=%.2f bytes=%zu\n", kind.c_str(),
                times.size(), refused, at_share(times, 0.5), at_share(times, 0.99), at_share(times, 1),
                bytes / std::max<std::size_t>(times.size(), 1));
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
