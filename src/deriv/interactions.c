/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The rule table, evaluated over one more kind of number: the set of operands that an expression depends on, as a mask.
 * The partial for operand i depends on operand j: then i and j interact.
 */
#include <wengert/leaf.h>

#include "deriv/interactions.h"

#define ANY __attribute__ ((unused)) static inline unsigned
#define ROW1(name, ma)         ANY on_##name (unsigned a) { return a; }
#define ROW1K(name, ma)        ANY on_##name (unsigned a, int k) { return (void) k, a; }
#define ROW1C(name, ma)        ANY on_##name (unsigned a, double c, int k) { return (void) c, (void) k, a; }
#define ROW2(name, ma, mb)     ANY on_##name (unsigned a, unsigned b) { return a | b; }
#define ROW2K(name, ma, mb)    ANY on_##name (unsigned a, unsigned b, int k) { return (void) k, a | b; }
#define ROW3(name, ma, mb, mc) ANY on_##name (unsigned a, unsigned b, unsigned c) { return a | b | c; }
#define FLAT1(name)            ANY on_##name (unsigned a) { return (void) a, 0; }
#define FLAT2(name)            ANY on_##name (unsigned a, unsigned b) { return (void) a, (void) b, 0; }
#include <wengert/rules.def>
ANY on_scale (double c, unsigned x) { return (void) c, x; }
ANY on_shift (double c, unsigned x) { return (void) c, x; }
#undef ROW1
#undef ROW1K
#undef ROW1C
#undef ROW2
#undef ROW2K
#undef ROW3
#undef FLAT1
#undef FLAT2

#define N(op) on_##op
#define SAME 0
#define FLIP 0
#define VIA(p) (p)
#define FLIP_VIA(p) (p)
#define OVER(q) (q)
#define SCALE_OVER(r, q) (q)
#define WHERE(test, map) map
#define UNLESS(test, map) map
#define WHEN(test, map) map
#define NONE 0

typedef struct { uint8_t on[3]; } partials;           /* what the partial of each operand depends on */

static partials partials_of (enum wgi_row row)
{
  const unsigned a = 1, b = 2, c_ = 4;
  const int k = 2;
  (void) b, (void) c_, (void) k;
  switch (row)
    {
#define Y(mask) const unsigned y = mask; (void) y;
#define ROW1(name, ma)         case WGI_ROW_##name: { Y (1) return (partials){{ (uint8_t) (ma) }}; }
#define ROW1K ROW1
#define ROW1C(name, ma)        case WGI_ROW_##name: { Y (1) const double c = .5; (void) c; return (partials){{ (uint8_t) (ma) }}; }
#define ROW2(name, ma, mb)     case WGI_ROW_##name: { Y (3) return (partials){{ (uint8_t) (ma), (uint8_t) (mb) }}; }
#define ROW2K ROW2
#define ROW3(name, ma, mb, mc) \
  case WGI_ROW_##name: { Y (7) const unsigned c = c_; (void) c; return (partials){{ (uint8_t) (ma), (uint8_t) (mb), (uint8_t) (mc) }}; }
#define FLAT1(name)            case WGI_ROW_##name: break;
#define FLAT2 FLAT1
#include <wengert/rules.def>
    default: break;
    }
  return (partials){{ 0 }};
}

void wgi_find_interactions (wgi_interactions *z)
{
  for (int row = 0; row < WGI_ROWS; row++)
    {
      const partials p = partials_of ((enum wgi_row) row);
      z->pair[row] = 0;
      for (int i = 0; i < 3; i++)
        for (int j = i; j < 3; j++)
          if ((p.on[i] >> j | p.on[j] >> i) & 1) z->pair[row] |= (uint16_t) (1u << (3*i + j));
    }
}

unsigned wgi_curved (const wgi_interactions *z, enum wgi_row row, unsigned mask)
{
  unsigned found = 0;
  for (int i = 0; i < 3; i++)
    for (int j = i; j < 3; j++)
      if (z->pair[row] >> (3*i + j) & 1 && mask >> i & 1 && mask >> j & 1) found |= 1u << i | 1u << j;
  return found;
}
