// What is due, for a controller that asks about once a second and mostly has nothing to do. An answer holds until
// somebody commits or its `next` comes, and whether it still does costs a fraction of asking anew. Thread rule: one
// thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "backupctl/repository.hpp"
#include "soci/ground/sqlite_session.hpp"

namespace backupctl::soci {

class DueMemory {
 public:
  // A reading session that nobody else uses: it must see every commit for the first time here.
  explicit DueMemory(std::unique_ptr<SqliteSession> session) : session_(std::move(session)) {}

  Result<DueWork> ask(const DueQuery& query);

 private:
  struct Answer {
    std::int64_t version = 0;
    DueQuery query;
    DueWork work;
    bool holds_for(const DueQuery& other) const;
  };

  std::unique_ptr<SqliteSession> session_;
  std::optional<Answer> last_;
};

}  // namespace backupctl::soci
