/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The trust-region subproblem: minimize g.s + s.H s/2 over |s| <= radius, approximately, by conjugate gradients.  The path
 * that they take from 0 does not depend on the radius: where it is kept, a smaller radius only cuts it, at no
 * Hessian-vector product.  At the boundary the step is where the path crosses it, or (GLTR) the best one in the space that
 * the products span, of which the path's directions are a basis.
 *
 * With a preconditioner M the length of a step is |s|_M = sqrt (s.M s); only M^-1 is ever applied.
 */
#ifndef WENGERT_OPTIM_STEIHAUG_H
#define WENGERT_OPTIM_STEIHAUG_H

#include <wengert/deriv.h>

#include "optim/precondition.h"

enum { WGI_PATH = 12 };         /* segments of a path that are kept, at most */

/* z[n] = M^-1 r, M symmetric and positive definite; 0, or anything else for "leave it out". */
typedef int wgi_preconditioner (void *ctx, const double r[], double z[]);

typedef struct {
  size_t n, keep;               /* keep: segments that fit in kept, at least 1 */
  int krylov;                   /* at the boundary: the best of the Krylov space (GLTR)? */
  size_t further;               /* products to spend there at most, after the path has met the boundary */
  wgi_preconditioner *precondition;     /* NULL: none */
  void *ctx;
  wgi_cg_pairs *pairs;          /* takes the directions and their products; NULL: nobody */
  double *s, *r, *d, *hd;       /* n each: the step; residual/|g|, direction, H d: scratch between calls */
  double *kept;                 /* keep + 1 preconditioned residuals of n; the last one is scratch */
  double rho[WGI_PATH + 1], kappa[WGI_PATH];    /* r.M^-1 r where segment j starts; the curvature of its direction */
  size_t segments;              /* of the path kept */
  int whole;                    /* is that all of the path? */
  double radius;                /* that the path was found with */
  double scale;                 /* |g| */
  double ss, sd, dd;            /* products in the norm of M, of s and d */
  double step_norm, slope, predicted;           /* |s|_M, g.s, and the model's decrease */
  int boundary, curvature;      /* does s end on the boundary; was there a direction of no positive curvature? */
  size_t cg;                    /* CG steps, and products, of the last call */
} wgi_path;

/* Largest magnitude; NaN if there is one.  2-norm without overflow or underflow. */
double wgi_norm_max (size_t n, const double a[]);
double wgi_norm (size_t n, const double a[]);
double wgi_dot (size_t n, const double a[], const double b[]);

/* Find s for the function f at x[n] (NULL: its last point), gradient g[n].  Ends when the residual is at most forcing
 * |g|, in the norm of M^-1, on the boundary, or after limit products.  radius 0: 10 steps of steepest descent, as long as
 * the curvature along M^-1 g makes them, but at most radius_max.  WG_OK or an error of wg_hvp. */
int wgi_path_find (wgi_path *p, wg_fun *f, const double x[], const double g[], double radius, double radius_max,
                   double forcing, size_t limit);

/* The same path up to a smaller radius.  0: not kept that far, s is unknown now. */
int wgi_path_cut (wgi_path *p, const double g[], double radius);

#endif
