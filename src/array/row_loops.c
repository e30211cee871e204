/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * One loop per row, made from the rule table, with forms of their own for operands next to each other and for single ones.
 * Compilers are asked for vectors here: cheap rows, above all choices, which branches get wrong half of the time, are several times
 * faster.  Values have the same bits; only the flags of floating-point exceptions are not kept as they would be.
 */
#if defined __GNUC__ && !defined __clang__
# pragma GCC optimize ("O3", "no-trapping-math")
#endif
#include <wengert/leaf.h>

#include "array/row_loops.h"
#include "sweep/numbers.h"

static double pull (double t, double p) { return wgi_asleep (t) ? t : t*p + 0.; }
static double pull_over (double t, double d) { return wgi_asleep (t) ? t : t/d + 0.; }
#define wg_double_pull pull
#define wg_double_pull_over pull_over

#define ARGUMENTS                                                                                          \
  size_t n, const double *a, ptrdiff_t sa, const double *b, ptrdiff_t sb, const double *c, ptrdiff_t sc, int k, double *restrict y
#define UNUSED (void) sa, (void) b, (void) sb, (void) c, (void) sc, (void) k
#define STRIDE(i, s) ((ptrdiff_t) (i)*(s))
#define ALL(e) for (size_t i = 0; i < n; i++) y[i] = (e);

#define LOOP1(name, ...)                                                                                   \
  static void loop_##name (ARGUMENTS)                                                                      \
  {                                                                                                        \
    UNUSED;                                                                                                \
    if (sa == 1) ALL (wg_double_##name (a[i] __VA_ARGS__))                                                 \
    else ALL (wg_double_##name (a[STRIDE (i, sa)] __VA_ARGS__))                                            \
  }
#define LOOP2(name, ...)                                                                                   \
  static void loop_##name (ARGUMENTS)                                                                      \
  {                                                                                                        \
    UNUSED;                                                                                                \
    if (sa == 1 && sb == 1) ALL (wg_double_##name (a[i], b[i] __VA_ARGS__))                                \
    else if (sa == 1 && sb == 0) { const double b0 = *b; ALL (wg_double_##name (a[i], b0 __VA_ARGS__)) }   \
    else if (sa == 0 && sb == 1) { const double a0 = *a; ALL (wg_double_##name (a0, b[i] __VA_ARGS__)) }   \
    else ALL (wg_double_##name (a[STRIDE (i, sa)], b[STRIDE (i, sb)] __VA_ARGS__))                         \
  }
#define LOOP3(name)                                                                                        \
  static void loop_##name (ARGUMENTS)                                                                      \
  {                                                                                                        \
    UNUSED;                                                                                                \
    if (sa == 1 && sb == 1 && sc == 1) ALL (wg_double_##name (a[i], b[i], c[i]))                           \
    else if (sa == 1 && sb == 1 && sc == 0) { const double c0 = *c; ALL (wg_double_##name (a[i], b[i], c0)) } \
    else ALL (wg_double_##name (a[STRIDE (i, sa)], b[STRIDE (i, sb)], c[STRIDE (i, sc)]))                  \
  }
#define ROW1(name, ma)         LOOP1 (name, )
#define ROW1K(name, ma)        LOOP1 (name, , k)
#define ROW2(name, ma, mb)     LOOP2 (name, )
#define ROW2K(name, ma, mb)    LOOP2 (name, , k)
#define ROW1C(name, ma)        LOOP2 (name, , k)
#define ROW3(name, ma, mb, mc) LOOP3 (name)
#define FLAT1(name)            LOOP1 (name, )
#define FLAT2(name)            LOOP2 (name, )
#include <wengert/rules.def>
LOOP2 (pull, )
LOOP2 (pull_over, )
#undef ROW1
#undef ROW1K
#undef ROW1C
#undef ROW2
#undef ROW2K
#undef ROW3
#undef FLAT1
#undef FLAT2

#define ROW1(name, ma)         [WGI_ROW_##name] = loop_##name,
#define ROW1K ROW1
#define ROW1C ROW1
#define ROW2(name, ma, mb)     ROW1 (name, ma)
#define ROW2K ROW2
#define ROW3(name, ma, mb, mc) ROW1 (name, ma)
#define FLAT1(name)            ROW1 (name, )
#define FLAT2(name)            ROW1 (name, )
wgi_row_loop *const wgi_row_loops[WGI_ALL_ROWS] = {
#include <wengert/rules.def>
  [WGI_ROW_PULL] = loop_pull, [WGI_ROW_PULL_OVER] = loop_pull_over,
};

const char *wgi_row_name (int row)
{
  return row < WGI_ROWS ? wgi_rows[row].name : row == WGI_ROW_PULL ? "pull" : "pull_over";
}
