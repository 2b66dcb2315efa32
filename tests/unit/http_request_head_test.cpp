#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http/request_head.hpp"
#include "http/request_target.hpp"

namespace backupctl::http {
namespace {

struct Row {
  std::string name;
  std::string head;
  int status;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class Refused : public testing::TestWithParam<Row> {};

std::string get(const std::string& target, const std::string& headers = "Host: a\r\n") {
  return "GET " + target + " HTTP/1.1\r\n" + headers + "\r\n";
}

int status_of_head(const std::string& head) {
  const auto scan = scan_head(head, 0);
  if (scan.refusal) return scan.refusal->status;
  EXPECT_EQ(scan.length, head.size());
  const auto parsed = parse_head(head);
  const auto* refusal = std::get_if<Refusal>(&parsed);
  return refusal != nullptr ? refusal->status : 0;
}

TEST_P(Refused, WithItsStatus) { EXPECT_EQ(status_of_head(GetParam().head), GetParam().status) << GetParam().head; }

std::string many_headers(std::size_t count) {
  std::string text = "Host: a\r\n";
  for (std::size_t i = 1; i < count; ++i) text += "X-" + std::to_string(i) + ": 1\r\n";
  return text;
}

const std::vector<Row> rows = {
    {"Plain", get("/"), 0},
    {"AllHeadersAllowed", get("/", many_headers(max_header_count)), 0},
    {"Http10WithoutHost", "GET / HTTP/1.0\r\n\r\n", 0},
    {"EveryPathCharacter", get("/a-._~!$&'()*+,;=:@%20/?q=a/b?c"), 0},
    {"AbsoluteForm", get("http://a:80/x"), 0},
    {"ChunkedInCapitals", get("/", "Host: a\r\nTransfer-Encoding: Chunked\r\n"), 0},
    {"Utf8Value", get("/", "Host: a\r\nX: \xc3\xa4\r\n"), 0},
    {"TabInValue", get("/", "Host: a\r\nX: a\tb\r\n"), 0},

    {"NoHost", get("/", ""), 400},
    {"TwoHosts", get("/", "Host: a\r\nHost: a\r\n"), 400},
    {"HostWithPath", get("/", "Host: a/b\r\n"), 400},
    {"HostWithUser", get("/", "Host: u@a\r\n"), 400},
    {"EmptyHost", get("/", "Host:\r\n"), 400},
    {"BadPort", get("/", "Host: a:8x\r\n"), 400},
    {"LengthAndCoding", get("/", "Host: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 400},
    {"LengthAndGzip", get("/", "Host: a\r\nContent-Length: 3\r\nTransfer-Encoding: gzip\r\n"), 400},
    {"TwoLengths", get("/", "Host: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n"), 400},
    {"LengthList", get("/", "Host: a\r\nContent-Length: 3, 3\r\n"), 400},
    {"LengthWithSign", get("/", "Host: a\r\nContent-Length: +3\r\n"), 400},
    {"NegativeLength", get("/", "Host: a\r\nContent-Length: -3\r\n"), 400},
    {"HexLength", get("/", "Host: a\r\nContent-Length: 0x3\r\n"), 400},
    {"EmptyLength", get("/", "Host: a\r\nContent-Length:\r\n"), 400},
    {"LengthBeyond64Bits", get("/", "Host: a\r\nContent-Length: 18446744073709551616\r\n"), 400},
    {"Gzip", get("/", "Host: a\r\nTransfer-Encoding: gzip\r\n"), 501},
    {"Xchunked", get("/", "Host: a\r\nTransfer-Encoding: xchunked\r\n"), 501},
    {"GzipChunked", get("/", "Host: a\r\nTransfer-Encoding: gzip, chunked\r\n"), 501},
    {"ChunkedChunked", get("/", "Host: a\r\nTransfer-Encoding: chunked, chunked\r\n"), 501},
    {"TwoCodings", get("/", "Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
    {"CodingInHttp10", "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"SpaceBeforeColon", get("/", "Host: a\r\nContent-Length : 3\r\n"), 400},
    {"Folded", get("/", "Host: a\r\nX: a\r\n b\r\n"), 400},
    {"FoldedAtOnce", get("/", " Host: a\r\n"), 400},
    {"NoColon", get("/", "Host: a\r\nnonsense\r\n"), 400},
    {"EmptyName", get("/", "Host: a\r\n: x\r\n"), 400},
    {"NameWithControl", get("/", "Host: a\r\nX\x01: x\r\n"), 400},
    {"ValueWithControl", get("/", "Host: a\r\nX: a\x01\r\n"), 400},
    {"ValueWithDelete", get("/", "Host: a\r\nX: a\x7f\r\n"), 400},
    {"ValueWithNul", get("/", std::string("Host: a\r\nX: a\0b\r\n", 16)), 400},
    {"ValueNotUtf8", get("/", "Host: a\r\nX: \xff\r\n"), 400},
    {"LineFeedAlone", "GET / HTTP/1.1\nHost: a\n\n", 400},
    {"LineFeedInHeaders", get("/", "Host: a\r\nX: a\nY: b\r\n"), 400},
    {"CarriageReturnAlone", get("/", "Host: a\r\nX: a\rb\r\n"), 400},
    {"TooManyHeaders", get("/", many_headers(max_header_count + 1)), 431},
    {"LongName", get("/", "Host: a\r\n" + std::string(max_header_name_bytes + 1, 'x') + ": 1\r\n"), 431},
    {"LongValue", get("/", "Host: a\r\nX: " + std::string(max_header_value_bytes + 1, 'x') + "\r\n"), 431},
    {"TwoAuthorizations", get("/", "Host: a\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n"), 400},
    {"TwoKeys", get("/", "Host: a\r\nIdempotency-Key: a\r\nidempotency-key: b\r\n"), 400},

    {"UnknownMethod", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
    {"Connect", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 501},
    {"LowerCaseMethod", "get / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
    {"MethodNoToken", "G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"Http2", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
    {"Http09", "GET /\r\n\r\n", 400},
    {"NotHttp", "GET / FTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"TwoSpaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"EmptyHead", "\r\n\r\n", 400},
    {"Tls", std::string("\x16\x03\x01\x02", 4), 400},

    {"LongTarget", get("/" + std::string(max_target_bytes, 'x')), 414},
    {"LongLineWithoutEnd", "GET /" + std::string(max_target_bytes + 64, 'x'), 414},
    {"Asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"RelativeTarget", get("x"), 400},
    {"OtherScheme", get("ftp://a/x"), 400},
    {"AbsoluteWithUser", get("http://u:p@a/x"), 400},
    {"Fragment", get("/x#y"), 400},
    {"Backslash", get("/x\\y"), 400},
    {"Quote", get("/x\"y"), 400},
    {"NotAscii", get("/\xc3\xa4"), 400},
    {"HalfEscape", get("/%4"), 400},
    {"NoHexEscape", get("/%zz"), 400},
    {"EncodedNul", get("/a%00b"), 400},
    {"EncodedNewline", get("/?q=a%0Ab"), 400},
    {"EncodedNotUtf8", get("/%ff"), 400},
    {"EncodedOverlong", get("/%c0%af"), 400},

    {"OtherExpectation", get("/", "Host: a\r\nExpect: 200-ok\r\n"), 417},
};

INSTANTIATE_TEST_SUITE_P(Http, Refused, testing::ValuesIn(rows), [](const auto& row) { return row.param.name; });

RequestHead read(const std::string& head) {
  auto parsed = parse_head(head);
  EXPECT_TRUE(std::holds_alternative<RequestHead>(parsed)) << head;
  return std::get<RequestHead>(std::move(parsed));
}

TEST(HttpRequestHead, DecodesAfterTheSplit) {
  const auto head = read(get("/a%2Fb/..%2F/c%20d/?x=1%262&y&x=a+b"));
  EXPECT_EQ(head.request.segments, (std::vector<std::string>{"a/b", "../", "c d", ""}));
  ASSERT_EQ(head.request.query.size(), 3U);
  EXPECT_EQ(head.request.query[0].value, "1&2");
  EXPECT_EQ(head.request.query[1].value, "");
  EXPECT_EQ(head.request.query[2].value, "a+b");
  EXPECT_EQ(head.request.path, "/a%2Fb/..%2F/c%20d/");
}

TEST(HttpRequestHead, TakesTheHostOfAnAbsoluteTarget) {
  const auto head = read(get("http://evil.example/x", "Host: localhost\r\n"));
  EXPECT_EQ(head.request.headers.find("host"), "evil.example");
  EXPECT_EQ(head.request.headers.count("Host"), 1U);
  EXPECT_EQ(head.request.segments, std::vector<std::string>{"x"});
}

TEST(HttpRequestHead, KnowsTheFraming) {
  auto head = read("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 007\r\nExpect: 100-Continue\r\n\r\n");
  EXPECT_EQ(head.content_length, 7U);
  EXPECT_TRUE(head.has_body() && head.expect_continue && head.keep_alive && !head.chunked);
  head = read(get("/", "Host: a\r\nTransfer-Encoding: chunked\r\nConnection: foo, Close\r\n"));
  EXPECT_TRUE(head.chunked && head.has_body() && !head.keep_alive);
  head = read("HEAD / HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(head.head_only && !head.keep_alive && !head.has_body());
  EXPECT_EQ(head.request.method, "GET");
}

TEST(HttpRequestHead, TrimsValues) {
  EXPECT_EQ(read(get("/", "Host:\ta \r\nX:  b c \t\r\n")).request.headers.find("x"), "b c");
}

TEST(HttpRequestHead, IsFoundWhereverTheBytesAreCut) {
  const std::string bytes = get("/x") + "rest";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    const auto first = scan_head(std::string_view(bytes).substr(0, cut), 0);
    ASSERT_FALSE(first.refusal);
    if (first.length > 0) continue;
    EXPECT_EQ(scan_head(bytes, cut).length, bytes.size() - 4) << cut;
  }
}

}  // namespace
}  // namespace backupctl::http
