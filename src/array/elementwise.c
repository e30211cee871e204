/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Rows of the rule table on arrays, element by element, shapes being broadcast.  The builders read the table once more: a tangent
 * that is zero contributes zero, an adjoint at rest contributes nothing (WGI_ROW_PULL).
 */
#include <string.h>

#include "array/elementwise.h"
#include "array/row_loops.h"
#include "array/walk.h"

static int row_of (const wgi_op *op) { return (int) op->attr[0]; }
static int immediate_of (const wgi_op *op) { return (int) op->attr[1]; }

int wgi_rows_shape (wgi_op *op)
{
  wgi_shape s = { 0 };
  for (size_t i = 0; i < op->nx; i++)
    if (!wgi_shape_join (&s, &op->x[i].shape)) return wgi_op_misfit (op, "the operands do not broadcast");
  op->ny = 1, op->y[0].shape = s;
  return WG_OK;
}

static int kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  const wgi_shape *to = &op->y[0].shape;
  wgi_row_loop *loop = wgi_row_loops[row_of (op)];
  wgi_shape s[3];
  const ptrdiff_t *stride[4] = { to->stride, to->stride, to->stride, to->stride };
  const double *from[3] = { NULL };
  (void) run;
  for (size_t i = 0; i < op->nx; i++)
    {
      s[i] = wgi_shape_broadcast (&op->x[i].shape, to);
      stride[i] = s[i].stride, from[i] = x[i];
    }
  for (wgi_walk l = wgi_walk_over (to, 4, stride); l.more; wgi_walk_next (&l))
    loop (l.n, from[0] + l.at[0], l.step[0], from[1] ? from[1] + l.at[1] : NULL, l.step[1], from[2] ? from[2] + l.at[2] : NULL, l.step[2],
          immediate_of (op), y[0] + l.at[3]);
  return WG_OK;
}

/* builders */

wg_var wgi_row_apply (int row, size_t count, const wg_var x[], int k)
{
  wg_var y;
  wgi_array_apply (&wgi_elementwise, wgi_row_name (row), count, x, 2, (long[]){ row, k }, 1, &y);
  return y;
}

static wg_var pulled (wg_var t, wg_var p) { return wgi_row_apply (WGI_ROW_PULL, 2, (wg_var[]){ t, p }, 0); }
static wg_var pulled_over (wg_var t, wg_var d) { return wgi_row_apply (WGI_ROW_PULL_OVER, 2, (wg_var[]){ t, d }, 0); }
static wg_var kept (wg_var t, wg_var e) { return wg_var_kept (t, e); }

#include <wengert/words_begin.h>
#include "number/var_words.h"
#define WHERE(test, map)  { const wg_var all = t; t = wg_var_select (test, t, wg_num (REST)); map t = all; }

#define ROW1(name, ma)         CASE (name, MAP (0, ma))
#define ROW1K(name, ma)        ROW1 (name, ma)
#define ROW1C(name, ma)        CASE (name, const double c = exponent; (void) c; MAP (0, ma))
#define ROW2(name, ma, mb)     CASE (name, MAP (0, ma) MAP (1, mb))
#define ROW2K(name, ma, mb)    ROW2 (name, ma, mb)
#define ROW3(name, ma, mb, mc) CASE (name, const wg_var c = x[2]; (void) c; MAP (0, ma) MAP (1, mb) MAP (2, mc))
#define FLAT1(name)
#define FLAT2(name)
#define CASE(name, ...) case WGI_ROW_##name: { __VA_ARGS__ break; }
#define OPERANDS const wg_var a = x[0], b = wgi_row_operands (row) > 1 ? x[1] : x[0]; (void) b, (void) k, (void) exponent, (void) y

/* tangents */
#define REST             0.
#define TO(e)            s = wgi_sum_of (s, e);
#define SAME             TO (t)
#define FLIP             TO (wg_var_neg (t))
#define VIA(p)           TO (kept (t, wg_var_mul ((p), t)))
#define FLIP_VIA(p)      TO (kept (t, wg_var_neg (wg_var_mul ((p), t))))
#define OVER(q)          TO (kept (t, wg_var_div (t, (q))))
#define SCALE_OVER(r, q) TO (kept (t, wg_var_div (wg_var_scale ((r), t), (q))))
#define MAP(i, map)      if (!wg_is_missing (dx[i])) { wg_var t = dx[i]; (void) t; map }

wg_var wgi_row_tangent (int row, int k, double exponent, const wg_var x[], wg_var y, const wg_var dx[])
{
  wg_var s = wgi_missing ();
  OPERANDS;
  switch (row)
    {
#include <wengert/rules.def>
    case WGI_ROW_PULL: MAP (0, VIA (b)) MAP (1, TO (pulled (a, t))) break;
    case WGI_ROW_PULL_OVER: MAP (0, OVER (b)) MAP (1, TO (wg_var_neg (pulled (y, wg_var_div (t, b))))) break;
    }
  return s;
}

#undef REST
#undef TO
#undef SAME
#undef FLIP
#undef VIA
#undef FLIP_VIA
#undef OVER
#undef SCALE_OVER
#undef MAP

/* adjoints */
#define REST             -0.
#define TO(i, e)         xbar[i] = wgi_sum_of (xbar[i], e);
#define SAME             TO (to, t)
#define FLIP             TO (to, pulled (t, wg_num (-1)))
#define VIA(p)           TO (to, pulled (t, (p)))
#define FLIP_VIA(p)      TO (to, pulled (t, wg_var_neg (p)))
#define OVER(q)          TO (to, pulled_over (t, (q)))
#define SCALE_OVER(r, q) TO (to, pulled_over (pulled (t, wg_num (r)), (q)))
#define MAP(i, map)      { const int to = i; wg_var t = ybar; (void) t, (void) to; map }

void wgi_row_adjoints (int row, int k, double exponent, const wg_var x[], wg_var y, wg_var ybar, wg_var xbar[])
{
  OPERANDS;
  switch (row)
    {
#include <wengert/rules.def>
    case WGI_ROW_PULL: MAP (0, VIA (b)) MAP (1, VIA (a)) break;
    case WGI_ROW_PULL_OVER: MAP (0, OVER (b)) MAP (1, FLIP_VIA (wg_var_div (y, b))) break;
    }
}
#include <wengert/words_end.h>

/* The exponent of the rows that have a plain one. */
static double exponent_of (const wgi_op *op) { return wgi_row_exponent (op->nx > 1 ? &op->x[1] : NULL); }

static void jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  dy[0] = wgi_row_tangent (row_of (op), immediate_of (op), exponent_of (op), x, y[0], dx);
}

static void vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  wgi_row_adjoints (row_of (op), immediate_of (op), exponent_of (op), x, y[0], ybar[0], xbar);
}

const wgi_primitive wgi_elementwise = { "elementwise", wgi_rows_shape, kernel, jvp, vjp };

/* A row whose operands are not all scalars, for the recorders. */
wg_var wgi_array_row (int row, size_t count, const wg_var x[], int k)
{
  if (row < WGI_ROWS && wgi_is_guard (row)) return wgi_misfit (wgi_rows[row].name, count, x, "a guard needs scalars");
  return wgi_row_apply (row, count, x, k);
}
