#include "cli/request_submit.hpp"

#include <memory>
#include <optional>
#include <ostream>

#include "backupctl/time.hpp"
#include "cli/caller.hpp"
#include "cli/text.hpp"
#include "cli/wait.hpp"
#include "wire/backup_request_json.hpp"
#include "wire/problem.hpp"

namespace backupctl::cli {
namespace {

struct SubmitOrder {
  std::string job;
  std::string source;
  std::string as_of;
  std::string key;
  bool respond_async = false;
  bool wait = false;
  std::string timeout = "10m";
};

http::ClientRequest question_of(const SubmitOrder& order) {
  // Each has been checked with the command line.
  const wire::BackupRequestBody body{JobId::parse(order.job).value(), SourcePath::parse(order.source).value(),
                                     CivilDate::parse(order.as_of).value()};
  auto question = send("POST", "/api/backup-requests", wire::json_text(wire::write_backup_request_body, body));
  if (!order.key.empty()) question.headers.add("Idempotency-Key", order.key);
  if (order.respond_async) question.headers.add("Prefer", "respond-async");
  return question;
}

// A request that was refused, or that could not be checked in time, is kept all the same, and the problem names it.
std::optional<std::string> request_kept(const http::ClientResponse& answer) {
  const auto problem = wire::parse_problem(answer.body);
  if (!problem || !problem->backup_request_id) return {};
  const auto id = RequestId::parse(*problem->backup_request_id);
  if (!id) return {};
  return id->to_string();
}

int tell_refusal(const Session& session, const SubmitOrder& order, const http::ClientResponse& answer) {
  const auto error = error_of(answer);
  const auto kept = request_kept(answer);
  const bool not_allowed = error.code == "backup-request-not-allowed";
  if (order.wait && kept && !not_allowed) {
    session.err << printable(error.detail) << '\n';
    const auto timeout = parse_duration(order.timeout).value();
    return wait_for_end(session, *kept, session.clock.monotonic(), timeout);
  }
  if (session.json) session.out << answer.body << '\n';
  const int code = fail(session, Service::controller, error,
                        not_allowed ? "backupctl job show " + order.job + " says what the job allows" : "");
  if (kept) session.err << "The request is kept: backupctl request show " << *kept << '\n';
  return not_allowed ? exit_not_allowed : code;
}

int submit(const Session& session, const SubmitOrder& order) {
  const auto begin = session.clock.monotonic();
  auto answer = exchange(session, Service::controller, question_of(order));
  if (!answer) {
    const bool uncertain = answer.error().code == "no-answer";
    return fail(session, Service::controller, answer.error(),
                !uncertain          ? ""
                : order.key.empty() ? "it may be there all the same: backupctl request list --job " + order.job
                                    : "give the same command again: the key sees to it that there is one request");
  }
  if (answer->status >= 300) return tell_refusal(session, order, *answer);
  const auto request = parse_document(std::move(answer->body));
  if (!request) return fail(session, Service::controller, request.error());
  const auto id = RequestId::parse(text_of(request->json, "backupRequestId"));
  if (!id) {
    return fail(session, Service::controller,
                {ErrorKind::unavailable, "the answer names no backupRequestId", true, "bad-answer", {}});
  }
  if (!session.json) session.out << id->to_string() << std::endl;
  if (order.wait) return wait_for_end(session, id->to_string(), begin, parse_duration(order.timeout).value());
  if (session.json) session.out << request->text << '\n';
  const auto state = text_of(request->json, "stateCode");
  session.err << printable(state) << "\nNext: backupctl request show " << id->to_string() << '\n';
  return exit_ok;
}

}  // namespace

void add_request_submit(CLI::App& noun, Run& run) {
  auto& verb = add_verb(noun, "submit", "Ask for a backup of one job's data as of one date; prints the request's id",
                        "  backupctl request submit --job 0190c3e8-0000-7000-8000-000000000001 \\\n"
                        "      --source /data/ledger/2021-01-08 --as-of 2021-01-08 --wait --timeout 2h\n"
                        "      ask, and follow it to its end\n"
                        "  backupctl request submit ... --key ledger-2021-01-08 --respond-async\n"
                        "      given again with the same key it is still one request\n\n"
                        "With --wait it exits 0 Succeeded, 3 NotAllowed, 4 Failed, 5 Cancelled, 6 time-out.\n");
  auto order = std::make_shared<SubmitOrder>();
  add_id(verb, "--job", order->job, "the backup job").required();
  verb.add_option("--source", order->source, "what to back up: a path, or a URL")
      ->check(source_path())
      ->required()
      ->option_text("PATH REQUIRED");
  add_date(verb, "--as-of", order->as_of, "the business date of the data").required();
  verb.add_option("--key", order->key, "makes it one request, however often it is submitted")
      ->check(idempotency_key())
      ->option_text("KEY");
  verb.add_flag("--respond-async", order->respond_async, "do not wait until the job service has been asked");
  auto* wait = verb.add_flag("--wait", order->wait, "follow the request to its end");
  verb.add_option("--timeout", order->timeout, "how long to wait (10m)")
      ->check(positive_duration())
      ->needs(wait)
      ->option_text("DURATION");
  verb.callback([order, &run] { run = [order](const Session& session) { return submit(session, *order); }; });
}

}  // namespace backupctl::cli
