#include "soci/rows/notice_row.hpp"

#include <algorithm>

namespace backupctl::soci {

void NoticeRow::set(const Notice& notice) {
  id = notice.id.to_string();
  event = notice.event;
  time = to_integer(notice.time);
  request_id = notice.request_id.to_string();
  job_id.set(notice.job_id ? std::optional(notice.job_id->to_string()) : std::nullopt);
  requester = notice.requester;
  detail = notice.detail;
  addresses.clear();
  for (const auto& address : notice.addresses) addresses += (addresses.empty() ? "" : "\n") + address;
  attempts = 0;
}

WaitingNotice NoticeRow::waiting() const {
  WaitingNotice waiting{{.id = stored(NoticeId::parse(id), "notice_id"),
                         .event = event,
                         .time = to_time(time),
                         .request_id = stored(RequestId::parse(request_id), "backup_request_id"),
                         .requester = requester,
                         .detail = detail},
                        attempts};
  if (!job_id.is_null()) waiting.notice.job_id = stored(JobId::parse(job_id.value), "backup_job_id");
  std::string_view rest = addresses;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    waiting.notice.addresses.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return waiting;
}

}  // namespace backupctl::soci
