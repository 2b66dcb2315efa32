#include "cli/list.hpp"

#include <algorithm>
#include <ostream>

#include "cli/table.hpp"
#include "wire/json_writer.hpp"

namespace backupctl::cli {
namespace {

constexpr std::int64_t most_of_a_page = 1000;

struct List {
  std::vector<Json> items;
  std::string elements;  // the same as texts, joined by commas, as they came
  std::string next_cursor;
};

Result<void> add_page(const Session& session, const ListOrder& order, List& list) {
  auto parameters = order.filters;
  if (order.limit > 0) {
    const auto missing = order.limit - static_cast<std::int64_t>(list.items.size());
    parameters.emplace_back("limit", std::to_string(std::min(missing, most_of_a_page)));
  }
  parameters.emplace_back("cursor", list.next_cursor);
  const auto page = ask(session, order.service, get(order.path + query_text(parameters)));
  if (!page) return page.error();
  auto elements = wire::raw_member(page->text, "items");
  if (elements.size() < 2 || elements.front() != '[') {
    return Error{ErrorKind::unavailable, "the answer has no items", true, "bad-answer", {}};
  }
  auto items = objects_of(page->json, "items");
  elements = elements.substr(1, elements.size() - 2);
  if (!items.empty()) list.elements += (list.elements.empty() ? "" : ",") + std::string(elements);
  std::ranges::move(items, std::back_inserter(list.items));
  list.next_cursor = items.empty() ? "" : text_of(page->json, "nextCursor");
  return {};
}

}  // namespace

int print_list(const Session& session, const ListOrder& order) {
  List list;
  do {
    if (auto page = add_page(session, order, list); !page) return fail(session, order.service, page.error());
  } while (!list.next_cursor.empty() && static_cast<std::int64_t>(list.items.size()) < order.limit);
  if (session.json) {
    session.out << R"({"items":[)" << list.elements << ']';
    if (!list.next_cursor.empty()) {
      session.out << R"(,"nextCursor":)" << wire::json_text([&](auto& out) { out.value(list.next_cursor); });
    }
    session.out << "}\n";
    return exit_ok;
  }
  if (list.items.empty()) {
    session.err << order.nothing << '\n';
    return exit_ok;
  }
  table_of(list.items, order.columns).print(session.out);
  if (!list.next_cursor.empty()) {
    session.err << "there are more than these " << list.items.size() << ": --limit N shows up to N\n";
  }
  return exit_ok;
}

}  // namespace backupctl::cli
