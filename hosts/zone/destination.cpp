#include "zone/destination.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "http/peer_answer.hpp"
#include "system/worker_threads.hpp"

namespace backupctl::zone {
namespace {

// Only what is surely the controller's word ends a delivery: a proxy may say 200 to anything.
bool is_taken(const http::ClientResponse& answer) {
  return answer.status == 202 && (answer.body.empty() || http::is_json(answer));
}

// Repeating it soon changes nothing: the answer is about the result, or about who we are.
bool needs_a_person(int status) {
  return status == 400 || status == 401 || status == 403 || status == 404 || status == 413 || status == 422;
}

Delivery delivery_of(const Result<http::ClientResponse>& answer) {
  if (!answer) return {Delivery::Outcome::not_yet, answer.error().detail, {}};
  if (is_taken(*answer)) return {Delivery::Outcome::taken, {}, {}};
  return {needs_a_person(answer->status) ? Delivery::Outcome::refused : Delivery::Outcome::not_yet,
          http::describe(*answer), retry_after(*answer)};
}

class ToController final : public Destination {
 public:
  explicit ToController(http::Client client) : client_(std::move(client)) {}

  void deliver(const OutboxEntry& entry, std::function<void(const Delivery&)> handler) override {
    http::ClientRequest request{"PUT", "/api/zone-results/" + entry.command_id.to_string(),
                                http::call_headers(entry.command_id, entry.traceparent), entry.result_text};
    request.headers.add("Content-Type", "application/json");
    client_.send(request, [handler = std::move(handler)](const Result<http::ClientResponse>& answer) {
      handler(delivery_of(answer));
    });
  }

 private:
  http::Client client_;
};

class ToResultStore final : public Destination {
 public:
  ToResultStore(std::unique_ptr<soci::ResultStore> results, ZoneName zone, Executor& executor, Clock& clock)
      : results_(std::move(results)), zone_(std::move(zone)), executor_(executor), clock_(clock) {}

  void deliver(const OutboxEntry& entry, std::function<void(const Delivery&)> handler) override {
    thread_.post([this, entry, handler = std::move(handler)] {
      const auto put = results_->put({0, entry.command_id.to_string(), zone_.str(), entry.result_text, clock_.now()});
      Delivery delivery{Delivery::Outcome::taken, {}, {}};
      if (!put) {
        delivery = {put.error().retryable ? Delivery::Outcome::not_yet : Delivery::Outcome::refused,
                    "result store: " + put.error().detail,
                    {}};
      }
      executor_.post([handler, delivery] { handler(delivery); });
    });
  }

 private:
  std::unique_ptr<soci::ResultStore> results_;
  const ZoneName zone_;
  Executor& executor_;
  Clock& clock_;
  WorkerThreads thread_{1};  // the last member: its tasks end before the others go
};

}  // namespace

std::optional<Duration> retry_after(const http::ClientResponse& answer) {
  const auto text = answer.headers.find("Retry-After");
  if (!text) return {};
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (error != std::errc{} || end != text->data() + text->size() || seconds < 0) return {};
  return std::chrono::seconds{std::min<std::int64_t>(seconds, 3600)};
}

std::unique_ptr<Destination> to_controller(http::Client client) {
  return std::make_unique<ToController>(std::move(client));
}

std::unique_ptr<Destination> to_result_store(std::unique_ptr<soci::ResultStore> results, ZoneName zone,
                                             Executor& executor, Clock& clock) {
  return std::make_unique<ToResultStore>(std::move(results), std::move(zone), executor, clock);
}

}  // namespace backupctl::zone
