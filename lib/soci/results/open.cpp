#include "backupctl/serial_executor.hpp"
#include "soci/ground/store_url.hpp"
#include "soci/results/postgresql_result_store.hpp"
#include "soci/results/sqlite_result_store.hpp"

namespace backupctl::soci {

Result<std::unique_ptr<ResultStore>> open_results(std::string_view url, bool wait_for_server) {
  auto parsed = parse_store_url(url);
  if (!parsed) return std::move(parsed).error();
  const auto now = SystemClock{}.now();
  if (const auto* sqlite = std::get_if<SqliteUrl>(&*parsed)) return open_sqlite_results(sqlite->path, now);
  return open_postgresql_results(std::get<PostgresqlUrl>(*parsed), now, wait_for_server);
}

}  // namespace backupctl::soci
