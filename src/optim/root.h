/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * What the parts of wg_root share.  A root is a fit without residual: the searches of wg_least_squares do the
 * dense case, and the Krylov case where Newton's direction is of no use.
 */
#ifndef WENGERT_OPTIM_ROOT_H
#define WENGERT_OPTIM_ROOT_H

#include <wengert/root.h>

#include "optim/least_squares.h"

/* Newton-GMRES from x0[n]; where its steps do not help, Gauss-Newton-CG from there.  The fit has weights and
 * room.  WG_OK with a reason in t->result; WG_NONFINITE at the start; an error. */
int wgi_root_krylov (wgi_fit *t, const double x0[], size_t subspace);

/* Is this what wg_root takes for options when there are n equations?  WG_OK, WG_EINVAL. */
int wgi_root_options (size_t n, const wg_root_options *options);

#endif
