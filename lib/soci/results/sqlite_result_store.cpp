#include "soci/results/sqlite_result_store.hpp"

#include "embedded/result_store_migrations.hpp"
#include "soci/ground/sqlite_store.hpp"
#include "soci/results/result_row.hpp"

namespace backupctl::soci {

namespace {

struct Put {
  explicit Put(::soci::session& sql) : insert(sql) {
    prepare(insert,
            "INSERT INTO left_result (command_id, zone, body, received_time) SELECT :command, :zone, :body, :received"
            " WHERE NOT EXISTS (SELECT 1 FROM left_result WHERE command_id = :command AND body = :body)",
            [&](auto, auto parameters) {
              parameters("command", row.command_id);
              parameters("zone", row.zone);
              parameters("body", row.body);
              parameters("received", row.received);
            });
  }
  LeftResultRow row;
  ::soci::statement insert;
};

struct Oldest {
  explicit Oldest(::soci::session& sql) : select(sql) {
    prepare(select,
            "SELECT arrival, command_id, zone, body, received_time FROM left_result ORDER BY arrival LIMIT :count",
            [&](auto results, auto parameters) {
              results("", row.arrival);
              results("", row.command_id);
              results("", row.zone);
              results("", row.body);
              results("", row.received);
              parameters("count", count);
            });
  }
  std::int64_t count = 0;
  LeftResultRow row;
  ::soci::statement select;
};

struct Remove {
  explicit Remove(::soci::session& sql) : remove(sql) {
    prepare(remove, "DELETE FROM left_result WHERE arrival = :arrival",
            [&](auto, auto parameters) { parameters("arrival", arrival); });
  }
  std::int64_t arrival = 0;
  ::soci::statement remove;
};

class SqliteResultStore final : public ResultStore {
 public:
  SqliteResultStore(std::unique_ptr<SqliteStore> store, std::unique_ptr<SqliteSession> session)
      : store_(std::move(store)), session_(std::move(session)) {}

  Result<void> put(const LeftResult& result) override {
    return session_->write([&]() -> Result<void> {
      auto& statement = session_->prepared<Put>();
      statement.row.set(result);
      statement.insert.execute(true);
      return {};
    });
  }
  Result<std::vector<LeftResult>> oldest(std::int64_t limit) override {
    return session_->read([&]() -> Result<std::vector<LeftResult>> {
      auto& statement = session_->prepared<Oldest>();
      statement.count = limit;
      std::vector<LeftResult> found;
      for (bool more = statement.select.execute(true); more; more = statement.select.fetch()) {
        found.push_back(statement.row.result());
      }
      return found;
    });
  }
  Result<void> remove(const std::vector<std::int64_t>& arrivals) override {
    return session_->write([&]() -> Result<void> {
      auto& statement = session_->prepared<Remove>();
      for (const auto arrival : arrivals) {
        statement.arrival = arrival;
        statement.remove.execute(true);
      }
      return {};
    });
  }

 private:
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<SqliteSession> session_;
};

}  // namespace

Result<std::unique_ptr<ResultStore>> open_sqlite_results(const std::filesystem::path& path, Timestamp now) {
  const SqliteProduct product{"result store", results_application_id, embedded::result_store_migrations()};
  auto store = SqliteStore::open(path, product, {}, now);
  if (!store) return std::move(store).error();
  auto session = (*store)->connect(Access::write);
  if (!session) return std::move(session).error();
  return std::unique_ptr<ResultStore>{std::make_unique<SqliteResultStore>(*std::move(store), *std::move(session))};
}

}  // namespace backupctl::soci
