#include "soci/sqlite/due_memory.hpp"

#include <utility>

#include "soci/sqlite/reads.hpp"

namespace backupctl::soci {

// Between the time that was asked for and the next action no row becomes due. Time that ran backwards is outside.
bool DueMemory::Answer::holds_for(const DueQuery& other) const {
  return other.zones == query.zones && other.now >= query.now && (!work.next || other.now < *work.next);
}

Result<DueWork> DueMemory::ask(const DueQuery& query) {
  auto last = std::exchange(last_, std::nullopt);  // an error forgets it
  if (last && last->holds_for(query)) {
    const auto version = session_->data_version();
    if (!version) return version.error();
    if (*version == last->version) {
      last_ = std::move(last);
      return last_->work;
    }
  }
  return session_->read([&]() -> Result<DueWork> {
    const auto version = session_->data_version();  // of the view that the body reads
    if (!version) return version.error();
    auto work = select_due(*session_, query);
    last_ = Answer{*version, query, work};
    return work;
  });
}

}  // namespace backupctl::soci
