// Single questions about requests, asked of the store in groups, over all files.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "filedrop/mailbox.hpp"
#include "filedrop/requests.hpp"

namespace backupctl::filedrop {

// Thread rule: on the thread that works on the files; answers come there too.
class Reads {
 public:
  using Answer = std::function<void(const Result<std::optional<BackupRequest>>&)>;
  using HistoryAnswer = std::function<void(const Result<History>&)>;

  Reads(Requests& requests, std::shared_ptr<Mailbox> mailbox) : requests_(requests), mailbox_(std::move(mailbox)) {}

  bool has_room() const { return under_way_ < most_under_way; }
  void ask(RequestId id, Answer answer);
  void ask_history(RequestId id, HistoryAnswer answer);
  void flush();  // asks what has not been asked yet

 private:
  static constexpr std::size_t group = 500;
  static constexpr int most_under_way = 4;
  using Questions = std::vector<std::pair<RequestId, Answer>>;
  using HistoryQuestions = std::vector<std::pair<RequestId, HistoryAnswer>>;

  void flush_requests();
  void flush_histories();

  Requests& requests_;
  std::shared_ptr<Mailbox> mailbox_;
  Questions waiting_;
  HistoryQuestions waiting_for_history_;
  int under_way_ = 0;
};

}  // namespace backupctl::filedrop
