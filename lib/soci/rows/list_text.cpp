#include "soci/rows/list_text.hpp"

#include <utility>

namespace backupctl::soci {

namespace {

// Word for word the condition of the indexes backup_request_job_state and backup_request_requester_state: with it in a
// WHERE, an engine knows that it may use them, whatever is compared with a parameter beside it.
constexpr std::string_view rare_end =
    "(state_code = 'NotAllowed' OR state_code = 'Failed' OR state_code = 'Cancelled')";
// And that of backup_state and backup_job_state.
constexpr std::string_view is_not_stored = "state_code <> 'Stored'";

// The backups of so many dates are looked for by their dates, and sorted. Those of more are met soon enough in the
// order of the page.
constexpr std::int64_t few_days = 31;

bool is_rare_end(RequestState state) {
  return state == RequestState::not_allowed || state == RequestState::failed || state == RequestState::cancelled;
}

// A column that has to have a value: one that the page is read by, or one that is looked at on the way.
class Equal {
 public:
  template <class T>
  Equal(std::string_view column, const std::optional<T>& wanted) : column_(column) {
    if (wanted) value_ = text(*wanted);
  }
  bool is_asked() const { return value_.has_value(); }
  // At most once.
  std::pair<std::string_view, std::string> taken() { return {column_, *std::exchange(value_, std::nullopt)}; }
  void look_at(SelectText& select) const {
    if (value_) select.where(select.aside(column_) + " =", *value_);
  }

 private:
  template <class T>
  static std::string text(const T& value) {
    if constexpr (requires { value.str(); }) {
      return value.str();
    } else if constexpr (requires { value.to_string(); }) {
      return value.to_string();
    } else {
      return std::string(to_string(value));
    }
  }
  std::string_view column_;
  std::optional<std::string> value_;
};

std::string is_owned(SelectText& select, const OwnerName& owner) {
  return "owned.owner_id = " + select.value(owner.str()) +
         " AND owned.version = (SELECT max(newest.version) FROM job_version AS newest"
         " WHERE newest.backup_job_id = owned.backup_job_id)";
}

// `of_requester` names what stands for the requester, "requester_id = " say, and is closed with `close`.
void narrow(SelectText& select, const Scope& scope, const std::string& of_requester, const std::string& close) {
  if (scope == Scope{}) return;
  std::string either;
  if (scope.requester) either = of_requester + select.value(scope.requester->str()) + close;
  if (scope.job_owner) {
    either += (either.empty() ? "" : " OR ") + select.aside("backup_job_id") +
              " IN (SELECT owned.backup_job_id FROM job_version AS owned WHERE " + is_owned(select, *scope.job_owner) +
              ")";
  }
  select.where("(" + either + ")");
}

template <class Id>
std::optional<std::string> text_of(const std::optional<Id>& id) {
  return id ? std::optional(id->to_string()) : std::nullopt;
}

}  // namespace

void list_owned_jobs(SelectText& select, const OwnerName& owner) {
  select.where(is_owned(select, owner));
  select.limit(static_cast<std::int64_t>(most_owned_jobs) + 1);
}

void list(SelectText& select, const RequestQuery& query) {
  Equal job("backup_job_id", query.job_id), state("state_code", query.state), zone("zone", query.zone),
      transport("transport", query.transport);
  const bool of_one_requester = query.scope.requester && !query.scope.job_owner;
  Equal requester("requester_id", of_one_requester ? query.scope.requester : std::nullopt);
  SelectText::Page page{.id = "backup_request_id", .after = text_of(query.after), .above = text_of(query.above)};
  const auto read_by = [&page](std::string_view index, auto&... columns) {
    page.index = index;
    (page.equal.push_back(columns.taken()), ...);
  };

  if (!query.ids.empty()) {
    select.where_one_of("backup_request_id", query.ids);
    page.is_sorted = true;
  } else if (query.state && is_rare_end(*query.state) && (job.is_asked() || requester.is_asked())) {
    select.where(rare_end);
    job.is_asked() ? read_by("backup_request_job_state", job, state)
                   : read_by("backup_request_requester_state", requester, state);
  } else if (query.state && *query.state != RequestState::succeeded) {
    read_by("backup_request_state", state);  // among the work at hand, not among all that has ended
  } else if (job.is_asked()) {
    read_by("backup_request_job", job);
  } else if (requester.is_asked()) {
    read_by("backup_request_requester", requester);
  } else if (state.is_asked()) {
    read_by("backup_request_state", state);
  }
  for (const auto* rest : {&job, &state, &zone, &transport, &requester}) rest->look_at(select);
  if (query.received_from) select.where("received_time >=", query.received_from->time_since_epoch().count());
  if (query.received_to) select.where("received_time <", query.received_to->time_since_epoch().count());
  if (!of_one_requester) narrow(select, query.scope, select.aside("requester_id") + " = ", "");
  select.page(page);
  select.limit(query.limit);
}

void list(SelectText& select, const BackupQuery& query) {
  const auto& from = query.as_of_from;
  const auto& to = query.as_of_to;
  Equal id("backup_id", query.id), job("backup_job_id", query.job_id), state("state_code", query.state),
      zone("zone", query.zone), date("data_as_of_date", from == to ? from : std::nullopt);
  SelectText::Page page{.id = "backup_id", .after = text_of(query.after), .above = text_of(query.above)};
  const auto read_by = [&page](std::string_view index, auto&... columns) {
    page.index = index;
    (page.equal.push_back(columns.taken()), ...);
  };

  auto dates = select.aside("data_as_of_date");
  if (id.is_asked() || !query.request_ids.empty()) {
    if (id.is_asked()) select.where("backup_id =", id.taken().second);
    select.where_one_of("backup_request_id", query.request_ids);
    page.is_sorted = true;
  } else if (query.state && *query.state != BackupState::stored) {
    select.where(is_not_stored);
    job.is_asked() ? read_by("backup_job_state", job, state) : read_by("backup_state", state);
  } else if (job.is_asked() && date.is_asked()) {
    read_by("backup_date", date, job);
  } else if (from && to && to->days_since_1970() - from->days_since_1970() <= few_days) {
    if (job.is_asked()) select.where("backup_job_id =", job.taken().second);
    if (date.is_asked()) date.taken();
    dates = "data_as_of_date";
    page.is_sorted = true;
  } else if (job.is_asked()) {
    read_by("backup_job", job);
  }
  for (const auto* rest : {&job, &state, &zone, &date}) rest->look_at(select);
  if (from != to || page.is_sorted) {
    if (from) select.where(dates + " >=", from->to_string());
    if (to) select.where(dates + " <=", to->to_string());
  }
  narrow(select, query.scope,
         "EXISTS (SELECT 1 FROM backup_request AS request"
         " WHERE request.backup_request_id = backup.backup_request_id AND request.requester_id = ",
         ")");
  select.page(page);
  select.limit(query.limit);
}

}  // namespace backupctl::soci
