/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The derivative of a source S as a source.  Its values are tangents or adjoints of S, its tangents those of S over one more
 * dual, so everything is a call of S in a higher mode, and lifting a lifted source gives the next order:
 *   J v     value: S forward, tangent v       w pulled back: S reverse of w over the dual (x, v)
 *   u^T J   value: S reverse of u             w pulled back: S reverse of u over the dual (x, w), and J w
 * A mode d of the lifted source is mode 2 d + 1 of S: D1 of S is taken by v or w, and D1 here is D2 there.
 */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "fun/lifted.h"

typedef struct {
  wgi_source source;
  wgi_source *base;              /* counted */
  enum wgi_derived kind;
} lifted_source;

typedef struct {
  wgi_callee callee;
  wgi_callee *base;
  double *room;                  /* two of what is not asked for, and zeros: each n or m, whichever is more */
} lifted_callee;

static size_t most (const wgi_source *s) { return s->n > s->m ? s->n : s->m; }

static int too_high (const wgi_callee *c)
{
  return wgi_fail (WG_EORDER, "%s has no derivative of this order", c->source->name);
}

static lifted_callee *of (wgi_callee *callee)
{
  lifted_callee *c = (lifted_callee *) callee;
  c->base->sweeps = callee->sweeps, c->base->resources = callee->resources;
  return c;
}

/* J v.  Planes of S: x, v, and for mode D1 their tangents. */
static int jvp_forward (wgi_callee *callee, int mode, double *const x[], double *const y[])
{
  lifted_callee *c = of (callee);
  const size_t n = c->base->source->n;
  double *none = c->room;
  if (mode == 0) return c->base->forward (c->base, 1, (double *[]){ x[0], x[0] + n }, (double *[]){ none, y[0] });
  if (mode != 1) return too_high (callee);
  return c->base->forward (c->base, 3, (double *[]){ x[0], x[0] + n, x[1], x[1] + n },
                           (double *[]){ none, y[0], none + most (c->base->source), y[1] });
}

static int jvp_reverse (wgi_callee *callee, int mode, double *const x[], double *const ybar[], double *const xbar[])
{
  lifted_callee *c = of (callee);
  const size_t n = c->base->source->n;
  double *zero = c->room + 2*most (c->base->source);
  if (mode == 0)
    return c->base->reverse (c->base, 1, (double *[]){ x[0], x[0] + n }, (double *[]){ ybar[0], zero },
                             (double *[]){ xbar[0] + n, xbar[0] });
  if (mode != 1) return too_high (callee);
  return c->base->reverse (c->base, 3, (double *[]){ x[0], x[0] + n, x[1], x[1] + n },
                           (double *[]){ ybar[0], zero, ybar[1], zero },
                           (double *[]){ xbar[0] + n, xbar[0], xbar[1] + n, xbar[1] });
}

/* u^T J */

/* A weight is a number here, and -0.0 a zero, where an adjoint would be at rest and its tangents without effect. */
static void awaken (const lifted_callee *c, double x[])
{
  for (size_t i = 0; i < c->base->source->m; i++) x[c->base->source->n + i] += 0.;
}

static int vjp_forward (wgi_callee *callee, int mode, double *const x[], double *const y[])
{
  lifted_callee *c = of (callee);
  const size_t n = c->base->source->n;
  double *us[4] = { NULL };
  awaken (c, x[0]);
  for (int d = 0; d <= mode; d++) if ((d & mode) == d) us[d] = x[d] + n;
  return c->base->reverse (c->base, mode, x, us, y);
}

static int vjp_reverse (wgi_callee *callee, int mode, double *const x[], double *const ybar[], double *const xbar[])
{
  lifted_callee *c = of (callee);
  const size_t n = c->base->source->n, room = most (c->base->source);
  double *none = c->room, *also = none + room, *zero = also + room;
  int rc;
  awaken (c, x[0]);
  if (mode == 0)
    {
      rc = c->base->reverse (c->base, 1, (double *[]){ x[0], ybar[0] }, (double *[]){ x[0] + n, zero },
                             (double *[]){ none, xbar[0] });
      return rc ? rc : c->base->forward (c->base, 1, (double *[]){ x[0], ybar[0] }, (double *[]){ none, xbar[0] + n });
    }
  if (mode != 1) return too_high (callee);
  rc = c->base->reverse (c->base, 3, (double *[]){ x[0], ybar[0], x[1], ybar[1] },
                         (double *[]){ x[0] + n, zero, x[1] + n, zero }, (double *[]){ none, xbar[0], also, xbar[1] });
  return rc ? rc : c->base->forward (c->base, 3, (double *[]){ x[0], ybar[0], x[1], ybar[1] },
                                     (double *[]){ none, xbar[0] + n, also, xbar[1] + n });
}

static int bind (wgi_callee *callee, const wgi_binding *b, int apply)
{
  wgi_callee *base = ((lifted_callee *) callee)->base;
  return base->bind ? base->bind (base, b, apply) : 0;
}

static size_t generation (const wgi_callee *callee)
{
  return wgi_callee_generation (((const lifted_callee *) callee)->base);
}

static void free_instance (wgi_callee *callee)
{
  lifted_callee *c = (lifted_callee *) callee;
  if (c->base) wgi_callee_free (c->base);
  free (c->room);
}

static wgi_callee *instance (wgi_source *s)
{
  const lifted_source *l = (lifted_source *) s;
  lifted_callee *c = (lifted_callee *) wgi_callee_new (s, sizeof *c);
  if (!c) return NULL;
  c->callee.forward = l->kind == WGI_JVP ? jvp_forward : vjp_forward;
  c->callee.reverse = l->kind == WGI_JVP ? jvp_reverse : vjp_reverse;
  c->callee.generation = generation, c->callee.bind = bind, c->callee.free = free_instance;
  c->room = calloc (wgi_times (3, most (l->base)), sizeof *c->room);
  if (!c->room) wgi_fail (WG_ENOMEM, "no memory for a call");
  else c->base = l->base->instance (l->base);
  if (!c->base) return wgi_callee_free (&c->callee), NULL;
  return &c->callee;
}

static void free_source (wgi_source *s)
{
  wgi_source_leave (((lifted_source *) s)->base);
  free (s);
}

wgi_source *wgi_lifted (wgi_source *s, enum wgi_derived kind)
{
  lifted_source *l = calloc (1, sizeof *l);
  if (!l) return wgi_fail (WG_ENOMEM, "out of memory"), NULL;
  l->source = (wgi_source){ .users = 1, .n = wgi_plus (s->n, kind == WGI_JVP ? s->n : s->m), .m = kind == WGI_JVP ? s->m : s->n,
                            .name = s->name, .instance = instance, .derived = wgi_lifted, .free = free_source };
  l->base = wgi_source_use (s), l->kind = kind;
  return &l->source;
}
