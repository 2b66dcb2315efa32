// audit verify, heads: is the record of decisions and privileged acts whole, and how far does it reach?
#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <ostream>

#include "cli/advice.hpp"
#include "cli/command_line.hpp"
#include "cli/list.hpp"
#include "cli/text.hpp"
#include "wire/audit_json.hpp"

namespace backupctl::cli {
namespace {

constexpr std::size_t most_faults_shown = 20;
constexpr std::int64_t records_per_call = 1000;

Result<std::vector<AuditHead>> read_heads_file(const std::string& path) {
  std::ifstream in(path);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in.good() && !in.eof()) return Error{ErrorKind::invalid, path + ": cannot be read"};
  auto heads = wire::read_audit_heads(text);
  if (heads) return heads;
  return Error{ErrorKind::invalid,
               path + ": is not what \"backupctl audit heads --output json\" wrote: " + heads.error().detail};
}

Result<AuditVerifier> read_all(const Session& session) {
  AuditVerifier verifier;
  std::string after;
  while (true) {
    const auto answer =
        ask(session, Service::controller,
            get("/api/audit" + query_text({{"after", after}, {"limit", std::to_string(records_per_call)}})));
    if (!answer) return answer.error();
    auto page = wire::read_audit_page(answer->text);
    if (!page) return std::move(page).error();
    for (const auto& record : page->items) verifier.take(record);
    if (session.err_is_terminal) session.err << "\r" << verifier.records() << " entries" << std::flush;
    if (!page->next_cursor) break;
    after = *page->next_cursor;
  }
  if (session.err_is_terminal) session.err << "\r\033[K";
  return verifier;
}

int verify(const Session& session, const std::string& heads_file) {
  std::vector<AuditHead> exported;
  if (!heads_file.empty()) {
    auto heads = read_heads_file(heads_file);
    if (!heads) {
      session.err << "backupctl: " << heads.error().detail << '\n';
      return exit_bad_usage;
    }
    exported = *std::move(heads);
  }
  // The heads first: what is written while the entries are read stands after them and is no fault.
  const auto answer = ask(session, Service::controller, get("/api/audit/heads"));
  if (!answer) return fail(session, Service::controller, answer.error());
  const auto current = wire::read_audit_heads(answer->text);
  if (!current) return fail(session, Service::controller, current.error());
  const auto verifier = read_all(session);
  if (!verifier) return fail(session, Service::controller, verifier.error());
  const auto faults = verifier->finish(*current, exported);
  if (session.json) {
    std::string text;
    wire::JsonWriter out(text);
    out.begin_object()
        .member("whole", faults.empty())
        .member("entries", verifier->records())
        .key("faults")
        .begin_array();
    for (const auto& fault : faults) out.value(fault);
    out.end_array().end_object();
    session.out << text << '\n';
    return faults.empty() ? exit_ok : exit_failed;
  }
  if (faults.empty()) {
    session.out << "the audit is whole: " << verifier->records() << " entries of " << current->size()
                << (current->size() == 1 ? " writer" : " writers")
                << (exported.empty() ? "" : ", up to the exported heads and beyond") << '\n';
    if (exported.empty()) {
      session.err
          << "A cut that nobody has seen before shows against heads kept elsewhere:\n"
             "Next: backupctl audit heads --output json > heads.json   (and later: backupctl audit verify --heads "
             "heads.json)\n";
    }
    return exit_ok;
  }
  session.out << "the audit is NOT whole, the first fault first:\n";
  for (std::size_t i = 0; i < std::min(faults.size(), most_faults_shown); ++i) {
    session.out << "  " << printable(faults[i]) << '\n';
  }
  if (faults.size() > most_faults_shown) session.out << "  and " << faults.size() - most_faults_shown << " more\n";
  return exit_failed;
}

}  // namespace

void add_audit_commands(CLI::App& app, Run& run) {
  auto& noun = add_noun(app, "audit", "Verify the record of decisions and privileged acts",
                        "  backupctl audit heads --output json > heads.json\n"
                        "  backupctl audit verify --heads heads.json\n");
  auto& check = add_verb(noun, "verify", "Say whether an entry was edited, removed or moved, and which first",
                         "  backupctl audit verify\n  backupctl audit verify --heads heads.json\n");
  auto heads_file = std::make_shared<std::string>();
  check.add_option("--heads", *heads_file, "heads exported earlier: finds a tail that was cut off since")
      ->option_text("FILE");
  check.callback(
      [heads_file, &run] { run = [heads_file](const Session& session) { return verify(session, *heads_file); }; });
  auto& heads =
      add_verb(noun, "heads", "Show the last entry of each chain; keep them where the store's owner cannot write",
               "  backupctl audit heads --output json > heads.json\n");
  heads.callback([&run] {
    run = [](const Session& session) {
      return print_list(session, {.service = Service::controller,
                                  .path = "/api/audit/heads",
                                  .filters = {},
                                  .limit = 0,
                                  .columns = {"writer", "seq", "hash"},
                                  .nothing = "nothing was audited yet"});
    };
  });
}

}  // namespace backupctl::cli
