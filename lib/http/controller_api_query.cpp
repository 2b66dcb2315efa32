#include "http/controller_api_query.hpp"

#include <charconv>

#include "http/problem.hpp"

namespace backupctl::http {
namespace {

constexpr std::int64_t default_limit = 100;
constexpr std::int64_t most_items = 1000;
constexpr std::size_t uuid_digits = 32;

}  // namespace

std::string cursor_text(char list, const boost::uuids::uuid& last) {
  std::string text(1, list);
  for (const char c : backupctl::to_string(last)) {
    if (c != '-') text += c;
  }
  return text;
}

std::optional<boost::uuids::uuid> read_cursor(char list, std::string_view text) {
  if (text.size() != 1 + uuid_digits || text.front() != list) return {};
  std::string with_dashes(text.substr(1));
  for (const std::size_t at : {20U, 16U, 12U, 8U}) with_dashes.insert(at, 1, '-');
  auto uuid = parse_uuid(with_dashes);
  if (!uuid) return {};
  return *uuid;
}

std::int64_t QueryReader::limit() {
  const auto text = request_.query_parameter("limit");
  if (!text) return default_limit;
  std::int64_t number = 0;
  const auto* end = text->data() + text->size();
  const auto [at, error] = std::from_chars(text->data(), end, number);
  if (error == std::errc{} && at == end && number >= 1 && number <= most_items) return number;
  faults_.push_back({"limit", "must be a whole number from 1 to " + std::to_string(most_items)});
  return default_limit;
}

std::optional<Response> QueryReader::refusal() const {
  if (faults_.empty()) return {};
  return problem_response(400, "invalid-query",
                          "a query parameter is not right: " + faults_.front().pointer + " " + faults_.front().detail,
                          faults_);
}

}  // namespace backupctl::http
