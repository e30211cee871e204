/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The sweeps over a program, one instance of forward.inc and reverse.inc per number.  Their numbers live in planes,
 * arrays indexed by slot.  A plane's index says what it holds: WGI_D1 and WGI_D2 are tangents in two directions,
 * WGI_ADJOINT the adjoint of each of these.  The value plane goes on with the constants.
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

enum { WGI_VALUE = 0, WGI_D1 = 1, WGI_D2 = 2, WGI_ADJOINT = 4, WGI_PLANES = 8 };

typedef double *const wgi_planes[WGI_PLANES];

/* Values.  Returns the number of guards that held; less than p->guards: that guard broke, *found is its outcome here. */
size_t wgi_forward_double (const wgi_program *p, wgi_planes plane, uint64_t *found);

/* Values and tangents in one pass; the same bits as the two sweeps around this one. */
size_t wgi_forward_dual (const wgi_program *p, wgi_planes plane, uint64_t *found);

/* Tangents, the values being there. */
void wgi_tangent_double (const wgi_program *p, wgi_planes plane);

/* Values, tangents in two directions, second derivatives along both. */
size_t wgi_forward_dual2 (const wgi_program *p, wgi_planes plane, uint64_t *found);

/* Adjoints; of values and tangents for dual, of all four planes for dual2. */
void wgi_reverse_double (const wgi_program *p, wgi_planes plane);
void wgi_reverse_dual (const wgi_program *p, wgi_planes plane);
void wgi_reverse_dual2 (const wgi_program *p, wgi_planes plane);

/* The same as wgi_reverse_double, but every slot keeps its adjoint, for inspection: not left at rest. */
void wgi_reverse_keeping (const wgi_program *p, wgi_planes plane);

#endif
