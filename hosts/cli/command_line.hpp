// The words of the command line: which commands there are, and what their values must look like.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <string>

#include "cli/session.hpp"

namespace backupctl::cli {

// What the command line asks for; run once all of it has been read. Returns the exit code.
using Run = std::function<int(Session&)>;

// Each adds one noun with its verbs; the verb that is given sets `run`.
void add_request_commands(CLI::App& app, Run& run);
void add_backup_commands(CLI::App& app, Run& run);
void add_job_commands(CLI::App& app, Run& run);
void add_zone_commands(CLI::App& app, Run& run);
void add_parked_commands(CLI::App& app, Run& run);
void add_audit_commands(CLI::App& app, Run& run);
void add_store_commands(CLI::App& app, Run& run);
void add_token_commands(CLI::App& app, Run& run);
void add_status_command(CLI::App& app, Run& run);

// A noun, whose verbs follow, and a verb; examples are command lines, indented by two.
CLI::App& add_noun(CLI::App& app, const std::string& name, const std::string& summary, const std::string& examples);
CLI::App& add_verb(CLI::App& noun, const std::string& name, const std::string& summary, const std::string& examples);

// Options whose values are checked before anything is done; what cannot be right is bad usage.
CLI::Option& add_text(CLI::App& verb, const std::string& name, std::string& value, const std::string& help);
CLI::Option& add_id(CLI::App& verb, const std::string& name, std::string& value, const std::string& help);
CLI::Option& add_date(CLI::App& verb, const std::string& name, std::string& value, const std::string& help);
CLI::Option& add_time(CLI::App& verb, const std::string& name, std::string& value, const std::string& help);
CLI::Option& add_zone_name(CLI::App& verb, const std::string& name, std::string& value, const std::string& help);
CLI::Option& add_word(CLI::App& verb, const std::string& name, std::string& value, std::vector<std::string> words,
                      const std::string& help);
CLI::Option& add_reason(CLI::App& verb, std::string& value);  // for the audit
CLI::Option& add_limit(CLI::App& verb, std::int64_t& value);

// The rules themselves, for options of other kinds.
CLI::Validator source_path();
CLI::Validator zone_name();
CLI::Validator owner_name();
CLI::Validator idempotency_key();
CLI::Validator positive_duration();
CLI::Validator word_of(std::vector<std::string> words);

}  // namespace backupctl::cli
