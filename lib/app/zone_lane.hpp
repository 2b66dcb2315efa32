// All that goes to one zone: sends, questions and cancels, behind one breaker. On the executor.
//
// Every row given to it is owned by this controller and has been counted as an attempt; it leaves with the next durable
// step, or waiting without an owner. A row that another controller has taken over meanwhile is left alone.
#pragma once

#include <functional>
#include <unordered_map>

#include "app/amend.hpp"
#include "app/breaker.hpp"
#include "app/context.hpp"

namespace backupctl::app {

class ZoneLane {
 public:
  // `take_result` is given results that a zone tells when asked, to be recorded like any other; `expect_result` is told
  // of each command before it goes out.
  ZoneLane(Context& context, Committer& committer, Amender& amender, const ControllerZone& zone,
           std::function<void(ResultRecord)> take_result, std::function<void(RequestId)> expect_result);

  void send(BackupRequest row);    // Allowed
  void follow(BackupRequest row);  // Sent: overdue, or to be cancelled

  // Whether a fresh request may go out at once: the zone answers, and had places free when we last knew.
  bool may_send_fresh() const { return breaker_.is_closed() && !has_backlog_; }
  bool may_call() { return breaker_.allows(context_.monotonic()); }
  // What was claimed for the call that may_call() allowed turned out to be nothing.
  void nothing_to_call() { breaker_.give_back_trial(context_.monotonic()); }
  bool is_on_trial() const { return breaker_.state() == BreakerState::half_open; }
  void note_backlog(bool waiting) { has_backlog_ = waiting; }

  // When a request's caller was answered, for the rows that wait here without an owner.
  void remember_answered(const BackupRequest& row);

  const ControllerZone& zone() const { return zone_; }
  const Breaker& breaker() const { return breaker_; }
  std::int64_t calls_under_way() const { return calls_; }

 private:
  void cancel(BackupRequest row);
  void ask(BackupRequest row);
  void send_again(BackupRequest row);
  void call_send(const BackupRequest& row, Handler<SendReply> handler);

  void on_send_reply(const BackupRequest& row, const SendReply& reply);
  void on_status_reply(const BackupRequest& row, const StatusReply& reply);
  void look_again(const BackupRequest& row, std::string why, Timestamp at, bool sent_again = false);
  void delay(const BackupRequest& row, std::string why, Duration wait);
  void park_conflict(const BackupRequest& row, const std::string& detail);

  void note_answered();
  void note_unanswered(const std::string& what, const std::string& detail, bool unauthorized);
  Duration retry_wait(std::int64_t attempts);
  Duration follow_wait(const BackupRequest& row);

  // `event(now)` decided on the row as long as it is still ours under `fence`.
  template <class Event>
  void amend_mine(const BackupRequest& row, Event event);

  Context& context_;
  Committer& committer_;
  Amender& amender_;
  ControllerZone zone_;
  std::function<void(ResultRecord)> take_result_;
  std::function<void(RequestId)> expect_result_;
  Breaker breaker_;
  bool has_backlog_ = false;
  std::int64_t calls_ = 0;
  std::unordered_map<RequestId, Timestamp> answered_;
};

}  // namespace backupctl::app
