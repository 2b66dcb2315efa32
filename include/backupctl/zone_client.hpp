// Port: one zone, the service that knows one storage technology and makes the physical backups.
//
// A zone has a durable memory of commands: the same command id never runs twice, however often it is sent. Results do
// not come back through this port: the zone leaves them in the result store (Controller::put_result).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "backupctl/backup_request.hpp"
#include "backupctl/job_client.hpp"
#include "backupctl/manifest.hpp"
#include "backupctl/zone_result.hpp"

namespace backupctl {

struct CreateBackupCommand {
  RequestId id;
  std::int64_t fence = 0;  // the zone keeps the highest it has seen for a command and refuses a lower one
  JobId job_id;
  SourcePath source;
  std::string storage_path;
  CivilDate data_as_of;
  std::string traceparent{};
};

enum class SendAnswer {
  accepted,      // durable at the zone (202)
  known,         // it had the command already (200)
  refused,       // for good (422)
  conflict,      // it knows the id with another content (409)
  stale_fence,   // another controller has the command now (412)
  unauthorized,  // our credentials are not accepted (401, 403): every command of the zone would fail alike
  unanswered,    // anything else: it may or may not have the command
};
struct SendReply {
  SendAnswer answer = SendAnswer::unanswered;
  std::string detail{};  // for a person; with refused, the zone's reason
};

enum class CommandState {
  accepted,
  running,
  finished,
  unknown,  // the zone itself says that it does not know the command (404)
  unauthorized,
  unanswered,
};
struct StatusReply {
  CommandState state = CommandState::unanswered;
  std::string detail{};
  std::optional<ZoneResult> result{};  // with finished
  std::string body{};                  // the result's text as received, empty when it never was text
};

enum class CancelAnswer { taken_up, finished, stale_fence, unauthorized, unanswered };
struct CancelReply {
  CancelAnswer answer = CancelAnswer::unanswered;
  std::string detail{};
};

// Thread rule: called on the controller's executor; see Handler for the answers.
class ZoneClient {
 public:
  virtual ~ZoneClient() = default;
  virtual void send(CreateBackupCommand command, Handler<SendReply> handler) = 0;
  virtual void status(CallContext command, Handler<StatusReply> handler) = 0;
  // A command that the zone does not know is remembered as cancelled: it answers taken_up and never runs it.
  virtual void cancel(CallContext command, std::int64_t fence, Handler<CancelReply> handler) = 0;
  // What is physically there, page by page: empty `cursor` first, then the next_cursor of the page before.
  // Errors: unavailable. A zone that cannot tell answers invalid, which is what this does by itself.
  virtual void list(std::string cursor, Handler<Result<ManifestList>> handler) {
    static_cast<void>(cursor);
    handler(Error{ErrorKind::invalid, "this zone does not list what it holds"});
  }
};

}  // namespace backupctl
