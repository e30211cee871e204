/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The tests of rules.def over variables, as masks, and its arithmetic.  What WHERE makes of a mask, who includes this says.
 * Between words_begin.h and words_end.h, as often as needed: no guard.
 */
#define N(op)             wg_var_##op
#define wg_var_scale(c, x) wg_var_mul (wg_num (c), x)
#define wg_var_shift(c, x) wg_var_add (wg_num (c), x)
#define INVERTED(mask)    wg_var_is_eq (mask, wg_num (0))
#define NONZERO(p)        wg_var_is_ne (p, wg_num (0))
#define POSITIVE(p)       wg_var_is_lt (wg_num (0), p)
#define LESS(p, q)        wg_var_is_lt (p, q)
#define ABOVE(p, q, r)    wg_var_mul (INVERTED (LESS (p, q)), wg_var_is_lt (r, p))
#define OUTSIDE(p, q, r)  wg_var_max (LESS (p, q), wg_var_is_lt (r, p))
#define IS_MAX(p, q)      wg_var_max (wg_var_is_le (q, p), wg_var_is_ne (p, p))
#define IS_MIN(p, q)      wg_var_max (wg_var_is_le (p, q), wg_var_is_ne (p, p))
#define UNLESS(test, map) WHERE (INVERTED (test), map)
#define WHEN(test, map)   { if (test) { map } }
#define NONE
