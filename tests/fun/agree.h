/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Two functions that are one: every driver gives the same numbers for both, and so do the functions derived from them.
 * For polynomials with small integers all sums and products are exact, whatever their order, so that a function
 * with calls, parameters or custom rules is equal to the same one written out.
 */
#ifndef TESTS_FUN_AGREE_H
#define TESTS_FUN_AGREE_H

#include <check.h>

#include "../random_program.h"

enum { AGREE_MOST = 24, AGREE_DIRECTIONS = 11 };       /* inputs, outputs; more directions than a wide sweep has */

static inline void agree_numbers (const char *what, size_t count, const double a[], const double b[])
{
  for (size_t i = 0; i < count; i++)
    ck_assert_msg (a[i] == b[i] || (a[i] != a[i] && b[i] != b[i]), "%s: entry %zu is %.17g and %.17g", what, i, a[i], b[i]);
}

/* f and g at x by all drivers. */
static inline void agree_drivers (wg_fun *f, wg_fun *g, const double x[])
{
  enum { N = AGREE_MOST, K = AGREE_DIRECTIONS };
  const size_t n = wg_fun_n (f), m = wg_fun_m (f);
  double v[N*K], u[N], y[2][N], a[2][N], b[2][N*N], c[2][N*K];
  wg_fun *const of[2] = { f, g };
  ck_assert (n <= N && m <= N && wg_fun_n (g) == n && wg_fun_m (g) == m);
  for (size_t i = 0; i < n*K; i++) v[i] = (double) (i*i % 7) - 2;
  for (size_t i = 0; i < m; i++) u[i] = (double) (i % 4) - 1;
#define BOTH(call) for (int s = 0; s < 2; s++) ck_assert_msg ((call) == WG_OK, "%s: %s", #call, wg_last_error ())
#define HOLD(what, count, of) agree_numbers (what, count, of[0], of[1])
  BOTH (wg_eval (of[s], x, y[s]));
  HOLD ("value", m, y);
  BOTH (wg_jvp (of[s], x, v, y[s], a[s]));
  HOLD ("jvp's value", m, y), HOLD ("jvp", m, a);
  BOTH (wg_jvp (of[s], NULL, v + n, NULL, a[s]));
  HOLD ("jvp at the last point", m, a);
  BOTH (wg_vjp (of[s], x, u, y[s], a[s]));
  HOLD ("vjp", n, a);
  BOTH (wg_fvv (of[s], x, v, y[s], a[s], c[s]));
  HOLD ("fvv's value", m, y), HOLD ("fvv's jvp", m, a), HOLD ("fvv", m, c);
  BOTH (wg_gnvp (of[s], x, v, y[s], a[s]));
  HOLD ("gnvp", n, a);
  BOTH (wg_hvp_weighted (of[s], x, u, v, y[s], a[s], c[s]));
  HOLD ("weighted gradient", n, a), HOLD ("weighted hvp", n, c);
  BOTH (wg_jacobian (of[s], x, y[s], b[s]));
  HOLD ("Jacobian", m*n, b);
  if (m != 1) return;
  BOTH (wg_gradient (of[s], x, y[s], a[s]));
  HOLD ("gradient's value", 1, y), HOLD ("gradient", n, a);
  BOTH (wg_hvp (of[s], x, v, y[s], a[s], c[s]));
  HOLD ("hvp's gradient", n, a), HOLD ("hvp", n, c);
  BOTH (wg_hvps (of[s], x, K, v, y[s], a[s], c[s]));
  HOLD ("hvps' gradient", n, a), HOLD ("hvps", n*K, c);
  BOTH (wg_hessian (of[s], x, y[s], a[s], b[s]));
  HOLD ("Hessian", n*n, b);
#undef BOTH
#undef HOLD
}

typedef wg_fun *agree_derive (const wg_fun *);

/* The same for everything that is derived from them, and again, to this depth; directions and weights among their inputs are
 * what x holds behind the point, which therefore has AGREE_MOST numbers. */
static inline void agree (wg_fun *f, wg_fun *g, const double x[], int depth)
{
  static agree_derive *const derive[] = { wg_fun_gradient, wg_fun_jvp, wg_fun_vjp, wg_fun_hvp, wg_fun_jacobian };
  agree_drivers (f, g, x);
  for (size_t k = 0; k < sizeof derive/sizeof *derive && depth; k++)
    {
      wg_fun *df = derive[k] (f), *dg = derive[k] (g);
      if (wg_fun_m (f) != 1 && (k == 0 || k == 3)) ck_assert (!df && !dg && wg_fun_status (NULL) == WG_ESHAPE);
      else
        {
          ck_assert_msg (df && dg, "derivative %zu: %s", k, wg_last_error ());
          if (wg_fun_n (df) <= AGREE_MOST && wg_fun_m (df) <= AGREE_MOST) agree (df, dg, x, depth - 1);
        }
      wg_fun_free (df), wg_fun_free (dg);
    }
}

static inline wg_fun *agree_record (wg_model *model, const void *ctx, size_t n, size_t m, const double x0[])
{
  wg_fun *f = wg_fun_record (model, (void *) ctx, n, m, x0);
  ck_assert_msg (f != NULL, "%s", wg_last_error ());
  return f;
}

#endif
