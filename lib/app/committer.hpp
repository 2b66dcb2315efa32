// Every write of the controller goes through here: all Commands that wait when a commit ends make up the next one. A
// store that takes several groups at once gets another beside the one under way when as much waits as that one has.
//
// On the executor. Nothing is lost on the way: a Command whose outcome is unknown is repeated until the store tells
// (the guards make that safe), and so is one that failed for a passing reason, except where the caller would rather
// know.
#pragma once

#include <list>
#include <string>
#include <unordered_map>
#include <vector>

#include "app/context.hpp"
#include "app/store_answers.hpp"

namespace backupctl::app {

enum class Patience {
  until_written,  // for rows that we own: nobody else would do it
  once,           // for work that its caller can bring again: `failed` is answered at once
};

enum class Company {
  none,
  change_on_the_way,  // an admission that is being checked: written together with the outcome, when that comes soon
};

class Committer {
 public:
  explicit Committer(Context& context) : context_(context) {}

  // `handler` is called once, on the executor, never from inside this call.
  void submit(Command command, Patience patience, Handler<Outcome> handler, Company company = Company::none);

  // Nothing is handed to the store any more. Work that its caller can bring again has failed; the rest is left to
  // whoever has its row next.
  void close();

  bool is_full() const { return waiting_.size() >= context_.options().max_waiting_commands; }
  bool is_idle() const { return waiting_.empty() && under_way_ == 0; }
  std::string store_trouble() const { return store_.trouble(context_.monotonic()); }
  // The store took a write that did not go through here; with nothing of ours waiting we would not find out.
  void note_store_writes() {
    if (is_idle()) store_.answered();
  }

 private:
  struct Waiting {
    Command command;
    Patience patience;
    std::vector<Handler<Outcome>> handlers;
    std::string entity;
    bool tried = false;                       // its first outcome was unknown: it must be repeated exactly as it was
    std::optional<Duration> expects_until{};  // monotonic; company
  };

  // What waits for one entity.
  struct Queue {
    std::size_t length = 0;
    Waiting* admission = nullptr;  // the one of them that admits it, when it has not been tried
    bool is_under_way = false;     // a Command of it is: the rest has to wait
  };

  void enqueue(std::list<Waiting>::const_iterator before, std::list<Waiting>& from, std::list<Waiting>::iterator one);
  void dequeue(std::list<Waiting>::iterator one, std::list<Waiting>& to);
  void refuse(Handler<Outcome> handler, Error why);
  void stop_expecting(Waiting& waiting);
  void look_after_expecting(Duration delay);
  bool merge(Command& command, Handler<Outcome>& handler, const std::string& entity);
  std::size_t ready() const { return waiting_.size() - expecting_ - blocked_; }
  bool may_begin() const;
  void pump();
  void begin(const std::string& entity);
  void end(const std::string& entity);
  void commit(std::list<Waiting> group);
  std::size_t take_place();
  void finish(std::size_t place, std::list<Waiting> group, std::vector<Outcome> outcomes);
  void go_on(std::size_t place, const std::list<Waiting>& group, const std::vector<Outcome>& outcomes);
  void tell(const Waiting& waiting, Outcome outcome);
  void drop_changes_of(const std::string& entity);
  void hold();

  Context& context_;
  std::list<Waiting> waiting_;
  std::unordered_map<std::string, Queue> queues_;  // of waiting_ and of what is under way, by entity
  std::size_t expecting_ = 0;                      // of waiting_
  std::size_t blocked_ = 0;                        // of waiting_: their entities are under way
  bool looks_after_expecting_ = false;
  int still_halved_ = 0;       // groups
  std::vector<bool> places_;   // of groups: whether one is under way
  std::size_t under_way_ = 0;  // Commands in them
  bool closed_ = false;
  bool held_ = false;  // after a failure of the store we give it a moment
  StoreAnswers store_;
  std::int64_t failures_in_a_row_ = 0;
};

}  // namespace backupctl::app
