// The yardstick: the rows that the controller writes for admissions and for whole lives, in the same commits, by the
// raw API of the engine and nothing else. What is timed is the writing alone; the rows are made before.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace backupctl::bench {

using Cell = std::variant<std::monostate, std::int64_t, std::string>;
using Row = std::vector<Cell>;

struct Column {
  std::string_view name;
  enum class Type { text, integer } type = Type::text;
};

// What a commit is made of, in the order in which it is written.
enum class Write { insert, change, remove };
struct Statement {
  Write write;
  std::string_view table;
  // insert: what is written. change: what is set, and then the guards. remove: the guards.
  std::vector<Column> columns;
  std::size_t guards = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;
  // One commit: each statement's rows.
  struct Part {
    const Statement& statement;
    const std::vector<Row>& rows;
  };
  virtual void commit(const std::vector<Part>& parts) = 0;
  virtual std::int64_t count(const char* select) = 0;
};

std::unique_ptr<Engine> open_bare_sqlite(const std::string& path);
std::unique_ptr<Engine> open_bare_postgresql(const std::string& url);

}  // namespace backupctl::bench
