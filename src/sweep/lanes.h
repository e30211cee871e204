/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The sweeps with many items side by side.  A plane has WGI_LANES numbers for each word of the value plane: slots,
 * then constants and parameters, which the caller spreads.  Adjoints rest at -0.0 lane by lane, and a lane whose
 * seeds are at rest contributes nothing: so padding and items that another trace takes need no further care.
 * One object per instruction set.
 */
#ifndef WENGERT_SWEEP_LANES_H
#define WENGERT_SWEEP_LANES_H

#include "sweep/sweep.h"

enum { WGI_LANES = 16 };          /* a few vectors: enough to pay for an operation's dispatch, few enough for the first cache */

typedef struct wgi_lane_frame {
  const struct wgi_lane_sweeps *sweeps;
  struct wgi_scans *scans;
  double *plane[WGI_PLANES];     /* at 64 bytes; values, tangents, adjoints of both */
  size_t used, room;             /* words that the program has; words that the planes have */
  size_t wanted;                 /* room that a loop within did not find; the sweep is void then */
  wgi_callee *const *callee;
  uint64_t held;                 /* a bit per lane: did all guards have the outcome of this trace? */
  int status;                    /* the first error of a call, else the first notice */
  const char *why;               /* of the notice */
} wgi_lane_frame;

typedef struct wgi_lane_sweeps {
  const char *name;
  size_t width;                  /* lanes of one vector */
  void (*forward) (const wgi_program *p, wgi_lane_frame *frame);
  void (*forward_dual) (const wgi_program *p, wgi_lane_frame *frame);
  void (*reverse) (const wgi_program *p, wgi_lane_frame *frame);
  void (*reverse_dual) (const wgi_program *p, wgi_lane_frame *frame);
  /* to[j*WGI_LANES + l] = from[row[l] + j], j < width */
  void (*load) (double *to, size_t width, const double *from, const size_t row[]);
} wgi_lane_sweeps;

extern const wgi_lane_sweeps wgi_lanes_baseline, wgi_lanes_avx2, wgi_lanes_avx512;

/* The one with this name, or the best for this processor (NULL).  NULL: there is none, or the processor cannot run it. */
const wgi_lane_sweeps *wgi_lanes_for_cpu (const char *name);

/* Calls, for these sweeps, as wgi_call_forward and wgi_call_reverse: by the callee's lanes if it can, else lane after lane. */
void wgi_call_lanes_forward (wgi_lane_frame *frame, int mode, const uint32_t *word, size_t out);
void wgi_call_lanes_reverse (wgi_lane_frame *frame, int mode, const uint32_t *word, size_t out);

#endif
