// What the repository's contract suite is written with: rows as they may stand in a store, and short ways to the port.
// Thread rule: one test at a time.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backupctl/repository.hpp"

namespace backupctl::testing {

// One implementation under test: `make` opens an empty store of its own for each test.
struct RepositoryFactory {
  std::string name;  // letters and digits
  std::function<std::unique_ptr<BlockingRepository>()> make;
};
inline void PrintTo(const RepositoryFactory& factory, std::ostream* out) { *out << factory.name; }

class RepositoryContract : public ::testing::TestWithParam<RepositoryFactory> {
 protected:
  template <class AnyId>
  static AnyId id(int number, char kind) {
    char text[37];
    std::snprintf(text, sizeof text, "01900000-000%c-7000-8000-%012d", kind, number);
    return AnyId::parse(text).value();
  }
  static RequestId request_id(int number) { return id<RequestId>(number, '1'); }
  static JobId job_id(int number) { return id<JobId>(number, '2'); }
  static BackupId backup_id(int number) { return id<BackupId>(number, '3'); }
  static InstanceId instance_id(int number) { return id<InstanceId>(number, '4'); }
  static ParkedResultId parked_id(int number) { return id<ParkedResultId>(number, '5'); }

  static Timestamp at(std::int64_t seconds) {
    return Timestamp{std::chrono::microseconds{1'790'000'000'123'456 + seconds * 1'000'000}};
  }
  static ZoneName zone(const char* name = "files") { return ZoneName::parse(name).value(); }
  static OwnerName owner(const char* name) { return OwnerName::parse(name).value(); }
  static IdempotencyKey key(const char* text) { return IdempotencyKey::parse(text).value(); }
  static CivilDate date(const char* text) { return CivilDate::parse(text).value(); }

  // Received at(0), waiting, due at(0).
  static BackupRequest received(int number) {
    BackupRequest request{.order = {.id = request_id(number),
                                    .job_id = job_id(1),
                                    .source = SourcePath::parse("/data/ledger/2021-01-08").value(),
                                    .data_as_of = date("2021-01-08"),
                                    .requester = owner("batch-night"),
                                    .transport = TransportKind::http,
                                    .received = at(0)}};
    request.progress.next_action = at(0);
    return request;
  }
  static AllowedTerms terms(const char* zone_name = "files") { return {3, zone(zone_name), "ledger", 3650}; }

  // Allowed at(1), waiting, due at(1).
  static BackupRequest allowed(int number, const char* zone_name = "files") {
    auto request = received(number);
    request.progress.state = RequestState::allowed;
    request.progress.checked = at(1);
    request.progress.check_attempts = 1;
    request.progress.terms = terms(zone_name);
    request.progress.next_action = at(1);
    return request;
  }
  // Sent at(2), its result due at(100).
  static BackupRequest sent(int number, const char* zone_name = "files") {
    auto request = allowed(number, zone_name);
    request.progress.state = RequestState::sent;
    request.progress.responded = at(2);
    request.progress.sent = at(2);
    request.progress.send_attempts = 1;
    request.progress.result_due = at(100);
    request.progress.next_action = at(100);
    return request;
  }
  static BackupRequest owned(BackupRequest request, InstanceId by) {
    request.progress.owner = by;
    request.progress.next_action.reset();
    return request;
  }
  // Failed at(3), from Sent.
  static RequestProgress failed(const BackupRequest& before) {
    auto next = before.progress;
    next.state = RequestState::failed;
    next.reason = "source-missing";
    next.result_received = at(3);
    next.result_recorded = at(3);
    next.owner.reset();
    next.next_action.reset();
    ++next.revision;
    return next;
  }
  static RequestProgress succeeded(const BackupRequest& before, BackupId backup) {
    auto next = failed(before);
    next.state = RequestState::succeeded;
    next.reason.clear();
    next.backup_id = backup;
    return next;
  }
  static Backup backup_of(const BackupRequest& request, int number) {
    return {.id = backup_id(number),
            .request_id = request.order.id,
            .job_id = request.order.job_id,
            .zone = request.progress.terms->zone,
            .data_as_of = request.order.data_as_of,
            .storage_path = "ledger/" + std::to_string(number) + ".tar.zst",
            .byte_count = 5'000'000'000,
            .copy_start = at(2),
            .copy_end = at(3),
            .verify_hash = "sha256:00",
            .job_version = 3,
            .days_to_keep = 3650,
            .due_to_delete = date("2031-01-06")};
  }
  static BackupJob job(std::int64_t version) {
    return {.id = job_id(1),
            .version = version,
            .name = "ledger",
            .approval = ApprovalState::approved,
            .zone = zone(),
            .storage_path = "ledger",
            .days_to_keep = 3650,
            .in_force_from = date("2021-01-01"),
            .allowed_requesters = {"batch-night"},
            .source_roots = {"/data/ledger", "/data/more"}};
  }
  static ResultRecord result(RequestId command, std::string body, std::int64_t seconds = 3) {
    return {.command_id = command, .zone = zone(), .body = std::move(body), .received = at(seconds), .problem = "odd"};
  }
  static ParkedResult parked(int number) {
    return {parked_id(number), request_id(1), zone(), "not-sent", at(3), "body " + std::to_string(number)};
  }

  static AuditEntry audit(int writer, std::string action) {
    return {instance_id(writer), at(3), "ann", std::move(action), "zone:files", "because\nof it"};
  }
  static Notice notice(int number) {
    return {.id = id<NoticeId>(number, '6'),
            .event = "Failed",
            .time = at(3),
            .request_id = request_id(1),
            .job_id = number == 1 ? std::optional(job_id(1)) : std::nullopt,
            .requester = "batch-night",
            .detail = "source-missing — ümlaut",
            .addresses =
                number == 1 ? std::vector<std::string>{"a@example.org", "b@example.org"} : std::vector<std::string>{}};
  }

  // What the verifier says of the whole audit.
  std::vector<std::string> audit_faults() {
    AuditVerifier verifier;
    const auto records = store().list_audit({.limit = 1000}).value();
    for (const auto& record : records) verifier.take(record);
    return verifier.finish(store().audit_heads().value(), {});
  }

  Outcome run(Command command) {
    auto outcomes = store().apply({std::move(command)});
    return outcomes.size() == 1 ? outcomes.front() : Outcome{};
  }
  void put(const BackupRequest& request) {
    const auto outcome = run(AdmitRequest{request, {{request.progress.state, request.order.received, {}}}});
    ASSERT_EQ(outcome.status, OutcomeStatus::applied) << (outcome.error ? outcome.error->detail : "");
  }
  std::optional<BackupRequest> find(int number) { return store().find_request(request_id(number)).value(); }
  std::vector<HistoryEntry> history(int number) { return store().history(request_id(number)).value(); }
  std::vector<RequestId> ids(const std::vector<BackupRequest>& requests) {
    std::vector<RequestId> found;
    for (const auto& request : requests) found.push_back(request.order.id);
    return found;
  }
  std::vector<std::string> waiting_bodies() {
    const auto records = store().waiting_results(100).value();
    std::vector<std::string> bodies;
    for (const auto& record : records) bodies.push_back(record.body);
    return bodies;
  }
  // With a lease of 15 s.
  BeatReply beat(int instance, std::int64_t seconds) {
    return store().beat({instance_id(instance), "test", at(0), at(seconds), std::chrono::seconds(15)}).value();
  }

  BlockingRepository& store() { return *store_; }

 private:
  std::unique_ptr<BlockingRepository> store_ = GetParam().make();
};

}  // namespace backupctl::testing
