#include "cli/advice.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace backupctl::cli {
namespace {

using Advice = std::pair<std::string_view, std::string_view>;

constexpr std::array<Advice, 15> by_code{{
    {"no-answer", "it may have been done all the same: look (show, list) before you try again"},
    {"forbidden", "use a token that has the role for this call (--token-file)"},
    {"identities-required", "give the server tokens: see backupctl token new --help"},
    {"four-eyes", "let somebody else decide, with a token of their own"},
    {"stale-version", "read it again: backupctl job show ID"},
    {"wrong-state", "see what has happened: backupctl job history ID"},
    {"backup-job-not-found", "see what there is: backupctl job list"},
    {"not-found", "check the id with the list command; one that you may not see is not found either"},
    {"terminal", "the request has ended: backupctl request show ID"},
    {"idempotency-key-reused", "use a new --key for a new request, or the same values as before"},
    {"job-service-unavailable", "try again; with --key the controller goes on by itself, and the same key finds it"},
    {"store-unavailable", "nothing was done; try again, and look at the server's log if it stays so"},
    {"needs-a-controller", "leave --store away, and ask a controller that listens: --controller URL"},
    {"overloaded", "nothing was done; try again in a moment"},
    {"backup-request-not-allowed", "look at the job: backupctl job show ID"},
}};

}  // namespace

std::string advice_on(const Session& session, Service service, const Error& error) {
  const bool controller = service == Service::controller;
  const std::string option = controller ? "--controller URL or BACKUPCTL_CONTROLLER" : "--jobs URL or BACKUPCTL_JOBS";
  const std::string what = controller ? "the controller" : "the job service";
  if (error.code == "connect-failed") return "start " + what + ", or say where it is: " + option;
  if (error.code == "bad-answer") {
    return "make sure that " + what + " is at " + (controller ? session.controller_url : session.jobs_url) + " (" +
           option + ")";
  }
  if (error.code == "unauthenticated") {
    return session.token_file.empty() ? "name the file that holds your token: --token-file F or BACKUPCTL_TOKEN_FILE"
                                      : what + " does not know the token in " + session.token_file;
  }
  if (error.kind == ErrorKind::invalid && error.code.empty()) return "see backupctl --help";
  for (const auto& [code, advice] : by_code) {
    if (code == error.code) return std::string(advice);
  }
  return {};
}

}  // namespace backupctl::cli
