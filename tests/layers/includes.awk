# First file: rules.txt. Then C++ files: prints every include that its folder may not have.

FNR == NR {
  if ($0 ~ /^[ \t]*(#|$)/) next
  split($0, halves, ":")
  folder = halves[1]
  gsub(/[ \t]/, "", folder)
  allowed[folder] = halves[2]
  next
}

FNR == 1 {
  best = ""
  for (folder in allowed) {
    if (index(FILENAME, folder "/") == 1 && length(folder) > length(best)) best = folder
  }
  words = split(allowed[best], word, " ")
  if (best == "") {
    print FILENAME ": no rule in rules.txt for its folder"
    bad++
  }
}

best != "" && /^[ \t]*#[ \t]*include[ \t]*[<"]/ {
  match($0, /[<"][^>"]+[>"]/)
  angle = substr($0, RSTART, 1) == "<"
  name = substr($0, RSTART + 1, RLENGTH - 2)
  if (name ~ /(^|\/)\.\.?\//) {
    print FILENAME ":" FNR ": " name ": includes go by their full name, not by a relative path"
    bad++
    next
  }
  for (i = 1; i <= words; i++) {
    w = word[i]
    if (w == "std" && angle && name ~ /^[a-z_0-9]+$/) next
    if (w == "posix" && angle && name ~ /^([a-z_0-9]+|(sys|linux|netinet|arpa|net)\/[a-z_0-9]+)\.h$/) next
    if (w == "core" && name ~ /^backupctl\/[a-z_0-9]+\.hpp$/) next
    if (w == "beside" && !angle && name !~ /\//) next
    if (w !~ /^(std|posix|core|beside)$/ && index(name, w) == 1) next
  }
  print FILENAME ":" FNR ": " name ": not for " best " (allowed:" allowed[best] ")"
  bad++
}

END { exit bad > 0 }
