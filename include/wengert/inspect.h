/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Looking into a recorded function: how large it is, what it is made of, which operation made a number that is not
 * finite, whether the last point is on a kink; and printing a variable from inside a model.
 *
 * An operation's number is its place in the frozen list, from 0, guards counted: wg_fun_describe and the drawing
 * go by the same list.  Names are those of <wengert/rules.def>, a custom function's own, or "call".
 */
#ifndef WENGERT_INSPECT_H
#define WENGERT_INSPECT_H

#include <wengert/fun.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  size_t n, m;             /* inputs and outputs */
  size_t operations;       /* in the trace of the last point, after freezing */
  size_t recorded;         /* operations the model recorded for it */
  size_t constants;        /* numbers it reads */
  size_t params;           /* parameters */
  size_t guards;           /* comparisons that hold it to its branch */
  size_t program_bytes;    /* of its program: codes, operands, constants */
  size_t traces;           /* kept by the function and its clones, and their bytes */
  size_t trace_bytes;
  size_t recordings;       /* times the model was run since wg_fun_record, that one included */
  size_t breaks;           /* guards found broken */
  size_t forgotten;        /* traces no longer kept: for want of bytes, or by wg_fun_invalidate */
  size_t calls;            /* operations that call a function */
  size_t loops;            /* operations that are rolled loops, among the calls, and the operations recorded of these */
  size_t rolled;
  size_t batch_done;       /* items that the last _batch call on this handle finished */
} wg_fun_info;

/* Sizes and counters.  WG_EINVAL when f or info is NULL. */
WG_API int wg_fun_get_info (const wg_fun *f, wg_fun_info *info);

/* The same as text, with bytes per operation, the operations by name and number, and whom it calls.  WG_EINVAL (f or
 * out NULL), WG_ENOMEM. */
WG_API int wg_fun_describe (const wg_fun *f, FILE *out);

/* Draw the list of the last point in DOT, values on the nodes, with their adjoints (of u.f, u all ones)
 * after a second line.  For graphviz: dot -Tsvg.  WG_EINVAL (f or out NULL, no point yet), WG_ENOMEM. */
WG_API int wg_fun_write_dot (wg_fun *f, FILE *out);

/* What a sweep carries. */
#define WG_SWEEPS(X)                                                 \
  X (WG_SWEEP_NONE,     "nothing: all is finite")                    \
  X (WG_SWEEP_VALUE,    "its value")                                 \
  X (WG_SWEEP_TANGENT,  "its tangent")                               \
  X (WG_SWEEP_ADJOINT,  "the adjoint that it gives to operand")      \
  X (WG_SWEEP_SECOND,   "the second derivative that it gives to operand")

#define WGI_SWEEP(name, text) name,
enum wg_sweep { WG_SWEEPS (WGI_SWEEP) WGI_SWEEP_END_ };
#undef WGI_SWEEP

enum { WG_WHERE_OPERANDS = 3, WG_WHERE_CALLS = 8 };

/* The first operation with a result that is not finite. */
typedef struct {
  int sweep;               /* enum wg_sweep: which result */
  const char *name;        /* of the operation; "input", "weight" and "direction" for what was given.  Valid while f is */
  size_t operation;        /* its number, or that of the input, output or coordinate */
  size_t operands;         /* how many it has, of which the first three are told: */
  double operand[WG_WHERE_OPERANDS];
  double tangent[WG_WHERE_OPERANDS];      /* along v, 0 for WG_SWEEP_VALUE and _ADJOINT */
  double value;            /* of its (first) result */
  double adjoint;          /* of that, for _ADJOINT and _SECOND */
  size_t to;               /* for these: the operand it is given to */
  double result;           /* what is not finite */
  size_t calls;            /* the operation is inside a call, that perhaps inside another: */
  size_t call[WG_WHERE_CALLS];            /* the numbers of the calls, the outermost first */
} wg_where;

/* Which operation was it?  Goes over the last point once more, over values, then derivatives along v[n] and with weights
 * u[m] on the outputs, and stops at the first operation with a result that is not finite though what it was computed
 * from is finite, and that matters: of values and tangents those that reach an output, of adjoints if one reaches an input.
 *   u      in   weights; NULL: all ones, which covers gradients and Jacobians
 *   v      in   the direction; NULL: adjoints first, then a fixed direction without zeros, which covers Hessians
 *   where  out  what was found; NULL when not wanted
 * Functions called are looked into, custom ones named.  Returns WG_NONFINITE when it found one, its text as
 * wg_last_error; WG_OK when all is finite; an error: WG_EINVAL (f NULL, no last point), WG_ENOMEM, what a call gives. */
WG_API int wg_fun_where (wg_fun *f, const double u[], const double v[], wg_where *where);

/* Print it as one line: the operation, what is not finite, the operands. */
WG_API void wg_where_print (FILE *out, const wg_where *where);

/* Count the operations that are on a kink at the last point: where their value or a derivative jumps or is infinite
 * though their value is finite.  abs, relu, sign, step, sqrt, cbrt and powers other than 0, 1, 2 ... at 0; floor at an integer;
 * max, min, clamp, masks and comparisons (guards) of equal numbers; asin and acos at +-1, acosh at 1; hypot at the
 * origin, atan2 there and on its cut; extremes of arrays that tie and Euclidean norms of 0, once a line.  Only operations
 * that depend on the inputs count, those in functions called among them.  Derivatives there are what the manual's table
 * says, one of several: checkers may call them wrong.
 *   kinks  out  their number; NULL when not wanted
 *   out    in   where to print a line for each; NULL: nowhere
 * WG_EINVAL (f NULL, no last point), what a call gives. */
WG_API int wg_fun_kinks (wg_fun *f, size_t *kinks, FILE *out);

/* Inside a model: print "label = value" and what the variable is: its slot, a parameter, a literal, or stale, of an ended
 * recording or another thread.  Records nothing.  label NULL: the value alone; out NULL: nothing. */
WG_API void wg_print (FILE *out, const char *label, wg_var a);

#ifdef __cplusplus
}
#endif
#endif
