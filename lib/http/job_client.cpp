#include "backupctl/http/job_client.hpp"

#include <utility>

#include "http/client.hpp"
#include "http/peer_answer.hpp"
#include "wire/backup_job_json.hpp"

namespace backupctl::http {
namespace {

using FetchResult = Result<std::optional<BackupJob>>;

Error no_answer(std::string detail, std::string code) {
  return {ErrorKind::unavailable, "job service: " + std::move(detail), true, std::move(code), {}};
}

FetchResult read_answer(const JobId& id, const ClientResponse& answer) {
  if (answer.status == 200 && is_json(answer)) {
    auto job = wire::read_backup_job(answer.body);
    if (!job) return no_answer("its answer does not read as a job: " + printable(job.error().detail), "bad-answer");
    if (job->id != id) return no_answer("it answered with another job, " + job->id.to_string(), "bad-answer");
    return std::optional(*std::move(job));
  }
  const auto problem = problem_of(answer);
  if (answer.status == 404 && problem && problem->code == "backup-job-not-found") return std::optional<BackupJob>{};
  if (is_unauthorized(answer)) return no_answer(describe(answer), "unauthorized");
  const bool later = answer.status == 429 || answer.status >= 500;
  return no_answer(describe(answer), later ? "no-answer" : "bad-answer");
}

// On the executor.
class HttpJobClient final : public JobClient {
 public:
  explicit HttpJobClient(Client client) : client_(std::move(client)) {}

  void fetch(JobId id, CallContext context, backupctl::Handler<FetchResult> handler) override {
    ClientRequest request{
        "GET", "/api/backup-jobs/" + id.to_string(), call_headers(context.request_id, context.traceparent), {}};
    client_.send(request, [id, handler = std::move(handler)](Result<ClientResponse> answer) {
      if (!answer) return handler(no_answer(answer.error().detail, answer.error().code));
      handler(read_answer(id, *answer));
    });
  }

 private:
  Client client_;
};

}  // namespace

Result<std::unique_ptr<JobClient>> make_job_client(Runtime& runtime, ClientOptions options) {
  auto client = Client::create(runtime, std::move(options));
  if (!client) return std::move(client).error();
  return std::unique_ptr<JobClient>(std::make_unique<HttpJobClient>(*std::move(client)));
}

}  // namespace backupctl::http
