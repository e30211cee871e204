/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The trust-region subproblem: minimize g.s + s.H s/2 over |s| <= radius, approximately, by conjugate gradients
 * that stop at the boundary.  The path that they take from 0 does not depend on the radius: where it is kept, a
 * smaller radius only cuts it, at no Hessian-vector product.
 */
#ifndef WENGERT_OPTIM_STEIHAUG_H
#define WENGERT_OPTIM_STEIHAUG_H

#include <wengert/deriv.h>

enum { WGI_PATH = 8 };         /* segments of a path that are kept, at most */

typedef struct {
  size_t n, keep;               /* keep: segments that fit in kept, at least 1 */
  double *s, *r, *hd;           /* n each: the step; residual/|g| and H d, scratch between calls */
  double *kept;                 /* keep + 1 directions of n; the last one is scratch */
  double rho[WGI_PATH], kappa[WGI_PATH];        /* |residual|^2/|g|^2 where segment j starts; its curvature */
  size_t segments;              /* of the path kept */
  int whole;                    /* is that all of the path? */
  double radius;                /* that the path was found with */
  double scale;                 /* |g| */
  double step_norm, slope, predicted;           /* |s|, g.s, and the model's decrease */
  int boundary, curvature;      /* does s end on the boundary; on a direction of no positive curvature? */
  size_t cg;                    /* CG steps, and products, of the last call */
} wgi_path;

/* Largest magnitude; NaN if there is one.  2-norm without overflow or underflow. */
double wgi_norm_max (size_t n, const double a[]);
double wgi_norm (size_t n, const double a[]);
double wgi_dot (size_t n, const double a[], const double b[]);

/* Find s for the function f at x[n] (NULL: its last point), gradient g[n].  Ends when the residual is at most forcing
 * |g|, on the boundary, or after limit products.  radius 0: 10 steps of steepest descent, as long as the curvature
 * along g makes them, but at most radius_max.  WG_OK or an error of wg_hvp. */
int wgi_path_find (wgi_path *p, wg_fun *f, const double x[], const double g[], double radius, double radius_max,
                   double forcing, size_t limit);

/* The same path up to a smaller radius.  0: not kept that far, s is unknown now. */
int wgi_path_cut (wgi_path *p, const double g[], double radius);

#endif
