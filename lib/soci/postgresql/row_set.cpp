#include "soci/postgresql/row_set.hpp"

#include "backupctl/names.hpp"

namespace backupctl::soci {

namespace {

bool is_fit(const std::string& value) { return is_valid_utf8(value) && value.find('\0') == std::string::npos; }

std::string made_fit(const std::string& value) {
  std::string text;
  for (std::size_t at = 0; at < value.size();) {
    std::size_t length = 1;
    while (length <= 4 && at + length <= value.size() && !is_valid_utf8(value.substr(at, length))) ++length;
    const auto sign = value.substr(at, length);
    if (!is_valid_utf8(sign) || sign[0] == '\0') {
      text += '?';
      ++at;
    } else {
      text += sign;
      at += length;
    }
  }
  return text;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string fit_text(const std::string& text) { return is_fit(text) ? text : made_fit(text); }

void ArrayText::append(const std::string& value) {
  if (!is_fit(value)) return append(made_fit(value));
  separate();
  text_ += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') text_ += '\\';
    text_ += c;
  }
  text_ += '"';
}

void ArrayText::append(std::int64_t value) {
  separate();
  text_ += std::to_string(value);
}

void ArrayText::append_null() {
  separate();
  text_ += "NULL";
}

std::string to_hex(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::string from_hex(std::string_view text) {
  if (text.size() % 2 != 0) throw CorruptRow("body: not bytes in hex");
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) throw CorruptRow("body: not bytes in hex");
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::string RowSet::rows() const {
  std::string arrays, names;
  for (const auto& column : columns_) {
    const auto* comma = names.empty() ? "" : ", ";
    arrays.append(comma).append("CAST(:").append(column.name).append(" AS ").append(column.type).append("[])");
    names.append(comma).append(column.name);
  }
  return "unnest(" + arrays + ") AS n (" + names + ")";
}

}  // namespace backupctl::soci
