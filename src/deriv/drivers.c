/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The drivers: go to the point, seed, sweep, collect.  All that can fail comes before the first output is
 * written, so an error leaves them untouched.
 */
#include <math.h>
#include <string.h>

#include "deriv/deriv.h"
#include "program/operation.h"
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

int wgi_collect (wg_fun *f, int plane, double g[])
{
  const int finite = g ? wgi_plane_take (f->frame.plane[plane], f->family->n, g) : 1;
  if (g) wgi_fun_rest_outputs (f, plane);
  else wgi_fun_rest (f, plane);
  return finite;
}

/* Those of all outputs, with weights u[m] (NULL: all 1). */
static void seed (wg_fun *f, const double u[], int dual)
{
  for (size_t i = 0; i < f->family->m; i++) wgi_seed (f, i, u ? u[i] : 1, dual);
}

static void rest (wg_fun *f, int dual)
{
  wgi_fun_rest (f, WGI_ADJOINT);
  if (dual) wgi_fun_rest (f, WGI_ADJOINT + WGI_D1);
}

int wgi_reverse (wg_fun *f, int dual)
{
  f->frame.status = 0;
  (dual ? wgi_reverse_dual : wgi_reverse_double) (f->trace->program, &f->frame);
  if (f->frame.status) rest (f, dual);
  return f->frame.status;
}

int wgi_pull (wg_fun *f, const double u[], double g[])
{
  seed (f, u, 0);
  const int rc = wgi_reverse (f, 0);
  if (!rc) wgi_collect (f, WGI_ADJOINT, g);
  return rc;
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

/* Is it linear in results of calls, so that its partials are known without them? */
static int is_linear (const wgi_operation *o)
{
  int is = 0;
  switch (o->row)
    {
    case WGI_ROW_add: case WGI_ROW_sub: case WGI_ROW_neg: is = 1; break;
    case WGI_ROW_mul: case WGI_ROW_muladd: is = !wgi_is_slot (o->p, o->word[0]) || !wgi_is_slot (o->p, o->word[1]); break;
    case WGI_ROW_div: is = !wgi_is_slot (o->p, o->word[1]); break;
    }
  for (size_t j = 0; j < o->operands; j++) is = is && o->word[j] >= o->p->n;
  return is;
}

/* Does the list begin with a call, which alone sees the inputs, and go on linearly?  Then its seeds are known before there are values. */
static int begins_with_call (const wgi_program *p)
{
  wgi_operation o = wgi_first (p);
  int is = p->sources == 1 && o.row == WGI_ROW_call;
  for (wgi_next (&o); is && wgi_is_one (&o); wgi_next (&o)) is = is_linear (&o);
  for (size_t i = 0; i < p->m && is; i++) is = p->out[i] >= p->n;
  return is;
}

/* The reverse sweep but for the call that is first. */
static void reverse_others (wg_fun *f, int dual)
{
  wgi_operation o = wgi_first (f->trace->program);
  wgi_program others = *o.p;
  others.code++, others.count--, others.word += o.words, others.words -= o.words;
  (dual ? wgi_reverse_dual : wgi_reverse_double) (&others, &f->frame);
}

int wgi_seed_ahead (wg_fun *f, const double u[], int dual)
{
  const int seeded = begins_with_call (f->trace->program);
  if (seeded) seed (f, u, dual), reverse_others (f, dual);
  f->frame.ahead = seeded ? WGI_SEEDED : 1;
  return seeded;
}

static void rest_all (wg_fun *f, int dual)
{
  for (int d = 0; d <= dual; d++) wgi_plane_rest (f->frame.plane[WGI_ADJOINT + d], f->capacity);
}

int wgi_come_back (wg_fun *f, const double u[], int dual, int seeded, int rc)
{
  const int done = seeded && !f->frame.ahead;
  f->frame.ahead = 0;
  if (rc && seeded) rest_all (f, dual);
  if (rc || done) return rc;
  if (!seeded) seed (f, u, dual);
  return wgi_reverse (f, dual);
}

/* To x, along v if that is not NULL, and back with weights u[m] (NULL: all 1).  An error leaves nothing to collect. */
static int there_and_back (wg_fun *f, const double x[], const double v[], const double u[])
{
  const size_t generation = wgi_family_generation (f->family);
  const int dual = v != NULL;
  int seeded = 0;
  f->frame.ahead = 1;
  if (x && !wgi_fun_is_stale (f)) seeded = wgi_seed_ahead (f, u, dual);
  const int rc = dual ? wgi_fun_at_dual (f, x, v) : wgi_fun_at (f, x);
  if (seeded && generation != wgi_family_generation (f->family)) rest_all (f, dual), seeded = 0;       /* of another list, if there is one now */
  return wgi_come_back (f, u, dual, seeded, rc);
}

/* wg_gradient and wg_vjp: weights u, or all ones. */
static int vjp (wg_fun *f, const char *name, const double x[], const double u[], double y[], double g[])
{
  int rc = wgi_fun_planes (f, WGI_V | WGI_A), finite = 0;
  if (!rc) rc = g ? there_and_back (f, x, NULL, u) : wgi_fun_at (f, x);
  if (!rc) finite = g && wgi_collect (f, WGI_ADJOINT, g), wgi_get_outputs (f, WGI_VALUE, y);
  return wgi_finish (f, name, rc, y, f->family->m, g, finite ? 0 : f->family->n, NULL, 0);
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
  const size_t n = f->family->n;
  int rc = wgi_fun_planes (f, WGI_V | WGI_D | WGI_A | WGI_AD), finite[2] = { 0, 0 };
  if (!rc) rc = there_and_back (f, x, v, u);
  if (!rc)
    {
      finite[0] = wgi_collect (f, WGI_ADJOINT, g), finite[1] = wgi_collect (f, WGI_ADJOINT + WGI_D1, hv);
      wgi_get_outputs (f, WGI_VALUE, y);
    }
  return wgi_finish (f, name, rc, y, f->family->m, g, finite[0] ? 0 : n, hv, finite[1] ? 0 : n);
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
