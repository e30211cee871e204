/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Sweeps over WGI_WIDE directions at once, partials computed once for all: tangents forward, Hessian-vector products in
 * reverse (one adjoint, WGI_WIDE tangents of it), and rows of the Jacobian in reverse (WGI_WIDE adjoints).
 * Compiled once per instruction set, WGI_ISA being its name.
 */
#include "number/wide.h"
#include "sweep/numbers.h"

#ifndef WGI_ISA
# define WGI_ISA baseline
#endif
#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_ (a, b)

_Static_assert (WGI_WIDE == WGI_DIRECTIONS, "the frame and the number agree");

static inline wgi_lanes *lanes (wgi_frame *frame, int which) { return (wgi_lanes *) frame->wide[which]; }

static inline wgi_lanes rest (void) { return wgi_lanes_of (-0.); }

static inline wgi_lanes take (wgi_lanes *adjoint)
{
  const wgi_lanes t = *adjoint;
  *adjoint = rest ();
  return t;
}

/* tangents, the values being there */

#define NAME tangent
#define LINKAGE static
#define NUM wgi_wide
#define OPEN_PLANES       const double *const v = frame->plane[WGI_VALUE]; wgi_lanes *const d = lanes (frame, WGI_WIDE_TANGENT);
#define GET(w, active)    wgi_wide_make (v[w], active ? d[w] : (wgi_lanes){ 0 })
#define PUT(e)            d[out] = e
#define PUT_FLAT(e)       d[out] = (wgi_lanes){ 0 }
#define EVALF1(row)
#define EVALF2(row)
#define CALL              wgi_call_tangent_wide (frame, word, out)
#define EVAL1(row)        wgi_wide_dot_##row (a.v, v[out], a.d)
#define EVAL1K(row)       wgi_wide_dot_##row (a.v, k, v[out], a.d)
#define EVAL1C(row)       wgi_wide_dot_##row (a.v, c, k, v[out], a.d)
#define EVAL2(row)        wgi_wide_dot_##row (a.v, b.v, v[out], a.d, b.d)
#define EVAL2K(row)       wgi_wide_dot_##row (a.v, b.v, k, v[out], a.d, b.d)
#define EVAL3(row)        wgi_wide_dot_##row (a.v, b.v, c.v, v[out], a.d, b.d, c.d)
#define NO_GUARDS
#include "sweep/forward.inc"

/* Reverse sweeps meet slots in falling order, which is not foreseen well where planes exceed the cache. */
enum { SLOTS_AHEAD = 40 };

static inline void fetch (const wgi_lanes plane[], size_t out)
{
  __builtin_prefetch (plane + (out > SLOTS_AHEAD ? out - SLOTS_AHEAD : 0), 1);
}

/* one adjoint and its tangents */

#define NAME reverse_dual
#define LINKAGE static
#define NUM wgi_wide
#define N(op)             wgi_wide_##op
#define OPEN_PLANES                                                                                         \
  const double *const v = frame->plane[WGI_VALUE]; double *const adjoint = frame->plane[WGI_ADJOINT];       \
  const wgi_lanes *const d = lanes (frame, WGI_WIDE_TANGENT); wgi_lanes *const adjoint_d = lanes (frame, WGI_WIDE_ADJOINT);
#define GET(w, active)    wgi_wide_make (v[w], active ? d[w] : (wgi_lanes){ 0 })
#define RESULT            wgi_wide_make (v[out], d[out])
#define TAKE              wgi_wide_make (wgi_take (adjoint + out), take (adjoint_d + out))
#define ASLEEP(t)         wgi_asleep (t.v)
#define ADD_TO(w, e)      { const wgi_wide e_ = e; adjoint[w] += e_.v; adjoint_d[w] += e_.d; }
#define AWAKE(e)          wgi_wide_shift (0., e)
#define AHEAD(out)        (fetch (d, out), fetch (adjoint_d, out))
#define CALL              wgi_call_reverse_dual_wide (frame, word, out)
#include "sweep/reverse.inc"

/* many adjoints: a lane at rest stays so, whatever the partial */

static inline wgi_lanes awake (wgi_lanes t, wgi_lanes e)
{
  const wgi_lane_bits asleep = (wgi_lane_bits) t == (wgi_lane_bits) rest ();
  return (wgi_lanes) (((wgi_lane_bits) (e + 0.) & ~asleep) | ((wgi_lane_bits) rest () & asleep));
}

static inline int all_asleep (wgi_lanes t)
{
  const wgi_lane_bits differs = (wgi_lane_bits) t ^ (wgi_lane_bits) rest ();
  int64_t any = 0;
  for (int j = 0; j < WGI_WIDE; j++) any |= differs[j];
  return any == 0;
}

#define NAME reverse
#define LINKAGE static
#define NUM double
#define ADJOINT wgi_lanes
#define N(op)             wg_double_##op
#define MAP(op)           MAP_##op
#define MAP_neg(t)        (-(t))
#define MAP_mul(p, t)     ((p)*(t))
#define MAP_div(t, q)     ((t)/(q))
#define MAP_scale(c, t)   ((c)*(t))
#define OPEN_PLANES       const double *const v = frame->plane[WGI_VALUE]; wgi_lanes *const adjoint = lanes (frame, WGI_WIDE_ADJOINT);
#define GET(w, active)    v[w]
#define RESULT            v[out]
#define TAKE              take (adjoint + out)
#define ASLEEP(t)         all_asleep (t)
#define ADD_TO(w, e)      adjoint[w] += e
#define AWAKE(e)          awake (t, e)
#define AHEAD(out)        fetch (adjoint, out)
#define CALL              wgi_call_reverse_wide (frame, word, out)
#include "sweep/reverse.inc"

#define NAMED_(isa) #isa
#define NAMED(isa) NAMED_ (isa)

const wgi_wide_sweeps PASTE (wgi_wide_, WGI_ISA) = { NAMED (WGI_ISA), tangent, reverse_dual, reverse };
