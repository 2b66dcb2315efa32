#include "backupctl/blocking.hpp"

#include <mutex>
#include <shared_mutex>
#include <utility>

#include "system/worker_threads.hpp"

namespace backupctl {

struct RepositoryThreads::Impl {
  std::unique_ptr<BlockingRepository> engine;
  // Groups and claims share it, every other write has it alone, until its answer has been handed over: a controller
  // that leaves has nothing under way.
  std::shared_mutex writing;
  WorkerThreads writers;
  WorkerThreads readers;

  Impl(std::unique_ptr<BlockingRepository> blocking, std::size_t count)
      : engine(std::move(blocking)), writers(engine->applies_at_once()), readers(count) {}

  template <class Lock, class Call, class T>
  void write(Call call, Handler<T> handler) {
    writers.post([this, call = std::move(call), handler = std::move(handler)] {
      const Lock lock(writing);
      handler(call(*engine));
    });
  }
  template <class Call, class T>
  void write_beside(Call call, Handler<T> handler) {
    write<std::shared_lock<std::shared_mutex>>(std::move(call), std::move(handler));
  }
  template <class Call, class T>
  void write_alone(Call call, Handler<T> handler) {
    write<std::unique_lock<std::shared_mutex>>(std::move(call), std::move(handler));
  }
  template <class Call, class T>
  void read(Call call, Handler<T> handler) {
    readers.post([this, call = std::move(call), handler = std::move(handler)] { handler(call(*engine)); });
  }
};

RepositoryThreads::RepositoryThreads(std::unique_ptr<BlockingRepository> engine, std::size_t readers)
    : impl_(std::make_unique<Impl>(std::move(engine), readers)) {}
RepositoryThreads::~RepositoryThreads() = default;

std::size_t RepositoryThreads::applies_at_once() const { return impl_->engine->applies_at_once(); }
void RepositoryThreads::apply(std::vector<Command> commands, Handler<std::vector<Outcome>> handler) {
  impl_->write_beside([commands = std::move(commands)](auto& engine) { return engine.apply(commands); },
                      std::move(handler));
}
void RepositoryThreads::claim(ClaimOrder order, Handler<Result<std::vector<BackupRequest>>> handler) {
  impl_->write_beside([order = std::move(order)](auto& engine) { return engine.claim(order); }, std::move(handler));
}
void RepositoryThreads::beat(InstanceBeat beat, Handler<Result<BeatReply>> handler) {
  impl_->write_alone([beat = std::move(beat)](auto& engine) { return engine.beat(beat); }, std::move(handler));
}
void RepositoryThreads::leave(InstanceId id, Handler<Result<void>> handler) {
  impl_->write_alone([id](auto& engine) { return engine.leave(id); }, std::move(handler));
}
void RepositoryThreads::claim_notices(NoticeClaim claim, Handler<Result<std::vector<WaitingNotice>>> handler) {
  impl_->write_alone([claim](auto& engine) { return engine.claim_notices(claim); }, std::move(handler));
}
void RepositoryThreads::find_request(RequestId id, Handler<Result<std::optional<BackupRequest>>> handler) {
  impl_->read([id](auto& engine) { return engine.find_request(id); }, std::move(handler));
}
void RepositoryThreads::list_requests(RequestQuery query, Handler<Result<std::vector<BackupRequest>>> handler) {
  impl_->read([query = std::move(query)](auto& engine) { return engine.list_requests(query); }, std::move(handler));
}
void RepositoryThreads::history(RequestId id, Handler<Result<std::vector<HistoryEntry>>> handler) {
  impl_->read([id](auto& engine) { return engine.history(id); }, std::move(handler));
}
void RepositoryThreads::find_backup(BackupId id, Handler<Result<std::optional<Backup>>> handler) {
  impl_->read([id](auto& engine) { return engine.find_backup(id); }, std::move(handler));
}
void RepositoryThreads::list_backups(BackupQuery query, Handler<Result<std::vector<Backup>>> handler) {
  impl_->read([query = std::move(query)](auto& engine) { return engine.list_backups(query); }, std::move(handler));
}
void RepositoryThreads::waiting_results(std::int64_t limit, Handler<Result<std::vector<ResultRecord>>> handler) {
  impl_->read([limit](auto& engine) { return engine.waiting_results(limit); }, std::move(handler));
}
void RepositoryThreads::list_parked(ParkedQuery query, Handler<Result<std::vector<ParkedResult>>> handler) {
  impl_->read([query](auto& engine) { return engine.list_parked(query); }, std::move(handler));
}
void RepositoryThreads::list_audit(AuditQuery query, Handler<Result<std::vector<AuditRecord>>> handler) {
  impl_->read([query](auto& engine) { return engine.list_audit(query); }, std::move(handler));
}
void RepositoryThreads::audit_heads(Handler<Result<std::vector<AuditHead>>> handler) {
  impl_->read([](auto& engine) { return engine.audit_heads(); }, std::move(handler));
}
void RepositoryThreads::due(DueQuery query, Handler<Result<DueWork>> handler) {
  impl_->read([query = std::move(query)](auto& engine) { return engine.due(query); }, std::move(handler));
}
void RepositoryThreads::survey(Timestamp now, Handler<Result<StoreSurvey>> handler) {
  impl_->read([now](auto& engine) { return engine.survey(now); }, std::move(handler));
}

void RepositoryThreads::on_work(std::function<void()> hear) { impl_->engine->on_work(std::move(hear)); }
void RepositoryThreads::announce_work() { impl_->engine->announce_work(); }

struct ZoneThreads::Impl {
  BlockingZone& zone;
  WorkerThreads threads;
};

ZoneThreads::ZoneThreads(BlockingZone& zone, std::size_t threads) : impl_(new Impl{zone, WorkerThreads(threads)}) {}
ZoneThreads::~ZoneThreads() = default;

void ZoneThreads::send(CreateBackupCommand command, Handler<SendReply> handler) {
  impl_->threads.post(
      [this, command = std::move(command), handler = std::move(handler)] { handler(impl_->zone.send(command)); });
}
void ZoneThreads::status(CallContext command, Handler<StatusReply> handler) {
  impl_->threads.post(
      [this, command = std::move(command), handler = std::move(handler)] { handler(impl_->zone.status(command)); });
}
void ZoneThreads::cancel(CallContext command, std::int64_t fence, Handler<CancelReply> handler) {
  impl_->threads.post([this, command = std::move(command), fence, handler = std::move(handler)] {
    handler(impl_->zone.cancel(command, fence));
  });
}

}  // namespace backupctl
