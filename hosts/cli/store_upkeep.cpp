// store check, migrate and copy: what people do to a store apart from the programs that use it.
#include <memory>
#include <ostream>
#include <variant>

#include "cli/store.hpp"
#include "cli/text.hpp"
#include "soci/upkeep.hpp"
#include "wire/json_writer.hpp"

namespace backupctl::cli {
namespace {

soci::StoreUrl parsed(const std::string& url) { return soci::parse_store_url(url).value(); }

void write_rows(wire::JsonWriter& out, const soci::TableRows& rows) {
  out.key("rows").begin_object();
  for (const auto& [table, count] : rows) out.member(table, count);
  out.end_object();
}

std::string next_after(const Error& error) {
  if (error.code == "store-in-use") return "stop every controller on the store, then run it again";
  if (error.code == "store-not-empty") return "name an empty database, or another ?schema=NAME";
  if (error.code == "store-no-permission") return "run it as the user who owns the tables";
  if (error.code == "store-unreachable") return "check the address, and whether the server runs";
  return "see docs/operations.md; nothing was changed";
}

int check(const Session& session, const std::string& url) {
  const auto report = soci::check_store(parsed(url));
  if (!report) return fail_on_store(session, report.error(), next_after(report.error()));
  if (session.json) {
    session.out << wire::json_text([&](wire::JsonWriter& out) {
      out.begin_object()
          .member("engine", report->engine)
          .member("schema", static_cast<std::int64_t>(report->schema))
          .member("newestSchema", static_cast<std::int64_t>(report->newest_schema));
      write_rows(out, report->rows);
      out.key("problems").begin_array();
      for (const auto& problem : report->problems) out.value(problem);
      out.end_array();
      out.end_object();
    }) << '\n';
  } else {
    session.out << report->engine << ", schema " << report->schema << " of " << report->newest_schema << '\n';
    for (const auto& [table, count] : report->rows) session.out << "  " << table << ": " << count << '\n';
    for (const auto& problem : report->problems) session.out << "PROBLEM: " << printable(problem) << '\n';
    if (report->problems.empty()) session.out << "all is well\n";
  }
  return report->problems.empty() ? exit_ok : exit_failed;
}

int print_migrations(const Session& session, const std::string& url) {
  const auto where = parsed(url);
  const auto* postgresql = std::get_if<soci::PostgresqlUrl>(&where);
  if (!postgresql) {
    session.err << "backupctl: a SQLite store needs no other user's rights\nNext: backupctl store migrate URL\n";
    return exit_bad_usage;
  }
  const auto script = soci::missing_migrations(*postgresql, session.clock.now());
  if (!script) return fail_on_store(session, script.error(), next_after(script.error()));
  if (script->empty()) session.err << "the schema is the newest: nothing to run\n";
  session.out << *script;
  return exit_ok;
}

int migrate(const Session& session, const std::string& url) {
  const auto schema = soci::migrate_store(parsed(url), session.clock.now());
  if (!schema) return fail_on_store(session, schema.error(), next_after(schema.error()));
  session.out << "schema " << *schema << ": the newest\n";
  return exit_ok;
}

int copy(const Session& session, const std::string& from, const std::string& to) {
  const auto source = parsed(from), target = parsed(to);
  const auto* sqlite = std::get_if<soci::SqliteUrl>(&source);
  const auto* postgresql = std::get_if<soci::PostgresqlUrl>(&target);
  if (!sqlite || !postgresql) {
    session.err << "backupctl: a store is copied from SQLite to PostgreSQL, no other way\n"
                << "Next: backupctl store copy --help\n";
    return exit_bad_usage;
  }
  const auto rows = soci::copy_store(*sqlite, *postgresql, session.clock.now());
  if (!rows) return fail_on_store(session, rows.error(), next_after(rows.error()));
  if (session.json) {
    session.out << wire::json_text([&](wire::JsonWriter& out) {
      out.begin_object();
      write_rows(out, *rows);
      out.end_object();
    }) << '\n';
    return exit_ok;
  }
  for (const auto& [table, count] : *rows) session.out << table << ": " << count << '\n';
  session.out << "copied; point store.url of every controller at the new store, and keep the old file out of use\n";
  return exit_ok;
}

CLI::Option& add_store(CLI::App& verb, const std::string& name, std::string& value, const std::string& help) {
  return *verb.add_option(name, value, help)->required()->check(store_url())->option_text("URL");
}

void add_check(CLI::App& noun, Run& run) {
  auto& verb = add_verb(noun, "check", "Look at the controller's store: schema, rows, what is wrong; changes nothing",
                        "  backupctl store check postgresql://backupctl@db/backups\n");
  auto url = std::make_shared<std::string>();
  add_store(verb, "url", *url, "the store");
  verb.callback([url, &run] { run = [url](const Session& session) { return check(session, *url); }; });
}

void add_migrate(CLI::App& noun, Run& run) {
  auto& verb = add_verb(noun, "migrate", "Bring the controller's store to the newest schema, or print what would",
                        "  backupctl store migrate postgresql://owner@db/backups?schema=backups\n"
                        "  backupctl store migrate --print postgresql://backupctl@db/backups > migrate.sql\n");
  auto url = std::make_shared<std::string>();
  auto only_print = std::make_shared<bool>(false);
  add_store(verb, "url", *url, "the store; it is made if need be");
  verb.add_flag("--print", *only_print, "write the missing statements to standard output and change nothing");
  verb.callback([url, only_print, &run] {
    run = [url, only_print](const Session& session) {
      return *only_print ? print_migrations(session, *url) : migrate(session, *url);
    };
  });
}

void add_copy(CLI::App& noun, Run& run) {
  auto& verb = add_verb(noun, "copy", "Move the controller's store from SQLite to an empty one on PostgreSQL",
                        "  backupctl store copy --from sqlite:///var/lib/backupctl/controller.db --to "
                        "postgresql://backupctl@db/backups\n");
  auto from = std::make_shared<std::string>();
  auto to = std::make_shared<std::string>();
  add_store(verb, "--from", *from, "the store to copy; no controller may run on it");
  add_store(verb, "--to", *to, "where to; nothing is there until everything is");
  verb.callback([from, to, &run] { run = [from, to](const Session& session) { return copy(session, *from, *to); }; });
}

}  // namespace

void add_store_upkeep(CLI::App& noun, Run& run) {
  add_check(noun, run);
  add_migrate(noun, run);
  add_copy(noun, run);
}

}  // namespace backupctl::cli
