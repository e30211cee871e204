/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Hand-written projections and their Jacobians, compiled for this machine apart from the rest of bench/projection.c.
 */
#ifndef BENCH_PROJECTION_H
#define BENCH_PROJECTION_H

#include <stddef.h>

enum { CAMERA = 11, INPUTS = CAMERA + 4 };

/* For each of count observations: out[2], and J[2*INPUTS] by rows, with respect to its camera, its point, its weight. */
void hand_projections (size_t count, const double cameras[], const int camera[], const double points[], const int point[],
                       const double weight[], const double at[], double out[], double J[]);

#endif
