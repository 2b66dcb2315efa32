#include "filedrop/names.hpp"

#include <array>
#include <utility>

namespace backupctl::filedrop {
namespace {

constexpr std::array kinds{FileKind::json, FileKind::jsonl, FileKind::cancel};
constexpr std::array parts{Part::lines_tmp, Part::lines, Part::plain, Part::with_id, Part::end_tmp};
constexpr std::size_t file_id_length = 36;

std::string_view suffix(Part part) {
  switch (part) {
    case Part::lines_tmp:
      return ".lines.tmp";
    case Part::lines:
      return ".lines";
    case Part::plain:
      return ".plain";
    case Part::with_id:
      return ".with-id";
    case Part::end_tmp:
      return ".end.tmp";
    case Part::file:
      break;
  }
  return {};
}

}  // namespace

std::string_view extension(FileKind kind) {
  switch (kind) {
    case FileKind::json:
      return ".json";
    case FileKind::jsonl:
      return ".jsonl";
    case FileKind::cancel:
      break;
  }
  return ".cancel";
}

std::optional<FileName> parse_file_name(std::string_view file) {
  for (const auto kind : kinds) {
    const auto end = extension(kind);
    if (file.size() > end.size() && file.ends_with(end)) {
      return FileName{std::string(file.substr(0, file.size() - end.size())), kind};
    }
  }
  return {};
}

bool is_auxiliary(std::string_view file) { return file.ends_with(".tmp") || file.ends_with(".ready"); }

std::string part_name(const Taken& taken, Part part) { return taken.file() + std::string(suffix(part)); }

std::optional<WorkEntry> parse_work_name(std::string_view file) {
  if (file.size() <= file_id_length + 1 || file[file_id_length] != '-') return {};
  const auto id = FileId::parse(file.substr(0, file_id_length));
  if (!id || id->to_string() != file.substr(0, file_id_length)) return {};  // as we write it
  auto rest = file.substr(file_id_length + 1);
  auto found = Part::file;
  for (const auto part : parts) {
    if (rest.ends_with(suffix(part))) {
      found = part;
      rest.remove_suffix(suffix(part).size());
      break;
    }
  }
  auto name = parse_file_name(rest);
  if (!name) return {};
  return WorkEntry{{*id, *std::move(name)}, found};
}

std::string outbox_base(const Taken& taken, bool with_id) {
  return with_id ? taken.name.name + "." + taken.id.to_string() : taken.name.name;
}

}  // namespace backupctl::filedrop
