/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Operations of the user's: one primitive for all, whose attributes are where the rules and their ctx are.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "array/walk.h"

enum { OPERANDS = 8 };

_Static_assert (sizeof (long) >= sizeof (void *), "an attribute holds a pointer");

static const wg_array_rules *rules_of (const wgi_op *op) { return (const wg_array_rules *) (intptr_t) op->attr[0]; }
static void *ctx_of (const wgi_op *op) { return (void *) (intptr_t) op->attr[1]; }

static wg_shape public_shape (const wgi_shape *s)
{
  wg_shape to = { .rank = s->rank };
  memcpy (to.dim, s->dim, sizeof to.dim);
  return to;
}

static int shape (wgi_op *op)
{
  wg_shape x[OPERANDS], y = { 0 };
  for (size_t i = 0; i < op->nx; i++) x[i] = public_shape (&op->x[i].shape);
  if (rules_of (op)->shape (op->nx, x, &y, ctx_of (op))) return wgi_op_misfit (op, "the rules refuse the operands");
  if (y.rank < 0 || y.rank > WG_RANK) return wgi_op_misfit (op, "the rules give a rank that there is not");
  op->ny = 1;
  op->y[0].shape.rank = y.rank;
  memcpy (op->y[0].shape.dim, y.dim, sizeof y.dim);
  return WG_OK;
}

/* The elements in one piece. */
static const double *dense (const wgi_shape *s, const double *x, wgi_run *run)
{
  if (wgi_shape_is_dense (s)) return x;
  double *to = wgi_run_take (run, wgi_shape_size (s), sizeof *to);
  if (to) wgi_walk_gather (s, x, to);
  return to;
}

static int kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  const double *at[OPERANDS];
  wg_shape sx[OPERANDS], sy = public_shape (&op->y[0].shape);
  for (size_t i = 0; i < op->nx; i++)
    {
      sx[i] = public_shape (&op->x[i].shape);
      if (!(at[i] = dense (&op->x[i].shape, x[i], run))) return WG_ENOMEM;
    }
  const int rc = rules_of (op)->eval (op->nx, sx, at, &sy, y[0], ctx_of (op));
  return rc ? wgi_fail (WG_EMODEL, "%s: eval returned %d", op->source.name, rc) : WG_OK;
}

/* The recording that wants a derivative which is not there fails. */
static void refuse (const wgi_op *op, wg_var y, const char *what)
{
  wgi_tape *t = wgi_tape_of (y);
  if (t) wgi_tape_fail (t, WG_EORDER, "%s has no derivative of this order: its rules have no %s", op->source.name, what);
}

static void jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  if (rules_of (op)->jvp) rules_of (op)->jvp (op->nx, x, y[0], dx, dy, ctx_of (op));
  else refuse (op, y[0], "jvp");
}

static void vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  if (wg_is_missing (ybar[0])) return;
  if (rules_of (op)->vjp) rules_of (op)->vjp (op->nx, x, y[0], ybar[0], xbar, ctx_of (op));
  else refuse (op, y[0], "vjp");
}

static const wgi_primitive custom = { "custom", shape, kernel, jvp, vjp };

wg_var wg_array_custom (const wg_array_rules *rules, void *ctx, size_t nx, const wg_var x[])
{
  wg_var y = wg_num (NAN);
  if (!rules || !rules->shape || !rules->eval || !nx || nx > OPERANDS || !x)
    {
      wgi_tape *t = nx && x ? wgi_tape_of (x[0]) : NULL;
      const char *what = !rules ? "rules are NULL" : rules->shape && rules->eval ? "no operands, or more than 8" : "the rules lack shape or eval";
      if (!t) t = wgi_tape_innermost ();
      wgi_fail (WG_EINVAL, "wg_array_custom: %s", what);
      if (t) wgi_tape_fail (t, WG_EINVAL, "wg_array_custom: %s", what);
      return y;
    }
  wgi_array_apply (&custom, rules->name ? rules->name : "custom", nx, x, 2, (long[]){ (long) (intptr_t) rules, (long) (intptr_t) ctx }, 1, &y);
  return y;
}

int wg_is_missing (wg_var dx) { return dx.ids == WGI_UNSET; }
