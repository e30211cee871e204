/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Rolled loops and comparisons: those within become one guard of the loop, whichever trips have other outcomes; what is branched on stays
 * as it is where it depends on the last bits of what is rolled.
 */
#include "rolling.h"
#include "runner.h"

MODEL (branches)                 /* guards in a loop, other outcomes at other points */
{
  COUNT;
  y[0] = wg_num (0);
  for (size_t i = 0; i < count; i++)
    {
      wg_var z = wg_sub (wg_mul (2.0, x[i % n]), data[i]);
      if (wg_lt (z, 0.0)) z = wg_mul (-3.0, z);
      y[0] = wg_add (y[0], wg_mul (z, x[1]));
    }
}

MODEL (compared)                 /* guards with one outcome in all trips, true and false, and one on the sum so far that stays outside */
{
  COUNT;
  wg_var s = x[2];
  y[0] = wg_num (0);
  for (size_t i = 0; i < count; i++)
    {
      wg_var z = wg_sub (wg_mul (2.0, x[i % n]), data[i]);
      for (size_t j = 0; j < 8; j++) z = wg_add (z, wg_mul (data[8*i + j], wg_abs (wg_sub (x[j], x[i % n]))));
      if (wg_lt (z, -900 - data[i])) z = wg_mul (-3.0, z);
      if (wg_le (wg_abs (z), wg_add (x[0], 900.0))) z = wg_add (z, x[1]);
      if (wg_eq (wg_add (z, .5), x[3])) z = x[0];
      if (wg_gt (s, 1e9)) s = x[2];
      s = wg_add (s, wg_abs (z)), y[0] = wg_add (y[0], wg_mul (z, x[1]));
    }
}

MODEL (between)                  /* gathered from among what branches, which are no numbers */
{
  COUNT;
  wg_var r[40];
  for (size_t i = 0; i < 40; i++)
    {
      r[i] = wg_mul (data[i], x[i % n]);
      if (wg_lt (r[i], data[i + 7])) r[i] = wg_sub (x[1], r[i]);
    }
  y[0] = wg_num (0);
  for (size_t i = 0; i < count; i++) y[0] = wg_add (y[0], wg_mul (data[i], wg_sqr (wg_sub (r[5 + pick[i]], r[20 + pick[i]]))));
}

static const rolled_case known[] = {
  { "branches", branches, 1, TRIPS, 0, 90 }, { "compared", compared, 1, TRIPS, 1, 90 },
  { "between comparisons", between, 1, TRIPS, 1, 60 },
};

START_TEST (test_known) { agree_rolled (&known[_i]); } END_TEST

/* guards in loops: at each of several points other trips have other outcomes, in either loop of a nest; all are right, by all drivers and as
 * functions, from whichever trace one comes, and each is recorded once */

enum { RAMP = 24 };

MODEL (ramps)                    /* in and above an inner loop that is long enough to be rolled again */
{
  COUNT;
  y[0] = wg_num (0);
  for (size_t i = 0; i < count; i++)
    {
      wg_var z = wg_num (0);
      for (size_t j = 0; j < 150; j++)
        {
          wg_var d = wg_mul (wg_sub (x[j % n], wg_mul (data[j], x[(i + j) % n])), wg_add (x[1], 2.0));
          for (size_t k = 0; k < 8; k++) d = wg_add (wg_sub (d, wg_mul (data[k], x[k])), wg_abs (wg_mul (data[9*k], x[j % n])));
          if (wg_lt (x[0], i == 7 && j == 33 ? 3.0 : i == 22 ? 4.0 : -100.0)) d = wg_mul (d, 3.0);
          if (wg_lt (x[2], i == 21 ? 3.0 : 100.0)) d = wg_sub (1.0, d);
          z = wg_add (z, d);
        }
      if (wg_le (1000.0 + (double) i, wg_mul (x[1], 100.0))) z = wg_sub (2.0, z);
      y[0] = wg_add (y[0], wg_mul (z, x[i % n]));
    }
}

START_TEST (test_guards)
{
  size_t trips = RAMP;
  enum { POINTS = 5 };
  rp_random r = { 3 };
  double x[POINTS][AGREE_MOST];
  wg_fun *f[2];
  set_data ();
  for (size_t k = 0; k < POINTS; k++) for (size_t i = 0; i < AGREE_MOST; i++) x[k][i] = (double) (i*i % 5);
  x[0][0] = 5, x[1][0] = 3, x[2][0] = 2, x[0][2] = x[1][2] = x[2][2] = x[3][2] = 1;       /* no trip, all trips of an inner loop, those and one */
  x[3][1] = 20;                                  /* all outer trips */
  x[4][0] = 3, x[4][2] = 5;                      /* as many out of one outcome as into the other */
  record_both (ramps, &trips, N, 1, x[0], f);
  ck_assert_uint_ge (info_of (f[1]).loops, 1);
  ck_assert_uint_ge (info_of (f[1]).rolled, info_of (f[1]).recorded*9/10);
  for (int visit = 0; visit < 30; visit++) agree_drivers (f[0], f[1], x[rp_below (&r, POINTS)]);
  ck_assert_uint_le (info_of (f[1]).recordings, POINTS);
  for (size_t k = 0; k < POINTS; k++) agree (f[0], f[1], x[k], 1);
  for (int s = 0; s < 2; s++) wg_fun_free (f[s]);
}
END_TEST

/* a branch that depends on the last bits of a rolled sum: at such a point the recording stands as it is */

MODEL (tie)
{
  COUNT;
  wg_var s = wg_num (0);
  double exact = 0;
  for (size_t i = 0; i < count; i++)
    {
      s = wg_add (s, wg_mul (x[0], wg_mul (x[1], .1*(double) (i*i))));
      exact += x[0].value*(x[1].value*(.1*(double) (i*i)));
    }
  y[0] = wg_eq (s, exact) ? wg_mul (s, x[0]) : wg_num (-1);
}

START_TEST (test_tie)
{
  size_t trips = TRIPS;
  wg_fun *f[2];
  double y[2];
  const double x[2] = { 1.1, .7 };
  record_both (tie, &trips, 2, 1, x, f);
  for (int s = 0; s < 2; s++) ck_assert_msg (wg_eval (f[s], x, &y[s]) == WG_OK, "%s", wg_last_error ());
  ck_assert (y[0] == y[1] && y[0] > 0);
  for (int s = 0; s < 2; s++) wg_fun_free (f[s]);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("guards");
  TCase *t = tcase_create ("guards");
  tcase_set_timeout (t, 0);
  tcase_add_loop_test (t, test_known, 0, (int) (sizeof known/sizeof *known));
  tcase_add_test (t, test_guards);
  tcase_add_test (t, test_tie);
  suite_add_tcase (s, t);
  return run_suite (s);
}
