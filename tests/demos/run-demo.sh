#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright the Wengert developers
#
# Runs a demo and compares what it prints with the kept output, demos/<name>.out.
#   run-demo.sh demos/<name>.out
# The first lines of that file that begin with "#: " say how; each may be left out:
#   #: arguments WORDS      for the demo; @srcdir@ stands for the source folder
#   #: relative NUMBER      numbers may differ by this much relatively (1e-6 when not given)
#   #: absolute NUMBER      ... or by this much absolutely (0)
# The rest is the output.  Text must be equal, white space apart; numbers within the tolerances.  A word *
# stands for any one word, and a line ... for any number of lines, up to one that fits what follows.
set -eu

expected=$1
name=${1##*/}
name=${name%.out}
work=$(mktemp -d "${TMPDIR:-/tmp}/wengert-demo.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# setting NAME DEFAULT
setting ()
{
  value=$(sed -n -e "s/^#: *$1  *//p" "$expected" | sed 1q)
  printf '%s\n' "${value:-$2}"
}

arguments=$(setting arguments '' | sed "s|@srcdir@|$WG_SRCDIR|g")
sed '/^#: /d' "$expected" > "$work/expected"

# In a folder of its own, where it may leave pictures.
mkdir "$work/here"
status=0
# shellcheck disable=SC2086  # the words of $arguments are meant to be split
(cd "$work/here" && exec "$WG_BUILDDIR/demos/$name" $arguments) > "$work/printed" 2> "$work/errors" < /dev/null ||
  status=$?
cat "$work/printed" "$work/errors"
if [ $status -ne 0 ]; then echo "FAILED: $name ended with status $status"; exit 1; fi
if [ -s "$work/errors" ]; then echo "FAILED: $name wrote to its standard error"; exit 1; fi

awk -v relative="$(setting relative 1e-6)" -v absolute="$(setting absolute 0)" '
  # Do the words agree?  Both are cut into numbers and the text between them.
  function word_fits(want, have,    wn, hn, wt, ht) {
    if (want == "*" || want == have) return 1
    while (1) {
      wt = match (want, number) ? substr (want, 1, RSTART - 1) : want
      wn = RSTART ? substr (want, RSTART, RLENGTH) : ""
      want = RSTART ? substr (want, RSTART + RLENGTH) : ""
      ht = match (have, number) ? substr (have, 1, RSTART - 1) : have
      hn = RSTART ? substr (have, RSTART, RLENGTH) : ""
      have = RSTART ? substr (have, RSTART + RLENGTH) : ""
      if (wt != ht || (wn == "") != (hn == "")) return 0
      if (wn == "") return 1
      if (!number_fits(wn + 0, hn + 0)) return 0
    }
  }
  function number_fits(want, have,    d, a) {
    d = want - have; if (d < 0) d = -d
    a = want < 0 ? -want : want
    return d <= absolute + relative*a
  }
  function line_fits(want, have,    w, h, i, n) {
    n = split (want, w)
    if (split (have, h) != n) return 0
    for (i = 1; i <= n; i++) if (!word_fits(w[i], h[i])) return 0
    return 1
  }
  BEGIN { number = "[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?"; absolute += 0; relative += 0 }
  NR == FNR { want[++wants] = $0; next }
  { have[++haves] = $0 }
  END {
    j = 1
    for (i = 1; i <= wants; i++) {
      if (want[i] == "...") {
        if (i == wants) exit 0
        while (j <= haves && !line_fits(want[i+1], have[j])) j++
        continue
      }
      if (j > haves || !line_fits(want[i], have[j])) {
        print "FAILED: expected line " i ": " want[i]
        print "        printed line " j ":  " (j > haves ? "(the end)" : have[j])
        exit 1
      }
      j++
    }
    if (j <= haves) { print "FAILED: more was printed than expected, from line " j ": " have[j]; exit 1 }
  }' "$work/expected" "$work/printed"
