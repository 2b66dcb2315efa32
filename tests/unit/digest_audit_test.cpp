#include <gtest/gtest.h>

#include <limits>

#include "backupctl/audit.hpp"

namespace backupctl {
namespace {

InstanceId writer(int number) {
  return InstanceId::parse("01900000-0000-7000-8000-00000000000" + std::to_string(number)).value();
}

AuditRecord next_after(const AuditRecord* last, int who, std::string action, std::string detail = {}) {
  AuditRecord record{{writer(who), Timestamp{Duration{1'790'000'000'000'000}}, "ann", std::move(action), "zone:files",
                      std::move(detail)},
                     last ? last->seq + 1 : 1,
                     last ? last->hash : std::string(),
                     {}};
  record.hash = audit_hash(record);
  return record;
}

AuditHead head_of(const AuditRecord& record) { return {record.entry.writer, record.seq, record.hash}; }

// Two chains: writer 1 with three entries, writer 2 opening with writer 1's head after its second.
class AuditChain : public ::testing::Test {
 protected:
  AuditChain() {
    for (const auto* action : {"audit-opened", "zone-paused", "zone-resumed"}) {
      records_.push_back(next_after(records_.empty() ? nullptr : &records_.back(), 1, action));
    }
    records_.push_back(next_after(nullptr, 2, "audit-opened", describe_heads({head_of(records_[1])})));
    current_ = {head_of(records_[2]), head_of(records_[3])};
  }
  std::string first_fault(const std::vector<AuditHead>& exported = {}) const {
    AuditVerifier verifier;
    for (const auto& record : records_) verifier.take(record);
    const auto faults = verifier.finish(current_, exported);
    return faults.empty() ? std::string() : faults.front();
  }
  std::vector<AuditRecord> records_;
  std::vector<AuditHead> current_;
};

TEST_F(AuditChain, WholeChainsHaveNoFault) { EXPECT_EQ(first_fault(current_), ""); }

TEST_F(AuditChain, TheHashIsThatOfItsWrittenForm) {
  // sha256sum of the eight fields, each as length, colon, bytes, line feed.
  EXPECT_EQ(records_[0].hash, "83e8997217dd5b0713d1d7f256ba51d2be9fa4224353e0a72e68158b3de7d083");
}

TEST_F(AuditChain, AnEditedEntryIsNamed) {
  records_[1].entry.actor = "bob";
  EXPECT_EQ(first_fault().find("writer " + writer(1).to_string() + " entry 2: was edited"), 0u) << first_fault();
}

TEST_F(AuditChain, AnEntryThatWasEditedAndHashedAnewIsNamed) {
  records_[1].entry.actor = "bob";
  records_[1].hash = audit_hash(records_[1]);
  EXPECT_EQ(first_fault().find("writer " + writer(1).to_string() + " entry 3: does not follow"), 0u) << first_fault();
}

TEST_F(AuditChain, ARemovedEntryIsNamed) {
  records_.erase(records_.begin() + 1);
  EXPECT_NE(first_fault().find("entry 2 should stand here"), std::string::npos) << first_fault();
}

TEST_F(AuditChain, AMovedEntryIsNamed) {
  std::swap(records_[0], records_[1]);
  EXPECT_NE(first_fault().find("entry 1 should stand here"), std::string::npos) << first_fault();
}

TEST_F(AuditChain, ANumberFarBeyondTheChainIsNamedAndTakesNoRoom) {
  for (const auto seq : {std::int64_t{20'000'000'000'000}, std::numeric_limits<std::int64_t>::max()}) {
    records_[2].seq = seq;
    EXPECT_NE(first_fault().find("entry 3 should stand here"), std::string::npos) << first_fault();
  }
  records_.insert(records_.begin() + 3, records_[2]);
  EXPECT_NE(first_fault({{writer(1), 5, records_[2].hash}}).find("entry 3 should stand here"), std::string::npos);
}

// Heads are read before the entries, which others go on to write.
TEST_F(AuditChain, EntriesThatCameAfterTheHeadsWereReadAreNoFault) {
  records_.insert(records_.begin() + 3, next_after(&records_[2], 1, "zone-paused"));
  EXPECT_EQ(first_fault(), "");
}

TEST_F(AuditChain, ACutTailIsFoundByTheStoresHead) {
  records_.erase(records_.begin() + 2);
  EXPECT_NE(first_fault().find("the store's head names entry 3"), std::string::npos) << first_fault();
}

TEST_F(AuditChain, ACutTailIsFoundByAnotherChainAlsoWhenTheHeadWasCutBack) {
  records_.erase(records_.begin() + 1, records_.begin() + 3);
  current_[0] = head_of(records_[0]);
  EXPECT_NE(first_fault().find("its tail was cut off"), std::string::npos) << first_fault();
}

TEST_F(AuditChain, ACutTailThatNobodyTiedIsFoundByTheExportedHead) {
  const auto exported = current_;
  records_.erase(records_.begin() + 2);
  current_[0] = head_of(records_[1]);
  EXPECT_EQ(first_fault(), "");
  EXPECT_NE(first_fault(exported).find("the exported head names entry 3"), std::string::npos);
}

TEST_F(AuditChain, AChainWrittenAnewIsFoundByTheExportedHead) {
  const auto exported = current_;
  records_[2] = next_after(&records_[1], 1, "zone-resumed", "another reason");
  current_[0] = head_of(records_[2]);
  EXPECT_EQ(first_fault(), "");
  EXPECT_NE(first_fault(exported).find("was written anew"), std::string::npos);
}

TEST(AuditHeads, AreReadAsTheyAreWritten) {
  const AuditHead head{writer(1), 42, std::string(64, 'a')};
  EXPECT_EQ(parse_audit_head(to_string(head)).value(), head);
  for (const auto* text : {"", "x", "01900000-0000-7000-8000-000000000001:0:", ":"}) {
    EXPECT_FALSE(parse_audit_head(text)) << text;
  }
  EXPECT_FALSE(parse_audit_head(to_string(head) + "a"));
  EXPECT_FALSE(parse_audit_head(writer(1).to_string() + ":-1:" + std::string(64, 'a')));
}

}  // namespace
}  // namespace backupctl
