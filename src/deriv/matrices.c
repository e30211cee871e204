/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Drivers of many directions: Hessian-vector products, Jacobians, Hessians, WGI_DIRECTIONS of them in one sweep.
 */
#include <stdlib.h>
#include <string.h>

#include "deriv/deriv.h"

enum { K = WGI_DIRECTIONS };

static double *lane (wg_fun *f, int which, size_t slot, size_t j) { return &f->frame.wide[which][slot*K + j]; }

/* Tangents along count <= K directions; direction j is V + j n, or the unit vector first + j for V NULL. */
static int push (wg_fun *f, size_t count, const double V[], size_t first)
{
  const size_t n = f->family->n;
  double *d = f->frame.wide[WGI_WIDE_TANGENT];
  if (!V || count < K) memset (d, 0, n*K*sizeof *d);
  for (size_t i = 0; i < n && V; i++)
    for (size_t j = 0; j < count; j++) d[i*K + j] = V[j*n + i];
  for (size_t j = 0; j < count && !V; j++) *lane (f, WGI_WIDE_TANGENT, first + j, j) = 1;
  f->frame.status = 0;
  f->wide->tangent (f->trace->program, &f->frame);
  return f->frame.status;
}

/* The wide adjoints of inputs into count rows; put to rest, as those of outputs are. */
static void take_rows (wg_fun *f, size_t count, double row[])
{
  const size_t n = f->family->n;
  double *adjoint = f->frame.wide[WGI_WIDE_ADJOINT];
  for (size_t i = 0; i < n; i++)
    {
      for (size_t j = 0; j < count; j++) row[j*n + i] = adjoint[i*K + j] + 0.;
      for (size_t j = 0; j < K; j++) adjoint[i*K + j] = -0.;
    }
  wgi_fun_rest_wide_outputs (f);
}

/* count rows of products with the Hessian along the directions of push. */
static int pull (wg_fun *f, size_t count, double HV[])
{
  const wgi_program *p = f->trace->program;
  wgi_seed (f, 0, 1, 0);
  for (size_t j = 0; j < K && wgi_is_slot (p, p->out[0]); j++) *lane (f, WGI_WIDE_ADJOINT, p->out[0], j) += 0.;
  f->frame.status = 0;
  f->wide->reverse_dual (p, &f->frame);
  wgi_fun_rest (f, WGI_ADJOINT);
  take_rows (f, count, HV);
  return f->frame.status;
}

double *wgi_held (wg_fun *f, size_t count, double out[])
{
  if (!f->trace->program->sources || !out || !count) return out;
  if (count > f->holds)
    {
      double *more = realloc (f->held, wgi_times (count, sizeof *more));
      if (!more) return wgi_fail (WG_ENOMEM, "no memory for %zu results", count), NULL;
      f->held = more, f->holds = count;
    }
  return f->held;
}

void wgi_let_go (const wg_fun *f, size_t count, double out[])
{
  if (f->trace->program->sources && out && count) memcpy (out, f->held, count*sizeof *out);
}

int wgi_is_mostly_calls (const wg_fun *f)
{
  enum { PLAIN = 100 };
  const wgi_program *p = f->trace->program;
  return p->sources && p->count < PLAIN*p->sources;
}

/* A product by itself: along V, or along unit vector first for V NULL. */
static int single (wg_fun *f, const double V[], size_t first, double hv[])
{
  const size_t n = f->family->n;
  double *d = f->frame.plane[WGI_D1];
  if (V) memcpy (d, V, n*sizeof *d);
  else memset (d, 0, n*sizeof *d), d[first] = 1;
  const int seeded = wgi_seed_ahead (f, NULL, 1);
  f->frame.status = 0;
  wgi_tangent_double (f->trace->program, &f->frame);
  const int rc = wgi_come_back (f, NULL, 1, seeded, f->frame.status);
  if (!rc) wgi_collect (f, WGI_ADJOINT, NULL), wgi_collect (f, WGI_ADJOINT + WGI_D1, hv);
  return rc;
}

/* k products with the Hessian along V, or along the first k unit vectors, and what goes with them. */
static int products (wg_fun *f, const double x[], size_t k, const double V[], double *y, double g[], double HV[])
{
  const size_t n = f->family->n;
  int rc = wgi_fun_planes (f, WGI_V | WGI_D | WGI_A | WGI_AD);
  if (!rc) rc = wgi_fun_at (f, x);
  const int singly = !rc && wgi_is_mostly_calls (f);
  if (!rc && HV && k > 1 && !singly) rc = wgi_fun_wide (f, 3);
  double *to = rc ? NULL : wgi_held (f, wgi_times (k, n), HV);
  if (!rc && HV && !to) rc = WG_ENOMEM;
  for (size_t j = 0; j < k && HV && !rc; j += singly ? 1 : K)
    {
      const double *v = V ? V + j*n : NULL;
      const size_t count = k - j < K ? k - j : K;
      if (singly || count == 1) rc = single (f, v, j, to + j*n);
      else if (!(rc = push (f, count, v, j))) rc = pull (f, count, to + j*n);
    }
  if (!rc && g) rc = wgi_pull (f, NULL, g);
  if (!rc) wgi_let_go (f, k*n, HV), wgi_get_outputs (f, WGI_VALUE, y);
  return rc;
}

int wg_hvps (wg_fun *f, const double x[], size_t k, const double V[], double *y, double g[], double HV[])
{
  int rc = wgi_checked (f, "wg_hvps", 1, k ? (const void *) V : f, f);
  if (rc) return f ? wgi_fun_done (f, rc) : rc;
  rc = products (f, x, k, V, y, g, HV);
  return wgi_finish (f, "wg_hvps", rc, y, 1, g, f->family->n, HV, k*f->family->n);
}

int wg_hessian (wg_fun *f, const double x[], double *y, double g[], double H[])
{
  int rc = wgi_checked (f, "wg_hessian", 1, f, f);
  if (rc) return f ? wgi_fun_done (f, rc) : rc;
  const size_t n = f->family->n;
  rc = products (f, x, n, NULL, y, g, H);
  for (size_t i = 0; i < n && H && !rc; i++)      /* symmetric to the last bit: the upper triangle is it */
    for (size_t j = 0; j < i; j++) H[i*n + j] = H[j*n + i];
  return wgi_finish (f, "wg_hessian", rc, y, 1, g, n, H, n*n);
}

/* count <= K rows of the Jacobian from row first on. */
static int rows (wg_fun *f, size_t first, size_t count, double J[])
{
  const wgi_program *p = f->trace->program;
  for (size_t j = 0; j < count; j++)
    if (wgi_is_slot (p, p->out[first + j])) *lane (f, WGI_WIDE_ADJOINT, p->out[first + j], j) += 1;
  f->frame.status = 0;
  f->wide->reverse (p, &f->frame);
  take_rows (f, count, J + first*p->n);
  return f->frame.status;
}

/* count <= K columns from column first on. */
static int columns (wg_fun *f, size_t first, size_t count, double J[])
{
  const wgi_program *p = f->trace->program;
  const int rc = push (f, count, NULL, first);
  for (size_t j = 0; j < count; j++)
    for (size_t i = 0; i < p->m; i++)
      J[i*p->n + first + j] = wgi_is_slot (p, p->out[i]) ? *lane (f, WGI_WIDE_TANGENT, p->out[i], j) : 0;
  return rc;
}

int wg_jacobian (wg_fun *f, const double x[], double y[], double J[])
{
  int rc = wgi_checked (f, "wg_jacobian", 0, f, f);
  if (rc) return f ? wgi_fun_done (f, rc) : rc;
  const size_t n = f->family->n, m = f->family->m, by_rows = m <= n, directions = by_rows ? m : n;
  rc = wgi_fun_planes (f, WGI_V | WGI_A);
  if (!rc) rc = wgi_fun_at (f, x);
  if (!rc && J && m > 1) rc = wgi_fun_wide (f, by_rows ? 1u << WGI_WIDE_ADJOINT : 1u << WGI_WIDE_TANGENT);
  double *to = rc || m == 1 ? J : wgi_held (f, wgi_times (m, n), J);
  if (!rc && J && !to) rc = WG_ENOMEM;
  if (!rc && J && m == 1) rc = wgi_pull (f, NULL, J);
  for (size_t j = 0; j < directions && J && m > 1 && !rc; j += K)
    rc = (by_rows ? rows : columns) (f, j, directions - j < K ? directions - j : K, to);
  if (!rc && m > 1) wgi_let_go (f, m*n, J);
  if (!rc) wgi_get_outputs (f, WGI_VALUE, y);
  return wgi_finish (f, "wg_jacobian", rc, y, m, J, m*n, NULL, 0);
}
