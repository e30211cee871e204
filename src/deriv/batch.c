/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Batches: the drivers in a loop over rows.  Parameters are put into the handle for each item and restored in the end.
 */
#include <stdlib.h>
#include <string.h>

#include <wengert/batch.h>

#include "fun/fun.h"

typedef struct batch batch;
struct batch {
  const char *name;
  int (*drive) (const batch *, size_t k, wg_fun *f);      /* item k */
  const double *X, *P, *V;       /* V: directions, for drivers that need them */
  size_t ldx, ldp, ldv;
  int scalar, has_v;             /* does it need m == 1, directions? */
  double *a, *b, *c;             /* outputs */
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

/* The message of the item that the thread's last error is about. */
static int told (const batch *b, size_t k, int rc)
{
  char text[WGI_MESSAGE];
  snprintf (text, sizeof text, "%s", wg_last_error ());
  return wgi_fail (rc, "%s: item %zu: %.200s", b->name, k, text);
}

static int run (const batch *b, wg_fun *f, size_t count)
{
  if (!f) return wgi_fail (WG_EINVAL, "%s: f is NULL", b->name);
  const size_t np = f->params;   /* recording again may find more: those stay as recorded */
  int rc = check (b, f), notice = WG_OK;
  if (!rc && b->P) rc = keep (f);
  if (rc) return wgi_fun_done (f, rc);
  size_t k = 0;
  for (; k < count; k++)
    {
      if (b->P) wgi_fun_put_params (f, np, row (b->P, b->ldp, k));
      rc = b->drive (b, k, f);
      if (rc < 0) break;
      if (rc && !notice) notice = told (b, k, rc);
    }
  f->batch_done = k;
  if (rc < 0) rc = told (b, k, rc);
  if (b->P) wgi_fun_put_params (f, np, f->kept_param);
  f->at_point = 0;
  return wgi_fun_done (f, rc < 0 ? rc : notice);
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
                    .a = y, .b = J };
  return run (&b, f, count);
}

int wg_hvp_batch (wg_fun *f, size_t count, const double X[], size_t ldx, const double P[], size_t ldp,
                  const double V[], size_t ldv, double y[], double G[], double HV[])
{
  const batch b = { .name = "wg_hvp_batch", .drive = drive_hvp, .X = X, .ldx = ldx, .P = P, .ldp = ldp, .V = V, .ldv = ldv,
                    .scalar = 1, .has_v = 1, .a = y, .b = G, .c = HV };
  return run (&b, f, count);
}
