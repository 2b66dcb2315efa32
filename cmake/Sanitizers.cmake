# One switch for the whole tree: mixing sanitized and plain objects gives false reports.
if(BACKUPCTL_SANITIZE)
  list(JOIN BACKUPCTL_SANITIZE "," _sanitizers)
  add_compile_options(-fsanitize=${_sanitizers} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${_sanitizers})
  if("undefined" IN_LIST BACKUPCTL_SANITIZE)
    # SOCI is built without the type information that the vptr check needs.
    add_compile_options(-fno-sanitize-recover=undefined -fno-sanitize=vptr)
    add_link_options(-fno-sanitize=vptr)
  endif()
endif()
