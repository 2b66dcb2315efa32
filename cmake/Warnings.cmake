# backupctl_warnings(target): the warnings that every target of ours is built with.
function(backupctl_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual)
  if(BACKUPCTL_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # It takes a file that is included by a unit for a header, which may not have an unnamed namespace.
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND "thread" IN_LIST BACKUPCTL_SANITIZE)
    # Fences are not understood, and g++ 12 then sees uninitialized optionals where there are none.
    target_compile_options(${target} PRIVATE -Wno-tsan -Wno-maybe-uninitialized)
  endif()
endfunction()
