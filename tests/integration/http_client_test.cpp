// The client against peers that misbehave in every way we know of.
#include "http/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/asking_client.hpp"
#include "integration/raw_peer.hpp"

namespace backupctl::http {
namespace {

using namespace std::chrono_literals;
using backupctl::testing::answers;
using backupctl::testing::answers_once;
using backupctl::testing::AskingClient;
using backupctl::testing::Conversation;
using backupctl::testing::RawPeer;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr auto brief = 150ms;  // for exchanges that must run into their deadline
constexpr auto ample = 60s;    // for those that must end by themselves

std::string ok(std::string_view body, std::string_view headers = "") {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string(headers) + "\r\n" +
         std::string(body);
}

ClientOptions options_for(const std::string& url, std::chrono::milliseconds timeout) {
  ClientOptions options;
  options.base_url = url;
  options.timeout = timeout;
  options.max_response_bytes = 10'000;
  return options;
}

struct Failure {
  std::string code;
  std::string detail;
};

Failure failure_of(const Result<ClientResponse>& answer) {
  if (answer) return {"none", "status " + std::to_string(answer->status)};
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable) << answer.error().detail;
  EXPECT_TRUE(answer.error().retryable);
  return {answer.error().code, answer.error().detail};
}

// What comes of asking a peer that answers every request with these bytes.
Result<ClientResponse> answer_to(const std::string& bytes, std::string method = "GET") {
  RawPeer peer(answers_once(bytes));
  return call(options_for(peer.url(), ample), {std::move(method), "/x", {}, {}});
}

TEST(HttpClient, SendsWhatItIsGivenAndReturnsWhatComes) {
  std::string seen;
  RawPeer peer([&](Conversation& client) {
    seen = client.read_request();
    client.send("HTTP/1.1 202 Accepted\r\nContent-Length: 3\r\nX-One: a\r\nX-One: b\r\n\r\nyes");
  });
  auto options = options_for(peer.url() + "/base/", ample);
  options.bearer_token = "s3cret";
  const auto answer = call(options, {"PUT", "/thing/1?x=2", {{"Traceparent", "00-1"}}, "{}"});
  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(answer->status, 202);
  EXPECT_EQ(answer->body, "yes");
  EXPECT_EQ(answer->headers.count("x-one"), 2U);
  EXPECT_EQ(seen, "PUT /base/thing/1?x=2 HTTP/1.1\r\nHost: " + peer.name() +
                      "\r\nUser-Agent: backupctl\r\nAuthorization: Bearer s3cret\r\nTraceparent: 00-1\r\n"
                      "Content-Length: 2\r\n\r\n{}");
}

TEST(HttpClient, TakesEveryKindOfBody) {
  EXPECT_EQ(answer_to(ok("abc")).value().body, "abc");
  EXPECT_EQ(answer_to("HTTP/1.1 200 OK\r\n\r\nuntil the end").value().body, "until the end");
  EXPECT_EQ(answer_to("HTTP/1.0 200 OK\r\n\r\nold").value().body, "old");
  EXPECT_EQ(answer_to("HTTP/1.1 204 No Content\r\n\r\n").value().status, 204);
  EXPECT_EQ(answer_to("HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n", "HEAD").value().body, "");
  EXPECT_EQ(answer_to("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + ok("abc")).value().body, "abc");
  const auto chunked = answer_to(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nStatus: forged\r\n\r\n");
  EXPECT_EQ(chunked.value().body, "abcde");
  EXPECT_FALSE(chunked.value().headers.find("Status")) << "a trailer passes for a header";
}

TEST(HttpClient, PassesOnHtmlErrorsAndRedirects) {
  const auto html = answer_to(ok("<html>", "Content-Type: text/html\r\n"));
  EXPECT_EQ(html.value().headers.find("content-type"), "text/html");

  RawPeer peer(answers("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"));
  AskingClient client(options_for(peer.url(), ample));
  EXPECT_EQ(client.get("/x").value().status, 302);
  EXPECT_EQ(answer_to("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n").value().status, 503);
}

TEST(HttpClient, SaysThatItCouldNotConnect) {
  const int listener = backupctl::testing::listen_on_loopback(1);
  const std::string name = "127.0.0.1:" + std::to_string(backupctl::testing::port_of(listener));
  ::close(listener);
  const auto refused = failure_of(call(options_for("http://" + name, ample), {"GET", "/x", {}, {}}));
  EXPECT_EQ(refused.code, "connect-failed");
  EXPECT_EQ(refused.detail, "connect to " + name + ": Connection refused");

  const std::string no_host = std::string(64, 'a') + ".invalid";  // a label too long to be asked of any name server
  const auto unknown = failure_of(call(options_for("http://" + no_host, ample), {"GET", "/x", {}, {}}));
  EXPECT_EQ(unknown.code, "connect-failed");
  EXPECT_THAT(unknown.detail, StartsWith("look up " + no_host + ":80: "));
}

TEST(HttpClient, GivesUpConnectingAtItsDeadline) {
  const int listener = backupctl::testing::listen_on_loopback(0);
  std::vector<int> fillers;  // once the queue of a listener that accepts nothing is full, the kernel drops what comes
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  for (int i = 0; i < 4; ++i) {
    fillers.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    ::connect(fillers.back(), reinterpret_cast<sockaddr*>(&address), size);
  }
  const std::string name = "127.0.0.1:" + std::to_string(backupctl::testing::port_of(listener));
  const auto hung = failure_of(call(options_for("http://" + name, brief), {"GET", "/x", {}, {}}));
  EXPECT_EQ(hung.code, "connect-failed");
  EXPECT_EQ(hung.detail, "connect to " + name + ": no answer within 150 ms");
  for (int filler : fillers) ::close(filler);
  ::close(listener);
}

TEST(HttpClient, GivesUpOnSilenceAndDripsAtItsDeadline) {
  const std::vector<RawPeer::Script> slow{
      [](Conversation& client) { client.wait_for_close(); },
      [](Conversation& client) {
        client.read_request();
        client.drip(ok(std::string(500, 'x')));
      },
      [](Conversation& client) {
        client.read_request();
        client.send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
        client.drip(std::string(500, 'x'));
      },
      [](Conversation& client) {
        client.read_request();
        client.send(ok(std::string(500, 'x')).substr(0, 200));
        client.wait_for_close();
      },
      [](Conversation& client) {
        while (client.send("HTTP/1.1 100 Continue\r\n\r\n")) {
        }
      },
  };
  for (std::size_t i = 0; i < slow.size(); ++i) {
    RawPeer peer(slow[i]);
    const auto failure = failure_of(call(options_for(peer.url(), brief), {"GET", "/x?secret", {}, {}}));
    EXPECT_EQ(failure.code, "no-answer") << i;
    EXPECT_EQ(failure.detail, "read the answer of " + peer.name() + " to GET /x: no answer within 150 ms") << i;
  }
}

TEST(HttpClient, SaysThatTheAnswerWasCutOff) {
  const std::string whole = ok("abcdef");
  for (const std::string& part : {std::string(), whole.substr(0, 4), whole.substr(0, 30), whole.substr(0, 40)}) {
    const auto failure = failure_of(answer_to(part));
    EXPECT_EQ(failure.code, "no-answer") << part;
    EXPECT_THAT(failure.detail, HasSubstr("the connection was closed")) << part;
  }
  EXPECT_EQ(failure_of(answer_to("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")).code,
            "no-answer");

  RawPeer resets([](Conversation& client) {
    client.read_request();
    client.reset();
  });
  const auto failure = failure_of(call(options_for(resets.url(), ample), {"GET", "/x", {}, {}}));
  EXPECT_EQ(failure.code, "no-answer");
  EXPECT_EQ(resets.connections(), 1U) << "a new connection was tried again";
}

TEST(HttpClient, RefusesWhatIsNotAnAnswerWithoutWaitingForMore) {
  const std::string status = "HTTP/1.1 200 OK\r\n";
  const std::vector<std::string> bad{
      "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
      std::string("\x16\x03\x01\x00\x05", 5),
      "\r\n" + ok("abc"),
      "HTTP/2.0 200 OK\r\n\r\n",
      "HTTP/1.1 20 OK\r\n\r\n",
      "HTTP/1.1 2000 OK\r\n\r\n",
      "HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
      status + "Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde",
      status + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
      status + "Content-Length: 3, 3\r\n\r\nabc",
      status + "Content-Length: +3\r\n\r\nabc",
      status + "Content-Length: -3\r\n\r\nabc",
      status + "Content-Length:\r\n\r\nabc",
      status + "Content-Length: 99999999999999999999\r\n\r\nabc",
      status + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
      status + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
      status + "Transfer-Encoding: gzip\r\n\r\nabc",
      status + "Transfer-Encoding: xchunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
      status + "Transfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
      status + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
      "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
      status + "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
      status + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
      status + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
      status + "Transfer-Encoding: chunked\r\n\r\n3;" + std::string(100'000, 'x') + "\r\nabc\r\n0\r\n\r\n",
      status + "X-Folded: a\r\n b\r\nContent-Length: 3\r\n\r\nabc",
      status + "X-Bare: a\nContent-Length: 3\r\n\r\nabc",
      status + "X-Return: a\rb\r\nContent-Length: 3\r\n\r\nabc",
      status + std::string("X-Nul: a\0b\r\nContent-Length: 3\r\n\r\nabc", 37),
      status + "X Space: a\r\nContent-Length: 3\r\n\r\nabc",
      status + "no colon\r\nContent-Length: 3\r\n\r\nabc",
      status + "X-Long: " + std::string(100'000, 'x'),
  };
  for (const std::string& bytes : bad) {
    RawPeer peer([&](Conversation& client) {
      client.read_request();
      client.send(bytes);
      client.wait_for_close();
    });
    const auto failure = failure_of(call(options_for(peer.url(), ample), {"GET", "/x", {}, {}}));
    EXPECT_EQ(failure.code, "bad-answer") << bytes.substr(0, 100) << "\n" << failure.detail;
    EXPECT_THAT(failure.detail, StartsWith("read the answer of " + peer.name() + " to GET /x: "));
    EXPECT_EQ(peer.connections(), 1U) << "it was asked again";
  }
}

TEST(HttpClient, RefusesMoreThanItIsToTake) {
  const std::string body(10'001, 'x');
  EXPECT_EQ(answer_to(ok(body.substr(1))).value().body.size(), 10'000U);
  EXPECT_EQ(failure_of(answer_to(ok(body))).code, "bad-answer");
  EXPECT_EQ(failure_of(answer_to("HTTP/1.1 200 OK\r\n\r\n" + body)).code, "bad-answer");
  EXPECT_EQ(failure_of(answer_to("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2711\r\n" + body + "\r\n")).code,
            "bad-answer");
}

TEST(HttpClient, KeepsAConnectionForTheNextRequest) {
  RawPeer peer(answers(ok("abc")));
  AskingClient client(options_for(peer.url(), ample));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.get("/x").value().body, "abc");
  EXPECT_EQ(peer.connections(), 1U);
}

TEST(HttpClient, KeepsNoConnectionThatHasMoreToSayOrWillClose) {
  for (const std::string& bytes :
       {ok("abc", "Connection: close\r\n"), std::string("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc"),
        ok("abc") + ok("forged")}) {
    RawPeer peer(answers(bytes));
    AskingClient client(options_for(peer.url(), ample));
    EXPECT_EQ(client.get("/x").value().body, "abc") << bytes;
    EXPECT_EQ(client.get("/x").value().body, "abc") << bytes;
    EXPECT_EQ(peer.connections(), 2U) << bytes;
  }
}

TEST(HttpClient, AsksAgainWhenAKeptConnectionTurnsOutClosed) {
  const RawPeer::Script closes_on_second_request = [](Conversation& client) {
    client.read_request();
    client.send(ok("first"));
    client.read_request();
  };
  {
    RawPeer peer({closes_on_second_request, answers(ok("second"))});
    AskingClient client(options_for(peer.url(), ample));
    EXPECT_EQ(client.get("/x").value().body, "first");
    EXPECT_EQ(client.get("/x").value().body, "second");
    EXPECT_EQ(client.get("/x").value().body, "second");
    EXPECT_EQ(peer.connections(), 2U);
  }
  {
    RawPeer peer({answers_once(ok("first")), answers(ok("second"))});
    AskingClient client(options_for(peer.url(), ample));
    EXPECT_EQ(client.get("/x").value().body, "first");
    EXPECT_EQ(client.get("/x").value().body, "second");
  }
  {
    RawPeer peer({closes_on_second_request, [](Conversation& client) { client.read_request(); }});
    AskingClient client(options_for(peer.url(), ample));
    EXPECT_EQ(client.get("/x").value().body, "first");
    EXPECT_EQ(failure_of(client.get("/x")).code, "no-answer");
    EXPECT_EQ(peer.connections(), 2U) << "once means once";
  }
  {
    RawPeer peer([](Conversation& client) {
      client.read_request();
      client.send(ok("first"));
      client.read_request();
      client.send("HTTP/1.1 2");
    });
    AskingClient client(options_for(peer.url(), ample));
    EXPECT_EQ(client.get("/x").value().body, "first");
    EXPECT_EQ(failure_of(client.get("/x")).code, "no-answer");
    EXPECT_EQ(peer.connections(), 1U) << "it had begun to answer";
  }
}

TEST(HttpClient, ALateAnswerIsNobodysAnswer) {
  RawPeer peer({[](Conversation& client) {
                  client.read_request();
                  client.wait_for_close();
                  client.send(ok("late"));
                },
                answers(ok("in time"))});
  AskingClient client(options_for(peer.url(), 300ms));
  EXPECT_EQ(failure_of(client.get("/x")).code, "no-answer");
  EXPECT_EQ(client.get("/x").value().body, "in time");
}

TEST(HttpClient, RequestsBeyondTheConnectionsWaitTheirTurn) {
  RawPeer peer(answers(ok("abc")));
  auto options = options_for(peer.url(), ample);
  options.max_connections = 2;
  AskingClient client(options);
  std::vector<std::future<AskingClient::Answer>> pending;
  for (int i = 0; i < 20; ++i) pending.push_back(client.start({"GET", "/x", {}, {}}));
  for (auto& answer : pending) EXPECT_EQ(answer.get().value().body, "abc");
  EXPECT_LE(peer.connections(), 2U);
}

TEST(HttpClient, WaitingForAConnectionCountsAgainstTheDeadline) {
  RawPeer silent([](Conversation& client) { client.wait_for_close(); });
  auto options = options_for(silent.url(), brief);
  options.max_connections = 1;
  AskingClient client(options);
  std::vector<std::future<AskingClient::Answer>> pending;
  for (int i = 0; i < 20; ++i) pending.push_back(client.start({"GET", "/x", {}, {}}));
  EXPECT_EQ(failure_of(pending.front().get()).code, "no-answer");
  for (std::size_t i = 1; i < pending.size(); ++i) {
    EXPECT_THAT(failure_of(pending[i].get()).code, AnyOf("connect-failed", "no-answer"));
  }
}

TEST(HttpClient, DestroyedItCallsNoHandlerAndKeepsNothing) {
  RawPeer peer([](Conversation& client) { client.wait_for_close(); });
  AskingClient client(options_for(peer.url(), brief));
  int calls = 0;
  auto held = std::make_shared<int>();
  client.run([&] {
    client.client()->send({"GET", "/x", {}, {}}, [&calls, held](const auto&) { ++calls; });
    client.client()->send({"GET", "no slash", {}, {}}, [&calls](const auto&) { ++calls; });
    client.client().reset();
  });
  EXPECT_EQ(held.use_count(), 1);
  client.run([] {});
  EXPECT_EQ(calls, 0);
}

TEST(HttpClient, CutsItsConnectionsWhenDestroyed) {
  std::promise<void> asked;
  std::promise<void> cut;
  RawPeer peer([&](Conversation& client) {
    client.read_request();
    asked.set_value();
    client.wait_for_close();
    cut.set_value();
  });
  AskingClient client(options_for(peer.url(), ample));
  const auto answer = client.start({"GET", "/x", {}, {}});
  asked.get_future().wait();
  client.run([&] { client.client().reset(); });
  cut.get_future().wait();
}

TEST(HttpClient, MayBeDestroyedByItsHandler) {
  RawPeer peer(answers(ok("abc")));
  AskingClient client(options_for(peer.url(), ample));
  std::promise<std::string> body;
  client.run([&] {
    client.client()->send({"GET", "/x", {}, {}}, [&](Result<ClientResponse> answer) {
      client.client().reset();
      body.set_value(answer.value().body);
    });
  });
  EXPECT_EQ(body.get_future().get(), "abc");
}

TEST(HttpClient, SendsNothingThatBreaksTheFraming) {
  RawPeer peer(answers(ok("abc")));
  AskingClient client(options_for(peer.url(), ample));
  const std::vector<ClientRequest> bad{
      {"GET /a", "/x", {}, {}},
      {"", "/x", {}, {}},
      {"GET", "", {}, {}},
      {"GET", "http://elsewhere/x", {}, {}},
      {"GET", "/x y", {}, {}},
      {"GET", "/x\r\nX-Forged: 1", {}, {}},
      {"GET", "/caf\xc3\xa9", {}, {}},
      {"GET", "/x", {{"X-A", "a\r\nX-Forged: 1"}}, {}},
      {"GET", "/x", {{"X-A\r\nX-Forged", "1"}}, {}},
      {"GET", "/x", {{"X-A", std::string("a\0b", 3)}}, {}},
      {"GET", "/x", {{"content-length", "5"}}, {}},
      {"GET", "/x", {{"Host", "elsewhere"}}, {}},
      {"GET", "/x", {{"Authorization", "Bearer x"}}, {}},
  };
  for (const auto& request : bad) {
    const auto answer = client.ask(request);
    ASSERT_FALSE(answer) << request.method << " " << request.target;
    EXPECT_EQ(answer.error().kind, ErrorKind::invalid);
    EXPECT_FALSE(answer.error().retryable);
  }
  EXPECT_EQ(peer.connections(), 0U);
}

TEST(HttpClient, SaysWhatIsWrongWithItsOptions) {
  const auto problem = [](const ClientOptions& options) {
    Runtime runtime;
    auto client = Client::create(runtime, options);
    if (client) return std::string("none");
    EXPECT_EQ(client.error().kind, ErrorKind::invalid);
    return client.error().detail;
  };
  const auto url_problem = [&](const std::string& url) { return problem(options_for(url, ample)); };
  for (const char* good :
       {"http://localhost", "http://zone-1.example.org:8082/", "http://[::1]:8082/a/b", "http://10.0.0.1:1"}) {
    EXPECT_EQ(url_problem(good), "none") << good;
  }
  EXPECT_THAT(url_problem("https://localhost:8081"), HasSubstr("https is not supported"));
  EXPECT_THAT(url_problem("http://localhost:0"), HasSubstr("port"));
  EXPECT_THAT(url_problem("http://localhost:65536"), HasSubstr("port"));
  EXPECT_THAT(url_problem("http://localhost:"), HasSubstr("port"));
  EXPECT_THAT(url_problem("http://localhost:80a"), HasSubstr("port"));
  EXPECT_THAT(url_problem("http://user:secret@localhost"), Not(HasSubstr("secret")));
  for (const char* bad : {"", "localhost:8081", "ftp://localhost", "http://", "http://:80", "http:///x",
                          "http://::1:80", "http://[::1", "http://[x]:80", "http://[]:80", "http://localhost?x",
                          "http://localhost/#x", "http://local host", "http://localhost\r\n"}) {
    EXPECT_NE(url_problem(bad), "none") << bad;
  }
  auto options = options_for("http://localhost", 0ms);
  EXPECT_THAT(problem(options), HasSubstr("time-out"));
  options = options_for("http://localhost", ample);
  options.max_connections = 0;
  EXPECT_NE(problem(options), "none");
  options = options_for("http://localhost", ample);
  options.bearer_token = "secret\r\nX-Forged: 1";
  EXPECT_THAT(problem(options), AllOf(HasSubstr("token"), Not(HasSubstr("secret"))));
}

}  // namespace
}  // namespace backupctl::http
