#include "cli/command_line.hpp"

#include <algorithm>

#include "backupctl/ids.hpp"
#include "backupctl/names.hpp"
#include "backupctl/time.hpp"

namespace backupctl::cli {
namespace {

template <class Parse>
CLI::Validator rule(const Parse& parse) {
  return {[parse](std::string& text) { return parse(text) ? std::string{} : parse(text).error().detail; }, ""};
}

CLI::Option& add_checked(CLI::App& verb, const std::string& name, std::string& value, const std::string& help,
                         const std::string& type, const CLI::Validator& check) {
  return *verb.add_option(name, value, help)->check(check)->option_text(type);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}  // namespace

CLI::App& add_noun(CLI::App& app, const std::string& name, const std::string& summary, const std::string& examples) {
  auto& noun = *app.add_subcommand(name, summary);
  noun.require_subcommand(1)->fallthrough();
  noun.footer("Examples:\n" + examples + "\nbackupctl " + name + " VERB --help says more of each.");
  return noun;
}

CLI::App& add_verb(CLI::App& noun, const std::string& name, const std::string& summary, const std::string& examples) {
  auto& verb = *noun.add_subcommand(name, summary);
  verb.fallthrough();
  verb.footer("Examples:\n" + examples + "\nbackupctl --help says what every command takes besides.");
  return verb;
}

CLI::Option& add_text(CLI::App& verb, const std::string& name, std::string& value, const std::string& help) {
  const auto sound = [](const std::string& text) -> Result<bool> {
    if (is_valid_utf8(text)) return true;
    return Error{ErrorKind::invalid, "must be valid UTF-8"};
  };
  return add_checked(verb, name, value, help, "TEXT", rule(sound));
}

CLI::Option& add_id(CLI::App& verb, const std::string& name, std::string& value, const std::string& help) {
  return add_checked(verb, name, value, help, "ID", rule([](const std::string& text) { return parse_uuid(text); }));
}

CLI::Option& add_date(CLI::App& verb, const std::string& name, std::string& value, const std::string& help) {
  return add_checked(verb, name, value, help, "DATE",
                     rule([](const std::string& text) { return CivilDate::parse(text); }));
}

CLI::Option& add_time(CLI::App& verb, const std::string& name, std::string& value, const std::string& help) {
  return add_checked(verb, name, value, help, "TIME",
                     rule([](const std::string& text) { return parse_timestamp(text); }));
}

CLI::Option& add_zone_name(CLI::App& verb, const std::string& name, std::string& value, const std::string& help) {
  return add_checked(verb, name, value, help, "ZONE", zone_name());
}

CLI::Option& add_word(CLI::App& verb, const std::string& name, std::string& value, std::vector<std::string> words,
                      const std::string& help) {
  const auto told = help + ": " + joined(words);
  return add_checked(verb, name, value, told, "WORD", word_of(std::move(words)));
}

CLI::Option& add_reason(CLI::App& verb, std::string& value) {
  return add_text(verb, "--reason", value, "why, for the audit");
}

CLI::Option& add_limit(CLI::App& verb, std::int64_t& value) {
  constexpr std::int64_t most = 1'000'000;
  return *verb.add_option("--limit", value, "at most so many, newest first (100)")
              ->check(CLI::Range(std::int64_t{1}, most))
              ->option_text("N");
}

CLI::Validator source_path() {
  return rule([](const std::string& text) { return SourcePath::parse(text); });
}
CLI::Validator zone_name() {
  return rule([](const std::string& text) { return ZoneName::parse(text); });
}
CLI::Validator owner_name() {
  return rule([](const std::string& text) { return OwnerName::parse(text); });
}
CLI::Validator idempotency_key() {
  return rule([](const std::string& text) { return IdempotencyKey::parse(text); });
}
CLI::Validator positive_duration() {
  return rule([](const std::string& text) -> Result<Duration> {
    auto duration = parse_duration(text);
    if (duration && *duration <= Duration{0}) return Error{ErrorKind::invalid, "must be longer than nothing"};
    return duration;
  });
}
CLI::Validator word_of(std::vector<std::string> words) {
  return rule([words = std::move(words)](const std::string& text) -> Result<bool> {
    if (std::ranges::find(words, text) != words.end()) return true;
    return Error{ErrorKind::invalid, "must be one of " + joined(words)};
  });
}

}  // namespace backupctl::cli
