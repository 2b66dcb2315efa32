# planted_bugs_tests: the simulation over copies of the core's sources in which the bugs of bugs.txt are planted. The
# copies are made while building; that fails when a bug no longer fits its source.
set(list ${CMAKE_CURRENT_LIST_DIR}/bugs.txt)
set(plant ${CMAKE_CURRENT_LIST_DIR}/plant.awk)
set(copies ${CMAKE_CURRENT_BINARY_DIR}/planted)

set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${list})
file(STRINGS ${list} entries REGEX "^bug ")
list(TRANSFORM entries REPLACE "^bug [0-9]+ ([^ ]+) .*" "\\1")
list(REMOVE_DUPLICATES entries)

foreach(file ${entries})
  get_filename_component(folder ${copies}/${file} DIRECTORY)
  add_custom_command(OUTPUT ${copies}/${file}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
    COMMAND awk -f ${plant} -v root=${PROJECT_SOURCE_DIR} -v file=${file} ${list} > ${copies}/${file}
    DEPENDS ${list} ${plant} ${PROJECT_SOURCE_DIR}/${file}
    COMMENT "Planting bugs in ${file}" VERBATIM)
  list(APPEND planted_files ${copies}/${file})
endforeach()

file(GLOB sources CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/lib/domain/*.cpp
     ${PROJECT_SOURCE_DIR}/lib/app/*.cpp ${PROJECT_SOURCE_DIR}/lib/testing/*.cpp)
list(REMOVE_ITEM sources ${entries})
list(TRANSFORM sources PREPEND ${PROJECT_SOURCE_DIR}/)

backupctl_test(planted_bugs_tests LIBS backupctl_sim SOURCES planted_bugs_test.cpp ${sources} ${planted_files}
               LABELS sim TIMEOUT 900)
target_include_directories(planted_bugs_tests BEFORE PRIVATE ${copies}/lib)
# What is planted need not please every warning.
target_compile_options(planted_bugs_tests PRIVATE -Wno-error -include ${CMAKE_CURRENT_LIST_DIR}/planted.hpp)
target_compile_definitions(planted_bugs_tests PRIVATE BACKUPCTL_PLANTED_BUGS="${list}")
