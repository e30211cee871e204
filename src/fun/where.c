/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Which operation made a number that is not finite.  Values and tangents stay in their planes: from the outputs that are
 * not finite, what made them is marked backward, and the earliest operation with no such operand is the origin;
 * infinities that reach no output do not matter.  Adjoints are consumed by their sweep: it is done again operation by
 * operation, each as a program of its own, until an operand's adjoint is no longer finite.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <wengert/inspect.h>

#include "fun/fun.h"
#include "program/operation.h"

static const char *const sweep_text[] = {
#define X(name, text) text,
  WG_SWEEPS (X)
#undef X
};

/* What is told of an operation: its operands, the tangents if these travel, its value. */
static void tell (const wg_fun *f, const wgi_operation *o, int mode, int sweep, wg_where *w)
{
  w->sweep = sweep;
  w->name = wgi_name (o);
  w->operation = o->number;
  w->operands = o->operands;
  w->value = f->frame.plane[WGI_VALUE][o->slot];
  for (size_t j = 0; j < WG_WHERE_OPERANDS; j++)
    {
      const int is = j < o->operands;
      w->operand[j] = is ? f->frame.plane[WGI_VALUE][wgi_operand (o, j)] : 0;
      w->tangent[j] = is && mode && wgi_is_active (o, j) ? f->frame.plane[WGI_D1][wgi_operand (o, j)] : 0;
    }
}

static void tell_given (const char *name, size_t i, int sweep, double result, wg_where *w)
{
  *w = (wg_where){ .sweep = sweep, .name = name, .operation = i, .value = result, .result = result };
}

/* What was found is inside this call: its number goes before those of the calls in it. */
static void enclose (const wgi_operation *o, wg_where *inner, wg_where *w)
{
  const size_t kept = inner->calls < WG_WHERE_CALLS ? inner->calls : WG_WHERE_CALLS - 1;
  memmove (inner->call + 1, inner->call, kept*sizeof *inner->call);
  inner->call[0] = o->number, inner->calls++;
  *w = *inner;
}

/* values and tangents */

/* Mark those operands of a marked operation that are not finite in the plane; is there any? */
static int mark_operands (const wg_fun *f, const wgi_operation *o, int d, uint8_t mark[])
{
  const double *plane = f->frame.plane[d];
  int any = 0;
  size_t first = 0, end = o->operands;
  if (o->row == WGI_ROW_select)                    /* the arm that was not taken has no part in it */
    first = f->frame.plane[WGI_VALUE][wgi_operand (o, 0)] != 0 ? 1 : 2, end = first + 1;
  if (o->row == WGI_ROW_kept) first = 1;           /* nor has the tangent, apart from its product */
  for (size_t j = first; j < end; j++)
    {
      const uint32_t word = wgi_operand (o, j);
      if (!wgi_is_slot (o->p, word) || (d && !wgi_is_active (o, j))) continue;
      for (size_t k = 0; k < wgi_operand_size (o, j); k++)
        if (!isfinite (plane[word + k])) any = mark[word + k] = 1;
    }
  return any;
}

static int forward_origin (wg_fun *f, int d, wg_where *w);

/* The origin is this call: go through it again, to its own origin if it can be looked into. */
static int inside_forward (wg_fun *f, const wgi_operation *o, int d, wg_where *w)
{
  wgi_callee *c = f->frame.callee[o->word[0]];
  wg_where inner = { 0 };
  f->frame.status = 0;
  wgi_call_forward (&f->frame, d, o->word, o->slot);
  int rc = f->frame.status;
  if (!rc && c->fun && c->fun->at_point) rc = forward_origin (c->fun, d, &inner);
  if (!rc && inner.operands) enclose (o, &inner, w);
  return rc;
}

/* The origin of what is not finite in the outputs of plane d, WGI_VALUE or WGI_D1. */
static int forward_origin (wg_fun *f, int d, wg_where *w)
{
  const wgi_program *p = f->trace->program;
  const double *plane = f->frame.plane[d];
  const int sweep = d ? WG_SWEEP_TANGENT : WG_SWEEP_VALUE;
  wgi_operation origin = wgi_end (p);
  uint8_t *mark = calloc (p->slots, 1);
  if (!mark) return wgi_fail (WG_ENOMEM, "out of memory");
  for (size_t i = 0; i < p->m; i++)
    if (wgi_is_slot (p, p->out[i])) mark[p->out[i]] = (uint8_t) !isfinite (plane[p->out[i]]);
    else if (!d && !w->sweep && !isfinite (plane[p->out[i]])) tell_given ("output", i, sweep, plane[p->out[i]], w);
  for (wgi_operation o = wgi_end (p); wgi_previous (&o); )
    {
      int marked = 0;
      for (size_t i = 0; i < o.outputs; i++) marked |= mark[o.slot + i];
      if (marked && !mark_operands (f, &o, d, mark)) origin = o;
    }
  for (size_t i = p->n; i--; )
    if (mark[i]) tell_given ("input", i, sweep, plane[i], w);
  free (mark);
  if (w->sweep || !wgi_is_one (&origin)) return WG_OK;
  tell (f, &origin, d, sweep, w);
  for (size_t i = origin.outputs; i--; )
    if (!isfinite (plane[origin.slot + i])) w->result = plane[origin.slot + i];
  return origin.row == WGI_ROW_call ? inside_forward (f, &origin, d, w) : WG_OK;
}

/* adjoints */

/* The reverse sweep over one operation. */
static void pull_one (wg_fun *f, int mode, const wgi_operation *o)
{
  wgi_program one = *o->p;
  one.code += o->number, one.count = 1;
  one.word = o->word, one.words = o->words;
  one.slots = o->slot + o->outputs;
  (mode ? wgi_reverse_dual : wgi_reverse_double) (&one, &f->frame);
}

static int reverse_origin (wg_fun *f, int mode, double *const ybar[], wg_where *w);

/* The origin is this call, which is at its point: to its own origin. */
static int inside_reverse (wg_fun *f, const wgi_operation *o, int mode, wg_where *w)
{
  const wgi_callee *c = f->frame.callee[o->word[0]];
  wg_where inner = { 0 };
  if (!c->fun || !c->fun->at_point) return WG_OK;
  const wgi_arrays a = wgi_callee_arrays (c);
  const int rc = reverse_origin (c->fun, mode, a.ybar, &inner);
  if (!rc && inner.operands) enclose (o, &inner, w);
  return rc;
}

/* Has an operand's adjoint stopped being finite?  Its derivative is looked at second. */
static int pulled_badly (const wg_fun *f, int mode, const wgi_operation *o, wg_where *w)
{
  for (int d = 0; d <= mode; d++)
    for (size_t j = 0; j < o->operands; j++)
      for (size_t k = 0; wgi_is_active (o, j) && k < wgi_operand_size (o, j); k++)
        {
          const double result = f->frame.plane[WGI_ADJOINT + d][wgi_operand (o, j) + k], adjoint = w->adjoint;
          if (isfinite (result)) continue;
          tell (f, o, mode, d ? WG_SWEEP_SECOND : WG_SWEEP_ADJOINT, w);
          w->adjoint = adjoint, w->to = j, w->result = result;
          return 1;
        }
  return 0;
}

static void seed (wg_fun *f, int mode, double *const ybar[])
{
  const wgi_program *p = f->trace->program;
  for (int d = 0; d <= mode; d++)
    for (size_t i = 0; i < p->m; i++)
      if (wgi_is_slot (p, p->out[i])) f->frame.plane[WGI_ADJOINT + d][p->out[i]] += ybar[d][i];
  f->frame.status = 0;
}

static void rest (wg_fun *f, int mode)
{
  for (int d = 0; d <= mode; d++)
    for (size_t i = 0; i < f->trace->program->slots; i++) f->frame.plane[WGI_ADJOINT + d][i] = -0.;
}

/* Does the whole sweep give the inputs finite adjoints?  Or a status. */
static int inputs_are_finite (wg_fun *f, int mode, int *finite)
{
  (mode ? wgi_reverse_dual : wgi_reverse_double) (f->trace->program, &f->frame);
  *finite = 1;
  for (int d = 0; d <= mode; d++)
    for (size_t i = 0; i < f->family->n; i++) *finite &= isfinite (f->frame.plane[WGI_ADJOINT + d][i]) != 0;
  return f->frame.status;
}

/* The first operation of the reverse sweep, of mode 0 or WGI_D1 with the tangents in their plane, that spoils an adjoint,
 * if one of an input is spoilt in the end; ybar[mode][m] are the adjoints of the outputs, those that are 0 at rest. */
static int reverse_origin (wg_fun *f, int mode, double *const ybar[], wg_where *w)
{
  const wgi_program *p = f->trace->program;
  int finite, rc = wgi_fun_planes (f, 1u << WGI_ADJOINT | (mode ? 1u << (WGI_ADJOINT + WGI_D1) : 0));
  if (rc) return rc;
  seed (f, mode, ybar);
  rc = inputs_are_finite (f, mode, &finite);
  rest (f, mode);
  if (rc || finite) return rc;
  seed (f, mode, ybar);
  for (wgi_operation o = wgi_end (p); wgi_previous (&o); )
    {
      if (!wgi_carries (&o)) continue;
      w->adjoint = f->frame.plane[WGI_ADJOINT][o.slot];
      pull_one (f, mode, &o);
      if ((rc = f->frame.status)) break;
      if (!pulled_badly (f, mode, &o, w)) continue;
      if (o.row == WGI_ROW_call) rc = inside_reverse (f, &o, mode, w);
      break;
    }
  rest (f, mode);
  return rc;
}

/* all of it */

/* Adjoints with weights u[m], or all ones: scratch is 2 m numbers. */
static int adjoints (wg_fun *f, int mode, const double u[], double scratch[], wg_where *w)
{
  const size_t m = f->family->m;
  double *ybar[2] = { scratch, scratch + m };
  for (size_t i = 0; i < m; i++)
    {
      const double weight = u ? u[i] : 1;
      if (!isfinite (weight)) return tell_given ("weight", i, WG_SWEEP_ADJOINT, weight, w), WG_OK;
      ybar[0][i] = weight != 0 ? weight : -0.;
      ybar[1][i] = weight != 0 ? 0. : -0.;
    }
  return reverse_origin (f, mode, ybar, w);
}

/* Tangents along v[n], or along numbers in [1, 2) of no pattern. */
static int tangents (wg_fun *f, const double v[], wg_where *w)
{
  const size_t n = f->family->n;
  int rc = wgi_fun_planes (f, 1u << WGI_D1);
  double *d = f->frame.plane[WGI_D1], at = .5;
  for (size_t i = 0; i < n && !rc; i++)
    {
      at += .6180339887498949;
      at -= at >= 1;
      d[i] = v ? v[i] : 1 + at;
      if (!isfinite (d[i])) return tell_given ("direction", i, WG_SWEEP_TANGENT, d[i], w), WG_OK;
    }
  if (rc) return rc;
  f->frame.status = 0;
  wgi_tangent_double (f->trace->program, &f->frame);
  rc = f->frame.status;
  return rc ? rc : forward_origin (f, WGI_D1, w);
}

static int all_sweeps (wg_fun *f, const double u[], const double v[], wg_where *w)
{
  double *scratch = malloc (wgi_times (2*sizeof *scratch, f->family->m));
  if (!scratch) return wgi_fail (WG_ENOMEM, "out of memory");
  int rc = forward_origin (f, WGI_VALUE, w);
  if (!rc && !w->sweep && !v) rc = adjoints (f, 0, u, scratch, w);
  if (!rc && !w->sweep) rc = tangents (f, v, w);
  if (!rc && !w->sweep) rc = adjoints (f, WGI_D1, u, scratch, w);
  free (scratch);
  return rc == WG_EORDER ? WG_OK : rc;             /* a custom function without second derivatives */
}

/* No values at this point: a branch depends on an input that is NaN. */
static int input_was_nan (const wg_fun *f, wg_where *w)
{
  for (size_t i = 0; i < f->family->n && f->status == WG_NONFINITE && !w->sweep; i++)
    if (isnan (f->frame.plane[WGI_VALUE][i])) tell_given ("input", i, WG_SWEEP_VALUE, NAN, w);
  return w->sweep != WG_SWEEP_NONE;
}

static size_t write_where (char *to, size_t room, const wg_where *w)
{
  size_t at = 0;
  const size_t shown = w->operands < WG_WHERE_OPERANDS ? w->operands : WG_WHERE_OPERANDS;
#define ADD(...) at += (size_t) snprintf (at < room ? to + at : NULL, at < room ? room - at : 0, __VA_ARGS__)
  if (w->sweep <= WG_SWEEP_NONE || w->sweep >= WGI_SWEEP_END_)
    {
      ADD ("%s", sweep_text[WG_SWEEP_NONE]);
      return at;
    }
  if (!w->operands)
    {
      ADD ("%s %zu is %g", w->name, w->operation, w->result);
      return at;
    }
  ADD ("%s, operation %zu", w->name, w->operation);
  for (size_t i = w->calls < WG_WHERE_CALLS ? w->calls : WG_WHERE_CALLS; i--; )
    ADD (" of the call that is operation %zu", w->call[i]);
  ADD (": %s", sweep_text[w->sweep]);
  if (w->sweep >= WG_SWEEP_ADJOINT) ADD (" %zu", w->to);
  ADD (" is %g; operands", w->result);
  for (size_t j = 0; j < shown; j++)
    {
      ADD ("%s %.9g", j ? "," : "", w->operand[j]);
      if (w->tangent[j] != 0) ADD (" (tangent %.9g)", w->tangent[j]);
    }
  if (shown < w->operands) ADD (", ...");
  if (w->sweep != WG_SWEEP_VALUE) ADD ("; value %.9g", w->value);
  if (w->sweep >= WG_SWEEP_ADJOINT) ADD ("; adjoint %.9g", w->adjoint + 0.);
#undef ADD
  return at;
}

void wg_where_print (FILE *out, const wg_where *where)
{
  char text[1024];
  if (!out || !where) return;
  write_where (text, sizeof text, where);
  fprintf (out, "%s\n", text);
}

int wg_fun_where (wg_fun *f, const double u[], const double v[], wg_where *where)
{
  wg_where found = { 0 };
  char text[WGI_MESSAGE];
  if (!f) return wgi_fail (WG_EINVAL, "wg_fun_where: f is NULL");
  int rc = WG_OK;
  if (f->at_point) rc = all_sweeps (f, u, v, &found);
  else if (!input_was_nan (f, &found)) rc = wgi_fail (WG_EINVAL, "wg_fun_where: the function has no last point");
  if (rc) return wgi_fun_done (f, rc);
  if (where) *where = found;
  if (!found.sweep) return wgi_fun_done (f, WG_OK);
  write_where (text, sizeof text, &found);
  return wgi_fun_done (f, wgi_fail (WG_NONFINITE, "%s", text));
}
