// People are told by mail, over a real SMTP server, and programs by webhook: at least once, never before it is durable.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "integration/support/controller_process.hpp"
#include "integration/support/free_port.hpp"

namespace backupctl::testing {
namespace {

constexpr const char* python = "/usr/bin/python3";

// aiosmtpd, which puts what it gets into a Maildir.
class MailServer {
 public:
  MailServer() : port_(free_port()) {}

  static bool is_installed() {
    return std::system("/usr/bin/python3 -c 'import aiosmtpd' >/dev/null 2>&1") == 0;  // NOLINT(cert-env33-c)
  }
  std::string url() const { return "smtp://127.0.0.1:" + std::to_string(port_); }
  void start() {
    process_ = std::make_unique<Process>(
        Launch{.program = python,
               .arguments = {"-m", "aiosmtpd", "-n", "-l", "127.0.0.1:" + std::to_string(port_), "-c",
                             "aiosmtpd.handlers.Mailbox", (folder_.path() / "mail").string()},
               .log = folder_.path() / "log"});
  }
  std::vector<std::string> mails() const {
    std::vector<std::string> found;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / "mail" / "new", none)) {
      std::ifstream in(entry.path());
      found.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    }
    return found;
  }

 private:
  TempDir folder_;
  int port_;
  std::unique_ptr<Process> process_;
};

class ControllerNotify : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!MailServer::is_installed()) {
      if (std::getenv("CI")) FAIL() << "python3-aiosmtpd is not installed";
      GTEST_SKIP() << "python3-aiosmtpd is not installed: no SMTP server to test with";
    }
    auto job = ledger_job();
    job.notify = {"ledger@example.org", "not an address"};
    jobs_.put(job);
    controller_.add_zone(zone_);
  }
  void notify(const std::string& more) {
    controller_.configure("[notify]\nfrom = \"backup@example.org\"\nto = [\"ops@example.org\"]\n" + more);
    ASSERT_TRUE(controller_.start()) << controller_.process().log();
  }
  std::string failed() {
    const auto answer = controller_.http().post("/api/backup-requests", request_body());
    EXPECT_EQ(controller_.wait_for(id_of(answer), "Failed")["stateCode"], "Failed") << answer.text;
    return id_of(answer);
  }
  std::int64_t waiting_notices() {
    const auto text = controller_.http().get("/metrics").text;
    const auto at = text.find("\nbackupctl_waiting_notices ");
    return at == std::string::npos ? -1 : std::atoll(text.c_str() + at + 27);
  }

  FakeJobs jobs_;
  FakeZone zone_{"files", Work::fail};
  ControllerProcess controller_{jobs_.url()};
  MailServer mail_;
};

TEST_F(ControllerNotify, AFailureIsMailedToOperatorsAndToTheJobsOwn) {
  mail_.start();
  notify("smtp = \"" + mail_.url() + "\"");
  const auto id = failed();
  ASSERT_TRUE(eventually([&] { return mail_.mails().size() == 1; })) << controller_.process().log();
  const auto mail = mail_.mails().front();
  EXPECT_NE(mail.find("Subject: backup request " + id + ": Failed"), std::string::npos) << mail;
  EXPECT_NE(mail.find("source-missing"), std::string::npos) << mail;
  for (const auto* receiver : {"ops@example.org", "ledger@example.org"}) {
    EXPECT_NE(mail.find(receiver), std::string::npos) << mail;
  }
  EXPECT_EQ(mail.find("not an address"), std::string::npos);
  EXPECT_TRUE(eventually([&] { return waiting_notices() == 0; }));
}

TEST_F(ControllerNotify, ANoticeOutlivesTheControllerUntilTheMailServerIsThere) {
  notify("smtp = \"" + mail_.url() + "\"");
  const auto id = failed();
  ASSERT_TRUE(eventually([&] { return controller_.process().log().find("notice not told") != std::string::npos; }));
  EXPECT_EQ(waiting_notices(), 1);
  controller_.kill();
  mail_.start();
  ASSERT_TRUE(controller_.start()) << controller_.process().log();
  ASSERT_TRUE(eventually([&] { return !mail_.mails().empty(); })) << controller_.process().log();
  EXPECT_NE(mail_.mails().front().find(id), std::string::npos);
  EXPECT_TRUE(eventually([&] { return waiting_notices() == 0; }));
}

TEST_F(ControllerNotify, AWebhookIsCalledAgainUntilItAnswers) {
  std::mutex mutex;
  std::vector<std::string> bodies;
  FakeServer hook([&](const http::Request& request) {
    const std::lock_guard lock(mutex);
    bodies.push_back(request.body);
    return bodies.size() < 3 ? http::problem_response(503, "not-now", "later") : http::empty_response(204);
  });
  notify("webhook = \"" + hook.url() + "/notices\"\nevents = [\"Failed\"]");
  const auto id = failed();
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return bodies.size() >= 3;
  }));
  EXPECT_TRUE(eventually([&] { return waiting_notices() == 0; }));
  const std::lock_guard lock(mutex);
  EXPECT_EQ(bodies.size(), 3U);
  EXPECT_NE(bodies[2].find("\"backupRequestId\":\"" + id + "\""), std::string::npos) << bodies[2];
  EXPECT_EQ(bodies[0], bodies[2]);
}

TEST_F(ControllerNotify, WhatIsNotWantedIsNotKept) {
  notify("smtp = \"" + mail_.url() + "\"\nevents = [\"parked\"]");
  failed();
  EXPECT_EQ(waiting_notices(), 0);
}

}  // namespace
}  // namespace backupctl::testing
