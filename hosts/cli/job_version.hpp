// Which version of a job a command is about.
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <string>

#include "cli/caller.hpp"
#include "cli/command_line.hpp"

namespace backupctl::cli {

enum class Which {
  shown,   // in force, else the newest
  newest,  // what was written last, which may wait for approval
  given,
};

std::string job_path(const std::string& id);
CLI::Option& add_version(CLI::App& verb, std::int64_t& version, const std::string& help);

// Errors: those of ask().
Result<Document> read_job(const Session& session, const std::string& id, Which which, std::int64_t version = 0);

}  // namespace backupctl::cli
