/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Recorded functions as operations: the source keeps a handle with the parameters of its time, each
 * instance is a clone of it.  wg_call records one; wgi_fun_of_source makes a function of one call.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fun/derived.h"
#include "fun/fun.h"
#include "sweep/lanes.h"

typedef struct {
  wgi_source source;
  wg_fun *fun;
  pthread_mutex_t lock;          /* guards fun */
} recorded_source;

/* instances */

typedef struct {
  wgi_callee callee;
  size_t generation;             /* of the handle's values, */
  const struct wgi_lane_sweeps *lanes;     /* and what loops in it were swept with */
} recorded_callee;

static const struct {
  size_t (*forward) (const wgi_program *, wgi_frame *, uint64_t *);
  void (*reverse) (const wgi_program *, wgi_frame *);
  unsigned planes;               /* of values and tangents */
} sweep[4] = {
  [WGI_VALUE] = { wgi_forward_double, wgi_reverse_double, 1 },
  [WGI_D1] = { wgi_forward_dual, wgi_reverse_dual, 3 },
  [WGI_D1 | WGI_D2] = { wgi_forward_dual2, wgi_reverse_dual2, 15 },
};

/* Go to x, stay if the handle is there already, and bring the tangents of the mode along. */
static int go (wgi_callee *c, int mode, double *const x[])
{
  wg_fun *f = c->fun;
  recorded_callee *kept = (recorded_callee *) c;
  const size_t bytes = f->family->n*sizeof (double), generation = wgi_fun_generation (f);
  const wgi_trace *before = f->trace;
  const int there = f->at_point && !wgi_fun_is_stale (f) && kept->generation == generation && kept->lanes == c->sweeps
                    && memcmp (f->frame.plane[WGI_VALUE], x[0], bytes) == 0;
  int rc = wgi_fun_planes (f, sweep[mode].planes);
  if (!rc) rc = mode == WGI_D1 ? wgi_fun_at_dual (f, there ? NULL : x[0], x[1]) : wgi_fun_at (f, there ? NULL : x[0]);
  if (!there) kept->generation = wgi_fun_settled (f, before, generation), kept->lanes = c->sweeps;
  if (rc || mode != (WGI_D1 | WGI_D2)) return rc;
  uint64_t found;
  for (int d = 1; d < 4; d++) memcpy (f->frame.plane[d], x[d], bytes);
  f->frame.status = 0;
  wgi_forward_dual2 (f->trace->program, &f->frame, &found);
  if (f->frame.status) f->at_point = 0;
  return f->frame.status;
}

/* The end of both directions: the results do not exist, or have been spoilt by a call inside. */
static int finish (wgi_callee *c, int rc, int mode, size_t count, double *const y[])
{
  const wgi_frame *frame = &c->fun->frame;
  int spoilt = 0;
  if (rc < 0 || (!rc && !frame->notice)) return rc;
  for (int d = 0; d <= mode; d++)
    if ((d & mode) == d)
      for (size_t i = 0; i < count; i++)
        {
          if (rc) y[d][i] = NAN;
          spoilt |= !isfinite (y[d][i]);
        }
  c->why = rc ? "a branch depends on a number that is NaN" : frame->why;
  return rc ? rc : spoilt ? frame->notice : WG_OK;
}

static int forward (wgi_callee *c, int mode, double *const x[], double *const y[])
{
  wg_fun *f = c->fun;
  f->frame.ahead = c->ahead != 0, f->frame.sweeps = c->sweeps, f->frame.resources = c->resources;
  const int rc = go (c, mode, x);
  const wgi_program *p = f->trace->program;
  for (int d = 0; d <= mode && !rc; d++)
    if ((d & mode) == d)
      for (size_t i = 0; i < p->m; i++) y[d][i] = d == 0 || wgi_is_slot (p, p->out[i]) ? f->frame.plane[d][p->out[i]] : 0;
  return finish (c, rc, mode, p->m, y);
}

static int reverse (wgi_callee *c, int mode, double *const x[], double *const ybar[], double *const xbar[])
{
  wg_fun *f = c->fun;
  f->frame.ahead = 1, f->frame.sweeps = c->sweeps, f->frame.resources = c->resources;
  int rc = go (c, mode, x);
  if (!rc) rc = wgi_fun_planes (f, sweep[mode].planes << WGI_ADJOINT);
  if (rc) return finish (c, rc, mode, f->family->n, xbar);
  const wgi_program *p = f->trace->program;
  for (int d = 0; d <= mode; d++)
    if ((d & mode) == d)
      for (size_t i = 0; i < p->m; i++)
        if (wgi_is_slot (p, p->out[i])) f->frame.plane[WGI_ADJOINT + d][p->out[i]] += ybar[d][i];
  f->frame.status = 0;
  sweep[mode].reverse (p, &f->frame);
  for (int d = 0; d <= mode; d++)
    if ((d & mode) == d)
      {
        memcpy (xbar[d], f->frame.plane[WGI_ADJOINT + d], p->n*sizeof (double));
        wgi_fun_rest (f, WGI_ADJOINT + d);
      }
  return finish (c, f->frame.status, mode, p->n, xbar);
}

static size_t generation (const wgi_callee *c)
{
  return wgi_fun_generation (c->fun);
}

static int bind (wgi_callee *c, const wgi_binding *b, int apply)
{
  return apply ? wgi_fun_keep_binding (c->fun, b) : wgi_fun_would_bind (c->fun, b);
}

static void free_instance (wgi_callee *c)
{
  wg_fun_free (c->fun);
}

static wgi_callee *instance (wgi_source *s)
{
  wgi_callee *c = wgi_callee_new (s, sizeof (recorded_callee));
  if (!c) return NULL;
  c->forward = forward, c->reverse = reverse, c->generation = generation, c->bind = bind, c->free = free_instance;
  if (!(c->fun = wg_fun_clone (((recorded_source *) s)->fun))) return wgi_callee_free (c), NULL;
  return c;
}

wgi_callee *wgi_callee_new (wgi_source *s, size_t size)
{
  wgi_callee *c = calloc (1, size);
  if (c) c->scratch = malloc (wgi_times (wgi_times (8, wgi_plus (s->n, s->m)), sizeof *c->scratch));
  if (c && s->size) c->pointer = malloc (wgi_times (wgi_times (8, s->words), sizeof *c->pointer) + 1);
  if (!c || !c->scratch || (s->size && !c->pointer))
    {
      if (c) free (c->scratch), free (c->pointer);
      return free (c), wgi_fail (WG_ENOMEM, "no memory for a call"), NULL;
    }
  c->source = wgi_source_use (s);
  c->sweeps = wgi_lanes_for_cpu (NULL);
  return c;
}

void wgi_callee_free (wgi_callee *c)
{
  if (c->free) c->free (c);
  wgi_source_leave (c->source);
  free (c->scratch), free (c->pointer), free (c);
}

/* sources */

static wgi_source *derived (wgi_source *s, enum wgi_derived kind)
{
  const wg_fun *g = wgi_fun_derived (((recorded_source *) s)->fun, kind);
  return g ? wgi_fun_source (g) : NULL;
}

static int eval (wgi_source *s, const double x[], double y[])
{
  recorded_source *r = (recorded_source *) s;
  pthread_mutex_lock (&r->lock);
  const int rc = wgi_fun_at (r->fun, x);
  const wgi_program *p = r->fun->trace->program;
  for (size_t i = 0; i < s->m; i++) y[i] = rc ? NAN : r->fun->frame.plane[WGI_VALUE][p->out[i]];
  pthread_mutex_unlock (&r->lock);
  return rc;
}

static void free_source (wgi_source *s)
{
  recorded_source *r = (recorded_source *) s;
  wg_fun_free (r->fun);
  pthread_mutex_destroy (&r->lock);
  free (r);
}

const wg_fun *wgi_source_fun (const wgi_source *s)
{
  return s->free == free_source ? ((const recorded_source *) s)->fun : NULL;
}

wgi_family *wgi_source_family (const wgi_source *s)
{
  const wg_fun *f = wgi_source_fun (s);
  return f ? f->family : NULL;
}

wgi_source *wgi_fun_source (const wg_fun *f)
{
  wgi_family *s = f->family;
  if (wgi_family_lock (s)) return NULL;
  wg_fun *cache = (wg_fun *) f;             /* the cache of a handle that models may share: under the family's lock */
  wgi_source *had = f->source ? wgi_source_use (f->source) : NULL;
  wgi_family_unlock (s);
  if (had) return had;
  recorded_source *r = calloc (1, sizeof *r);
  if (!r || pthread_mutex_init (&r->lock, NULL)) return free (r), wgi_fail (WG_ENOMEM, "no memory for a call"), NULL;
  r->source = (wgi_source){ .users = 2, .n = s->n, .m = s->m, .name = "call", .instance = instance, .derived = derived,
                            .eval = eval, .free = free_source };
  if (!(r->fun = wg_fun_clone (f))) return pthread_mutex_destroy (&r->lock), free (r), NULL;
  wgi_family_lock (s);
  had = cache->source, cache->source = &r->source;
  wgi_family_unlock (s);
  wgi_source_leave (had);
  return &r->source;
}

wg_fun *wgi_fun_of_source (wgi_source *source)
{
  uint32_t *operand = malloc (wgi_times (source->n, sizeof *operand)), *out = malloc (wgi_times (source->m, sizeof *out));
  wgi_tape tape;
  wg_fun *f = NULL;
  int rc = operand && out ? WG_OK : WG_ENOMEM;
  wgi_tape_make (&tape, source->n);
  for (size_t i = 0; i < source->n && !rc; i++) operand[i] = (uint32_t) i;
  const uint32_t first = rc ? 0 : wgi_tape_append_call (&tape, source, operand);
  for (size_t i = 0; i < source->m && !rc; i++) out[i] = first + (uint32_t) i;
  if (rc) free (operand);
  if (rc || tape.status) wgi_fail (WG_ENOMEM, "out of memory");
  else f = wgi_fun_of_tape (&tape, source->m, out, WGI_NOT_ROLLED);
  free (out);
  wgi_tape_free (&tape);
  wgi_source_leave (source);
  return f;
}

/* The tape that an error of this call belongs to is told through an operand, or is the innermost when all are literals. */
static void fail_on (const wg_var x[], size_t n, int status, const char *text)
{
  int told = 0;
  for (size_t i = 0; i < n; i++)
    {
      wgi_tape *t = wgi_tape_of (x[i]);
      if (t) wgi_tape_fail (t, status, "wg_call: %.200s", text), told = 1;
    }
  wgi_tape *t = told ? NULL : wgi_tape_innermost ();
  if (t) wgi_tape_fail (t, status, "wg_call: %.200s", text);
}

/* y = source (x) by an instance for the moment, with what the handle that records is bound to. */
static int eval_once (wgi_source *s, const wgi_tape *t, double x[], double y[])
{
  wgi_callee *c = s->instance (s);
  if (!c) return wgi_last_status ();
  int rc = WG_OK;
  for (size_t i = 0; t && c->bind && i < t->bindings && rc >= 0; i++) rc = c->bind (c, &t->binding[i], 1);
  if (rc >= 0) rc = c->forward (c, WGI_VALUE, (double *[]){ x }, (double *[]){ y });
  wgi_callee_free (c);
  return rc;
}

void wgi_call_source (wgi_source *s, const wg_var x[], wg_var y[])
{
  double *value = calloc (s->n + s->m, sizeof *value);
  if (!value)
    {
      fail_on (x, s->n, WG_ENOMEM, "out of memory");
      for (size_t i = 0; i < s->m; i++) y[i] = wg_num (NAN);
      return;
    }
  for (size_t i = 0; i < s->n; i++) value[i] = x[i].value;
  const wgi_tape *t = wgi_tape_of_call (s, x);
  const int rc = s->eval && !(t && t->bindings) ? s->eval (s, value, value + s->n) : eval_once (s, t, value, value + s->n);
  if (rc < 0) fail_on (x, s->n, rc, wg_last_error ());
  wgi_tape_call (s, x, value + s->n, y);
  free (value);
}

void wg_call (const wg_fun *f, const wg_var x[], const wg_var p[], wg_var y[])
{
  if (!f || !x || !y)
    {
      if (f && y) for (size_t i = 0; i < f->family->m; i++) y[i] = wg_num (NAN);
      wg_raise (x ? x[0] : wg_num (0), "wg_call: f, x or y is NULL");
      return;
    }
  const size_t n = f->family->n;
  const wg_fun *g = p && f->params ? wgi_fun_derived (f, WGI_WITH_PARAMS) : f;
  wg_fun *newer = NULL;                      /* a branch of f has brought more parameters since that was made */
  if (g && g != f && g->family->n != n + f->params) g = newer = wgi_fun_derive (f, WGI_WITH_PARAMS);
  wg_var *xp = g && g != f ? malloc (wgi_times (n + f->params, sizeof *xp)) : NULL;
  wgi_source *s = g && (g == f || xp) ? wgi_fun_source (g) : NULL;
  if (s && xp)
    {
      memcpy (xp, x, n*sizeof *x), memcpy (xp + n, p, f->params*sizeof *p);
      wgi_call_source (s, xp, y);
    }
  else if (s) wgi_call_source (s, x, y);
  else
    {
      fail_on (x, n, wgi_last_status (), wg_last_error ());
      for (size_t i = 0; i < f->family->m; i++) y[i] = wg_num (NAN);
    }
  wgi_source_leave (s);
  wg_fun_free (newer);
  free (xp);
}
