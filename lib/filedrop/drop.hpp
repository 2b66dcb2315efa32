// The file drop without its thread: takes files, works on them by turns, and waits for a folder that has gone.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "filedrop/age_out.hpp"
#include "filedrop/context.hpp"
#include "filedrop/inbox.hpp"
#include "filedrop/job.hpp"

namespace backupctl::filedrop {

// Thread rule: on the thread that works on the files, but for health and counters, which any thread may ask.
class Drop {
 public:
  Drop(const FileDropOptions& options, DropPorts ports, std::shared_ptr<Mailbox> mailbox);

  // Makes the folders. Errors: invalid, unavailable.
  Result<void> open();

  // Does what is due, a bounded amount. Answers how long it may be left alone, unless the mailbox gets something.
  Duration tick();

  // What the kernel tells of inbox/.
  void came(const std::string& name, bool by_rename);
  void look_again();  // something may have been missed

  // Takes and reads no more. What was submitted is still waited for while ticks go on.
  void stop_taking();
  bool is_idle() const { return context_.submits_under_way == 0; }

  TransportHealth health() const;
  std::string metrics() const;
  // Called each time the folders have been opened: a watch on the old ones sees nothing any more.
  void on_open(std::function<void()> task) { on_open_ = std::move(task); }

 private:
  bool has_folders();
  void lose_folders(const Error& error);
  void take_files();
  void look_at_work();
  bool start_job(const Taken& taken);
  void run_jobs();
  Duration run(FileId id, Job& job);
  void set_due(FileId id, Duration due);
  void note_health();

  struct Running {
    std::shared_ptr<Job> job;
    Duration due{};
    Duration delay{};  // after errors
    bool is_reading = false;
  };

  Context context_;
  Inbox inbox_;
  AgeOut age_out_;
  std::map<FileId, Running> jobs_;
  std::set<std::pair<Duration, FileId>> due_;
  int reading_ = 0;
  std::function<void()> on_open_ = [] {};
  Duration next_look_{};
  Duration next_check_{};
  Duration next_work_look_{};
  bool is_lost_ = false;

  mutable std::mutex mutex_;
  TransportHealth health_{false, "not started"};
};

}  // namespace backupctl::filedrop
