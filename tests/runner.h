/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * How every test program ends: its suite runs as the variables CK_... of the environment say.  The line with the
 * percentage that comes out is what tests/totals.sh counts; it is printed unless CK_VERBOSITY=silent.
 */
#ifndef WENGERT_TESTS_RUNNER_H
#define WENGERT_TESTS_RUNNER_H

#include <check.h>

/* Runs and frees the suite; the status for main to return: 0 if all passed. */
static int run_suite (Suite *suite)
{
  SRunner *runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  const int failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed != 0;
}

#endif
