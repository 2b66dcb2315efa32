// Strong identifiers. Each is a UUID (RFC 9562) of its own type, so that one cannot stand in for another.
//
// Ids that we make are version 7 (ordered by time, which keeps indexes dense); ids that others make may be any version.
// Thread rule: ids are plain values; an IdSource is used on the executor unless it says otherwise.
#pragma once

#include <array>
#include <boost/uuid/uuid.hpp>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "backupctl/result.hpp"
#include "backupctl/time.hpp"

namespace backupctl {

Result<boost::uuids::uuid> parse_uuid(std::string_view text);  // 8-4-4-4-12 hex digits, either case; else invalid
std::string to_string(const boost::uuids::uuid& uuid);         // lower case

template <class Tag>
class Id {
 public:
  explicit Id(boost::uuids::uuid value) : value_(value) {}
  static Result<Id> parse(std::string_view text) {
    auto uuid = parse_uuid(text);
    if (!uuid) return std::move(uuid).error();
    return Id{*uuid};
  }
  std::string to_string() const { return backupctl::to_string(value_); }
  const boost::uuids::uuid& uuid() const { return value_; }

  friend bool operator==(const Id& a, const Id& b) { return a.value_ == b.value_; }
  friend std::strong_ordering operator<=>(const Id& a, const Id& b) {
    if (a.value_ < b.value_) return std::strong_ordering::less;
    return a.value_ == b.value_ ? std::strong_ordering::equal : std::strong_ordering::greater;
  }

 private:
  boost::uuids::uuid value_;
};

using RequestId = Id<struct RequestTag>;    // a backup request; also the id of the command sent to the zone
using JobId = Id<struct JobTag>;            // a backup job
using BackupId = Id<struct BackupTag>;      // a row of the master store
using InstanceId = Id<struct InstanceTag>;  // one run of one controller process
using ParkedResultId = Id<struct ParkedResultTag>;
using NoticeId = Id<struct NoticeTag>;

// Where random bits come from. The simulation replaces it.
class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;
};

// Makes version-7 UUIDs that never go backwards within one source, also when the clock does.
class IdSource {
 public:
  explicit IdSource(Random& random) : random_(random) {}
  boost::uuids::uuid next(Timestamp now);

 private:
  Random& random_;
  std::int64_t last_millisecond_ = 0;
  std::uint32_t counter_ = 0;
};

}  // namespace backupctl

template <class Tag>
struct std::hash<backupctl::Id<Tag>> {
  std::size_t operator()(const backupctl::Id<Tag>& id) const noexcept { return boost::uuids::hash_value(id.uuid()); }
};
