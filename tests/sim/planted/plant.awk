# Prints a source file with every bug of the list planted that names it:
#   awk -f plant.awk -v root=SOURCE_ROOT -v file=lib/app/rounds.cpp bugs.txt
# Fails when the text that a bug replaces does not occur exactly once: then the source has moved on, and so must the bug.

function fail(why) {
  printf "bug %s: %s in %s:\n%s\n", bug, why, file, before > "/dev/stderr"
  failed = 1
  exit 1
}

function plant(   at, rest) {
  if (bug == "" || in_file != file) return
  at = index(text, before)
  if (at == 0) fail("the text to replace does not occur")
  rest = substr(text, at + length(before))
  if (index(rest, before)) fail("the text to replace occurs more than once")
  text = substr(text, 1, at - 1) after rest
}

BEGIN {
  while ((getline line < (root "/" file)) > 0) text = text line "\n"
}
/^bug / { plant(); bug = $2; in_file = $3; before = ""; after = ""; next }
/^-/ { before = before (before == "" ? "" : "\n") substr($0, 2); next }
/^\+/ { after = after (after == "" ? "" : "\n") substr($0, 2); next }
END {
  if (failed) exit 1
  plant()
  if (!failed) printf "%s", text
}
