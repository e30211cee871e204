#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright the Wengert developers
#
# Each public header compiles alone, and twice in a row, as C11 and as C++17, with every compiler that is
# here, and no warning.  The headers are those in the folder, so that a new one is tested at once; those
# without a guard are templates, made to be included by others with macros set.  gsl*.h need GSL.
set -eu

include=$WG_SRCDIR/include
work=$(mktemp -d "${TMPDIR:-/tmp}/wengert-headers.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
warn='-Wall -Wextra -pedantic -Wshadow -Wconversion -Werror'
compiled=0
failed=0

# compile NAME SUFFIX FLAGS COMPILER: the compiler may be several words
compile ()
{
  printf '#include <%s>\n#include <%s>\nint wengert_header_test;\n' "$1" "$1" > "$work/alone.$2"
  # shellcheck disable=SC2086  # the words are meant to be split
  if $4 $3 $warn -I"$include" -c "$work/alone.$2" -o "$work/alone.o" > "$work/messages" 2>&1
  then
    compiled=$((compiled + 1))
  else
    failed=$((failed + 1))
    echo "FAILED: $1 with $4 $3"
    sed 8q "$work/messages"
  fi
}

# working SUFFIX HEADER COMPILER...: those that make objects, one a line.  A clang++ may be here without a
# C++ library.
working ()
{
  suffix=$1
  printf '#include <%s>\nint wengert_probe;\n' "$2" > "$work/probe.$suffix"
  shift 2
  printf '%s\n' "$@" | sort -u | while read -r compiler
  do
    # shellcheck disable=SC2086
    if [ -n "$compiler" ] && $compiler -c "$work/probe.$suffix" -o "$work/probe.o" > /dev/null 2>&1
    then
      echo "$compiler"
    fi
  done
}

headers=$(cd "$include" && grep -l -r -E --include='*.h' '^#ifndef WENGERT_[A-Z0-9_]*_H$' . |
            sed 's|^\./||' | LC_ALL=C sort)
if [ "${WG_GSL:-no}" != yes ]; then headers=$(printf '%s\n' "$headers" | grep -v '^wengert/gsl'); fi
working c math.h gcc clang "${CC-}" > "$work/c"
working cc cmath g++ clang++ "${CXX-}" > "$work/c++"

for header in $headers
do
  while read -r compiler; do compile "$header" c -std=c11 "$compiler"; done < "$work/c"
  while read -r compiler; do compile "$header" cc -std=c++17 "$compiler"; done < "$work/c++"
done

echo "$compiled compiled, $failed failed, with:"
cat "$work/c" "$work/c++"
[ "$failed" -eq 0 ] && [ "$compiled" -gt 0 ]
