# What those who link us get: `cmake --install`, then find_package(backupctl COMPONENTS core soci http testing).
#
# One install component and one export file for each component of the package, so that an embedder who takes the core
# alone needs neither SOCI nor OpenSSL. The libraries are static.
include(CMakePackageConfigHelpers)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/backupctl)

# backupctl_install(component targets...)
function(backupctl_install component)
  set(targets)
  foreach(name ${ARGN})
    list(APPEND targets backupctl_${name})
  endforeach()
  install(TARGETS ${targets} EXPORT backupctl-${component}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${component})
  install(EXPORT backupctl-${component} FILE backupctl-${component}.cmake NAMESPACE backupctl::
    DESTINATION ${package_folder} COMPONENT ${component})
endfunction()

backupctl_install(core core)
backupctl_install(digest digest)
backupctl_install(testing testing)
backupctl_install(soci soci)
backupctl_install(wire wire)
backupctl_install(http http)
backupctl_install(filedrop filedrop)
backupctl_install(notify notify)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/backupctl DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT core
  FILES_MATCHING PATTERN *.hpp PATTERN soci EXCLUDE PATTERN http EXCLUDE PATTERN filedrop EXCLUDE
  PATTERN notify EXCLUDE)
foreach(component soci http filedrop notify)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/backupctl/${component}
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/backupctl COMPONENT ${component} FILES_MATCHING PATTERN *.hpp)
endforeach()

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/backupctl-config.cmake.in
  ${PROJECT_BINARY_DIR}/backupctl-config.cmake INSTALL_DESTINATION ${package_folder})
# Until 1.0 a new minor version may break those who link us.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/backupctl-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/backupctl-config.cmake ${PROJECT_BINARY_DIR}/backupctl-config-version.cmake
  DESTINATION ${package_folder} COMPONENT core)
install(FILES ${PROJECT_SOURCE_DIR}/cmake/FindSOCI.cmake DESTINATION ${package_folder} COMPONENT soci)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT core)
