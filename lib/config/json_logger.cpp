#include "config/json_logger.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>

#include "backupctl/names.hpp"

namespace backupctl::config {
namespace {

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "error";
}

std::size_t sequence_length(unsigned char lead) {
  return lead < 0x80 ? 1 : (lead >> 5) == 0x6 ? 2 : (lead >> 4) == 0xE ? 3 : (lead >> 3) == 0x1E ? 4 : 1;
}

void append_escape(std::string& line, unsigned code) {
  constexpr char digits[] = "0123456789abcdef";
  line += "\\u00";
  line += digits[(code >> 4) & 15];
  line += digits[code & 15];
}

void append_string(std::string& line, std::string_view text) {
  line += '"';
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    const auto character = text.substr(i, sequence_length(c));
    if (c == '"' || c == '\\') {
      line += '\\';
      line += text[i];
    } else if (c == '\n') {
      line += "\\n";
    } else if (c == '\r') {
      line += "\\r";
    } else if (c == '\t') {
      line += "\\t";
    } else if (c < 0x20 || c == 0x7F) {
      append_escape(line, c);
    } else if (!is_valid_utf8(character)) {
      line += "\xEF\xBF\xBD";
      ++i;
      continue;
    } else if (c == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0) {
      append_escape(line, static_cast<unsigned char>(text[i + 1]));  // C1 controls steer some terminals
    } else {
      line += character;
    }
    i += character.size();
  }
  line += '"';
}

template <class Number>
void append_number(std::string& line, Number number) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  line.append(buffer.data(), end);
}

struct AppendValue {
  std::string& line;
  void operator()(const std::string& text) const { append_string(line, text); }
  void operator()(std::int64_t number) const { append_number(line, number); }
  void operator()(double number) const { std::isfinite(number) ? append_number(line, number) : void(line += "null"); }
  void operator()(bool flag) const { line += flag ? "true" : "false"; }
};

bool reads_well_bare(std::string_view text) {
  if (text.empty() || !is_valid_utf8(text)) return false;
  for (const unsigned char c : text) {
    if (c <= 0x20 || c >= 0x7F || c == '"' || c == '\\' || c == '=') return false;
  }
  return true;
}

}  // namespace

std::string json_line(Timestamp time, LogLevel level, std::string_view message,
                      std::initializer_list<LogField> fields) {
  std::string line = "{\"time\":\"" + backupctl::to_string(time) + "\",\"level\":\"";
  line += level_name(level);
  line += "\",\"msg\":";
  append_string(line, message);
  for (const auto& field : fields) {
    line += ',';
    append_string(line, field.name);
    line += ':';
    std::visit(AppendValue{line}, field.value);
  }
  line += "}\n";
  return line;
}

std::string text_line(Timestamp time, LogLevel level, std::string_view message,
                      std::initializer_list<LogField> fields) {
  std::string line = backupctl::to_string(time) + ' ';
  line += level_name(level);
  line += ' ';
  std::string escaped;
  append_string(escaped, message);
  line += std::string_view(escaped).substr(1, escaped.size() - 2);
  for (const auto& field : fields) {
    line += ' ';
    line += field.name;
    line += '=';
    const auto* text = std::get_if<std::string>(&field.value);
    if (text && reads_well_bare(*text)) {
      line += *text;
    } else {
      std::visit(AppendValue{line}, field.value);
    }
  }
  line += '\n';
  return line;
}

void JsonLogger::write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (level < least_) return;
  const auto make = format_ == LogFormat::json ? json_line : text_line;
  const std::lock_guard lock{mutex_};
  const auto line = make(clock_.now(), level, message, fields);
  for (std::string_view rest = line; !rest.empty();) {
    const auto count = ::write(descriptor_, rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;  // nobody to tell: the log itself is gone
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace backupctl::config
