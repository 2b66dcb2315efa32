#include "soci/postgresql/work_channel.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "soci/postgresql/dialect.hpp"

namespace backupctl::soci {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds between_announcements{50};
constexpr milliseconds first_wait{500};  // before a lost connection is made again, doubled up to
constexpr milliseconds longest_wait{10'000};
constexpr milliseconds no_end{-1};

}  // namespace

WorkChannel::WorkChannel(PostgresqlUrl url, std::function<void()> hear)
    : hear_(std::move(hear)), session_(std::move(url)), alarm_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  thread_ = std::thread([this] { run(); });
}

WorkChannel::~WorkChannel() {
  over_ = true;
  sound_alarm();
  thread_.join();
  ::close(alarm_);
}

void WorkChannel::announce() {
  if (!to_announce_.exchange(true)) sound_alarm();
}

void WorkChannel::sound_alarm() {
  const std::uint64_t one = 1;
  if (::write(alarm_, &one, sizeof one) < 0) return;  // it rings already
}

void WorkChannel::pause(int socket, Wait at_most) {
  pollfd watched[] = {{alarm_, POLLIN, 0}, {socket, POLLIN, 0}};  // a negative one is passed over
  ::poll(watched, 2, static_cast<int>(at_most.count()));
  std::uint64_t ignored = 0;
  if (::read(alarm_, &ignored, sizeof ignored) < 0) return;
}

void WorkChannel::run() {
  for (auto wait = first_wait; !over_; wait = std::min(2 * wait, longest_wait)) {
    const auto begun = session_.connection();
    if (listen()) return;
    if (session_.connection() != begun) wait = first_wait;
    const auto until = clock_.monotonic() + wait;
    for (auto now = clock_.monotonic(); !over_ && now < until; now = clock_.monotonic()) {
      pause(-1, std::chrono::ceil<Wait>(until - now));
    }
  }
}

Result<void> WorkChannel::listen() {
  // Nothing is lost with a word that is lost, so nobody waits for the disk.
  if (auto set = session_.run("SET synchronous_commit = off; LISTEN backupctl_work"); !set) return set;
  const auto connection = session_.connection();
  const auto schema = session_.read([&]() -> Result<std::string> {
    std::string name;
    session_.sql() << "SELECT current_schema()", ::soci::into(name);
    return name;
  });
  if (!schema) return schema.error();
  if (session_.connection() != connection) return listen();  // another one does not listen yet
  hear_();                                                   // for what was said before
  auto quiet_until = clock_.monotonic();
  while (!over_) {
    const auto quiet_for = std::chrono::ceil<Wait>(quiet_until - clock_.monotonic());
    if (to_announce_ && quiet_for <= Wait{0}) {
      to_announce_ = false;
      if (auto said = session_.run(pg_announce_work); !said) return said;
      quiet_until = clock_.monotonic() + between_announcements;
      continue;
    }
    const auto heard = session_.heard();
    if (!heard) return heard.error();
    if (std::ranges::find(*heard, *schema) != heard->end()) hear_();
    pause(session_.socket(), to_announce_ ? std::max(quiet_for, Wait{0}) : no_end);
  }
  return {};
}

}  // namespace backupctl::soci
