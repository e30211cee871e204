#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright the Wengert developers
#
# Prints 'N passed, N failed, N skipped' for the tests that make check has just run, and fails when one
# failed or none passed.
#   totals.sh BUILD-FOLDER
# Programs of libcheck count by their own checks, as their logs say; scripts, and programs that ended before
# they could say, count as one each.
set -eu
cd "$1"

find tests demos -name '*.trs' 2>/dev/null | {
  passed=0 failed=0 skipped=0
  while read -r trs
  do
    result=$(sed -n 's/^:test-result: *//p' "$trs")
    # 100%: Checks: 12, Failures: 0, Errors: 0
    counts=$(sed -n 's/^[0-9]*%: Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\).*/\1 \2 \3/p' \
               "${trs%.trs}.log" | awk '{ n += $1; bad += $2 + $3 } END { if (NR) print n - bad, bad }')
    good=${counts% *} bad=${counts#* }
    case $result in
      PASS) passed=$((passed + ${good:-1})) ;;
      SKIP) skipped=$((skipped + 1)) ;;
      *)    passed=$((passed + ${good:-0}))
            if [ "${bad:-0}" -eq 0 ]; then bad=1; fi
            failed=$((failed + bad)) ;;
    esac
  done
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
