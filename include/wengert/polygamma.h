/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The polygamma functions psi^(k) (x), k = 0, 1, 2 ..., on libm alone.  For x > 0 every sum below has
 * terms of one sign, so that nothing cancels and the relative error stays within 4 ulp for k <= 6, near the
 * root of digamma too.  For x < 0 the error is a few ulp of the largest term of the reflection formula.
 * Formulas: DLMF (Digital Library of Mathematical Functions) 5.5, 5.11, 5.15, 25.11.
 */
#ifndef WENGERT_POLYGAMMA_H
#define WENGERT_POLYGAMMA_H

#include <math.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WGI_BERNOULLIS 12

/* The Bernoulli number B_2j, j = 1 ... WGI_BERNOULLIS. */
static inline double wgi_bernoulli (int j)
{
  static const double b[WGI_BERNOULLIS] =
    { 1./6, -1./30, 1./42, -1./30, 5./66, -691./2730, 7./6, -3617./510, 43867./798, -174611./330,
      854513./138, -236364091./2730 };
  return b[j - 1];
}

/* digamma (x), x > 0.  From x = 10 on by 5.11.2,
 *   psi (x) = ln x - 1/(2x) - q (1/x^2),   q (u) = sum_j B_2j/(2j) u^j.
 * Below, the recurrence 5.5.2 and 5.11.2 at X = x + 10 and at R = r + 10, r the root, are subtracted:
 *   psi (x) = psi (x) - psi (r) = d sum_{i<10} 1/((x+i) (r+i)) + ln (1 + d/R) + d/(2 X R) - (q (u) - q (v))
 * with d = x - r, u = 1/X^2, v = 1/R^2; q (u) - q (v) = (u - v) q[u, v] by synthetic division. */
static inline double wgi_digamma (double x)
{
  const double r = 1.4616321449683622, r_low = 9.549995429965697e-17;
  if (x >= 10)
    {
      double q = 0;
      for (int j = WGI_BERNOULLIS; j > 0; j--)
        q = (q + wgi_bernoulli (j)/(2*j))/x/x;
      return log (x) - (.5/x + q);
    }
  double d = (x - r) - r_low, X = x + 10, R = r + 10, u = 1/(X*X), v = 1/(R*R), q = 0, slope = 0, sum = 0;
  for (int j = WGI_BERNOULLIS; j > 0; j--)
    {
      slope = slope*u + q;
      q = q*v + wgi_bernoulli (j)/(2*j);
    }
  slope = slope*u + q;                                     /* q[u, v]; u - v = -d (X + R) u v */
  for (int i = 9; i >= 0; i--)
    sum += d/(r + i)/(x + i);
  return sum + (log1p (d/R) + d*(.5/(X*R) + (X + R)*u*v*slope));
}

/* x^s zeta (s, x), x > 0, s >= 2, by the sum of Euler and Maclaurin (25.11.5) at X = x + n >= s + 11:
 *   sum_{i<n} (x/(x+i))^s + (x/X)^s (X/(s-1) + 1/2 + sum_j B_2j/(2j)! s (s+1) ... (s+2j-2) X^(1-2j)).
 * The rounding error of a ratio would count s times; it is known, and taken out to first order. */
static inline double wgi_hurwitz (double x, double s)
{
  double sum = 0, low = 0, X = x, p = 1;
  for (int i = 1; X < s + 11; i++)
    {
      double t = sum + p;                                  /* Neumaier's compensated sum */
      low += sum >= p ? (sum - t) + p : (p - t) + sum;
      sum = t;
      X = x + i;
      double b = X - x, e = (x - (X - b)) + (i - b), q = x/X, rest = fma (-q, X, x) - q*e;
      p = (s == 2 ? q*q : pow (q, s))*(1 + s*(rest/x));    /* what a compiler makes of a constant s = 2, for any */
      if (p < 1e-18*sum)
        return sum + low;
    }
  double tail = .5, t = .5*s/X;
  for (int j = 1; j <= WGI_BERNOULLIS; j++)
    {
      double m = s + 2*j;
      tail += wgi_bernoulli (j)*t;
      t *= (m - 1)/X*(m/X)/((2*j + 1)*(2*j + 2));
    }
  return sum + (low + p*(X/(s - 1) + tail));
}

/* psi^(k) (x), x > 0, k >= 1, is (-1)^(k+1) k! zeta (k+1, x) (5.15.1, 25.11.12); exponents are kept apart,
 * so that only the result may overflow or underflow.  Past k = 170 k! comes from Stirling's series (5.11.1). */
static inline double wgi_polygamma_positive (double x, int k)
{
  double sign = k % 2 ? 1 : -1, s = k + 1., f = 1, low = 0, h;
  int ef, eh, ex;
  if (x > 1.7976931348623157e308)
    return sign*0;
  h = wgi_hurwitz (x, s);
  if (k > 170)
    return sign*exp (k*(log (k/x) - 1) + .5*log (6.283185307179586*k) + 1/(12.*k) - 1/(360.*k*k*k) + log (h/x));
  for (int j = 2; j <= k; j++)
    {
      double t = f*j;
      low = low*j + fma (f, j, -t);
      f = t;
    }
  f = frexp (f + low, &ef);
  h = frexp (h, &eh);
  x = frexp (x, &ex);
  return sign*ldexp (f*h*pow (x, -s), ef + eh - (k + 1)*ex);
}

/* psi^(k) (x); NaN at x = 0, -1, -2 ..., at -inf and for k < 0.  For x < 0 the reflection formula (5.15.6)
 *   psi^(k) (x) = (-1)^k psi^(k) (1 - x) - c (x),   c (x) = pi d^k/dx^k cot (pi x),
 * where c has period 1 and parity (-1)^(k+1) and follows from the same formula at the distance to the nearest
 * integer. */
static inline double wgi_polygamma (double x, int k)
{
  if (k < 0 || x != x || (x <= 0 && x == floor (x)))
    return NAN;
  if (x > 0)
    return k == 0 ? wgi_digamma (x) : wgi_polygamma_positive (x, k);
  double r = x - rint (x), d = fabs (r), even = k % 2 ? -1 : 1, pole = wgi_polygamma (d, k);
  double c = fabs (pole) < HUGE_VAL ? even*wgi_polygamma (1 - d, k) - pole : -pole;
  if (r < 0)
    c *= -even;
  return fabs (c) < HUGE_VAL ? even*wgi_polygamma (1 - x, k) - c : -c;
}

#ifdef __cplusplus
}
#endif
#endif
