# backupctl_embed_files(target NAME function FILES files...): puts files into the program.
#
# The target's sources may then include "embedded/<function>.hpp" and call backupctl::embedded::<function>(), which is a
# std::span<const backupctl::EmbeddedFile> in the order given, each with its name, content and SHA-256.
function(backupctl_embed_files target)
  cmake_parse_arguments(arg "" "NAME" "FILES" ${ARGN})
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/embedded_${arg_NAME})

  set(arrays "")
  set(rows "")
  set(index 0)
  foreach(file ${arg_FILES})
    get_filename_component(path ${file} ABSOLUTE)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
    get_filename_component(name ${path} NAME)
    file(SHA256 ${path} hash)
    file(READ ${path} hex HEX)
    string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${hex}")
    # The closing zero keeps an empty file's array legal; it is not part of the content.
    string(APPEND arrays "constexpr char content_${index}[] = {${bytes}'\\0'};\n")
    string(APPEND rows "    {\"${name}\", {content_${index}, sizeof content_${index} - 1}, \"${hash}\"},\n")
    math(EXPR index "${index} + 1")
  endforeach()

  file(CONFIGURE OUTPUT ${folder}/embedded/${arg_NAME}.hpp @ONLY CONTENT [[
#pragma once
#include <span>

#include "system/embedded_file.hpp"

namespace backupctl::embedded {
std::span<const EmbeddedFile> @arg_NAME@();
}
]])
  file(CONFIGURE OUTPUT ${folder}/${arg_NAME}.cpp @ONLY CONTENT [[
#include "embedded/@arg_NAME@.hpp"

namespace backupctl::embedded {
namespace {
@arrays@
constexpr EmbeddedFile files[] = {
@rows@};
}  // namespace
std::span<const EmbeddedFile> @arg_NAME@() { return files; }
}  // namespace backupctl::embedded
]])
  target_sources(${target} PRIVATE ${folder}/${arg_NAME}.cpp)
  set_source_files_properties(${folder}/${arg_NAME}.cpp PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  target_include_directories(${target} PRIVATE ${folder} ${PROJECT_SOURCE_DIR}/lib)
endfunction()
