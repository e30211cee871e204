/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Sweeps over duals of duals: second directional derivatives forward, third derivatives in reverse.
 */
#include "number/dual2.h"
#include "sweep/numbers.h"

/* The number in slot w of the planes from first on. */
static inline wgi_dual2 at (double *const plane[], int first, size_t w)
{
  return wgi_dual2_make (wg_dual_make (plane[first][w], plane[first + WGI_D1][w]),
                         wg_dual_make (plane[first + WGI_D2][w], plane[first + WGI_D1 + WGI_D2][w]));
}

static inline wgi_dual2 lifted (double v)
{
  return wgi_dual2_make (wg_dual_make (v, 0), wg_dual_zero ());
}

static inline void put (double *const plane[], int first, size_t w, wgi_dual2 y)
{
  plane[first][w] = y.v.v, plane[first + WGI_D1][w] = y.v.d;
  plane[first + WGI_D2][w] = y.d.v, plane[first + WGI_D1 + WGI_D2][w] = y.d.d;
}

static inline wgi_dual2 take (double *const plane[], size_t w)
{
  const wgi_dual2 t = at (plane, WGI_ADJOINT, w);
  put (plane, WGI_ADJOINT, w, wgi_dual2_make (wg_dual_make (-0., -0.), wg_dual_make (-0., -0.)));
  return t;
}

#define NAME wgi_forward_dual2
#define CALL              wgi_call_forward (frame, (WGI_D1 | WGI_D2), word, out)
#define NUM wgi_dual2
#define OPEN_PLANES
#define GET(w, active)    (active ? at (frame->plane, WGI_VALUE, w) : lifted (frame->plane[WGI_VALUE][w]))
#define PUT(e)            put (frame->plane, WGI_VALUE, out, e)
#define PUT_FLAT(e)       put (frame->plane, WGI_VALUE, out, lifted (e))
#define EVALF1(row)       wg_double_##row (REAL (word[0]))
#define EVALF2(row)       wg_double_##row (REAL (word[0]), REAL (word[1]))
#define EVAL1(row)        wgi_dual2_##row (a)
#define EVAL1K(row)       wgi_dual2_##row (a, k)
#define EVAL1C(row)       wgi_dual2_##row (a, c, k)
#define EVAL2(row)        wgi_dual2_##row (a, b)
#define EVAL2K(row)       wgi_dual2_##row (a, b, k)
#define EVAL3(row)        wgi_dual2_##row (a, b, c)
#include "sweep/forward.inc"

#define NAME wgi_reverse_dual2
#define CALL              wgi_call_reverse (frame, (WGI_D1 | WGI_D2), word, out, 0)
#define NUM wgi_dual2
#define N(op)             wgi_dual2_##op
#define OPEN_PLANES
#define GET(w, active)    (active ? at (frame->plane, WGI_VALUE, w) : lifted (frame->plane[WGI_VALUE][w]))
#define RESULT            at (frame->plane, WGI_VALUE, out)
#define TAKE              take (frame->plane, out)
#define ASLEEP(t)         wgi_asleep (t.v.v)
#define ADD_TO(w, e)      put (frame->plane, WGI_ADJOINT, w, wgi_dual2_add (at (frame->plane, WGI_ADJOINT, w), e))
#define AWAKE(e)          wgi_dual2_shift (0., e)
#include "sweep/reverse.inc"
