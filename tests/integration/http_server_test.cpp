#include "http/server.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <future>
#include <list>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "backupctl/ids.hpp"
#include "backupctl/serial_executor.hpp"
#include "integration/raw_client.hpp"

namespace backupctl::http {
namespace {

using backupctl::testing::RawClient;
using backupctl::testing::RawResponse;
using namespace std::chrono_literals;

class CountingLogger final : public Logger {
 public:
  void write(LogLevel level, std::string_view, std::initializer_list<LogField>) override {
    if (level == LogLevel::error) ++errors;
  }
  std::atomic<int> errors = 0;
};

class CountingRandom final : public Random {
 public:
  std::uint64_t next() override { return ++last_; }

 private:
  std::uint64_t last_ = 0;
};

std::string get(const std::string& target, const std::string& headers = {}) {
  return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n";
}

std::string post(const std::string& headers, const std::string& body) {
  return "POST /echo HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n" + body;
}

class HttpServer : public ::testing::Test {
 protected:
  ~HttpServer() override {
    runtime_.stop();
    if (loop_.joinable()) loop_.join();
    server_.reset();
  }

  void start(ServerOptions options = {}) {
    options.listen = "127.0.0.1:0";
    server_ = std::make_unique<Server>(
        runtime_, options, [this](Request request, Respond respond) { handle(std::move(request), std::move(respond)); },
        logger_, clock_, random_);
    address_ = server_->start().value();
    loop_ = std::thread([this] { runtime_.run(); });
  }

  RawClient connect() { return RawClient(address_); }

  // Runs on the executor and waits for it.
  void on_executor(const Task& task) {
    std::promise<void> ran;
    runtime_.post([&] {
      task();
      ran.set_value();
    });
    ran.get_future().get();
  }

  // Returns once `count` requests wait for their answers. Each turn goes through the executor, so sessions go on.
  void wait_for_held(std::size_t count) {
    std::size_t held = 0;
    while (held < count) on_executor([&] { held = held_.size(); });
  }

  void release_held() {
    on_executor([this] {
      for (auto& [request, respond] : std::exchange(held_, {})) respond(json_response(200, request.path));
    });
  }

  std::future<std::size_t> drain(std::chrono::milliseconds grace) {
    auto cut = std::make_shared<std::promise<std::size_t>>();
    on_executor([&] { server_->drain(grace, [cut](std::size_t count) { cut->set_value(count); }); });
    return cut->get_future();
  }

  Runtime runtime_;
  CountingLogger logger_;
  SystemClock clock_;
  CountingRandom random_;
  std::unique_ptr<Server> server_;
  std::string address_;
  std::thread loop_;
  std::list<std::pair<Request, Respond>> held_;
  std::atomic<int> handled_ = 0;

 private:
  void handle(Request request, Respond respond) {
    ++handled_;
    const auto path = request.path;
    if (path == "/echo") return respond(json_response(200, request.body));
    if (path == "/trace") return respond(json_response(200, request.trace.to_header()));
    if (path == "/peer") return respond(json_response(200, request.peer));
    if (path == "/big") return respond(json_response(200, std::string(64U << 20U, 'x')));
    if (path == "/empty") return respond(empty_response(204));
    if (path == "/throw") throw std::runtime_error("a bug");
    if (path == "/forget") return;
    if (path == "/split") return respond({.status = 200, .headers = {{"Location", "a\r\nX: b"}}});
    if (path == "/twice") respond(json_response(200, "one"));
    if (path == "/twice") return respond(json_response(200, "two"));
    held_.emplace_back(std::move(request), std::move(respond));
  }
};

struct Trick {
  std::string name;
  std::string bytes;
  int status;
};

void PrintTo(const Trick& trick, std::ostream* out) { *out << trick.name; }

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

const std::string chunked = "Transfer-Encoding: chunked\r\n";

const std::vector<Trick> tricks = {
    {"LengthAndCoding", post("Content-Length: 4\r\n" + chunked, "0\r\n\r\n"), 400},
    {"GzipWithLength", post("Content-Length: 4\r\nTransfer-Encoding: gzip\r\n", "abcd"), 400},
    {"Xchunked", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 501},
    {"TwoLengths", post("Content-Length: 4\r\nContent-Length: 5\r\n", "abcde"), 400},
    {"TwoHosts", get("/echo", "Host: other\r\n"), 400},
    {"NoHost", "GET /echo HTTP/1.1\r\n\r\n", 400},
    {"Folded", get("/echo", "X: a\r\n b\r\n"), 400},
    {"BareLineFeeds", "GET /echo HTTP/1.1\nHost: a\n\n", 400},
    {"TlsHello", std::string("\x16\x03\x01\x02\x00\x01", 6), 400},
    {"HugeHeader", get("/echo", repeated("X-Filler: 0123456789012345678901234567890123456789\r\n", 400)), 431},
    {"EndlessHeaderLine", "GET /echo HTTP/1.1\r\nX: " + std::string(20000, 'x'), 431},
    {"EndlessTarget", "GET /" + std::string(20000, 'x'), 414},
    {"EncodedNul", get("/echo%00"), 400},
    {"UnknownExpectation", post("Expect: tea\r\nContent-Length: 1\r\n", "x"), 417},
    {"UnknownMethod", "BREW /echo HTTP/1.1\r\nHost: a\r\n\r\n", 501},
    {"AnnouncedBodyTooLarge", post("Content-Length: 999999999999\r\n", ""), 413},
    {"BodyTooLarge", post("Content-Length: 65537\r\n", std::string(65537, 'x')), 413},
    {"ChunkTooLarge", post(chunked, "fffffff\r\n" + std::string(100000, 'x')), 413},
    {"ChunksTooLarge", post(chunked, repeated("400\r\n" + std::string(1024, 'x') + "\r\n", 65)), 413},
    {"ChunkSizeOverflows", post(chunked, "fffffffffffffffff\r\nx"), 400},
    {"ChunkSizeNoHex", post(chunked, "xyz\r\n"), 400},
    {"ChunkSizeNegative", post(chunked, "-1\r\nx"), 400},
    {"ChunkWithoutEnd", post(chunked, "3\r\nabcde\r\n0\r\n\r\n"), 400},
    {"ChunkLineFeedAlone", post(chunked, "3\nabc\n0\n\n"), 400},
    {"GiantChunkExtension", post(chunked, "3;x=" + std::string(5000, 'y') + "\r\nabc\r\n0\r\n\r\n"), 400},
    {"EndlessChunkExtension", post(chunked, "3;x=" + std::string(1000000, 'y')), 400},
    {"EndlessTrailer", post(chunked, "0\r\nX: " + std::string(1000000, 'y')), 400},
    {"FoldedTrailerWithControl", post(chunked, "0\r\nX: a\x01\r\n b\r\n\r\n"), 400},
    {"ManyChunkExtensions", post(chunked, repeated("1;abcdefghij\r\nx\r\n", 1000)), 400},
};

class HttpServerRefuses : public HttpServer, public ::testing::WithParamInterface<Trick> {};

TEST_P(HttpServerRefuses, AndCloses) {
  start();
  auto client = connect();
  // What follows must never be taken for a request of its own.
  client.send(GetParam().bytes + get("/echo"));
  client.shut_sending();
  const auto response = client.receive();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, GetParam().status) << response->body;
  EXPECT_TRUE(response->has("Content-Type: application/problem+json\r\n"));
  EXPECT_TRUE(response->has("Connection: close\r\n"));
  EXPECT_NE(response->body.find("\"status\":" + std::to_string(GetParam().status)), std::string::npos);
  EXPECT_NE(response->body.find("\"code\":"), std::string::npos);
  EXPECT_TRUE(client.is_closed());
  EXPECT_EQ(handled_, 0);
}

INSTANTIATE_TEST_SUITE_P(Http, HttpServerRefuses, ::testing::ValuesIn(tricks),
                         [](const auto& trick) { return trick.param.name; });

TEST_F(HttpServer, RefusesHalfRequests) {
  start();
  for (const auto& half :
       {get("/echo").substr(0, 30), post("Content-Length: 10\r\n", "abc"), post(chunked, "3\r\nabc\r\n")}) {
    auto client = connect();
    client.send(half);
    client.shut_sending();
    EXPECT_EQ(client.receive().value_or(RawResponse{}).status, 400) << half;
    EXPECT_TRUE(client.is_closed());
  }
  EXPECT_EQ(handled_, 0);
}

TEST_F(HttpServer, ReadsBodiesOfBothFramings) {
  start();
  auto client = connect();
  EXPECT_EQ(client.ask(post("Content-Length: 3\r\n", "abc")).body, "abc");
  EXPECT_EQ(client.ask(post(chunked, "3;note=1\r\nabc\r\n1\r\nd\r\n0\r\nTrailer: x\r\n\r\n")).body, "abcd");
  EXPECT_EQ(client.ask(post("Content-Length: 0\r\n", "")).body, "");
  EXPECT_EQ(client.ask(post("Content-Length: 65536\r\n", std::string(65536, 'x'))).body.size(), 65536U);
  EXPECT_EQ(client.ask("\r\n" + post("", "")).status, 200);
}

TEST_F(HttpServer, AnswersPipelinedRequestsInOrder) {
  start();
  auto client = connect();
  client.send(get("/held/1") + get("/peer") + post("Content-Length: 5\r\n", "three") + get("/held/4"));
  wait_for_held(1);
  EXPECT_EQ(handled_, 1);
  release_held();
  EXPECT_EQ(client.receive()->body, "/held/1");
  EXPECT_EQ(client.receive()->body.substr(0, 10), "127.0.0.1:");
  EXPECT_EQ(client.receive()->body, "three");
  wait_for_held(1);
  release_held();
  EXPECT_EQ(client.receive()->body, "/held/4");
}

TEST_F(HttpServer, ClosesWhenAskedToAndAfterHttp10) {
  start();
  for (const auto& bytes : {get("/peer", "Connection: close\r\n"), std::string("GET /peer HTTP/1.0\r\n\r\n")}) {
    auto client = connect();
    const auto response = client.ask(bytes);
    EXPECT_EQ(response.status, 200);
    EXPECT_TRUE(response.has("Connection: close\r\n"));
    EXPECT_TRUE(client.is_closed());
  }
}

TEST_F(HttpServer, AnswersHeadWithoutBody) {
  start();
  auto client = connect();
  client.send("HEAD /trace HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(client.receive(true)->has("Content-Length: 55\r\n"));
  const auto empty = client.ask(get("/empty"));
  EXPECT_EQ(empty.status, 204);
  EXPECT_FALSE(empty.has("Content-Length"));
  EXPECT_EQ(client.ask(get("/trace")).body.size(), 55U);
}

TEST_F(HttpServer, SaysContinueOnlyToThoseWhoWait) {
  start();
  auto client = connect();
  EXPECT_EQ(client.ask(post("Expect: 100-continue\r\nContent-Length: 3\r\n", "")).status, 100);
  EXPECT_EQ(client.ask("abc").body, "abc");
  EXPECT_EQ(client.ask(post("Expect: 100-continue\r\nContent-Length: 3\r\n", "abc")).body, "abc");
  EXPECT_EQ(client.ask(post("Expect: 100-continue\r\nContent-Length: 70000\r\n", "")).status, 413);
  EXPECT_TRUE(client.is_closed());
}

TEST_F(HttpServer, HonoursATraceAndBeginsOne) {
  start();
  auto client = connect();
  const std::string given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  EXPECT_EQ(client.ask(get("/trace", "traceparent: " + given + "\r\n")).body, given);
  const auto first = client.ask(get("/trace")).body;
  EXPECT_TRUE(parse_traceparent(first));
  EXPECT_NE(client.ask(get("/trace", "traceparent: nonsense\r\n")).body, first);
}

TEST_F(HttpServer, CutsSlowRequestsAtTheDeadline) {
  start({.read_timeout = 300ms});
  for (const auto& begin :
       {std::string("GET /echo HTTP/1.1\r\nX: "), post("Content-Length: 1000\r\n", ""), post(chunked, "3e8\r\n")}) {
    auto client = connect();
    client.send(begin);
    EXPECT_TRUE(client.drip('x', 500)) << begin;  // 10 s, and it would still be well-formed
    EXPECT_EQ(client.receive().value_or(RawResponse{}).status, 408) << begin;
    EXPECT_TRUE(client.is_closed());
  }
  EXPECT_EQ(handled_, 0);
}

TEST_F(HttpServer, CutsSilentConnections) {
  start({.read_timeout = 200ms, .idle_timeout = 200ms});
  auto silent = connect();
  EXPECT_TRUE(silent.is_closed());
  auto idle = connect();
  EXPECT_EQ(idle.ask(get("/peer")).status, 200);
  EXPECT_TRUE(idle.is_closed());
  auto half = connect();
  EXPECT_EQ(half.ask("GET /").status, 408);
}

TEST_F(HttpServer, DoesNotCutAHandlerThatTakesLongerThanReading) {
  start({.read_timeout = 100ms, .idle_timeout = 100ms, .write_timeout = 100ms});
  auto waiting = connect();
  waiting.send(get("/held"));
  auto silent = connect();
  wait_for_held(1);
  EXPECT_TRUE(silent.is_closed());  // by now all of these times have passed
  release_held();
  EXPECT_EQ(waiting.receive()->body, "/held");
}

TEST_F(HttpServer, CutsThoseWhoDoNotReadTheirAnswer) {
  start({.write_timeout = 200ms});
  auto client = connect();
  client.send(get("/big"));
  while (handled_ == 0) on_executor([] {});
  auto cut = drain(20s);
  EXPECT_EQ(cut.get(), 0U);  // gone by its own deadline, not by the end of the grace
}

TEST_F(HttpServer, TurnsAwayWhatIsTooMuch) {
  start({.max_connections = 2});
  auto first = connect();
  auto second = connect();
  EXPECT_EQ(first.ask(get("/peer")).status, 200);
  EXPECT_EQ(second.ask(get("/peer")).status, 200);
  {
    auto third = connect();
    const auto response = third.receive();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 503);
    EXPECT_TRUE(response->has("Retry-After: "));
    EXPECT_TRUE(third.is_closed());
  }
  EXPECT_EQ(second.ask(get("/peer", "Connection: close\r\n")).status, 200);
  EXPECT_TRUE(second.is_closed());
  std::size_t left = 2;
  { auto closing = std::move(second); }
  while (left > 1) on_executor([&] { left = server_->connections(); });
  auto fourth = connect();
  EXPECT_EQ(fourth.ask(get("/peer")).status, 200);
}

TEST_F(HttpServer, SurvivesBadHandlers) {
  start();
  auto client = connect();
  for (const std::string path : {"/throw", "/forget", "/split"}) {
    const auto response = client.ask(get(path));
    EXPECT_EQ(response.status, 500) << path;
    EXPECT_FALSE(response.has("X: b"));
    EXPECT_EQ(response.body.find("a bug"), std::string::npos);
  }
  EXPECT_EQ(logger_.errors, 3);
  EXPECT_EQ(client.ask(get("/twice")).body, "one");
  EXPECT_EQ(client.ask(get("/peer")).status, 200);
}

TEST_F(HttpServer, DrainsIdleAtOnceAndBusyWithTheirAnswer) {
  start();
  auto idle = connect();
  EXPECT_EQ(idle.ask(get("/peer")).status, 200);
  auto busy = connect();
  busy.send(get("/held") + get("/never"));
  wait_for_held(1);
  auto cut = drain(20s);
  EXPECT_TRUE(idle.is_closed());
  EXPECT_THROW(connect(), std::runtime_error);
  release_held();
  const auto response = busy.receive();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "/held");
  EXPECT_TRUE(response->has("Connection: close\r\n"));
  EXPECT_TRUE(busy.is_closed());
  busy.shut_sending();
  EXPECT_EQ(cut.get(), 0U);
}

TEST_F(HttpServer, CutsWhatIsLeftAfterTheGrace) {
  start();
  auto busy = connect();
  busy.send(get("/held"));
  wait_for_held(1);
  EXPECT_EQ(drain(100ms).get(), 1U);
  EXPECT_TRUE(busy.is_closed());
  release_held();  // too late, and harmless
}

TEST_F(HttpServer, DrainsAtOnceWhenNobodyIsThere) {
  start();
  EXPECT_EQ(drain(20s).get(), 0U);
}

TEST_F(HttpServer, MayGoWhileAnswersAreMissing) {
  start();
  auto gone = connect();
  gone.send(get("/held"));
  auto client = connect();
  client.send(get("/held"));
  wait_for_held(2);
  { auto closing = std::move(gone); }
  on_executor([this] { server_.reset(); });
  EXPECT_TRUE(client.is_closed());
  release_held();
}

TEST_F(HttpServer, KeepsTwoHundredConnectionsAtOnce) {
  start();
  std::vector<RawClient> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(connect());
  for (int round = 0; round < 5; ++round) {
    for (std::size_t i = 0; i < clients.size(); ++i) clients[i].send(get("/held/" + std::to_string(i)));
    wait_for_held(clients.size());
    release_held();
    for (std::size_t i = 0; i < clients.size(); ++i)
      ASSERT_EQ(clients[i].receive().value_or(RawResponse{}).body, "/held/" + std::to_string(i));
  }
  EXPECT_EQ(handled_, 1000);
}

TEST_F(HttpServer, SaysWhyItCannotListen) {
  start();
  const auto start_on = [this](const std::string& listen) {
    Server other(runtime_, {.listen = listen}, {}, logger_, clock_, random_);
    return other.start();
  };
  EXPECT_EQ(start_on(address_).error().kind, ErrorKind::unavailable);
  for (const std::string bad : {"", "8080", ":8080", "127.0.0.1:", "127.0.0.1:x", "::1:80", "127.0.0.1:99999"}) {
    const auto started = start_on(bad);
    ASSERT_FALSE(started) << bad;
    EXPECT_EQ(started.error().kind, ErrorKind::invalid) << bad;
    EXPECT_NE(started.error().detail.find("\"" + bad + "\""), std::string::npos);
  }
}

TEST(HttpRuntime, RunsTasksInOrderAndOnTime) {
  Runtime runtime;
  std::string order;
  runtime.post_after(20ms, [&] { order += "c"; });
  runtime.post_after(1ms, [&] { order += "b"; });
  runtime.post([&] { order += "a"; });
  runtime.post_after(40ms, [&] { runtime.stop(); });
  runtime.post_after(Duration::max(), [&] { order += "never"; });
  runtime.run();
  EXPECT_EQ(order, "abc");
}

TEST(HttpRuntime, TakesSignals) {
  Runtime runtime;
  int times = 0;
  runtime.on_signal({SIGUSR1, SIGUSR2}, [&] {
    if (++times == 2) runtime.stop();
  });
  runtime.post([] { std::raise(SIGUSR1); });
  runtime.post_after(10ms, [] { std::raise(SIGUSR2); });
  runtime.run();
  EXPECT_EQ(times, 2);
}

}  // namespace
}  // namespace backupctl::http
