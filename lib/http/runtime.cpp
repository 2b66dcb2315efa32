#include "http/runtime.hpp"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <list>
#include <utility>

#include "http/runtime_access.hpp"

namespace backupctl::http {
namespace {

namespace asio = boost::asio;

struct SignalTask {
  SignalTask(asio::io_context& context, Task on_signal) : signals(context), task(std::move(on_signal)) {}

  asio::signal_set signals;
  Task task;

  void wait() {
    signals.async_wait([this](boost::system::error_code error, int) {
      if (error) return;
      wait();
      task();
    });
  }
};

}  // namespace

struct Runtime::Impl {
  asio::io_context context;
  std::list<SignalTask> signal_tasks;
};

asio::io_context& RuntimeAccess::io_context(Runtime& runtime) { return runtime.impl_->context; }

Runtime::Runtime() : impl_(std::make_unique<Impl>()) {}
Runtime::~Runtime() { impl_->context.stop(); }

void Runtime::post(Task task) { asio::post(impl_->context, std::move(task)); }

void Runtime::post_after(Duration delay, Task task) {
  // A sum beyond the clock's range would be in the past.
  constexpr Duration longest = std::chrono::hours{24 * 365};
  auto timer = std::make_shared<asio::steady_timer>(impl_->context, std::min(delay, longest));
  timer->async_wait([timer, task = std::move(task)](boost::system::error_code error) {
    if (!error) task();
  });
}

void Runtime::on_signal(std::initializer_list<int> signals, Task task) {
  auto& added = impl_->signal_tasks.emplace_back(impl_->context, std::move(task));
  for (int signal : signals) added.signals.add(signal);
  added.wait();
}

void Runtime::run() {
  const auto guard = asio::make_work_guard(impl_->context);
  impl_->context.run();
}

void Runtime::stop() { impl_->context.stop(); }

}  // namespace backupctl::http
