// What a list asks for, as the conditions of a SELECT and the index that it is read by, the same in every engine.
// Thread rule: that of the statement.
#pragma once

#include <algorithm>
#include <functional>
#include <iterator>
#include <vector>

#include "backupctl/repository.hpp"
#include "soci/rows/select_text.hpp"

namespace backupctl::soci {

// Of a SELECT from backup_request, and of one from backup.
void list(SelectText& select, const RequestQuery& query);
void list(SelectText& select, const BackupQuery& query);

// Of a SELECT from job_version AS owned: the jobs that are `owner`'s in the newest version that is known.
void list_owned_jobs(SelectText& select, const OwnerName& owner);
// Who has more is taken to find a page of his own soon enough among all.
constexpr std::size_t most_owned_jobs = 200;

// A page of what is in the scope of `query`, which names an owner: what the requester's own page and those of each of
// `jobs`, the owner's, have in front. read(query) answers a page, id_of(row) the row's id.
template <class Query, class Read, class IdOf>
auto merged_page(const Query& query, const std::vector<JobId>& jobs, const Read& read, const IdOf& id_of) {
  auto part = query;
  part.scope = {};
  decltype(read(part)) page;
  const auto add = [&] {
    auto more = read(part);
    page.insert(page.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    std::ranges::sort(page, std::ranges::greater{}, id_of);
    const auto same = [&](const auto& one, const auto& other) { return id_of(one) == id_of(other); };
    page.erase(std::unique(page.begin(), page.end(), same), page.end());
    if (static_cast<std::int64_t>(page.size()) < query.limit) return;
    page.erase(page.begin() + static_cast<std::ptrdiff_t>(query.limit), page.end());
    part.above = id_of(page.back());  // what the rest can still add
  };
  if (query.scope.requester) {
    part.scope.requester = query.scope.requester;
    add();
    part.scope = {};
  }
  for (const auto& job : jobs) {
    if (query.job_id && *query.job_id != job) continue;
    part.job_id = job;
    add();
  }
  return page;
}

// A page of `query`, whatever its scope: each job's rows have an index in the order of the page, those of several
// together have none. jobs_of(owner) answers his jobs.
template <class Query, class JobsOf, class Read, class IdOf>
auto page_in_scope(const Query& query, const JobsOf& jobs_of, const Read& read, const IdOf& id_of) {
  if (!query.scope.job_owner) return read(query);
  const auto jobs = jobs_of(*query.scope.job_owner);
  return jobs.size() > most_owned_jobs ? read(query) : merged_page(query, jobs, read, id_of);
}

}  // namespace backupctl::soci
