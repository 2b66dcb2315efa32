// Who may call what: every call of the API by every role, and what requesters see of others.
#include <gtest/gtest.h>

#include <algorithm>

#include "digest/sha256.hpp"
#include "integration/support/controller_process.hpp"

namespace backupctl::testing {
namespace {

const std::vector<std::string> roles{"requester", "owner",   "approver", "restorer", "operator",
                                     "retention", "auditor", "zone",     "jobs",     "admin"};

std::string token_toml(const std::string& token, const std::string& owner, const std::string& role) {
  return "[[auth.token]]\nname = \"" + token + "\"\nowner = \"" + owner + "\"\nsha256 = \"" +
         digest::sha256_hex(token) + "\"\nroles = [\"" + role + "\"]\n" + (role == "zone" ? "zone = \"files\"\n" : "");
}

class ControllerRoles : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const auto& role : roles) controller_.configure(token_toml("token-" + role, role + "-person", role));
    controller_.configure(token_toml("token-batch", "batch", "requester"));
    controller_.add_zone(zone_);
    controller_.use_tokens("token-batch", "token-zone");
    ASSERT_TRUE(controller_.start()) << controller_.process().log();
  }

  FakeJobs jobs_;
  FakeZone zone_;
  ControllerProcess controller_{jobs_.url()};
};

TEST_F(ControllerRoles, EachCallIsForItsRolesAlone) {
  struct Call {
    std::string method;
    std::string target;
    std::vector<std::string> allowed;
  };
  const std::vector<std::string> readers{"requester", "owner",   "approver", "restorer", "operator",
                                         "retention", "auditor", "jobs",     "admin"};
  const std::vector<std::string> watchers{"operator", "auditor", "admin", "jobs"};
  const std::string no_id = "01900000-0000-7000-8000-000000000000";
  const Call calls[] = {
      {"POST", "/api/backup-requests", {"requester"}},
      {"GET", "/api/backup-requests", readers},
      {"GET", "/api/backup-requests/" + no_id, readers},
      {"GET", "/api/backup-requests/" + no_id + "/history", readers},
      {"POST", "/api/backup-requests/" + no_id + "/cancel", {"requester", "operator"}},
      {"GET", "/api/backups", readers},
      {"GET", "/api/backups/" + no_id, readers},
      {"PUT", "/api/zone-results/" + no_id, {"zone"}},
      {"GET", "/api/parked-results", {"operator", "auditor"}},
      {"GET", "/api/status", watchers},
      {"GET", "/api/zones", watchers},
      {"POST", "/api/zones/nowhere/pause", {"operator"}},
      {"POST", "/api/zones/nowhere/resume", {"operator"}},
      {"POST", "/api/zones/nowhere/reconcile", {"operator"}},
      {"POST", "/api/backup-requests/resend", {"operator"}},
      {"POST", "/api/backup-requests/cancel", {"operator"}},
      {"POST", "/api/parked-results/" + no_id + "/adopt", {"operator"}},
      {"POST", "/api/parked-results/" + no_id + "/dismiss", {"operator"}},
      {"GET", "/api/audit", {"auditor"}},
      {"GET", "/api/audit/heads", {"auditor"}},
  };
  for (const auto& role : roles) {
    HttpProbe probe(controller_.url(), "token-" + role);
    for (const auto& call : calls) {
      const auto shown = role + " " + call.method + " " + call.target;
      const auto answer = probe.start(call.method, call.target).get();
      const bool may = std::find(call.allowed.begin(), call.allowed.end(), role) != call.allowed.end();
      EXPECT_NE(answer.status, 0) << shown << ": " << answer.text;
      EXPECT_NE(answer.status, 401) << shown;
      EXPECT_EQ(answer.status == 403 && answer["code"] == "forbidden", !may) << shown << ": " << answer.text;
    }
  }
  HttpProbe nobody(controller_.url());
  HttpProbe stranger(controller_.url(), "token-of-nobody");
  for (const auto& call : calls) {
    EXPECT_EQ(nobody.start(call.method, call.target).get().status, 401) << call.target;
    EXPECT_EQ(stranger.start(call.method, call.target).get()["code"], "unauthenticated") << call.target;
  }
  for (const auto* open : {"/livez", "/readyz", "/metrics", "/openapi.json"})
    EXPECT_EQ(nobody.get(open).status, 200) << open;
}

TEST_F(ControllerRoles, ARequesterSeesItsOwnAlone) {
  const auto mine = controller_.http().post("/api/backup-requests", request_body());
  ASSERT_EQ(mine.status, 202) << mine.text;
  EXPECT_EQ(mine["requesterId"], "batch");
  const auto done = controller_.wait_for(id_of(mine), "Succeeded");

  HttpProbe other(controller_.url(), "token-requester");
  const auto at = "/api/backup-requests/" + id_of(mine);
  EXPECT_EQ(other.get(at).status, 404);
  EXPECT_EQ(other.get(at + "/history").status, 404);
  EXPECT_EQ(other.post(at + "/cancel").status, 404);
  EXPECT_EQ(other.get("/api/backups/" + done["backupId"]).status, 404);
  EXPECT_EQ(other.get("/api/backup-requests").json.at("items").as_array().size(), 0U);
  EXPECT_EQ(other.get("/api/backups").json.at("items").as_array().size(), 0U);

  EXPECT_EQ(controller_.http().get("/api/backups/" + done["backupId"]).status, 200);
  EXPECT_EQ(controller_.items("/api/backups").size(), 1U);
  EXPECT_EQ(controller_.http().post(at + "/cancel").status, 409);

  HttpProbe auditor(controller_.url(), "token-auditor");
  EXPECT_EQ(auditor.get(at).status, 200);
  EXPECT_EQ(auditor.get("/api/backups").json.at("items").as_array().size(), 1U);
}

TEST_F(ControllerRoles, AnOwnerSeesWhatItsJobsMade) {
  auto job = ledger_job();
  job.owner_id = "owner-person";
  jobs_.put(job);
  const auto made = controller_.http().post("/api/backup-requests", request_body());
  ASSERT_EQ(made.status, 202) << made.text;
  const auto done = controller_.wait_for(id_of(made), "Succeeded");

  HttpProbe owner(controller_.url(), "token-owner");
  const auto at = "/api/backup-requests/" + id_of(made);
  EXPECT_EQ(owner.get(at).status, 200);
  EXPECT_EQ(owner.get(at + "/history").status, 200);
  EXPECT_EQ(owner.get("/api/backups/" + done["backupId"]).status, 200);
  EXPECT_EQ(owner.get("/api/backup-requests").json.at("items").as_array().size(), 1U);
  EXPECT_EQ(owner.get("/api/backups").json.at("items").as_array().size(), 1U);
  EXPECT_EQ(owner.post(at + "/cancel").status, 403);

  job.version = 4;  // handed over: what is of the job is of its new owner, once a request has brought the version here
  job.owner_id = "somebody-else";
  jobs_.put(job);
  const auto next = controller_.http().post("/api/backup-requests", request_body());
  ASSERT_EQ(controller_.wait_for(id_of(next), "Succeeded")["stateCode"], "Succeeded");
  EXPECT_EQ(owner.get(at).status, 404);
  EXPECT_EQ(owner.get("/api/backups").json.at("items").as_array().size(), 0U);
}

TEST_F(ControllerRoles, AZoneSpeaksForItselfAlone) {
  const auto id = "01900000-0000-7000-8000-000000000001";
  HttpProbe files(controller_.url(), "token-zone");
  EXPECT_EQ(files.put(std::string("/api/zone-results/") + id, text_of(success_of(id, "tapes"))).status, 202);
  HttpProbe auditor(controller_.url(), "token-auditor");
  HttpAnswer parked;
  ASSERT_TRUE(eventually([&] {
    parked = auditor.get("/api/parked-results");
    return !parked.json.at("items").as_array().empty();
  }));
  const auto& item = parked.json.at("items").at(0);
  EXPECT_EQ(HttpAnswer::text_of(item, "reasonCode"), "wrong-zone");
  EXPECT_EQ(HttpAnswer::text_of(item, "zone"), "files");
}

TEST_F(ControllerRoles, NoTokenIsEverLogged) {
  controller_.http().get("/api/status");
  EXPECT_EQ(controller_.process().log().find("token-batch\"}"), std::string::npos);
  EXPECT_EQ(controller_.process().log().find("Bearer"), std::string::npos);
}

}  // namespace
}  // namespace backupctl::testing
