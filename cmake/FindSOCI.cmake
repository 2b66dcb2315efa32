# Debian's libsoci-dev has no CMake package. A SOCI that brings one is taken first.
#   SOCI::core SOCI::sqlite3 SOCI::postgresql, and SOCI::libpq, which SOCI's PostgreSQL header includes
find_package(SOCI CONFIG QUIET)
find_path(SOCI_LIBPQ_INCLUDE_DIR libpq-fe.h PATH_SUFFIXES postgresql)
find_library(SOCI_libpq_LIBRARY pq)
if(SOCI_libpq_LIBRARY AND SOCI_LIBPQ_INCLUDE_DIR AND NOT TARGET SOCI::libpq)
  add_library(SOCI::libpq UNKNOWN IMPORTED)
  set_target_properties(SOCI::libpq PROPERTIES
    IMPORTED_LOCATION "${SOCI_libpq_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${SOCI_LIBPQ_INCLUDE_DIR}")
endif()
if(TARGET SOCI::soci_core AND NOT TARGET SOCI::core)
  add_library(SOCI::core ALIAS SOCI::soci_core)
  add_library(SOCI::sqlite3 ALIAS SOCI::soci_sqlite3)
  add_library(SOCI::postgresql ALIAS SOCI::soci_postgresql)
  set(SOCI_FOUND TRUE)
  return()
endif()

find_path(SOCI_INCLUDE_DIR soci/soci.h)
find_library(SOCI_core_LIBRARY soci_core)
find_library(SOCI_sqlite3_LIBRARY soci_sqlite3)
find_library(SOCI_postgresql_LIBRARY soci_postgresql)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(SOCI
  REQUIRED_VARS SOCI_core_LIBRARY SOCI_sqlite3_LIBRARY SOCI_postgresql_LIBRARY SOCI_INCLUDE_DIR SOCI_libpq_LIBRARY
                SOCI_LIBPQ_INCLUDE_DIR)
if(SOCI_FOUND)
  foreach(part core sqlite3 postgresql)
    if(NOT TARGET SOCI::${part})
      add_library(SOCI::${part} UNKNOWN IMPORTED)
      set_target_properties(SOCI::${part} PROPERTIES
        IMPORTED_LOCATION "${SOCI_${part}_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${SOCI_INCLUDE_DIR}")
    endif()
  endforeach()
  target_link_libraries(SOCI::sqlite3 INTERFACE SOCI::core)
  target_link_libraries(SOCI::postgresql INTERFACE SOCI::core SOCI::libpq)
endif()
mark_as_advanced(SOCI_INCLUDE_DIR SOCI_core_LIBRARY SOCI_sqlite3_LIBRARY SOCI_postgresql_LIBRARY
                 SOCI_LIBPQ_INCLUDE_DIR SOCI_libpq_LIBRARY)
