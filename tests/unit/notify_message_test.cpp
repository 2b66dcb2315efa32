#include "notify/message.hpp"

#include <gtest/gtest.h>

#include "backupctl/notify/notifier.hpp"

namespace backupctl::notify {
namespace {

Notice notice(std::string detail) {
  return {.id = NoticeId::parse("01900000-0000-7000-8000-000000000009").value(),
          .event = "Failed",
          .time = Timestamp{Duration{1'790'000'000'123'456}},
          .request_id = RequestId::parse("01900000-0000-7000-8000-000000000001").value(),
          .job_id = JobId::parse("01900000-0000-7000-8000-0000000000aa").value(),
          .requester = "batch-night",
          .detail = std::move(detail)};
}

TEST(NoticeMail, SaysWhatHappenedAndWhatToType) {
  EXPECT_EQ(mail_text(notice("source-missing"), "backup@example.org", {"a@example.org", "b@example.org"}),
            "Date: Mon, 21 Sep 2026 14:13:20 +0000\r\n"
            "From: backupctl <backup@example.org>\r\n"
            "To: a@example.org,\r\n b@example.org\r\n"
            "Subject: backup request 01900000-0000-7000-8000-000000000001: Failed\r\n"
            "Message-ID: <01900000-0000-7000-8000-000000000009@backupctl>\r\n"
            "Auto-Submitted: auto-generated\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: 8bit\r\n"
            "\r\n"
            "source-missing\r\n"
            "\r\n"
            "request    01900000-0000-7000-8000-000000000001\r\n"
            "job        01900000-0000-7000-8000-0000000000aa\r\n"
            "requester  batch-night\r\n"
            "event      Failed\r\n"
            "time       2026-09-21T14:13:20.123456Z\r\n"
            "\r\n"
            "backupctl request show 01900000-0000-7000-8000-000000000001\r\n");
}

TEST(NoticeMail, WhatANoticeSaysAddsNoHeaderAndNoLongLine) {
  auto odd = notice("first\r\nBcc: everybody@example.org\r\n" + std::string(5000, 'x'));
  odd.requester = "a\r\nX-Evil: 1";
  const auto mail = mail_text(odd, "backup@example.org", {"a@example.org"});
  EXPECT_EQ(mail.find("\r\nBcc:"), std::string::npos);
  EXPECT_EQ(mail.find("\r\nX-Evil:"), std::string::npos);
  std::size_t begin = 0;
  while (begin < mail.size()) {
    const auto end = mail.find("\r\n", begin);
    ASSERT_NE(end, std::string::npos);
    EXPECT_LE(end - begin, 998u);
    begin = end + 2;
  }
}

TEST(NoticeWebhook, IsJson) {
  EXPECT_EQ(webhook_text(notice("it said \"no\"")),
            R"({"event":"Failed","time":"2026-09-21T14:13:20.123456Z",)"
            R"("backupRequestId":"01900000-0000-7000-8000-000000000001",)"
            R"("backupJobId":"01900000-0000-7000-8000-0000000000aa","requesterId":"batch-night",)"
            R"("detail":"it said \"no\""})");
}

TEST(NotifierOptions, AreCheckedAtOnce) {
  EXPECT_TRUE(make_notifier({}));
  EXPECT_FALSE(make_notifier({.smtp_url = "http://x", .from = "a@b"}));
  EXPECT_FALSE(make_notifier({.smtp_url = "smtp://x", .from = "no address"}));
  EXPECT_FALSE(make_notifier({.to = {"a@b", "a b@c"}}));
  EXPECT_FALSE(make_notifier({.webhook_url = "file:///etc/passwd"}));
  for (const auto* bad : {"", "a", "@b", "a@", "a@b@c", "a b@c", "a\r@c", "<a@c>", "a,b@c"}) {
    EXPECT_FALSE(is_plain_address(bad)) << bad;
  }
}

}  // namespace
}  // namespace backupctl::notify
