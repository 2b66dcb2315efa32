#include "config/options.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "config/help.hpp"

namespace backupctl::config {
namespace {

struct CommandLine {
  std::string file;
  std::vector<std::string> sets;
  bool check_only = false;
  bool help = false;
  bool version = false;
};

// "" or what is wrong with the arguments.
std::string parse(const std::vector<std::string>& arguments, CommandLine& line) {
  CLI::App app;
  app.set_help_flag();  // the help lists the keys too, so it is written by us
  auto* file = app.add_option("--config", line.file);
  app.add_option("--set", line.sets)->allow_extra_args(false);
  app.add_flag("--check-config", line.check_only);
  app.add_flag("--help,-h", line.help);
  app.add_flag("--version", line.version);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 takes them from the back
  } catch (const CLI::ParseError& error) {
    return error.what();
  }
  return file->count() > 0 && line.file.empty() ? "--config: a file name must be given" : "";
}

std::optional<Sources::File> read(const std::string& name, std::string& problem) {
  std::error_code ignored;
  if (std::filesystem::is_directory(name, ignored)) {
    problem = "cannot be read: it is a folder";
    return {};
  }
  std::ifstream stream(name, std::ios::binary);
  if (!stream) {
    problem = std::string("cannot be read: ") + std::strerror(errno);
    return {};
  }
  try {
    return Sources::File{name, {std::istreambuf_iterator<char>(stream), {}}};
  } catch (const std::ios_base::failure& error) {  // a read that fails throws from within the iterator
    problem = std::string("cannot be read: ") + error.what();
    return {};
  }
}

}  // namespace

Start start(const Program& program, Schema& schema, const std::vector<std::string>& arguments,
            const Environment& environment, std::ostream& out, std::ostream& err) {
  CommandLine line;
  if (const auto problem = parse(arguments, line); !problem.empty()) {
    err << program.name << ": " << problem << "\nTry: " << program.name << " --help\n";
    return {exit_bad_usage};
  }
  if (line.help) {
    out << help_text(program, schema);
    return {exit_ok};
  }
  if (line.version) {
    out << program.name << ' ' << program.version << '\n';
    return {exit_ok};
  }
  Sources sources{{}, environment, line.sets};
  std::vector<Problem> unreadable;
  if (!line.file.empty()) {
    std::string problem;
    sources.file = read(line.file, problem);
    if (!problem.empty()) unreadable.push_back({line.file, "", problem});
  }
  auto loaded = load(schema, sources);
  loaded.problems.insert(loaded.problems.begin(), unreadable.begin(), unreadable.end());
  for (const auto& problem : loaded.problems) err << to_string(problem) << '\n';
  if (!loaded.problems.empty()) return {exit_bad_usage};
  if (line.check_only) return {exit_ok};
  return {{}, std::move(loaded.warnings)};
}

Start start(const Program& program, Schema& schema, int argc, char** argv) {
  return start(program, schema, {argv + (argc > 0 ? 1 : 0), argv + argc}, process_environment(), std::cout, std::cerr);
}

Environment process_environment() {
  Environment environment;
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string_view text(*entry);
    if (const auto equals = text.find('='); equals != std::string_view::npos) {
      environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return environment;
}

}  // namespace backupctl::config
