// For the .cpp files of lib/http alone: the event loop behind a Runtime.
#pragma once

#include <boost/asio/io_context.hpp>

#include "http/runtime.hpp"

namespace backupctl::http {

struct RuntimeAccess {
  static boost::asio::io_context& io_context(Runtime& runtime);
};

}  // namespace backupctl::http
