// What is known once controllers that were killed have come to rest: what callers were told, what the store has, what
// the zone did. And the promises that this breaks.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "integration/support/controller_process.hpp"

namespace backupctl::testing {

struct KillRecord {
  std::map<std::string, std::string> acknowledged;  // key -> request
  std::vector<std::string> contradictions;          // keys that were answered with two requests
  std::size_t callers = 0;                          // each may have given up on one request before it was answered
  std::vector<std::string> open;                    // requests that never ended
  std::map<std::string, std::string> states;        // request -> how it ended
  std::map<std::string, int> backups;               // request -> how many
  std::map<std::string, int> runs;                  // command -> how often the zone ran it
};

inline std::vector<std::string> problems(const KillRecord& record) {
  std::vector<std::string> found;
  const auto count = [](const std::map<std::string, int>& counts, const std::string& id) {
    const auto at = counts.find(id);
    return at == counts.end() ? 0 : at->second;
  };
  for (const auto& id : record.open) found.push_back("stuck: " + id);
  for (const auto& two : record.contradictions) found.push_back("one key, two requests: " + two);
  for (const auto& [key, id] : record.acknowledged) {
    const auto state = record.states.find(id);
    if (state == record.states.end()) {
      found.push_back("acknowledged and lost: " + key + " " + id);
    } else if (state->second != "Succeeded") {
      found.push_back("acknowledged and " + state->second + ": " + key + " " + id);
    }
  }
  for (const auto& [id, state] : record.states) {
    const auto backups = count(record.backups, id);
    if (backups != (state == "Succeeded" ? 1 : 0)) {
      found.push_back(state + " with " + std::to_string(backups) + " backups: " + id);
    }
  }
  for (const auto& [id, backups] : record.backups) {
    if (!record.states.contains(id)) found.push_back("a backup of no request: " + id);
  }
  for (const auto& [id, runs] : record.runs) {
    if (runs != 1) found.push_back("run " + std::to_string(runs) + " times: " + id);
    if (!record.states.contains(id)) found.push_back("the zone has a command of no request: " + id);
  }
  if (record.states.size() > record.acknowledged.size() + record.callers) {
    found.push_back("more requests than keys: " + std::to_string(record.states.size()) + " and " +
                    std::to_string(record.acknowledged.size()));
  }
  return found;
}

inline std::vector<boost::json::value> all_items(ControllerProcess& controller, const std::string& list) {
  std::vector<boost::json::value> items;
  std::string cursor;
  do {
    const auto page = controller.http().get(list + "?limit=1000" + (cursor.empty() ? "" : "&cursor=" + cursor));
    if (page.status != 200) {
      ADD_FAILURE() << list << ": " << page.text;
      break;
    }
    for (const auto& item : page.json.at("items").as_array()) items.push_back(item);
    cursor = page["nextCursor"];
  } while (!cursor.empty());
  return items;
}

// Once nothing is open any more, or it has been waited for long enough.
inline KillRecord record_of(ControllerProcess& controller, FakeZone& zone,
                            std::map<std::string, std::string> acknowledged, std::vector<std::string> contradictions,
                            std::size_t callers, std::chrono::milliseconds patience = std::chrono::minutes{2}) {
  KillRecord record{std::move(acknowledged), std::move(contradictions), callers, {}, {}, {}, {}};
  eventually(
      [&] {
        record.open.clear();
        for (const auto* state : {"Received", "Allowed", "Sent"}) {
          for (const auto& request : controller.items(std::string("/api/backup-requests?limit=1&stateCode=") + state)) {
            record.open.push_back(HttpAnswer::text_of(request, "backupRequestId"));
          }
        }
        return record.open.empty();
      },
      patience);
  for (const auto& request : all_items(controller, "/api/backup-requests")) {
    record.states[HttpAnswer::text_of(request, "backupRequestId")] = HttpAnswer::text_of(request, "stateCode");
  }
  for (const auto& backup : all_items(controller, "/api/backups")) {
    ++record.backups[HttpAnswer::text_of(backup, "backupRequestId")];
  }
  record.runs = zone.runs();
  return record;
}

}  // namespace backupctl::testing
