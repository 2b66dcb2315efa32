#include "sim_drop/drop_model.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <fstream>
#include <iterator>
#include <utility>

namespace backupctl::sim {
namespace {

constexpr std::size_t uuid_length = 36;

std::string content_of(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// Whole lines, and what comes after the last one.
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end == std::string::npos ? text.size() : end + 1;
  }
  return lines;
}

boost::json::object object_of(const std::string& text) {
  boost::json::error_code broken;
  auto value = boost::json::parse(text, broken);
  return value.is_object() ? value.as_object() : boost::json::object{};
}

std::string text_in(const boost::json::object& object, std::string_view member) {
  const auto* value = object.if_contains(member);
  return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

std::int64_t number_in(const boost::json::object& object, std::string_view member) {
  const auto* value = object.if_contains(member);
  return value && value->is_int64() ? value->as_int64() : -1;
}

std::string trimmed(const std::string& text) {
  const auto end = text.find_last_not_of("\r\n \t");
  return text.substr(0, end == std::string::npos ? 0 : end + 1);
}

bool is_end_state(const std::string& state) {
  return state == "NotAllowed" || state == "Succeeded" || state == "Failed" || state == "Cancelled";
}

}  // namespace

void DropModel::violation(const std::string& file, const std::string& what) {
  shop_.model.violation("file " + file + ": " + what);
}

std::vector<std::string> DropModel::names_in(const std::string& folder) const {
  std::vector<std::string> names;
  std::error_code gone;
  for (fs::directory_iterator entry(all_.folder.in(folder), gone), end; !gone && entry != end; entry.increment(gone)) {
    names.push_back(entry->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string DropModel::what_is_open() const {
  for (const auto& name : names_in("inbox")) {
    if (name != "other.name") return "inbox/" + name;
  }
  for (const auto& name : names_in("work")) {
    if (!name.starts_with(".lock-")) return "work/" + name;
  }
  return {};
}

std::vector<DropModel::PutAway> DropModel::put_away() {
  std::vector<PutAway> all;
  for (const auto* folder : {"done", "rejected"}) {
    for (const auto& name : names_in(folder)) {
      if (name.ends_with(".reason.json")) continue;
      if (name.size() <= uuid_length + 1) {
        violation(name, "a strange name in " + std::string(folder));
        continue;
      }
      PutAway one{name.substr(0, uuid_length), name.substr(uuid_length + 1), {}, std::string(folder) == "done"};
      const auto path = all_.folder.in(folder) / name;
      if (fs::symlink_status(path).type() == fs::file_type::regular) one.content = content_of(path);
      if (!one.is_done && !fs::exists(path.string() + ".reason.json")) violation(name, "rejected without a reason");
      all.push_back(std::move(one));
    }
  }
  return all;
}

void DropModel::ended() {
  if (const auto open = what_is_open(); !open.empty()) return violation(open, "it is not over");
  for (const auto& name : names_in("outbox")) {
    constexpr std::string_view ending = ".end.json";
    if (!name.ends_with(ending)) continue;
    const auto end = object_of(content_of(all_.folder.in("outbox") / name));
    const auto base = name.substr(0, name.size() - ending.size());
    if (!outbox_of_.emplace(text_in(end, "fileId"), base).second) violation(name, "a second end of one file");
  }
  auto away = put_away();
  const auto take = [&](const std::string& name, const std::string& content) -> std::optional<PutAway> {
    const auto found = std::find_if(away.begin(), away.end(),
                                    [&](const PutAway& one) { return one.name == name && one.content == content; });
    if (found == away.end()) {
      violation(name, "it is neither in done/ nor in rejected/ as it was written");
      return {};
    }
    auto one = *found;
    away.erase(found);
    return one;
  };
  for (const auto& file : writers_.files()) {
    if (const auto one = take(file.name, file.content)) check_file(file, *one);
  }
  for (const auto& name : writers_.cancels()) take(name, "");
  for (const auto& name : writers_.odd()) {
    const auto one = take(name, name == "odd-3.jsonl" ? "{}" : "");
    if (one && one->is_done) violation(name, "it was taken");
  }
  for (const auto& one : away) violation(one.name, "nobody dropped it");
  for (const auto& [id, base] : outbox_of_) violation(base, "an end of a file that nobody dropped");
  for (const auto& [id, row] : shop_.store.requests()) {
    if (!made_.contains(id)) violation(id.to_string(), "a request that no line asked for");
  }
}

void DropModel::check_file(const WrittenFile& file, const PutAway& away) {
  const auto found = outbox_of_.find(away.id);
  if (found == outbox_of_.end()) return violation(file.name, "it has no end");
  const auto base = found->second;
  outbox_of_.erase(found);
  const auto outbox = [&](const char* suffix) { return content_of(all_.folder.in("outbox") / (base + suffix)); };

  std::map<std::int64_t, std::vector<std::string>> status;
  const auto status_text = outbox(".status.jsonl");
  if (!status_text.empty() && status_text.back() != '\n') violation(file.name, "the status file ends within a line");
  for (const auto& text : lines_of(status_text)) {
    const auto line = object_of(text);
    auto& states = status[number_in(line, "line")];
    const auto state = text_in(line, "stateCode");
    if (state.empty()) violation(file.name, "a status line that is none: " + text);
    // "At least once each": what is told again is no news.
    if (std::find(states.begin(), states.end(), state) == states.end()) states.push_back(state);
  }

  const auto receipt = lines_of(outbox(".receipt.jsonl"));
  const auto expected = std::max<std::size_t>(file.lines.size(), 1);  // of an empty file, a problem
  if (receipt.size() != expected) {
    return violation(file.name, "the receipt has " + std::to_string(receipt.size()) + " lines for " +
                                    std::to_string(file.lines.size()));
  }
  Told told;
  if (file.lines.empty()) told.problems = 1;
  for (std::size_t i = 0; i < file.lines.size(); ++i) check_line(file, file.lines[i], receipt[i], told, status);

  const bool is_good = !told.states.empty();
  if (is_good != away.is_done)
    violation(file.name, is_good ? "rejected, with a good line" : "done, without a good line");
  const auto end = object_of(outbox(".end.json"));
  if (text_in(end, "file") != file.name) violation(file.name, "its end names " + text_in(end, "file"));
  if (number_in(end, "problems") != told.problems) violation(file.name, "its end counts other problems");
  for (const auto* state : {"Succeeded", "Failed", "NotAllowed", "Cancelled"}) {
    const auto counts = end.contains("counts") ? end.at("counts").as_object() : boost::json::object{};
    if (number_in(counts, state) != told.states[state])
      violation(file.name, "its end counts other " + std::string(state));
  }
}

// A key of its own that another line uses for something else: the first of them wins.
bool DropModel::is_key_used_otherwise(const WrittenLine& line) const {
  for (const auto& file : writers_.files()) {
    for (const auto& other : file.lines) {
      if (!line.key.empty() && other.key == line.key && other.text != line.text) return true;
    }
  }
  return false;
}

void DropModel::check_line(const WrittenFile& file, const WrittenLine& line, const std::string& receipt_line,
                           Told& told, const std::map<std::int64_t, std::vector<std::string>>& status) {
  const auto where = file.name + ":" + std::to_string(line.number);
  const auto receipt = object_of(receipt_line);
  if (number_in(receipt, "line") != line.number) return violation(where, "its receipt is " + receipt_line);
  const auto id = RequestId::parse(text_in(receipt, "backupRequestId"));
  if (!id) {
    ++told.problems;
    if (!receipt.contains("problem")) violation(where, "neither a request nor a problem: " + receipt_line);
    if (line.is_request && !is_key_used_otherwise(line)) violation(where, "not taken: " + receipt_line);
    return;
  }
  if (!line.is_request) return violation(where, "a request of no request: " + receipt_line);
  made_.insert(*id);
  const auto same = line.key.empty() ? where + " " + trimmed(line.text) : "key " + line.key;
  if (request_of_.emplace(same, *id).first->second != *id) violation(where, "made a second request");
  const auto row = shop_.store.requests().find(*id);
  if (row == shop_.store.requests().end()) return violation(where, "its request is not stored");
  const auto& order = row->second.order;
  if (order.job_id != *line.job || order.source.str() != line.source || order.data_as_of.to_string() != line.as_of ||
      order.requester.str() != "client") {
    violation(where, "its request asks for something else");
  }

  // Every state, in order, from what the receipt says to the end; a correction after that is not awaited.
  auto told_state = text_in(receipt, "stateCode");
  std::vector<std::string> passed;
  for (const auto& entry : shop_.store.histories().at(*id)) {
    const std::string state(to_string(entry.state));
    if (passed.empty() || passed.back() != state) passed.push_back(state);
  }
  auto next = std::find(passed.begin(), passed.end(), told_state);
  if (next == passed.end()) return violation(where, "the receipt tells of a state that never was: " + told_state);
  ++next;
  if (const auto lines = status.find(line.number); lines != status.end()) {
    for (const auto& state : lines->second) {
      if (next == passed.end() || *next != state) return violation(where, "told out of order: " + state);
      told_state = state;
      ++next;
    }
  }
  if (!is_end_state(told_state)) return violation(where, "its end was not told, only " + told_state);
  ++told.states[told_state];
}

}  // namespace backupctl::sim
