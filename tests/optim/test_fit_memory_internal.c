/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Memory of wg_least_squares, its covariance and report, and wg_root: with the k-th allocation failing, for
 * every k, the answer is WG_ENOMEM, x is untouched and nothing leaks; and nothing is allocated within the
 * search.  Link with --wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free and the static core.
 */
#include <check.h>
#include <string.h>

#include <wengert/generic.h>
#include <wengert/least_squares.h>
#include <wengert/root.h>

#include "allocations.h"
#include "runner.h"

static void model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) ctx;
  for (size_t i = 0; i < m; i++)
    y[i] = wg_sub (wg_add (x[i % n], wg_mul (.1, wg_exp (x[(i + 1) % n]))), .37*(double) i);
}

enum { FIT_QR, FIT_CG, COVARIANCE, REPORT, ROOT_DENSE, ROOT_KRYLOV, CALLS };

static int call (int which, wg_fun *f, double x[], FILE *out)
{
  const wg_least_squares_options cg = { .method = WG_LEAST_SQUARES_CG };
  const wg_root_options krylov = { .method = WG_ROOT_KRYLOV };
  double C[9];
  switch (which)
    {
    case FIT_QR: return wg_least_squares (f, x, NULL, NULL);
    case FIT_CG: return wg_least_squares (f, x, &cg, NULL);
    case COVARIANCE: return wg_least_squares_covariance (f, x, NULL, NULL, C);
    case REPORT: return wg_least_squares_report (out, f, x, NULL, NULL, NULL, 1);
    case ROOT_DENSE: return wg_root (f, x, NULL, NULL);
    default: return wg_root (f, x, &krylov, NULL);
    }
}

START_TEST (every_failure)
{
  static const double start[3] = { .3, -.2, .5 };
  FILE *out = tmpfile ();
  for (long k = 1, rc = WG_ENOMEM; rc; k++)
    {
      double x[3];
      memcpy (x, start, sizeof x);
      inside = 1, fail_at = 0;
      wg_fun *f = wg_fun_record (model, NULL, 3, _i < ROOT_DENSE ? 8 : 3, x);
      fail_at = k, calls = 0;
      rc = f ? call (_i, f, x, out) : WG_ENOMEM;
      wg_fun_free (f);
      inside = 0;
      ck_assert_msg (f && rc == (calls < k ? WG_OK : WG_ENOMEM), "allocation %ld: status %ld", k, rc);
      if (rc) ck_assert_mem_eq (x, start, sizeof x);
      else ck_assert_msg (calls <= 9, "%ld allocations", calls);       /* three or four here, the planes of the handle */
      ck_assert_msg (live == 0, "%ld blocks leak", live);
    }
  fclose (out);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("memory of fits");
  TCase *t = tcase_create ("all");
  tcase_add_loop_test (t, every_failure, 0, CALLS);
  suite_add_tcase (s, t);
  return run_suite (s);
}
