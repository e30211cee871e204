#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright the Wengert developers
#
# README.md's first program is the one of demos/rosenbrock.c, it compiles as it stands there, and it prints
# what README.md says; its two commands are those that bootstrap knows.
work=$(mktemp -d "${TMPDIR:-/tmp}/wengert-readme.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
awk '/^```c/ { p = 1; next } /^```/ { p = 0 } p' "$WG_SRCDIR/README.md" > "$work/first.c"
awk '/first program: begin/ { p = 1; next } /first program: end/ { p = 0 } p' "$WG_SRCDIR/demos/rosenbrock.c" > "$work/demo.c"
diff -B "$work/demo.c" "$work/first.c" || { echo "README.md's program is not the demo's"; exit 1; }
# shellcheck disable=SC2086
"$WG_BUILDDIR/libtool" --mode=link --tag=CC $CC -std=c11 $WG_LINK_FLAGS -I"$WG_SRCDIR/include" "$work/first.c" \
  "$WG_BUILDDIR/libwengert.la" -lm -o "$work/first" > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
"$work/first" > "$work/out" || { echo "the program failed"; exit 1; }
grep -qF "$(cat "$work/out")" "$WG_SRCDIR/README.md" || { echo "README.md does not show:"; cat "$work/out"; exit 1; }
for goal in demo check
do
  grep -q "^    ./bootstrap $goal" "$WG_SRCDIR/README.md" || { echo "README.md lacks ./bootstrap $goal"; exit 1; }
done
