/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Custom functions whose Jacobian is a model: the same numbers as the function written out, for every driver and every
 * derived function at every depth, as functions and as operations; on all branches of the model; partials that do not
 * exist are errors where they are needed and only there; every allocation may fail.
 */
#include "agree.h"
#include "allocations.h"
#include "runner.h"

static const double at[AGREE_MOST] = { 2, -3, 5, 1, -2, 4, 3, -1, 2, 1, 3, -2, 5, 2, -4, 1, 2, 3, -1, -5, 2, 4, 1, -3 };
static const double beside[AGREE_MOST] = { -3, 1, 4, -2, 5, 1, -1, 2, 3, -4, 2, 1, 1, -3, 2, 2, 5, -1, 4, 3, -2, 1, 2, 1 };

/* y = (a^k b, b^2 if a < b, a b otherwise), k in ctx; a^k is needed for k - 1, so that the rules call themselves. */

static int power_eval (size_t n, const double x[], size_t m, double y[], void *ctx)
{
  (void) n, (void) m;
  y[0] = x[1];
  for (intptr_t k = (intptr_t) ctx; k > 0; k--) y[0] *= x[0];
  y[1] = x[0] < x[1] ? x[1]*x[1] : x[0]*x[1];
  return 0;
}

static void power_jacobian (size_t n, const wg_var x[], size_t count, wg_var J[], void *ctx);
static const wg_rules power = { .name = "power", .eval = power_eval, .jacobian = power_jacobian };

static void power_jacobian (size_t n, const wg_var x[], size_t count, wg_var J[], void *ctx)
{
  const intptr_t k = (intptr_t) ctx;
  wg_var below[2] = { wg_num (0), wg_num (0) }, one[2];
  (void) n, (void) count;
  if (k) wg_call_custom (&power, (void *) (k - 1), 2, x, 2, below);
  wg_call_custom (&power, ctx, 2, (wg_var[]){ x[0], wg_num (1) }, 2, one);
  J[0] = wg_mul ((double) k, below[0]), J[1] = one[0];
  if (wg_lt (x[0], x[1])) J[2] = wg_num (0), J[3] = wg_mul (2, x[1]);
  else J[2] = x[1], J[3] = x[0];
}

static void written (intptr_t k, wg_var a, wg_var b, wg_var y[])
{
  y[0] = b;
  for (; k > 0; k--) y[0] = wg_mul (y[0], a);
  y[1] = wg_lt (a, b) ? wg_sqr (b) : wg_mul (a, b);
}

static void model_power (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var r[2];
  (void) n;
  written ((intptr_t) ctx, x[0], x[1], r);
  for (size_t i = 0; i < m; i++) y[i] = r[i];
}

START_TEST (as_function)
{
  for (intptr_t k = 0; k < 4; k++)
    {
      wg_fun *f = agree_record (model_power, (void *) k, 2, 2, at), *g = wg_fun_custom (&power, (void *) k, 2, 2);
      ck_assert_msg (g != NULL, "%s", wg_last_error ());
      agree (f, g, at, 2);
      agree (f, g, beside, 2);
      wg_fun_free (f), wg_fun_free (g);
    }
}
END_TEST

static wg_var folded;             /* a call on literals */

/* Within a model: on expressions, numbers, the same operand twice, results of its own; some results unused. */
static void combine (int custom, const wg_var x[], wg_var y[])
{
  const wg_var in[5][2] = { { x[0], x[1] }, { x[1], x[1] }, { wg_num (2), x[2] }, { wg_add (x[0], x[2]), wg_num (-3) },
                            { wg_num (2), wg_num (3) } };
  static const intptr_t order[5] = { 2, 1, 3, 2, 2 };
  wg_var r[6][2];
  for (int i = 0; i < 5; i++)
    if (custom) wg_call_custom (&power, (void *) order[i], 2, in[i], 2, r[i]);
    else written (order[i], in[i][0], in[i][1], r[i]);
  folded = r[4][0];
  if (custom) wg_call_custom (&power, (void *) 1, 2, r[0], 2, r[5]);
  else written (1, r[0][0], r[0][1], r[5]);
  y[0] = wg_add (wg_sub (wg_mul (r[0][0], r[1][1]), r[2][0]), wg_mul (r[3][0], r[4][0]));
  y[1] = wg_add (r[5][1], r[3][1]);
}

static void model_combined (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var r[2];
  (void) n;
  combine (ctx != NULL, x, r);
  for (size_t i = 0; i < m; i++) y[i] = r[i];
}

START_TEST (as_operation)
{
  int yes = 1;
  for (size_t m = 1; m < 3; m++)
    {
      wg_fun *f = agree_record (model_combined, NULL, 3, m, at), *g = agree_record (model_combined, &yes, 3, m, at);
      ck_assert (folded.ids == 0 && folded.value == 12);
      agree (f, g, at, 2);
      agree (f, g, beside, 2);
      wg_fun *h = wg_fun_clone (g);
      agree (f, h, beside, 1);
      wg_fun_free (f), wg_fun_free (g), wg_fun_free (h);
    }
}
END_TEST

/* A loop shares one source, so that one instance serves it. */
static void model_loop (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var s = x[0], r[2];
  (void) n, (void) m, (void) ctx;
  for (int i = 0; i < 1000; i++) wg_call_custom (&power, (void *) 1, 2, (wg_var[]){ s, x[1] }, 2, r), s = r[0];
  y[0] = s;
}

START_TEST (shared)
{
  const double x[2] = { 3, 1 };
  double g[2];
  wg_fun *f = agree_record (model_loop, NULL, 2, 1, x);
  ck_assert_int_eq (wg_gradient (f, x, NULL, g), WG_OK);
  ck_assert (g[0] == 1 && g[1] == 3000);
  calls = 0, inside = 1;
  const int rc = wg_gradient (f, (double[]){ 2, 1 }, NULL, g);
  inside = 0;
  ck_assert_int_eq (rc, WG_OK);
  ck_assert_int_eq (calls, 0);
  ck_assert (g[0] == 1 && g[1] == 2000);
  wg_fun_free (f);
}
END_TEST

/* y = a + b^2 c with no partial with respect to a. */

static int lame_eval (size_t n, const double x[], size_t m, double y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = x[0] + x[1]*x[1]*x[2];
  return x[1] > 1e6;
}

static void lame_jacobian (size_t n, const wg_var x[], size_t count, wg_var J[], void *ctx)
{
  (void) n, (void) count, (void) ctx;
  J[1] = wg_mul (2, wg_mul (x[1], x[2]));
  J[2] = wg_sqr (x[1]);
}

static const wg_rules lame = { .name = "lame", .eval = lame_eval, .jacobian = lame_jacobian };

/* In mode 0 operand a is a number, in 1 a parameter, in 2 flat, in 3 an input. */
static void model_lame (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const int mode = *(const int *) ctx;
  const wg_var a = mode == 0 ? wg_num (2) : mode == 1 ? wg_param (x[0], 0, 2) : mode == 2 ? wg_floor (x[1]) : x[1];
  (void) n, (void) m;
  wg_call_custom (&lame, NULL, 3, (wg_var[]){ a, x[0], x[1] }, 1, y);
}

START_TEST (no_partial)
{
  const double x[2] = { 3, 2 };
  double y, jv, g[2], H[4], fvv;
  for (int mode = 0; mode < 4; mode++)
    {
      wg_fun *f = agree_record (model_lame, &mode, 2, 1, x);
      ck_assert_int_eq (wg_eval (f, x, &y), WG_OK);
      ck_assert (y == 20);
      /* along the first input alone it does exist */
      ck_assert_int_eq (wg_jvp (f, x, (double[]){ 1, 0 }, &y, &jv), WG_OK);
      ck_assert (jv == 12);
      ck_assert_int_eq (wg_fvv (f, x, (double[]){ 1, 0 }, &y, &jv, &fvv), WG_OK);
      ck_assert (fvv == 4);
      wg_fun *d = wg_fun_gradient (f), *v = wg_fun_jvp (f);
      if (mode < 3)
        {
          ck_assert_int_eq (wg_hessian (f, x, &y, g, H), WG_OK);
          ck_assert (g[0] == 12 && g[1] == 9 && H[0] == 4 && H[1] == 6 && H[2] == 6 && H[3] == 0);
          ck_assert (d && v);
          ck_assert_int_eq (wg_jacobian (d, x, g, H), WG_OK);
          ck_assert (g[0] == 12 && g[1] == 9 && H[0] == 4 && H[1] == 6 && H[2] == 6 && H[3] == 0);
        }
      else
        {
          g[0] = 7, H[3] = 7;
          ck_assert_int_eq (wg_gradient (f, x, NULL, g), WG_EORDER);
          ck_assert_str_eq (wg_last_error (), "lame has no derivative with respect to operand 0");
          ck_assert_int_eq (wg_hessian (f, x, NULL, NULL, H), WG_EORDER);
          ck_assert_int_eq (wg_jvp (f, x, (double[]){ 1, 1 }, NULL, &jv), WG_EORDER);
          ck_assert (g[0] == 7 && H[3] == 7);
          ck_assert (!d && !v);
          ck_assert_int_eq (wg_fun_status (NULL), WG_EORDER);
          ck_assert_int_eq (wg_eval (f, x, &y), WG_OK);
        }
      wg_fun_free (f), wg_fun_free (d), wg_fun_free (v);
    }
}
END_TEST

/* refusals */

static void model_refused (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  static const wg_rules no_eval = { .jacobian = lame_jacobian }, no_derivative = { .eval = lame_eval };
  (void) n, (void) m;
  y[0] = x[0];
  switch (*(const int *) ctx)
    {
    case 0: wg_call_custom (NULL, NULL, 3, x, 1, y); break;
    case 1: wg_call_custom (&no_eval, NULL, 3, x, 1, y); break;
    case 2: wg_call_custom (&no_derivative, NULL, 3, x, 1, y); break;
    case 3: wg_call_custom (&lame, NULL, 3, x, 0, y); break;
    case 4: wg_call_custom (&lame, NULL, 3, (wg_var[]){ wg_num (1), wg_num (1e7), wg_num (1) }, 1, y); break;
    default: wg_call_custom (&lame, NULL, 3, (wg_var[]){ x[0], wg_num (1e7), x[2] }, 1, y);
    }
}

START_TEST (refusals)
{
  for (int kind = 0; kind < 6; kind++)
    {
      wg_fun *f = wg_fun_record (model_refused, &kind, 3, 1, at);
      ck_assert (f == NULL);
      ck_assert_int_eq (wg_fun_status (NULL), kind < 4 ? WG_EINVAL : WG_EMODEL);
    }
  ck_assert (strstr (wg_last_error (), "lame: eval returned 1"));
  const double x[3] = { 2, 3, 1 };
  wg_rules wrong = power;
  wrong.check_at = x;
  wg_fun *f = wg_fun_custom (&wrong, (void *) 2, 2, 2);
  ck_assert_msg (f != NULL, "%s", wg_last_error ());
  wg_fun_free (f);
  wrong.jacobian = lame_jacobian;                  /* of another function */
  ck_assert (wg_fun_custom (&wrong, (void *) 2, 3, 1) == NULL);
}
END_TEST

/* Every allocation on the way to second derivatives fails once; nothing is left, and the next try works. */
START_TEST (memory)
{
  int yes = 1;
  for (long k = 1; ; k++)
    {
      double g[3], h[3];
      live = calls = refused = 0, fail_at = k, inside = 1;
      int rc = WG_OK;
      wg_fun *f = wg_fun_record (model_combined, &yes, 3, 1, at), *d = NULL;
      if (f) rc = wg_hvp (f, at, beside, NULL, g, h);
      if (f && !rc && !(d = wg_fun_gradient (f))) rc = wg_fun_status (NULL);
      if (d) rc = wg_jvp (d, at, beside, NULL, h);
      const int was_refused = refused, made = f != NULL;
      fail_at = 0;
      const int again = f ? wg_hvp (f, at, beside, NULL, g, h) : WG_OK;
      wg_fun_free (d), wg_fun_free (f);
      inside = 0;
      ck_assert_int_eq (again, WG_OK);
      ck_assert_int_eq (live, 0);
      if (!was_refused) { ck_assert_int_eq (rc, WG_OK); break; }
      if (made) ck_assert (rc == WG_ENOMEM || rc == WG_EMODEL);      /* that one within the derivative's recording */
    }
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("custom_model");
  TCase *t = tcase_create ("custom_model");
  tcase_add_test (t, as_function);
  tcase_add_test (t, as_operation);
  tcase_add_test (t, shared);
  tcase_add_test (t, no_partial);
  tcase_add_test (t, refusals);
  tcase_add_test (t, memory);
  suite_add_tcase (s, t);
  return run_suite (s);
}
