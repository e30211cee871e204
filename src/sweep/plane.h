/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Passes over many numbers of a plane that lie next to each other, as vectors.
 */
#ifndef WENGERT_SWEEP_PLANE_H
#define WENGERT_SWEEP_PLANE_H

#include <stddef.h>

/* to[i] += from[i], which is put to rest; they lie apart. */
void wgi_plane_move (double to[], double from[], size_t count);

/* Adjoints to g[i], those at rest as 0; and put to rest.  Are all finite? */
int wgi_plane_take (double adjoint[], size_t count, double g[]);

/* Put to rest. */
void wgi_plane_rest (double adjoint[], size_t count);

int wgi_all_finite (size_t count, const double y[]);

#endif
