#include "http/controller_reads.hpp"

#include "http/controller_api_context.hpp"

namespace backupctl::http {

void ControllerReads::add_to(Router& router) const {
  add_request_reads(router, *this);
  add_backup_reads(router, *this);
  add_result_reads(router, *this);
  add_operation_reads(router, *this);
  add_audit_reads(router, *this);
}

}  // namespace backupctl::http
