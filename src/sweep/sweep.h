/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The sweeps over a program, one instance of forward.inc and reverse.inc per number.  Their numbers live in planes,
 * arrays indexed by slot.  A plane's index says what it holds: WGI_D1 and WGI_D2 are tangents in two directions,
 * WGI_ADJOINT the adjoint of each of these.  The value plane goes on with the constants and parameters.
 *
 * At rest, and in slots that nothing active has reached, an adjoint is -0.0; an active one never is, since
 * each contribution that could be a negative zero is made positive.  -0.0 + x is x: so reverse sweeps can tell
 * "no adjoint" from "an adjoint that is zero".  The first contributes nothing, however infinite the partial; the second
 * makes 0 x inf a NaN, which is reported.  Arms of select, max and min that were not taken, and outputs with
 * weight zero, are of the first kind.  Reverse sweeps leave every plane they consumed at rest, inputs apart.
 */
#ifndef WENGERT_SWEEP_SWEEP_H
#define WENGERT_SWEEP_SWEEP_H

#include "program/program.h"

enum { WGI_DIRECTIONS = 8, WGI_WIDE_TANGENT = 0, WGI_WIDE_ADJOINT = 1 };

typedef struct {
  double *plane[WGI_PLANES];
  double *wide[2];               /* WGI_DIRECTIONS numbers per slot, side by side: tangents, adjoints; at 64 bytes */
  wgi_callee *const *callee;     /* per source of the program */
  const struct wgi_lane_sweeps *sweeps;  /* what loops are swept with; NULL: item by item */
  struct wgi_resources *resources;       /* what calls may use, and what they used */
  int ahead;                     /* will a reverse sweep of the same mode follow this forward one?  Or WGI_SEEDED, and 0 when it was done */
  int status;                    /* set when a call fails; sweeps go on with what there is */
  int notice;                    /* the first of a call since the last point, and why; what it spoils is NaN */
  const char *why;
} wgi_frame;

/* Values.  Returns the number of guards that held; less than p->guards: that guard broke, *found is its outcome here. */
size_t wgi_forward_double (const wgi_program *p, wgi_frame *frame, uint64_t *found);

/* Values and tangents in one pass; the same bits as the two sweeps around this one. */
size_t wgi_forward_dual (const wgi_program *p, wgi_frame *frame, uint64_t *found);

/* Tangents, the values being there. */
void wgi_tangent_double (const wgi_program *p, wgi_frame *frame);

/* Values, tangents in two directions, second derivatives along both. */
size_t wgi_forward_dual2 (const wgi_program *p, wgi_frame *frame, uint64_t *found);

/* Adjoints; of values and tangents for dual, of all four planes for dual2. */
void wgi_reverse_double (const wgi_program *p, wgi_frame *frame);
void wgi_reverse_dual (const wgi_program *p, wgi_frame *frame);
void wgi_reverse_dual2 (const wgi_program *p, wgi_frame *frame);

/* The same as wgi_reverse_double, but every slot keeps its adjoint, for inspection: not left at rest. */
void wgi_reverse_keeping (const wgi_program *p, wgi_frame *frame);

/* WGI_DIRECTIONS at once, the values being there.  One object per instruction set, all with the same bits. */
typedef struct {
  const char *name;
  void (*tangent) (const wgi_program *p, wgi_frame *frame);
  void (*reverse_dual) (const wgi_program *p, wgi_frame *frame);      /* the adjoint in its plane, tangents of it wide */
  void (*reverse) (const wgi_program *p, wgi_frame *frame);           /* adjoints of as many outputs or weights */
} wgi_wide_sweeps;

extern const wgi_wide_sweeps wgi_wide_baseline, wgi_wide_avx512;

/* The one for this processor. */
const wgi_wide_sweeps *wgi_wide_for_cpu (void);

/* A call, for the sweeps: word are its words, out its first slot, mode the tangents that travel along.  keep leaves the
 * adjoints of its outputs as they are.  wgi_call_tangent leaves the values, which a call that fails would spoil. */
void wgi_call_forward (wgi_frame *frame, int mode, const uint32_t *word, size_t out);
void wgi_call_tangent (wgi_frame *frame, const uint32_t *word, size_t out);
void wgi_call_reverse (wgi_frame *frame, int mode, const uint32_t *word, size_t out, int keep);
void wgi_call_tangent_wide (wgi_frame *frame, const uint32_t *word, size_t out);
void wgi_call_reverse_dual_wide (wgi_frame *frame, const uint32_t *word, size_t out);
void wgi_call_reverse_wide (wgi_frame *frame, const uint32_t *word, size_t out);

#endif
