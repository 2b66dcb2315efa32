#include "soci/results/postgresql_result_store.hpp"

#include "embedded/result_store_postgresql_migrations.hpp"
#include "soci/ground/postgresql_migrate.hpp"
#include "soci/results/result_row.hpp"

namespace backupctl::soci {

namespace {

std::string hex_of(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) text += {digits[byte >> 4], digits[byte & 15]};
  return text;
}

std::string bytes_of(std::string_view hex) {
  const auto value = [](char digit) { return digit <= '9' ? digit - '0' : digit - 'a' + 10; };
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(value(hex[i]) * 16 + value(hex[i + 1]));
  }
  return bytes;
}

class PostgresqlResultStore final : public ResultStore {
 public:
  PostgresqlResultStore(const PostgresqlUrl& url, Timestamp now) : session_(url), now_(now) {}

  Result<void> open_once() {
    if (is_open_) return {};
    const PostgresqlProduct product{"results", embedded::result_store_postgresql_migrations()};
    auto migrated = migrate(session_, product, Create::automatic, now_);
    is_open_ = migrated.has_value();
    return migrated;
  }

  Result<void> put(const LeftResult& result) override {
    if (auto opened = open_once(); !opened) return opened;
    LeftResultRow row;
    row.set(result);
    row.body = hex_of(result.body);
    return session_.write([&]() -> Result<void> {
      session_.sql() << "INSERT INTO left_result (command_id, zone, body, received_time)"
                        " SELECT :command, :zone, decode(:body, 'hex'), :received WHERE NOT EXISTS"
                        " (SELECT 1 FROM left_result WHERE command_id = :command AND body = decode(:body, 'hex'))",
          ::soci::use(row.command_id, "command"), ::soci::use(row.zone, "zone"), ::soci::use(row.body, "body"),
          ::soci::use(row.received, "received");
      return {};
    });
  }
  Result<std::vector<LeftResult>> oldest(std::int64_t limit) override {
    if (auto opened = open_once(); !opened) return std::move(opened).error();
    return session_.read([&]() -> Result<std::vector<LeftResult>> {
      LeftResultRow row;
      ::soci::statement select =
          (session_.sql().prepare << "SELECT arrival, command_id, zone, encode(body, 'hex'), received_time"
                                     " FROM left_result ORDER BY arrival LIMIT :count",
           ::soci::into(row.arrival), ::soci::into(row.command_id), ::soci::into(row.zone), ::soci::into(row.body),
           ::soci::into(row.received), ::soci::use(limit, "count"));
      std::vector<LeftResult> found;
      for (bool more = select.execute(true); more; more = select.fetch()) {
        found.push_back(row.result());
        found.back().body = bytes_of(row.body);
      }
      return found;
    });
  }
  Result<void> remove(const std::vector<std::int64_t>& arrivals) override {
    if (arrivals.empty()) return {};
    if (auto opened = open_once(); !opened) return opened;
    std::string list;
    for (const auto arrival : arrivals) list += (list.empty() ? "" : ",") + std::to_string(arrival);
    return session_.write([&]() -> Result<void> {
      session_.sql() << "DELETE FROM left_result WHERE arrival IN (" + list + ")";
      return {};
    });
  }

 private:
  PostgresqlSession session_;
  const Timestamp now_;
  bool is_open_ = false;
};

}  // namespace

Result<std::unique_ptr<ResultStore>> open_postgresql_results(const PostgresqlUrl& url, Timestamp now,
                                                             bool wait_for_server) {
  auto store = std::make_unique<PostgresqlResultStore>(url, now);
  auto opened = store->open_once();
  if (!opened && !(wait_for_server && opened.error().retryable)) return std::move(opened).error();
  return std::unique_ptr<ResultStore>{std::move(store)};
}

}  // namespace backupctl::soci
