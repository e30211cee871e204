/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * What holds of every operation on arrays, as a function of the scalars that its operands are made of: kernel = reference,
 * J = differences, <J v, u> = <v, J^T u>, second derivatives = differences of first ones, the functions that the
 * builders record = the sweeps, to third order.
 */
#ifndef TESTS_ARRAY_LAWS_H
#define TESTS_ARRAY_LAWS_H

#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <wengert.h>

/* y[m] from x[n]; the first of it, so many numbers, is compared with reference (NULL: not). */
typedef struct {
  const char *name;
  wg_model *model;
  size_t n, m;
  void (*reference) (const double x[], double y[]);
  double low, high;                    /* where x is taken from */
  void (*point) (size_t n, double x[]);        /* makes such a point fit; NULL: any does */
} law_case;

static inline double law_random (uint64_t *state)
{
  *state = *state*6364136223846793005u + 1442695040888963407u;
  return (double) (*state >> 11)*0x1p-53;
}

static inline double *law_numbers (size_t n)
{
  double *v = calloc (n + 1, sizeof *v);
  ck_assert_ptr_nonnull (v);
  return v;
}

/* As close as rounding lets them be in m terms of the size of the largest; a derived sum takes another order. */
static inline void law_close (const char *name, const char *what, size_t m, const double a[], const double b[])
{
  double size = 1;
  for (size_t i = 0; i < m; i++) size = fmax (size, fabs (b[i]));
  for (size_t i = 0; i < m; i++)
    ck_assert_msg (fabs (a[i] - b[i]) <= 4096*DBL_EPSILON*size, "%s: %s, element %zu: %.17g and %.17g", name, what, i, a[i], b[i]);
}

static inline wg_fun *law_have (const char *name, const char *what, wg_fun *f)
{
  ck_assert_msg (f != NULL, "%s: %s: %s", name, what, wg_last_error ());
  return f;
}

static inline void law_ok (const char *name, const char *what, int rc)
{
  ck_assert_msg (rc == WG_OK, "%s: %s: %s (%s)", name, what, wg_strerror (rc), wg_last_error ());
}

/* A weighted sum of outputs, whose second derivatives the drivers of one output see. */
typedef struct { wg_fun *f; const double *u; } law_weighted;

static inline void law_weighted_sum (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const law_weighted *w = ctx;
  const size_t k = wg_fun_m (w->f);
  wg_var *z = calloc (k, sizeof *z);
  (void) n, (void) m;
  wg_call (w->f, x, NULL, z);
  y[0] = wg_num (0);
  for (size_t i = 0; i < k; i++) y[0] = wg_add (y[0], wg_mul (w->u[i], z[i]));
  free (z);
}

/* All laws at x. */
static inline void laws_at (const law_case *c, const double x[])
{
  const size_t n = c->n, m = c->m;
  uint64_t state = 12345;
  double *v = law_numbers (2*n), *u = law_numbers (m), *y = law_numbers (m), *z = law_numbers (m), *jv = law_numbers (m);
  double *uj = law_numbers (2*n), *hv = law_numbers (2*n + m), *got = law_numbers (2*n + m), *at = law_numbers (2*n + m);
  wg_check_report report;
  wg_fun *f = law_have (c->name, "recording", wg_fun_record (c->model, NULL, n, m, x));
  for (size_t i = 0; i < 2*n; i++) v[i] = 2*law_random (&state) - 1;
  for (size_t i = 0; i < m; i++) u[i] = 2*law_random (&state) - 1;

  law_ok (c->name, "values", wg_eval (f, x, y));
  if (c->reference)
    {
      c->reference (x, z);
      law_close (c->name, "value", m, y, z);
    }
  law_ok (c->name, "Jacobian against differences", wg_check_jacobian (f, x, NULL, &report));
  law_ok (c->name, "transpose", wg_check_transpose (f, x, NULL, &report));
  law_ok (c->name, "jvp", wg_jvp (f, x, v, y, jv));
  law_ok (c->name, "vjp", wg_vjp (f, x, u, y, uj));
  law_ok (c->name, "weighted hvp", wg_hvp_weighted (f, x, u, v, y, uj, hv));
  law_weighted w = { f, u };
  wg_fun *s = law_have (c->name, "weighted sum", wg_fun_record (law_weighted_sum, &w, n, 1, x));
  const int hvp = wg_check_hvp (s, x, NULL, &report);
  ck_assert_msg (hvp == WG_OK || hvp == WG_UNSURE, "%s: hvp against differences: %s, %.17g and %.17g", c->name, wg_strerror (hvp),
                 report.derivative, report.difference);

  /* the builders, recorded: tangents, their adjoints; adjoints, their tangents and adjoints */
  memcpy (at, x, n*sizeof *at), memcpy (at + n, v, n*sizeof *at);
  wg_fun *jvp = law_have (c->name, "jvp as a function", wg_fun_jvp (f));
  law_ok (c->name, "jvp as a function", wg_eval (jvp, at, z));
  law_close (c->name, "jvp as a function", m, z, jv);
  law_ok (c->name, "vjp of the jvp", wg_vjp (jvp, at, u, z, got));
  law_close (c->name, "vjp of the jvp, by the point", n, got, hv);
  law_close (c->name, "vjp of the jvp, by the direction", n, got + n, uj);
  memcpy (at + n, u, m*sizeof *at);
  wg_fun *vjp = law_have (c->name, "vjp as a function", wg_fun_vjp (f));
  law_ok (c->name, "vjp as a function", wg_eval (vjp, at, got));
  law_close (c->name, "vjp as a function", n, got, uj);
  memset (v + n, 0, n*sizeof *v);
  double *direction = law_numbers (n + m);
  memcpy (direction, v, n*sizeof *v);
  law_ok (c->name, "jvp of the vjp", wg_jvp (vjp, at, direction, got, got + n));
  law_close (c->name, "jvp of the vjp", n, got + n, hv);
  law_ok (c->name, "vjp of the vjp", wg_vjp (vjp, at, v, got, hv));
  wg_fun *third = law_have (c->name, "jvp of the vjp as a function", wg_fun_jvp (vjp));
  double *both = law_numbers (2*(n + m));
  memcpy (both, at, (n + m)*sizeof *both), memcpy (both + n + m, direction, (n + m)*sizeof *both);
  law_ok (c->name, "jvp of the vjp as a function", wg_eval (third, both, got));
  law_ok (c->name, "its transpose", wg_check_transpose (third, both, NULL, &report));

  /* 3 directions at once, a clone, the same again: the same bits */
  double *V = law_numbers (3*n), *J = law_numbers (m*n), *H = law_numbers (3*n);
  for (size_t i = 0; i < 3*n; i++) V[i] = 2*law_random (&state) - 1;
  law_ok (c->name, "Jacobian", wg_jacobian (f, x, y, J));
  for (size_t i = 0; i < m; i++)
    {
      z[i] = 0;
      for (size_t j = 0; j < n; j++) z[i] += J[i*n + j]*v[j];
    }
  law_close (c->name, "J v", m, z, jv);
  law_ok (c->name, "three hvps", wg_hvps (s, x, 3, V, y, uj, H));
  for (size_t k = 0; k < 3; k++)
    {
      law_ok (c->name, "one hvp", wg_hvp (s, x, V + k*n, y, uj, hv));
      law_close (c->name, "three hvps", n, H + k*n, hv);
    }
  wg_fun_free (f), wg_fun_free (s), wg_fun_free (jvp), wg_fun_free (vjp), wg_fun_free (third);
  free (v), free (u), free (y), free (z), free (jv), free (uj), free (hv), free (got), free (at), free (direction), free (both);
  free (V), free (J), free (H);
}

/* At some random points. */
static inline void laws_hold (const law_case *c)
{
  uint64_t state = 99;
  double *x = law_numbers (c->n);
  for (int k = 0; k < 3; k++)
    {
      for (size_t i = 0; i < c->n; i++) x[i] = c->low + (c->high - c->low)*law_random (&state);
      if (c->point) c->point (c->n, x);
      laws_at (c, x);
    }
  free (x);
}

#endif
