#include "backupctl/soci/store.hpp"

#include "backupctl/blocking.hpp"
#include "backupctl/serial_executor.hpp"
#include "soci/ground/sqlite_raw.hpp"
#include "soci/ground/store_url.hpp"
#include "soci/postgresql/repository.hpp"
#include "soci/sqlite/repository.hpp"

namespace backupctl::soci {

Result<std::unique_ptr<BlockingRepository>> open_blocking(std::string_view url, const OpenOptions& options) {
  auto parsed = parse_store_url(url);
  if (!parsed) return std::move(parsed).error();
  const auto create = options.create ? Create::automatic : Create::never;
  const auto access = options.read_only ? Access::read : Access::write;
  if (const auto* postgresql = std::get_if<PostgresqlUrl>(&*parsed)) {
    auto repository = PostgresqlRepository::open(
        *postgresql, {.create = create, .access = access, .wait_for_server = options.wait_for_server},
        SystemClock{}.now());
    if (!repository) return std::move(repository).error();
    return std::unique_ptr<BlockingRepository>{*std::move(repository)};
  }
  const auto* sqlite = std::get_if<SqliteUrl>(&*parsed);
  const SqliteOptions sqlite_options{.create = create,
                                     .busy_timeout = options.busy_timeout,
                                     .read_timeout = options.sqlite_read_timeout,
                                     .log_pages = options.sqlite_log_pages,
                                     .vfs = options.sqlite_vfs,
                                     .access = access};
  auto repository = SqliteRepository::open(sqlite->path, sqlite_options, SystemClock{}.now());
  if (!repository) return std::move(repository).error();
  return std::unique_ptr<BlockingRepository>{*std::move(repository)};
}

bool leave_out_sqlite_locks() { return raw::leave_out_locks(); }

Result<std::unique_ptr<Repository>> open(std::string_view url, OpenOptions options) {
  auto engine = open_blocking(url, options);
  if (!engine) return std::move(engine).error();
  return std::unique_ptr<Repository>{std::make_unique<RepositoryThreads>(*std::move(engine), options.readers)};
}

}  // namespace backupctl::soci
