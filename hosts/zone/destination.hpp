// Where results go: to the controller over HTTP, or into a result store that both share.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "backupctl/executor.hpp"
#include "backupctl/names.hpp"
#include "backupctl/soci/result_store.hpp"
#include "http/client.hpp"
#include "zone/command_store.hpp"

namespace backupctl::zone {

struct Delivery {
  enum class Outcome {
    taken,    // durable there
    refused,  // repeating it soon changes nothing: a person has to look
    not_yet,
  };
  Outcome outcome = Outcome::not_yet;
  std::string detail{};                  // why not
  std::optional<Duration> not_before{};  // the receiver says when to come again
};

// On the executor, and so is `handler`, called once.
class Destination {
 public:
  virtual ~Destination() = default;
  virtual void deliver(const OutboxEntry& entry, std::function<void(const Delivery&)> handler) = 0;
};

std::unique_ptr<Destination> to_controller(http::Client client);
std::unique_ptr<Destination> to_result_store(std::unique_ptr<soci::ResultStore> results, ZoneName zone,
                                             Executor& executor, Clock& clock);

// The Retry-After of an answer in seconds, at most an hour; dates and nonsense are ignored.
std::optional<Duration> retry_after(const http::ClientResponse& answer);

}  // namespace backupctl::zone
