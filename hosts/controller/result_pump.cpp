#include "controller/result_pump.hpp"

#include <utility>

#include "wire/zone_result_json.hpp"

namespace backupctl::host {
namespace {

constexpr std::int64_t page_rows = 256;
constexpr Duration look_every = std::chrono::seconds(1);

}  // namespace

struct ResultPump::Page {
  std::size_t left = 0;
  std::vector<std::int64_t> kept{};
  bool is_full = false;
};

void ResultPump::read() {
  if (stopped_) return;
  thread_.post([this] {
    auto page = results_->oldest(page_rows);
    executor_.post([this, page = std::move(page)] { on_page(page); });
  });
}

void ResultPump::on_page(const Result<std::vector<soci::LeftResult>>& results) {
  if (stopped_) return;
  if (!results) {
    logger_.write(LogLevel::error, "the result store does not answer", {{"error", results.error().detail}});
    return again(false);
  }
  if (results->empty()) return again(false);
  auto page = std::make_shared<Page>();
  page->left = results->size();
  page->is_full = static_cast<std::int64_t>(results->size()) == page_rows;
  for (const auto& left : *results) {
    auto record = wire::read_result_record(left.command_id,
                                           ZoneName::parse(left.zone).value_or(ZoneName::parse("unknown").value()),
                                           left.body, left.received);
    controller_.async_put_result(std::move(record), [this, page, arrival = left.arrival](const Result<void>& kept) {
      executor_.post([this, page, arrival, is_kept = kept.has_value()] {
        if (is_kept) page->kept.push_back(arrival);
        if (--page->left == 0) on_all_kept(page);
      });
    });
  }
}

void ResultPump::on_all_kept(const std::shared_ptr<Page>& page) {
  thread_.post([this, page] {
    const auto removed = results_->remove(page->kept);
    executor_.post([this, page, removed] {
      if (!removed) {
        logger_.write(LogLevel::error, "results cannot be removed from the result store, they come again",
                      {{"error", removed.error().detail}});
      }
      again(removed && page->is_full && !page->kept.empty());
    });
  });
}

void ResultPump::again(bool at_once) {
  if (stopped_) return;
  if (at_once) return read();
  executor_.post_after(look_every, [this] { read(); });
}

}  // namespace backupctl::host
