// A SELECT made for one use. Thread rule: that of the session.
#pragma once

#include "soci/ground/sqlite_session.hpp"
#include "soci/rows/column.hpp"
#include "soci/rows/select_text.hpp"

namespace backupctl::soci {

class Select : public SelectText {
 public:
  using SelectText::SelectText;

  // By name: what SQLite believes of the store, and the values that are bound, would sometimes speak for another index.
  void page(const Page& page) override {
    if (!page.index.empty()) from("INDEXED BY " + std::string(page.index));
    for (const auto& [column, content] : page.equal) where(std::string(column) + " =", content);
    if (page.after) where(std::string(page.id) + " <", *page.after);
    if (page.above) where(std::string(page.id) + " >", *page.above);
    then("ORDER BY " + (page.is_sorted ? aside(page.id) : std::string(page.id)) + " DESC");
  }
  std::string aside(std::string_view column) const override { return "+" + std::string(column); }

  // each(f) lists the members that the columns go to; take() is called for each row.
  template <class Each, class Take>
  void run(SqliteSession& session, Each&& each, Take&& take) {
    ::soci::statement select(session.sql());
    prepare(select, text(), [&](auto results, auto bind) {
      each(results);
      bind_values(bind);
    });
    for (bool more = select.execute(true); more; more = select.fetch()) take();
  }
};

}  // namespace backupctl::soci
