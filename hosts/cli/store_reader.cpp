#include "cli/store_reader.hpp"

#include <future>
#include <utility>

#include "backupctl/log.hpp"
#include "backupctl/serial_executor.hpp"
#include "backupctl/soci/store.hpp"
#include "http/controller_reads.hpp"
#include "http/request_target.hpp"

namespace backupctl::cli {
namespace {

struct NoLog final : Logger {
  void write(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
};

}  // namespace

struct StoreReader::Impl {
  Impl(std::unique_ptr<Repository> store, Clock& clock)
      : repository(std::move(store)),
        reads(*repository, executor, clock, [this](auto handler) { ask_status(std::move(handler)); }) {
    reads.add_to(router);
  }

  // What a controller knows of itself and its peers alone is not in it.
  void ask_status(Handler<Result<ControllerStatus>> handler) const {
    repository->survey(reads.now(), [handler = std::move(handler)](Result<StoreSurvey> survey) {
      if (!survey) return handler(std::move(survey).error());
      const bool somebody_runs = !survey->controllers.empty();
      handler(ControllerStatus{.ready = somebody_runs, .store = *std::move(survey), .dependencies = {}});
    });
  }

  SerialExecutor executor;  // before the repository, whose threads post to it
  std::unique_ptr<Repository> repository;
  http::ControllerReads reads;
  NoLog log;
  // Whoever can read the store reads all of it.
  http::Authenticator everybody = http::Authenticator::open(false);
  http::Router router{everybody, log};
};

Result<std::unique_ptr<StoreReader>> StoreReader::open(const std::string& url, Clock& clock) {
  auto store = soci::open(url, {.create = false, .read_only = true, .readers = 1});
  if (!store) return std::move(store).error();
  return std::unique_ptr<StoreReader>(new StoreReader(std::make_unique<Impl>(*std::move(store), clock)));
}

StoreReader::StoreReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StoreReader::~StoreReader() = default;

Result<http::ClientResponse> StoreReader::call(const http::ClientRequest& request) {
  if (request.method != "GET") {
    return Error{
        ErrorKind::invalid, "a store is only read; this is for a controller to do", false, "needs-a-controller", {}};
  }
  auto target = http::parse_target(request.target);
  if (!target) return std::move(target).error();
  std::promise<http::ClientResponse> answered;
  auto answer = answered.get_future();
  impl_->executor.post([this, &answered, target = *std::move(target)] {
    http::Request asked;
    asked.method = "GET";
    asked.path = target.path;
    asked.segments = target.segments;
    asked.query = target.query;
    impl_->router.handle(std::move(asked), [&answered](http::Response response) {
      answered.set_value({response.status, std::move(response.headers), std::move(response.body)});
    });
  });
  return answer.get();
}

}  // namespace backupctl::cli
