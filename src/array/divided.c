/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * A divided difference is the quotient of two lower ones, which loses as many digits as the spread of the points is small, or
 *   f[t_0 .. t_l] = sum_j f^(l+j)(m)/(l+j)! h_j (t_0 - m, .., t_l - m),   h_j the complete homogeneous symmetric polynomials,
 * which converges when it is small.  Each is taken with a bound of its error, and the better one stays.
 */
#include "array/divided.h"

#include <float.h>
#include <math.h>

typedef struct { double value, error; } estimate;

static estimate quotient (estimate high, estimate low, double spread)
{
  const double v = (high.value - low.value)/spread;
  return (estimate){ v, (high.error + low.error)/spread + DBL_EPSILON*fabs (v) };
}

/* The series for points t[0 .. l], of so many terms at most; its error is that of rounding and the first term left out, in the
 * worst case. */
static estimate series (const wgi_smooth *f, int l, const double t[], int terms)
{
  double c[WGI_TAYLOR], h[WGI_TAYLOR], m = 0, half = 0, sum = 0, size = 0, power = 1;
  for (int i = 0; i <= l; i++) m += t[i]/(l + 1);
  if (t[0] == t[l]) m = t[0];
  for (int i = 0; i <= l; i++) half = fmax (half, fabs (t[i] - m));
  const int wanted = half == 0 ? l + 1 : l + terms < WGI_TAYLOR ? l + terms : WGI_TAYLOR, have = f->taylor (f, m, wanted, c);
  if (have <= l) return (estimate){ NAN, INFINITY };
  for (int j = 0; j < have - l; j++) h[j] = j == 0;
  for (int i = 0; i <= l && half > 0; i++)
    for (int j = 1; j < have - l; j++) h[j] += (t[i] - m)*h[j-1];
  double bound = fabs (c[l]), last = bound;
  for (int j = 0; j < have - l; j++)
    {
      last = bound, bound = fabs (c[l+j])*power;
      sum += c[l+j]*h[j], size += fabs (c[l+j]*h[j]);
      if (half == 0 || (j && bound + last <= 0.25*DBL_EPSILON*size)) return (estimate){ sum, DBL_EPSILON*size };
      power *= half*(l + j + 1)/(j + 1);
    }
  return (estimate){ sum, bound*half/(fabs (m) + 1) + last*half*half + DBL_EPSILON*size };
}

double wgi_divided (const wgi_smooth *f, int k, const double t[])
{
  estimate d[WGI_POINTS];
  for (int i = 0; i <= k; i++) f->taylor (f, t[i], 1, &d[i].value), d[i].error = DBL_EPSILON*fabs (d[i].value);
  for (int l = 1; l <= k; l++)
    for (int i = 0; i + l <= k; i++)
      {
        const double spread = t[i+l] - t[i];
        const estimate q = spread > 0 ? quotient (d[i+1], d[i], spread) : (estimate){ NAN, INFINITY };
        if (q.error <= 8*DBL_EPSILON*fabs (q.value)) { d[i] = q; continue; }
        estimate s = series (f, l, t + i, 14);
        if (!(s.error <= 8*DBL_EPSILON*fabs (s.value))) s = series (f, l, t + i, WGI_TAYLOR);
        d[i] = q.error <= s.error || isnan (s.value) ? q : s;
      }
  return d[0].value;
}
