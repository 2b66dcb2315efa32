# backupctl_allocator(program): links a long-running program with jemalloc, where that is there (docs/adr/0011). The
# libraries leave the choice to whoever links them.
set(BACKUPCTL_JEMALLOC AUTO CACHE STRING "Link the servers with jemalloc: ON, OFF, or AUTO: when it is found")
set_property(CACHE BACKUPCTL_JEMALLOC PROPERTY STRINGS AUTO ON OFF)

set(BACKUPCTL_ALLOCATOR libc)
if(BACKUPCTL_SANITIZE)
  message(STATUS "Allocator of the servers: the sanitizer's")
elseif(NOT BACKUPCTL_JEMALLOC)
  message(STATUS "Allocator of the servers: the C library's, as BACKUPCTL_JEMALLOC says")
else()
  find_library(BACKUPCTL_JEMALLOC_LIBRARY jemalloc)
  mark_as_advanced(BACKUPCTL_JEMALLOC_LIBRARY)
  if(BACKUPCTL_JEMALLOC_LIBRARY)
    set(BACKUPCTL_ALLOCATOR jemalloc)
    message(STATUS "Allocator of the servers: ${BACKUPCTL_JEMALLOC_LIBRARY}")
  elseif(BACKUPCTL_JEMALLOC STREQUAL "AUTO")
    message(STATUS "Allocator of the servers: the C library's. With jemalloc (libjemalloc-dev) a request costs a tenth "
                   "to a quarter less processor time")
  else()
    message(FATAL_ERROR "BACKUPCTL_JEMALLOC is on, and there is no jemalloc: install libjemalloc-dev")
  endif()
endif()

function(backupctl_allocator program)
  if(BACKUPCTL_ALLOCATOR STREQUAL "jemalloc")
    target_link_libraries(${program} PRIVATE ${BACKUPCTL_JEMALLOC_LIBRARY})
  endif()
endfunction()
