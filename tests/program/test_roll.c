/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Rolled loops.  Law: a function recorded with rolling is the one recorded without.  Models of small integers whose products have few factors
 * are exact in every order of summation, so that all drivers and derived functions agree to the last bit; with
 * elementary functions they agree within a derived bound.  Known loops are found, and what is none is not; then random programs
 * of loops, nests, gathers, sums, recurrences, branches and trips that differ.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../fun/agree.h"

enum { N = 12, TRIPS = 100 };

static double data[4000];
static int pick[4000];

static void set_data (void)
{
  rp_random r = { 5 };
  for (size_t i = 0; i < 4000; i++) data[i] = (double) rp_below (&r, 7) - 3, pick[i] = (int) rp_below (&r, N);
}

/* The same model without and with rolling. */
static void record_both (wg_model *model, void *ctx, size_t n, size_t m, const double x[], wg_fun *f[2])
{
  for (int on = 0; on < 2; on++)
    {
      const int before = wg_set_rolling (on);
      f[on] = wg_fun_record (model, ctx, n, m, x);
      ck_assert_int_eq (wg_set_rolling (before), on);
      ck_assert_msg (f[on] != NULL, "%s", wg_last_error ());
    }
}

static wg_fun_info info_of (const wg_fun *f)
{
  wg_fun_info info;
  ck_assert_int_eq (wg_fun_get_info (f, &info), WG_OK);
  return info;
}

/* loops that must be found: the context of each model is how many trips */

#define MODEL(name) static void name (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
#define COUNT const size_t count = *(size_t *) ctx; (void) n, (void) m; (void) count

MODEL (regression)               /* rows of data, shared variables, one sum */
{
  COUNT;
  y[0] = wg_num (0);
  for (size_t i = 0; i < count; i++)
    {
      wg_var z = wg_num (0);
      for (size_t j = 0; j < n; j++) z = wg_add (z, wg_mul (data[i*n + j], x[j]));
      y[0] = wg_add (y[0], wg_mul (z, x[0]));
    }
}

MODEL (difference)               /* subtracted, begins at a variable; two terms in each trip; a second sum */
{
  COUNT;
  wg_var f = x[1], g = wg_num (3);
  for (size_t i = 0; i < count; i++)
    {
      f = wg_sub (f, wg_mul (data[i], x[2]));
      f = wg_add (wg_mul (x[3], x[4]), f);
      g = wg_add (g, wg_mul (data[i + 1], wg_sqr (x[5])));
    }
  y[0] = wg_sub (f, g);
}

MODEL (gathered)                 /* two of many, by a table */
{
  COUNT;
  y[0] = wg_num (0);
  for (size_t i = 0; i < count; i++)
    {
      const wg_var d = wg_sub (x[pick[i]], x[pick[i + 200]]);
      y[0] = wg_add (y[0], wg_add (wg_mul (data[i], wg_sqr (d)), wg_mul (2.0, d)));
    }
}

MODEL (outputs)                  /* results of each trip, used by another loop and directly */
{
  COUNT;
  wg_var *r = malloc (count*sizeof *r);
  for (size_t i = 0; i < count; i++) r[i] = wg_sub (wg_mul (data[i], x[i % n]), wg_sqr (x[3]));
  y[0] = wg_num (0);
  for (size_t i = 0; i + 1 < count; i++) y[0] = wg_add (y[0], wg_mul (r[i + 1], wg_add (r[i], x[1])));
  for (size_t k = 1; k < m; k++) y[k] = r[k*count/m];
  free (r);
}

MODEL (nest)                     /* components within items, as in a mixture: a matrix of variables, a table, results of the inner loop */
{
  COUNT;
  wg_var t[24];
  y[0] = wg_num (0);
  for (size_t i = 0; i < count; i++)
    {
      for (size_t k = 0; k < 24; k++)
        {
          t[k] = wg_num (0);
          for (size_t j = 0; j < 12; j++)
            t[k] = wg_add (t[k], wg_mul (data[k], wg_abs (wg_sub (wg_mul (data[12*i + j], x[j]), x[(k + j) % n]))));
        }
      wg_var top = t[0];
      for (size_t k = 1; k < 24; k++) top = wg_max (top, t[k]);
      y[0] = wg_sub (y[0], top);
    }
}

MODEL (parameters)               /* read in each trip, and in all */
{
  COUNT;
  wg_var p[TRIPS + 1];
  wg_params (x[0], 0, TRIPS + 1, data, p);
  y[0] = wg_num (0);
  for (size_t i = 0; i < count; i++) y[0] = wg_add (y[0], wg_mul (wg_add (p[i], wg_mul (p[TRIPS], x[0])), x[i % n]));
}

MODEL (windows)                  /* of the inputs, backwards too */
{
  COUNT;
  y[0] = wg_num (0);
  for (size_t i = 0; i < count; i++)
    {
      const size_t k = i % (n - 3);
      y[0] = wg_add (y[0], wg_mul (wg_sub (x[k + 2], x[k]), wg_sub (wg_mul (3.0, x[n - 1 - k]), x[k + 1])));
    }
}

MODEL (largest)                  /* a maximum and a product of signs stay outside, terms do not */
{
  COUNT;
  wg_var top = x[0], sign = wg_num (1), s = wg_num (0);
  for (size_t i = 0; i < count; i++)
    {
      wg_var z = wg_num (i % 5);
      for (size_t j = 0; j < n; j++) z = wg_add (z, wg_mul (data[i*n + j], x[j]));
      top = wg_max (top, z), sign = wg_mul (sign, wg_sign (z)), s = wg_sub (s, wg_abs (z));
    }
  y[0] = wg_add (wg_mul (top, sign), s);
}

MODEL (averages)                 /* a sum that is seen in each trip, one in the middle, one only in the end */
{
  COUNT;
  wg_var s = x[0], t = wg_num (0), u = wg_num (1);
  for (size_t i = 0; i < count; i++)
    {
      wg_var z = wg_mul (data[i], x[1]), w = x[2];
      for (size_t j = 0; j < n; j++) z = wg_sub (z, wg_mul (data[i*n + j], x[j])), w = wg_add (w, wg_min (z, x[j]));
      s = wg_add (z, s), t = wg_sub (t, w), u = wg_add (u, wg_max (w, x[1]));
      if (i == count/3) y[1] = t;
      if (i == 0) y[2] = s;
      else y[2] = wg_max (y[2], s);
    }
  y[0] = wg_add (u, t);
}

/* and loops that are none, or not all of them */

MODEL (recurrence)               /* each trip needs the one before */
{
  COUNT;
  wg_var s = x[0];
  for (size_t i = 0; i < count; i++) s = wg_max (wg_sub (wg_mul (data[i], x[i % n]), s), wg_add (s, x[1]));
  y[0] = s;
}

MODEL (prefixes)                 /* a sum that is looked at on the way */
{
  COUNT;
  wg_var s = wg_num (0);
  y[0] = x[0];
  for (size_t i = 0; i < count; i++)
    {
      s = wg_add (s, wg_mul (data[i], x[i % n]));
      y[0] = wg_max (y[0], s);
    }
}

MODEL (middles)                  /* a sum of which one in the middle is an output */
{
  COUNT;
  wg_var s = wg_num (0);
  for (size_t i = 0; i < count; i++)
    {
      s = wg_add (s, wg_mul (data[i], x[i % n]));
      if (i == count/2) y[1] = s;
    }
  y[0] = s;
}

MODEL (history)                  /* results of the trip before the last */
{
  COUNT;
  wg_var a = x[0], b = x[1];
  y[0] = wg_num (0);
  for (size_t i = 0; i < count; i++)
    {
      const wg_var c = wg_max (wg_mul (data[i], x[i % n]), a);
      a = b, b = c;
      y[0] = wg_add (y[0], wg_mul (c, x[2]));
    }
}

MODEL (odd_one)                  /* one trip has another operation, one another operand */
{
  COUNT;
  y[0] = wg_num (0);
  wg_var t = x[0];
  for (size_t i = 0; i < count; i++)
    {
      t = i == 31 ? wg_max (x[1], x[i % n]) : wg_min (x[1], x[i % n]);
      if (i == 67) t = wg_min (y[0], x[2]);
      y[0] = wg_add (y[0], wg_mul (wg_mul (t, x[3]), data[i]));
    }
}

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

MODEL (nothing)                  /* a loop that nobody uses beside one over numbers */
{
  COUNT;
  wg_var s = x[2], dead = x[0];
  for (size_t i = 0; i < count; i++) s = wg_sub (s, data[i]);
  for (size_t i = 0; i < count; i++) dead = wg_add (dead, wg_mul (data[i], wg_sqr (x[1])));
  y[0] = wg_mul (s, x[1]);
}

static const struct { const char *name; wg_model *model; size_t m, trips; int loops; size_t percent; } known[] = {
  { "regression", regression, 1, TRIPS, 1, 90 }, { "regression, ragged", regression, 1, 97, 1, 90 }, { "difference", difference, 1, TRIPS, 1, 90 },
  { "gathered", gathered, 1, TRIPS, 1, 90 }, { "outputs", outputs, 3, TRIPS, 2, 90 }, { "nest", nest, 1, 17, 1, 90 },
  { "parameters", parameters, 1, TRIPS, 1, 90 }, { "windows", windows, 1, TRIPS, 1, 90 },
  { "running maximum", largest, 1, TRIPS, 1, 90 }, { "running sums in use", averages, 3, TRIPS, 1, 90 },
  { "recurrence", recurrence, 1, TRIPS, 0, 90 }, { "prefixes", prefixes, 1, TRIPS, 0, 90 }, { "middles", middles, 2, 150, 0, 90 },
  { "history", history, 1, TRIPS, 0, 90 }, { "odd one", odd_one, 1, TRIPS, -1, 90 }, { "branches", branches, 1, TRIPS, 0, 90 },
  { "nothing", nothing, 1, 500, 1, 20 },
};

START_TEST (test_known)
{
  const size_t k = (size_t) _i;
  size_t trips = known[k].trips;
  double x[2][AGREE_MOST];
  wg_fun *f[2];
  set_data ();
  for (size_t i = 0; i < AGREE_MOST; i++) x[0][i] = (double) (i*i % 11) - 5, x[1][i] = (double) (i % 5) - 2;
  record_both (known[k].model, &trips, N, known[k].m, x[0], f);
  const wg_fun_info plain = info_of (f[0]), rolled = info_of (f[1]);
  ck_assert_uint_eq (plain.loops, 0);
  ck_assert_uint_eq (plain.recorded, rolled.recorded);
  if (known[k].loops >= 0) ck_assert_msg (rolled.loops == (size_t) known[k].loops, "%s: %zu loops", known[k].name, rolled.loops);
  if (known[k].loops > 0) ck_assert_msg (rolled.rolled > rolled.recorded*known[k].percent/100, "%s: %zu operations of %zu are in loops",
                                         known[k].name, rolled.rolled, rolled.recorded);
  for (int s = 0; s < 2; s++) agree (f[0], f[1], x[s], 1);
  for (int s = 0; s < 2; s++) wg_fun_free (f[s]);
}
END_TEST

Suite *roll_suite (void);
Suite *roll_suite (void)
{
  Suite *s = suite_create ("roll");
  TCase *c = tcase_create ("laws");
  tcase_set_timeout (c, 0);
  tcase_add_loop_test (c, test_known, 0, (int) (sizeof known/sizeof *known));
  suite_add_tcase (s, c);
  return s;
}

int main (void)
{
  SRunner *r = srunner_create (roll_suite ());
  srunner_run_all (r, CK_ENV);
  const int failed = srunner_ntests_failed (r);
  srunner_free (r);
  return failed != 0;
}
