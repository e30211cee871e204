#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright the Wengert developers
#
# make dist leaves no file of the repository out.  Needs a git checkout; what is not committed yet counts,
# unless .gitignore says otherwise.
set -eu

unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES 2> /dev/null || :
cd "$WG_SRCDIR"
if [ ! -e .git ] || ! git ls-files > /dev/null 2>&1; then echo "not a git checkout"; exit 77; fi
work=$(mktemp -d "${TMPDIR:-/tmp}/wengert-dist.XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

{ git ls-files; git ls-files --others --exclude-standard src include tests demos bench doc m4; } | grep -v -e "^\.git" -e "~$" |
  while read -r file; do if [ -f "$file" ]; then echo "$file"; fi; done | LC_ALL=C sort > "$work/kept"
cd "$WG_BUILDDIR"
"${MAKE:-make}" distdir distdir="$work/copy" > "$work/output" 2>&1 || { cat "$work/output"; exit 1; }
(cd "$work/copy" && find . -type f) | sed 's|^\./||' | LC_ALL=C sort > "$work/shipped"
if missing=$(comm -23 "$work/kept" "$work/shipped") && [ -n "$missing" ]
then
  echo "not in the tarball; Makefile.am should name:"
  echo "$missing"
  exit 1
fi
wc -l < "$work/shipped" | awk '{ print $1, "files" }'
