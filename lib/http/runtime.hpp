// The event loop is public: an embedder brings it to the clients of lib/http.
#pragma once

#include "backupctl/http/runtime.hpp"
