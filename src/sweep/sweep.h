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

typedef struct {
  double *plane[WGI_PLANES];
  wgi_callee *const *callee;     /* per source of the program */
  int status;                    /* set when a call fails; sweeps go on with what there is */
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

/* A call, for the sweeps: word are its words, out its first slot, mode the tangents that travel along.  keep leaves the
 * adjoints of its outputs as they are. */
void wgi_call_forward (wgi_frame *frame, int mode, const uint32_t *word, size_t out);
void wgi_call_reverse (wgi_frame *frame, int mode, const uint32_t *word, size_t out, int keep);

#endif
