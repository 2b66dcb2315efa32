// The job service over HTTP: which call does what, for whom.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "backupctl/executor.hpp"
#include "backupctl/ids.hpp"
#include "backupctl/log.hpp"
#include "http/client.hpp"
#include "http/router.hpp"
#include "jobs/shown_jobs.hpp"
#include "jobs/store.hpp"
#include "system/worker_threads.hpp"

namespace backupctl::jobs {

// On the executor. The store is used on `store_thread` alone, so that a slow disk holds up no other connection.
// Everything it is given outlives it; store_thread must have ended before it goes.
class Api {
 public:
  struct Parts {
    Executor& executor;
    WorkerThreads& store_thread;  // one thread
    JobStore& store;
    ShownJobs& shown;
    Clock& clock;
    Random& random;
    Logger& logger;
    http::Client& controller;
    std::function<void(const Error&)> on_fatal;  // the store must not be used any more: end the process
  };

  explicit Api(Parts parts) : parts_(std::move(parts)), ids_(parts_.random) {}
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  void add_routes(http::Router& router);
  void start_draining() { draining_ = true; }  // /readyz answers 503 from now on

 private:
  using Request = http::Request;
  using Respond = http::Respond;
  using Response = http::Response;

  // Runs `work` on the store's thread and answers with what it returns.
  void answer_from_store(Respond respond, std::function<Result<Response>()> work);
  Response refuse(const Error& error);

  void create(Request request, Respond respond);
  void edit(Request request, Respond respond);
  void act(Action action, Request request, Respond respond);
  void show(Request request, Respond respond);
  void show_job(JobId id, const Actor& actor, Respond respond);
  void list(Request request, Respond respond);
  void history(Request request, Respond respond);
  void backups(Request request, Respond respond);
  void ready(Request request, Respond respond);
  void metrics(Request request, Respond respond);
  void ask_controller(JobId id, const Request& request, Respond respond);

  Parts parts_;
  IdSource ids_;
  bool draining_ = false;
};

}  // namespace backupctl::jobs
