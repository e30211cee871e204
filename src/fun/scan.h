/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Scans as operations: their source and their instances.
 */
#ifndef WENGERT_FUN_SCAN_H
#define WENGERT_FUN_SCAN_H

#include "fun/args.h"
#include "fun/fun.h"

typedef struct {
  wgi_source source;             /* results: the last state but for what is hidden, then what out says */
  wgi_args args;
  wg_fun *step;                  /* own; only cloned */
  size_t ns, mo;                 /* of the step: numbers of the state; outputs behind it */
  wgi_arg *out;                  /* outs: where outputs are added to results, as arguments say where inputs come from */
  size_t outs;
  size_t hidden;                 /* numbers that the state begins with and that are no results */
  size_t *init;                  /* ns: the operands of the first state, or WGI_NO_OPERAND: 0 */
  int backward;                  /* step k sees item steps - 1 - k */
  wgi_source *base;              /* the scan that this is a derivative of, whose indices it uses, counted; or NULL */
} wgi_scan;

enum { WGI_SCAN_PLANES = 4 };
#define WGI_NO_OPERAND SIZE_MAX

typedef struct {
  wgi_callee callee;
  wgi_callee *one;               /* the step */
  size_t steps;
  int notice;                    /* of the sweep at hand */
  wgi_arg *arg;                  /* as in the source, but for what is bound */
  /* states: kept ones in the order of their steps, the first of all not among them, which the operands have */
  double *kept;                  /* states_room numbers */
  size_t *at;                    /* places_room: the step that begins with it */
  size_t states_room, places_room;
  size_t count, most;            /* kept now; may be kept in this sweep */
  size_t here;                   /* the state in the step's arrays, or WGI_NO_STEP */
  /* what they are the states of */
  int known, mode;
  double *x[WGI_SCAN_PLANES];    /* the operands */
  size_t generation;             /* of the step then, */
  const struct wgi_lane_sweeps *lanes;  /* and what it was swept with */
} wgi_scan_callee;

#define WGI_NO_STEP SIZE_MAX

/* The source as a scan; NULL: it is none. */
const wgi_scan *wgi_source_scan (const wgi_source *);

/* May it be bound to another number of steps? */
int wgi_scan_varies (const wgi_scan *);

/* A hash of its steps and of where they find their variables. */
uint64_t wgi_scan_print (const wgi_scan *);

static inline const wgi_scan *wgi_scan_of (const wgi_scan_callee *c) { return (const wgi_scan *) c->callee.source; }

static inline size_t wgi_scan_item (const wgi_scan_callee *c, size_t k) { return wgi_scan_of (c)->backward ? c->steps - 1 - k : k; }

/* A scan of a step, which it takes over, with room for arguments and outputs; these and init are to be filled in.  results: of the
 * state; more: behind them. */
wgi_scan *wgi_scan_new (wg_fun *step, size_t steps, size_t ns, size_t n, size_t results, size_t more, size_t args, size_t outs);
void wgi_scan_add (wgi_scan *, wgi_arg, size_t place, size_t first);

/* The step with all that arguments fill as inputs; as long as s. */
const wg_fun *wgi_scan_step (const wgi_scan *s);

/* x, u -> u^T J of a scan. */
wgi_source *wgi_scan_vjp (wgi_source *);

/* wgi_callee's forward and reverse. */
int wgi_scan_forward (wgi_callee *, int mode, double *const x[], double *const y[]);
int wgi_scan_reverse (wgi_callee *, int mode, double *const x[], double *const ybar[], double *const xbar[]);

#endif
