/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Sweeps over dual numbers: Jacobian-vector products forward, Hessian-vector products in reverse (the
 * R-operator).  wgi_tangent_double is the forward sweep's second half alone, for a point whose values are there.
 */
#include <wengert/dual.h>

#include "sweep/numbers.h"

#define LIFTED(w, active) wg_dual_make (v[w], active ? d[w] : 0)

#define NAME wgi_forward_dual
#define CALL              wgi_call_forward (frame, WGI_D1, word, out)
#define NUM wg_dual
#define OPEN_PLANES       double *const v = frame->plane[WGI_VALUE], *const d = frame->plane[WGI_D1];
#define GET(w, active)    LIFTED (w, active)
#define PUT(e)            const wg_dual r = e; v[out] = r.v; d[out] = r.d
#define PUT_FLAT(e)       v[out] = e; d[out] = 0
#define EVALF1(row)       wg_double_##row (REAL (word[0]))
#define EVALF2(row)       wg_double_##row (REAL (word[0]), REAL (word[1]))
#define EVAL1(row)        wg_dual_##row (a)
#define EVAL1K(row)       wg_dual_##row (a, k)
#define EVAL1C(row)       wg_dual_##row (a, c, k)
#define EVAL2(row)        wg_dual_##row (a, b)
#define EVAL2K(row)       wg_dual_##row (a, b, k)
#define EVAL3(row)        wg_dual_##row (a, b, c)
#include "sweep/forward.inc"

#define NAME wgi_tangent_double
#define CALL              wgi_call_tangent (frame, word, out)
#define NUM wg_dual
#define OPEN_PLANES       const double *const v = frame->plane[WGI_VALUE]; double *const d = frame->plane[WGI_D1];
#define GET(w, active)    LIFTED (w, active)
#define PUT(e)            d[out] = e
#define PUT_FLAT(e)       d[out] = 0
#define EVALF1(row)       wg_double_##row (REAL (word[0]))
#define EVALF2(row)       wg_double_##row (REAL (word[0]), REAL (word[1]))
#define EVAL1(row)        wg_dual_dot_##row (a.v, v[out], a.d)
#define EVAL1K(row)       wg_dual_dot_##row (a.v, k, v[out], a.d)
#define EVAL1C(row)       wg_dual_dot_##row (a.v, c, k, v[out], a.d)
#define EVAL2(row)        wg_dual_dot_##row (a.v, b.v, v[out], a.d, b.d)
#define EVAL2K(row)       wg_dual_dot_##row (a.v, b.v, k, v[out], a.d, b.d)
#define EVAL3(row)        wg_dual_dot_##row (a.v, b.v, c.v, v[out], a.d, b.d, c.d)
#define NO_GUARDS
#include "sweep/forward.inc"

#define NAME wgi_reverse_dual
#define CALL              wgi_call_reverse (frame, WGI_D1, word, out, 0)
#define NUM wg_dual
#define N(op)             wg_dual_##op
#define OPEN_PLANES \
  const double *const v = frame->plane[WGI_VALUE], *const d = frame->plane[WGI_D1]; \
  double *const adjoint = frame->plane[WGI_ADJOINT], *const adjoint_d = frame->plane[WGI_ADJOINT + WGI_D1];
#define GET(w, active)    LIFTED (w, active)
#define RESULT            wg_dual_make (v[out], d[out])
#define TAKE              wg_dual_make (wgi_take (adjoint + out), wgi_take (adjoint_d + out))
#define ASLEEP(t)         wgi_asleep (t.v)
#define ADD_TO(w, e)      { const wg_dual e_ = e; adjoint[w] += e_.v; adjoint_d[w] += e_.d; }
#define AWAKE(e)          wg_dual_shift (0., e)
#include "sweep/reverse.inc"
