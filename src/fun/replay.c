/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The number var.  What is structure for other numbers is recorded for this one, since the new function is replayed at other
 * points: a test of WHERE becomes a mask, "a zero tangent contributes zero" a row of its own, and an
 * adjoint that came through a mask carries it along, so that an arm that is not taken there contributes nothing.
 * A literal 0 is no tangent and a literal 1 multiplies nothing: only seeds and constants are literals.
 */
#include <math.h>
#include <stdlib.h>

#include <wengert/generic.h>

#include "fun/custom.h"
#include "fun/derived.h"
#include "array/moves.h"
#include "fun/replay.h"

/* An adjoint: at rest, awake, or awake where mask is not 0. */
typedef struct { wg_var v, mask; enum { ASLEEP_ = 0, AWAKE_, MASKED_ } state; } var_adjoint;

struct wgi_replay {
  wg_fun *f;
  wg_var *v;                     /* wgi_numbers: values */
  wg_var *tangent;               /* slots; made when needed */
  var_adjoint *adjoint;          /* slots */
  var_adjoint now;               /* of the operation at hand */
};

/* arithmetic that leaves out what structure says */

static int is_literal (wg_var a, double c) { return !a.ids && a.value == c; }

static wg_var product (wg_var p, wg_var t)
{
  return is_literal (t, 1) ? p : wg_var_mul (p, t);
}

static wg_var sum (wg_var s, wg_var e)
{
  return is_literal (s, 0) ? e : wg_var_add (s, e);
}

static wg_var scaled (double c, wg_var x) { return wg_var_mul (wg_num (c), x); }
static wg_var shifted (double c, wg_var x) { return wg_var_add (wg_num (c), x); }
static wg_var inverted (wg_var mask) { return wg_var_is_eq (mask, wg_num (0)); }

#define wg_var_scale scaled
#define wg_var_shift shifted

/* The product e of the tangent t, or 0 where t is 0 and e a NaN.  Not a selection by t: the derivative of e by t is the partial,
 * at t = 0 too. */
static wg_var kept (wg_var t, wg_var e)
{
  return t.ids ? wg_var_kept (t, e) : e;
}

#include <wengert/words_begin.h>

/* tests as masks */
#define N(op)            wg_var_##op
#define NONZERO(p)       wg_var_is_ne (p, wg_num (0))
#define POSITIVE(p)      wg_var_is_lt (wg_num (0), p)
#define LESS(p, q)       wg_var_is_lt (p, q)
#define ABOVE(p, q, r)   wg_var_mul (inverted (LESS (p, q)), wg_var_is_lt (r, p))
#define OUTSIDE(p, q, r) wg_var_max (LESS (p, q), wg_var_is_lt (r, p))
#define IS_MAX(p, q)     wg_var_max (wg_var_is_le (q, p), wg_var_is_ne (p, p))
#define IS_MIN(p, q)     wg_var_max (wg_var_is_le (p, q), wg_var_is_ne (p, p))

/* forward: the tangent of each row */

#define TO(e)            s = sum (s, e);
#define SAME             TO (t)
#define FLIP             TO (wg_var_neg (t))
#define VIA(p)           TO (kept (t, product ((p), t)))
#define FLIP_VIA(p)      TO (kept (t, wg_var_neg (product ((p), t))))
#define OVER(q)          TO (kept (t, wg_var_div (t, (q))))
#define SCALE_OVER(r, q) TO (kept (t, wg_var_div (scaled ((r), t), (q))))
#define WHERE(test, map)  { const wg_var all = t; t = wg_var_select (test, t, wg_num (0)); if (!is_literal (t, 0)) { map } t = all; }
#define UNLESS(test, map) WHERE (inverted (test), map)
#define WHEN(test, map)   { if (test) { map } }
#define NONE
#define PART(tangent, map) if (!is_literal (tangent, 0)) { wg_var t = tangent; (void) t; map }

#define ROW1(name, ma)                                                                            \
  static wg_var dot_##name (wg_var a, wg_var y, wg_var ta)                                        \
  { wg_var s = wg_num (0); (void) a, (void) y; PART (ta, ma) return s; }
#define ROW1K(name, ma)                                                                           \
  static wg_var dot_##name (wg_var a, int k, wg_var y, wg_var ta)                                 \
  { wg_var s = wg_num (0); (void) a, (void) y, (void) k; PART (ta, ma) return s; }
#define ROW1C(name, ma)                                                                           \
  static wg_var dot_##name (wg_var a, double c, int k, wg_var y, wg_var ta)                       \
  { wg_var s = wg_num (0); (void) a, (void) y; PART (ta, ma) return s; }
#define ROW2(name, ma, mb)                                                                        \
  static wg_var dot_##name (wg_var a, wg_var b, wg_var y, wg_var ta, wg_var tb)                   \
  { wg_var s = wg_num (0); (void) a, (void) b, (void) y; PART (ta, ma) PART (tb, mb) return s; }
#define ROW2K(name, ma, mb)                                                                       \
  static wg_var dot_##name (wg_var a, wg_var b, int k, wg_var y, wg_var ta, wg_var tb)            \
  { wg_var s = wg_num (0); (void) a, (void) b, (void) y, (void) k; PART (ta, ma) PART (tb, mb) return s; }
#define ROW3(name, ma, mb, mc)                                                                    \
  static wg_var dot_##name (wg_var a, wg_var b, wg_var c, wg_var y, wg_var ta, wg_var tb, wg_var tc) \
  {                                                                                               \
    wg_var s = wg_num (0); (void) a, (void) b, (void) c, (void) y;                                \
    PART (ta, ma) PART (tb, mb) PART (tc, mc) return s;                                           \
  }
#define FLAT1(name)
#define FLAT2(name)
#include <wengert/rules.def>
#undef TO
#undef SAME
#undef FLIP
#undef VIA
#undef FLIP_VIA
#undef OVER
#undef SCALE_OVER
#undef WHERE
#undef UNLESS
#undef WHEN
#undef NONE
#undef PART
#undef ROW1
#undef ROW1K
#undef ROW1C
#undef ROW2
#undef ROW2K
#undef ROW3
#undef FLAT1
#undef FLAT2

/* calls */

/* Operands of the call whose words start at word; to is room for more. */
static wg_var *operands (const wgi_replay *r, const wgi_source *s, const uint32_t *word, size_t more)
{
  wg_var *x = malloc ((s->n + more)*sizeof *x);
  if (!x) wgi_tape_fail (wgi_tape_of (r->v[0]), WG_ENOMEM, "out of memory for a call");
  for (size_t j = 0; j < s->n && x; j++) x[j] = r->v[word[1+j] & ~WGI_INACTIVE];
  return x;
}

/* The thread's last error becomes that of the recording. */
static void fail (const wgi_replay *r)
{
  wgi_tape *t = wgi_tape_of (r->v[0]);
  if (t) wgi_tape_fail (t, wgi_last_status (), "%.200s", wg_last_error ());
}

/* operations on arrays */

/* The blocks of an operation's operands as vectors, of values or tangents; a tangent that is zero throughout is missing. */
static wg_var *blocks (const wgi_replay *r, const wgi_op *op, const uint32_t *word, const wg_var *plane)
{
  const wgi_source *s = &op->source;
  wg_var *block = malloc (wgi_times (s->words + 1, sizeof *block));
  if (!block) wgi_tape_fail (wgi_tape_of (r->v[0]), WG_ENOMEM, "out of memory for an operation on arrays");
  for (size_t j = 0; j < s->words && block; j++)
    {
      const wg_var *first = plane + (word[1+j] & ~WGI_INACTIVE);
      int zero = plane == r->tangent;
      for (size_t k = 0; k < s->size[j] && zero && !(word[1+j] & WGI_INACTIVE); k++) zero = is_literal (first[k], 0);
      block[j] = zero ? wgi_missing () : wg_vec (first, s->size[j]);
    }
  return block;
}

/* Operands, results and room for tangents or adjoints, of an operation that is differentiated. */
typedef struct { wg_var *x, *d, y[WGI_OUTPUTS]; } array_operands;

static int look_at (const wgi_replay *r, const wgi_op *op, const uint32_t *word, size_t out, array_operands *a)
{
  wg_var *block = blocks (r, op, word, r->v);
  a->x = malloc (wgi_times (wgi_plus (op->nx, op->nx + 1), sizeof *a->x));
  if (!a->x) wgi_no_memory ();
  if (!block || !a->x) return free (block), free (a->x), 0;
  a->d = a->x + op->nx;
  wgi_op_operands (op, block, a->x);
  for (size_t o = 0; o < op->ny; o++) a->y[o] = wg_array (r->v + out + op->y[o].first, op->y[o].shape.rank, op->y[o].shape.dim);
  free (block);
  return 1;
}

static void array_forward (wgi_replay *r, const wgi_op *op, const uint32_t *word, size_t out)
{
  wg_var *block = blocks (r, op, word, r->v), y[WGI_OUTPUTS];
  if (block)
    {
      wgi_op_again (op, block, y);
      for (size_t o = 0; o < op->ny; o++) wg_unstack (y[o], r->v + out + op->y[o].first);
    }
  free (block);
}

static void array_tangent (wgi_replay *r, const wgi_op *op, const uint32_t *word, size_t out)
{
  array_operands a;
  wg_var *block = blocks (r, op, word, r->tangent), dy[WGI_OUTPUTS];
  int any = 0;
  if (!block || !look_at (r, op, word, out, &a))
    {
      free (block);
      return;
    }
  for (size_t i = 0; i < op->nx; i++)
    {
      const wgi_view *v = &op->x[i];
      a.d[i] = v->data ? wgi_missing () : block[v->block];
      if (wgi_is_missing (a.d[i])) continue;
      wgi_op_operand (op, i, block, &a.d[i]);
      any = 1;
    }
  for (size_t o = 0; o < op->ny; o++) dy[o] = wgi_missing ();
  if (any) op->prim->jvp (op, a.x, a.y, a.d, dy);
  for (size_t o = 0; o < op->ny; o++)
    {
      wg_var *to = r->tangent + out + op->y[o].first;
      const wgi_shape *s = &op->y[o].shape;
      if (!wgi_is_missing (dy[o])) wg_unstack (wg_broadcast (dy[o], s->rank, s->dim), to);
      else for (size_t i = 0; i < wgi_shape_size (s); i++) to[i] = wg_num (0);
    }
  free (block), free (a.x);
}

static void array_reverse (wgi_replay *r, const wgi_op *op, const uint32_t *word, size_t out);

static void call_forward (const wgi_program *p, wgi_replay *r, const uint32_t *word, size_t out)
{
  wgi_source *s = p->source[word[0]];
  const wgi_op *op = wgi_source_op (s);
  if (op)
    {
      array_forward (r, op, word, out);
      return;
    }
  wg_var *x = operands (r, s, word, 0);
  if (x) wgi_tape_call (s, x, r->f->frame.plane[WGI_VALUE] + out, r->v + out);
  free (x);
}

/* The Jacobian of a call whose source has it as a model, by rows.  NULL: out of memory. */
static wg_var *call_jacobian (const wgi_replay *r, wgi_source *s, const uint32_t *word)
{
  const size_t count = wgi_times (s->m, s->n);
  wg_var *x = operands (r, s, word, 0), *J = x ? calloc (count, sizeof *J) : NULL;
  if (x && !J) wgi_tape_fail (wgi_tape_of (r->v[0]), WG_ENOMEM, "out of memory for a call");
  for (size_t i = 0; i < count && J; i++) J[i] = (wg_var){ NAN, 0, WGI_UNSET };
  if (J) s->jacobian (s, x, J);
  free (x);
  return J;
}

/* An entry of it that is needed; the error if there is none. */
static wg_var entry (const wgi_replay *r, const wgi_source *s, const wg_var *J, size_t i, size_t j)
{
  const wg_var e = J[i*s->n + j];
  if (e.ids != WGI_UNSET) return e;
  wgi_no_partial (s, j);
  fail (r);
  return wg_num (NAN);
}

static void inline_tangent (wgi_replay *r, wgi_source *s, const uint32_t *word, size_t out)
{
  wg_var *J = call_jacobian (r, s, word);
  for (size_t i = 0; i < s->m; i++)
    {
      wg_var t = wg_num (0);
      for (size_t j = 0; j < s->n && J; j++)
        {
          const wg_var v = word[1+j] & WGI_INACTIVE ? wg_num (0) : r->tangent[word[1+j]];
          if (!is_literal (v, 0)) t = sum (t, kept (v, product (entry (r, s, J, i, j), v)));
        }
      r->tangent[out + i] = t;
    }
  free (J);
}

static void call_tangent (const wgi_program *p, wgi_replay *r, const uint32_t *word, size_t out)
{
  wgi_source *s = p->source[word[0]];
  if (wgi_source_op (s))
    {
      array_tangent (r, wgi_source_op (s), word, out);
      return;
    }
  if (s->jacobian)
    {
      inline_tangent (r, s, word, out);
      return;
    }
  wgi_source *jvp = s->derived (s, WGI_JVP);
  wg_var *x = operands (r, s, word, s->n);
  if (!jvp) fail (r);
  if (x && jvp)
    {
      for (size_t j = 0; j < s->n; j++)
        x[s->n + j] = word[1+j] & WGI_INACTIVE ? wg_num (0) : r->tangent[word[1+j]];
      wgi_call_source (jvp, x, r->tangent + out);
    }
  wgi_source_leave (jvp);
  free (x);
}

static void add_adjoint (wgi_replay *r, uint32_t to, wg_var e);

static wg_var masked (const wgi_replay *r, wg_var e);

/* What the adjoints of a call's outputs have in common: at rest, awake, or awake where one of their masks is not 0. */
static var_adjoint in_common (const var_adjoint ybar[], size_t m)
{
  var_adjoint all = { .state = ASLEEP_ };
  for (size_t i = 0; i < m; i++)
    if (ybar[i].state == AWAKE_) all.state = AWAKE_;
    else if (ybar[i].state == MASKED_ && all.state != AWAKE_)
      {
        all.mask = all.state == MASKED_ ? wg_var_max (all.mask, ybar[i].mask) : ybar[i].mask;
        all.state = MASKED_;
      }
  return all;
}

static void inline_reverse (wgi_replay *r, wgi_source *s, const uint32_t *word, size_t out)
{
  wg_var *J = call_jacobian (r, s, word);
  for (size_t i = 0; i < s->m && J; i++)
    {
      r->now = r->adjoint[out + i];
      for (size_t j = 0; j < s->n && r->now.state != ASLEEP_; j++)
        if (!(word[1+j] & WGI_INACTIVE))
          add_adjoint (r, word[1+j], masked (r, product (entry (r, s, J, i, j), r->now.v)));
    }
  free (J);
}

/* The adjoints of one result, or missing.  Where some sleep and others do not, those that do are zero. */
static wg_var adjoint_of (const wgi_replay *r, size_t slot, const wgi_shape *s)
{
  const size_t count = wgi_shape_size (s);
  wg_var *v = malloc (wgi_times (count, sizeof *v)), y = wgi_missing ();
  int awake = 0;
  for (size_t i = 0; i < count && v; i++)
    {
      const var_adjoint *a = &r->adjoint[slot + i];
      awake |= a->state != ASLEEP_;
      v[i] = a->state == ASLEEP_ ? wg_num (-0.) : a->state == MASKED_ ? wg_var_select (a->mask, a->v, wg_num (-0.)) : a->v;
    }
  if (!v) y = wgi_no_memory ();
  else if (awake) y = wg_array (v, s->rank, s->dim);
  free (v);
  return y;
}

/* The slots of an operand's elements, in their order. */
static void slots_of (const wgi_view *x, uint32_t block, uint32_t slot[])
{
  size_t at[WG_RANK] = { 0 };
  for (size_t i = 0; i < wgi_shape_size (&x->shape); i++)
    {
      ptrdiff_t offset = (ptrdiff_t) x->first;
      for (int k = 0; k < x->shape.rank; k++) offset += (ptrdiff_t) at[k]*x->shape.stride[k];
      slot[i] = block + (uint32_t) offset;
      for (int k = x->shape.rank; k-- && ++at[k] == x->shape.dim[k]; ) at[k] = 0;
    }
}

/* Add the adjoints of an operand: as arrays where all its elements have one already and none comes twice, else one by one. */
static void add_adjoints (wgi_replay *r, const wgi_view *x, uint32_t block, wg_var xbar)
{
  const size_t count = wgi_shape_size (&x->shape);
  wg_var *e = malloc (wgi_times (count, sizeof *e));
  uint32_t *slot = malloc (wgi_times (count, sizeof *slot));
  if (e && slot)
    {
      int all = wgi_shape_is_dense (&x->shape);
      slots_of (x, block, slot);
      for (size_t i = 0; i < count; i++) all &= r->adjoint[slot[i]].state == AWAKE_, e[i] = r->adjoint[slot[i]].v;
      if (all && count > 1) xbar = wg_var_add (wg_array (e, x->shape.rank, x->shape.dim), xbar);
      wg_unstack (xbar, e);
      for (size_t i = 0; i < count; i++)
        if (all && count > 1) r->adjoint[slot[i]].v = e[i];
        else add_adjoint (r, slot[i], e[i]);
    }
  else wgi_tape_fail (wgi_tape_of (r->v[0]), WG_ENOMEM, "out of memory for an operation on arrays");
  free (e), free (slot);
}

static void array_reverse (wgi_replay *r, const wgi_op *op, const uint32_t *word, size_t out)
{
  array_operands a;
  wg_var ybar[WGI_OUTPUTS];
  int awake = 0;
  for (size_t o = 0; o < op->ny; o++)
    {
      ybar[o] = adjoint_of (r, out + op->y[o].first, &op->y[o].shape);
      awake |= !wgi_is_missing (ybar[o]);
    }
  if (!awake || !look_at (r, op, word, out, &a)) return;
  for (size_t o = 0; o < op->ny; o++)
    if (wgi_is_missing (ybar[o])) ybar[o] = wgi_filled (a.y[o], &op->y[o].shape, -0.);
  for (size_t i = 0; i < op->nx; i++) a.d[i] = wgi_missing ();
  op->prim->vjp (op, a.x, a.y, ybar, a.d);
  r->now = (var_adjoint){ .state = AWAKE_ };
  for (size_t i = 0; i < op->nx; i++)
    {
      const wgi_view *v = &op->x[i];
      if (!v->data && !wgi_is_missing (a.d[i]) && !(word[1 + v->block] & WGI_INACTIVE))
        add_adjoints (r, v, word[1 + v->block], wgi_unbroadcast (v, a.d[i]));
    }
  free (a.x);
}

static void call_reverse (const wgi_program *p, wgi_replay *r, const uint32_t *word, size_t out)
{
  wgi_source *s = p->source[word[0]];
  if (wgi_source_op (s))
    {
      array_reverse (r, wgi_source_op (s), word, out);
      return;
    }
  if (s->jacobian)
    {
      inline_reverse (r, s, word, out);
      return;
    }
  r->now = in_common (r->adjoint + out, s->m);
  if (r->now.state == ASLEEP_) return;
  wgi_source *vjp = s->derived (s, WGI_VJP);
  wg_var *x = operands (r, s, word, s->n + s->m), *xbar = x ? x + s->n + s->m : NULL;
  if (!vjp) fail (r);
  if (x && vjp)
    {
      for (size_t i = 0; i < s->m; i++) x[s->n + i] = r->adjoint[out + i].state == ASLEEP_ ? wg_num (0) : r->adjoint[out + i].v;
      wgi_call_source (vjp, x, xbar);
      for (size_t j = 0; j < s->n; j++)
        if (!(word[1+j] & WGI_INACTIVE)) add_adjoint (r, word[1+j], masked (r, xbar[j]));
    }
  wgi_source_leave (vjp);
  free (x);
}

/* values */

#define NAME forward_var
#define NUM wg_var
#define FRAME wgi_replay
#define OPEN_PLANES       wg_var *const v = frame->v;
#define GET(w, active)    v[w]
#define PUT(e)            v[out] = e
#define PUT_FLAT(e)       v[out] = e
#define REAL(w)           v[w].value
#define CALL              call_forward (p, frame, word, out)
#define EVAL1(row)        wg_var_##row (a)
#define EVAL1K(row)       wg_var_##row (a, k)
#define EVAL1C(row)       wg_var_##row (a, c, k)
#define EVAL2(row)        wg_var_##row (a, b)
#define EVAL2K(row)       wg_var_##row (a, b, k)
#define EVAL3(row)        wg_var_##row (a, b, c)
#define EVALF1(row)       wg_var_##row (v[word[0]])
#define EVALF2(row)       wg_var_##row (v[word[0]], v[word[1]])
#define RECORD(guard, operands) RECORD_##guard
#define RECORD_lt         (void) wg_var_lt (v[word[0]], v[word[1]])
#define RECORD_le         (void) wg_var_le (v[word[0]], v[word[1]])
#define RECORD_eq         (void) wg_var_eq (v[word[0]], v[word[1]])
#define RECORD_index      (void) wg_var_index (v[word[0]])
#define RECORD_peek       (void) wg_peek (v[word[0]])
#define ONE_MASK
#include "sweep/forward.inc"

/* tangents */

#define NAME tangent_var
#define NUM wg_var
#define FRAME wgi_replay
#define OPEN_PLANES       const wg_var *const v = frame->v; wg_var *const d = frame->tangent;
#define GET(w, active)    v[w]
#define DOT(i, active)    ((active) ? d[word[i]] : wg_num (0))
#define PUT(e)            d[out] = e
#define PUT_FLAT(e)       d[out] = wg_num (0)
#define REAL(w)           v[w].value
#define CALL              call_tangent (p, frame, word, out)
#define EVAL1(row)        dot_##row (a, v[out], DOT (0, mask_ & 1))
#define EVAL1K(row)       dot_##row (a, k, v[out], DOT (0, mask_ & 1))
#define EVAL1C(row)       dot_##row (a, c, k, v[out], DOT (0, mask_ & 1))
#define EVAL2(row)        dot_##row (a, b, v[out], DOT (0, mask_ & 1), DOT (1, mask_ & 2))
#define EVAL2K(row)       dot_##row (a, b, k, v[out], DOT (0, mask_ & 1), DOT (1, mask_ & 2))
#define EVAL3(row)        dot_##row (a, b, c, v[out], DOT (0, mask_ & 1), DOT (1, mask_ & 2), DOT (2, mask_ & 4))
#define EVALF1(row)
#define EVALF2(row)
#define RECORD(guard, operands)
#define mask_             wgi_mask (*code)
#define ONE_MASK
#include "sweep/forward.inc"
#undef mask_
#undef DOT

/* adjoints */

static wg_var masked (const wgi_replay *r, wg_var e)
{
  return r->now.state == MASKED_ ? wg_var_select (r->now.mask, e, wg_num (0)) : e;
}

static void add_adjoint (wgi_replay *r, uint32_t to, wg_var e)
{
  var_adjoint *a = &r->adjoint[to];
  if (a->state == ASLEEP_)
    {
      *a = (var_adjoint){ e, r->now.mask, r->now.state };
      return;
    }
  a->v = wg_var_add (a->v, e);
  if (a->state == MASKED_ && r->now.state == MASKED_) a->mask = wg_var_max (a->mask, r->now.mask);
  else a->state = AWAKE_;
}

/* Narrow the adjoint at hand to where test holds; 0 when that is nowhere. */
static int narrow (wgi_replay *r, wg_var test)
{
  if (!test.ids) return test.value != 0;
  r->now.mask = r->now.state == MASKED_ ? wg_var_mul (r->now.mask, test) : test;
  r->now.state = MASKED_;
  r->now.v = wg_var_select (test, r->now.v, wg_num (0));
  return 1;
}

#define NAME reverse_var
#define NO_CHAINS
#define NUM wg_var
#define FRAME wgi_replay
#define OWN_TESTS
#define OPEN_PLANES       const wg_var *const v = frame->v;
#define GET(w, active)    v[w]
#define REAL(w)           v[w].value
#define RESULT            v[out]
#define TAKE              (frame->now = frame->adjoint[out]).v
#define ASLEEP(t)         ((void) t, frame->now.state == ASLEEP_)
#define ADD_TO(w, e)      add_adjoint (frame, w, e)
#define AWAKE(e)          masked (frame, e)
#define WHERE(test, map)                                                                          \
  {                                                                                               \
    const var_adjoint all = frame->now;                                                           \
    if (narrow (frame, test)) { t = frame->now.v; map }                                           \
    frame->now = all; t = all.v;                                                                  \
  }
#define UNLESS(test, map) WHERE (inverted (test), map)
#define CALL              call_reverse (p, frame, word, out)
#undef wg_var_mul
#define wg_var_mul(p, t)  product (p, t)
#include "sweep/reverse.inc"
#undef wg_var_mul
#include <wengert/words_end.h>

/* replays */

void wgi_replay_free (wgi_replay *r)
{
  if (!r) return;
  free (r->v), free (r->tangent), free (r->adjoint), free (r);
}

wgi_replay *wgi_replay_new (wg_fun *f, const wg_var x[], const wg_var p[])
{
  const wgi_program *q = f->trace->program;
  wgi_replay *r = calloc (1, sizeof *r);
  if (r) r->f = f, r->v = malloc (wgi_times (wgi_numbers (q), sizeof *r->v));
  if (!r || !r->v) return wgi_replay_free (r), NULL;
  for (size_t i = 0; i < q->n; i++) r->v[i] = x[i];
  for (size_t i = 0; i < q->constants; i++) r->v[q->slots + i] = wg_num (q->constant[i]);
  for (size_t i = 0; i < q->params; i++) r->v[q->slots + q->constants + i] = p ? p[i] : wg_num (f->param[i]);
  forward_var (q, r);
  return r;
}

wg_var wgi_replay_output (const wgi_replay *r, size_t i)
{
  return r->v[r->f->trace->program->out[i]];
}

void wgi_replay_tangent (wgi_replay *r, const wg_var v[], wg_var jv[])
{
  const wgi_program *p = r->f->trace->program;
  if (!r->tangent) r->tangent = malloc (wgi_times (p->slots, sizeof *r->tangent));
  if (!r->tangent) wgi_tape_fail (wgi_tape_of (r->v[0]), WG_ENOMEM, "out of memory for tangents");
  for (size_t i = 0; i < p->n && r->tangent; i++) r->tangent[i] = v[i];
  if (r->tangent) tangent_var (p, r);
  for (size_t i = 0; i < p->m; i++) jv[i] = r->tangent && wgi_is_slot (p, p->out[i]) ? r->tangent[p->out[i]] : wg_num (0);
}

void wgi_replay_reverse (wgi_replay *r, const wg_var u[], wg_var uj[])
{
  const wgi_program *p = r->f->trace->program;
  free (r->adjoint);
  r->adjoint = calloc (p->slots, sizeof *r->adjoint);
  if (!r->adjoint) wgi_tape_fail (wgi_tape_of (r->v[0]), WG_ENOMEM, "out of memory for adjoints");
  r->now = (var_adjoint){ .state = AWAKE_ };
  for (size_t i = 0; i < p->m && r->adjoint; i++)
    if (wgi_is_slot (p, p->out[i]) && !is_literal (u[i], 0)) add_adjoint (r, p->out[i], u[i]);
  if (r->adjoint) reverse_var (p, r);
  for (size_t i = 0; i < p->n; i++) uj[i] = r->adjoint && r->adjoint[i].state ? r->adjoint[i].v : wg_num (0);
}
