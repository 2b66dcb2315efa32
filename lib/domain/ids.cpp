#include "backupctl/ids.hpp"

#include <array>
#include <cstdint>

namespace backupctl {
namespace {

constexpr auto hex_values = [] {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (int i = 0; i < 10; ++i) values['0' + i] = static_cast<std::int8_t>(i);
  for (int i = 0; i < 6; ++i) values['a' + i] = values['A' + i] = static_cast<std::int8_t>(10 + i);
  return values;
}();
int hex_value(char c) { return hex_values[static_cast<unsigned char>(c)]; }

// Made when it is needed: ids are read by the hundred.
Error malformed_uuid() { return {ErrorKind::invalid, "must be a UUID (8-4-4-4-12 hexadecimal digits)"}; }

constexpr bool is_dash_position(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

}  // namespace

Result<boost::uuids::uuid> parse_uuid(std::string_view text) {
  if (text.size() != 36) return malformed_uuid();
  boost::uuids::uuid uuid{};
  std::size_t byte = 0;
  for (std::size_t i = 0; i < 36;) {
    if (is_dash_position(i)) {
      if (text[i] != '-') return malformed_uuid();
      ++i;
      continue;
    }
    const int high = hex_value(text[i]), low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return malformed_uuid();
    uuid.data[byte++] = static_cast<std::uint8_t>(high * 16 + low);
    i += 2;
  }
  return uuid;
}

std::string to_string(const boost::uuids::uuid& uuid) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text(36, '-');
  std::size_t i = 0;
  for (const auto byte : uuid.data) {
    if (is_dash_position(i)) ++i;
    text[i++] = digits[byte >> 4];
    text[i++] = digits[byte & 15];
  }
  return text;
}

boost::uuids::uuid IdSource::next(Timestamp now) {
  // RFC 9562 section 5.7 with a counter in rand_a (section 6.2, method 1): ids of one millisecond stay ordered.
  const auto millisecond = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  if (millisecond > last_millisecond_) {
    last_millisecond_ = millisecond;
    counter_ = static_cast<std::uint32_t>(random_.next() & 0x7FF);  // leaves half the range to count in
  } else if (++counter_ > 0xFFF) {
    ++last_millisecond_;
    counter_ = 0;
  }
  boost::uuids::uuid uuid{};
  for (int i = 0; i < 6; ++i) uuid.data[i] = static_cast<std::uint8_t>(last_millisecond_ >> (8 * (5 - i)));
  uuid.data[6] = static_cast<std::uint8_t>(0x70 | (counter_ >> 8));
  uuid.data[7] = static_cast<std::uint8_t>(counter_);
  const auto bits = random_.next();
  for (int i = 0; i < 8; ++i) uuid.data[8 + i] = static_cast<std::uint8_t>(bits >> (8 * i));
  uuid.data[8] = static_cast<std::uint8_t>((uuid.data[8] & 0x3F) | 0x80);
  return uuid;
}

}  // namespace backupctl
