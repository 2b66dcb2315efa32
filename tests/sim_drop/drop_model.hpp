// What must have come of the dropped files when all is over, told from what was written, what lies in the folders, and
// the rows of the store. It shares no code with the file drop.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim_drop/drop_writers.hpp"

namespace backupctl::sim {

class DropModel {
 public:
  DropModel(DropShop& drop_shop, const DropWriters& writers)
      : all_(drop_shop), shop_(drop_shop.shop), writers_(writers) {}

  // A name in inbox/ or work/ that must not stay there; nothing when there is none.
  std::string what_is_open() const;
  // Each line of each file made one request, and no other request was made; each file lies in done/ or rejected/, with
  // its receipt, its status lines and its end.
  void ended();

 private:
  struct PutAway {
    std::string id;
    std::string name;
    std::string content;
    bool is_done = false;
  };
  struct Told {
    std::int64_t problems = 0;
    std::map<std::string, std::int64_t> states;  // of the requests, the last one told
  };

  std::vector<std::string> names_in(const std::string& folder) const;
  std::vector<PutAway> put_away();
  void check_file(const WrittenFile& file, const PutAway& away);
  void check_line(const WrittenFile& file, const WrittenLine& line, const std::string& receipt_line, Told& told,
                  const std::map<std::int64_t, std::vector<std::string>>& status);
  bool is_key_used_otherwise(const WrittenLine& line) const;
  void violation(const std::string& file, const std::string& what);

  DropShop& all_;
  Shop& shop_;
  const DropWriters& writers_;
  std::map<std::string, std::string> outbox_of_;  // how a file's names in outbox/ begin, by its id
  std::map<std::string, RequestId> request_of_;   // by what makes a line the same request
  std::set<RequestId> made_;
};

}  // namespace backupctl::sim
