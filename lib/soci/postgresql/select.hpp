// A SELECT made for one use. Thread rule: that of the session.
#pragma once

#include "soci/ground/postgresql_session.hpp"
#include "soci/rows/column.hpp"
#include "soci/rows/select_text.hpp"

namespace backupctl::soci::postgresql {

class Select : public SelectText {
 public:
  using SelectText::SelectText;

  // As a range, from row to row: of a column that has one value the order means nothing to PostgreSQL, and it would
  // look for such rows in the order of any other index that ends in the id.
  void page(const Page& page) override {
    std::string columns, values, order;
    const auto add = [](std::string& list, const std::string& one) { list += (list.empty() ? "" : ", ") + one; };
    for (const auto& [column, content] : page.equal) {
      add(columns, std::string(column));
      add(values, value(content));
      add(order, std::string(column) + " DESC");
    }
    const auto end = [&](const std::optional<std::string>& id, const char* beyond, const char* with_all) {
      const auto comma = columns.empty() ? "" : ", ";
      if (id) {
        where("(" + columns + comma + std::string(page.id) + ") " + beyond + " (" + values + comma + value(*id) + ")");
      } else if (!columns.empty()) {
        where("(" + columns + ") " + with_all + " (" + values + ")");
      }
    };
    end(page.above, ">", ">=");
    end(page.after, "<", "<=");
    add(order, page.is_sorted ? aside(page.id) + " DESC" : std::string(page.id) + " DESC");
    then("ORDER BY " + order);
  }
  std::string aside(std::string_view column) const override { return std::string(column) + " || ''"; }

  // each(f) lists the members that the columns go to; take() is called for each row.
  template <class Each, class Take>
  void run(PostgresqlSession& session, Each&& each, Take&& take) {
    ::soci::statement select(session.sql());
    select.alloc();
    select.prepare(text(), ::soci::details::st_one_time_query);  // one round trip, where preparing would be three
    each(ResultBinder(select));
    bind_values(ParameterBinder(select));
    select.define_and_bind();
    for (bool more = select.execute(true); more; more = select.fetch()) take();
  }
};

}  // namespace backupctl::soci::postgresql
