#include "cli/job_options.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>

#include "wire/json_writer.hpp"

namespace backupctl::cli {
namespace {

constexpr std::size_t most_file_bytes = 1024 * 1024;

using Strings = std::vector<std::string>;

// Calls visit(member name, option) for each member that callers write.
template <class Visit>
void for_each_member(const JobOptions& options, const Visit& visit) {
  visit("name", options.name);
  visit("description", options.description);
  visit("ownerId", options.owner);
  visit("zone", options.zone);
  visit("storagePath", options.storage_path);
  visit("daysToKeep", options.days_to_keep);
  visit("inForceFrom", options.from);
  visit("inForceTo", options.to);
  visit("allowedRequesters", options.requesters);
  visit("backupSourceRoots", options.source_roots);
  visit("minimumBackups", options.minimum_backups);
  visit("expectedEvery", options.expected_every);
  visit("notify", options.notify);
}

bool is_set(const Strings& texts) { return !texts.empty(); }
template <class T>
bool is_set(const std::optional<T>& value) {
  return value.has_value();
}

void write(wire::JsonWriter& out, const Strings& texts) {
  out.begin_array();
  for (const auto& text : texts) out.value(text);
  out.end_array();
}
template <class T>
void write(wire::JsonWriter& out, const std::optional<T>& value) {
  out.value(*value);
}

CLI::Option* repeated(CLI::Option* option, const std::string& type) {
  return option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)->option_text(type);
}

}  // namespace

bool JobOptions::any() const {
  bool found = false;
  for_each_member(*this, [&](const char*, const auto& option) { found = found || is_set(option); });
  return found;
}

std::shared_ptr<JobOptions> add_job_options(CLI::App& verb) {
  auto options = std::make_shared<JobOptions>();
  const auto text = [&verb](const char* name, std::optional<std::string>& value, const char* help, const char* type) {
    return verb.add_option(name, value, help)->option_text(type);
  };
  const CLI::Validator date{[](std::string& word) {
                              const auto day = CivilDate::parse(word);
                              return day ? std::string{} : day.error().detail;
                            },
                            ""};
  text("--name", options->name, "what people call it", "NAME");
  text("--description", options->description, "what it is for", "TEXT");
  text("--owner", options->owner, "who owns it (you)", "OWNER")->check(owner_name());
  text("--zone", options->zone, "where its backups are made", "ZONE")->check(zone_name());
  text("--storage-path", options->storage_path, "where within the zone, without a leading slash", "PATH");
  verb.add_option("--days-to-keep", options->days_to_keep, "after the data as-of date")
      ->check(CLI::NonNegativeNumber)
      ->option_text("DAYS");
  repeated(verb.add_option("--source-root", options->source_roots, "what may be backed up lies here; repeat for more"),
           "PATH")
      ->check(source_path());
  repeated(verb.add_option("--requester", options->requesters, "who may ask for backups; repeat for more"), "OWNER")
      ->check(owner_name());
  text("--from", options->from, "in force from the start of this day, UTC", "DATE")->check(date);
  text("--to", options->to, "in force to the end of this day, UTC", "DATE")->check(date);
  verb.add_option("--minimum-backups", options->minimum_backups, "never fewer than so many, however old")
      ->check(CLI::NonNegativeNumber)
      ->option_text("N");
  text("--expected-every", options->expected_every, "1d to 366d, weekdays, week, month-end or month", "PERIOD");
  repeated(verb.add_option("--notify", options->notify, "mail address to tell; repeat for more"), "ADDRESS");
  verb.add_option("--file", options->file, "the whole job as JSON, instead of the options; - is standard input")
      ->option_text("FILE");
  return options;
}

std::string job_document(const JobOptions& options, const std::string& base) {
  const auto given = [&options](std::string_view member) {
    bool found = false;
    for_each_member(options,
                    [&](const char* name, const auto& option) { found = found || (member == name && is_set(option)); });
    return found;
  };
  std::string text;
  wire::JsonWriter out(text);
  out.begin_object();
  const auto kept = parse_document(base);
  if (kept) {
    for (const auto& [name, value] : kept->json.as_object()) {
      if (!given(name)) out.key(name).raw(wire::raw_member(base, name));
    }
  }
  for_each_member(options, [&](const char* name, const auto& option) {
    if (!is_set(option)) return;
    out.key(name);
    write(out, option);
  });
  out.end_object();
  return text;
}

Result<Document> read_job_file(const JobOptions& options) {
  const auto what = "--file " + options.file;
  std::ifstream file;
  if (options.file != "-") file.open(options.file, std::ios::binary);
  std::istream& in = options.file == "-" ? std::cin : file;
  if (!in) return Error{ErrorKind::invalid, what + " cannot be opened"};
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (text.size() > most_file_bytes) return Error{ErrorKind::invalid, what + " is larger than 1 MiB"};
  auto document = parse_document(std::move(text), what);
  if (!document) return Error{ErrorKind::invalid, document.error().detail};
  return document;
}

}  // namespace backupctl::cli
