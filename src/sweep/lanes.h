/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The sweeps with many items side by side.  A number that the lanes do not share has WGI_LANES of them in a plane; one that they
 * do, as constants and parameters, is one number in a shared plane, and its adjoint one vector of lanes, added up in the end.
 * Where a number is, its layout says.  Of a run of chains only the last
 * sum is stored.  Adjoints rest at -0.0 lane by lane, and a lane whose seeds are at rest contributes nothing: so padding and items
 * that another trace takes need no further care.  One object per instruction set.
 */
#ifndef WENGERT_SWEEP_LANES_H
#define WENGERT_SWEEP_LANES_H

#include "sweep/layout.h"
#include "sweep/sweep.h"

enum { WGI_LANES = 32,            /* a few vectors: enough to pay for an operation's dispatch, few enough for the first cache */
       WGI_VECTOR = 8 };          /* lanes of the widest vector */

typedef struct wgi_lane_frame {
  const struct wgi_lane_sweeps *sweeps;
  struct wgi_resources *resources;
  double *plane[WGI_PLANES];     /* at 64 bytes; values, tangents, adjoints of both */
  double *shared[WGI_PLANES];    /* likewise */
  const wgi_layout *layout;      /* of the program that is swept */
  wgi_lane_words room;           /* words that the planes have */
  wgi_lane_words wanted;         /* room that a loop within did not find: own, if any; the sweep is void then */
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
  void (*reverse_two) (const wgi_program *p, wgi_lane_frame *frame);      /* two adjoints, the second in the plane of tangents */
  /* to[j*WGI_LANES + l] = from[row[l] + j], j < width */
  void (*load) (double *to, size_t width, const double *from, const size_t row[]);
  /* The other way, for adjoints: to[row[l*step] + t] is that of lane l in place[input[t]] of a plane, t < width, for the lanes l of
   * group.  All lanes of these are put to rest.  Is one not finite? */
  int (*store) (double *to, const uint32_t row[], size_t step, uint64_t group, double *adjoint, const uint32_t place[],
                const uint32_t input[], size_t width);
  /* to[j*WGI_LANES + l] = from[l*stride + j], j < width; and back: to[l*stride + j] += from[j*WGI_LANES + l], which is put to rest */
  void (*load_rows) (double *to, size_t width, const double *from, size_t stride);
  void (*add_rows) (double *to, size_t width, double *from, size_t stride);
  void (*add) (double *to, const double *from);          /* one number of all lanes to another; */
  void (*add_same) (double *to, double u);               /* the same to all lanes */
  /* to[j] += the sum of vector j, l + width/2 being added to l, then l + width/4 ..., j < count; vectors are at rest then.  NULL: only that. */
  void (*take_sums) (double *to, double *vectors, size_t count);
} wgi_lane_sweeps;

extern const wgi_lane_sweeps wgi_lanes_baseline, wgi_lanes_avx2, wgi_lanes_avx512;

/* The one with this name, or the best for this processor (NULL).  NULL: there is none, or the processor cannot run it. */
const wgi_lane_sweeps *wgi_lanes_for_cpu (const char *name);

/* The number at a place, for lane l. */
static inline double wgi_lane_at (const wgi_lane_frame *frame, int plane, uint32_t place, size_t l)
{
  return place & WGI_SHARED ? frame->shared[plane][place ^ WGI_SHARED] : frame->plane[plane][(size_t) place*WGI_LANES + l];
}

/* Its adjoint: the lanes that it has, *count of them, lane l being l % *count. */
static inline double *wgi_lane_adjoint (const wgi_lane_frame *frame, int plane, uint32_t place, size_t *count)
{
  *count = place & WGI_SHARED ? frame->sweeps->width : WGI_LANES;
  return place & WGI_SHARED ? frame->shared[plane] + (place ^ WGI_SHARED)**count : frame->plane[plane] + (size_t) place*WGI_LANES;
}

/* Calls, for these sweeps, as wgi_call_forward and wgi_call_reverse: by the callee's lanes if it can, else lane after lane. */
void wgi_call_lanes_forward (wgi_lane_frame *frame, int mode, const uint32_t *word, size_t out);
void wgi_call_lanes_reverse (wgi_lane_frame *frame, int mode, const uint32_t *word, size_t out);
void wgi_call_lanes_reverse_two (wgi_lane_frame *frame, const uint32_t *word, size_t out);

#endif
