/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Newton-GMRES: the Jacobian is seen through products J v only.  The forcing term follows Eisenstat and
 * Walker, so that far from the root few products are spent; a line search on |F|^2 globalises.  Where GMRES
 * stagnates or the line search fails (J nearly singular) the search goes on with Gauss-Newton-CG, which has
 * J^T too.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "optim/root.h"
#include "optim/steihaug.h"

#define ARMIJO 1e-4     /* part of the predicted decrease that is asked for */
#define LOOSE  .1       /* forcing term: first and largest, least */
#define TIGHT  1e-6
#define USEFUL .9       /* a direction that leaves more of |F| is none */

enum { RESTARTS = 10, HALVINGS = 12 };

typedef struct {
  wgi_fit *t;
  size_t n, k;                  /* k: dimension of the subspace */
  double *V;                    /* k + 1 basis vectors */
  double *H, *c, *s, *e, *y;    /* Hessenberg matrix, (k + 1) x k by columns; rotations; residual; coefficients */
  double *p, *w;                /* n: step; product */
  double left;                  /* |F + J p|/|F| */
  int at_x;                     /* is x the handle's last point? */
} krylov;

/* w = W J D^-1 v for the row weights W and the unknowns' scale D; NULL: 1. */
static int product (krylov *s, const double v[], double w[])
{
  wgi_fit *t = s->t;
  const double *scale = t->o.scale;
  for (size_t j = 0; j < s->n; j++) s->w[j] = scale ? v[j]/scale[j] : v[j];
  const int rc = wg_jvp (t->f, s->at_x ? NULL : t->x, s->w, NULL, w);
  s->at_x = 1;
  t->result.products++;
  for (size_t i = 0; i < s->n; i++) w[i] *= t->weight[i];
  return rc;
}

/* Apply the rotations so far to column j of H, and a new one that makes it triangular. */
static void rotate (krylov *s, size_t j)
{
  double *h = s->H + j*(s->k + 1);
  for (size_t i = 0; i < j; i++)
    {
      const double a = h[i];
      h[i] = s->c[i]*a + s->s[i]*h[i+1];
      h[i+1] = s->c[i]*h[i+1] - s->s[i]*a;
    }
  const double size = hypot (h[j], h[j+1]);
  s->c[j] = size > 0 ? h[j]/size : 1, s->s[j] = size > 0 ? h[j+1]/size : 0;
  h[j] = size;
  s->e[j+1] = -s->s[j]*s->e[j], s->e[j] *= s->c[j];
}

/* One cycle: add to p, in the scale's units, what makes |F + J p| least over the subspace.  V holds the
 * residual first.  Returns the dimension used, 0 when nothing was gained; *rc an error. */
static size_t cycle (krylov *s, double size, double goal, int *rc)
{
  const size_t n = s->n, k = s->k;
  const size_t limit = s->t->o.products ? s->t->o.products : SIZE_MAX;
  size_t j = 0;
  s->e[0] = size;
  for (size_t i = 0; i < n; i++) s->V[i] /= size;
  while (j < k && fabs (s->e[j]) > goal && s->t->result.products < limit)
    {
      double *h = s->H + j*(k + 1), *next = s->V + (j + 1)*n;
      if ((*rc = product (s, s->V + j*n, next))) break;
      const double before = wgi_norm (n, next);
      for (int pass = 0; pass < 2; pass++)              /* twice is enough */
        for (size_t i = 0; i <= j; i++)
          {
            const double a = wgi_dot (n, s->V + i*n, next);
            h[i] = pass ? h[i] + a : a;
            for (size_t l = 0; l < n; l++) next[l] -= a*s->V[i*n + l];
          }
      h[j+1] = wgi_norm (n, next);
      const int end = !(h[j+1] > 1e-14*before);         /* the subspace has all that J reaches */
      for (size_t l = 0; l < n && !end; l++) next[l] /= h[j+1];
      if (end) h[j+1] = 0;
      rotate (s, j);
      if (!(fabs (h[j]) > 1e-14*before)) break;         /* singular: this column adds nothing */
      j++;
      if (end) break;
    }
  for (size_t i = j; i-- > 0;)
    {
      double sum = s->e[i];
      for (size_t l = i + 1; l < j; l++) sum -= s->H[l*(k + 1) + i]*s->y[l];
      s->y[i] = sum/s->H[i*(k + 1) + i];
    }
  for (size_t i = 0; i < j; i++)
    for (size_t l = 0; l < n; l++) s->p[l] += s->y[i]*s->V[i*n + l];
  return j;
}

/* p with |F + J p| <= forcing |F| if that can be had; left says what was. */
static int solve (krylov *s, double forcing)
{
  const size_t n = s->n;
  const double *r = s->t->r, all = wgi_norm (n, r);
  double size = all;
  int rc = WG_OK;
  memset (s->p, 0, n*sizeof (double));
  for (size_t i = 0; i < n; i++) s->V[i] = -r[i];
  for (int i = 0; i < RESTARTS && size > forcing*all; i++)
    {
      const size_t used = cycle (s, size, forcing*all, &rc);
      if (WG_FAILED (rc)) return rc;
      const double before = size;
      size = used ? fabs (s->e[used]) : size;
      if (rc || size > USEFUL*before || size <= forcing*all) break;
      if ((rc = product (s, s->p, s->V))) break;
      for (size_t l = 0; l < n; l++) s->V[l] = -r[l] - s->V[l];
      size = wgi_norm (n, s->V);
    }
  s->left = size/all;
  for (size_t l = 0; l < n && s->t->o.scale; l++) s->p[l] /= s->t->o.scale[l];
  return WG_FAILED (rc) ? rc : WG_OK;
}

/* The largest |p|/|x|; an unknown near 0 is compared with a millionth of the longest. */
static double relative (const krylov *s)
{
  const double floor = 1e-6*wgi_norm_max (s->n, s->t->x);
  double most = 0;
  for (size_t j = 0; j < s->n; j++)
    if (s->p[j] != 0) most = fmax (most, fabs (s->p[j])/fmax (fabs (s->t->x[j]), floor));
  return most;
}

/* Go along p as far as |F| falls enough; accepted: was there such a point? */
static int line_search (krylov *s, int *accepted)
{
  wgi_fit *t = s->t;
  const double decrease = (1 - s->left*s->left)*t->result.f;
  double length = 1;
  *accepted = 0;
  for (int i = 0; i <= HALVINGS && !*accepted; i++)
    {
      for (size_t j = 0; j < s->n; j++) t->tx[j] = t->x[j] + length*s->p[j];
      const int rc = wgi_fit_try (t);
      s->at_x = 0;
      if (WG_FAILED (rc)) return rc;
      const double ratio = rc ? -INFINITY : wgi_fit_decrease (t)/decrease/length;
      t->now.ratio = ratio, t->now.step_norm = length*wgi_norm (s->n, s->p);
      *accepted = ratio >= ARMIJO;
      if (!*accepted) length *= isfinite (ratio) ? fmin (fmax (1/(2 - ratio), .1), .5) : .1;
    }
  s->at_x = *accepted;
  return WG_OK;
}

/* Newton's iteration.  Ends with a reason, or without one where its steps do not help. */
static int iterate (krylov *s)
{
  wgi_fit *t = s->t;
  wg_least_squares_result *r = &t->result;
  double forcing = LOOSE;
  int rc, accepted;
  wgi_fit_report (t, 1);
  while (!r->reason)
    {
      if (wgi_norm_max (s->n, t->raw) <= t->o.residual_tolerance) return r->reason = WG_STOP_ROOT, WG_OK;
      if ((rc = solve (s, forcing))) return rc;
      if (s->left > USEFUL) return WG_OK;
      const int last = relative (s) <= t->o.step_tolerance;
      const double before = r->f;
      if ((rc = line_search (s, &accepted))) return rc;
      if (!accepted && !last) return WG_OK;
      if (accepted) wgi_fit_accept (t);
      r->iterations++;
      if (last) r->reason = WG_STOP_ROOT;
      wgi_fit_report (t, accepted);
      const double fallen = .9*r->f/before, kept = .9*forcing*forcing;
      forcing = fmin (fmax (kept > .1 ? fmax (fallen, kept) : fallen, TIGHT), LOOSE);
    }
  return WG_OK;
}

int wgi_root_krylov (wgi_fit *t, const double x0[], size_t subspace)
{
  const size_t n = t->n, k = subspace < n ? subspace : n;
  krylov s = { .t = t, .n = n, .k = k, .at_x = 1 };
  const size_t small = wgi_plus (wgi_times (k + 1, k), 4*k + 1);
  double *block = malloc (wgi_times (wgi_plus (wgi_times (k + 3, n), small), sizeof *block));
  if (!block) return wgi_fail (WG_ENOMEM, "wg_root: no memory for %zu equations, subspace %zu", n, k);
  s.V = block, s.p = s.V + (k + 1)*n, s.w = s.p + n;
  s.H = s.w + n, s.c = s.H + (k + 1)*k, s.s = s.c + k, s.e = s.s + k, s.y = s.e + k + 1;
  memcpy (t->tx, x0, n*sizeof *x0);
  int rc = wgi_fit_try (t);
  if (!WG_FAILED (rc)) wgi_fit_accept (t);
  if (!rc) rc = iterate (&s);
  free (block);
  if (rc > 0) t->result.reason = WG_STOP_NONFINITE;
  return rc || t->result.reason ? rc : wgi_fit_search (t, t->x);
}
