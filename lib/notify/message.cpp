#include "notify/message.hpp"

#include "wire/json_writer.hpp"

namespace backupctl::notify {
namespace {

constexpr std::size_t longest_line = 900;  // of 998 that RFC 5322 allows

// On one line, without control characters.
std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  return line;
}

void add_line(std::string& mail, std::string_view text) {
  while (text.size() > longest_line) {
    auto end = longest_line;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // not within a character
    mail.append(text.substr(0, end)).append("\r\n");
    text.remove_prefix(end);
  }
  mail.append(text).append("\r\n");
}

// RFC 5322 wants a date such as "Fri, 08 Jan 2021 02:25:00 +0000".
std::string mail_date(Timestamp time) {
  constexpr std::string_view days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};  // 1970-01-01 was a Thursday
  constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto text = to_string(time);  // 2026-11-24T02:25:00.123456Z
  const auto day = std::chrono::floor<std::chrono::days>(time).time_since_epoch().count();
  const auto month = static_cast<std::size_t>(std::stoi(text.substr(5, 2))) - 1;
  return std::string(days[static_cast<std::size_t>((day % 7 + 7) % 7)]) + ", " + text.substr(8, 2) + " " +
         std::string(months[month]) + " " + text.substr(0, 4) + " " + text.substr(11, 8) + " +0000";
}

std::string subject(const Notice& notice) {
  const auto id = notice.request_id.to_string();
  if (notice.event == "parked") return "backup request " + id + ": a result was parked";
  return "backup request " + id + ": " + notice.event;
}

}  // namespace

std::string mail_text(const Notice& notice, const std::string& from, const std::vector<std::string>& to) {
  std::string mail;
  add_line(mail, "Date: " + mail_date(notice.time));
  add_line(mail, "From: backupctl <" + from + ">");
  std::string receivers;
  for (const auto& address : to) receivers += (receivers.empty() ? "" : ",\r\n ") + address;
  mail += "To: " + receivers + "\r\n";
  add_line(mail, "Subject: " + one_line(subject(notice)));
  add_line(mail, "Message-ID: <" + notice.id.to_string() + "@backupctl>");
  add_line(mail, "Auto-Submitted: auto-generated");
  add_line(mail, "MIME-Version: 1.0");
  add_line(mail, "Content-Type: text/plain; charset=utf-8");
  add_line(mail, "Content-Transfer-Encoding: 8bit");
  mail += "\r\n";
  add_line(mail, one_line(notice.detail));
  mail += "\r\n";
  add_line(mail, "request    " + notice.request_id.to_string());
  if (notice.job_id) add_line(mail, "job        " + notice.job_id->to_string());
  if (!notice.requester.empty()) add_line(mail, "requester  " + one_line(notice.requester));
  add_line(mail, "event      " + one_line(notice.event));
  add_line(mail, "time       " + to_string(notice.time));
  mail += "\r\n";
  add_line(mail, "backupctl request show " + notice.request_id.to_string());
  return mail;
}

std::string webhook_text(const Notice& notice) {
  std::string text;
  wire::JsonWriter out(text);
  out.begin_object()
      .member("event", notice.event)
      .member("time", notice.time)
      .member("backupRequestId", notice.request_id)
      .member("backupJobId", notice.job_id)
      .member_if_filled("requesterId", notice.requester)
      .member("detail", notice.detail)
      .end_object();
  return text;
}

}  // namespace backupctl::notify
