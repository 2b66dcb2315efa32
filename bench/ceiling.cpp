// The most that HTTP and JSON let through: our server reads each request as the controller's does and answers with an
// admission that was written once. Nothing is decided or stored. Tells its address on standard output.
#include <csignal>
#include <cstdio>

#include "backupctl/serial_executor.hpp"
#include "config/json_logger.hpp"
#include "http/problem.hpp"
#include "http/runtime.hpp"
#include "http/server.hpp"
#include "life.hpp"
#include "wire/backup_request_json.hpp"

int main() {
  using namespace backupctl;
  SystemClock clock;
  SystemRandom random;
  config::JsonLogger logger(clock, LogLevel::warning, config::LogFormat::text);
  IdSource ids(random);
  auto row = bench::new_request(ids);
  row.progress = bench::next_step(row, JobAnswered{bench::approved_job(), {}, {}}, bench::moment(1)).next;
  const auto admission = wire::json_text(wire::write_backup_request, row, bench::moment(1));
  const auto location = "/api/backup-requests/" + row.order.id.to_string();

  http::Runtime runtime;
  const auto answer = [&](const http::Request& request, const http::Respond& respond) {
    auto body = wire::read_backup_request_body(request.body);
    const auto key = request.headers.find("Idempotency-Key");
    if (!body) return respond(http::problem_response(body.error()));
    if (!key || !IdempotencyKey::parse(*key)) return respond(http::problem_response(400, "no-key", "no key"));
    auto response = http::json_response(202, admission);
    response.headers.add("Location", location);
    respond(std::move(response));
  };
  http::Server server(runtime, {.listen = "127.0.0.1:0"}, answer, logger, clock, random);
  const auto address = server.start();
  if (!address) return std::fprintf(stderr, "%s\n", address.error().detail.c_str()), 1;
  std::printf("%s\n", address->c_str());
  std::fflush(stdout);
  runtime.on_signal({SIGTERM, SIGINT}, [&runtime] { runtime.stop(); });
  runtime.run();
}
