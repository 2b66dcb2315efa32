#include "backupctl/filedrop/file_drop.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>
#include <utility>

#include "filedrop/controller_requests.hpp"
#include "filedrop/drop.hpp"
#include "filedrop/watch.hpp"

namespace backupctl::filedrop {
namespace {

int milliseconds(Duration duration) {
  const auto count = std::chrono::ceil<std::chrono::milliseconds>(duration).count();
  return static_cast<int>(std::clamp<std::int64_t>(count, 0, 60'000));
}

}  // namespace

struct FileDrop::Impl {
  Impl(FileDropPorts given, const FileDropOptions& options)
      : ports(given),
        folder(options.folder),
        event(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
        mailbox(std::make_shared<Mailbox>([this] { wake(); })),
        requests(given.controller, given.executor),
        drop(options, {requests, given.clock, given.random, given.log, given.faults}, mailbox) {}

  ~Impl() {
    over = true;
    wake();
    if (thread.joinable()) thread.join();
    mailbox->close();
  }

  void wake() const {
    const std::uint64_t one = 1;
    (void)!::write(event.get(), &one, sizeof one);
  }

  // The thread that works on the files.
  void run(Handler<Result<void>> started) {
    drop.on_open([this] { watch.begin(folder); });
    auto opened = drop.open();
    const bool is_open = opened.has_value();
    if (is_open) {
      is_running = true;
      ports.log.write(LogLevel::info, "watching", {{"folder", folder}});
    }
    answer(std::move(started), std::move(opened));
    while (is_open && !over) {
      const bool is_complete =
          watch.read([this](const std::string& name, bool by_rename) { drop.came(name, by_rename); });
      if (!is_complete) {
        watch.begin(folder);
        drop.look_again();
      }
      if (is_stopping && !drop_is_told) {
        drop.stop_taking();
        drop_is_told = true;
      }
      auto pause = drop.tick();
      if (is_stopping && (drop.is_idle() || ports.clock.monotonic() >= stop_deadline())) break;
      if (is_stopping) pause = std::min<Duration>(pause, std::chrono::milliseconds(20));
      wait(pause);
    }
    is_running = false;
    std::optional<Handler<Result<void>>> handler;
    {
      const std::lock_guard lock(mutex);
      has_ended = true;
      handler.swap(stopped);
    }
    if (!handler) return;
    answer(*handler, drop.is_idle() ? Result<void>{} : unavailable("some requests were not answered in time"));
  }

  void wait(Duration pause) const {
    pollfd polled[] = {{event.get(), POLLIN, 0}, {watch.descriptor(), POLLIN, 0}};
    ::poll(polled, watch.descriptor() < 0 ? 1 : 2, milliseconds(pause));
    std::uint64_t count = 0;
    (void)!::read(event.get(), &count, sizeof count);
  }

  void answer(Handler<Result<void>> handler, Result<void> result) const {
    ports.executor.post([handler = std::move(handler), result = std::move(result)] { handler(result); });
  }

  Duration stop_deadline() {
    const std::lock_guard lock(mutex);
    return deadline;
  }

  FileDropPorts ports;
  const std::string folder;
  const Descriptor event;
  const std::shared_ptr<Mailbox> mailbox;
  ControllerRequests requests;
  Drop drop;
  Watch watch;
  std::atomic<bool> over = false;
  std::atomic<bool> is_stopping = false;
  std::atomic<bool> is_running = false;
  bool drop_is_told = false;

  std::mutex mutex;
  bool has_ended = false;
  Duration deadline{};
  std::optional<Handler<Result<void>>> stopped;

  std::thread thread;
};

FileDrop::FileDrop(FileDropPorts ports, FileDropOptions options) : impl_(std::make_unique<Impl>(ports, options)) {}
FileDrop::~FileDrop() = default;

void FileDrop::start(Handler<Result<void>> handler) {
  impl_->thread = std::thread([impl = impl_.get(), handler = std::move(handler)] { impl->run(handler); });
}

void FileDrop::stop(Duration grace, Handler<Result<void>> handler) {
  auto& impl = *impl_;
  {
    const std::lock_guard lock(impl.mutex);
    impl.deadline = impl.ports.clock.monotonic() + grace;
    if (impl.thread.joinable() && !impl.has_ended) impl.stopped = std::exchange(handler, nullptr);
  }
  impl.is_stopping = true;
  impl.wake();
  if (handler) impl.answer(std::move(handler), {});
}

TransportHealth FileDrop::health() const {
  if (!impl_->is_running) return {false, impl_->is_stopping ? "stopped" : "not started"};
  return impl_->drop.health();
}

std::string FileDrop::metrics() const { return impl_->drop.metrics(); }

}  // namespace backupctl::filedrop
