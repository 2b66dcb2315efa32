#include "zone/drivers/files/item_errors.hpp"

#include <algorithm>

#include "backupctl/names.hpp"

namespace backupctl::zone::files {

std::string printable(std::string_view path) {
  const bool as_it_is = is_valid_utf8(path);
  std::string text;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F || (!as_it_is && byte >= 0x80)) {
      text += "\\x";
      text += "0123456789abcdef"[byte >> 4];
      text += "0123456789abcdef"[byte & 15];
    } else {
      text += c;
    }
  }
  return text;
}

void ItemErrors::add(const std::string& path, std::string detail) {
  ++count_;
  auto shown = path.empty() ? std::string(".") : printable(path);
  if (count_ <= most_logged) {
    logger_.write(LogLevel::warning, "item not backed up as it is",
                  {{"requestId", id_}, {"path", shown}, {"detail", detail}});
  }
  if (kept_.size() == most_kept || kept_bytes_ + shown.size() + detail.size() > most_kept_bytes) return;
  kept_bytes_ += shown.size() + detail.size();
  kept_.push_back({std::move(shown), std::move(detail)});
}

std::string ItemErrors::summary() const {
  if (count_ == 0) return {};
  auto text = std::to_string(count_) + (count_ == 1 ? " item is" : " items are") + " not in the backup as on the disk";
  if (static_cast<std::size_t>(count_) > kept_.size())
    text += "; the first " + std::to_string(kept_.size()) + " are listed";
  return text;
}

}  // namespace backupctl::zone::files
