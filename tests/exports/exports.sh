#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright the Wengert developers
#
# What the shared libraries, libwengert and libwengert-gsl, give and take.
#   1. Their exported names are those of exports.list and exports-gsl.list, kept by hand: a name that comes or
#      goes is a decision, not an accident.
#   2. They call nothing that prints to the standard streams, ends the process, reads the environment or
#      installs a handler; nor GSL's error handler.
#   3. They have no writable globals but thread-local ones.
set -eu

if [ "${WG_INSTRUMENTED:-no}" = yes ]; then echo "instrumented build: its names are not the library's own"; exit 77; fi
if [ ! -f "$WG_BUILDDIR/.libs/libwengert.so" ] || [ -z "${NM-}" ]; then echo "no shared library or no nm"; exit 77; fi

work=$(mktemp -d "${TMPDIR:-/tmp}/wengert-exports.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
LC_ALL=C
export LC_ALL
# NM may be several words, as in "nm -B".
# shellcheck disable=SC2086
failed=0

# look LIBRARY LIST
look ()
{
  library=$WG_BUILDDIR/.libs/$1.so
  list=tests/exports/$2

  # 1
  $NM -D --defined-only "$library" | awk '{ sub (/@.*/, "", $NF); print $NF }' | sort > "$work/exported"
  grep -v '^#' "$WG_SRCDIR/$list" | sort > "$work/kept"
  if ! diff "$work/kept" "$work/exported" > "$work/difference"
  then
    echo "exported names of $1 differ from $list (< kept, > exported):"
    cat "$work/difference"
    failed=1
  fi

  # 2: with the names that fortification gives them
  $NM -D --undefined-only "$library" | awk '{ sub (/@.*/, "", $NF); print $NF }' | sort > "$work/needed"
  refused='abort|exit|_exit|_Exit|quick_exit|at_quick_exit|atexit|raise|kill|__assert_fail|__assert|err|errx|warn|warnx'
  refused="$refused|printf|vprintf|__printf_chk|__vprintf_chk|puts|putchar|perror|psignal|stdin|stdout|stderr"
  refused="$refused|getenv|secure_getenv|setenv|putenv|setlocale|signal|sigaction|system|popen|srand|rand|random"
  refused="$refused|gsl_error|gsl_set_error_handler|gsl_set_error_handler_off|gsl_stream_printf"
  if grep -E -x "$refused" "$work/needed" > "$work/refused"
  then
    echo "$1 must not use:"
    cat "$work/refused"
    failed=1
  fi

  # 3: by section, for constant tables with pointers lie in .data.rel.ro; the names listed come with every
  # shared object, or with the question which processor this is
  $NM -f sysv "$library" | awk -F '|' '
    { name = $1; kind = $4; section = $7; gsub (/ /, "", name); gsub (/ /, "", kind); gsub (/ /, "", section) }
    kind == "TLS" || section !~ /^(\.data|\.bss|\.sdata|\.sbss|COMMON|\*COM\*)/ || section ~ /^\.data\.rel\.ro/ { next }
    name ~ /^(__dso_handle|__TMC_END__|completed\.[0-9]+|_edata|__bss_start|_end|__cpu_model|__cpu_features2|\.data|\.bss)$/ { next }
    { print name, section }' > "$work/writable"
  if [ -s "$work/writable" ]
  then
    echo "writable globals of $1:"
    cat "$work/writable"
    failed=1
  fi

  wc -l < "$work/exported" | awk -v library="$1" '{ print library ":", $1, "names exported" }'
}

look libwengert exports.list
if [ "${WG_GSL:-no}" = yes ]; then look libwengert-gsl exports-gsl.list; fi
exit $failed
