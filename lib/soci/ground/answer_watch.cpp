#include "soci/ground/answer_watch.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>

namespace backupctl::soci {

namespace {

constexpr Duration look_again = std::chrono::seconds(1);

bool is_silent(int socket) {
  pollfd watched{socket, POLLIN, 0};
  return ::poll(&watched, 1, 0) == 0;
}

}  // namespace

std::shared_ptr<AnswerWatch> AnswerWatch::shared() {
  static std::mutex mutex;
  static std::weak_ptr<AnswerWatch> last;
  const std::lock_guard lock(mutex);
  auto one = last.lock();
  if (!one) last = one = std::make_shared<AnswerWatch>();
  return one;
}

AnswerWatch::AnswerWatch() {
  thread_ = std::thread([this] { run(); });
}

AnswerWatch::~AnswerWatch() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void AnswerWatch::expect(const void* who, int socket, Duration patience) {
  const std::lock_guard lock(mutex_);
  auto& waiting = waiting_[who];
  if (waiting.cut) return;
  waiting = {socket, clock_.monotonic() + patience, false};
  if (waiting.until < planned_) wake_.notify_one();
}

bool AnswerWatch::end(const void* who) {
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(who);
  if (found == waiting_.end()) return false;
  const bool cut = found->second.cut;
  waiting_.erase(found);
  return cut;
}

void AnswerWatch::run() {
  std::unique_lock lock(mutex_);
  while (!over_) {
    planned_ = Duration::max();
    const auto now = clock_.monotonic();
    for (auto& [who, waiting] : waiting_) {
      if (waiting.cut) continue;
      if (waiting.until <= now) {
        if (is_silent(waiting.socket)) {
          waiting.cut = true;
          ::shutdown(waiting.socket, SHUT_RDWR);
          continue;
        }
        waiting.until = now + look_again;  // it was we who slept
      }
      planned_ = std::min(planned_, waiting.until);
    }
    planned_ == Duration::max() ? wake_.wait(lock) : static_cast<void>(wake_.wait_for(lock, planned_ - now));
  }
}

}  // namespace backupctl::soci
