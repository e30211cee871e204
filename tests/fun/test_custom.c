/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Custom functions: with exact rules they are the recorded function of the same text, for every driver, inside models
 * and as derived functions to second order, by whichever rules are given; checkers, optimizers and solvers take them; what
 * the rules cannot do is refused by a status; ctx is released once.
 */
#include <wengert/least_squares.h>
#include <wengert/minimize.h>
#include <wengert/root.h>

#include "agree.h"
#include "runner.h"

/* y0 = a x0^2 x1 - x1^3, y1 = x0 x1 + 2 x0: with their J and the Hessian of u.f */

typedef struct { double a; int calls, released, fail_at; } rules_ctx;

static int counted (void *ctx)
{
  rules_ctx *c = ctx;
  return ++c->calls == c->fail_at ? 42 : 0;
}

static int eval (size_t n, const double x[], size_t m, double y[], void *ctx)
{
  (void) n;
  y[0] = ((rules_ctx *) ctx)->a*x[0]*x[0]*x[1] - x[1]*x[1]*x[1];
  if (m > 1) y[1] = x[0]*x[1] + 2*x[0];
  return counted (ctx);
}

static void jacobian (const double x[], double a, double J[2][2])
{
  J[0][0] = 2*a*x[0]*x[1], J[0][1] = a*x[0]*x[0] - 3*x[1]*x[1];
  J[1][0] = x[1] + 2, J[1][1] = x[0];
}

static int jvp (size_t n, const double x[], const double v[], size_t m, double jv[], void *ctx)
{
  double J[2][2];
  (void) n;
  jacobian (x, ((rules_ctx *) ctx)->a, J);
  for (size_t i = 0; i < m; i++) jv[i] = J[i][0]*v[0] + J[i][1]*v[1];
  return counted (ctx);
}

static int vjp (size_t n, const double x[], size_t m, const double u[], double uj[], void *ctx)
{
  double J[2][2];
  jacobian (x, ((rules_ctx *) ctx)->a, J);
  for (size_t j = 0; j < n; j++) uj[j] = u[0]*J[0][j] + (m > 1 ? u[1]*J[1][j] : 0);
  return counted (ctx);
}

static int hvp (size_t n, const double x[], size_t m, const double u[], const double v[], double hv[], void *ctx)
{
  const double a = ((rules_ctx *) ctx)->a, w = m > 1 ? u[1] : 0;
  (void) n;
  hv[0] = u[0]*2*a*(x[1]*v[0] + x[0]*v[1]) + w*v[1];
  hv[1] = u[0]*(2*a*x[0]*v[0] - 6*x[1]*v[1]) + w*v[0];
  return counted (ctx);
}

static void release (void *ctx) { ((rules_ctx *) ctx)->released++; }

static const wg_rules full = { .name = "cubic", .eval = eval, .jvp = jvp, .vjp = vjp, .hvp = hvp, .free = release };

static void model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n;
  const double a = ((rules_ctx *) ctx)->a;
  y[0] = wg_sub (wg_mul (a, wg_mul (wg_sqr (x[0]), x[1])), wg_mul (x[1], wg_sqr (x[1])));
  if (m > 1) y[1] = wg_add (wg_mul (x[0], x[1]), wg_mul (2, x[0]));
}

static const double at[AGREE_MOST] = { 2, -3, 1, 4, -1, 2, 3, -2, 1, 5, -1, 2, 3, 1, 2, -2, 1, 3, 4, 1, -2, 2, 1, 3 };

/* Every set of rules that is enough, by itself and once derived. */
START_TEST (as_recorded)
{
  for (size_t m = 1; m < 3; m++)
    for (int which = 1; which < 4; which++)
      {
        rules_ctx c = { .a = 3 };
        wg_rules rules = full;
        if (!(which & 1)) rules.jvp = NULL;
        if (!(which & 2)) rules.vjp = NULL;
        rules.check_at = at;
        wg_fun *f = wg_fun_custom (&rules, &c, 2, m), *g = agree_record (model, &c, 2, m, at);
        ck_assert_msg (f != NULL, "%s", wg_last_error ());
        ck_assert (wg_fun_n (f) == 2 && wg_fun_m (f) == m && wg_fun_np (f) == 0);
        agree_drivers (f, g, at), agree_drivers (f, g, at + 5);
        wg_fun *clone = wg_fun_clone (f);
        agree_drivers (clone, g, at + 3);
        static agree_derive *const derive[] = { wg_fun_jvp, wg_fun_vjp, wg_fun_jacobian, wg_fun_gradient, wg_fun_hvp };
        for (size_t k = 0; k < (m == 1 ? 5 : 3); k++)
          {
            double y[2][8], a[2][8], v[8] = { 2, 1, -3, 1 }, u[8] = { 1, -2, 1, 3 };
            wg_fun *d[2] = { derive[k] (f), derive[k] (g) };
            ck_assert_msg (d[0] && d[1], "%s", wg_last_error ());
            for (int s = 0; s < 2; s++) ck_assert_msg (wg_eval (d[s], at, y[s]) == WG_OK, "%zu: %s", k, wg_last_error ());
            agree_numbers ("derived value", wg_fun_m (d[0]), y[0], y[1]);
            for (int s = 0; s < 2 && k < 4; s++) ck_assert_int_eq (wg_jvp (d[s], at, v, y[s], a[s]), WG_OK);
            agree_numbers ("derived jvp", k < 4 ? wg_fun_m (d[0]) : 0, a[0], a[1]);
            for (int s = 0; s < 2 && k < 4; s++) ck_assert_int_eq (wg_vjp (d[s], at, u, y[s], a[s]), WG_OK);
            agree_numbers ("derived vjp", k < 4 ? wg_fun_n (d[0]) : 0, a[0], a[1]);
            if (k == 4) ck_assert_int_eq (wg_jvp (d[0], at, v, y[0], a[0]), WG_EORDER);         /* third order */
            if (k == 3) ck_assert_int_eq (wg_hvp_weighted (d[0], at, u, v, y[0], a[0], a[0]), WG_EORDER);
            wg_fun_free (d[0]), wg_fun_free (d[1]);
          }
        wg_fun_free (f), wg_fun_free (g);
        ck_assert_int_eq (c.released, 0);              /* the clone is a use */
        wg_fun_free (clone);
        ck_assert_int_eq (c.released, 1);
      }
}
END_TEST

/* inside models: several times, on its own results, beside recorded operations */
static void model_around (const wg_fun *f, rules_ctx *c, const wg_var x[], wg_var y[])
{
  wg_var a[2], b[2];
  const wg_var in[2] = { wg_add (x[0], x[1]), wg_mul (2, x[0]) };
  if (f) wg_call (f, in, NULL, a);
  else model (2, in, 2, a, c);
  const wg_var again[2] = { wg_sub (a[1], x[1]), wg_num (2) };
  if (f) wg_call (f, again, NULL, b);
  else model (2, again, 2, b, c);
  y[0] = wg_add (wg_mul (a[0], x[1]), wg_lt (x[0], x[1]) ? b[0] : b[1]);
}

typedef struct { const wg_fun *f; rules_ctx *c; } around;

static void model_with (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  const around *w = ctx;
  model_around (w->f, w->c, x, y);
}

START_TEST (inside_models)
{
  rules_ctx c = { .a = 2 };
  wg_fun *custom = wg_fun_custom (&full, &c, 2, 2);
  around with = { custom, &c }, without = { NULL, &c };
  wg_fun *f = agree_record (model_with, &with, 2, 1, at), *g = agree_record (model_with, &without, 2, 1, at);
  for (int k = 0; k < 5; k++)
    {
      agree_drivers (f, g, at + k);
      wg_fun *df = wg_fun_gradient (f), *dg = wg_fun_gradient (g);
      double y[2], z[2], J[4], K[4];
      ck_assert (wg_jacobian (df, at + k, y, J) == WG_OK && wg_jacobian (dg, at + k, z, K) == WG_OK);
      agree_numbers ("gradient", 2, y, z), agree_numbers ("Hessian", 4, J, K);
      wg_fun_free (df), wg_fun_free (dg);
    }
  wg_fun_free (custom), wg_fun_free (g);
  ck_assert_int_eq (c.released, 0);                    /* f is a use */
  wg_fun_free (f);
  ck_assert_int_eq (c.released, 1);
}
END_TEST

START_TEST (incomplete)
{
  rules_ctx c = { .a = 1 };
  wg_rules r = full;
  ck_assert (!wg_fun_custom (NULL, &c, 2, 2) && wg_fun_status (NULL) == WG_EINVAL);
  ck_assert (!wg_fun_custom (&full, &c, 0, 2) && wg_fun_status (NULL) == WG_EINVAL);
  ck_assert (!wg_fun_custom (&full, &c, 2, 0) && wg_fun_status (NULL) == WG_EINVAL);
  r.eval = NULL;
  ck_assert (!wg_fun_custom (&r, &c, 2, 2) && wg_fun_status (NULL) == WG_EINVAL && strstr (wg_last_error (), "eval"));
  r = full, r.jvp = NULL, r.vjp = NULL;
  ck_assert (!wg_fun_custom (&r, &c, 2, 2) && wg_fun_status (NULL) == WG_EINVAL && strstr (wg_last_error (), "vjp"));
  ck_assert_int_eq (c.released, 0);
  /* no second derivative: a status, and the first are there */
  double y[2] = { 77, 77 }, a[2] = { 77, 77 }, b[2] = { 77, 77 };
  r = full, r.hvp = NULL;
  wg_fun *f = wg_fun_custom (&r, &c, 2, 2);
  ck_assert_int_eq (wg_hvp_weighted (f, at, at, at, y, a, b), WG_EORDER);
  ck_assert_ptr_nonnull (strstr (wg_last_error (), "cubic"));
  ck_assert_int_eq (wg_fvv (f, at, at, y, a, b), WG_EORDER);
  ck_assert (y[0] == 77 && a[0] == 77 && b[1] == 77);
  ck_assert_int_eq (wg_gnvp (f, at, at, y, a), WG_OK);
  wg_fun *d = wg_fun_jvp (f);
  double v[4] = { 1, 2, 3, 4 }, g[4];
  ck_assert_int_eq (wg_eval (d, at, y), WG_OK);
  ck_assert_int_eq (wg_vjp (d, at, v, y, g), WG_EORDER);
  wg_fun_free (d), wg_fun_free (f);
  ck_assert_int_eq (c.released, 1);
}
END_TEST

/* wrong rules, found at registration; and ctx is not released then */

static int wrong_jvp (size_t n, const double x[], const double v[], size_t m, double jv[], void *ctx)
{
  const int rc = jvp (n, x, v, m, jv, ctx);
  jv[0] *= 1 + 1e-4;
  return rc;
}

static int wrong_vjp (size_t n, const double x[], size_t m, const double u[], double uj[], void *ctx)
{
  const int rc = vjp (n, x, m, u, uj, ctx);
  uj[1] = -uj[1];
  return rc;
}

static int wrong_hvp (size_t n, const double x[], size_t m, const double u[], const double v[], double hv[], void *ctx)
{
  const int rc = hvp (n, x, m, u, v, hv, ctx);
  hv[1] += 1;
  return rc;
}

START_TEST (wrong)
{
  rules_ctx c = { .a = 1 };
  for (int which = 0; which < 3; which++)
    {
      wg_rules r = full;
      if (which == 0) r.jvp = wrong_jvp;
      if (which == 1) r.vjp = wrong_vjp;
      if (which == 2) r.hvp = wrong_hvp;
      wg_fun *f = wg_fun_custom (&r, &c, 2, 1);        /* unasked, it is believed */
      ck_assert (f != NULL);
      wg_fun_free (f);
      r.check_at = at;
      c.released = 0;
      ck_assert (wg_fun_custom (&r, &c, 2, 1) == NULL);
      ck_assert_msg (wg_fun_status (NULL) == WG_DISAGREE, "%d: %d", which, wg_fun_status (NULL));
      ck_assert_int_eq (c.released, 0);
    }
}
END_TEST

/* A callback that says no: the driver's status, outputs untouched, whichever of its calls it is. */
START_TEST (not_here)
{
  rules_ctx c = { .a = 1 };
  wg_fun *f = wg_fun_custom (&full, &c, 2, 2);
  for (int driver = 0; driver < 6; driver++)
    for (int k = 1; ; k++)
      {
        double y[2] = { 77, 77 }, a[8] = { 77, 77 }, b[2] = { 77, 77 };
        int rc = 0;
        c.calls = 0, c.fail_at = k;
        switch (driver)
          {
          case 0: rc = wg_eval (f, at, y); break;
          case 1: rc = wg_jvp (f, at, at, y, a); break;
          case 2: rc = wg_vjp (f, at, at, y, a); break;
          case 3: rc = wg_hvp_weighted (f, at, at, at, y, a, b); break;
          case 4: rc = wg_fvv (f, at, at, y, a, b); break;
          case 5: rc = wg_jacobian (f, at, y, a); break;
          }
        if (c.calls < k) { ck_assert_int_eq (rc, WG_OK); break; }
        ck_assert_int_eq (rc, WG_EMODEL);
        ck_assert (strstr (wg_last_error (), "cubic") && strstr (wg_last_error (), "42"));
        ck_assert_msg (y[0] == 77 && a[0] == 77 && b[0] == 77, "driver %d wrote before call %d failed", driver, k);
        c.fail_at = 0;
        ck_assert_int_eq (wg_eval (f, at, y), WG_OK);
      }
  wg_fun_free (f);
}
END_TEST

/* Those who take functions take these. */

static int bowl_eval (size_t n, const double x[], size_t m, double y[], void *ctx)
{
  (void) m, (void) ctx;
  y[0] = 0;
  for (size_t i = 0; i < n; i++) y[0] += cosh (x[i] - (double) i);
  return 0;
}

static int bowl_vjp (size_t n, const double x[], size_t m, const double u[], double uj[], void *ctx)
{
  (void) m, (void) ctx;
  for (size_t i = 0; i < n; i++) uj[i] = u[0]*sinh (x[i] - (double) i);
  return 0;
}

static int bowl_hvp (size_t n, const double x[], size_t m, const double u[], const double v[], double hv[], void *ctx)
{
  (void) m, (void) ctx;
  for (size_t i = 0; i < n; i++) hv[i] = u[0]*cosh (x[i] - (double) i)*v[i];
  return 0;
}

START_TEST (taken)
{
  double x[3] = { 1.5, -.5, 1 };
  const double start[3] = { 1.5, -.5, 1 };
  wg_minimize_result result;
  wg_fun *f = wg_fun_custom (&(wg_rules){ .eval = bowl_eval, .vjp = bowl_vjp, .hvp = bowl_hvp }, NULL, 3, 1);
  ck_assert_int_eq (wg_check_gradient (f, x, NULL, NULL), WG_OK);
  ck_assert_int_eq (wg_check_jacobian (f, x, NULL, NULL), WG_OK);
  ck_assert_int_eq (wg_check_hvp (f, x, NULL, NULL), WG_OK);
  ck_assert_int_eq (wg_check_transpose (f, x, NULL, NULL), WG_OK);
  ck_assert_int_eq (wg_check_taylor (f, x, NULL, NULL), WG_OK);
  ck_assert_int_eq (wg_check_symmetry (f, x, NULL, NULL), WG_OK);
  ck_assert_int_eq (wg_check_replay (f, x, NULL, NULL), WG_EBRANCH);
  ck_assert_int_eq (wg_minimize (f, x, NULL, &result), WG_OK);
  for (int i = 0; i < 3; i++) ck_assert (fabs (x[i] - i) < 1e-6);    /* f'' = 1, gradient below 1e-6 */
  wg_fun *g = wg_fun_gradient (f);                     /* its root is the minimum; its sum of squares too */
  memcpy (x, start, sizeof x);
  ck_assert_int_eq (wg_root (g, x, NULL, NULL), WG_OK);
  for (int i = 0; i < 3; i++) ck_assert (fabs (x[i] - i) < 1e-6);
  memcpy (x, start, sizeof x);
  ck_assert_int_eq (wg_least_squares (g, x, NULL, NULL), WG_OK);
  for (int i = 0; i < 3; i++) ck_assert (fabs (x[i] - i) < 1e-6);
  wg_fun_free (f), wg_fun_free (g);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("custom functions");
  TCase *t = tcase_create ("custom");
  tcase_add_test (t, as_recorded);
  tcase_add_test (t, inside_models);
  tcase_add_test (t, incomplete);
  tcase_add_test (t, wrong);
  tcase_add_test (t, not_here);
  tcase_add_test (t, taken);
  suite_add_tcase (s, t);
  return run_suite (s);
}
