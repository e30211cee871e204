/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Which loops are rolled: known ones are found, what is none is not, and the function is the same; what is the same in all trips is done
 * before them; what the setting asks for, and for whom.
 */
#include <stdlib.h>
#include <string.h>

#include "rolling.h"
#include "runner.h"

/* loops that must be found */

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

MODEL (nothing)                  /* a loop that nobody uses beside one over numbers */
{
  COUNT;
  wg_var s = x[2], dead = x[0];
  for (size_t i = 0; i < count; i++) s = wg_sub (s, data[i]);
  for (size_t i = 0; i < count; i++) dead = wg_add (dead, wg_mul (data[i], wg_sqr (x[1])));
  y[0] = wg_mul (s, x[1]);
}

static const rolled_case known[] = {
  { "regression", regression, 1, TRIPS, 1, 90 }, { "regression, ragged", regression, 1, 97, 1, 90 },
  { "difference", difference, 1, TRIPS, 1, 90 }, { "gathered", gathered, 1, TRIPS, 1, 90 },
  { "outputs", outputs, 3, TRIPS, 2, 90 }, { "strides", strides, 1, TRIPS, 2, 90 },
  { "parameters", parameters, 1, TRIPS, 1, 90 }, { "windows", windows, 1, TRIPS, 1, 90 },
  { "invariant", invariant, 2, TRIPS, 1, 90 }, { "cascade", cascade, 1, TRIPS, 0, 90 },
  { "exponents", exponents, 1, TRIPS, 0, 90 }, { "recurrence", recurrence, 1, TRIPS, 0, 90 },
  { "prefixes", prefixes, 1, TRIPS, 0, 90 }, { "middles", middles, 2, 150, 0, 90 },
  { "history", history, 1, TRIPS, 0, 90 }, { "odd one", odd_one, 1, 400, -1, 90 },
  { "nothing", nothing, 1, 500, 1, 20 },
};

START_TEST (test_known) { agree_rolled (&known[_i]); } END_TEST

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

int main (void)
{
  Suite *s = suite_create ("roll");
  TCase *t = tcase_create ("roll");
  tcase_set_timeout (t, 0);
  tcase_add_loop_test (t, test_known, 0, (int) (sizeof known/sizeof *known));
  tcase_add_test (t, test_invariant);
  tcase_add_test (t, test_setting);
  tcase_add_test (t, test_worth);
  tcase_add_test (t, test_size);
  suite_add_tcase (s, t);
  return run_suite (s);
}
