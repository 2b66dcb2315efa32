// The members of a backup job as options, for create and change.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backupctl/result.hpp"
#include "cli/command_line.hpp"
#include "cli/document.hpp"

namespace backupctl::cli {

// Thread rule: plain value.
struct JobOptions {
  std::optional<std::string> name{};
  std::optional<std::string> description{};
  std::optional<std::string> owner{};
  std::optional<std::string> zone{};
  std::optional<std::string> storage_path{};
  std::optional<std::int64_t> days_to_keep{};
  std::optional<std::string> from{};
  std::optional<std::string> to{};
  std::vector<std::string> requesters{};
  std::vector<std::string> source_roots{};
  std::optional<std::int64_t> minimum_backups{};
  std::optional<std::string> expected_every{};
  std::vector<std::string> notify{};
  std::string file{};  // instead of all these: the whole document; "-": standard input

  bool any() const;  // of the members
};

std::shared_ptr<JobOptions> add_job_options(CLI::App& verb);

// The document of a job: `base`, the text of a JSON object, with what the options say in place of its members.
std::string job_document(const JobOptions& options, const std::string& base);

// The document in options.file. Errors: invalid, naming the file.
Result<Document> read_job_file(const JobOptions& options);

}  // namespace backupctl::cli
