/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Scans: a source that applies a step to a state again and again; its sweeps are in scan_sweep.c.  The tangent of a scan is a
 * scan whose state is the state and its tangent, of a step that has both: a scan like any other, so that tangents of
 * tangents are.  Its reverse sweep as a function is in scan_vjp.c.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fun/derived.h"
#include "fun/scan.h"

/* instances */

static size_t generation (const wgi_callee *callee)
{
  return wgi_callee_generation (((const wgi_scan_callee *) callee)->one);
}

static int bind (wgi_callee *callee, const wgi_binding *b, int apply)
{
  wgi_scan_callee *c = (wgi_scan_callee *) callee;
  const wgi_scan *s = wgi_scan_of (c);
  int fixed = 0;
  for (size_t i = 0; i < s->outs; i++) fixed |= s->out[i].stride != 0;
  const int found = wgi_args_bind (&s->args, c->arg, &c->steps, fixed, b, apply);
  if (found > 0 && apply) c->known = 0;
  return found;
}

static void free_instance (wgi_callee *callee)
{
  wgi_scan_callee *c = (wgi_scan_callee *) callee;
  if (c->one) wgi_callee_free (c->one);
  free (c->arg), free (c->kept), free (c->at), free (c->x[0]);
}

static wgi_callee *instance (wgi_source *source)
{
  const wgi_scan *s = (const wgi_scan *) source;
  wgi_scan_callee *c = (wgi_scan_callee *) wgi_callee_new (source, sizeof *c);
  if (!c) return NULL;
  c->callee.forward = wgi_scan_forward, c->callee.reverse = wgi_scan_reverse;
  c->callee.generation = generation, c->callee.bind = bind, c->callee.free = free_instance;
  c->steps = s->args.items, c->here = WGI_NO_STEP;
  c->arg = malloc (wgi_times (s->args.count + 1, sizeof *c->arg));
  c->x[0] = malloc (wgi_times (wgi_times (source->n, WGI_SCAN_PLANES), sizeof *c->x[0]));
  if (!c->arg || !c->x[0]) return wgi_callee_free (&c->callee), wgi_fail (WG_ENOMEM, "no memory for a scan"), NULL;
  for (size_t d = 1; d < WGI_SCAN_PLANES; d++) c->x[d] = c->x[0] + d*source->n;
  memcpy (c->arg, s->args.arg, s->args.count*sizeof *c->arg);
  wgi_source *one = wgi_fun_source (s->step);
  if (one) c->one = one->instance (one);
  wgi_source_leave (one);
  return c->one ? &c->callee : (wgi_callee_free (&c->callee), NULL);
}

const wgi_scan *wgi_source_scan (const wgi_source *s) { return s->instance == instance ? (const wgi_scan *) s : NULL; }

int wgi_scan_varies (const wgi_scan *s)
{
  int slots = 0, all = !s->outs;
  for (size_t i = 0; i < s->args.count; i++) slots |= s->args.arg[i].slot, all &= !s->args.arg[i].stride || s->args.arg[i].slot;
  return slots && all;
}

uint64_t wgi_scan_print (const wgi_scan *s)
{
  uint64_t h = wgi_mixed (wgi_mixed (wgi_args_print (&s->args), s->ns), s->hidden*2 + (size_t) s->backward);
  for (size_t j = 0; j < s->ns; j++) h = wgi_mixed (h, s->init[j]);
  for (size_t i = 0; i < s->outs; i++) h = wgi_mixed (wgi_mixed (wgi_mixed (h, s->out[i].place), s->out[i].width), s->out[i].stride);
  return wgi_mixed (h, s->source.m);
}

/* sources */

static void free_source (wgi_source *source)
{
  wgi_scan *s = (wgi_scan *) source;
  wg_fun_free (s->step);
  if (s->base) free (s->args.arg);         /* indices are the base's */
  else wgi_args_free (&s->args);
  wgi_source_leave (s->base);
  free (s->init), free (s->out), free (s);
}

static wgi_source *derived (wgi_source *source, enum wgi_derived kind);

wgi_scan *wgi_scan_new (wg_fun *step, size_t steps, size_t ns, size_t n, size_t results, size_t more, size_t args, size_t outs)
{
  wgi_scan *s = calloc (1, sizeof *s);
  if (s)
    {
      s->init = malloc (wgi_times (ns, sizeof *s->init)), s->out = calloc (wgi_plus (outs, 1), sizeof *s->out);
      s->args.arg = calloc (wgi_plus (args, 1), sizeof *s->args.arg);
    }
  if (!s || !s->init || !s->out || !s->args.arg)
    {
      if (s) free (s->init), free (s->out), free (s->args.arg);
      free (s), wg_fun_free (step);
      return wgi_fail (WG_ENOMEM, "no memory for a scan"), NULL;
    }
  s->step = step, s->ns = ns, s->mo = wg_fun_m (step) - ns, s->hidden = ns - results;
  s->args.items = steps, s->args.filled = wg_fun_n (step);
  s->source = (wgi_source){ .users = 1, .n = n, .m = wgi_plus (results, more), .name = "scan",
                            .instance = instance, .derived = derived, .free = free_source };
  return s;
}

void wgi_scan_add (wgi_scan *s, wgi_arg a, size_t place, size_t first)
{
  a.place = place, a.first = first;
  s->args.arg[s->args.count++] = a;
}

const wg_fun *wgi_scan_step (const wgi_scan *s)
{
  return s->args.filled > wg_fun_n (s->step) ? wgi_fun_derived (s->step, WGI_WITH_PARAMS) : s->step;
}

/* the tangent's step: s, ds, a, da -> s', ds', dy for s, a -> s', y */

typedef struct {
  wg_fun *step;
  const wg_fun *jvp;             /* step's own */
  wg_var *in, *out;              /* room: 2 n and 2 m */
  size_t ns;
} pair;

static void release_pair (void *ctx)
{
  pair *p = ctx;
  wg_fun_free (p->step);
  free (p->in), free (p->out), free (p);
}

static void pair_model (size_t nx, const wg_var x[], size_t ny, wg_var y[], void *ctx)
{
  const pair *p = ctx;
  const size_t ns = p->ns, n = nx/2, m = ny - ns;
  for (int d = 0; d < 2; d++)
    {
      memcpy (p->in + (size_t) d*n, x + (size_t) d*ns, ns*sizeof *x);
      memcpy (p->in + (size_t) d*n + ns, x + 2*ns + (size_t) d*(n - ns), (n - ns)*sizeof *x);
    }
  wg_call (p->step, p->in, NULL, p->out);
  wg_call (p->jvp, p->in, NULL, p->out + m);
  memcpy (y, p->out, ns*sizeof *y);
  memcpy (y + ns, p->out + m, m*sizeof *y);
}

/* Recorded where the step was, along ones. */
static wg_fun *pair_of (const wg_fun *step, size_t ns)
{
  const size_t n = wg_fun_n (step), m = wg_fun_m (step);
  pair *p = calloc (1, sizeof *p);
  double *x0 = malloc (wgi_times (2*n, sizeof *x0));
  wg_fun *f = NULL;
  if (p) p->ns = ns, p->in = calloc (2*n, sizeof *p->in), p->out = calloc (2*m, sizeof *p->out);
  if (!p || !x0 || !p->in || !p->out) wgi_fail (WG_ENOMEM, "no memory for a scan");
  else if ((p->step = wg_fun_clone (step)) && (p->jvp = wgi_fun_derived (p->step, WGI_JVP)))
    {
      for (size_t i = 0; i < 2*n; i++) x0[i] = 1;
      memcpy (x0, step->family->x0, ns*sizeof *x0);
      memcpy (x0 + 2*ns, step->family->x0 + ns, (n - ns)*sizeof *x0);
      f = wgi_fun_record_owning (pair_model, p, release_pair, 2*n, ns + m, x0, WGI_NOT_ROLLED);
      p = NULL;
    }
  if (p) release_pair (p);
  free (x0);
  return f;
}

/* J v: x and v come from where x came from, v of data being zero. */
static wgi_source *derived (wgi_source *source, enum wgi_derived kind)
{
  static const double zero = 0;
  const wgi_scan *of = (const wgi_scan *) source;
  if (kind != WGI_JVP) return wgi_scan_vjp (source);
  const wg_fun *step = wgi_scan_step (of);
  wg_fun *both = step ? pair_of (step, of->ns) : NULL;
  const size_t n = wg_fun_n (step), results = of->ns - of->hidden;
  wgi_scan *s = both ? wgi_scan_new (both, of->args.items, 2*of->ns, wgi_times (2, source->n), results, source->m - results,
                                     wgi_plus (2*of->args.count, n), of->outs) : NULL;
  if (!s) return NULL;
  s->base = wgi_source_use (source), s->backward = of->backward;
  for (size_t d = 0; d < 2; d++)
    for (size_t j = 0; j < of->ns; j++)
      s->init[d*of->ns + j] = of->init[j] == WGI_NO_OPERAND ? WGI_NO_OPERAND : d*source->n + of->init[j];
  for (size_t i = 0; i < of->args.count; i++)
    {
      const wgi_arg *a = &of->args.arg[i];
      wgi_scan_add (s, *a, of->ns + a->place, a->first);
      if (!a->data) wgi_scan_add (s, *a, n + a->place, source->n + a->first);
      for (size_t j = 0; a->data && j < a->width; j++) wgi_scan_add (s, (wgi_arg){ .width = 1, .data = &zero }, n + a->place + j, 0);
    }
  for (size_t i = 0; i < of->outs; i++) s->out[i] = of->out[i], s->out[i].place += of->ns;
  s->outs = of->outs;
  return &s->source;
}

/* recording */

/* The arguments and the operands, the first state among them; all that can be wrong with what the caller gave. */
static int take (wgi_args *taken, const wg_fun *step, size_t steps, size_t ns, const wg_var s0[], size_t nargs,
                 const wg_arg args[], wg_var s[], wg_var **operand)
{
  static const char name[] = "wg_scan";
  if (!step || !s0 || !s) return wgi_fail (WG_EINVAL, "%s: %s is NULL", name, !step ? "step" : !s0 ? "s0" : "s");
  const size_t n = wg_fun_n (step), m = wg_fun_m (step);
  if (!ns || ns > n || ns > m)
    return wgi_fail (WG_EINVAL, "%s: a state of %zu numbers, the step has %zu inputs and %zu outputs", name, ns, n, m);
  int rc = wgi_args_take (taken, name, ns, n, wg_fun_np (step), steps, nargs, args, operand);
  if (rc) return rc;
  wg_var *all = realloc (*operand, wgi_times (wgi_plus (ns, taken->operands), sizeof *all));
  if (!all) return wgi_args_free (taken), wgi_fail (WG_ENOMEM, "%s: out of memory", name);
  memmove (all + ns, all, taken->operands*sizeof *all), memcpy (all, s0, ns*sizeof *all);
  *operand = all, taken->operands += ns;
  for (size_t i = 0; i < taken->count; i++) taken->arg[i].first += ns;
  return WG_OK;
}

/* The scan itself; takes over the arguments, or frees them. */
static wgi_source *first_scan (const wg_fun *step, size_t ns, wgi_args *args, int outputs)
{
  wg_fun *own = wg_fun_clone (args->params_vary ? wgi_fun_derived (step, WGI_WITH_PARAMS) : step);
  const size_t mo = wg_fun_m (step) - ns, each = outputs ? mo : 0;
  wgi_scan *s = own ? wgi_scan_new (own, args->items, ns, args->operands, ns, wgi_times (args->items, each), 0, 1) : NULL;
  if (!s) return wgi_args_free (args), NULL;
  free (s->args.arg);
  s->args = *args;
  s->out[0] = (wgi_arg){ .place = ns, .width = mo, .stride = mo, .first = ns };
  s->outs = each != 0, s->source.reads = wgi_args_read (args);
  for (size_t j = 0; j < ns; j++) s->init[j] = j;
  return &s->source;
}

void wg_scan (const wg_fun *step, size_t steps, size_t ns, const wg_var s0[], size_t nargs, const wg_arg args[],
              wg_var s[], wg_var out[])
{
  wgi_args taken = { 0 };
  wg_var *operand = NULL, *y = NULL;
  wgi_source *source = NULL;
  int rc = take (&taken, step, steps, ns, s0, nargs, args, s, &operand);
  if (!rc) rc = (source = first_scan (step, ns, &taken, out != NULL)) ? WG_OK : wgi_last_status ();
  if (!rc && !(y = malloc (wgi_times (source->m, sizeof *y)))) rc = wgi_fail (WG_ENOMEM, "wg_scan: out of memory");
  const size_t outs = !out || !step || wg_fun_m (step) < ns ? 0 : wgi_times (steps, wg_fun_m (step) - ns);
  if (!rc)
    {
      wgi_call_source (source, operand, y);
      memcpy (s, y, ns*sizeof *s);
      if (outs) memcpy (out, y + ns, outs*sizeof *out);
    }
  else
    {
      wgi_args_fail (rc, ns, s0, nargs, args);
      for (size_t i = 0; s && i < ns; i++) s[i] = wg_num (NAN);
      for (size_t i = 0; i < outs; i++) out[i] = wg_num (NAN);
    }
  wgi_source_leave (source);
  free (operand), free (y);
}
