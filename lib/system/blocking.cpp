#include "backupctl/blocking.hpp"

#include <utility>

#include "system/worker_threads.hpp"

namespace backupctl {

struct RepositoryThreads::Impl {
  std::unique_ptr<BlockingRepository> engine;
  WorkerThreads writer{1};
  WorkerThreads readers;

  Impl(std::unique_ptr<BlockingRepository> blocking, std::size_t count) : engine(std::move(blocking)), readers(count) {}

  template <class Call, class T>
  void run_on(WorkerThreads& threads, Call call, Handler<T> handler) {
    threads.post([this, call = std::move(call), handler = std::move(handler)] { handler(call(*engine)); });
  }
};

RepositoryThreads::RepositoryThreads(std::unique_ptr<BlockingRepository> engine, std::size_t readers)
    : impl_(std::make_unique<Impl>(std::move(engine), readers)) {}
RepositoryThreads::~RepositoryThreads() = default;

void RepositoryThreads::apply(std::vector<Command> commands, Handler<std::vector<Outcome>> handler) {
  impl_->run_on(
      impl_->writer, [commands = std::move(commands)](auto& engine) { return engine.apply(commands); },
      std::move(handler));
}
void RepositoryThreads::claim(ClaimOrder order, Handler<Result<std::vector<BackupRequest>>> handler) {
  impl_->run_on(
      impl_->writer, [order = std::move(order)](auto& engine) { return engine.claim(order); }, std::move(handler));
}
void RepositoryThreads::beat(InstanceBeat beat, Handler<Result<BeatReply>> handler) {
  impl_->run_on(
      impl_->writer, [beat = std::move(beat)](auto& engine) { return engine.beat(beat); }, std::move(handler));
}
void RepositoryThreads::leave(InstanceId id, Handler<Result<void>> handler) {
  impl_->run_on(
      impl_->writer, [id](auto& engine) { return engine.leave(id); }, std::move(handler));
}
void RepositoryThreads::claim_notices(NoticeClaim claim, Handler<Result<std::vector<WaitingNotice>>> handler) {
  impl_->run_on(
      impl_->writer, [claim](auto& engine) { return engine.claim_notices(claim); }, std::move(handler));
}
void RepositoryThreads::find_request(RequestId id, Handler<Result<std::optional<BackupRequest>>> handler) {
  impl_->run_on(
      impl_->readers, [id](auto& engine) { return engine.find_request(id); }, std::move(handler));
}
void RepositoryThreads::list_requests(RequestQuery query, Handler<Result<std::vector<BackupRequest>>> handler) {
  impl_->run_on(
      impl_->readers, [query = std::move(query)](auto& engine) { return engine.list_requests(query); },
      std::move(handler));
}
void RepositoryThreads::history(RequestId id, Handler<Result<std::vector<HistoryEntry>>> handler) {
  impl_->run_on(
      impl_->readers, [id](auto& engine) { return engine.history(id); }, std::move(handler));
}
void RepositoryThreads::find_backup(BackupId id, Handler<Result<std::optional<Backup>>> handler) {
  impl_->run_on(
      impl_->readers, [id](auto& engine) { return engine.find_backup(id); }, std::move(handler));
}
void RepositoryThreads::list_backups(BackupQuery query, Handler<Result<std::vector<Backup>>> handler) {
  impl_->run_on(
      impl_->readers, [query = std::move(query)](auto& engine) { return engine.list_backups(query); },
      std::move(handler));
}
void RepositoryThreads::waiting_results(std::int64_t limit, Handler<Result<std::vector<ResultRecord>>> handler) {
  impl_->run_on(
      impl_->readers, [limit](auto& engine) { return engine.waiting_results(limit); }, std::move(handler));
}
void RepositoryThreads::list_parked(ParkedQuery query, Handler<Result<std::vector<ParkedResult>>> handler) {
  impl_->run_on(
      impl_->readers, [query](auto& engine) { return engine.list_parked(query); }, std::move(handler));
}
void RepositoryThreads::list_audit(AuditQuery query, Handler<Result<std::vector<AuditRecord>>> handler) {
  impl_->run_on(
      impl_->readers, [query](auto& engine) { return engine.list_audit(query); }, std::move(handler));
}
void RepositoryThreads::audit_heads(Handler<Result<std::vector<AuditHead>>> handler) {
  impl_->run_on(
      impl_->readers, [](auto& engine) { return engine.audit_heads(); }, std::move(handler));
}
void RepositoryThreads::due(DueQuery query, Handler<Result<DueWork>> handler) {
  impl_->run_on(
      impl_->readers, [query = std::move(query)](auto& engine) { return engine.due(query); }, std::move(handler));
}
void RepositoryThreads::survey(Timestamp now, Handler<Result<StoreSurvey>> handler) {
  impl_->run_on(
      impl_->readers, [now](auto& engine) { return engine.survey(now); }, std::move(handler));
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
