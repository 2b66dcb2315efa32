// store backup: looks after a store's file, on the machine where it lies.
#include "cli/store.hpp"

#include <memory>
#include <ostream>
#include <variant>

#include "cli/text.hpp"
#include "soci/ground/sqlite_backup.hpp"
#include "soci/ground/store_url.hpp"
#include "wire/json_writer.hpp"

namespace backupctl::cli {

CLI::Validator store_url() {
  return {[](std::string& text) {
            const auto url = soci::parse_store_url(text);
            return url ? std::string{} : url.error().detail;
          },
          ""};
}

int fail_on_store(const Session& session, const Error& error, std::string_view next) {
  session.err << "backupctl: " << printable(error.detail) << "\nNext: " << next << '\n';
  return exit_failed;
}

namespace {

int back_up(const Session& session, const std::string& from, const std::string& to) {
  const auto url = soci::parse_store_url(from).value();
  const auto* sqlite = std::get_if<soci::SqliteUrl>(&url);
  if (!sqlite) {
    session.err << "backupctl: a store on PostgreSQL is backed up with PostgreSQL's own tools\n"
                << "Next: pg_dump --format=custom --file=" << printable(to) << " --dbname=URL\n";
    return exit_bad_usage;
  }
  const auto copy = soci::back_up_sqlite(sqlite->path, to);
  if (!copy) {
    return fail_on_store(session, copy.error(),
                         copy.error().code == "file-exists" ? "name another file with --to; nothing is written over"
                                                            : "see docs/runbook.md; the store was left as it is");
  }
  if (session.json) {
    session.out << wire::json_text([&](wire::JsonWriter& out) {
      out.begin_object()
          .member("file", to)
          .member("product", copy->product)
          .member("schema", static_cast<std::int64_t>(copy->schema))
          .member("byteCount", static_cast<std::int64_t>(copy->byte_count))
          .end_object();
    }) << '\n';
    return exit_ok;
  }
  session.out << "the " << copy->product << "'s store, schema " << copy->schema << ", is in " << printable(to) << " ("
              << copy->byte_count << " bytes, checked)\n";
  return exit_ok;
}

void add_backup(CLI::App& noun, Run& run) {
  auto& verb = add_verb(noun, "backup", "Copy a SQLite store while it is in use; the copy is checked and durable",
                        "  backupctl store backup --from sqlite:///var/lib/backupctl/controller.db --to "
                        "/backup/controller-2026-11-24.db\n");
  auto from = std::make_shared<std::string>();
  auto to = std::make_shared<std::string>();
  verb.add_option("--from", *from, "the store, of the controller, a zone or the job service")
      ->required()
      ->check(store_url())
      ->option_text("URL");
  verb.add_option("--to", *to, "a new file for the copy")->required()->option_text("FILE");
  verb.callback(
      [from, to, &run] { run = [from, to](const Session& session) { return back_up(session, *from, *to); }; });
}

}  // namespace

void add_store_commands(CLI::App& app, Run& run) {
  auto& noun = add_noun(app, "store", "Look after a store: check, migrate, copy, back it up",
                        "  backupctl store check sqlite:///var/lib/backupctl/controller.db\n"
                        "  backupctl store backup --from sqlite:///var/lib/backupctl/controller.db --to copy.db\n");
  add_backup(noun, run);
  add_store_upkeep(noun, run);
}

}  // namespace backupctl::cli
