// Gets pages at an even pace, those of each kind in turn over a keep-alive connection of their own, so that a slow kind
// does not hold up the others. Tells for each kind how long the answers took, how many were none (not 2xx) and how
// large they were.
#include <chrono>
#include <map>
#include <thread>

#include "flags.hpp"
#include "raw_http.hpp"

namespace backupctl::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Kind {
  std::vector<std::string> targets{};
  std::vector<float> times{};
  std::size_t refused = 0, bytes = 0;
};

struct Pace {
  Clock::time_point begin, end;
  Clock::duration each;
};

void read(Kind& kind, const Flags& flags, Pace pace) {
  const auto head = " HTTP/1.1\r\nHost: bench\r\n" + authorization(flags.text("--token-file")) + "\r\n";
  const int socket = connect_to(flags.text("--to"));
  for (auto due = pace.begin; due < pace.end; due = std::max(due + pace.each, Clock::now())) {
    std::this_thread::sleep_until(due);
    const auto& target = kind.targets[kind.times.size() % kind.targets.size()];
    const auto request = "GET " + target + head;
    const auto asked = Clock::now();
    send_all(socket, request.data(), request.size());
    std::string answer;
    while (!receive(socket, answer)) {
    }
    kind.times.push_back(std::chrono::duration<float, std::milli>(Clock::now() - asked).count());
    kind.bytes += answer.size();
    if (!is_success(answer) && ++kind.refused == 1)
      std::fprintf(stderr, "no page for %s: %s\n", target.c_str(), answer.c_str());
  }
  ::close(socket);
}

int run(const Flags& flags) {
  std::map<std::string, Kind> kinds;
  std::ifstream file(flags.text("--pages"));
  for (std::string kind, target; file >> kind >> target;) kinds[kind].targets.push_back(target);
  if (kinds.empty()) return std::fputs("bench_pages: --pages names no file of \"kind target\" lines\n", stderr), 2;
  const auto apart = std::chrono::microseconds(1'000'000 / flags.number("--per-second"));
  const auto begin = Clock::now(), end = begin + std::chrono::milliseconds(flags.number("--milliseconds"));
  std::vector<std::thread> readers;
  for (auto& [name, kind] : kinds) {
    const Pace pace{begin + apart * readers.size(), end, apart * kinds.size()};
    readers.emplace_back([&flags, &kind = kind, pace] { read(kind, flags, pace); });
  }
  for (auto& reader : readers) reader.join();
  for (auto& [name, kind] : kinds) {
    std::sort(kind.times.begin(), kind.times.end());
    std::printf("kind=%s answers=%zu refused=%zu p50_ms=%.2f p99_ms=%.2f max_ms=%.2f bytes=%zu\n", name.c_str(),
                kind.times.size(), kind.refused, at_share(kind.times, 0.5), at_share(kind.times, 0.99),
                at_share(kind.times, 1), kind.bytes / std::max<std::size_t>(kind.times.size(), 1));
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
