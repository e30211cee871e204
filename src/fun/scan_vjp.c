/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The reverse sweep of a scan as a function, x, u -> u^T J.  As long as the modes of the scan suffice it is lifted, and so
 * keeps its checkpoints.  Beyond, it is what it says: a scan that writes down all states, then one backward over
 * the step's reverse sweep, whose outputs are added where the step's inputs came from.  These are functions
 * like any other, with derivatives of every order; all states are variables there.
 */
#include <stdlib.h>
#include <string.h>

#include "fun/derived.h"
#include "fun/lifted.h"
#include "fun/scan.h"

/* steps: s, a -> s', s, and sbar, s, a, ybar -> sbar', abar */

typedef struct {
  wg_fun *step;
  const wg_fun *vjp;             /* step's own; NULL: for the first kind */
  wg_var *room;                  /* n + m */
  size_t n, m, ns;               /* of the step */
} wrapper;

static void release_wrapper (void *ctx)
{
  wrapper *w = ctx;
  wg_fun_free (w->step);
  free (w->room), free (w);
}

static void trail_model (size_t nx, const wg_var x[], size_t ny, wg_var y[], void *ctx)
{
  const wrapper *w = ctx;
  wg_call (w->step, x, NULL, w->room);
  memcpy (y, w->room, w->ns*sizeof *y), memcpy (y + w->ns, x, w->ns*sizeof *y);
  (void) nx, (void) ny;
}

static void back_model (size_t nx, const wg_var x[], size_t ny, wg_var y[], void *ctx)
{
  const wrapper *w = ctx;
  memcpy (w->room, x + w->ns, w->n*sizeof *x);
  memcpy (w->room + w->n, x, w->ns*sizeof *x), memcpy (w->room + w->n + w->ns, x + w->ns + w->n, (w->m - w->ns)*sizeof *x);
  wg_call (w->vjp, w->room, NULL, y);
  (void) nx, (void) ny;
}

static wg_fun *wrapped (const wg_fun *step, size_t ns, int back)
{
  const size_t n = wg_fun_n (step), m = wg_fun_m (step), nx = back ? n + m : n;
  wrapper *w = calloc (1, sizeof *w);
  double *x0 = malloc (wgi_times (n + m, sizeof *x0));
  wg_fun *f = NULL;
  if (w) w->room = calloc (n + m, sizeof *w->room), w->n = n, w->m = m, w->ns = ns;
  if (!w || !w->room || !x0) wgi_fail (WG_ENOMEM, "no memory for a scan");
  else if ((w->step = wg_fun_clone (step)) && (!back || (w->vjp = wgi_fun_derived (w->step, WGI_VJP))))
    {
      for (size_t i = 0; i < n + m; i++) x0[i] = 1;
      memcpy (x0 + (back ? ns : 0), step->family->x0, n*sizeof *x0);
      f = wgi_fun_record_owning (back ? back_model : trail_model, w, release_wrapper, nx, back ? n : 2*ns, x0, WGI_NOT_ROLLED);
      w = NULL;
    }
  if (w) release_wrapper (w);
  free (x0);
  return f;
}

/* scans */

/* x -> the states that steps begin with, item by item. */
static wgi_source *trail_of (wgi_source *source)
{
  const wgi_scan *of = (const wgi_scan *) source;
  const wg_fun *step = wgi_scan_step (of);
  wg_fun *own = step ? wrapped (step, of->ns, 0) : NULL;
  wgi_scan *s = own ? wgi_scan_new (own, of->args.items, of->ns, source->n, 0, wgi_times (of->args.items, of->ns), of->args.count, 1) : NULL;
  if (!s) return NULL;
  s->base = wgi_source_use (source), s->backward = of->backward;
  memcpy (s->init, of->init, of->ns*sizeof *s->init);
  for (size_t i = 0; i < of->args.count; i++) s->args.arg[s->args.count++] = of->args.arg[i];
  s->out[s->outs++] = (wgi_arg){ .place = of->ns, .width = of->ns, .stride = of->ns };
  return &s->source;
}

/* Is output i of the step wanted? */
static int goes_out (const wgi_scan *s, size_t i)
{
  for (size_t o = 0; o < s->outs; o++)
    if (i >= s->out[o].place && i - s->out[o].place < s->out[o].width) return 1;
  return 0;
}

/* x, u, states -> adjoints of the first state, then of the operands but for that. */
static wgi_source *back_of (wgi_source *source)
{
  static const double zero = 0;
  const wgi_scan *of = (const wgi_scan *) source;
  const size_t ns = of->ns, N = source->n, states = wgi_times (of->args.items, ns);
  const wg_fun *step = wgi_scan_step (of);
  wg_fun *own = step ? wrapped (step, ns, 1) : NULL;
  const size_t n = wg_fun_n (step);
  wgi_scan *s = own ? wgi_scan_new (own, of->args.items, ns, wgi_plus (N + source->m, states), ns, N,
                                    of->args.count + of->outs + of->mo + 1, of->args.count) : NULL;
  if (!s) return NULL;
  s->base = wgi_source_use (source), s->backward = !of->backward;
  for (size_t j = 0; j < ns; j++) s->init[j] = j < of->hidden ? WGI_NO_OPERAND : N + j - of->hidden;
  wgi_scan_add (s, (wgi_arg){ .width = ns, .stride = ns, .bound = of->args.items }, ns, N + source->m);
  for (size_t i = 0; i < of->args.count; i++)
    {
      const wgi_arg *a = &of->args.arg[i];
      wgi_scan_add (s, *a, ns + a->place, a->first);
      if (!a->data) s->out[s->outs] = *a, s->out[s->outs++].first += ns;
    }
  for (size_t i = 0; i < of->outs; i++)
    {
      wgi_scan_add (s, of->out[i], n + of->out[i].place, N + of->out[i].first);
      s->args.arg[s->args.count-1].bound = of->args.items;
    }
  for (size_t i = ns; i < ns + of->mo; i++)
    if (!goes_out (of, i)) wgi_scan_add (s, (wgi_arg){ .width = 1, .data = &zero }, n + i, 0);
  return &s->source;
}

/* both, as a function of x, u */

typedef struct {
  wgi_source *of, *trail, *back; /* counted */
  wg_var *in, *out;              /* room: of back */
} composition;

static void release (void *ctx)
{
  composition *c = ctx;
  wgi_source_leave (c->trail), wgi_source_leave (c->back), wgi_source_leave (c->of);
  free (c->in), free (c->out), free (c);
}

static void composed_model (size_t nx, const wg_var x[], size_t ny, wg_var y[], void *ctx)
{
  const composition *c = ctx;
  const wgi_scan *of = (const wgi_scan *) c->of;
  memcpy (c->in, x, nx*sizeof *x);
  if (c->trail->m) wgi_call_source (c->trail, x, c->in + nx);
  wgi_call_source (c->back, c->in, c->out);
  memcpy (y, c->out + of->ns, ny*sizeof *y);
  for (size_t j = 0; j < of->ns; j++) if (of->init[j] != WGI_NO_OPERAND) y[of->init[j]] = c->out[j];
}

/* A point of a scan: each item where the step was recorded. */
static void point_of (const wgi_scan *s, double x[])
{
  const wg_fun *step = wgi_scan_step (s);
  for (size_t i = 0; step && i < s->args.count; i++)
    for (size_t k = 0; k < s->args.items && !s->args.arg[i].data; k++)
      memcpy (x + s->args.arg[i].first + wgi_arg_row (&s->args.arg[i], k), step->family->x0 + s->args.arg[i].place,
              s->args.arg[i].width*sizeof *x);
  for (size_t j = 0; step && j < s->ns; j++) if (s->init[j] != WGI_NO_OPERAND) x[s->init[j]] = step->family->x0[j];
}

static wg_fun *composed (wgi_source *of)
{
  const size_t n = wgi_plus (of->n, of->m);
  composition *c = calloc (1, sizeof *c);
  double *x0 = malloc (wgi_times (n, sizeof *x0));
  wg_fun *f = NULL;
  if (c) c->of = wgi_source_use (of), c->trail = trail_of (of), c->back = c->trail ? back_of (of) : NULL;
  if (c && c->back)
    {
      c->in = malloc (wgi_times (c->back->n, sizeof *c->in)), c->out = malloc (wgi_times (c->back->m, sizeof *c->out));
      if (!x0 || !c->in || !c->out) wgi_fail (WG_ENOMEM, "no memory for a scan");
      else
        {
          for (size_t i = 0; i < n; i++) x0[i] = 1;
          point_of ((const wgi_scan *) of, x0);
          f = wgi_fun_record_owning (composed_model, c, release, n, of->n, x0, WGI_NOT_ROLLED);
          c = NULL;
        }
    }
  else if (!c) wgi_fail (WG_ENOMEM, "no memory for a scan");
  if (c) release (c);
  free (x0);
  return f;
}

/* the source */

typedef struct {
  wgi_source source;
  wgi_source *of, *lifted;       /* counted */
} vjp_source;

typedef struct {
  wgi_callee callee;
  wgi_callee *low, *high;        /* lifted; composed, made when first needed */
  wgi_binding *binding;          /* bindings: for it */
  size_t bindings;
} vjp_callee;

/* Who does this mode. */
static wgi_callee *who (vjp_callee *c, int mode)
{
  if (mode > WGI_D1 && !c->high)
    {
      wg_fun *f = composed (((const vjp_source *) c->callee.source)->of);
      wgi_source *s = f ? wgi_fun_source (f) : NULL;
      wgi_callee *high = s ? s->instance (s) : NULL;
      int rc = WG_OK;
      wgi_source_leave (s), wg_fun_free (f);
      for (size_t i = 0; high && i < c->bindings && rc >= 0; i++) rc = high->bind (high, &c->binding[i], 1);
      if (rc < 0) wgi_callee_free (high), high = NULL;
      c->high = high;
    }
  wgi_callee *w = mode > WGI_D1 ? c->high : c->low;
  if (w) w->sweeps = c->callee.sweeps, w->resources = c->callee.resources, w->ahead = c->callee.ahead;
  return w;
}

static int forward (wgi_callee *callee, int mode, double *const x[], double *const y[])
{
  wgi_callee *w = who ((vjp_callee *) callee, mode);
  const int rc = w ? w->forward (w, mode, x, y) : wgi_last_status ();
  if (rc > 0) callee->why = w->why;
  return rc;
}

static int reverse (wgi_callee *callee, int mode, double *const x[], double *const ybar[], double *const xbar[])
{
  wgi_callee *w = who ((vjp_callee *) callee, mode);
  const int rc = w ? w->reverse (w, mode, x, ybar, xbar) : wgi_last_status ();
  if (rc > 0) callee->why = w->why;
  return rc;
}

static size_t generation (const wgi_callee *callee)
{
  const vjp_callee *c = (const vjp_callee *) callee;
  return wgi_callee_generation (c->low);
}

static int bind (wgi_callee *callee, const wgi_binding *b, int apply)
{
  vjp_callee *c = (vjp_callee *) callee;
  int rc = c->low->bind (c->low, b, apply);
  if (rc > 0 && c->high) rc = c->high->bind (c->high, b, apply);
  if (rc <= 0 || !apply) return rc;
  size_t at = 0;
  while (at < c->bindings && c->binding[at].slot != b->slot) at++;
  wgi_binding *more = at < c->bindings ? c->binding : realloc (c->binding, wgi_times (at + 1, sizeof *more));
  if (!more) return wgi_fail (WG_ENOMEM, "no memory for a binding");
  c->binding = more, c->binding[at] = *b;
  if (at == c->bindings) c->bindings++;
  return rc;
}

static void free_instance (wgi_callee *callee)
{
  vjp_callee *c = (vjp_callee *) callee;
  if (c->low) wgi_callee_free (c->low);
  if (c->high) wgi_callee_free (c->high);
  free (c->binding);
}

static wgi_callee *instance (wgi_source *source)
{
  vjp_callee *c = (vjp_callee *) wgi_callee_new (source, sizeof *c);
  if (!c) return NULL;
  c->callee.forward = forward, c->callee.reverse = reverse, c->callee.generation = generation;
  c->callee.bind = bind, c->callee.free = free_instance;
  wgi_source *lifted = ((vjp_source *) source)->lifted;
  c->low = lifted->instance (lifted);
  return c->low ? &c->callee : (wgi_callee_free (&c->callee), NULL);
}

static wgi_source *derived (wgi_source *source, enum wgi_derived kind)
{
  wg_fun *f = composed (((const vjp_source *) source)->of);
  wgi_source *s = f ? wgi_fun_source (f) : NULL, *d = s ? s->derived (s, kind) : NULL;
  wgi_source_leave (s), wg_fun_free (f);
  return d;
}

static void free_source (wgi_source *source)
{
  wgi_source_leave (((vjp_source *) source)->of), wgi_source_leave (((vjp_source *) source)->lifted);
  free (source);
}

wgi_source *wgi_scan_vjp (wgi_source *of)
{
  vjp_source *s = calloc (1, sizeof *s);
  if (!s || !(s->lifted = wgi_lifted (of, WGI_VJP))) return free (s), wgi_fail (WG_ENOMEM, "out of memory"), NULL;
  s->of = wgi_source_use (of);
  s->source = (wgi_source){ .users = 1, .n = s->lifted->n, .m = s->lifted->m, .name = of->name, .instance = instance,
                            .derived = derived, .free = free_source };
  return &s->source;
}
