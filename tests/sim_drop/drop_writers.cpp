#include "sim_drop/drop_writers.hpp"

#include <sys/stat.h>

#include <fstream>
#include <memory>
#include <utility>

#include "sim/sim_jobs.hpp"

namespace backupctl::sim {
namespace {

void append(const fs::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary | std::ios::app) << text;
}

}  // namespace

void DropWriters::plan(Duration until) {
  auto& random = shop_.random;
  const auto some_time = [&] { return random.up_to(until); };
  for (auto count = 2 + random.below(5); count > 0; --count) {
    auto file = some_file();
    const auto way = static_cast<Way>(random.below(3));
    const auto name = file.name;
    when_possible(some_time(), name, [this, file = std::move(file), way] { drop(file, way); });
  }
  for (auto count = random.below(5); count > 0; --count) {
    const auto name = std::string(random.chance(50) ? "night" : "day") + ".cancel";
    when_possible(some_time(), name, [this, name] { drop_cancel(name); });
  }
  if (!shop_.chance(30)) return;
  const auto kind = static_cast<int>(random.below(4));
  const auto name = "odd-" + std::to_string(kind) + ".jsonl";
  when_possible(some_time(), name, [this, name, kind] { drop_odd(name, kind); });
}

bool DropWriters::may_write(const std::string& name) const {
  std::error_code ignored;
  const auto there = [&](const std::string& file) {
    return fs::symlink_status(all_.folder.in("inbox") / file, ignored).type() != fs::file_type::not_found;
  };
  return !all_.folder.is_away() && fs::exists(all_.folder.in("inbox"), ignored) && !there(name) &&
         !there(name + ".tmp");
}

// Nobody writes over a file that has not been taken, or into a folder that is away.
template <class Write>
void DropWriters::when_possible(Duration at, const std::string& name, Write write) {
  ++coming_;
  shop_.time.at(at, [this, name, write = std::move(write)] {
    --coming_;
    if (may_write(name)) return write();
    when_possible(shop_.time.now() + std::chrono::seconds(1), name, write);
  });
}

WrittenLine DropWriters::some_request(std::int64_t number) {
  auto& random = shop_.random;
  WrittenLine line{.number = number, .is_request = true};
  line.job = SimJobs::job(static_cast<std::uint8_t>(random.below(random.chance(10) ? 4 : 2)));
  line.source = random.chance(5) ? "/elsewhere/x" : "/data/" + std::to_string(random.below(3));
  line.as_of = random.chance(50) ? "2024-10-04" : "2024-10-05";
  line.text = R"({"apiVersion":"2026-11-01","backupJobId":")" + line.job->to_string() + R"(","backupSourcePath":")" +
              line.source + R"(","dataAsOfDate":")" + line.as_of + R"(","requesterId":"client")";
  if (random.chance(20)) {
    line.key = "own-" + std::to_string(random.below(3));
    line.text += R"(,"idempotencyKey":")" + line.key + '"';
  }
  line.text += '}';
  return line;
}

WrittenFile DropWriters::some_file() {
  auto& random = shop_.random;
  // A file that was dropped before, as it was: whoever is not sure drops it again.
  if (!files_.empty() && random.chance(15)) {
    return files_[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(files_.size())))];
  }
  static const std::vector<std::string> names{"night.jsonl", "day.jsonl", "night.json", "ledger.jsonl", "big.jsonl"};
  WrittenFile file{names[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(names.size())))], {}, {}};
  const bool is_one = file.name.ends_with(".json");
  const auto count = is_one ? 1 : random.below(7);
  if (random.chance(10)) file.content = "\xEF\xBB\xBF";
  const auto* const line_end = random.chance(20) ? "\r\n" : "\n";
  for (std::int64_t number = 1; number <= count; ++number) {
    WrittenLine line{.number = number, .text = random.chance(50) ? "{}" : "no request"};
    if (!random.chance(15)) line = some_request(number);
    if (!is_one && random.chance(10)) {
      file.content += line_end;  // a blank one
      continue;
    }
    const bool has_end = number < count || !random.chance(30);
    file.content += line.text + (has_end ? line_end : "");
    file.lines.push_back(std::move(line));
  }
  return file;
}

void DropWriters::drop(WrittenFile file, Way way) {
  shop_.note("drop", file.name);
  const auto target = all_.folder.in("inbox") / file.name;
  files_.push_back(file);
  if (way == Way::renamed) {
    const auto temporary = all_.folder.in("inbox") / (file.name + ".tmp");
    append(temporary, file.content);
    fs::rename(temporary, target);
    return came_(file.name, true);
  }
  // In two halves, some time apart, but less than it takes to believe that it is whole.
  const auto half = file.content.size() / 2;
  auto writing = std::make_shared<std::ofstream>(target, std::ios::binary);
  *writing << std::string_view(file.content).substr(0, half) << std::flush;
  came_(file.name, false);
  ++coming_;
  shop_.time.after(shop_.random.up_to(std::chrono::milliseconds(1500)),
                   [this, file = std::move(file), writing, half, way] {
                     *writing << std::string_view(file.content).substr(half) << std::flush;
                     --coming_;
                     if (way == Way::with_mark) mark(file.name);
                   });
}

void DropWriters::mark(const std::string& name) {
  when_possible(shop_.time.now(), name + ".ready", [this, name] {
    // Taken without the mark: then it would speak for a later file of this name.
    if (!fs::exists(all_.folder.in("inbox") / name)) return;
    append(all_.folder.in("inbox") / (name + ".ready"), "");
    came_(name + ".ready", false);
  });
}

void DropWriters::drop_cancel(const std::string& name) {
  shop_.note("drop", name);
  cancels_.push_back(name);
  const auto temporary = all_.folder.in("inbox") / (name + ".tmp");
  append(temporary, "");
  fs::rename(temporary, all_.folder.in("inbox") / name);
  came_(name, true);
}

void DropWriters::drop_odd(const std::string& name, int kind) {
  shop_.note("drop", name);
  odd_.push_back(name);
  const auto path = all_.folder.in("inbox") / name;
  if (kind == 0) fs::create_symlink("/etc/passwd", path);
  if (kind == 1) fs::create_directory(path);
  if (kind == 2) ::mkfifo(path.c_str(), 0600);
  if (kind == 3) {
    append(all_.folder.in("inbox") / "other.name", "{}");
    fs::create_hard_link(all_.folder.in("inbox") / "other.name", path);
  }
  came_(name, false);
}

}  // namespace backupctl::sim
