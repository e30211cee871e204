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
#include "fun/workers.h"

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

/* blocks in lanes */

typedef struct {
  const batch *b;
  wg_fun *f;
  wgi_points *const *points;     /* by thread */
  size_t count;                  /* items */
} blocks;

static size_t end_of (const blocks *t, size_t k) { return t->count - k*WGI_POINTS > WGI_POINTS ? (k + 1)*WGI_POINTS : t->count; }

typedef struct { double *to; const double *from; size_t width; } output;

enum { RESULTS = 3 };

/* Where block k comes from, and goes to. */
static void find_outputs (const blocks *t, const wgi_points *r, size_t k, output o[RESULTS])
{
  const batch *b = t->b;
  const size_t n = t->f->family->n, m = t->f->family->m, first = k*WGI_POINTS;
  o[0] = (output){ b->a, r->y[0], m };
  o[1] = b->jacobian ? (output){ b->b, r->J, m*n } : (output){ b->b, r->xbar[0], n };
  o[2] = (output){ b->c, r->xbar[1], n };
  for (int i = 0; i < RESULTS; i++) o[i].to = out (o[i].to, o[i].width, first);
}

/* Block k in lanes; not 0: its items are to be done one by one. */
static int part (void *of, size_t who, size_t k)
{
  const blocks *t = of;
  const batch *b = t->b;
  const wg_fun *f = t->f;
  wgi_points *r = t->points[who];
  const size_t n = f->family->n, first = k*WGI_POINTS, count = end_of (t, k) - first, ldp = b->P ? b->ldp : 0;
  const double *P = b->P ? row (b->P, b->ldp, first) : f->param;
  output o[RESULTS];
  for (size_t i = 0; i < count; i++)
    {
      memcpy (r->x[0] + i*n, row (b->X, b->ldx, first + i), n*sizeof *b->X);
      if (b->V) memcpy (r->x[1] + i*n, row (b->V, b->ldv, first + i), n*sizeof *b->V);
    }
  if (b->jacobian ? wgi_points_jacobian (f, r, count, P, ldp)
                  : wgi_points_run (f, r, count, b->V ? WGI_D1 : WGI_VALUE, b->b || b->c, P, ldp)) return 1;
  find_outputs (t, r, k, o);
  for (int j = 0; j < RESULTS; j++)
    for (size_t i = 0; i < count*o[j].width && o[j].to; i++) if (!isfinite (o[j].from[i])) return 1;
  return 0;
}

static void commit (void *of, size_t who, size_t k)
{
  const blocks *t = of;
  const wgi_points *r = t->points[who];
  output o[RESULTS];
  find_outputs (t, r, k, o);
  t->f->batch_done = end_of (t, k);
  for (int j = 0; j < RESULTS; j++)
    if (o[j].to) memcpy (o[j].to, o[j].from, (t->f->batch_done - k*WGI_POINTS)*o[j].width*sizeof (double));
  wgi_resources_add (t->f->frame.resources, &r->resources);
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
  const size_t threads = points ? wgi_points_crew (f, points, count) : 1, all = (count + WGI_POINTS - 1)/WGI_POINTS;
  if (points && b->jacobian && !wgi_points_have_jacobian (f, points)) points = NULL;
  blocks lanes = { .b = b, .f = f, .points = threads > 1 ? points->crew : &points, .count = count };
  while (f->batch_done < count && t.rc >= 0)
    {
      size_t k = f->batch_done/WGI_POINTS;
      if (points && threads > 1) k = wgi_workers_do (f->frame.resources->workers, threads, k, all, &(wgi_work){ part, commit, &lanes });
      if (k == all) continue;
      if (points && !part (&lanes, 0, k)) commit (&lanes, 0, k);
      else singly (b, f, np, points ? end_of (&lanes, k) : count, &t);
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
