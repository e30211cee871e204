/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Small models for the minimizers, each with a difficulty of its own, and a run that looks at what it leaves.
 */
#ifndef TESTS_OPTIM_MINIMIZE_MODELS_H
#define TESTS_OPTIM_MINIMIZE_MODELS_H

#include <check.h>

#include <wengert/generic.h>
#include <wengert/minimize.h>

#define UNUSED (void) n, (void) m, (void) ctx

static inline void rosenbrock (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const double scale = ctx ? *(const double *) ctx : 1;
  UNUSED;
  y[0] = wg_add (wg_mul (100, wg_sqr (wg_sub (x[1], wg_sqr (x[0])))), wg_sqr (wg_sub (1, x[0])));
  y[0] = wg_mul (scale, y[0]);
}

static inline void saddle (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)        /* minima -1/4 at (0, +-sqrt (1/2)) */
{
  UNUSED;
  y[0] = wg_add (wg_sub (wg_sqr (x[0]), wg_sqr (x[1])), wg_powi (x[1], 4));
}

static inline void barrier (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)       /* minimum 1 at 1, NaN below 0 */
{
  UNUSED;
  y[0] = wg_sub (x[0], wg_log (x[0]));
}

static inline void cliff (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)         /* f' infinite at the minimum */
{
  UNUSED;
  y[0] = wg_add (wg_sqrt (x[0]), wg_sqr (x[1]));
}

static inline void constant (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) x, UNUSED;
  y[0] = wg_num (3.5);
}

static inline void falling (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = wg_sub (1, wg_mul (2, x[0]));
}

static inline void falling_faster (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = wg_sub (x[0], wg_mul (wg_sqr (x[0]), wg_sqr (x[1])));
}

static inline void falling_to_infinity (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = wg_neg (wg_exp (wg_exp (x[0])));
}

static inline void irrational (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)    /* no double has f' = 0 */
{
  UNUSED;
  y[0] = wg_sub (wg_exp (x[0]), wg_mul (3, x[0]));
}

static inline void on_a_hill (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = wg_mul (3, wg_sqr (wg_add (x[1], wg_exp (wg_mul (.1, x[0])))));
  y[0] = wg_add (1e10, wg_add (wg_sqr (wg_sub (x[0], 1)), y[0]));
}

static inline void gives_up (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  if (wg_lt (x[0], 2)) wg_raise (x[0], "too small");
  y[0] = wg_sqr (x[0]);
}

enum { CHAIN = 30 };

static inline void chain (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m, (void) ctx;
  y[0] = wg_num (0);
  for (size_t i = 0; i + 1 < n; i++)
    {
      y[0] = wg_add (y[0], wg_mul (100, wg_sqr (wg_sub (x[i+1], wg_sqr (x[i])))));
      y[0] = wg_add (y[0], wg_sqr (wg_sub (1, x[i])));
    }
}

static inline int run (wg_model *model, void *ctx, size_t n, double x[], const wg_minimize_options *o, wg_minimize_result *r)
{
  wg_fun *f = wg_fun_record (model, ctx, n, 1, x);
  ck_assert_ptr_nonnull (f);
  const int rc = wg_minimize (f, x, o, r);
  double y;
  if (!WG_FAILED (rc) && rc != WG_NONFINITE)        /* the handle is left at x */
    {
      ck_assert_int_eq (wg_eval (f, NULL, &y), WG_OK);
      ck_assert_double_eq (y, r->f);
      ck_assert_int_eq (wg_eval (f, x, &y), WG_OK);
      ck_assert_double_eq (y, r->f);
    }
  wg_fun_free (f);
  return rc;
}

#endif
