// The keys of one program, each declared once: where its value goes, what may stand in it, what it is for.
//
//   struct Settings { std::string listen = "127.0.0.1:8080"; std::vector<Zone> zones; };
//   Schema schema;
//   schema.text("http.listen", settings.listen, "address and port to listen on").check(problem_with_endpoint);
//   schema.rows<Zone>("zone", settings.zones, "the zones", [](Schema& row, Zone& zone) {
//     row.text("name", zone.name, "its name in jobs").required();
//   });
//
// The default of a key is what its field holds when it is declared. Fields must outlive the Schema and stay in place.
// Thread rule: one thread; declare everything, then load once.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "backupctl/time.hpp"
#include "config/problem.hpp"
#include "config/token_file.hpp"

namespace backupctl::config {

// A value as it was found. Text from the environment or from --set is Raw: the key's type decides how it is read.
struct Raw {
  std::string text;
};
struct OtherType {};  // a TOML date, a table, a list that holds something else than strings
using Value = std::variant<Raw, std::string, std::int64_t, bool, std::vector<std::string>, OtherType>;

// What setting a key came to: a problem, a warning, or neither.
struct Verdict {
  std::string problem{};
  std::string warning{};
};

class Key {
 public:
  Key& required();  // a value must be given, and a list must not be empty
  // `problem_with` looks at the text of the value (for a list: at each item) and returns "" or what is wrong with it:
  // "must be …". It is not asked about defaults.
  Key& check(std::function<std::string(std::string_view)> problem_with);

  std::string name;  // "http.listen"; within a row "name"
  std::string type;  // for people: "text", "whole number 1 to 10", "json | text"
  std::string default_text;
  std::string help;
  bool is_required = false;
  bool is_list = false;
  std::function<Verdict(const Value&, const std::function<std::string(std::string_view)>&)> assign;
  std::function<std::string(std::string_view)> problem_with = [](std::string_view) { return std::string{}; };
};

class Schema;

struct Rows {
  std::string name;  // "zone" for [[zone]], "auth.token" for [[auth.token]]
  std::string help;
  std::function<void(Schema&)> add;       // appends a row and declares its keys
  std::function<void(Schema&)> describe;  // declares the keys of a row that is nobody's, for --help
};

// Where a program's own checks put what they find: the key's line is looked up for them.
using Report = std::function<void(std::string_view key, std::string detail)>;

class Schema {
 public:
  struct Range {
    std::int64_t least = 0;
    std::int64_t most = std::numeric_limits<std::int64_t>::max();
  };

  Key& text(std::string key, std::string& field, std::string help);
  Key& choice(std::string key, std::string& field, std::vector<std::string> choices, std::string help);
  Key& path(std::string key, std::string& field, std::string help);  // not opened, not required to exist
  Key& number(std::string key, std::int64_t& field, Range range, std::string help);
  Key& flag(std::string key, bool& field, std::string help);
  Key& duration(std::string key, Duration& field, Duration least, Duration most, std::string help);
  Key& list(std::string key, std::vector<std::string>& field, std::string help);
  // The file is read when the configuration is: one that cannot be read is a problem, one that others can read a
  // warning.
  Key& token_file(std::string key, TokenFile& field, std::string help);

  // [[key]]: `declare` is called once for each row found, with the row just appended to `rows`.
  template <class Row>
  void rows(std::string key, std::vector<Row>& rows, std::string help, std::function<void(Schema&, Row&)> declare) {
    add_rows({std::move(key), std::move(help),
              [&rows, declare](Schema& schema) {
                rows.emplace_back();
                declare(schema, rows.back());
              },
              [declare](Schema& schema) { declare(schema, schema.keep<Row>()); }});
  }

  // A section that this version knows of and cannot serve: finding it is a problem that says `why`.
  void unsupported(std::string section, std::string why);

  // A check over several keys; runs after everything is loaded, also when there are problems already.
  void also(std::function<void(const Report&)> check);

  // For the loader and the help.
  struct Unsupported {
    std::string section;
    std::string why;
  };
  std::vector<std::unique_ptr<Key>>& keys() { return keys_; }
  const std::vector<Rows>& tables() const { return rows_; }
  const std::vector<Unsupported>& unsupported_sections() const { return unsupported_; }
  const std::vector<std::function<void(const Report&)>>& checks() const { return checks_; }

 private:
  template <class Row>
  Row& keep() {
    auto row = std::make_shared<Row>();
    kept_.push_back(row);
    return *row;
  }
  void add_rows(Rows rows);
  Key& add(std::string key, std::string type, std::string default_text, std::string help);

  std::vector<std::unique_ptr<Key>> keys_;
  std::vector<Rows> rows_;
  std::vector<Unsupported> unsupported_;
  std::vector<std::function<void(const Report&)>> checks_;
  std::vector<std::shared_ptr<void>> kept_;
};

}  // namespace backupctl::config
