/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * wg_fun_root, and derivatives of implicit functions as functions.  From G (u, q) = 0
 *     udot is the root of G_u udot + G_q qdot,       J v = udot
 *     lambda is the root of G_u^T lambda + ubar,     ubar^T J = G_q^T lambda
 * two more implicit functions, of (u, q, qdot) and (u, q, ubar), whose equations are derivatives of G as functions: so every
 * order exists.  A derivative solves for u by a source of its own, so that no source keeps itself alive.
 */
#include "optim/implicit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fun/derived.h"
#include "fun/fun.h"
#include "optim/root.h"

/* sources */

static void leave_equation (wgi_equation *e)
{
  if (!e || atomic_fetch_sub (&e->users, 1) > 1) return;
  wg_fun_free (e->F);
  free (e->room), free (e);
}

static void free_source (wgi_source *s)
{
  wgi_implicit *p = (wgi_implicit *) s;
  for (int i = 0; i < 2; i++) wg_fun_free (p->derived[i]);
  wg_fun_free (p->G);
  leave_equation (p->equation);
  pthread_mutex_destroy (&p->lock);
  free (p->point), free (p);
}

wgi_source *wgi_implicit_new (wgi_equation *e, wg_fun *G, size_t nq, size_t at, int linear, int transposed, const double point[])
{
  const size_t bytes = wgi_times (wgi_plus (e->n, nq), sizeof *point);
  wgi_implicit *p = G ? calloc (1, sizeof *p) : NULL;
  if (p) p->point = malloc (bytes);
  if (!p || !p->point || pthread_mutex_init (&p->lock, NULL))
    {
      if (G) wgi_fail (WG_ENOMEM, "out of memory");
      if (p) free (p->point);
      return free (p), wg_fun_free (G), NULL;
    }
  p->source = (wgi_source){ .users = 1, .n = nq, .m = e->n, .name = linear ? "root of a linear equation" : "root",
                            .instance = wgi_implicit_instance, .derived = wgi_implicit_derived, .free = free_source };
  memcpy (p->point, point, bytes);
  atomic_fetch_add (&e->users, 1);
  p->equation = e, p->G = G, p->at = at, p->linear = linear, p->transposed = transposed;
  return &p->source;
}

/* functions for derivatives: the ctx of their models */

typedef struct {
  size_t n, nq;
  wgi_source *root, *linear;     /* of (q), and of (u, q, qdot) or (u, q, ubar); or NULL */
  wg_fun *f;                     /* a derivative of G, or NULL */
  wg_var *room;                  /* 3 (n + nq) */
} derivation;

static void release (void *ctx)
{
  derivation *d = ctx;
  wgi_source_leave (d->root), wgi_source_leave (d->linear);
  wg_fun_free (d->f);
  free (d->room), free (d);
}

static void copy (wg_var to[], const wg_var from[], size_t count) { memcpy (to, from, count*sizeof *to); }

/* udot, u, q, qdot -> G_u udot + G_q qdot */
static void model_tangent (size_t nx, const wg_var x[], size_t n, wg_var y[], void *ctx)
{
  const derivation *d = ctx;
  const size_t nz = n + d->nq;
  copy (d->room, x + n, nz);
  copy (d->room + nz, x, n);
  copy (d->room + nz + n, x + n + nz, d->nq);
  wg_call (d->f, d->room, NULL, y);
  (void) nx;
}

/* lambda, u, q, ubar -> G_u^T lambda + ubar */
static void model_adjoint (size_t nx, const wg_var x[], size_t n, wg_var y[], void *ctx)
{
  const derivation *d = ctx;
  const size_t nz = n + d->nq;
  wg_var *out = d->room + nz + n;
  copy (d->room, x + n, nz);
  copy (d->room + nz, x, n);
  wg_call (d->f, d->room, NULL, out);
  for (size_t i = 0; i < n; i++) y[i] = wg_var_add (out[i], x[n + nz + i]);
  (void) nx;
}

/* q, qdot -> udot */
static void model_jvp (size_t nx, const wg_var x[], size_t n, wg_var y[], void *ctx)
{
  const derivation *d = ctx;
  wgi_call_source (d->root, x, d->room);
  copy (d->room + n, x, nx);
  wgi_call_source (d->linear, d->room, y);
}

/* q, ubar -> G_q^T lambda */
static void model_vjp (size_t nx, const wg_var x[], size_t nq, wg_var y[], void *ctx)
{
  const derivation *d = ctx;
  const size_t n = d->n;
  wg_var *lambda = d->room + n + nq, *out = lambda + n;
  wgi_call_source (d->root, x, d->room);
  copy (d->room + n, x, nx);                     /* ubar where lambda will be */
  wgi_call_source (d->linear, d->room, out);
  copy (lambda, out, n);
  wg_call (d->f, d->room, NULL, out);
  copy (y, out + n, nq);
}

/* A function by one of these models, recorded at x0; it takes over root, linear and f, on failure too. */
static wg_fun *record (const wgi_implicit *s, wg_model *model, wgi_source *root, wgi_source *linear, wg_fun *f,
                       size_t nx, size_t ny, const double x0[])
{
  derivation *d = calloc (1, sizeof *d);
  if (!d) return wgi_source_leave (root), wgi_source_leave (linear), wg_fun_free (f), wgi_fail (WG_ENOMEM, "out of memory"), NULL;
  d->n = s->source.m, d->nq = s->source.n, d->root = root, d->linear = linear, d->f = f;
  d->room = malloc (wgi_times (wgi_times (3, wgi_plus (d->n, d->nq)), sizeof *d->room));
  if (d->room) return wgi_fun_record_owning (model, d, release, nx, ny, x0, WGI_NOT_ROLLED);
  return release (d), wgi_fail (WG_ENOMEM, "out of memory"), NULL;
}

/* s once more; a use for the caller. */
static wgi_source *again (const wgi_implicit *s)
{
  return wgi_implicit_new (s->equation, wg_fun_clone (s->G), s->source.n, s->at, s->linear, s->transposed, s->point);
}

/* The linear implicit function of the derivative; point[m + more] is where it is recorded, the unknown first. */
static wgi_source *linear_equation (const wgi_implicit *s, enum wgi_derived kind, const double point[])
{
  const size_t n = s->source.m, nz = n + s->source.n, nq = wgi_plus (nz, kind == WGI_JVP ? s->source.n : n);
  wg_fun *f = kind == WGI_JVP ? wg_fun_jvp (s->G) : wg_fun_vjp (s->G);
  wg_fun *G = f ? record (s, kind == WGI_JVP ? model_tangent : model_adjoint, NULL, NULL, f, wgi_plus (n, nq), n, point) : NULL;
  return wgi_implicit_new (s->equation, G, nq, n + s->at, 1, s->transposed != (kind == WGI_VJP), point);
}

static wg_fun *derive (const wgi_implicit *s, enum wgi_derived kind)
{
  const size_t n = s->source.m, nq = s->source.n, nz = n + nq, more = kind == WGI_JVP ? nq : n;
  double *point = malloc (wgi_times (wgi_plus (wgi_plus (n, nz), more), sizeof *point));
  wgi_source *linear = NULL, *root = NULL;
  wg_fun *f = NULL, *result = NULL;
  if (!point) return wgi_fail (WG_ENOMEM, "out of memory"), NULL;
  for (size_t i = 0; i < n; i++) point[i] = 1;
  memcpy (point + n, s->point, nz*sizeof *point);
  for (size_t i = 0; i < more; i++) point[n + nz + i] = 1;
  linear = linear_equation (s, kind, point);
  if (linear) root = again (s);
  if (root && kind == WGI_VJP) f = wg_fun_vjp (s->G);
  if (root && (kind == WGI_JVP || f))
    result = record (s, kind == WGI_JVP ? model_jvp : model_vjp, root, linear, f, nq + more, kind == WGI_JVP ? n : nq, point + 2*n);
  else wgi_source_leave (root), wgi_source_leave (linear);
  free (point);
  return result;
}

wgi_source *wgi_implicit_derived (wgi_source *source, enum wgi_derived kind)
{
  wgi_implicit *s = (wgi_implicit *) source;
  wg_fun **kept = &s->derived[kind == WGI_VJP], *made = NULL;
  pthread_mutex_lock (&s->lock);
  wg_fun *f = *kept;
  pthread_mutex_unlock (&s->lock);
  if (!f)
    {
      if (!(made = derive (s, kind))) return NULL;
      pthread_mutex_lock (&s->lock);
      f = *kept ? *kept : made;
      if (f == made) *kept = made, made = NULL;
      pthread_mutex_unlock (&s->lock);
      wg_fun_free (made);
    }
  return wgi_fun_source (f);
}

/* wg_fun_root */

static int check (const wg_fun *F, const wg_root_options *o)
{
  static const char name[] = "wg_fun_root";
  if (!F) return wgi_fail (WG_EINVAL, "%s: F is NULL", name);
  const size_t n = wg_fun_n (F);
  if (wg_fun_m (F) != n) return wgi_fail (WG_ESHAPE, "%s: %zu equations in %zu unknowns", name, wg_fun_m (F), n);
  if (!wg_fun_np (F)) return wgi_fail (WG_ESHAPE, "%s: F has no parameters", name);
  for (size_t i = 0; i < n && o && o->start; i++)
    if (!isfinite (o->start[i])) return wgi_fail (WG_EINVAL, "%s: start[%zu] is %g", name, i, o->start[i]);
  return wgi_root_options (n, o);
}

/* What the options say, with copies of start and scale. */
static wgi_equation *equation_of (const wg_fun *F, const wg_root_options *o)
{
  const size_t n = wg_fun_n (F), bytes = n*sizeof (double);
  wgi_equation *e = calloc (1, sizeof *e);
  if (e) e->room = malloc (wgi_times (2, bytes));
  if (!e || !e->room) return free (e), wgi_fail (WG_ENOMEM, "out of memory"), NULL;
  atomic_init (&e->users, 1);
  e->n = n, e->np = wg_fun_np (F);
  if (o) e->options = *o;
  memcpy (e->room, o && o->start ? o->start : F->family->x0, bytes);
  if (o && o->scale) e->options.scale = memcpy (e->room + n, o->scale, bytes);
  e->options.start = e->room;
  if (!(e->F = wg_fun_clone (F))) leave_equation (e), e = NULL;
  return e;
}

wg_fun *wg_fun_root (const wg_fun *F, const wg_root_options *options)
{
  if (check (F, options)) return NULL;
  wgi_equation *e = equation_of (F, options);
  if (!e) return NULL;
  const size_t n = e->n, np = e->np;
  double *point = malloc (wgi_times (wgi_plus (n, np), sizeof *point));
  wgi_source *s = NULL;
  wg_fun *x = NULL;
  if (!point) wgi_fail (WG_ENOMEM, "out of memory");
  else
    {
      memcpy (point, e->options.start, n*sizeof *point), memcpy (point + n, e->F->param, np*sizeof *point);
      s = wgi_implicit_new (e, wg_fun_params_to_inputs (e->F), np, 0, 0, 0, point);
    }
  if (s) x = wgi_fun_of_source (s);
  if (x) memcpy (x->family->x0, point + n, np*sizeof *point);
  free (point);
  leave_equation (e);
  return x;
}
