/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * What scans keep and compute again: the schedule against the best that there is, found by trying all (dynamic
 * programming over the recurrence of Griewank and Walther), and against their formula; the counters of reverse sweeps; limits
 * in bytes held; allocation on first calls only, each of which may fail.
 */
#include <check.h>
#include <math.h>

#include <wengert.h>

#include "allocations.h"
#include "fun/checkpoints.h"
#include "runner.h"

#define LIBRARY(e) __extension__ ({ inside = 1; __auto_type result_ = e; inside = 0; result_; })

/* the schedule */

enum { STEPS = 90, STATES = 12 };

/* Forward steps that reversing l takes with s states, by the schedule. */
static size_t by_schedule (size_t l, size_t s)
{
  if (l < 2) return 0;
  if (s < 2) return l*(l - 1)/2;
  const size_t m = wgi_checkpoint_advance (l, s);
  ck_assert_msg (m >= 1 && m < l, "%zu steps, %zu states: on by %zu", l, s, m);
  return m + by_schedule (l - m, s - 1) + by_schedule (m, s);
}

static size_t binomial (size_t n, size_t k)
{
  size_t b = 1;
  for (size_t i = 1; i <= k; i++) b = b*(n - k + i)/i;
  return b;
}

static size_t by_formula (size_t l, size_t s)
{
  size_t r = 0;
  while (binomial (s + r, s) < l) r++;
  return r ? r*l - binomial (s + r, r - 1) : 0;
}

START_TEST (the_schedule_is_the_best)
{
  static size_t best[STEPS + 1][STATES + 1];
  for (size_t s = 1; s <= STATES; s++)
    for (size_t l = 2; l <= STEPS; l++)
      {
        best[l][s] = l*(l - 1)/2;
        for (size_t m = 1; m < l && s > 1; m++)
          {
            const size_t t = m + best[l-m][s-1] + best[m][s];
            if (t < best[l][s]) best[l][s] = t;
          }
      }
  for (size_t s = 1; s <= STATES; s++)
    for (size_t l = 1; l <= STEPS; l++)
      {
        ck_assert_uint_eq (by_formula (l, s), best[l][s]);
        ck_assert_msg (by_schedule (l, s) == best[l][s], "%zu steps, %zu states: %zu, could be %zu", l, s, by_schedule (l, s), best[l][s]);
      }
  ck_assert_uint_eq (by_schedule (10, 3), 15);         /* the example of the paper: 10 steps, 3 states, r = 2 */
}
END_TEST

START_TEST (a_root_runs_no_step_thrice)
{
  for (size_t l = 1; l < 3000; l++)
    {
      const size_t kept = wgi_checkpoint_root (l);
      ck_assert (binomial (kept + 3, 2) >= l && (!kept || binomial (kept + 2, 2) < l));
    }
}
END_TEST

/* sweeps */

static void swing (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_add (x[0], wg_mul (.1, x[1]));
  y[1] = wg_sub (x[1], wg_mul (x[2], wg_sin (x[0])));
  y[2] = wg_sqr (y[0]);
}

typedef struct { wg_fun *step; size_t steps; } course;

static void course_model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const course *c = ctx;
  wg_var s[2], out[STEPS];
  (void) n, (void) m;
  wg_scan (c->step, c->steps, 2, x, 1, &(wg_arg){ .var = x + 2, .width = 1 }, s, out);
  y[0] = wg_add (s[0], wg_mul (s[1], out[0]));
  for (size_t k = 1; k < c->steps; k++) y[0] = wg_add (y[0], out[k]);
}

static const double at[3] = { .7, -.3, .25 }, elsewhere[3] = { -.4, .6, .125 }, direction[3] = { 1, -2, .5 };

START_TEST (sweeps_count_what_they_do)
{
  double y, g[3], h[3];
  for (size_t l = 1; l <= STEPS; l += l < 12 ? 1 : 13)
    for (size_t kept = 0; kept <= 14; kept++)
      for (int second = 0; second < 2; second++)
        {
          course c = { wg_fun_record (swing, NULL, 3, 3, at), l };
          wg_fun *f = wg_fun_record (course_model, &c, 3, 1, at);
          const size_t one = second ? 2*2*8 + 8 : 2*8 + 8, bytes = kept*one + one - 1, most = kept < l ? kept : l - 1;
          wg_scan_info now, then;
          ck_assert (c.step && f && !wg_fun_set_checkpoints (f, bytes) && !wg_fun_get_scan_info (f, &now));
          ck_assert (now.limit == bytes && !now.reversed && !now.again && !now.states && !now.bytes);
          ck_assert (!(second ? wg_hvp (f, at, direction, &y, g, h) : wg_gradient (f, at, &y, g)) && !wg_fun_get_scan_info (f, &now));
          ck_assert_uint_eq (now.reversed, l);
          /* what the values' sweep ran on its way to the last step is no recomputation */
          ck_assert_msg (now.again == by_formula (l, kept + 1) - (l - 1), "%zu steps, %zu states: %zu again", l, kept, now.again);
          ck_assert (now.states <= most && now.bytes == now.states*one && now.bytes <= bytes);
          ck_assert_uint_eq (now.states, most < l - 1 || l < 2 ? most : l - 1);
          ck_assert (!wg_gradient (f, elsewhere, &y, g) && !wg_fun_get_scan_info (f, &then) && then.reversed == 2*l);
          wg_fun_free (f), wg_fun_free (c.step);
        }
}
END_TEST

START_TEST (limits_are_for_all_calls)
{
  double y, g[3];
  wg_scan_info info;
  course c = { wg_fun_record (swing, NULL, 3, 3, at), 66 };
  wg_fun *f = wg_fun_record (course_model, &c, 3, 1, at), *d = wg_fun_gradient (f);
  double h[3], J[9];
  ck_assert (f && d && !wg_fun_get_scan_info (f, &info) && info.limit == WG_ALL_STATES);
  ck_assert (!wg_gradient (f, at, &y, g) && !wg_fun_get_scan_info (f, &info));
  ck_assert (info.states == 65 && info.again == 0 && info.bytes == 65*24);
  ck_assert (!wg_fun_set_checkpoints (f, WG_ROOT_STATES) && !wg_gradient (f, at, &y, g) && !wg_fun_get_scan_info (f, &info));
  ck_assert (info.again <= 66 && info.again > 0 && info.reversed == 132);      /* C (9 + 3, 2) = 66 steps: 9 states */
  wg_fun *clone = wg_fun_clone (f);
  ck_assert (!wg_fun_get_scan_info (clone, &info) && info.limit == WG_ROOT_STATES && !info.reversed);
  ck_assert (!wg_gradient (clone, at, &y, g) && !wg_fun_get_scan_info (clone, &info));
  ck_assert_uint_eq (info.states, 9);
  wg_fun *derived = wg_fun_gradient (clone);
  ck_assert (!wg_fun_get_scan_info (derived, &info) && info.limit == WG_ROOT_STATES);
  ck_assert (!wg_eval (derived, at, h) && !wg_fun_get_scan_info (derived, &info) && info.states == 9 && info.reversed == 66);
  ck_assert_mem_eq (g, h, sizeof g);
  ck_assert (!wg_jacobian (d, at, NULL, J));
  wg_fun_free (clone), wg_fun_free (derived), wg_fun_free (d), wg_fun_free (f), wg_fun_free (c.step);
}
END_TEST

/* memory */

enum { DRIVERS = 6 };

static int driver (wg_fun *f, int which, const double x[], double o[12])
{
  switch (which)
    {
    case 0: return wg_eval (f, x, o);
    case 1: return wg_gradient (f, x, o, o + 3);
    case 2: return wg_jvp (f, x, direction, o, o + 3);
    case 3: return wg_hvp (f, x, direction, o, o + 3, o + 6);
    case 4: return wg_fvv (f, x, direction, o, o + 3, o + 6);
    default: return wg_hessian (f, x, o, o, o + 3);
    }
}

START_TEST (drivers_allocate_on_the_first_call)
{
  static const size_t limits[] = { WG_ALL_STATES, WG_ROOT_STATES, 100, 0 };
  double o[12];
  course c = { LIBRARY (wg_fun_record (swing, NULL, 3, 3, at)), STEPS };
  wg_fun *f = LIBRARY (wg_fun_record (course_model, &c, 3, 1, at));
  LIBRARY (wg_fun_set_checkpoints (f, limits[_i]));
  for (int d = 0; d < DRIVERS; d++) ck_assert (!LIBRARY (driver (f, d, at, o)));
  const long before = calls;
  for (int again = 0; again < 2; again++)
    for (int d = 0; d < DRIVERS; d++) ck_assert (!LIBRARY (driver (f, d, again ? at : elsewhere, o)));
  ck_assert_int_eq (calls, before);
  inside = 1, wg_fun_free (f), wg_fun_free (c.step), inside = 0;
  ck_assert_int_eq (live, 0);
}
END_TEST

/* All of it, the k-th allocation failing: the status, or the number that there is with memory. */
static int life (double o[15])
{
  int rc = WG_OK;
  course c = { wg_fun_record (swing, NULL, 3, 3, at), 7 };
  wg_fun *f = c.step ? wg_fun_record (course_model, &c, 3, 1, at) : NULL, *v = f ? wg_fun_jvp (f) : NULL;
  wg_fun *d = v ? wg_fun_gradient (v) : NULL;
  if (!d) rc = wg_fun_status (NULL);
  if (!rc) rc = wg_fun_set_checkpoints (d, 100);
  if (!rc) rc = wg_eval (d, (double[]){ .7, -.3, .25, 1, -2, .5 }, o);
  if (!rc) rc = wg_fvv (d, (double[]){ .7, -.3, .25, 1, -2, .5 }, (double[]){ 1, 2, 3, 4, 5, 6 }, NULL, NULL, o + 9);
  if (!rc) rc = wg_hvp (f, at, direction, NULL, NULL, o + 6);
  wg_fun_free (d), wg_fun_free (v), wg_fun_free (f), wg_fun_free (c.step);
  return rc;
}

START_TEST (each_allocation_may_fail)
{
  double expected[15] = { 0 }, got[15];
  long k = 1;
  ck_assert (!LIBRARY (life (expected)));
  for (size_t i = 0; i < 3; i++)          /* d/dx (J v) = H v; some hundred roundings of numbers below 10 */
    ck_assert (fabs (expected[i] - expected[6 + i]) < 1e-12 && expected[i] != 0);
  for (refused = 1; refused; k++)
    {
      for (int i = 0; i < 15; i++) got[i] = 0;
      refused = 0, calls = 0, fail_at = k;
      const int rc = LIBRARY (life (got));
      fail_at = 0;
      ck_assert_msg (rc == (refused ? WG_ENOMEM : WG_OK), "allocation %ld: %d, %s", k, rc, wg_last_error ());
      ck_assert_msg (live == 0, "allocation %ld leaks %ld blocks", k, live);
      if (!rc) ck_assert_mem_eq (got, expected, sizeof got);
    }
  ck_assert_int_gt (k, 100);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("scan, inside");
  TCase *t = tcase_create ("states and memory");
  tcase_set_timeout (t, 300);
  tcase_add_test (t, the_schedule_is_the_best);
  tcase_add_test (t, a_root_runs_no_step_thrice);
  tcase_add_test (t, sweeps_count_what_they_do);
  tcase_add_test (t, limits_are_for_all_calls);
  tcase_add_loop_test (t, drivers_allocate_on_the_first_call, 0, 4);
  tcase_add_test (t, each_allocation_may_fail);
  suite_add_tcase (s, t);
  return run_suite (s);
}
