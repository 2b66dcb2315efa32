#include "app/audit_chain.hpp"

#include <variant>

namespace backupctl::app {

InstanceId audit_chain(InstanceId self, std::size_t place) {
  auto uuid = self.uuid();
  for (; place > 0; --place) {
    for (auto byte = uuid.end(); byte != uuid.begin() && ++*--byte == 0;) {
    }
  }
  return InstanceId{uuid};
}

void write_to_chain(Command& command, InstanceId chain) {
  std::visit(
      [&](auto& one) {
        if constexpr (requires { one.audit; }) {
          for (auto& entry : one.audit) entry.writer = chain;
        }
        if constexpr (requires { one.entry; }) one.entry.writer = chain;
        if constexpr (requires { one.writer; }) one.writer = chain;
      },
      command);
}

}  // namespace backupctl::app
