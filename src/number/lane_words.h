/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The tests of rules.def over lanes, as masks, for who has defined PRIMAL (the lane that is looked at) and WHERE.
 * Between words_begin.h and words_end.h, as often as needed: no guard.
 */
#define UNLESS(test, map) WHERE (wgi_lane_not (test), map)
#define NONZERO(p)        wgi_lane_ne (PRIMAL (p), wgi_lane_zero ())
#define POSITIVE(p)       wgi_lane_lt (wgi_lane_zero (), PRIMAL (p))
#define LESS(p, q)        wgi_lane_lt (PRIMAL (p), PRIMAL (q))
#define ABOVE(p, q, r)    wgi_lane_and (wgi_lane_not (LESS (p, q)), wgi_lane_lt (PRIMAL (r), PRIMAL (p)))
#define OUTSIDE(p, q, r)  wgi_lane_or (LESS (p, q), wgi_lane_lt (PRIMAL (r), PRIMAL (p)))
#define IS_MAX(p, q)      wgi_lane_is_max (PRIMAL (p), PRIMAL (q))
#define IS_MIN(p, q)      wgi_lane_is_min (PRIMAL (p), PRIMAL (q))
