/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Rolled loops that call: functions with branches and parameters, custom ones, and loops over rows of data, which are
 * bound within too.
 */
#include "rolling.h"
#include "runner.h"

static wg_fun *called, *custom, *summed;

static int pair_eval (size_t n, const double x[], size_t m, double y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = x[0]*x[1], y[1] = x[0] - x[1];
  return 0;
}

MODEL (pair_jacobian)
{
  (void) n, (void) m, (void) ctx;
  y[0] = x[1], y[1] = x[0], y[2] = wg_num (1), y[3] = wg_num (-1);
}

MODEL (weighted)
{
  (void) n, (void) m, (void) ctx;
  const wg_var p = wg_param (x[0], 0, 2);
  y[0] = wg_mul (p, wg_mul (x[0], wg_add (x[1], p)));
}

static void set_calls (void)
{
  const wg_rules rules = { .eval = pair_eval, .jacobian = pair_jacobian };
  called = record_bent ();
  summed = agree_record (weighted, NULL, 2, 1, (double[]){ 1, 2 });
  custom = wg_fun_custom (&rules, NULL, 2, 2);
  ck_assert_msg (custom != NULL, "%s", wg_last_error ());
}

static void free_calls (void) { wg_fun_free (called), wg_fun_free (custom), wg_fun_free (summed); }

MODEL (calls)                    /* in all trips the same ones, of variables, results and numbers */
{
  COUNT;
  wg_var s = x[2];
  y[0] = y[1] = wg_num (0);
  for (size_t i = 0; i < count; i++)
    {
      wg_var a[2], b[2], t;
      wg_call (called, (wg_var[]){ x[i % n], wg_sub (x[3], data[i]), wg_num (data[i + 7]) }, NULL, a);
      wg_call (custom, (wg_var[]){ a[1], x[pick[i]] }, NULL, b);
      wg_map_sum (summed, 5, 3, (wg_arg[]){ { .var = x + 2, .width = 1, .stride = 1 }, { .var = &b[1], .width = 1 },
                  { .data = data + 3, .width = 1, .stride = 1, .slot = 4 } }, &t);
      y[0] = wg_add (y[0], wg_mul (a[0], x[1])), y[1] = wg_sub (y[1], wg_add (t, b[0]));
      wg_call (called, (wg_var[]){ x[0], x[1], s }, &x[i % n], a);      /* of the trip before: stays */
      s = wg_min (wg_max (a[1], -9.0), 9.0);
    }
  y[1] = wg_add (y[1], s);
}

MODEL (uncalled)                 /* other ones in each trip: other rows, other functions */
{
  COUNT;
  y[0] = wg_num (0);
  for (size_t i = 0; i < count; i++)
    {
      wg_var a[2];
      wg_map_sum (summed, 5, 2, (wg_arg[]){ { .var = x, .width = 2, .stride = 1 }, { .data = data + i, .width = 1, .stride = 1 } }, a);
      y[0] = wg_add (y[0], wg_mul (a[0], x[i % n]));
    }
  for (size_t i = 0; i < count; i++)
    {
      wg_var a[2];
      wg_call (i % 3 ? custom : called, x + i % 4, NULL, a);
      y[0] = wg_add (y[0], a[i % 2]);
    }
}

static const rolled_case known[] = {
  { "calls", calls, 2, TRIPS, 1, 60 }, { "other calls", uncalled, 1, 96, -1, 90 },
};

START_TEST (test_known)
{
  set_calls ();
  agree_rolled (&known[_i]);
  free_calls ();
}
END_TEST

/* rows of a loop that is called in a rolled one are bound there */

START_TEST (test_bound)
{
  size_t trips = TRIPS;
  double x[AGREE_MOST];
  wg_fun *f[2];
  set_data (), set_calls ();
  for (size_t i = 0; i < AGREE_MOST; i++) x[i] = (double) (i*i % 11) - 5;
  record_both (calls, &trips, N, 2, x, f);
  for (int s = 0; s < 2; s++) ck_assert_msg (wg_fun_bind (f[s], 4, 5, data + 100, NULL) == WG_OK, "%s", wg_last_error ());
  agree (f[0], f[1], x, 1);
  for (int s = 0; s < 2; s++) ck_assert_int_eq (wg_fun_bind (f[s], 4, 6, data, NULL), WG_ESHAPE);
  for (int s = 0; s < 2; s++) wg_fun_free (f[s]);
  free_calls ();
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("calls");
  TCase *t = tcase_create ("calls");
  tcase_set_timeout (t, 0);
  tcase_add_loop_test (t, test_known, 0, (int) (sizeof known/sizeof *known));
  tcase_add_test (t, test_bound);
  suite_add_tcase (s, t);
  return run_suite (s);
}
