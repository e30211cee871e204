/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * What all drivers give for a function at a point, and whether two functions agree on it within bounds.  The first difference is
 * told in message.
 */
#ifndef LOOP_RESULTS_H
#define LOOP_RESULTS_H

#include <stdarg.h>

#include "loop_bounds.h"

enum { K = 9, N = 2*RL_INPUTS, M = RL_INPUTS };        /* directions; N, M: of functions that are derived, too */

static char message[500];
static size_t compared, loose;

static int wrong (const char *format, ...)
{
  va_list args;
  va_start (args, format);
  vsnprintf (message, sizeof message, format, args);
  va_end (args);
  return 1;
}

#define RUNS(call) do { const int rc_ = call; if (rc_ < 0) return wrong ("%s: %s", #call, wg_last_error ()); } while (0)

/* Equal as numbers. */
static int differ (const char *what, size_t count, const double a[], const double b[])
{
  for (size_t i = 0; i < count; i++)
    if (!(a[i] == b[i] || (isnan (a[i]) && isnan (b[i])))) return wrong ("%s: entry %zu is %.17g, not %.17g", what, i, a[i], b[i]);
  return 0;
}

/* a is b within a bound; of those that are larger than a part in 10^8 of the terms nothing is asked. */
static int far_from (const char *what, size_t i, double a, double b, double bound, double terms)
{
  if (unit_roundoff > 0 ? bound > 1e-8*terms && bound > 1e-280 : terms > 0x1p50) return loose++, 0;
  compared++;
  return !(fabs (a - b) <= bound) && wrong ("%s: entry %zu is %.17g, not %.17g +- %.3g", what, i, a, b, bound);
}

/* all results at a point */

typedef struct {
  double y[M], jv[M], fvv[M], uj[N], hv[N], gn[N], J[M*N], HV[K*N], H[N*N];
  int bad;                       /* whether something is not finite */
} results;

static int compute (results *r, wg_fun *f, const double x[], const double v[], const double u[])
{
  const size_t n = wg_fun_n (f);
  double y[M], g[N], hv[N], *const none = NULL;
  const int one = wg_fun_m (f) == 1;
  *r = (results){ .bad = 0 };
#define RUN(call) do { const int rc_ = call; if (rc_ < 0) return wrong ("%s: %s", #call, wg_last_error ()); r->bad |= rc_ > 0; } while (0)
  RUN (wg_eval (f, x, r->y));
  RUN (wg_jvp (f, x, v, y, r->jv));
  RUN (wg_vjp (f, x, u, y, r->uj));
  RUN (wg_vjp (f, NULL, u, none, g));
  RUN (wg_hvp_weighted (f, x, u, v, y, hv, r->hv));
  if (differ ("adjoints once more", n, g, r->uj) || differ ("gradient of a product", n, hv, r->uj)) return 1;
  RUN (wg_vjp (f, x, u, y, g));
  if (differ ("adjoints again", n, g, r->uj)) return 1;
  RUN (wg_fvv (f, x, v, y, g, r->fvv));
  RUN (wg_gnvp (f, x, v, y, r->gn));
  RUN (wg_jacobian (f, x, y, r->J));
  if (differ ("value again", wg_fun_m (f), y, r->y)) return 1;
  if (!one) return 0;
  RUN (wg_hvps (f, x, K, v, y, g, r->HV));
  RUN (wg_gradient (f, x, y, hv));
  if (differ ("gradient of products", n, g, hv)) return 1;
  for (size_t k = 0; k < K; k += 4)
    {
      RUN (wg_hvp (f, x, v + k*n, y, g, hv));
      if (differ ("one product", n, hv, r->HV + k*n)) return 1;
    }
  RUN (wg_hessian (f, x, y, g, r->H));
  return 0;
#undef RUN
}

static double weighted (const bounds *b, const double u[], int s, size_t i, double (*of) (const bounds *, size_t, int, size_t))
{
  double sum = 0;
  for (size_t o = 0; o < b->m; o++) if (u[o] != 0) sum += fabs (u[o])*of (b, o, s, i);
  return sum;
}

/* Sums over inputs i, along v there. */
static double along (const bounds *b, const double v[], size_t o, double (*of) (const bounds *, size_t, int, size_t))
{
  double sum = 0;
  for (size_t i = 0; i < b->n; i++) sum += fabs (v[i])*of (b, o, V, 1 + i);
  return sum;
}

static int far (const bounds *b, const results *a, const results *r, const double v[], const double u[])
{
  int bad = 0;
  for (size_t o = 0; o < b->m && !bad; o++)
    {
      bad = far_from ("value", o, a->y[o], r->y[o], allowed (b, o, 0, 0), magnitude (b, o, 0, 0) + 1)
            || far_from ("tangent", o, a->jv[o], r->jv[o], allowed (b, o, V, 0), magnitude (b, o, V, 0))
            || far_from ("second derivative", o, a->fvv[o], r->fvv[o], along (b, v, o, allowed), along (b, v, o, magnitude));
      for (size_t i = 0; i < b->n && !bad; i++)
        bad = far_from ("Jacobian", o*b->n + i, a->J[o*b->n+i], r->J[o*b->n+i], allowed (b, o, 0, 1 + i), magnitude (b, o, 0, 1 + i));
    }
  for (size_t i = 0; i < b->n && !bad; i++)
    {
      double gauss = 0, terms = 0;
      for (size_t o = 0; o < b->m; o++)
        gauss += allowed (b, o, 0, 1 + i)*magnitude (b, o, V, 0) + magnitude (b, o, 0, 1 + i)*allowed (b, o, V, 0),
          terms += magnitude (b, o, 0, 1 + i)*magnitude (b, o, V, 0);
      const double second = weighted (b, u, V, 1 + i, allowed), its = weighted (b, u, V, 1 + i, magnitude);
      bad = far_from ("adjoint", i, a->uj[i], r->uj[i], weighted (b, u, 0, 1 + i, allowed), weighted (b, u, 0, 1 + i, magnitude))
            || far_from ("second adjoint", i, a->hv[i], r->hv[i], second, its)
            || far_from ("Gauss-Newton product", i, a->gn[i], r->gn[i], 2*gauss, terms);
      for (size_t k = 0; k < K && b->m == 1 && !bad; k++)
        bad = far_from ("Hessian's product", k*b->n + i, a->HV[k*b->n+i], r->HV[k*b->n+i], allowed (b, 0, V, 1 + i), magnitude (b, 0, V, 1 + i));
      for (size_t j = 0; j < b->n && b->m == 1 && !bad; j++)
        bad = far_from ("Hessian", i*b->n + j, a->H[i*b->n+j], r->H[i*b->n+j], allowed (b, 0, V, 1 + i), magnitude (b, 0, V, 1 + i));
    }
  return bad;
}

#endif
