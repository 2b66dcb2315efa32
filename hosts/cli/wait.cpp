#include "cli/wait.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <ostream>
#include <thread>

#include "cli/text.hpp"

namespace backupctl::cli {
namespace {

using namespace std::chrono_literals;

constexpr Duration first_pause = 50ms;
constexpr Duration longest_pause = 1s;
constexpr Duration longest_call = 10s;

// "12 s", "3 min 05 s"
std::string elapsed_text(Duration elapsed) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(elapsed).count();
  if (seconds < 60) return std::to_string(seconds) + " s";
  const auto rest = std::to_string(seconds % 60);
  return std::to_string(seconds / 60) + " min " + (rest.size() < 2 ? "0" : "") + rest + " s";
}

std::string describe(const Json& request) {
  auto text = printable(text_of(request, "stateCode"));
  if (const auto zone = text_of(request, "sentToZone"); !zone.empty() && text == "Sent") {
    text += " to zone " + printable(zone);
  }
  if (text_of(request, "overdue") == "yes") text += ", overdue";
  if (const auto problem = text_of(request, "lastError"); !problem.empty()) {
    text += ": " + printable(problem);
  }
  return text;
}

std::size_t terminal_columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

// One line that is written over, or one line for each change.
class Progress {
 public:
  Progress(const Session& session, Duration begin) : session_(session), begin_(begin) {}

  void show(const std::string& what) {
    const auto elapsed = elapsed_text(session_.clock.monotonic() - begin_);
    if (session_.err_is_terminal) {
      // A line that the terminal would wrap could not be written over.
      const auto room = terminal_columns() - std::min(terminal_columns(), elapsed.size() + 3);
      session_.err << "\r\033[K" << cut(what, room) << "  " << elapsed << std::flush;
    } else if (what != shown_) {
      session_.err << elapsed << "  " << what << std::endl;
    }
    shown_ = what;
  }
  void end() {
    if (session_.err_is_terminal && !shown_.empty()) session_.err << "\r\033[K" << std::flush;
  }

 private:
  const Session& session_;
  Duration begin_;
  std::string shown_;
};

// Of a request that has ended: how, and what came of it.
void tell_end(const Session& session, const Json& request, Duration elapsed) {
  auto& err = session.err;
  const auto reason = text_of(request, "stateReason");
  err << text_of(request, "stateCode") << " after " << elapsed_text(elapsed)
      << (reason.empty() ? "" : ": " + printable(reason)) << '\n';
  if (const auto backup = text_of(request, "backupId"); !backup.empty()) {
    err << "Next: backupctl backup show " << printable(backup) << '\n';
  } else {
    err << "Next: backupctl request history " << printable(text_of(request, "backupRequestId")) << '\n';
  }
}

}  // namespace

bool is_terminal_state(std::string_view state_code) {
  return state_code == "NotAllowed" || state_code == "Succeeded" || state_code == "Failed" || state_code == "Cancelled";
}

int exit_code_of(std::string_view state_code) {
  if (state_code == "Succeeded") return exit_ok;
  if (state_code == "NotAllowed") return exit_not_allowed;
  if (state_code == "Cancelled") return exit_cancelled;
  return exit_request_failed;
}

int wait_for_end(const Session& session, const std::string& request_id, Duration begin, Duration timeout) {
  const auto elapsed = [&] { return session.clock.monotonic() - begin; };
  Progress progress(session, begin);
  std::optional<Document> seen;
  const auto end = [&](int code) {
    progress.end();
    if (session.json && seen) session.out << seen->text << '\n';
    return code;
  };
  for (auto pause = first_pause;; pause = std::min(pause * 2, longest_pause)) {
    const auto left = std::max(timeout - elapsed(), Duration{1ms});
    auto answer = ask(session, Service::controller, get("/api/backup-requests/" + request_id),
                      std::chrono::ceil<std::chrono::milliseconds>(std::min(left, longest_call)));
    if (answer) {
      seen = *std::move(answer);
      const auto state = text_of(seen->json, "stateCode");
      if (is_terminal_state(state)) {
        const int code = end(exit_code_of(state));
        tell_end(session, seen->json, elapsed());
        return code;
      }
      progress.show(describe(seen->json));
    } else if (answer.error().retryable) {
      // A call that our own time-out cut short says nothing of the controller.
      if (!seen || elapsed() < timeout) progress.show("no answer: " + printable(answer.error().detail));
    } else {
      end(exit_failed);
      return fail(session, Service::controller, answer.error());
    }
    if (elapsed() >= timeout) {
      end(exit_time_out);
      session.err << "not ended after " << elapsed_text(elapsed()) << "; it goes on\nNext: backupctl request show "
                  << request_id << '\n';
      return exit_time_out;
    }
    std::this_thread::sleep_for(std::min(pause, std::max(timeout - elapsed(), Duration{0})));
  }
}

}  // namespace backupctl::cli
