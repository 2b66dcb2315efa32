// Aligned columns for people. Headings are the members' names in JSON, so that a person finds them again there.
// Thread rule: plain value; pure functions.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "cli/document.hpp"

namespace backupctl::cli {

// Cells are made printable; "-" stands for empty ones. Numbers stand to the right.
class Table {
 public:
  explicit Table(std::vector<std::string> headings);
  void add(std::vector<std::string> cells);
  bool empty() const { return rows_.size() == 1; }
  void print(std::ostream& out) const;

 private:
  std::vector<std::vector<std::string>> rows_;  // the headings first
};

// One row for each of `items`, one column for each of `members`; `headings`, where their names say too little.
Table table_of(const std::vector<Json>& items, const std::vector<std::string>& members,
               const std::vector<std::string>& headings = {});

// One line for each member of an object: its name and its value.
void print_fields(std::ostream& out, const Json& object);

}  // namespace backupctl::cli
