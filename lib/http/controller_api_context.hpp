// For the controller_api*.cpp files: what every call is given, and what several of them need.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/controller_api.hpp"
#include "http/controller_reads.hpp"
#include "http/problem.hpp"
#include "wire/json_writer.hpp"

namespace backupctl::http {

// On the executor. Reads take a ControllerReads, whatever does more takes this.
struct ControllerApi::Context : ControllerReads {
  Context(const Ports& given, ControllerApiOptions chosen)
      : ControllerReads(
            given.controller.repository(), given.executor, given.clock,
            [&controller = given.controller](auto handler) { controller.async_status(std::move(handler)); }),
        ports(given),
        options(std::move(chosen)) {}

  Ports ports;
  ControllerApiOptions options;
  bool draining = false;
  std::map<std::string, std::int64_t> refused{};  // by code

  void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) const {
    ports.logger.write(level, message, fields);
  }
};

void add_request_routes(Router& router, ControllerApi::Context& context);
void add_result_routes(Router& router, ControllerApi::Context& context);
void add_operation_routes(Router& router, ControllerApi::Context& context);
void add_act_routes(Router& router, ControllerApi::Context& context);

void add_request_reads(Router& router, const ControllerReads& reads);
void add_backup_reads(Router& router, const ControllerReads& reads);
void add_result_reads(Router& router, const ControllerReads& reads);
void add_operation_reads(Router& router, const ControllerReads& reads);
void add_audit_reads(Router& router, const ControllerReads& reads);

// The caller as the audit names it.
inline Act act_of(const Request& request, std::string reason = {}) {
  return {OwnerName::parse(request.principal.owner).value(), std::move(reason)};
}

// Whoever has one of these reads every request and backup; a requester reads its own, an owner those of its jobs.
inline constexpr RoleSet readers_of_all{Role::approver, Role::restorer, Role::operator_, Role::retention,
                                        Role::auditor,  Role::jobs,     Role::admin};
inline constexpr RoleSet readers{Role::requester, Role::owner,   Role::approver, Role::restorer, Role::operator_,
                                 Role::retention, Role::auditor, Role::jobs,     Role::admin};

// What the caller's lists and reads are narrowed to.
inline Scope scope_of(const Principal& principal) {
  if (principal.roles.has_any(readers_of_all)) return {};
  const auto self = OwnerName::parse(principal.owner).value();
  Scope scope;
  if (principal.roles.has(Role::requester)) scope.requester = self;
  if (principal.roles.has(Role::owner)) scope.job_owner = self;
  return scope;
}

// What failed was the store: callers are promised one code for that, whatever happened beneath it.
Response store_problem(const Error& error);
Response not_there(std::string_view what);

}  // namespace backupctl::http
