#include "wire/problem.hpp"

#include "wire/json.hpp"
#include "wire/json_writer.hpp"
#include "wire/object_reader.hpp"

namespace backupctl::wire {

std::string problem_json(const Problem& problem) {
  std::string text;
  JsonWriter out(text);
  out.begin_object()
      .member("type", "urn:backupctl:problem:" + problem.code)
      .member("title", problem.title)
      .member("status", problem.status)
      .member("detail", problem.detail)
      .member("code", problem.code)
      .member("backupRequestId", problem.backup_request_id);
  if (!problem.errors.empty()) {
    out.key("errors").begin_array();
    for (const auto& fault : problem.errors) {
      out.begin_object().member("pointer", fault.pointer).member("detail", fault.detail).end_object();
    }
    out.end_array();
  }
  out.end_object();
  return text;
}

Result<Problem> parse_problem(std::string_view text) {
  auto document = parse_strict(text);
  if (!document) return std::move(document).error();
  ObjectReader in(*document, UnknownMembers::ignore);
  auto code = in.required<std::string>("code");
  auto status = in.required_integer("status", {400, 599});
  auto title = in.optional<std::string>("title");
  auto detail = in.optional<std::string>("detail");
  auto request = in.optional<std::string>("backupRequestId");
  Problem problem;
  in.optional_objects("errors", [&](ObjectReader& item) {
    auto pointer = item.required<std::string>("pointer");
    auto what = item.required<std::string>("detail");
    if (pointer && what) problem.errors.push_back({*std::move(pointer), *std::move(what)});
  });
  if (auto done = in.finish(); !done) return std::move(done).error();
  problem.status = static_cast<int>(*status);
  problem.code = *std::move(code);
  problem.title = std::move(title).value_or("");
  problem.detail = std::move(detail).value_or("");
  problem.backup_request_id = std::move(request);
  return problem;
}

}  // namespace backupctl::wire
