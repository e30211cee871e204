/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Parameters: they belong to the handle, change nothing that is recorded, have no derivative until they are made inputs, and
 * have one there; branches on them, gaps between them, models that name them in any order.
 */
#include "agree.h"
#include "runner.h"

static int runs;

/* y0 = p2 x0^2 + p0 x1 (p2 twice, 1 is not named), y1 = max (p3, x1) p0; another course where x0 < p3 */
static void model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) ctx;
  runs++;
  const wg_var p2 = wg_param (x[0], 2, 5), p0 = wg_param (wg_num (0), 0, 3), p3 = wg_param (x[0], 3, 1);
  y[0] = wg_add (wg_mul (p2, wg_sqr (x[0])), wg_mul (p0, x[1]));
  if (wg_lt (x[0], p3)) y[0] = wg_mul (y[0], wg_param (x[0], 2, 99));
  if (m > 1) y[1] = wg_mul (wg_max (p3, x[1]), p0);
}

/* The same with the parameters as numbers, and as inputs. */
static void model_numbers (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const double *given = ctx;
  wg_var p[4];
  for (size_t i = 0; i < 4; i++) p[i] = given ? wg_num (given[i]) : x[n-4+i];
  y[0] = wg_add (wg_mul (p[2], wg_sqr (x[0])), wg_mul (p[0], x[1]));
  if (wg_lt (x[0], p[3])) y[0] = wg_mul (y[0], p[2]);
  if (m > 1) y[1] = wg_mul (wg_max (p[3], x[1]), p[0]);
}

static const double initial[4] = { 3, 0, 5, 1 };

START_TEST (set)
{
  enum { SETTINGS = 30 };
  rp_random r = { 0x5eed9000 };
  for (size_t m = 1; m < 3; m++)
    {
      double x[AGREE_MOST] = { 4, -2, 1, 3, -1, 2, 2, 5, 1, -3 }, p[4];
      wg_fun *f = agree_record (model, NULL, 2, m, x);
      ck_assert_uint_eq (wg_fun_np (f), 4);
      memcpy (p, initial, sizeof p);
      runs = 0;
      for (int k = 0; k < SETTINGS; k++)
        {
          wg_fun *g = agree_record (model_numbers, p, 2, m, x), *clone = wg_fun_clone (f);
          agree (f, g, x, k % 10 == 0), agree_drivers (clone, g, x);
          wg_fun_free (g), wg_fun_free (clone);
          for (int i = 0; i < 4; i++) p[i] = (double) rp_below (&r, 11) - 5;
          for (int i = 0; i < 2; i++) x[i] = (double) rp_below (&r, 9) - 4;
          ck_assert_int_eq (wg_fun_set_params (f, 4, p), WG_OK);
        }
      ck_assert_msg (runs == 1, "%d more recordings", runs);          /* the other course */
      wg_fun_free (f);
    }
}
END_TEST

START_TEST (as_inputs)
{
  rp_random r = { 0x5eed9100 };
  for (size_t m = 1; m < 3; m++)
    {
      double x[AGREE_MOST] = { 4, -2, 3, 7, 5, 1, -1, 2, 2, 5, 1, -3, 2, 1, 4, -2, 3, 1, 1, 2, -1, -2, 3, 1 };
      wg_fun *f = agree_record (model, NULL, 2, m, x), *q = wg_fun_params_to_inputs (f);
      wg_fun *g = agree_record (model_numbers, NULL, 6, m, x);
      ck_assert (wg_fun_n (q) == 6 && wg_fun_np (q) == 0);
      for (int k = 0; k < 60; k++)
        {
          agree (q, g, x, k % 20 ? 0 : 2);
          for (int i = 0; i < 6; i++) x[i] = (double) rp_below (&r, 9) - 4;
        }
      wg_fun_free (f), wg_fun_free (q), wg_fun_free (g);
    }
  /* without parameters it is f; a derivative's parameters are f's */
  double x[AGREE_MOST] = { 4, -2, 3, 7, 5, 1 };
  wg_fun *g = agree_record (model_numbers, NULL, 6, 1, x), *same = wg_fun_params_to_inputs (g);
  agree (g, same, x, 1);
  wg_fun *f = agree_record (model, NULL, 2, 1, x), *q = wg_fun_params_to_inputs (f);
  wg_fun *df = wg_fun_gradient (f), *dq = wg_fun_params_to_inputs (df), *all = wg_fun_gradient (q), *part = wg_fun_outputs (all, 2, (int[]){ 0, 1 });
  agree (dq, part, x, 1);
  wg_fun *every[] = { g, same, f, q, df, dq, all, part };
  for (size_t i = 0; i < sizeof every/sizeof *every; i++) wg_fun_free (every[i]);
}
END_TEST

/* A handle's own: clones start with those of their time and go on alone; what is unknown has the value it was recorded with. */
START_TEST (of_the_handle)
{
  double y, z;
  const double x[2] = { 4, -2 }, other[2] = { -4, 3 }, p[4] = { 1, 0, 2, -6 };
  wg_fun *f = agree_record (model, NULL, 2, 1, x);
  wg_fun *before = wg_fun_clone (f);
  ck_assert_int_eq (wg_fun_set_params (f, 4, p), WG_OK);
  wg_fun *after = wg_fun_clone (f), *derived = wg_fun_gradient (f);
  ck_assert_int_eq (wg_eval (f, x, &y), WG_OK);
  ck_assert (y == 30);
  ck_assert_int_eq (wg_eval (before, x, &z), WG_OK);
  ck_assert (z == 74);
  ck_assert_int_eq (wg_fun_set_params (f, 4, initial), WG_OK);
  ck_assert_int_eq (wg_eval (f, NULL, &y), WG_EINVAL);               /* no last point */
  ck_assert_int_eq (wg_eval (after, x, &z), WG_OK);
  ck_assert (z == 30);
  ck_assert_int_eq (wg_eval (after, other, &z), WG_OK);              /* -4 < -6 does not hold */
  ck_assert (z == 35);
  ck_assert_int_eq (wg_eval (before, other, &z), WG_OK);             /* -4 < 1 does: recorded with its own values */
  ck_assert (z == 5*89);
  ck_assert_int_eq (wg_fun_set_params (before, 4, p), WG_OK);        /* and back by a setting alone */
  ck_assert_int_eq (wg_eval (before, other, &z), WG_OK);
  ck_assert (z == 35);
  double g[2];
  ck_assert_int_eq (wg_eval (derived, x, g), WG_OK);
  ck_assert (g[0] == 16 && g[1] == 1);
  wg_fun_free (f), wg_fun_free (before), wg_fun_free (after), wg_fun_free (derived);
}
END_TEST

static void model_many (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  enum { COUNT = 1000 };
  wg_var p[COUNT], q[3];
  double start[COUNT];
  for (int i = 0; i < COUNT; i++) start[i] = i % 7;
  wg_params (x[0], 10, COUNT, start, p);
  wg_params (x[0], 2, 3, NULL, q);
  y[0] = wg_mul (x[0], wg_add (q[0], wg_add (q[1], q[2])));
  for (int i = 0; i < COUNT; i++) y[0] = wg_add (y[0], wg_mul (p[i], i % 2 ? x[0] : wg_num (1)));
}

START_TEST (many)
{
  double y, sum = 0, p[1010];
  wg_fun *f = agree_record (model_many, NULL, 1, 1, (double[]){ 2 });
  ck_assert_uint_eq (wg_fun_np (f), 1010);
  for (int i = 0; i < 1000; i++) sum += (i % 7)*(i % 2 ? 3 : 1);
  ck_assert_int_eq (wg_eval (f, (double[]){ 3 }, &y), WG_OK);
  ck_assert (y == sum);
  for (int i = 0; i < 1010; i++) p[i] = 1;
  ck_assert_int_eq (wg_fun_set_params (f, 1010, p), WG_OK);
  ck_assert_int_eq (wg_eval (f, (double[]){ 3 }, &y), WG_OK);
  ck_assert (y == 9 + 500 + 1500);
  wg_fun_free (f);
}
END_TEST

START_TEST (refused)
{
  double y;
  const double x[2] = { 4, -2 }, p[5] = { 1, 2, 3, 4, 5 };
  wg_fun *f = agree_record (model, NULL, 2, 1, x);
  ck_assert_int_eq (wg_eval (f, x, &y), WG_OK);
  ck_assert_int_eq (wg_fun_set_params (f, 3, p), WG_EINVAL);
  ck_assert_int_eq (wg_fun_set_params (f, 5, p), WG_EINVAL);
  ck_assert_int_eq (wg_fun_set_params (f, 4, NULL), WG_EINVAL);
  ck_assert_int_eq (wg_fun_set_params (NULL, 4, p), WG_EINVAL);
  ck_assert_int_eq (wg_eval (f, NULL, &y), WG_OK);                   /* nothing was set */
  ck_assert (y == 74);
  const wg_var outside = wg_param (wg_num (0), 3, 2.5);              /* not in a recording: a number */
  ck_assert (outside.value == 2.5 && outside.ids == 0 && wg_fun_status (NULL) == WG_ETAPE);
  ck_assert (wg_fun_np (NULL) == 0);
  wg_fun_free (f);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("parameters");
  TCase *t = tcase_create ("parameters");
  tcase_add_test (t, set);
  tcase_add_test (t, as_inputs);
  tcase_add_test (t, of_the_handle);
  tcase_add_test (t, many);
  tcase_add_test (t, refused);
  suite_add_tcase (s, t);
  return run_suite (s);
}
