/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The number var.  What is structure for other numbers is recorded for this one, since the new function is replayed at other
 * points: a test of WHERE becomes a mask, "a zero tangent contributes zero" a row of its own, and an
 * adjoint that came through a mask carries it along, so that an arm that is not taken there contributes nothing.
 */
#include <stdlib.h>

#include "fun/replay_sweep.h"
#include "sweep/numbers.h"

/* forward: the tangent of each row */

#include <wengert/words_begin.h>
#include "number/var_words.h"
#define TO(e)            s = wgi_replay_sum (s, e);
#define SAME             TO (t)
#define FLIP             TO (wg_var_neg (t))
#define VIA(p)           TO (wgi_replay_kept (t, wgi_replay_product ((p), t)))
#define FLIP_VIA(p)      TO (wgi_replay_kept (t, wg_var_neg (wgi_replay_product ((p), t))))
#define OVER(q)          TO (wgi_replay_kept (t, wg_var_div (t, (q))))
#define SCALE_OVER(r, q) TO (wgi_replay_kept (t, wg_var_div (wg_var_scale ((r), t), (q))))
#define WHERE(test, map)  { const wg_var all = t; t = wg_var_select (test, t, wg_num (0)); if (!wgi_is_literal (t, 0)) { map } t = all; }
#define PART(tangent, map) if (!wgi_is_literal (tangent, 0)) { wg_var t = tangent; (void) t; map }

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
#undef PART
#include <wengert/words_end.h>

/* values */

#define NAME forward_var
#define NUM wg_var
#define FRAME wgi_replay
#define OPEN_PLANES       wg_var *const v = frame->v;
#define GET(w, active)    v[w]
#define PUT(e)            v[out] = e
#define PUT_FLAT(e)       v[out] = e
#define REAL(w)           v[w].value
#define CALL              wgi_replay_call_forward (p, frame, word, out)
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
#define CALL              wgi_replay_call_tangent (p, frame, word, out)
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

wg_var wgi_replay_masked (const wgi_replay *r, wg_var e)
{
  return r->now.state == WGI_MASKED ? wg_var_select (r->now.mask, e, wg_num (0)) : e;
}

void wgi_replay_add (wgi_replay *r, uint32_t to, wg_var e)
{
  wgi_var_adjoint *a = &r->adjoint[to];
  if (a->state == WGI_ASLEEP)
    {
      *a = (wgi_var_adjoint){ e, r->now.mask, r->now.state };
      return;
    }
  a->v = wg_var_add (a->v, e);
  if (a->state == WGI_MASKED && r->now.state == WGI_MASKED) a->mask = wg_var_max (a->mask, r->now.mask);
  else a->state = WGI_AWAKE;
}

/* Narrow the adjoint at hand to where test holds; 0 when that is nowhere. */
static int narrow (wgi_replay *r, wg_var test)
{
  if (!test.ids) return test.value != 0;
  r->now.mask = r->now.state == WGI_MASKED ? wg_var_mul (r->now.mask, test) : test;
  r->now.state = WGI_MASKED;
  r->now.v = wg_var_select (test, r->now.v, wg_num (0));
  return 1;
}

#include <wengert/words_begin.h>
#include "number/var_words.h"

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
#define ASLEEP(t)         ((void) t, frame->now.state == WGI_ASLEEP)
#define ADD_TO(w, e)      wgi_replay_add (frame, w, e)
#define AWAKE(e)          wgi_replay_masked (frame, e)
#define WHERE(test, map)                                                                          \
  {                                                                                               \
    const wgi_var_adjoint all = frame->now;                                                       \
    if (narrow (frame, test)) { t = frame->now.v; map }                                           \
    frame->now = all; t = all.v;                                                                  \
  }
#define CALL              wgi_replay_call_reverse (p, frame, word, out)
#undef wg_var_mul
#define wg_var_mul(p, t)  wgi_replay_product (p, t)
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
  r->now = (wgi_var_adjoint){ .state = WGI_AWAKE };
  for (size_t i = 0; i < p->m && r->adjoint; i++)
    if (wgi_is_slot (p, p->out[i]) && !wgi_is_literal (u[i], 0)) wgi_replay_add (r, p->out[i], u[i]);
  if (r->adjoint) reverse_var (p, r);
  for (size_t i = 0; i < p->n; i++) uj[i] = r->adjoint && r->adjoint[i].state ? r->adjoint[i].v : wg_num (0);
}
