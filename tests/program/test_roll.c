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
#include "runner.h"

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
  for (int k = 0; k < 2; k++)
    {
      const int before = wg_set_rolling (2*k);
      f[k] = wg_fun_record (model, ctx, n, m, x);
      ck_assert_int_eq (wg_set_rolling (before), 2*k);
      ck_assert_msg (f[k] != NULL, "%s", wg_last_error ());
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
          for (size_t j = 0; j < 72; j++)
            t[k] = wg_add (t[k], wg_mul (data[k], wg_abs (wg_sub (wg_mul (data[12*i + j], x[j % n]), x[(k + j) % n]))));
        }
      wg_var top = t[0];
      for (size_t k = 1; k < 24; k++) top = wg_max (top, t[k]);
      y[0] = wg_sub (y[0], top);
    }
}

MODEL (strides)                  /* rows of results with gaps, of several strides, neighbours at first; backwards */
{
  COUNT;
  wg_var *r = malloc (4*count*sizeof *r);
  for (size_t i = 0; i < 4*count; i++) r[i] = wg_mul (wg_add (x[i % n], data[i]), x[(i + i/n) % n]);
  y[0] = wg_num (0);
  for (size_t i = 0; i < count; i++)
    {
      y[0] = wg_add (y[0], wg_max (wg_sub (r[i], r[1 + 2*i]), wg_add (r[2 + 3*i], r[3*i])));
      y[0] = wg_sub (y[0], wg_min (r[4*count - 1 - i], r[4*count - 1 - 2*i]));
    }
  free (r);
}

MODEL (products)                 /* of matrices and vectors: nests of which only sums that begin anew tell */
{
  COUNT;
  wg_var *r = malloc (count*sizeof *r);
  for (size_t i = 0; i < count; i++)
    {
      r[i] = wg_num (0);
      for (size_t j = 0; j < n; j++) r[i] = wg_add (r[i], wg_mul (data[i*n + j], x[j]));
    }
  y[0] = wg_num (0);
  for (size_t i = 0; i < n; i++)
    {
      wg_var z = x[i];
      for (size_t j = 0; j < count; j++) z = wg_add (z, wg_mul (data[i*count + j], r[j]));
      y[0] = wg_add (y[0], z);
    }
  free (r);
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

MODEL (cascade)                  /* sums of sums so far, before and after they grow */
{
  COUNT;
  wg_var s = x[0], t = x[1], u = wg_num (0), v = wg_num (2);
  for (size_t i = 0; i < count; i++)
    {
      u = wg_add (u, wg_abs (wg_sub (s, x[i % n])));
      s = wg_add (s, wg_mul (data[i], x[2]));
      t = wg_sub (t, wg_mul (data[i + 1], x[3]));
      v = wg_add (v, wg_max (t, x[(i + 1) % n]));
    }
  y[0] = wg_add (wg_add (u, v), wg_add (s, t));
}

MODEL (exponents)                /* a power is another operation for each exponent */
{
  COUNT;
  y[0] = wg_num (0);
  for (size_t i = 0; i < count; i++) y[0] = wg_add (y[0], wg_mul (x[1], wg_mul (x[0], wg_pow (x[i % n], 4 + data[i]))));
}

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
      t = i == 83 ? wg_add (x[i % 7], t) : wg_add (2.0, t);
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

MODEL (invariant)                /* most of it is the same in all trips; used by what stays and after the loop too */
{
  COUNT;
  wg_var s = x[0], last = x[1];
  y[0] = y[1] = wg_num (0);
  for (size_t i = 0; i < count; i++)
    {
      const wg_var a = wg_sub (wg_mul (x[2], 3.0), wg_abs (x[3])), b = wg_select (wg_is_lt (a, x[4]), wg_sqr (a), wg_sub (a, x[4]));
      y[0] = wg_add (y[0], wg_mul (wg_sub (b, wg_mul (data[i], x[i % n])), wg_add (a, x[5])));
      y[0] = wg_add (y[0], b);
      s = wg_max (a, s), last = wg_mul (b, x[6]);
      if (i == 3) y[1] = a;
    }
  y[1] = wg_add (wg_sub (y[1], last), s);
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

/* calls: of a function with branches and a parameter, a custom one, and loops over rows of data and of variables */

static wg_fun *called, *custom, *summed;

MODEL (bent)
{
  (void) n, (void) m, (void) ctx;
  const wg_var p = wg_param (x[0], 0, 3);
  y[1] = wg_add (x[1], x[2]);
  y[0] = wg_lt (x[0], x[2]) ? wg_mul (x[0], wg_sqr (x[1])) : wg_sub (wg_mul (p, x[1]), x[2]);
}

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
  called = agree_record (bent, NULL, 3, 2, (double[]){ 1, 2, 3 });
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
  { "products", products, 1, 90, 2, 90 }, { "parameters", parameters, 1, TRIPS, 1, 90 }, { "windows", windows, 1, TRIPS, 1, 90 },
  { "running maximum", largest, 1, TRIPS, 1, 90 }, { "running sums in use", averages, 3, TRIPS, 1, 90 },
  { "strides", strides, 1, TRIPS, 2, 90 }, { "cascade", cascade, 1, TRIPS, 0, 90 }, { "exponents", exponents, 1, TRIPS, 0, 90 },
  { "recurrence", recurrence, 1, TRIPS, 0, 90 }, { "prefixes", prefixes, 1, TRIPS, 0, 90 }, { "middles", middles, 2, 150, 0, 90 },
  { "history", history, 1, TRIPS, 0, 90 }, { "odd one", odd_one, 1, 400, -1, 90 }, { "branches", branches, 1, TRIPS, 0, 90 },
  { "invariant", invariant, 2, TRIPS, 1, 90 }, { "between comparisons", between, 1, TRIPS, 1, 60 }, { "nothing", nothing, 1, 500, 1, 20 }, { "compared", compared, 1, TRIPS, 1, 90 },
  { "calls", calls, 2, TRIPS, 1, 60 }, { "other calls", uncalled, 1, 96, -1, 90 },
};

START_TEST (test_known)
{
  const size_t k = (size_t) _i;
  size_t trips = known[k].trips;
  double x[2][AGREE_MOST];
  wg_fun *f[2];
  set_data (), set_calls ();
  for (size_t i = 0; i < AGREE_MOST; i++) x[0][i] = (double) (i*i % 11) - 5, x[1][i] = (double) (i % 5) - 2;
  record_both (known[k].model, &trips, N, known[k].m, x[0], f);
  const wg_fun_info plain = info_of (f[0]), rolled = info_of (f[1]);
  ck_assert_uint_eq (plain.loops, 0);
  ck_assert_uint_eq (plain.recorded, rolled.recorded);
  if (known[k].loops >= 0) ck_assert_msg (rolled.loops == (size_t) known[k].loops, "%s: %zu loops", known[k].name, rolled.loops);
  if (known[k].loops > 0) ck_assert_msg (rolled.rolled > rolled.recorded*known[k].percent/100, "%s: %zu operations of %zu are in loops",
                                         known[k].name, rolled.rolled, rolled.recorded);
  for (int s = 0; s < 2; s++) agree (f[0], f[1], x[s], 1);
  free_calls ();
  for (int s = 0; s < 2; s++) wg_fun_free (f[s]);
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

/* what is the same in all trips is done once */

START_TEST (test_invariant)
{
  size_t trips = TRIPS;
  double x[N] = { 1, 2, 3 };
  wg_fun *f[2];
  char *text = NULL;
  size_t size, left = 99;
  FILE *out = open_memstream (&text, &size);
  set_data ();
  record_both (invariant, &trips, N, 2, x, f);
  ck_assert_int_eq (wg_fun_describe (f[1], out), WG_OK);
  fclose (out);
  const char *loop = strstr (text, "loop rolled");
  ck_assert_msg (loop && sscanf (loop, "loop rolled: 100 trips of %*u operations, %zu left", &left) == 1, "%.300s", text);
  ck_assert_uint_le (left, 3);           /* x[i] data[i], its difference from b, the product */
  free (text);
  for (int s = 0; s < 2; s++) wg_fun_free (f[s]);
}
END_TEST

/* the loop in the loop is found in the body */

START_TEST (test_nest)
{
  size_t trips = 17;
  double x[AGREE_MOST];
  wg_fun *f[2];
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream (&text, &size);
  set_data ();
  for (size_t i = 0; i < AGREE_MOST; i++) x[i] = (double) (i*i % 11) - 5;
  record_both (nest, &trips, N, 1, x, f);
  ck_assert_int_eq (wg_fun_describe (f[1], out), WG_OK);
  fclose (out);
  ck_assert_msg (strstr (text, "loop rolled: 17 trips of") && strstr (text, "in it a  loop rolled: 24 trips of"), "%.500s", text);
  free (text);
  for (int s = 0; s < 2; s++) wg_fun_free (f[s]);
}
END_TEST

/* random programs: loops, and loops in them, of statements on small integers.  Products have factors that are inputs or literals, a sum adds
 * an input or literal to what grows: numbers stay far below 2^53 and all results are exact. */

enum { TEMPS = 4, SUMS = 3, CELLS = 40, STATEMENTS = 6 };

enum leaf { LEAF_INPUT, LEAF_STRIDED, LEAF_GATHERED, LEAF_DATUM, LEAF_LITERAL, LEAVES };
enum grown { GROWN_TEMP, GROWN_CELL, GROWN_CELL_BEFORE, GROWNS };
enum action { ACT_PRODUCT, ACT_SQUARE, ACT_ADD, ACT_SUB, ACT_ABS, ACT_LARGER, ACT_SMALLER, ACT_SELECT, ACT_TOTAL, ACT_MINUS, ACT_CASCADE, ACT_TOP,
              ACT_STORE, ACT_CALL, ACT_BRANCH, ACTIONS };

typedef struct { enum action act; enum leaf leaf[2]; enum grown grown[2]; size_t place[4], to, only; int when; } statement;
typedef struct { size_t trips, inner, before, after, within; statement s[STATEMENTS]; } random_loop;
typedef struct { size_t m, loops; random_loop loop[3]; size_t out[3]; } program;

static void make_program (program *p, uint64_t seed)
{
  rp_random r = { seed*7919 + 17 };
  *p = (program){ .m = 1 + rp_below (&r, 3), .loops = 1 + rp_below (&r, 3) };
  for (size_t k = 0; k < 3; k++) p->out[k] = rp_below (&r, TEMPS + SUMS + CELLS);
  for (size_t l = 0; l < p->loops; l++)
    {
      random_loop *loop = &p->loop[l];
      loop->trips = rp_below (&r, 5) ? 16 + rp_below (&r, 60) : rp_below (&r, 16);
      loop->before = 1 + rp_below (&r, 3), loop->within = rp_below (&r, 3) ? 0 : 1 + rp_below (&r, 2), loop->after = rp_below (&r, 2);
      loop->inner = 2 + rp_below (&r, 12);
      for (size_t i = 0; i < STATEMENTS; i++)
        {
          statement *s = &loop->s[i];
          s->act = (enum action) rp_below (&r, rp_below (&r, 20) ? ACT_BRANCH : ACTIONS), s->to = rp_below (&r, TEMPS);
          if (rp_below (&r, 3) == 0) s->act = ACT_TOTAL;
          for (int j = 0; j < 2; j++)
            {
              s->leaf[j] = (enum leaf) rp_below (&r, j && s->act != ACT_PRODUCT ? LEAVES : 3);
              s->grown[j] = (enum grown) (rp_below (&r, 6) ? 0 : rp_below (&r, GROWNS));
            }
          for (int j = 0; j < 4; j++) s->place[j] = rp_below (&r, 30);
          if (i == 0) s->act = ACT_PRODUCT;
          for (int j = 0; j < 2 && i && rp_below (&r, 6); j++)       /* mostly of this trip */
            s->grown[j] = GROWN_TEMP, s->place[2 + j] = loop->s[rp_below (&r, i)].to;
          s->only = rp_below (&r, 60), s->when = rp_below (&r, 8) ? 0 : 1 + (int) rp_below (&r, 2);
        }
    }
}

typedef struct { const wg_var *x; wg_var temp[TEMPS], sum[SUMS], cell[CELLS]; } memory;

static wg_var leaf_of (const memory *v, const statement *s, int j, size_t i)
{
  const size_t place = s->place[j];
  switch (s->leaf[j])
    {
    case LEAF_INPUT: return v->x[place % N];
    case LEAF_STRIDED: return v->x[(place + i*(1 + place % 3)) % N];
    case LEAF_GATHERED: return v->x[pick[place*7 + i]];
    case LEAF_DATUM: return wg_num (data[place*11 + i]);
    default: return wg_num ((double) place - 9);
    }
}

static wg_var grown_of (const memory *v, const statement *s, int j, size_t i)
{
  const size_t place = s->place[2 + j];
  switch (s->grown[j])
    {
    case GROWN_TEMP: return v->temp[place % TEMPS];
    case GROWN_CELL: return v->cell[(place + i) % CELLS];
    default: return v->cell[(i + CELLS - 1) % CELLS];
    }
}

static void act (memory *v, const statement *s, size_t trip, size_t i)
{
  wg_var *to = &v->temp[s->to], *sum = &v->sum[s->to % SUMS];
  const wg_var a = leaf_of (v, s, 0, i), b = leaf_of (v, s, 1, i), g = grown_of (v, s, 0, i), h = grown_of (v, s, 1, i);
  wg_var out[2];
  if ((s->when == 1 && trip == s->only) || (s->when == 2 && trip != s->only)) return;
  switch (s->act)
    {
    case ACT_PRODUCT: *to = wg_mul (a, b); break;
    case ACT_SQUARE: *to = wg_sqr (a); break;
    case ACT_ADD: *to = wg_add (g, b); break;
    case ACT_SUB: *to = wg_sub (b, g); break;
    case ACT_ABS: *to = wg_abs (g); break;
    case ACT_LARGER: *to = wg_max (g, b); break;
    case ACT_SMALLER: *to = wg_min (g, h); break;
    case ACT_SELECT: *to = wg_select (wg_is_lt (a, b), g, h); break;
    case ACT_TOTAL: *sum = wg_add (*sum, g); break;
    case ACT_MINUS: *sum = wg_sub (*sum, g); break;
    case ACT_CASCADE: v->sum[1] = wg_add (v->sum[1], wg_max (v->sum[0], b)); break;
    case ACT_TOP: *sum = wg_max (g, *sum); break;
    case ACT_STORE: v->cell[i % CELLS] = g; break;
    case ACT_CALL:                 /* its products are of inputs and numbers */
      wg_call (called, (wg_var[]){ a, b, leaf_of (v, s, 1, i + 1) }, NULL, out);
      *to = out[s->to % 2];
      break;
    default: if (wg_lt (a, b)) *to = g; else *sum = wg_add (*sum, a);
    }
}

static void run_program (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const program *p = ctx;
  memory v = { .x = x };
  (void) n;
  for (size_t i = 0; i < TEMPS; i++) v.temp[i] = x[i];
  for (size_t i = 0; i < SUMS; i++) v.sum[i] = i ? x[N - i] : wg_num (0);
  for (size_t i = 0; i < CELLS; i++) v.cell[i] = x[(5*i) % N];
  for (size_t l = 0; l < p->loops; l++)
    {
      const random_loop *loop = &p->loop[l];
      const statement *s = loop->s;
      for (size_t i = 0; i < loop->trips; i++)
        {
          for (size_t k = 0; k < loop->before; k++) act (&v, s + k, i, i);
          for (size_t j = 0; j < loop->inner && loop->within; j++)
            for (size_t k = 0; k < loop->within; k++) act (&v, s + loop->before + k, i, i*loop->inner + j);
          for (size_t k = 0; k < loop->after; k++) act (&v, s + loop->before + loop->within + k, i, i);
        }
    }
  for (size_t k = 0; k < m; k++)
    {
      const size_t from = p->out[k];
      y[k] = wg_add (v.sum[k % SUMS], from < TEMPS ? v.temp[from] : from < TEMPS + SUMS ? v.sum[from - TEMPS] : v.cell[from - TEMPS - SUMS]);
    }
}

enum { PER_TEST = 25 };

START_TEST (test_random)
{
  size_t rolled = 0;
  set_data (), set_calls ();
  for (size_t k = 0; k < PER_TEST; k++)
    {
      const uint64_t seed = (uint64_t) _i*PER_TEST + k;
      rp_random r = { seed };
      program p;
      wg_fun *f[2];
      double x[2][AGREE_MOST];
      make_program (&p, seed);
      for (size_t i = 0; i < AGREE_MOST; i++) x[0][i] = (double) rp_below (&r, 9) - 4, x[1][i] = (double) rp_below (&r, 9) - 4;
      record_both (run_program, &p, N, p.m, x[0], f);
      rolled += info_of (f[1]).loops > 0;
      for (int s = 0; s < 2; s++) agree (f[0], f[1], x[s], k == 0 && s == 0);
      for (int s = 0; s < 2; s++) wg_fun_free (f[s]);
    }
  free_calls ();
  ck_assert_msg (rolled >= 1, "%zu programs of %d had loops that were rolled", rolled, PER_TEST);
}
END_TEST

/* elementary functions: those of lanes are within 4 ulp of libm's; the model amplifies an error less than a hundredfold and adds 100
 * terms: 1e-12 of the larger number, and of 1, is more than that. */

static void close_to (const char *what, size_t count, const double a[], const double b[])
{
  for (size_t i = 0; i < count; i++)
    ck_assert_msg (fabs (a[i] - b[i]) <= 1e-12*(1 + fabs (b[i])), "%s: entry %zu is %.17g, plain %.17g", what, i, a[i], b[i]);
}

/* Logistic terms with weights that a first loop makes, over groups of variables; a log-sum-exp whose maximum stays. */
MODEL (elementary)
{
  COUNT;
  wg_var w[TRIPS], t[TRIPS], top, sum = wg_num (0), spread = wg_num (0);
  t[0] = x[0];
  for (size_t i = 0; i < count; i++) w[i] = wg_sigmoid (wg_mul (.3*data[i], x[i % n]));
  for (size_t i = 0; i < count; i++)
    {
      wg_var z = wg_num (.5);
      for (size_t j = 0; j < 4; j++) z = wg_add (z, wg_mul (.2*data[4*i + j], wg_tanh (x[(size_t) pick[i] - (size_t) pick[i] % 4 + j])));
      t[i] = wg_mul (w[i], wg_softplus (z));
      spread = wg_add (spread, wg_sqrt (wg_add (1.0, wg_sqr (wg_sub (t[i], x[3])))));
    }
  top = t[0];
  for (size_t i = 1; i < count; i++) top = wg_max (top, t[i]);
  for (size_t i = 0; i < count; i++) sum = wg_add (sum, wg_exp (wg_sub (t[i], top)));
  y[0] = wg_add (wg_add (top, wg_log (sum)), wg_mul (.01, spread));
}

static const char *const kernels[] = { "none", "baseline", "avx2", "avx512" };

START_TEST (test_elementary)
{
  size_t trips = TRIPS;
  double x[N], v[3*N], y[2], g[2][N], h[2][3*N];
  wg_fun *f[2], *d[2];
  set_data ();
  for (size_t i = 0; i < N; i++) x[i] = sin (2.7*(double) i);
  for (size_t i = 0; i < 3*N; i++) v[i] = cos (1.3*(double) (i*i));
  record_both (elementary, &trips, N, 1, x, f);
  ck_assert_uint_ge (info_of (f[1]).loops, 3);
  for (size_t k = 0; k < sizeof kernels/sizeof *kernels; k++)
    {
      if (wg_fun_set_lanes (f[1], kernels[k])) continue;       /* not on this processor */
      for (int s = 0; s < 2; s++) ck_assert_int_eq (wg_hvp (f[s], x, v, &y[s], g[s], h[s]), WG_OK);
      close_to ("value", 1, &y[1], &y[0]), close_to ("gradient", N, g[1], g[0]), close_to ("HVP", N, h[1], h[0]);
      for (int s = 0; s < 2; s++) ck_assert_int_eq (wg_hvps (f[s], x, 3, v, NULL, NULL, h[s]), WG_OK);
      close_to ("HVPs", 3*N, h[1], h[0]);
      for (int s = 0; s < 2; s++) ck_assert_int_eq (wg_jvp (f[s], x, v, NULL, &y[s]), WG_OK);
      close_to ("JVP", 1, &y[1], &y[0]);
      x[0] += .01;
    }
  for (int s = 0; s < 2; s++) ck_assert ((d[s] = wg_fun_gradient (f[s])) != NULL);
  for (int s = 0; s < 2; s++) ck_assert_int_eq (wg_jvp (d[s], x, v, g[s], h[s]), WG_OK);
  close_to ("derived gradient", N, g[1], g[0]), close_to ("its JVP", N, h[1], h[0]);
  for (int s = 0; s < 2; s++) wg_fun_free (f[s]), wg_fun_free (d[s]);
}
END_TEST

/* sparse: the same numbers where both have entries, and 0 where only one has */

static void sparse (wg_fun *f, int hessian, const double x[], double full[])
{
  const size_t n = wg_fun_n (f), m = wg_fun_m (f);
  const double u[1] = { 1 };
  wg_plan *plan = hessian ? wg_plan_hessian (f, 'L') : wg_plan_jacobian (f);
  ck_assert_msg (plan != NULL, "%s", wg_last_error ());
  const size_t nnz = wg_plan_nnz (plan);
  int *row = malloc ((nnz + 1)*sizeof *row), *col = malloc ((nnz + 1)*sizeof *col);
  double *value = malloc ((nnz + 1)*sizeof *value);
  wg_plan_coo (plan, row, col);
  ck_assert_int_eq (hessian ? wg_sparse_hessian (f, plan, x, u, NULL, NULL, value) : wg_sparse_jacobian (f, plan, x, NULL, value), WG_OK);
  for (size_t i = 0; i < (hessian ? n : m)*n; i++) full[i] = 0;
  for (size_t k = 0; k < nnz; k++) full[(size_t) row[k]*n + (size_t) col[k]] = value[k];
  free (row), free (col), free (value), wg_plan_free (plan);
}

enum { LONG = 90 };

MODEL (chain)                    /* of differences: outputs, and the sum of their squares as the last */
{
  COUNT;
  y[m-1] = wg_num (0);
  for (size_t i = 0; i + 2 < n; i++)
    {
      const wg_var d = wg_sub (wg_mul (x[i], x[i + 2]), wg_mul (data[i], wg_max (x[i + 1], x[5])));
      if (m > 1) y[i] = wg_add (d, 1.0);
      y[m-1] = wg_add (y[m-1], wg_mul (x[i + 1], d));
    }
}

START_TEST (test_sparse)
{
  size_t trips = 0;
  static double x[LONG], full[2][LONG*LONG];
  wg_fun *f[2];
  const int hessian = _i == 0;
  const size_t m = hessian ? 1 : LONG - 1;
  set_data ();
  for (size_t i = 0; i < LONG; i++) x[i] = (double) (i*i % 13) - 6;
  record_both (chain, &trips, LONG, m, x, f);
  ck_assert_uint_eq (info_of (f[1]).loops, 1);
  for (int s = 0; s < 2; s++) sparse (f[s], hessian, x, full[s]);
  agree_numbers ("sparse", (hessian ? LONG : m)*LONG, full[0], full[1]);
  for (int s = 0; s < 2; s++) wg_fun_free (f[s]);
}
END_TEST

/* the setting belongs to the function, whoever records it again */

static void turning (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  size_t count = TRIPS;
  (void) ctx;
  if (wg_lt (x[0], 0.0)) gathered (n, x, m, y, &count);
  else regression (n, x, m, y, &count);
}

START_TEST (test_setting)
{
  double x[N] = { 1, 2, 3 }, y[3];
  set_data ();
  ck_assert_int_eq (wg_set_rolling (2), 0);
  wg_fun *f = wg_fun_record (turning, NULL, N, 1, x);
  ck_assert_int_eq (wg_set_rolling (0), 2);
  wg_fun *g = wg_fun_record (turning, NULL, N, 1, x), *h = wg_fun_clone (f), *d = wg_fun_gradient (f);
  x[0] = -1;
  ck_assert (!wg_eval (f, x, &y[0]) && !wg_eval (g, x, &y[1]) && !wg_eval (h, x, &y[2]));
  ck_assert (y[0] == y[1] && y[0] == y[2]);
  ck_assert_uint_eq (info_of (f).recordings, 2);
  ck_assert_uint_eq (info_of (f).loops, 1);
  ck_assert_uint_eq (info_of (h).loops, 1);
  ck_assert_uint_eq (info_of (g).loops, 0);
  ck_assert_uint_le (info_of (d).operations, 60);
  wg_fun_free (f), wg_fun_free (g), wg_fun_free (h), wg_fun_free (d);
}
END_TEST

/* a function that is recorded again is rolled again: the same bits, unless the model has changed */

static void unsteady (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  size_t count = TRIPS;
  const double before = data[77];
  data[77] += *(int *) ctx;
  elementary (n, x, m, y, &count);
  data[77] = before + 2**(int *) ctx;
}

START_TEST (test_replay)
{
  double x[N];
  int step = 0;
  for (size_t i = 0; i < N; i++) x[i] = .1 + .05*(double) i;
  set_data ();
  wg_set_rolling (2);
  wg_fun *f = wg_fun_record (unsteady, &step, N, 1, x);
  wg_set_rolling (0);
  ck_assert_uint_ge (info_of (f).loops, 3);
  ck_assert_int_eq (wg_check_replay (f, x, NULL, NULL), WG_OK);
  step = 1;
  ck_assert_int_eq (wg_check_replay (f, x, NULL, NULL), WG_DISAGREE);
  wg_fun_free (f);
}
END_TEST

/* a number that is not finite comes from the loop as a whole */

MODEL (spoilt)
{
  COUNT;
  y[0] = wg_num (0);
  for (size_t i = 0; i < count; i++) y[0] = wg_add (y[0], wg_log (wg_add (wg_mul (data[i], x[i % n]), 10.0)));
}

START_TEST (test_where)
{
  double x[N] = { 0 }, y;
  size_t trips = TRIPS;
  wg_fun *f[2];
  wg_where where[2];
  set_data ();
  data[40] = 1, data[52] = 2, data[64] = -1;
  record_both (spoilt, &trips, N, 1, x, f);
  x[4] = -10;                    /* log (0) in trip 40, of a negative number in trip 52 */
  for (int s = 0; s < 2; s++)
    {
      ck_assert_int_eq (wg_eval (f[s], x, &y), WG_NONFINITE);
      ck_assert_int_eq (wg_fun_where (f[s], NULL, NULL, &where[s]), WG_NONFINITE);
      ck_assert_str_eq (where[s].name, s ? "loop" : "log");
    }
  for (int s = 0; s < 2; s++) wg_fun_free (f[s]);
}
END_TEST

/* what is not worth it is rolled when all loops are */

MODEL (scalar_product)
{
  COUNT;
  y[0] = wg_num (0);
  for (size_t i = 0; i < count; i++) y[0] = wg_add (y[0], wg_mul (x[pick[i]], x[i % n]));
}

MODEL (pairs)                    /* of inputs, which are read in place, and few operations */
{
  (void) ctx, (void) m;
  y[0] = wg_num (0);
  for (size_t i = 0; i < n; i += 2) y[0] = wg_add (y[0], wg_add (wg_sqr (wg_sub (x[i + 1], wg_sqr (x[i]))), wg_mul (3.0, x[i])));
}

START_TEST (test_worth)
{
  enum { MODELS = 4, MANY = 200 };
  static wg_model *const model[MODELS] = { scalar_product, regression, gathered, pairs };
  static const size_t loops[MODELS][3] = { { 0, 0, 1 }, { 0, 1, 1 }, { 0, 0, 1 }, { 0, 1, 1 } };
  double x[MANY] = { 1, 2 };
  size_t trips = 300;
  set_data ();
  for (int k = 0; k < MODELS; k++)
    for (int how = 0; how < 3; how++)
      {
        ck_assert_int_eq (wg_set_rolling (how), 0);
        wg_fun *f = wg_fun_record (model[k], &trips, model[k] == pairs ? MANY : N, 1, x);
        ck_assert_int_eq (wg_set_rolling (0), how);
        ck_assert_msg (info_of (f).loops == loops[k][how], "model %d, %d: %zu loops", k, how, info_of (f).loops);
        wg_fun_free (f);
      }
}
END_TEST

/* the list does not grow with the trips */

START_TEST (test_size)
{
  double x[N] = { 1, 2 };
  size_t trips = 100, bytes[2];
  set_data ();
  wg_set_rolling (1);
  for (int k = 0; k < 2; k++, trips *= 3)
    {
      wg_fun *f = wg_fun_record (regression, &trips, N, 1, x);
      bytes[k] = info_of (f).program_bytes;
      wg_fun_free (f);
    }
  wg_set_rolling (0);
  ck_assert_uint_eq (bytes[0], bytes[1]);
}
END_TEST

Suite *roll_suite (void);
Suite *roll_suite (void)
{
  Suite *s = suite_create ("roll");
  TCase *c = tcase_create ("laws");
  tcase_set_timeout (c, 0);
  tcase_add_loop_test (c, test_known, 0, (int) (sizeof known/sizeof *known));
  tcase_add_test (c, test_bound);
  tcase_add_test (c, test_guards);
  tcase_add_test (c, test_tie);
  tcase_add_test (c, test_invariant);
  tcase_add_test (c, test_nest);
  tcase_add_test (c, test_elementary);
  tcase_add_loop_test (c, test_sparse, 0, 2);
  tcase_add_test (c, test_setting);
  tcase_add_test (c, test_replay);
  tcase_add_test (c, test_where);
  tcase_add_test (c, test_worth);
  tcase_add_test (c, test_size);
  tcase_add_loop_test (c, test_random, 0, (int) rp_soak (40));
  suite_add_tcase (s, c);
  return s;
}

int main (void)
{
  return run_suite (roll_suite ());
}
