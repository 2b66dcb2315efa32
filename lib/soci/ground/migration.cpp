#include "soci/ground/migration.hpp"

#include <algorithm>
#include <charconv>

namespace backupctl::soci {

Result<std::vector<Migration>> migrations_of(std::span<const EmbeddedFile> files) {
  std::vector<Migration> migrations;
  for (const auto& file : files) {
    std::int32_t number = 0;
    const auto* begin = file.name.data();
    const auto [end, problem] = std::from_chars(begin, begin + file.name.size(), number);
    auto rest = file.name.substr(static_cast<std::size_t>(end - begin));
    if (problem != std::errc{} || end - begin != 4 || !rest.starts_with('_') || !rest.ends_with(".sql")) {
      return Error{ErrorKind::internal, "not the name of a migration: " + std::string(file.name)};
    }
    rest.remove_prefix(1);
    rest.remove_suffix(4);
    migrations.push_back({number, rest, file.content, file.sha256});
  }
  std::ranges::sort(migrations, {}, &Migration::number);
  for (std::size_t i = 0; i < migrations.size(); ++i) {
    if (migrations[i].number != static_cast<std::int32_t>(i) + 1) {
      return Error{ErrorKind::internal, "migration " + std::to_string(i + 1) + " is missing or there twice"};
    }
  }
  return migrations;
}

Error older_schema(const std::string& where, std::size_t theirs, std::size_t ours) {
  return {ErrorKind::conflict,
          where + " has schema " + std::to_string(theirs) + ", this program reads " + std::to_string(ours) +
              "; it is migrated when a controller starts on it next, or by: backupctl store migrate",
          false,
          "store-older",
          {}};
}

}  // namespace backupctl::soci
