#include "config/help.hpp"

namespace backupctl::config {
namespace {

std::string section_of(const std::string& key) {
  const auto dot = key.rfind('.');
  return dot == std::string::npos ? "" : key.substr(0, dot);
}

void append_key(std::string& text, const Key& key) {
  const auto dot = key.name.rfind('.');
  const auto word = dot == std::string::npos ? key.name : key.name.substr(dot + 1);
  text += "  " + word + (key.is_required ? "  (required)" : " = " + key.default_text) + "\n";
  text += "      " + key.help;
  if (key.type != "text") text += " (" + key.type + ")";
  text += "\n";
}

}  // namespace

std::string help_text(const Program& program, Schema& schema) {
  std::string text = program.name + " " + program.version + ": " + program.summary + "\n\nUsage: " + program.name +
                     " [options]\n\n"
                     "Options:\n"
                     "  --config FILE      configuration in TOML; without it every key has its default\n"
                     "  --set KEY=VALUE    one key, such as log.level=debug; may be repeated\n"
                     "  --check-config     read the configuration, print every problem with file, line and key, exit\n"
                     "  --help             print this\n"
                     "  --version          print the version\n\n"
                     "Exit codes: 0 ok, 1 failed at run time, 2 bad usage or configuration.\n";
  if (!program.examples.empty()) text += "\nExamples:\n" + program.examples;
  text +=
      "\nKeys of the configuration with their defaults. The file overrides them, the environment the file "
      "(http.listen\n"
      "is BACKUPCTL_HTTP_LISTEN), --set the environment. Durations are written \"250ms\" \"5s\" \"10m\" \"24h\" "
      "\"400d\".\n";
  std::string section;
  for (const auto& key : schema.keys()) {
    if (const auto own = section_of(key->name); own != section) {
      section = own;
      text += "\n[" + section + "]\n";
    }
    append_key(text, *key);
  }
  for (const auto& rows : schema.tables()) {
    text += "\n[[" + rows.name + "]]  " + rows.help + "\n";
    Schema row;
    rows.describe(row);
    for (const auto& key : row.keys()) append_key(text, *key);
  }
  return text;
}

}  // namespace backupctl::config
