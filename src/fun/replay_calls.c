/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Calls of functions in replays: they are recorded again as calls, their tangents and adjoints as calls of the functions that these
 * are; a custom Jacobian, being a model, is run in place.
 */
#include <math.h>
#include <stdlib.h>

#include "fun/custom.h"
#include "fun/derived.h"
#include "fun/replay_sweep.h"

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


void wgi_replay_call_forward (const wgi_program *p, wgi_replay *r, const uint32_t *word, size_t out)
{
  wgi_source *s = p->source[word[0]];
  const wgi_op *op = wgi_source_op (s);
  if (op)
    {
      wgi_replay_array_forward (r, op, word, out);
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
          if (!wgi_is_literal (v, 0)) t = wgi_replay_sum (t, wgi_replay_kept (v, wgi_replay_product (entry (r, s, J, i, j), v)));
        }
      r->tangent[out + i] = t;
    }
  free (J);
}

void wgi_replay_call_tangent (const wgi_program *p, wgi_replay *r, const uint32_t *word, size_t out)
{
  wgi_source *s = p->source[word[0]];
  if (wgi_source_op (s))
    {
      wgi_replay_array_tangent (r, wgi_source_op (s), word, out);
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

/* What the adjoints of a call's outputs have in common: at rest, awake, or awake where one of their masks is not 0. */
static wgi_var_adjoint in_common (const wgi_var_adjoint ybar[], size_t m)
{
  wgi_var_adjoint all = { .state = WGI_ASLEEP };
  for (size_t i = 0; i < m; i++)
    if (ybar[i].state == WGI_AWAKE) all.state = WGI_AWAKE;
    else if (ybar[i].state == WGI_MASKED && all.state != WGI_AWAKE)
      {
        all.mask = all.state == WGI_MASKED ? wg_var_max (all.mask, ybar[i].mask) : ybar[i].mask;
        all.state = WGI_MASKED;
      }
  return all;
}

static void inline_reverse (wgi_replay *r, wgi_source *s, const uint32_t *word, size_t out)
{
  wg_var *J = call_jacobian (r, s, word);
  for (size_t i = 0; i < s->m && J; i++)
    {
      r->now = r->adjoint[out + i];
      for (size_t j = 0; j < s->n && r->now.state != WGI_ASLEEP; j++)
        if (!(word[1+j] & WGI_INACTIVE))
          wgi_replay_add (r, word[1+j], wgi_replay_masked (r, wgi_replay_product (entry (r, s, J, i, j), r->now.v)));
    }
  free (J);
}

void wgi_replay_call_reverse (const wgi_program *p, wgi_replay *r, const uint32_t *word, size_t out)
{
  wgi_source *s = p->source[word[0]];
  if (wgi_source_op (s))
    {
      wgi_replay_array_reverse (r, wgi_source_op (s), word, out);
      return;
    }
  if (s->jacobian)
    {
      inline_reverse (r, s, word, out);
      return;
    }
  r->now = in_common (r->adjoint + out, s->m);
  if (r->now.state == WGI_ASLEEP) return;
  wgi_source *vjp = s->derived (s, WGI_VJP);
  wg_var *x = operands (r, s, word, s->n + s->m), *xbar = x ? x + s->n + s->m : NULL;
  if (!vjp) fail (r);
  if (x && vjp)
    {
      for (size_t i = 0; i < s->m; i++) x[s->n + i] = r->adjoint[out + i].state == WGI_ASLEEP ? wg_num (0) : r->adjoint[out + i].v;
      wgi_call_source (vjp, x, xbar);
      for (size_t j = 0; j < s->n; j++)
        if (!(word[1+j] & WGI_INACTIVE)) wgi_replay_add (r, word[1+j], wgi_replay_masked (r, xbar[j]));
    }
  wgi_source_leave (vjp);
  free (x);
}
