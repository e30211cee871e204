/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Divided differences of smooth functions at points that may be equal, or nearly so.
 */
#ifndef WENGERT_ARRAY_DIVIDED_H
#define WENGERT_ARRAY_DIVIDED_H

enum { WGI_TAYLOR = 64, WGI_POINTS = 8 };

/* c[j] = f^(j)(x)/j! for j < count, at most WGI_TAYLOR; how many there are. */
typedef struct wgi_smooth wgi_smooth;
struct wgi_smooth { int (*taylor) (const wgi_smooth *, double x, int count, double c[]); };

/* f[t_0, .., t_k], t ascending, k < WGI_POINTS.  NaN where f has no such derivative. */
double wgi_divided (const wgi_smooth *f, int k, const double t[]);

#endif
