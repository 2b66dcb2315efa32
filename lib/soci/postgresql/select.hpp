// A SELECT made for one use. Thread rule: that of the session.
#pragma once

#include "soci/ground/postgresql_session.hpp"
#include "soci/rows/column.hpp"
#include "soci/rows/select_text.hpp"

namespace backupctl::soci::postgresql {

class Select : public SelectText {
 public:
  using SelectText::SelectText;

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
