/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Batches: blocks of rows in the lanes of maps where that can be, else the drivers in a loop over rows, parameters being put into the
 * handle for each item and restored in the end.  A block with an error or with a result that is not finite is done again item by
 * item, so that errors are the drivers'.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <wengert/batch.h>

#include "fun/points.h"

typedef struct batch batch;
struct batch {
  const char *name;
  int (*drive) (const batch *, size_t k, wg_fun *f);      /* item k */
  const double *X, *P, *V;       /* V: directions, for drivers that need them */
  size_t ldx, ldp, ldv;
  int scalar, has_v;             /* does it need m == 1, directions? */
  int jacobian;                  /* is b the Jacobians of several outputs? */
  double *a, *b, *c;             /* outputs: values; gradients, as the Jacobians of one output are; products */
};

static const double *row (const double *a, size_t ld, size_t k) { return a + k*ld; }

/* Output row k of width numbers. */
static double *out (double *a, size_t width, size_t k) { return a ? a + k*width : NULL; }

static int leading (const batch *b, const char *what, size_t ld, size_t width)
{
  if (ld == 0 || ld >= width) return WG_OK;
  return wgi_fail (WG_EINVAL, "%s: ld%s is %zu, less than %zu", b->name, what, ld, width);
}

static int check (const batch *b, const wg_fun *f)
{
  const size_t n = f->family->n;
  if (!b->X || (b->has_v && !b->V)) return wgi_fail (WG_EINVAL, "%s: %s is NULL", b->name, b->X ? "V" : "X");
  if (b->scalar && f->family->m != 1)
    return wgi_fail (WG_ESHAPE, "%s needs one output, the function has %zu", b->name, f->family->m);
  int rc = leading (b, "x", b->ldx, n);
  if (!rc && b->P) rc = leading (b, "p", b->ldp, f->params);
  return !rc && b->has_v ? leading (b, "v", b->ldv, n) : rc;
}

/* Keep the parameters of the handle until restore. */
static int keep (wg_fun *f)
{
  if (f->params > f->kept_params)
    {
      double *kept = realloc (f->kept_param, wgi_times (f->params, sizeof *kept));
      if (!kept) return wgi_fail (WG_ENOMEM, "no memory for %zu parameters", f->params);
      f->kept_param = kept, f->kept_params = f->params;
    }
  if (f->params) memcpy (f->kept_param, f->param, f->params*sizeof *f->param);
  return WG_OK;
}

/* What a batch has to tell in the end: its error, else its first notice, and the item that the thread's last error is about. */
typedef struct { int rc; char message[WGI_MESSAGE]; } tale;

static void tell (tale *t, const batch *b, size_t k, int rc)
{
  if (t->rc && rc > 0) return;
  t->rc = rc;
  snprintf (t->message, sizeof t->message, "%s: item %zu: %.200s", b->name, k, wg_last_error ());
}

/* Items k .. k + count - 1 in lanes; 0: they are to be done one by one. */
static int block (const batch *b, wg_fun *f, wgi_points *points, size_t k, size_t count)
{
  const size_t n = f->family->n, m = f->family->m;
  const double *P = b->P ? row (b->P, b->ldp, k) : f->param;
  for (size_t i = 0; i < count; i++)
    {
      memcpy (points->x[0] + i*n, row (b->X, b->ldx, k + i), n*sizeof *b->X);
      if (b->V) memcpy (points->x[1] + i*n, row (b->V, b->ldv, k + i), n*sizeof *b->V);
    }
  const size_t ldp = b->P ? b->ldp : 0;
  if (b->jacobian ? wgi_points_jacobian (f, points, count, P, ldp)
                  : wgi_points_run (f, points, count, b->V ? WGI_D1 : WGI_VALUE, b->b || b->c, P, ldp)) return 0;
  const struct { double *to; const double *from; size_t width; } out[] =
    { { b->a, points->y[0], m }, { b->b, b->jacobian ? points->J : points->xbar[0], b->jacobian ? m*n : n }, { b->c, points->xbar[1], n } };
  for (int o = 0; o < 3; o++)
    for (size_t i = 0; i < count*out[o].width && out[o].to; i++) if (!isfinite (out[o].from[i])) return 0;
  for (int o = 0; o < 3; o++) if (out[o].to) memcpy (out[o].to + k*out[o].width, out[o].from, count*out[o].width*sizeof (double));
  return 1;
}

/* Items from batch_done to end - 1 one by one, up to an error. */
static void singly (const batch *b, wg_fun *f, size_t np, size_t end, tale *t)
{
  for (size_t k = f->batch_done; k < end && t->rc >= 0; k++)
    {
      if (b->P) wgi_fun_put_params (f, np, row (b->P, b->ldp, k));
      const int rc = b->drive (b, k, f);
      if (rc) tell (t, b, k, rc);
      if (rc >= 0) f->batch_done = k + 1;
    }
}

static int run (const batch *b, wg_fun *f, size_t count)
{
  if (!f) return wgi_fail (WG_EINVAL, "%s: f is NULL", b->name);
  const size_t np = f->params;   /* recording again may find more: those stay as recorded */
  int rc = check (b, f);
  if (!rc && b->P) rc = keep (f);
  if (rc) return wgi_fun_done (f, rc);
  wgi_points *points = NULL;
  tale t = { .rc = WG_OK };
  f->batch_done = 0;
  if ((rc = wgi_fun_points (f, count, &points))) tell (&t, b, 0, rc);
  if (points && b->jacobian && !wgi_points_have_jacobian (f, points)) points = NULL;
  while (f->batch_done < count && t.rc >= 0)
    {
      const size_t k = f->batch_done, end = points && count - k > WGI_POINTS ? k + WGI_POINTS : count;
      if (points && block (b, f, points, k, end - k)) f->batch_done = end;
      else singly (b, f, np, end, &t);
    }
  if (b->P) wgi_fun_put_params (f, np, f->kept_param);
  f->at_point = 0;
  return wgi_fun_done (f, t.rc ? wgi_fail (t.rc, "%s", t.message) : WG_OK);
}

static int drive_eval (const batch *b, size_t k, wg_fun *f)
{
  return wg_eval (f, row (b->X, b->ldx, k), out (b->a, f->family->m, k));
}

static int drive_gradient (const batch *b, size_t k, wg_fun *f)
{
  return wg_gradient (f, row (b->X, b->ldx, k), out (b->a, 1, k), out (b->b, f->family->n, k));
}

static int drive_jacobian (const batch *b, size_t k, wg_fun *f)
{
  return wg_jacobian (f, row (b->X, b->ldx, k), out (b->a, f->family->m, k), out (b->b, f->family->m*f->family->n, k));
}

static int drive_hvp (const batch *b, size_t k, wg_fun *f)
{
  return wg_hvp (f, row (b->X, b->ldx, k), row (b->V, b->ldv, k), out (b->a, 1, k), out (b->b, f->family->n, k),
                 out (b->c, f->family->n, k));
}

int wg_eval_batch (wg_fun *f, size_t count, const double X[], size_t ldx, const double P[], size_t ldp, double y[])
{
  const batch b = { .name = "wg_eval_batch", .drive = drive_eval, .X = X, .ldx = ldx, .P = P, .ldp = ldp, .a = y };
  return run (&b, f, count);
}

int wg_gradient_batch (wg_fun *f, size_t count, const double X[], size_t ldx, const double P[], size_t ldp,
                       double y[], double G[])
{
  const batch b = { .name = "wg_gradient_batch", .drive = drive_gradient, .X = X, .ldx = ldx, .P = P, .ldp = ldp,
                    .scalar = 1, .a = y, .b = G };
  return run (&b, f, count);
}

int wg_jacobian_batch (wg_fun *f, size_t count, const double X[], size_t ldx, const double P[], size_t ldp,
                       double y[], double J[])
{
  const batch b = { .name = "wg_jacobian_batch", .drive = drive_jacobian, .X = X, .ldx = ldx, .P = P, .ldp = ldp,
                    .jacobian = J && f && f->family->m > 1, .a = y, .b = J };
  return run (&b, f, count);
}

int wg_hvp_batch (wg_fun *f, size_t count, const double X[], size_t ldx, const double P[], size_t ldp,
                  const double V[], size_t ldv, double y[], double G[], double HV[])
{
  const batch b = { .name = "wg_hvp_batch", .drive = drive_hvp, .X = X, .ldx = ldx, .P = P, .ldp = ldp, .V = V, .ldv = ldv,
                    .scalar = 1, .has_v = 1, .a = y, .b = G, .c = HV };
  return run (&b, f, count);
}
