#include "filedrop/reads.hpp"

#include <unordered_map>

namespace backupctl::filedrop {

void Reads::ask(RequestId id, Answer answer) {
  waiting_.emplace_back(id, std::move(answer));
  if (waiting_.size() >= group) flush_requests();
}

void Reads::ask_history(RequestId id, HistoryAnswer answer) {
  waiting_for_history_.emplace_back(id, std::move(answer));
  if (waiting_for_history_.size() >= group) flush_histories();
}

void Reads::flush() {
  flush_requests();
  flush_histories();
}

void Reads::flush_histories() {
  if (waiting_for_history_.empty()) return;
  auto questions = std::make_shared<HistoryQuestions>(std::exchange(waiting_for_history_, {}));
  std::vector<RequestId> ids;
  ids.reserve(questions->size());
  for (const auto& [id, answer] : *questions) ids.push_back(id);
  ++under_way_;
  requests_.histories(std::move(ids), [this, questions, mailbox = mailbox_](Result<std::vector<History>> found) {
    mailbox->post([this, questions, found = std::move(found)] {
      --under_way_;
      for (std::size_t i = 0; i < questions->size(); ++i) {
        (*questions)[i].second(found ? Result<History>((*found)[i]) : Result<History>(found.error()));
      }
    });
  });
}

void Reads::flush_requests() {
  if (waiting_.empty()) return;
  auto questions = std::make_shared<Questions>(std::exchange(waiting_, {}));
  std::vector<RequestId> ids;
  ids.reserve(questions->size());
  for (const auto& [id, answer] : *questions) ids.push_back(id);
  ++under_way_;
  requests_.find(std::move(ids), [this, questions, mailbox = mailbox_](Result<std::vector<BackupRequest>> found) {
    mailbox->post([this, questions, found = std::move(found)] {
      --under_way_;
      if (!found) {
        for (const auto& [id, answer] : *questions) answer(found.error());
        return;
      }
      std::unordered_map<RequestId, const BackupRequest*> rows;
      for (const auto& row : *found) rows.emplace(row.order.id, &row);
      for (const auto& [id, answer] : *questions) {
        const auto row = rows.find(id);
        answer(row == rows.end() ? std::optional<BackupRequest>{} : std::optional(*row->second));
      }
    });
  });
}

}  // namespace backupctl::filedrop
