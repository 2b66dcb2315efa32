#include "filedrop/request_line.hpp"

#include <boost/uuid/name_generator_sha1.hpp>

#include "wire/backup_request_json.hpp"

namespace backupctl::filedrop {
namespace {

std::string_view trim(std::string_view text) {
  constexpr std::string_view white_space = " \t\r\n";
  const auto begin = text.find_first_not_of(white_space);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(white_space) - begin + 1);
}

}  // namespace

IdempotencyKey key_of_line(const FileName& file, std::int64_t line, std::string_view text) {
  static const boost::uuids::uuid ours = parse_uuid("5d0c6a5e-6f0b-4b0e-9c39-9f0f7b3f2d61").value();
  // A file name holds no NUL, so no two lines make the same text.
  std::string named = file.file();
  named += '\0';
  named += std::to_string(line);
  named += '\0';
  named += trim(text);
  const auto uuid = boost::uuids::name_generator_sha1(ours)(named.data(), named.size());
  return IdempotencyKey::parse("filedrop:" + to_string(uuid)).value();
}

Result<Submission> read_request(std::string_view text, std::int64_t line, const FileName& file,
                                const Speaker& speaker) {
  auto request = wire::read_dropped_request(text);
  if (!request) return std::move(request).error();
  Submission submission{.job_id = request->body.job_id,
                        .source = std::move(request->body.source),
                        .data_as_of = request->body.data_as_of,
                        .requester = speaker.owner,
                        .key = std::move(request->key),
                        .transport = TransportKind::file_drop,
                        .respond_async = true,
                        .checked_first_if_quick = true};
  if (speaker.is_trusted && request->requester) submission.requester = *std::move(request->requester);
  if (!submission.key) submission.key = key_of_line(file, line, text);
  return submission;
}

}  // namespace backupctl::filedrop
