/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The outer iteration of the trust-region methods.  They differ in how they minimize the quadratic model of f within the
 * radius: a wgi_model knows that.
 */
#ifndef WENGERT_OPTIM_TRUST_REGION_H
#define WENGERT_OPTIM_TRUST_REGION_H

#include "optim/minimizer.h"

typedef struct wgi_model {
  /* The step from s->x within *radius: step, boundary, and the search's step_norm, slope, predicted, products and
   * curvature.  known: the last call was at the same x with a larger radius.  *radius 0: choose the first one, at
   * most radius_max.  Counts products; leaves the handle at x.  May set a reason to stop.  WG_OK or an error. */
  int (*propose) (struct wgi_model *, wgi_search *, int known, double *radius);
  double *step;                 /* n */
  int boundary;                 /* was it the radius that ended the step? */
} wgi_model;

/* Search with steps from the model until there is a reason to stop, or an error. */
int wgi_trust_region (wgi_search *, wgi_model *);

#endif
