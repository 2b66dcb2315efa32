// File drop keeps the contract of every transport.
#include <pwd.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <fstream>

#include "backupctl/filedrop/file_drop.hpp"
#include "backupctl/testing/transport_contract.hpp"
#include "integration/support/temp_dir.hpp"

namespace backupctl::testing {
namespace {

class FileDropWorld final : public TransportWorld {
 public:
  TransportKind kind() const override { return TransportKind::file_drop; }
  std::string requester() const override {
    const auto* entry = ::getpwuid(::geteuid());
    return entry ? entry->pw_name : "uid:" + std::to_string(::geteuid());
  }
  std::unique_ptr<Transport> make(const TransportGround& ground) override {
    return std::make_unique<filedrop::FileDrop>(
        filedrop::FileDropPorts{ground.controller, ground.executor, ground.clock, ground.random, ground.log},
        filedrop::FileDropOptions{.folder = folder_.path() / "drop",
                                  .scan_every = std::chrono::milliseconds(20),
                                  .settle_for = std::chrono::milliseconds(100)});
  }

  int send(const TransportRequest& request) override {
    const auto name = name_of(++sent_);
    const auto temporary = folder_.path() / "drop" / "inbox" / (name + ".tmp");
    std::ofstream(temporary) << R"({"apiVersion":"2026-11-01","backupJobId":")" << contract_job
                             << R"(","backupSourcePath":")" << request.source
                             << R"(","dataAsOfDate":"2021-01-08","idempotencyKey":")" << request.key << '"'
                             << (request.is_readable ? "}" : ",");
    std::filesystem::rename(temporary, folder_.path() / "drop" / "inbox" / (name + ".json"));
    return sent_;
  }
  std::optional<TransportAnswer> answer(int sent) override {
    const auto text = outbox(sent, ".receipt.jsonl");
    if (text.empty()) return {};
    const auto line = boost::json::parse(text.substr(0, text.find('\n')));
    if (const auto* problem = line.as_object().if_contains("problem")) {
      return TransportAnswer{{}, std::string(problem->at("code").as_string())};
    }
    return TransportAnswer{RequestId::parse(std::string_view(line.at("backupRequestId").as_string())).value(), {}};
  }
  std::optional<RequestState> outcome(int sent, RequestId) override {
    const auto text = outbox(sent, ".end.json");
    if (text.empty()) return {};
    return parse_request_state(std::string_view(boost::json::parse(text).at("outcome").as_string()));
  }

 private:
  static std::string name_of(int sent) { return "s" + std::to_string(sent); }
  std::string outbox(int sent, const std::string& suffix) const {
    return read_file(folder_.path() / "drop" / "outbox" / (name_of(sent) + suffix));
  }

  TempDir folder_;
  int sent_ = 0;
};

INSTANTIATE_TEST_SUITE_P(FileDrop, TransportContract, ::testing::Values([]() -> std::unique_ptr<TransportWorld> {
                           return std::make_unique<FileDropWorld>();
                         }));

}  // namespace
}  // namespace backupctl::testing
