#include "http/request_target.hpp"

#include <algorithm>

#include "backupctl/names.hpp"

namespace backupctl::http {
namespace {

bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_path_or_query(char c) {
  return is_alphanumeric(c) || std::string_view("-._~!$&'()*+,;=:@/%").find(c) != std::string_view::npos;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Error bad_target(std::string detail) { return {ErrorKind::invalid, std::move(detail), false, {}, {}}; }

Result<void> take_absolute_form(std::string_view& target, std::string& authority) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (target.size() < scheme.size() || !equal_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    const auto end = std::min(target.find_first_of("/?"), target.size());
    authority = target.substr(0, end);
    if (!is_valid_authority(authority)) return bad_target("the request target's host is not valid");
    target.remove_prefix(end);
    return {};
  }
  return bad_target("the request target must begin with \"/\"");
}

template <class Take>
Result<void> for_each_part(std::string_view text, char separator, Take take) {
  while (true) {
    const auto end = std::min(text.find(separator), text.size());
    if (auto taken = take(text.substr(0, end)); !taken) return taken;
    if (end == text.size()) return {};
    text.remove_prefix(end + 1);
  }
}

}  // namespace

Result<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const int high = i + 1 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) return bad_target("the request target has a \"%\" without two hexadecimal digits");
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (has_control_characters(decoded)) return bad_target("the request target has an encoded control character");
  if (!is_valid_utf8(decoded)) return bad_target("the request target is not UTF-8 once decoded");
  return decoded;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  constexpr std::string_view plain = "-_.~:";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || plain.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return encoded;
}

bool is_valid_authority(std::string_view text) {
  if (text.empty() || text.size() > 262) return false;
  std::string_view port;
  if (text.front() == '[') {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return false;
    const auto address = text.substr(1, end - 1);
    if (address.empty() ||
        !std::ranges::all_of(address, [](char c) { return hex_value(c) >= 0 || c == ':' || c == '.'; }))
      return false;
    port = text.substr(end + 1);
  } else {
    const auto colon = std::min(text.find(':'), text.size());
    const auto host = text.substr(0, colon);
    if (host.empty() ||
        !std::ranges::all_of(host, [](char c) { return is_alphanumeric(c) || c == '-' || c == '.' || c == '_'; }))
      return false;
    port = text.substr(colon);
  }
  if (port.empty()) return true;
  return port.front() == ':' && port.size() <= 6 &&
         std::ranges::all_of(port.substr(1), [](char c) { return c >= '0' && c <= '9'; });
}

Result<RequestTarget> parse_target(std::string_view target) {
  RequestTarget result;
  if (target.empty()) return bad_target("the request target is empty");
  if (target.front() != '/') {
    if (auto taken = take_absolute_form(target, result.authority); !taken) return std::move(taken).error();
  }
  const auto question_mark = std::min(target.find('?'), target.size());
  const auto path = target.substr(0, question_mark);
  const auto query = target.substr(std::min(question_mark + 1, target.size()));
  if (!std::ranges::all_of(path, is_path_or_query) ||
      !std::ranges::all_of(query, [](char c) { return is_path_or_query(c) || c == '?'; }))
    return bad_target("the request target has a character that must be percent-encoded");

  result.path = path.empty() ? "/" : path;
  auto take_segment = [&result](std::string_view part) -> Result<void> {
    auto segment = percent_decode(part);
    if (!segment) return std::move(segment).error();
    result.segments.push_back(*std::move(segment));
    return {};
  };
  if (auto taken = for_each_part(std::string_view(result.path).substr(1), '/', take_segment); !taken)
    return std::move(taken).error();

  auto take_parameter = [&result](std::string_view part) -> Result<void> {
    if (part.empty()) return {};
    const auto equals = std::min(part.find('='), part.size());
    auto name = percent_decode(part.substr(0, equals));
    if (!name) return std::move(name).error();
    auto value = percent_decode(part.substr(std::min(equals + 1, part.size())));
    if (!value) return std::move(value).error();
    result.query.push_back({*std::move(name), *std::move(value)});
    return {};
  };
  if (auto taken = for_each_part(query, '&', take_parameter); !taken) return std::move(taken).error();
  return result;
}

}  // namespace backupctl::http
