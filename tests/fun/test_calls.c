/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * wg_call: a function as one operation is the same as its text written out, for every driver and every derived function, at every
 * depth, with its parameters and on all its branches; the calling list stays short and is not recorded again when a
 * callee's branch changes; what goes wrong in a callee comes out of the caller.
 */
#include "agree.h"
#include "runner.h"

static const double at[AGREE_MOST] = { 2, -3, 5, 1, -2, 4, 3, -1, 2, 1, 3, -2, 5, 2, -4, 1, 2, 3, -1, -5, 2, 4, 1, -3 };
static const double beside[AGREE_MOST] = { -3, 1, 4, -2, 5, 1, -1, 2, 3, -4, 2, 1, 1, -3, 2, 2, 5, -1, 4, 3, -2, 1, 2, 1 };

/* The inner function, its parameters being variables of the caller: three outputs, one an input, on two branches. */
static void inner (const wg_var x[2], const wg_var p[2], wg_var y[3])
{
  const wg_var t = wg_mul (x[0], wg_add (x[1], p[0]));
  y[0] = wg_lt (x[0], p[1]) ? wg_add (wg_sqr (t), x[1]) : wg_sub (wg_mul (t, p[1]), wg_mul (x[1], wg_sqr (x[0])));
  y[1] = x[1];
  y[2] = wg_select (wg_is_lt (x[1], x[0]), t, wg_mul (x[1], x[1]));
}

static void model_inner (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  const wg_var p[2] = { wg_param (x[0], 0, 2), wg_param (x[0], 1, 1) };
  inner (x, p, y);
}

static void call (const wg_fun *f, wg_var a, wg_var b, const wg_var p[], wg_var y[])
{
  const wg_var in[2] = { a, b }, own[2] = { wg_num (2), wg_num (1) };
  if (f) wg_call (f, in, p, y);
  else inner (in, p ? p : own, y);
}

/* Called with its own parameters, with numbers, variables and an expression for them, on operands that are the same, numbers,
 * flat; its results called with again; once with a result that nobody uses, once for nothing. */
static void outer (const wg_fun *f, const wg_var x[], wg_var y[])
{
  wg_var r[7][3], p[2] = { x[2], wg_num (-1) }, q[2] = { wg_sub (x[0], x[2]), wg_mul (x[1], x[1]) };
  call (f, x[0], x[1], NULL, r[0]);
  call (f, x[2], x[2], p, r[1]);
  call (f, r[0][2], wg_num (3), NULL, r[2]);
  call (f, wg_floor (x[0]), wg_sub (x[1], x[0]), q, r[3]);
  call (f, wg_add (x[0], x[1]), r[1][1], q, r[4]);
  call (f, wg_num (2), wg_num (-5), NULL, r[5]);
  call (f, x[1], x[0], NULL, r[6]);
  y[0] = wg_add (wg_mul (r[0][0], r[1][2]), wg_sub (r[2][0], r[3][0]));
  y[1] = wg_mul (wg_add (r[4][2], r[5][0]), r[1][0]);
  y[2] = wg_add (r[5][2], wg_add (wg_mul (r[2][1], r[3][1]), r[4][1]));
}

static void model_outer (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n;
  wg_var r[3];
  outer (ctx, x, r);
  for (size_t i = 0; i < m; i++) y[i] = r[i];
}

static wg_fun *record_inner (void) { return agree_record (model_inner, NULL, 2, 3, at); }

START_TEST (written_out)
{
  for (size_t m = 1; m < 4; m += 2)
    {
      wg_fun *called = record_inner ();
      wg_fun *f = agree_record (model_outer, called, 3, m, at), *g = agree_record (model_outer, NULL, 3, m, at);
      wg_fun *clone = wg_fun_clone (f);
      wg_fun_free (called);                          /* is not needed any more */
      for (int round = 0; round < 3; round++)        /* there, elsewhere, back */
        {
          double x[AGREE_MOST];
          memcpy (x, round == 1 ? beside : at, sizeof x);
          agree (f, g, x, 2);
          agree_drivers (clone, g, x);
        }
      rp_random r = { 0x5eed7000 };
      for (int k = 0; k < 200; k++)
        {
          double x[AGREE_MOST];
          for (int i = 0; i < AGREE_MOST; i++) x[i] = (double) rp_below (&r, 11) - 5;
          agree (f, g, x, k % 50 == 0);
        }
      wg_fun_free (f), wg_fun_free (g), wg_fun_free (clone);
    }
}
END_TEST

/* Calls in calls in calls: level k calls level k - 1 twice, once on its own result. */

typedef struct { const wg_fun *below; int level; } tower;

static void level (const wg_fun *below, int k, const wg_var x[2], wg_var y[2])
{
  wg_var a[2], b[2];
  if (k == 0)
    {
      y[0] = wg_lt (x[0], x[1]) ? wg_add (x[0], wg_mul (2, x[1])) : wg_sub (x[1], x[0]);
      y[1] = wg_max (x[0], wg_neg (x[1]));
      return;
    }
  if (below) wg_call (below, x, NULL, a), wg_call (below, a, NULL, b);
  else level (NULL, k - 1, x, a), level (NULL, k - 1, a, b);
  y[0] = wg_sub (a[0], b[1]);
  y[1] = k == 2 ? wg_mul (x[0], b[0]) : wg_add (b[0], a[1]);
}

static void model_level (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  const tower *t = ctx;
  level (t->below, t->level, x, y);
}

START_TEST (nested)
{
  enum { LEVELS = 5 };
  wg_fun *f[LEVELS];
  tower t[LEVELS];
  for (int k = 0; k < LEVELS; k++)
    {
      t[k] = (tower){ k ? f[k-1] : NULL, k };
      f[k] = agree_record (model_level, &t[k], 2, 2, at);
      tower out = { NULL, k };
      wg_fun *g = agree_record (model_level, &out, 2, 2, at);
      agree (f[k], g, at, k < 4 ? 2 : 1), agree (f[k], g, beside, k < 4), agree (f[k], g, at, 0);
      wg_fun_free (g);
    }
  for (int k = 0; k < LEVELS; k++) wg_fun_free (f[k]);
}
END_TEST

/* A long callee is one operation; a branch that changes in it records it, not the caller. */

static int long_runs, short_runs;

static void model_long (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  long_runs++;
  y[0] = x[0];
  for (int k = 0; k < 1000; k++) y[0] = wg_mul (1 + (k % 3 - 1)/16., wg_add (wg_sin (y[0]), 1/1024.));
  if (wg_lt (x[0], 0)) y[0] = wg_neg (y[0]);
}

static void model_short (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  short_runs++;
  wg_call (ctx, x, NULL, y);
  wg_call (ctx, y, NULL, y);
}

START_TEST (one_operation)
{
  double y, z, g;
  wg_fun_info i;
  wg_fun *called = agree_record (model_long, NULL, 1, 1, at), *f = agree_record (model_short, called, 1, 1, at);
  wg_fun_get_info (f, &i);
  ck_assert (i.operations == 2 && i.calls == 2 && i.guards == 0 && i.program_bytes < 512);
  ck_assert (long_runs == 1 && short_runs == 1);
  for (int k = 0; k < 20; k++)
    {
      const double x = (k % 2 ? -1 : 1)*(1 + k/7.);
      ck_assert_int_eq (wg_gradient (f, &x, &y, &g), WG_OK);
      wg_eval (called, &x, &z), wg_eval (called, &z, &z);
      ck_assert (y == z);
    }
  ck_assert (long_runs == 2 && short_runs == 1);
  wg_fun_get_info (f, &i);
  ck_assert (i.recordings == 1 && i.traces == 1 && i.breaks == 0);
  wg_fun_free (f), wg_fun_free (called);
}
END_TEST

/* p NULL means the parameters of that moment, and those that come later with a branch. */

static wg_fun *moment;

static void model_moments (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  for (int k = 0; k < 3; k++)
    {
      const double p[2] = { 10 + k, 100*k };
      wg_var r[3];
      ck_assert_int_eq (wg_fun_set_params (moment, 2, p), WG_OK);
      wg_call (moment, x, NULL, r);
      y[k] = r[2];
    }
}

START_TEST (parameters_of_the_moment)
{
  double y[3];
  const double x[2] = { 4, 1 };                      /* y2 = x0 (x1 + p0) */
  moment = record_inner ();
  wg_fun *f = agree_record (model_moments, NULL, 2, 3, x);
  ck_assert_int_eq (wg_fun_set_params (moment, 2, (double[]){ 55, 66 }), WG_OK);
  ck_assert_int_eq (wg_eval (f, x, y), WG_OK);
  for (int k = 0; k < 3; k++) ck_assert (y[k] == 4*(11 + k));
  wg_fun_free (moment);
  ck_assert_int_eq (wg_eval (f, (double[]){ 5, 2 }, y), WG_OK);
  for (int k = 0; k < 3; k++) ck_assert (y[k] == 5*(12 + k));
  wg_fun_free (f);
}
END_TEST

/* A parameter more on one branch. */
static void model_more (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_mul (wg_param (x[0], 0, 3), x[0]);
  if (wg_lt (x[0], 0)) y[0] = wg_mul (y[0], wg_param (x[0], 1, 7));
}

static void model_given (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  wg_call (ctx, x, x + 1, y);
}

START_TEST (more_parameters_later)
{
  double y, g[3];
  wg_fun *called = agree_record (model_more, NULL, 1, 1, at);
  ck_assert_uint_eq (wg_fun_np (called), 1);
  wg_fun *f = agree_record (model_given, called, 3, 1, (double[]){ 2, 5, 11 });
  ck_assert_int_eq (wg_gradient (f, (double[]){ -2, 5, 11 }, &y, g), WG_OK);
  ck_assert (y == -70 && g[0] == 35 && g[1] == -14 && g[2] == 0);              /* the second was not known: its own 7 */
  ck_assert_int_eq (wg_eval (called, (double[]){ -2 }, &y), WG_OK);
  ck_assert_uint_eq (wg_fun_np (called), 2);
  ck_assert_int_eq (wg_eval (called, (double[]){ 2 }, &y), WG_OK);             /* known on every branch from now on */
  wg_fun *known = agree_record (model_given, called, 3, 1, (double[]){ 2, 5, 11 });
  ck_assert_int_eq (wg_gradient (known, (double[]){ -2, 5, 11 }, &y, g), WG_OK);
  ck_assert (y == -110 && g[0] == 55 && g[1] == -22 && g[2] == -10);
  wg_fun_free (called), wg_fun_free (f), wg_fun_free (known);
}
END_TEST

/* An arm that is not taken contributes nothing, though its derivative is infinite, through calls as without them. */

static void model_root (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_sqrt (x[0]), y[1] = wg_cbrt (x[0]);
}

static void model_arms (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  wg_var z[2];
  wg_call (ctx, x, NULL, z);
  y[0] = wg_select (wg_is_lt (0, x[0]), wg_mul (z[0], z[1]), wg_mul (-3, x[0]));
  y[0] = wg_add (wg_max (y[0], wg_sub (z[1], 9)), wg_mul (0, x[1]));
}

START_TEST (untaken_arms)
{
  double y, g[2], again[2], hv[2];
  const double x[2] = { 0, 4 }, v[2] = { 2, 1 };
  wg_fun *called = agree_record (model_root, NULL, 1, 2, (double[]){ 4 });
  wg_fun *f = agree_record (model_arms, called, 2, 1, (double[]){ 4, 4 });
  wg_fun *derived = wg_fun_gradient (f), *second = wg_fun_hvp (f);
  ck_assert_int_eq (wg_hvp (f, x, v, &y, g, hv), WG_OK);
  ck_assert (y == 0 && g[0] == -3 && g[1] == 0 && hv[0] == 0 && hv[1] == 0);
  ck_assert_msg (wg_eval (derived, x, again) == WG_OK, "%g %g", again[0], again[1]);
  ck_assert (again[0] == -3 && again[1] == 0);
  ck_assert_int_eq (wg_eval (second, (double[]){ 0, 4, 2, 1 }, again), WG_OK);
  ck_assert (again[0] == 0 && again[1] == 0);
  ck_assert_int_eq (wg_eval (derived, (double[]){ 64, 4 }, again), WG_OK);     /* 5/6 x^(-1/6) */
  ck_assert (fabs (again[0] - 5/12.) < 1e-15);
  wg_fun_free (called), wg_fun_free (f), wg_fun_free (derived), wg_fun_free (second);
}
END_TEST

/* what goes wrong */

typedef struct { const wg_fun *f; int what; wg_var *kept; } attempt;

static void model_attempt (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  const attempt *a = ctx;
  wg_var r[3] = { x[0], x[1], x[0] };
  switch (a->what)
    {
    case 0: wg_call (NULL, x, NULL, r); break;
    case 1: wg_call (a->f, NULL, NULL, r); break;
    case 2: wg_call (a->f, x, NULL, NULL); break;
    case 3: wg_call (a->f, (wg_var[]){ x[0], a->kept[0] }, NULL, r); break;
    case 4: wg_call (a->f, x, (wg_var[]){ wg_num (1), a->kept[0] }, r); break;
    default: wg_call (a->f, x, NULL, r);
    }
  y[0] = r[0];
}

static void model_keeping (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  *(wg_var *) ctx = x[0];
  y[0] = x[0];
}

static void model_moody (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  if (!wg_le (0, x[0])) wg_raise (x[0], "not below zero");
  y[0] = wg_add (x[0], x[1]);
}

START_TEST (refused)
{
  static const struct { int what, status; const char *words; } all[] = {
    { 0, WG_EMODEL, "NULL" }, { 1, WG_EMODEL, "NULL" }, { 2, WG_EMODEL, "NULL" },
    { 3, WG_ETAPE, "ended recording" }, { 4, WG_ETAPE, "ended recording" } };
  wg_var kept;
  wg_fun *ended = agree_record (model_keeping, &kept, 1, 1, at), *f = record_inner ();
  for (size_t i = 0; i < sizeof all/sizeof *all; i++)
    {
      attempt a = { f, all[i].what, &kept };
      ck_assert (wg_fun_record (model_attempt, &a, 2, 1, at) == NULL);
      ck_assert_msg (wg_fun_status (NULL) == all[i].status && strstr (wg_last_error (), all[i].words),
                     "%d: %d, %s", all[i].what, wg_fun_status (NULL), wg_last_error ());
    }
  wg_fun_free (ended), wg_fun_free (f);
}
END_TEST

START_TEST (errors_of_the_callee)
{
  double y = 77, g[2] = { 77, 77 }, hv[2] = { 77, 77 }, H[4] = { 77, 77, 77, 77 };
  const double bad[2] = { -1, 2 }, good[2] = { 1, 2 }, v[2] = { 1, 1 };
  wg_fun *moody = agree_record (model_moody, NULL, 2, 1, good);
  attempt a = { moody, 9, NULL };
  ck_assert (wg_fun_record (model_attempt, &a, 2, 1, bad) == NULL);
  ck_assert (wg_fun_status (NULL) == WG_EMODEL && strstr (wg_last_error (), "below zero"));
  wg_fun *f = agree_record (model_attempt, &a, 2, 1, good);
  wg_fun *derived = wg_fun_hvp (f);
  ck_assert_int_eq (wg_eval (f, bad, &y), WG_EMODEL);
  ck_assert_ptr_nonnull (strstr (wg_last_error (), "below zero"));
  ck_assert_int_eq (wg_gradient (f, bad, &y, g), WG_EMODEL);
  ck_assert_int_eq (wg_jvp (f, bad, v, &y, g), WG_EMODEL);
  ck_assert_int_eq (wg_hvp (f, bad, v, &y, g, hv), WG_EMODEL);
  ck_assert_int_eq (wg_fvv (f, bad, v, &y, g, hv), WG_EMODEL);
  ck_assert_int_eq (wg_hessian (f, bad, &y, g, H), WG_EMODEL);
  ck_assert_int_eq (wg_eval (derived, (double[]){ -1, 2, 1, 1 }, g), WG_EMODEL);
  ck_assert (y == 77 && g[0] == 77 && hv[0] == 77 && H[0] == 77);
  ck_assert_int_eq (wg_eval (f, NULL, &y), WG_EINVAL);               /* no last point */
  ck_assert_int_eq (wg_hvp (f, good, v, &y, g, hv), WG_OK);
  ck_assert (y == 3 && g[0] == 1 && g[1] == 1 && hv[0] == 0);
  ck_assert_int_eq (wg_hvp (f, (double[]){ NAN, 2 }, v, &y, g, hv), WG_NONFINITE);     /* a NaN that its branch depends on */
  ck_assert (isnan (y) && isnan (g[0]) && isnan (g[1]));
  ck_assert_int_eq (wg_gradient (f, good, &y, g), WG_OK);
  ck_assert (y == 3 && g[0] == 1);
  wg_fun_free (f), wg_fun_free (moody), wg_fun_free (derived);
}
END_TEST

/* A model that calls its own function, when a branch makes it run again. */
static void model_own (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  wg_fun **self = ctx;
  y[0] = x[0];
  if (wg_lt (x[0], 0) && *self) wg_call (*self, x, NULL, y);
}

START_TEST (of_itself)
{
  double y = 77;
  wg_fun *self = NULL, *f = agree_record (model_own, &self, 2, 1, (double[]){ 1, 2 });
  self = f;
  ck_assert_int_eq (wg_eval (f, (double[]){ -1, 2 }, &y), WG_EBUSY);
  ck_assert (y == 77);
  ck_assert_int_eq (wg_eval (f, (double[]){ 3, 2 }, &y), WG_OK);
  ck_assert (y == 3);
  wg_fun_free (f);
}
END_TEST

/* A change deep inside reaches everybody who calls, at the point where they are: factor x^2, called three deep. */

static void model_scaled (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  y[0] = wg_mul (*(double *) ctx, wg_sqr (x[0]));
}

static void model_calls (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  wg_call (ctx, x, NULL, y);
}

START_TEST (invalidated_inside)
{
  const double x = 3, one = 1;
  double factor = 1;
  wg_fun *f = agree_record (model_scaled, &factor, 1, 1, &x);
  wg_fun *g = agree_record (model_calls, f, 1, 1, &x), *h = agree_record (model_calls, g, 1, 1, &x);
  wg_fun *top = agree_record (model_calls, h, 1, 1, &x), *gradient = wg_fun_gradient (top);
  for (factor = 1; factor < 2000; factor *= 10)
    {
      double y, d, hv, slope;
      ck_assert_int_eq (wg_fun_invalidate (f), WG_OK);
      ck_assert_int_eq (wg_eval (gradient, &x, &slope), WG_OK);
      ck_assert_int_eq (wg_hvp (top, &x, &one, &y, &d, &hv), WG_OK);
      ck_assert_msg (y == factor*9 && d == factor*6 && hv == factor*2 && slope == d, "factor %g: %g %g %g %g", factor, y, d, hv, slope);
    }
  wg_fun_free (f), wg_fun_free (g), wg_fun_free (h), wg_fun_free (top), wg_fun_free (gradient);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("calls");
  TCase *t = tcase_create ("calls");
  tcase_add_test (t, written_out);
  tcase_add_test (t, nested);
  tcase_add_test (t, one_operation);
  tcase_add_test (t, parameters_of_the_moment);
  tcase_add_test (t, more_parameters_later);
  tcase_add_test (t, untaken_arms);
  tcase_add_test (t, refused);
  tcase_add_test (t, errors_of_the_callee);
  tcase_add_test (t, of_itself);
  tcase_add_test (t, invalidated_inside);
  suite_add_tcase (s, t);
  return run_suite (s);
}
