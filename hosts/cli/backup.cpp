// backup show, list: the master list.
#include <memory>
#include <ostream>

#include "cli/command_line.hpp"
#include "cli/list.hpp"
#include "cli/table.hpp"

namespace backupctl::cli {
namespace {

int show_backup(const Session& session, const std::string& id) {
  const auto backup = ask(session, Service::controller, get("/api/backups/" + id));
  if (!backup) return fail(session, Service::controller, backup.error());
  if (session.json) {
    session.out << backup->text << '\n';
  } else {
    print_fields(session.out, backup->json);
  }
  return exit_ok;
}

struct BackupFilter {
  std::string job;
  std::string request;
  std::string zone;
  std::string state;
  std::string as_of_from;
  std::string as_of_to;
  std::int64_t limit = 100;
};

int list_backups(const Session& session, const BackupFilter& filter) {
  return print_list(session, {.service = Service::controller,
                              .path = "/api/backups",
                              .filters = {{"backupJobId", filter.job},
                                          {"backupRequestId", filter.request},
                                          {"zone", filter.zone},
                                          {"stateCode", filter.state},
                                          {"dataAsOfFrom", filter.as_of_from},
                                          {"dataAsOfTo", filter.as_of_to}},
                              .limit = filter.limit,
                              .columns = {"backupId", "stateCode", "dataAsOfDate", "zone", "byteCount",
                                          "dueToDeleteDate", "backupJobId", "backupStoragePath"},
                              .nothing = "no backups"});
}

}  // namespace

void add_backup_commands(CLI::App& app, Run& run) {
  auto& noun = add_noun(app, "backup", "See the backups of the master list",
                        "  backupctl backup list --job 0190c3e8-0000-7000-8000-000000000001\n");

  auto& show = add_verb(noun, "show", "Show all of one backup",
                        "  backupctl backup show 0190c3e8-0000-7000-8000-000000000002\n");
  auto id = std::make_shared<std::string>();
  add_id(show, "id", *id, "the backup's id").required();
  show.callback([id, &run] { run = [id](const Session& session) { return show_backup(session, *id); }; });

  auto& list = add_verb(noun, "list", "List backups, newest first",
                        "  backupctl backup list --zone files --as-of-from 2026-01-01 --as-of-to 2026-01-31\n"
                        "  backupctl backup list --limit 100000 --output json\n");
  auto filter = std::make_shared<BackupFilter>();
  add_id(list, "--job", filter->job, "those of one job");
  add_id(list, "--request", filter->request, "the one that came of this request");
  add_zone_name(list, "--zone", filter->zone, "those in one zone");
  add_word(list, "--state", filter->state, {"Stored", "Deleting", "Deleted", "Missing"}, "those in one state");
  add_date(list, "--as-of-from", filter->as_of_from, "with data as of this date or later");
  add_date(list, "--as-of-to", filter->as_of_to, "with data as of this date or earlier");
  add_limit(list, filter->limit);
  list.callback([filter, &run] { run = [filter](const Session& session) { return list_backups(session, *filter); }; });
}

}  // namespace backupctl::cli
