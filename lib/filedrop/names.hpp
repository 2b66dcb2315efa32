// What files are called in each of the five folders, and what a name says.
//
//   inbox/NAME.json · NAME.jsonl · NAME.jsonl.ready · NAME.cancel · NAME.tmp
//   work/<fileId>-NAME.jsonl            taken, being read
//   work/<fileId>-NAME.jsonl.lines.tmp  its receipt, being written
//   work/<fileId>-NAME.jsonl.lines      its receipt, whole, not yet in outbox/
//   work/<fileId>-NAME.jsonl.plain      its receipt is outbox/NAME.receipt.jsonl; requests are followed
//   work/<fileId>-NAME.jsonl.with-id    its receipt is outbox/NAME.<fileId>.receipt.jsonl; requests are followed
//   work/<fileId>-NAME.cancel           a cancel, being carried out
// Names are bytes: they need not be UTF-8. Thread rule: plain values and pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "backupctl/ids.hpp"

namespace backupctl::filedrop {

using FileId = Id<struct DroppedFileTag>;

enum class FileKind { json, jsonl, cancel };
std::string_view extension(FileKind kind);  // ".json"

// So that every name made of it fits into 255 bytes.
inline constexpr std::size_t longest_file_name = 190;

struct FileName {
  std::string name;  // NAME, not empty
  FileKind kind = FileKind::jsonl;
  std::string file() const { return name + std::string(extension(kind)); }
  friend bool operator==(const FileName&, const FileName&) = default;
};

// Nothing when it is none of ours: such files are left alone.
std::optional<FileName> parse_file_name(std::string_view file);
// Those that belong to a writer and mean nothing by themselves: .tmp and .ready.
bool is_auxiliary(std::string_view file);

// A file that was taken.
struct Taken {
  FileId id;
  FileName name;
  std::string file() const { return id.to_string() + "-" + name.file(); }  // in work/, done/ and rejected/
  friend bool operator==(const Taken&, const Taken&) = default;
};

enum class Part { file, lines_tmp, lines, plain, with_id, end_tmp };
std::string part_name(const Taken& taken, Part part);  // in work/

struct WorkEntry {
  Taken taken;
  Part part = Part::file;
};
std::optional<WorkEntry> parse_work_name(std::string_view file);

// How the files in outbox/ begin: NAME, or NAME.<fileId>.
std::string outbox_base(const Taken& taken, bool with_id);
inline constexpr std::string_view receipt_suffix = ".receipt.jsonl";
inline constexpr std::string_view status_suffix = ".status.jsonl";
inline constexpr std::string_view end_suffix = ".end.json";

}  // namespace backupctl::filedrop
