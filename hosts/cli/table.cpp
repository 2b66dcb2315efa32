#include "cli/table.hpp"

#include <algorithm>
#include <ostream>

#include "cli/text.hpp"

namespace backupctl::cli {
namespace {

constexpr std::size_t gap = 2;

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

void pad(std::ostream& out, std::size_t columns) {
  for (; columns > 0; --columns) out << ' ';
}

}  // namespace

Table::Table(std::vector<std::string> headings) { rows_.push_back(std::move(headings)); }

void Table::add(std::vector<std::string> cells) {
  for (auto& cell : cells) cell = cell.empty() ? "-" : printable(cell);
  rows_.push_back(std::move(cells));
}

void Table::print(std::ostream& out) const {
  const auto count = rows_.front().size();
  std::vector<std::size_t> widths(count);
  std::vector<bool> numbers(count);  // there is one
  std::vector<bool> texts(count);
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    for (std::size_t c = 0; c < count; ++c) {
      const auto& cell = rows_[r][c];
      widths[c] = std::max(widths[c], width_of(cell));
      if (r > 0 && cell != "-") (is_number(cell) ? numbers : texts)[c] = true;
    }
  }
  for (const auto& row : rows_) {
    for (std::size_t c = 0; c < count; ++c) {
      const auto room = widths[c] - width_of(row[c]);
      const bool right = numbers[c] && !texts[c];
      if (right) pad(out, room);
      out << row[c];
      if (c + 1 < count) pad(out, (right ? 0 : room) + gap);
    }
    out << '\n';
  }
}

Table table_of(const std::vector<Json>& items, const std::vector<std::string>& members,
               const std::vector<std::string>& headings) {
  Table table(headings.empty() ? members : headings);
  for (const auto& item : items) {
    std::vector<std::string> cells;
    for (const auto& member : members) cells.push_back(text_of(item, member));
    table.add(std::move(cells));
  }
  return table;
}

void print_fields(std::ostream& out, const Json& object) {
  std::size_t widest = 0;
  for (const auto& [name, value] : object.as_object()) widest = std::max(widest, width_of(printable(name)));
  for (const auto& [name, value] : object.as_object()) {
    const auto label = printable(name);
    out << label;
    pad(out, widest - width_of(label) + gap);
    const auto text = text_of(value);
    out << (text.empty() ? "-" : printable(text)) << '\n';
  }
}

}  // namespace backupctl::cli
