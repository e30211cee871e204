/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Levenberg-Marquardt as a trust region (More 1978) with geodesic acceleration (Transtrum, Sethna 2012).  All
 * is done in scaled parameters q = C p, where C has the column norms of J: the factored matrix is J C^-1, so
 * that ranks do not depend on units.  The trust region is |E q| <= radius; E C are the norms of J's columns,
 * falling slowly.  At the end Newton steps, judged by the gradient.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "optim/dense.h"
#include "optim/least_squares.h"
#include "optim/steihaug.h"

#define ACCEPT 1e-4     /* least ratio of a step that is taken */
#define POOR   .25      /* below: a smaller radius */
#define GOOD   .75      /* above: a larger one */
#define GROW   2
#define BEND   .5       /* largest acceleration of a step that is tried, in lengths of its velocity */
#define FADE   .75      /* scales follow a shrinking column at this rate: no faster, or a flat start looks free */
#define CUT    .1       /* least cut of the radius */
#define NOISE  1e-14    /* relative decrease of the cost that rounding hides */
#define RISE   1e-6     /* relative rise of the cost that the polish takes */
#define HALF   .5       /* the polish goes on while the gradient falls below this much of itself */
#define SETTLED 1e-13   /* relative step that is not worth an evaluation */

typedef struct {
  wgi_fit *t;
  wgi_qr qr;
  size_t n, m;
  double *J;            /* m x n, of the residuals after the loss, at the point last linearized */
  double *c, *e, *g;    /* n: norms of J's columns; the trust region's scale over them; gradient */
  double *q, *a, *p;    /* n: step times c, its acceleration, the step */
  double *y;            /* n: scratch */
  double *qr_r, *w;     /* m: Q^T r; scratch */
  double *S;            /* n x n: second-order part of the Hessian */
  double radius, lambda, predicted;
  int fresh;            /* is J that of x? */
} lm;

static double larger (double a, double b) { return a > b ? a : b; }
static double smaller (double a, double b) { return a < b ? a : b; }

/* The Jacobian of the residuals after the loss, at the handle's last point (x NULL) or x, given the raw ones
 * there. */
static int jacobian (lm *s, const double x[], const double raw[])
{
  const int rc = wg_jacobian (s->t->f, x, NULL, s->J);
  s->t->result.jacobians++;
  s->fresh = 0;
  for (size_t i = 0; i < s->m && !rc; i++)
    {
      const double by = wgi_fit_phi (s->t, i, raw[i]).d;
      for (size_t j = 0; j < s->n; j++) s->J[i*s->n + j] *= by;
    }
  return rc;
}

/* y: the size of each parameter; one near 0 counts as a millionth of all, in the units of the trust region. */
static void sizes_of (lm *s)
{
  const double *x = s->t->x;
  for (size_t j = 0; j < s->n; j++) s->y[j] = s->e[j]*s->c[j]*x[j];
  const double floor = 1e-6*wgi_norm (s->n, s->y);
  for (size_t j = 0; j < s->n; j++) s->y[j] = larger (fabs (x[j]), floor/(s->e[j]*s->c[j]));
}

/* The equations of a root: rows of J, times x, that have become small for their weights get larger ones.
 * Weights never fall, so that this ends. */
static void reweigh (lm *s)
{
  wgi_fit *t = s->t;
  sizes_of (s);
  for (size_t i = 0; i < s->m; i++)
    {
      double *J = s->J + i*s->n, size = 0;
      int exponent;
      for (size_t j = 0; j < s->n; j++) size = hypot (size, J[j]*s->y[j]);
      frexp (size, &exponent);
      if (!(size > 0) || exponent >= 0 || t->weight[i] > 0x1p500) continue;
      const double by = ldexp (1, exponent > -500 ? -exponent : 500);
      t->weight[i] *= by, t->r[i] *= by;
      for (size_t j = 0; j < s->n; j++) J[j] *= by;
    }
  t->result.f = wgi_half_square (s->m, t->r);
}

/* Scales, factors and the gradient, from J and the residuals r at its point. */
static void factor (lm *s, const double r[])
{
  wg_least_squares_result *result = &s->t->result;
  const size_t n = s->n, m = s->m;
  const double size = wgi_norm (m, r);
  for (size_t j = 0; j < n; j++)
    {
      double *column = s->qr.a + j*m;
      const double d = s->c[j]*s->e[j];
      for (size_t i = 0; i < m; i++) column[i] = s->J[i*n + j];
      s->g[j] = wgi_dot (m, column, r);
      const double norm = wgi_norm (m, column);
      s->c[j] = norm > 0 ? norm : 1;
      s->e[j] = (s->t->o.scale ? s->t->o.scale[j] : larger (FADE*d, s->c[j]))/s->c[j];
      for (size_t i = 0; i < m; i++) column[i] /= s->c[j];
    }
  wgi_qr_factor (&s->qr);
  memcpy (s->qr_r, r, m*sizeof (double));
  wgi_qr_turn (&s->qr, s->qr_r);
  result->gradient = size > 0 ? wgi_norm ((size_t) s->qr.rank, s->qr_r)/size : 0;
  result->gradient_norm = wgi_norm_max (n, s->g);
  result->rank = (size_t) s->qr.rank;
  s->fresh = 1;
}

/* |E q|: the length that the radius bounds. */
static double length_of (const lm *s, const double q[])
{
  for (size_t j = 0; j < s->n; j++) s->y[j] = s->e[j]*q[j];
  return wgi_norm (s->n, s->y);
}

/* q: the step of the trust region, |q| within a tenth of the radius or undamped (More 1978, algorithm 5.5). */
static void velocity (lm *s)
{
  const size_t n = s->n;
  wgi_qr *qr = &s->qr;
  double norm, lower = 0, upper = 0, excess;
  wgi_qr_solve (qr, s->qr_r, s->q);
  norm = length_of (s, s->q), excess = norm - s->radius;
  if (excess <= .1*s->radius) s->lambda = 0;
  else
    {
      for (size_t j = 0; j < n; j++) s->a[j] = s->e[j]*s->e[j]*s->q[j];
      if (qr->rank == qr->n)
        {
          wgi_qr_left (qr, s->a, s->y);
          lower = excess/s->radius*pow (norm/wgi_norm (n, s->y), 2);
        }
      for (size_t j = 0; j < n; j++) s->a[j] = s->g[j]/(s->c[j]*s->e[j]);
      upper = wgi_norm (n, s->a)/s->radius;
      s->lambda = smaller (larger (s->lambda, lower), upper);
      if (!(s->lambda > 0)) s->lambda = larger (lower, .001*upper);
      for (int i = 0; i < 10; i++)
        {
          wgi_qr_damp (qr, s->lambda, s->e);
          wgi_qr_damped (qr, s->qr_r, s->q);
          norm = length_of (s, s->q), excess = norm - s->radius;
          if (fabs (excess) <= .1*s->radius) break;
          if (excess > 0) lower = larger (lower, s->lambda); else upper = smaller (upper, s->lambda);
          for (size_t j = 0; j < n; j++) s->a[j] = s->e[j]*s->e[j]*s->q[j];
          s->lambda = larger (lower, s->lambda + excess/s->radius*pow (norm/wgi_qr_damped_t (qr, s->a), 2));
          if (!(s->lambda < upper)) s->lambda = sqrt (lower*upper);
        }
    }
  for (size_t j = 0; j < n; j++) s->q[j] = -s->q[j], s->p[j] = s->q[j]/s->c[j];
}

/* Add half the acceleration to p where it exists: a custom function may have no second derivatives.  Its length over that of q goes to now.acceleration. */
static int accelerate (lm *s)
{
  wgi_fit *t = s->t;
  double *jv = t->tr, *fvv = s->w;
  t->now.acceleration = 0;
  if (t->o.plain) return WG_OK;
  const int rc = wg_fvv (t->f, t->x, s->p, NULL, jv, fvv);
  t->result.fvvs++;
  if (rc == WG_EORDER) t->o.plain = 1;
  if (rc) return WG_FAILED (rc) && rc != WG_EORDER ? rc : WG_OK;
  for (size_t i = 0; i < s->m; i++)
    {
      const wgi_phi phi = wgi_fit_phi (t, i, t->raw[i]);
      fvv[i] = phi.d*fvv[i] + phi.dd*jv[i]*jv[i];
    }
  wgi_qr_turn (&s->qr, fvv);
  if (s->lambda > 0) wgi_qr_damped (&s->qr, fvv, s->a); else wgi_qr_solve (&s->qr, fvv, s->a);
  const double length = length_of (s, s->a);
  if (!isfinite (length)) return WG_OK;
  t->now.acceleration = length/length_of (s, s->q);
  for (size_t j = 0; j < s->n; j++) s->p[j] -= s->a[j]/s->c[j]/2;
  return WG_OK;
}

static int move (lm *s)
{
  wgi_fit *t = s->t;
  int moved = 0;
  for (size_t j = 0; j < s->n; j++) t->tx[j] = t->x[j] + s->p[j], moved |= t->tx[j] != t->x[j];
  return moved;
}

/* The largest |p|/|x| of a parameter. */
static double relative (lm *s)
{
  double most = 0;
  sizes_of (s);
  for (size_t j = 0; j < s->n; j++)
    if (s->p[j] != 0) most = larger (most, fabs (s->p[j])/s->y[j]);
  return most;
}

/* Are all residuals what a relative change of x by tolerance makes of 0? */
static int explained (lm *s, double tolerance)
{
  if (!s->fresh) return 0;
  sizes_of (s);
  for (size_t i = 0; i < s->m; i++)
    {
      double sum = 0;
      for (size_t j = 0; j < s->n; j++) sum += fabs (s->J[i*s->n + j])*s->y[j];
      if (!(fabs (s->t->r[i]) <= tolerance*sum)) return 0;
    }
  return 1;
}

/* Evaluate at x + p; the step is taken when the cost falls and J exists there. */
static int attempt (lm *s, double *actual, int *accepted)
{
  wgi_fit *t = s->t;
  int rc = wgi_fit_try (t);
  *accepted = 0, *actual = -INFINITY;
  if (rc) return WG_FAILED (rc) ? rc : WG_OK;
  *actual = wgi_fit_decrease (t);
  t->now.ratio = *actual/s->predicted;
  if (!(t->now.ratio >= ACCEPT)) return WG_OK;
  rc = jacobian (s, NULL, t->traw);
  if (WG_FAILED (rc)) return rc;
  *accepted = !rc;
  return WG_OK;
}

/* The next radius.  After a poor step it ends where the parabola through both costs has its minimum. */
static void resize (lm *s, double length, double actual, int accepted)
{
  const double slope = s->lambda*length*length - 2*s->predicted, ratio = s->t->now.ratio;
  double cut = CUT;
  if (accepted && ratio >= GOOD) s->radius = larger (s->radius, GROW*length);
  if (accepted && ratio > POOR) return;
  if (isfinite (actual)) cut = smaller (larger (slope/2/(slope + actual), CUT), .5);
  s->radius = cut*smaller (length, s->radius);
}

/* A step below the tolerance ends the search.  Where no polish follows it is taken if it helps. */
static int last (lm *s)
{
  wgi_fit *t = s->t;
  t->result.reason = WG_STOP_STEP;
  if (t->result.rank < s->m || !move (s)) return WG_OK;
  const int rc = wgi_fit_try (t);
  if (!rc && wgi_fit_decrease (t) > 0) wgi_fit_accept (t);
  return WG_FAILED (rc) ? rc : WG_OK;
}

static int step (lm *s)
{
  wgi_fit *t = s->t;
  wg_least_squares_result *r = &t->result;
  double actual;
  int rc, accepted = 0;
  velocity (s);
  const double length = length_of (s, s->q);
  s->predicted = (s->lambda*length*length - wgi_dot (s->n, s->g, s->p))/2;      /* (|J p|^2 + 2 lambda |E q|^2)/2 */
  t->now.radius = s->radius, t->now.step_norm = length, t->now.ratio = 0;
  if (s->lambda == 0 && relative (s) <= t->o.step_tolerance) return last (s);
  if (s->predicted <= NOISE*r->f) return r->reason = WG_STOP_NOISE, 0;
  if ((rc = accelerate (s))) return rc;
  r->iterations++;
  if (t->now.acceleration > BEND) s->radius = larger (CUT, .8*BEND/t->now.acceleration)*length;
  else
    {
      if (!move (s)) return r->reason = WG_STOP_NOISE, 0;
      if ((rc = attempt (s, &actual, &accepted))) return rc;
      resize (s, length, actual, accepted);
      if (accepted) wgi_fit_accept (t);
      if (accepted && t->weight) reweigh (s);
      if (accepted) factor (s, t->r);
    }
  wgi_fit_report (t, accepted);
  return WG_OK;
}

/* S = sum_i r_i (second derivatives of r_i), the residuals after the loss. */
static int curvature (lm *s)
{
  wgi_fit *t = s->t;
  const size_t n = s->n, m = s->m;
  double *weight = s->w;
  for (size_t i = 0; i < m; i++) weight[i] = t->r[i]*wgi_fit_phi (t, i, t->raw[i]).d;
  for (size_t k = 0; k < n; k++)
    {
      double *row = s->S + k*n;
      for (size_t j = 0; j < n; j++) s->p[j] = j == k;
      const int rc = wg_hvp_weighted (t->f, k ? NULL : t->x, weight, s->p, NULL, NULL, row);
      t->result.products++;
      if (rc) return rc;
    }
  for (size_t i = 0; i < m; i++)
    {
      const wgi_phi phi = wgi_fit_phi (t, i, t->raw[i]);
      const double by = phi.d != 0 ? phi.v*phi.dd/phi.d/phi.d : 0, *J = s->J + i*n;
      for (size_t j = 0; j < n && by != 0; j++)
        for (size_t k = 0; k < n; k++) s->S[j*n + k] += by*J[j]*J[k];
    }
  return WG_OK;
}

/* p: the Newton step, or the Gauss-Newton step where the Hessian is not positive definite.  With J C^-1 = Q R
 * P^T the Hessian is C P R^T (I + K) R P^T C, K = R^-T P^T C^-1 S C^-1 P R^-1, which is small where the model
 * is nearly linear: no digit of J is lost to J^T J. */
static int newton (lm *s)
{
  const size_t n = s->n;
  const lapack_int k = s->qr.n;
  double *K = s->S;
  if (s->qr.rank == k)
    {
      const int rc = curvature (s);
      if (WG_FAILED (rc)) return rc;
      if (!rc)
        {
          for (size_t pass = 0; pass < 2; pass++)       /* R^-T P^T C^-1 on rows, then on columns */
            {
              for (size_t i = 0; i < n; i++)
                {
                  for (size_t j = 0; j < n; j++) s->a[j] = K[i*n + j]/s->c[j];
                  wgi_qr_left (&s->qr, s->a, s->q);
                  memcpy (K + i*n, s->q, n*sizeof (double));
                }
              for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < i; j++)
                  {
                    const double keep = K[i*n + j];
                    K[i*n + j] = K[j*n + i], K[j*n + i] = keep;
                  }
            }
          for (size_t i = 0; i < n; i++) K[i*n + i] += 1;
          memcpy (s->a, s->qr_r, n*sizeof (double));
          if (!LAPACKE_dpotrf_work (LAPACK_COL_MAJOR, 'U', k, K, k))
            {
              LAPACKE_dpotrs_work (LAPACK_COL_MAJOR, 'U', k, 1, K, k, s->a, k);
              wgi_qr_solve (&s->qr, s->a, s->q);
              for (size_t j = 0; j < n; j++) s->p[j] = -s->q[j]/s->c[j];
              return WG_OK;
            }
        }
    }
  wgi_qr_solve (&s->qr, s->qr_r, s->q);
  for (size_t j = 0; j < n; j++) s->p[j] = -s->q[j]/s->c[j];
  return WG_OK;
}

/* Newton steps as long as they halve the gradient, at least; the cost may rise within its rounding.  A limit
 * that ends this is no failure: the search had ended before. */
static int polish (lm *s, int reason)
{
  wgi_fit *t = s->t;
  wg_least_squares_result *r = &t->result;
  int rc;
  t->now.polish = 1;
  while (!t->o.rough && !r->reason)
    {
      if (!s->fresh)
        {
          if ((rc = jacobian (s, t->x, t->raw))) return rc;
          factor (s, t->r);
        }
      if ((rc = newton (s))) return rc;
      if (relative (s) <= SETTLED || !move (s)) break;
      rc = wgi_fit_try (t);
      if (!rc) rc = jacobian (s, NULL, t->traw);
      if (WG_FAILED (rc)) return rc;
      const wg_least_squares_result old = *r;
      if (!rc) factor (s, t->tr);
      const int accepted = !rc && r->gradient < HALF*old.gradient && -wgi_fit_decrease (t) <= RISE*r->f;
      t->now.ratio = old.gradient/r->gradient;
      if (accepted) wgi_fit_accept (t); else *r = old;
      r->iterations++;
      wgi_fit_report (t, accepted);
      if (!accepted) break;
    }
  if (r->reason != WG_STOP_CALLBACK)
    r->reason = r->gradient <= t->o.gradient_tolerance ? WG_STOP_GRADIENT : reason;
  return WG_OK;
}

int wgi_fit_qr (wgi_fit *t)
{
  const size_t n = t->n, m = t->m;
  wg_least_squares_result *r = &t->result;
  lm s = { .t = t, .n = n, .m = m };
  const size_t qr = wgi_qr_numbers (m, n);
  const size_t numbers = wgi_plus (wgi_plus (qr, wgi_times (n, wgi_plus (m, n))), wgi_plus (7*n, wgi_times (2, m)));
  double *block = qr == SIZE_MAX ? NULL : calloc (numbers, sizeof *block);
  if (!block) return wgi_fail (qr == SIZE_MAX ? WG_ELIMIT : WG_ENOMEM, "a Jacobian of %zu x %zu", m, n);
  wgi_qr_place (&s.qr, m, n, block);
  s.J = block + qr, s.S = s.J + m*n, s.c = s.S + n*n, s.e = s.c + n, s.g = s.e + n;
  s.q = s.g + n, s.a = s.q + n, s.p = s.a + n, s.y = s.p + n;
  s.qr_r = s.y + n, s.w = s.qr_r + m;
  int rc = jacobian (&s, NULL, t->raw);
  if (rc > 0) r->reason = WG_STOP_NONFINITE, rc = 0;
  else if (!rc)
    {
      factor (&s, t->r);
      for (size_t j = 0; j < n; j++) s.q[j] = s.c[j]*t->x[j];
      s.radius = t->o.radius > 0 ? t->o.radius : larger (length_of (&s, s.q), wgi_norm (m, t->r));
      wgi_fit_report (t, 1);
      while (!rc && !r->reason)
        if (r->gradient <= t->o.gradient_tolerance) r->reason = WG_STOP_GRADIENT;
        else if (wgi_norm_max (m, t->raw) <= t->o.residual_tolerance || explained (&s, 2*DBL_EPSILON))
          r->reason = WG_STOP_ROOT;
        else rc = step (&s);
      const int reason = r->reason;
      const int done = reason == WG_STOP_GRADIENT || reason == WG_STOP_STEP || reason == WG_STOP_NOISE;
      if (!rc && done && r->rank < m && r->f > 0)
        {
          r->reason = 0;
          rc = polish (&s, reason);
        }
    }
  free (block);
  return rc;
}
