#include "app/admissions.hpp"

#include <utility>

namespace backupctl::app {
namespace {

// How long a request waits for the outcome of a check that is not its own.
constexpr Duration wait_for_check = std::chrono::seconds(10);
// How often callers are looked for whose answer does not come because the store takes no more writes.
constexpr Duration look_every = std::chrono::seconds(2);

Error store_unavailable(const Error& cause) {
  if (cause.kind == ErrorKind::overloaded) return cause;
  return {ErrorKind::unavailable, "the request was not stored: " + cause.detail, true, "store-unavailable"};
}

Error job_service_unavailable(const std::string& detail, bool goes_on) {
  return {ErrorKind::unavailable,
          "the backup job could not be checked in time (" + detail + "); " +
              (goes_on ? "the check goes on, ask again with the same key"
                       : "the request is closed, send it again later; with an idempotency key the check would go on"),
          true, "job-service-unavailable"};
}

}  // namespace

SubmitReply reply_for(BackupRequest row, bool seen_before) {
  SubmitReply reply{std::move(row), seen_before, {}};
  if (reply.request->progress.state == RequestState::not_allowed) {
    reply.error = Error{ErrorKind::not_allowed, reply.request->progress.reason, false, "backup-request-not-allowed"};
  }
  return reply;
}

// One caller being served. The check runs beside the first write; whichever of them settles the answer gives it. Who is
// answered once durable is answered by the write, and the check is begun after it, or beside it when both may be one.
struct Admissions::Visit {
  RequestId id;
  JobId job_id;
  SourcePath source;
  CivilDate data_as_of;
  bool has_key = false;
  bool respond_async = false;
  bool is_checked_now = false;  // beside the first write
  Handler<SubmitReply> handler;
  Duration came{};  // monotonic
  std::optional<BackupRequest> stored{};
  bool answered = false;
  bool is_void = false;  // its row was not stored

  void answer(SubmitReply reply) {
    if (std::exchange(answered, true)) return;
    handler(std::move(reply));
  }
  bool asks_for(const BackupOrder& order) const {
    return job_id == order.job_id && source == order.source && data_as_of == order.data_as_of;
  }
};

void Admissions::submit(Submission submission, Handler<SubmitReply> handler) {
  if (committer_.is_full()) {
    return handler({{}, false, Error{ErrorKind::overloaded, "too much waits to be written", true, "overloaded"}});
  }
  BackupOrder order{.id = context_.new_id<RequestId>(),
                    .job_id = submission.job_id,
                    .source = std::move(submission.source),
                    .data_as_of = submission.data_as_of,
                    .requester = std::move(submission.requester),
                    .transport = submission.transport,
                    .key = std::move(submission.key),
                    .traceparent = std::move(submission.traceparent),
                    .received = context_.now()};
  // What nobody waits for is taken up by a later round when enough is being checked.
  const bool is_for_later = submission.respond_async && checks_.under_way() >= context_.options().max_owned_checks;
  const bool is_checked_now = !submission.respond_async || (submission.checked_first_if_quick && !is_for_later);
  auto visit = std::make_shared<Visit>(Visit{.id = order.id,
                                             .job_id = order.job_id,
                                             .source = order.source,
                                             .data_as_of = order.data_as_of,
                                             .has_key = order.key.has_value(),
                                             .respond_async = submission.respond_async,
                                             .is_checked_now = is_checked_now,
                                             .handler = std::move(handler),
                                             .came = context_.monotonic()});
  auto progress = received(order, is_for_later ? std::nullopt : std::optional(context_.self()));
  auto history = received_history(order);
  const bool closes = !submission.respond_async && !order.key;
  BackupRequest row{std::move(order), std::move(progress)};
  committer_.submit(
      AdmitRequest{row, std::move(history)}, Patience::once,
      [this, visit](Outcome outcome) { on_admitted(visit, std::move(outcome)); },
      is_checked_now ? Company::change_on_the_way : Company::none);
  if (!is_checked_now) return;  // checked once it is durable
  checks_.check(
      std::move(row), closes ? WhenUnavailable::close : WhenUnavailable::try_again_later,
      [this, visit](Checked checked) {
        if (!visit->respond_async) on_checked(visit, std::move(checked));
      },
      std::shared_ptr<const bool>(visit, &visit->is_void));
}

void Admissions::on_admitted(const std::shared_ptr<Visit>& visit, Outcome outcome) {
  switch (outcome.status) {
    case OutcomeStatus::applied:
    case OutcomeStatus::already_done: {
      auto row = std::move(*outcome.current);
      admitted_(row);
      if (!visit->respond_async) {
        if (visit->answered) return;
        visit->stored = std::move(row);
        waiting_.push_back(visit);
        return answer_late();
      }
      if (visit->is_checked_now) return visit->answer(reply_for(std::move(row), false));
      row.progress.responded = std::max(context_.now(), latest_time(row));
      visit->answer(reply_for(row, false));
      if (!row.progress.owner) context_.repository().announce_work();                  // enough is being checked here
      if (row.progress.owner != context_.self() || row.progress.revision > 1) return;  // for a round, or in one
      return checks_.check(std::move(row), WhenUnavailable::try_again_later, [](const Checked&) {});
    }
    case OutcomeStatus::lost_guard:
      visit->is_void = true;
      return answer_for_known(visit, *outcome.current);
    case OutcomeStatus::unknown:
    case OutcomeStatus::failed:
      visit->is_void = true;
      return visit->answer({{}, false, store_unavailable(*outcome.error)});
  }
}

// What was received and cannot be brought further in time, because the store takes no more writes, is answered as it
// is: durable, and gone on with once the store is there again.
void Admissions::answer_late() {
  if (looks_after_waiting_) return;
  const auto now = context_.monotonic();
  while (!waiting_.empty()) {
    const auto visit = waiting_.front().lock();
    if (visit && !visit->answered) {
      if (visit->came + wait_for_check > now || committer_.store_trouble().empty()) break;
      visit->answer(reply_for(*visit->stored, false));
    }
    waiting_.pop_front();
  }
  if (waiting_.empty()) return;
  looks_after_waiting_ = true;
  context_.post_after(look_every, [this] {
    looks_after_waiting_ = false;
    answer_late();
  });
}

void Admissions::on_checked(const std::shared_ptr<Visit>& visit, Checked checked) {
  // Nothing was stored, or the key led to another request: on_admitted tells.
  if (visit->is_void || !checked.row || checked.row->order.id != visit->id) return;
  // Handed back while its check was under way (the store failed us): somebody goes on with it at once. Without a key
  // its caller must not be told to ask again, for the request is not closed.
  const bool is_open = checked.row->progress.state == RequestState::received;
  if (is_open && (!checked.error || !visit->has_key)) return wait_for_outcome(visit, *checked.row, false);
  auto reply = reply_for(*std::move(checked.row), false);
  if (checked.error && is_open) {
    reply.error = job_service_unavailable(checked.error->detail, true);
  } else if (checked.error && reply.request->progress.state == RequestState::cancelled) {
    reply.error = job_service_unavailable(checked.error->detail, false);
  }
  visit->answer(std::move(reply));
}

void Admissions::answer_for_known(const std::shared_ptr<Visit>& visit, const BackupRequest& known) {
  if (!visit->asks_for(known.order)) {
    return visit->answer(
        {{},
         false,
         Error{ErrorKind::conflict,
               "the idempotency key was used before for another request: " + known.order.id.to_string(), false,
               "idempotency-key-reused"}});
  }
  const bool check_under_way =
      known.progress.state == RequestState::received && known.progress.owner && !visit->respond_async;
  if (!check_under_way) return visit->answer(reply_for(known, true));
  // The first one's check is still under way: its outcome is this one's too.
  wait_for_outcome(visit, known, true);
}

void Admissions::wait_for_outcome(const std::shared_ptr<Visit>& visit, const BackupRequest& known, bool seen_before) {
  // One that waits with an error has been checked in vain; without, its controller has gone and another takes it up.
  auto settled = [](const BackupRequest& row) {
    const auto& p = row.progress;
    return p.state != RequestState::received || (!p.owner && !p.last_error.empty());
  };
  watchers_.watch(known.order.id, settled, wait_for_check, [visit, known, seen_before](Result<BackupRequest> row) {
    visit->answer(reply_for(row ? *row : known, seen_before));
  });
}

}  // namespace backupctl::app
