/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Derivatives of a function as new functions.  Each is an ordinary function whose model replays the trace that is
 * valid at the point over variables; its guards are recorded along, so that a branch that changes runs
 * that model again.  What comes out is frozen, called, differentiated like any other.
 */
#include <stdlib.h>
#include <string.h>

#include "fun/derived.h"
#include "fun/fun.h"
#include "fun/replay.h"

/* The ctx of a derived model. */
typedef struct {
  wg_fun *fun;                   /* its own handle */
  enum wgi_derived kind;
  double *x;                     /* room for a point: n */
  int *which;                    /* outputs kept, for wg_fun_outputs; else NULL */
} derivation;

static void release (void *ctx)
{
  derivation *d = ctx;
  wg_fun_free (d->fun);
  free (d->x), free (d->which), free (d);
}

/* The Jacobian by rows, or by columns when these are fewer. */
static void replay_jacobian (wgi_replay *r, size_t n, size_t m, wg_var *scratch, wg_var y[])
{
  const int rows = m <= n;
  wg_var *seed = scratch, *got = scratch + (n > m ? n : m);
  for (size_t i = 0; i < (rows ? m : n); i++)
    {
      for (size_t j = 0; j < (rows ? m : n); j++) seed[j] = wg_num (i == j);
      if (rows) wgi_replay_reverse (r, seed, y + i*n);
      else
        {
          wgi_replay_tangent (r, seed, got);
          for (size_t k = 0; k < m; k++) y[k*n + i] = got[k];
        }
    }
}

/* The base with the bindings of the handle that records.  At the first recording these are the base's own; later another handle has
 * them, so that d's stays as it was. */
static wg_fun *base_for (derivation *d, wgi_tape *t)
{
  if (!t->bindings)
    {
      t->binding = d->fun->binding, t->bindings = d->fun->bindings;
      return d->fun;
    }
  wg_fun *f = wg_fun_clone (d->fun);
  for (size_t i = 0; f && i < t->bindings; i++)
    if (wgi_fun_keep_binding (f, &t->binding[i]) < 0) return wg_fun_free (f), NULL;
  return f;
}

/* Go to the base's point with the values of its parameters, and have them as variables in p: the first given are x's inputs behind
 * the point, the others are the derived function's own.  A branch may bring more: then once again, with their values. */
static int go (const derivation *d, wg_fun *f, const wg_var x[], size_t given, wg_var **p)
{
  const size_t n = f->family->n;
  size_t known;
  int rc;
  for (size_t i = 0; i < n; i++) d->x[i] = x[i].value;
  do
    {
      known = f->params;
      wg_var *more = realloc (*p, wgi_times (known + 1, sizeof *more));
      if (!more) return wgi_fail (WG_ENOMEM, "out of memory");
      *p = more;
      memcpy (more, x + n, given*sizeof *more);
      wg_params (x[0], 0, known - given, f->param + given, more + given);
      for (size_t i = 0; i < known; i++) f->param[i] = more[i].value;
      wgi_fun_put_params (f, 0, NULL);
      rc = wgi_fun_at (f, d->x);
    }
  while (!rc && f->params > known);
  return rc;
}

static void derived_model (size_t nx, const wg_var x[], size_t ny, wg_var y[], void *ctx)
{
  derivation *d = ctx;
  const size_t n = d->fun->family->n, m = d->fun->family->m, most = n > m ? n : m;
  wg_var *scratch = malloc (wgi_times (2*most, sizeof *scratch)), *p = NULL;
  wg_fun *f = base_for (d, wgi_tape_of (x[0]));
  wgi_replay *r = NULL;
  const int rc = f ? go (d, f, x, d->kind == WGI_WITH_PARAMS ? nx - n : 0, &p) : wgi_last_status ();
  if (!rc && scratch) r = wgi_replay_new (f, x, p);
  if (!r)
    {
      const int why = rc > 0 ? WG_EMODEL : rc ? rc : WG_ENOMEM;
      wgi_tape_fail (wgi_tape_of (x[0]), why, "%.200s", rc ? wg_last_error () : "out of memory");
      for (size_t i = 0; i < ny; i++) y[i] = wg_num (0);
    }
  else
    switch (d->kind)
      {
      case WGI_GRADIENT:
        scratch[0] = wg_num (1);
        wgi_replay_reverse (r, scratch, y);
        break;
      case WGI_JVP: wgi_replay_tangent (r, x + n, y); break;
      case WGI_VJP: wgi_replay_reverse (r, x + n, y); break;
      case WGI_JACOBIAN: replay_jacobian (r, n, m, scratch, y); break;
      default:
        for (size_t i = 0; i < ny; i++) y[i] = wgi_replay_output (r, d->which ? (size_t) d->which[i] : i);
      }
  wgi_replay_free (r);
  if (f != d->fun) wg_fun_free (f);
  free (scratch), free (p);
}

/* A function of nx inputs whose model is derived_model for a clone of f; which[ny] is copied. */
static wg_fun *derive (const wg_fun *f, enum wgi_derived kind, size_t nx, size_t ny, const int which[])
{
  const size_t n = f->family->n;
  derivation *d = calloc (1, sizeof *d);
  double *x0 = calloc (nx, sizeof *x0);
  wg_fun *g = NULL;
  if (d) d->kind = kind, d->x = malloc (n*sizeof *d->x), d->which = which ? malloc (ny*sizeof *which) : NULL;
  if (!d || !x0 || !d->x || (which && !d->which)) wgi_fail (WG_ENOMEM, "out of memory");
  else if ((d->fun = wg_fun_clone (f)))
    {
      memcpy (x0, f->family->x0, n*sizeof *x0);
      if (kind == WGI_WITH_PARAMS && f->params) memcpy (x0 + n, f->param, f->params*sizeof *x0);
      else for (size_t i = n; i < nx; i++) x0[i] = 1;
      if (which) memcpy (d->which, which, ny*sizeof *which);
      const wgi_family *base = d->fun->family;
      const size_t generation = wgi_family_generation (base);
      g = wgi_fun_record_owning (derived_model, d, release, nx, ny, x0, base->rolls);
      if (g) g->family->base = base, g->trace->generation = generation;   /* stale when f is */
      if (g) g->resources.scans.limit = f->resources.scans.limit, g->resources.threads = f->resources.threads;
      for (size_t i = 0; g && i < f->bindings; i++)
        if (wgi_fun_keep_binding (g, &f->binding[i]) < 0) wg_fun_free (g), g = NULL;
      d = NULL;
    }
  if (d) release (d);
  free (x0);
  return g;
}

wg_fun *wgi_fun_derive (const wg_fun *f, enum wgi_derived kind)
{
  const size_t n = f->family->n, m = f->family->m;
  if ((kind == WGI_GRADIENT || kind == WGI_HVP) && m != 1)
    return wgi_fail (WG_ESHAPE, "a gradient needs one output, the function has %zu", m), NULL;
  switch (kind)
    {
    case WGI_JVP: return derive (f, kind, wgi_plus (n, n), m, NULL);
    case WGI_VJP: return derive (f, kind, wgi_plus (n, m), n, NULL);
    case WGI_JACOBIAN: return derive (f, kind, n, wgi_times (m, n), NULL);
    case WGI_WITH_PARAMS: return derive (f, kind, wgi_plus (n, f->params), m, NULL);
    case WGI_HVP:
      {
        wg_fun *gradient = derive (f, WGI_GRADIENT, n, n, NULL), *hvp = NULL;
        if (gradient) hvp = derive (gradient, WGI_JVP, wgi_plus (n, n), n, NULL);
        wg_fun_free (gradient);
        return hvp;
      }
    default: return derive (f, kind, n, n, NULL);
    }
}

const wg_fun *wgi_fun_derived (const wg_fun *f, enum wgi_derived kind)
{
  wgi_family *s = f->family;
  wg_fun *cache = (wg_fun *) f;
  if (wgi_family_lock (s)) return NULL;
  wg_fun *had = f->derived[kind];
  wgi_family_unlock (s);
  if (had) return had;
  wg_fun *made = wgi_fun_derive (f, kind);
  if (!made || wgi_family_lock (s)) return wg_fun_free (made), NULL;
  had = cache->derived[kind];
  if (!had) cache->derived[kind] = had = made, made = NULL;
  wgi_family_unlock (s);
  wg_fun_free (made);
  return had;
}

static wg_fun *derive_checked (const wg_fun *f, enum wgi_derived kind)
{
  return f ? wgi_fun_derive (f, kind) : (wgi_fail (WG_EINVAL, "f is NULL"), NULL);
}

wg_fun *wg_fun_gradient (const wg_fun *f) { return derive_checked (f, WGI_GRADIENT); }
wg_fun *wg_fun_jvp (const wg_fun *f) { return derive_checked (f, WGI_JVP); }
wg_fun *wg_fun_vjp (const wg_fun *f) { return derive_checked (f, WGI_VJP); }
wg_fun *wg_fun_hvp (const wg_fun *f) { return derive_checked (f, WGI_HVP); }
wg_fun *wg_fun_jacobian (const wg_fun *f) { return derive_checked (f, WGI_JACOBIAN); }
wg_fun *wg_fun_params_to_inputs (const wg_fun *f) { return derive_checked (f, WGI_WITH_PARAMS); }

wg_fun *wg_fun_outputs (const wg_fun *f, size_t count, const int which[])
{
  if (!f || !which || !count) return wgi_fail (WG_EINVAL, "wg_fun_outputs: %s", f ? "no outputs" : "f is NULL"), NULL;
  for (size_t i = 0; i < count; i++)
    if (which[i] < 0 || (size_t) which[i] >= f->family->m)
      return wgi_fail (WG_EINVAL, "wg_fun_outputs: there is no output %d", which[i]), NULL;
  return derive (f, WGI_DERIVED, f->family->n, count, which);
}
