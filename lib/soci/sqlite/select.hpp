// A SELECT made for one use. Thread rule: that of the session.
#pragma once

#include "soci/ground/sqlite_session.hpp"
#include "soci/rows/column.hpp"
#include "soci/rows/select_text.hpp"

namespace backupctl::soci {

class Select : public SelectText {
 public:
  using SelectText::SelectText;

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
