#include "config/load.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "config/toml.hpp"

namespace backupctl::config {
namespace {

constexpr std::string_view variable_prefix = "BACKUPCTL_";

Value value_of(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return number->get();
  if (const auto* flag = node.as_boolean()) return flag->get();
  if (const auto* array = node.as_array()) {
    std::vector<std::string> items;
    for (const auto& item : *array) {
      const auto* text = item.as_string();
      if (!text) return OtherType{};
      items.push_back(text->get());
    }
    return items;
  }
  return OtherType{};
}

// The text of an environment variable or of --set. A list may be written as in the file.
Value value_of(const Key& key, const std::string& text) {
  if (key.is_list && text.starts_with('[')) {
    try {
      const auto parsed = parse_toml("value = " + text);
      return value_of(*parsed.get("value"));
    } catch (const std::runtime_error&) {  // toml::parse_error is one
      return OtherType{};
    }
  }
  return Raw{text};
}

// "HTTP_MAX_BODY", "HTTP_MAXBODY" and "http.maxBody" all become "HTTPMAXBODY".
std::string squeezed(std::string_view name) {
  std::string result;
  for (const unsigned char c : name) {
    if (c != '_' && c != '.') result += static_cast<char>(std::toupper(c));
  }
  return result;
}

// Every name that may stand in the file: keys, rows, and the sections that hold them.
std::vector<std::string> known_names(Schema& schema) {
  std::vector<std::string> names;
  const auto add = [&names](const std::string& name) {
    names.push_back(name);
    for (auto dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
      names.push_back(name.substr(0, dot));
    }
  };
  for (const auto& key : schema.keys()) add(key->name);
  for (const auto& rows : schema.tables()) add(rows.name);
  return names;
}

class Loader {
 public:
  explicit Loader(Schema& schema) : schema_(schema) {}

  void read_file(const Sources::File& file) {
    file_ = file.name;
    try {
      const auto table = parse_toml(file.text);
      read_table(schema_, table, "", "");
    } catch (const toml::parse_error& error) {
      add_problem(error.source().begin.line, "", "is no TOML: " + std::string(error.description()));
    } catch (const NoToml& error) {
      add_problem(error.line, "", std::string("is no TOML: ") + error.what());
    }
    std::stable_sort(found_.begin(), found_.end(), [](const auto& a, const auto& b) { return a.line < b.line; });
    for (auto& found : found_) loaded_.problems.push_back(std::move(found.problem));
  }

  void read_environment(const Environment& environment) {
    std::map<const Key*, std::string> set_by;
    for (const auto& [variable, text] : environment) {
      if (!variable.starts_with(variable_prefix)) continue;
      const auto where = "environment " + variable;
      const auto name = squeezed(std::string_view(variable).substr(variable_prefix.size()));
      auto* key = find_key(schema_, [&name](const Key& each) { return squeezed(each.name) == name; });
      if (!key) {
        warn_of_stray(variable);
        continue;
      }
      if (const auto [other, is_new] = set_by.emplace(key, variable); !is_new) {
        loaded_.problems.push_back({where, key->name, "is set by " + other->second + " as well"});
        continue;
      }
      set(*key, text, where);
    }
  }

  void read_set(const std::string& assignment) {
    const auto equals = assignment.find('=');
    const auto name = assignment.substr(0, equals);
    if (equals == std::string::npos) {
      loaded_.problems.push_back({"--set", name, "must be written KEY=VALUE, such as log.level=debug"});
      return;
    }
    auto* key = find_key(schema_, [&name](const Key& each) { return each.name == name; });
    if (!key) {
      loaded_.problems.push_back({"--set", name, why_unknown(schema_, name)});
      return;
    }
    set(*key, assignment.substr(equals + 1), "--set");
  }

  Loaded finish() {
    for (const auto& key : schema_.keys()) {
      if (key->is_required && !where_.contains(key->name)) {
        loaded_.problems.push_back({file_.empty() ? "configuration" : file_, key->name, "must be given"});
      }
    }
    for (const auto& check : schema_.checks()) {
      check([this](std::string_view key, std::string detail) {
        loaded_.problems.push_back({where(std::string(key)), std::string(key), std::move(detail)});
      });
    }
    return std::move(loaded_);
  }

 private:
  struct Found {
    std::uint32_t line;
    Problem problem;
  };

  template <class Predicate>
  static Key* find_key(Schema& schema, Predicate is_it) {
    const auto& keys = schema.keys();
    const auto found = std::find_if(keys.begin(), keys.end(), [&](const auto& key) { return is_it(*key); });
    return found == keys.end() ? nullptr : found->get();
  }

  std::string at_line(std::uint32_t line) const { return line == 0 ? file_ : file_ + ":" + std::to_string(line); }

  void add_problem(std::uint32_t line, std::string key, std::string detail) {
    found_.push_back({line, {at_line(line), std::move(key), std::move(detail)}});
  }

  // Where the key's present value came from; for a key of a row that is not there, where the row begins.
  std::string where(std::string key) const {
    for (;;) {
      if (const auto found = where_.find(key); found != where_.end()) return found->second;
      const auto dot = key.rfind('.');
      if (dot == std::string::npos) return "default";
      key.resize(dot);
    }
  }

  // `shown` is how the table is called in problems ("zone[0]."), `prefix` how its keys are in `schema`.
  void read_table(Schema& schema, const toml::table& table, const std::string& shown, const std::string& prefix) {
    for (const auto& [toml_key, node] : table) {
      const std::string word(toml_key.str());
      const auto name = prefix + word;
      const auto shown_name = shown + word;
      const auto line = toml_key.source().begin.line;
      if (auto* key = find_key(schema, [&name](const Key& each) { return each.name == name; })) {
        where_[shown_name] = at_line(line);
        const auto verdict = key->assign(value_of(node), key->problem_with);
        if (!verdict.problem.empty()) add_problem(line, shown_name, verdict.problem);
        if (!verdict.warning.empty()) loaded_.warnings.push_back({at_line(line), shown_name, verdict.warning});
      } else if (const auto* rows = find_rows(schema, name)) {
        read_rows(*rows, node, shown_name, line);
      } else if (node.is_table() && has_within(schema, name + ".")) {
        where_[shown_name] = at_line(line);
        complain_of_missing_rows(schema, *node.as_table(), name, line);
        read_table(schema, *node.as_table(), shown_name + ".", name + ".");
      } else {
        add_problem(line, shown_name, why_unknown(schema, name));
      }
    }
  }

  void read_rows(const Rows& rows, const toml::node& node, const std::string& shown, std::uint32_t line) {
    const auto* array = node.as_array();
    const bool good =
        array && std::all_of(array->begin(), array->end(), [](const auto& row) { return row.is_table(); });
    if (!good) return add_problem(line, shown, "must be written [[" + rows.name + "]], once for each");
    for (std::size_t i = 0; i < array->size(); ++i) {
      const auto& table = *array->get(i)->as_table();
      const auto row_line = table.source().begin.line;
      const auto row_shown = shown + "[" + std::to_string(i) + "]";
      where_[row_shown] = at_line(row_line);
      Schema row;
      rows.add(row);
      read_table(row, table, row_shown + ".", "");
      for (const auto& key : row.keys()) {
        const auto key_shown = row_shown + "." + key->name;
        if (key->is_required && !where_.contains(key_shown)) add_problem(row_line, key_shown, "must be given");
      }
    }
  }

  // "[auth]" alone would look like protection and be none.
  void complain_of_missing_rows(Schema& schema, const toml::table& table, const std::string& section,
                                std::uint32_t line) {
    const auto inside = section + ".";
    if (find_key(schema, [&inside](const Key& key) { return key.name.starts_with(inside); })) return;
    for (const auto& rows : schema.tables()) {
      if (!rows.name.starts_with(inside)) continue;
      const auto* found = table.get(rows.name.substr(inside.size()));
      if (!found || (found->is_array() && found->as_array()->empty())) {
        add_problem(line, section, "is there without any [[" + rows.name + "]]");
      }
    }
  }

  static const Rows* find_rows(const Schema& schema, const std::string& name) {
    for (const auto& rows : schema.tables()) {
      if (rows.name == name) return &rows;
    }
    return nullptr;
  }

  static bool has_within(Schema& schema, const std::string& prefix) {
    if (find_key(schema, [&prefix](const Key& key) { return key.name.starts_with(prefix); })) return true;
    const auto& tables = schema.tables();
    return std::any_of(tables.begin(), tables.end(), [&](const auto& rows) { return rows.name.starts_with(prefix); });
  }

  static std::string why_unknown(Schema& schema, const std::string& name) {
    for (const auto& unsupported : schema.unsupported_sections()) {
      if (name == unsupported.section || name.starts_with(unsupported.section + ".")) {
        return "is not supported: " + unsupported.why;
      }
    }
    if (has_within(schema, name + ".")) return "is a section, not a key";
    if (find_rows(schema, name)) return "can only be given in the file, as [[" + name + "]]";
    const auto near = nearest(name, known_names(schema));
    return near.empty() ? "is not a key of this program" : "is not a key of this program; did you mean " + near + "?";
  }

  void warn_of_stray(const std::string& variable) {
    const auto rest = std::string_view(variable).substr(variable_prefix.size());
    const auto section = squeezed(rest.substr(0, rest.find('_')));
    const auto names = known_names(schema_);
    if (std::any_of(names.begin(), names.end(), [&](const auto& name) { return squeezed(name) == section; })) {
      loaded_.warnings.push_back({"environment " + variable, "", "is not a key of this program and was not read"});
    }
  }

  void set(const Key& key, const std::string& text, const std::string& where) {
    where_[key.name] = where;
    const auto verdict = key.assign(value_of(key, text), key.problem_with);
    if (!verdict.problem.empty()) loaded_.problems.push_back({where, key.name, verdict.problem});
    if (!verdict.warning.empty()) loaded_.warnings.push_back({where, key.name, verdict.warning});
  }

  Schema& schema_;
  std::string file_;
  std::vector<Found> found_;
  std::map<std::string, std::string> where_;
  Loaded loaded_;
};

}  // namespace

Loaded load(Schema& schema, const Sources& sources) {
  Loader loader{schema};
  if (sources.file) loader.read_file(*sources.file);
  loader.read_environment(sources.environment);
  for (const auto& assignment : sources.sets) loader.read_set(assignment);
  return loader.finish();
}

}  // namespace backupctl::config
