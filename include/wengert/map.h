/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Loops as single operations of a model: a body, recorded once as a function of its own, is replayed for many items.  The list
 * stays as short as the source, items run side by side in the lanes of the processor's vectors, and their inner
 * values are computed again in a reverse sweep instead of being kept, so that memory does not grow with the items.
 */
#ifndef WENGERT_MAP_H
#define WENGERT_MAP_H

#include <wengert/fun.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where the items of a loop find some inputs of its body.  Item k sees width numbers,
 *   var[(index ? index[k] : k)*stride + j] or data[(index ? index[k] : k)*stride + j],  j < width:
 * shared by all items (stride 0), rows (stride = width), windows (stride < width), gathered (index).
 *   var     variables of the model, or numbers; NULL: data
 *   data    plain numbers, read whenever the function is evaluated and never copied: must outlive it and its clones
 *   index   NULL, or a row per item, none negative; copied for var, not for data
 *   slot    data only: 0, or a number of the caller's by which wg_fun_bind finds it
 * Data are best given to parameters of the body: its inputs have derivatives. */
typedef struct {
  const wg_var *var;
  const double *data;
  size_t width, stride;
  const int *index;
  int slot;
} wg_arg;

/* Inside a model: y[items*m], the body applied to each item.
 *   body   in   m outputs; may be freed after the recording; its branches are its own, each item may take another
 *   args   in   nargs, in the order of the body's n inputs and then of its np parameters; their widths add up to n, or to
 *               n + np; parameters that no argument supplies are those set in the body at this moment
 *   y      out  item after item
 * wg_map_sum: y[m], the sum over the items, chunk by chunk: the same bits for any number of threads, and on every run with
 * the same lanes; items in lanes agree with single ones to the accuracy of their elementary functions.
 * Errors are kept by the recording: WG_EINVAL (NULL, widths that do not add up, a negative index), WG_ENOMEM, WG_ETAPE, what
 * evaluating the body gives.  Derivatives of each order up to the third. */
WG_API void wg_map (const wg_fun *body, size_t items, size_t nargs, const wg_arg args[], wg_var y[]);
WG_API void wg_map_sum (const wg_fun *body, size_t items, size_t nargs, const wg_arg args[], wg_var y[]);

/* Let all data arguments with this slot, in the maps and scans of f and of the functions it calls, read other rows: from
 * data, row index[k] for item k (NULL: k), with the width and stride they have; neither is copied.  The loop has as many
 * items from now on, which only wg_map_sum and wg_scan without outputs allow to change, and all its arguments that
 * are not shared must have a slot and be bound to as many.  Nothing is recorded again, and there is no last point until the next x.
 * Holds for this handle and for clones and derivatives as functions made of it afterwards.
 * WG_EINVAL (NULL, slot < 1, no argument has it), WG_ESHAPE (another count where that may not be), WG_ENOMEM. */
WG_API int wg_fun_bind (wg_fun *f, int slot, size_t items, const double data[], const int index[]);

/* Which of the processor's vectors the loops of f, and batches of points, are replayed with: "avx512", "avx2", "baseline", or "none" (item by item);
 * NULL: the best that there is, as at first.  Results agree to a few units in the last place of each elementary
 * function and in the order of sums.  Clones made afterwards have the same; there is no last point until the next x.
 * WG_EINVAL (f NULL, not known, or not on this processor). */
WG_API int wg_fun_set_lanes (wg_fun *f, const char *name);

/* On how many threads this handle runs the items of its maps and of loops that are rolled, and the points of batches that go side by side:
 * 1, as at first, to 1024.  It changes no bit of any result, and no status.  Others than the caller's sleep until there is work
 * that is worth waking them and end with the handle; where the system does not give as many, there are fewer.  Each has a
 * workspace of the body, and room for what at most 2048 items leave for themselves, or for 64 points.  In several threads at once are
 * rules and the callbacks of custom operations in the body; models only run on the caller's: items that need a recording wait for it.
 * On the caller's alone are maps within the body of one that runs on threads, scans, items without lanes (wg_fun_set_lanes
 * "none", third derivatives), functions evaluated by a model, and all in a child after fork, until it is set there.  The
 * first call afterwards allocates.  Clones made and functions derived afterwards have the same, with threads of their own; in a call the caller's holds.
 * WG_EINVAL (f NULL, another number). */
WG_API int wg_fun_set_threads (wg_fun *f, int threads);

/* Which plainly recorded loops of functions that this thread records from now on are rolled: none (0, as at first), those for which that is
 * likely to be faster (1), or all that are found (2), for a list as short as can be.  A loop of C over data, or a nest of them, that records
 * the same operations again and again becomes what wg_map and wg_map_sum make, replayed in lanes, with a list as short as its
 * body.  Trips may depend on each other by running sums; what needs the trip before in another way stays outside the loop, trip by trip,
 * and where that is more than a third there is none.  What differs between trips may be variables (rows, windows, gathered) and
 * numbers, which are copied.  With 2 loops may have comparisons that come out alike in all trips: together they are one guard, and where a trip
 * comes out otherwise the model is recorded again, its loop in pieces; with 1 use wg_select in a loop.  A call is one of the same function in
 * all trips, or of a loop with the same data.  Loops of fewer than 8 trips or 64 operations in all are not rolled, and none in a
 * model that has arrays.  Sums are added in another order, and elementary functions are
 * those of the lanes, so that results are not the same bits as without; wg_fun_where and wg_fun_kinks see a loop as one operation,
 * "loop".  A function keeps its setting whoever records it again, and its derivatives as functions have it too.  Returns what it was. */
WG_API int wg_set_rolling (int how);

#ifdef __cplusplus
}
#endif
#endif
