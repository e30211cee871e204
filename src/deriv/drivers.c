/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The drivers: go to the point, seed, sweep, collect.  All that can fail comes before the first output is
 * written, so an error leaves them untouched.
 */
#include <math.h>
#include <string.h>

#include "deriv/deriv.h"
#include "sweep/plane.h"

/* Arguments of a driver: a handle, inputs that it needs, m == 1 when asked.  name is for the message. */
int wgi_checked (wg_fun *f, const char *name, int scalar, const void *a, const void *b)
{
  if (!f || !a || !b) return wgi_fail (WG_EINVAL, "%s: %s is NULL", name, f ? "a direction" : "f");
  if (scalar && f->family->m != 1)
    return wgi_fail (WG_ESHAPE, "%s needs one output, the function has %zu", name, f->family->m);
  return WG_OK;
}

/* Write nothing but NaN: the values at this point do not exist. */
static void poison (double *y, size_t count)
{
  for (size_t i = 0; i < count && y; i++) y[i] = NAN;
}

/* Does a written output have a number that is not finite?  Says which, and what a call has told. */
static int finite_or_notice (const wg_fun *f, const char *name, const double *y, size_t count)
{
  const wgi_frame *frame = &f->frame;
  if (!y || wgi_all_finite (count, y)) return WG_OK;
  for (size_t i = 0; i < count; i++)
    if (!isfinite (y[i]))
      return frame->notice ? wgi_fail (frame->notice, "%s: output[%zu] is %g: %s%s", name, i, y[i],
                                        frame->notice == WG_NOCONV ? "no convergence: " : "", frame->why)
                           : wgi_fail (WG_NONFINITE, "%s: output[%zu] is %g", name, i, y[i]);
  return WG_OK;
}

/* y[m] from a plane; an output that is a constant has no tangent. */
void wgi_get_outputs (const wg_fun *f, int plane, double y[])
{
  const wgi_program *p = f->trace->program;
  for (size_t i = 0; i < p->m && y; i++)
    y[i] = plane == WGI_VALUE || wgi_is_slot (p, p->out[i]) ? f->frame.plane[plane][p->out[i]] : 0;
}

/* Adjoint of output i: u, left at rest if u is 0; awake planes of its tangents. */
void wgi_seed (wg_fun *f, size_t i, double u, int dual)
{
  const wgi_program *p = f->trace->program;
  const uint32_t w = p->out[i];
  if (u == 0 || !wgi_is_slot (p, w)) return;
  f->frame.plane[WGI_ADJOINT][w] += u;
  if (dual) f->frame.plane[WGI_ADJOINT + WGI_D1][w] += 0.;
}

/* g[n] from an adjoint plane, which is put to rest. */
void wgi_collect (wg_fun *f, int plane, double g[])
{
  if (!g) wgi_fun_rest (f, plane);
  else wgi_plane_take (f->frame.plane[plane], f->family->n, g), wgi_fun_rest_outputs (f, plane);
}

/* A reverse sweep after its seeds; a failed call leaves nothing to collect. */
int wgi_reverse (wg_fun *f, int dual)
{
  f->frame.status = 0;
  (dual ? wgi_reverse_dual : wgi_reverse_double) (f->trace->program, &f->frame);
  if (!f->frame.status) return WG_OK;
  wgi_fun_rest (f, WGI_ADJOINT);
  if (dual) wgi_fun_rest (f, WGI_ADJOINT + WGI_D1);
  return f->frame.status;
}

/* The reverse sweep over double with weights u[m] (NULL: all 1). */
int wgi_pull (wg_fun *f, const double u[], double g[])
{
  for (size_t i = 0; i < f->family->m; i++) wgi_seed (f, i, u ? u[i] : 1, 0);
  const int rc = wgi_reverse (f, 0);
  if (!rc) wgi_collect (f, WGI_ADJOINT, g);
  return rc;
}

/* The reverse sweep over duals, the tangents being there. */
int wgi_pull_dual (wg_fun *f, const double u[], double g[], double hv[])
{
  for (size_t i = 0; i < f->family->m; i++) wgi_seed (f, i, u ? u[i] : 1, 1);
  const int rc = wgi_reverse (f, 1);
  if (rc) return rc;
  wgi_collect (f, WGI_ADJOINT, g);
  wgi_collect (f, WGI_ADJOINT + WGI_D1, hv);
  return WG_OK;
}

/* The end of every driver: up to three outputs, poisoned when rc says that there are no values. */
int wgi_finish (wg_fun *f, const char *name, int rc, double *a, size_t na, double *b, size_t nb, double *c, size_t nc)
{
  if (rc > 0) poison (a, na), poison (b, nb), poison (c, nc);
  if (!rc) rc = finite_or_notice (f, name, a, na);
  if (!rc) rc = finite_or_notice (f, name, b, nb);
  if (!rc) rc = finite_or_notice (f, name, c, nc);
  return wgi_fun_done (f, rc);
}

int wg_eval (wg_fun *f, const double x[], double y[])
{
  int rc = wgi_checked (f, "wg_eval", 0, f, f);
  if (rc) return f ? wgi_fun_done (f, rc) : rc;
  rc = wgi_fun_at (f, x);
  if (!rc) wgi_get_outputs (f, WGI_VALUE, y);
  return wgi_finish (f, "wg_eval", rc, y, f->family->m, NULL, 0, NULL, 0);
}

/* wg_gradient and wg_vjp: weights u, or all ones. */
static int vjp (wg_fun *f, const char *name, const double x[], const double u[], double y[], double g[])
{
  int rc = wgi_fun_planes (f, WGI_V | WGI_A);
  f->frame.ahead = g != NULL;
  if (!rc) rc = wgi_fun_at (f, x);
  f->frame.ahead = 0;
  if (!rc && g) rc = wgi_pull (f, u, g);
  if (!rc) wgi_get_outputs (f, WGI_VALUE, y);
  return wgi_finish (f, name, rc, y, f->family->m, g, f->family->n, NULL, 0);
}

int wg_gradient (wg_fun *f, const double x[], double *y, double g[])
{
  int rc = wgi_checked (f, "wg_gradient", 1, f, f);
  return rc ? f ? wgi_fun_done (f, rc) : rc : vjp (f, "wg_gradient", x, NULL, y, g);
}

int wg_vjp (wg_fun *f, const double x[], const double u[], double y[], double uj[])
{
  int rc = wgi_checked (f, "wg_vjp", 0, u, u);
  return rc ? f ? wgi_fun_done (f, rc) : rc : vjp (f, "wg_vjp", x, u, y, uj);
}

int wg_jvp (wg_fun *f, const double x[], const double v[], double y[], double jv[])
{
  int rc = wgi_checked (f, "wg_jvp", 0, v, v);
  if (rc) return f ? wgi_fun_done (f, rc) : rc;
  rc = wgi_fun_at_dual (f, x, v);
  if (!rc)
    {
      wgi_get_outputs (f, WGI_VALUE, y);
      wgi_get_outputs (f, WGI_D1, jv);
    }
  return wgi_finish (f, "wg_jvp", rc, y, f->family->m, jv, f->family->m, NULL, 0);
}

static int hvp (wg_fun *f, const char *name, const double x[], const double u[], const double v[],
                double y[], double g[], double hv[])
{
  int rc = wgi_fun_planes (f, WGI_V | WGI_D | WGI_A | WGI_AD);
  f->frame.ahead = 1;
  if (!rc) rc = wgi_fun_at_dual (f, x, v);
  f->frame.ahead = 0;
  if (!rc) rc = wgi_pull_dual (f, u, g, hv);
  if (!rc) wgi_get_outputs (f, WGI_VALUE, y);
  return wgi_finish (f, name, rc, y, f->family->m, g, f->family->n, hv, f->family->n);
}

int wg_hvp (wg_fun *f, const double x[], const double v[], double *y, double g[], double hv[])
{
  int rc = wgi_checked (f, "wg_hvp", 1, v, v);
  return rc ? f ? wgi_fun_done (f, rc) : rc : hvp (f, "wg_hvp", x, NULL, v, y, g, hv);
}

int wg_hvp_weighted (wg_fun *f, const double x[], const double u[], const double v[],
                     double y[], double uj[], double hv[])
{
  int rc = wgi_checked (f, "wg_hvp_weighted", 0, u, v);
  return rc ? f ? wgi_fun_done (f, rc) : rc : hvp (f, "wg_hvp_weighted", x, u, v, y, uj, hv);
}

int wg_fvv (wg_fun *f, const double x[], const double v[], double y[], double jv[], double fvv[])
{
  int rc = wgi_checked (f, "wg_fvv", 0, v, v);
  if (rc) return f ? wgi_fun_done (f, rc) : rc;
  rc = wgi_fun_planes (f, WGI_V | WGI_D | WGI_DD | WGI_D12);
  if (!rc) rc = wgi_fun_at (f, x);
  if (!rc)
    {
      uint64_t found;
      const size_t bytes = f->family->n*sizeof *v;
      memcpy (f->frame.plane[WGI_D1], v, bytes), memcpy (f->frame.plane[WGI_D2], v, bytes);
      memset (f->frame.plane[WGI_D1 + WGI_D2], 0, bytes);
      f->frame.status = 0;
      wgi_forward_dual2 (f->trace->program, &f->frame, &found);
      rc = f->frame.status;
      if (rc) f->at_point = 0;
    }
  if (!rc)
    {
      wgi_get_outputs (f, WGI_VALUE, y);
      wgi_get_outputs (f, WGI_D1, jv);
      wgi_get_outputs (f, WGI_D1 + WGI_D2, fvv);
    }
  return wgi_finish (f, "wg_fvv", rc, y, f->family->m, jv, f->family->m, fvv, f->family->m);
}

int wg_gnvp (wg_fun *f, const double x[], const double v[], double y[], double out[])
{
  int rc = wgi_checked (f, "wg_gnvp", 0, v, v);
  if (rc) return f ? wgi_fun_done (f, rc) : rc;
  rc = wgi_fun_planes (f, WGI_V | WGI_D | WGI_A);
  if (!rc) rc = wgi_fun_at_dual (f, x, v);
  if (!rc)
    {
      const wgi_program *p = f->trace->program;
      for (size_t i = 0; i < p->m; i++)
        if (wgi_is_slot (p, p->out[i])) wgi_seed (f, i, f->frame.plane[WGI_D1][p->out[i]], 0);
      rc = wgi_reverse (f, 0);
      if (!rc) wgi_collect (f, WGI_ADJOINT, out);
      if (!rc) wgi_get_outputs (f, WGI_VALUE, y);
    }
  return wgi_finish (f, "wg_gnvp", rc, y, f->family->m, out, f->family->n, NULL, 0);
}
