// parked list: results that fit nothing, contradict or cannot be read.
#include <memory>

#include "cli/command_line.hpp"
#include "cli/list.hpp"

namespace backupctl::cli {

void add_parked_commands(CLI::App& app, Run& run) {
  auto& noun = add_noun(app, "parked", "See the results that fit nothing", "  backupctl parked list\n");
  auto& list = add_verb(noun, "list", "List parked results, newest first; json shows what the zone wrote",
                        "  backupctl parked list\n  backupctl parked list --output json\n");
  auto limit = std::make_shared<std::int64_t>(100);
  add_limit(list, *limit);
  list.callback([limit, &run] {
    run = [limit](const Session& session) {
      return print_list(session, {.service = Service::controller,
                                  .path = "/api/parked-results",
                                  .filters = {},
                                  .limit = *limit,
                                  .columns = {"parkedResultId", "receivedTime", "zone", "reasonCode", "commandId"},
                                  .nothing = "no parked results"});
    };
  });
}

}  // namespace backupctl::cli
