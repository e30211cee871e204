/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Memory of wg_minimize, with and without bounds: with the k-th allocation failing, for every k, the answer is
 * WG_ENOMEM, x is untouched and nothing leaks; and nothing is allocated within the search.  Link with
 * --wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free and the static core.
 */
#include <check.h>
#include <string.h>

#include <wengert/generic.h>
#include <wengert/minimize.h>

#include "allocations.h"
#include "runner.h"

static void model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m, (void) ctx;
  y[0] = wg_num (0);
  for (size_t i = 0; i + 1 < n; i++)
    y[0] = wg_add (y[0], wg_add (wg_mul (100, wg_sqr (wg_sub (x[i+1], wg_sqr (x[i])))), wg_sqr (wg_sub (1, x[i]))));
}

static const double low[3] = { -2, -2, -2 }, high[3] = { 2, .5, 2 };

static const wg_minimize_options calls_made[] = {
  { .method = WG_MINIMIZE_NEWTON_CG },
  { .method = WG_MINIMIZE_NEWTON_CG, .lower = low, .upper = high },
  { .method = WG_MINIMIZE_NEWTON_CG, .preconditioner = WG_PRECONDITION_LBFGS },
  { .method = WG_MINIMIZE_NEWTON_DENSE },
  { .method = WG_MINIMIZE_NEWTON_SPARSE },
  { .method = WG_MINIMIZE_LBFGS },
  { .method = WG_MINIMIZE_LBFGS, .lower = low, .upper = high },
  { .method = WG_MINIMIZE_SGD, .gradient_tolerance = 5 },
  { .method = WG_MINIMIZE_ADAM, .gradient_tolerance = 5 },
};

/* Two or three blocks, and the planes of the handle; with a plan its colouring, pattern and factor. */
static const long most[sizeof calls_made/sizeof *calls_made] = { 9, 9, 9, 9, 200, 9, 9, 9, 9 };

START_TEST (every_failure)
{
  static const double start[3] = { -1.2, 1, .5 };
  for (long k = 1, rc = WG_ENOMEM; rc; k++)
    {
      double x[3];
      memcpy (x, start, sizeof x);
      inside = 1, fail_at = 0;
      wg_fun *f = wg_fun_record (model, NULL, 3, 1, x);
      fail_at = k, calls = 0;
      rc = f ? wg_minimize (f, x, &calls_made[_i], NULL) : WG_ENOMEM;
      wg_fun_free (f);
      inside = 0;
      ck_assert_msg (f && rc == (calls < k ? WG_OK : WG_ENOMEM), "allocation %ld: status %ld", k, rc);
      if (rc) ck_assert_mem_eq (x, start, sizeof x);
      else ck_assert_msg (calls <= most[_i], "%ld allocations", calls);
      ck_assert_msg (live == 0, "%ld blocks leak", live);
    }
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("memory of minimize");
  TCase *t = tcase_create ("all");
  tcase_add_loop_test (t, every_failure, 0, sizeof calls_made/sizeof *calls_made);
  suite_add_tcase (s, t);
  return run_suite (s);
}
