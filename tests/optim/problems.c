/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The test problems as models: sums of squares unless said otherwise.
 */
#include "optim/problems.h"

#include <math.h>

#include <wengert/generic.h>

#define UNUSED (void) n, (void) m, (void) ctx

static wg_var add_square (wg_var sum, wg_var r)
{
  return wg_add (sum, wg_sqr (r));
}

static void ones (size_t n, double x[])
{
  for (size_t i = 0; i < n; i++) x[i] = 1;
}

static void helical (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const double turn = 2*acos (-1.);
  const wg_var angle = wg_div (wg_atan (wg_div (x[1], x[0])), turn), theta = wg_add (angle, wg_lt (x[0], 0) ? .5 : 0);
  UNUSED;
  y[0] = wg_sqr (wg_mul (10, wg_sub (x[2], wg_mul (10, theta))));
  y[0] = add_square (y[0], wg_mul (10, wg_sub (wg_hypot (x[0], x[1]), 1)));
  y[0] = add_square (y[0], x[2]);
}

static void helical_start (size_t n, double x[])
{
  for (size_t i = 0; i < n; i++) x[i] = i ? 0 : -1;
}

static void biggs (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = wg_num (0);
  for (int i = 1; i <= 13; i++)
    {
      const double t = .1*i, data = exp (-t) - 5*exp (-10*t) + 3*exp (-4*t);
      const wg_var a = wg_mul (x[2], wg_exp (wg_mul (-t, x[0]))), b = wg_mul (x[3], wg_exp (wg_mul (-t, x[1]))),
                   c = wg_mul (x[5], wg_exp (wg_mul (-t, x[4])));
      y[0] = add_square (y[0], wg_sub (wg_add (wg_sub (a, b), c), data));
    }
}

static void biggs_start (size_t n, double x[])
{
  for (size_t i = 0; i < n; i++) x[i] = i == 1 ? 2 : 1;
}

static void gaussian (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  static const double data[15] = { .0009, .0044, .0175, .0540, .1295, .2420, .3521, .3989,
                                   .3521, .2420, .1295, .0540, .0175, .0044, .0009 };
  UNUSED;
  y[0] = wg_num (0);
  for (int i = 0; i < 15; i++)
    {
      const wg_var z = wg_mul (wg_mul (-.5, x[1]), wg_sqr (wg_sub ((7 - i)/2., x[2])));
      y[0] = add_square (y[0], wg_sub (wg_mul (x[0], wg_exp (z)), data[i]));
    }
}

static void gaussian_start (size_t n, double x[])
{
  for (size_t i = 0; i < n; i++) x[i] = i == 0 ? .4 : i == 1 ? 1 : 0;
}

static void powell_badly_scaled (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = wg_sqr (wg_sub (wg_mul (1e4, wg_mul (x[0], x[1])), 1));
  y[0] = add_square (y[0], wg_sub (wg_add (wg_exp (wg_neg (x[0])), wg_exp (wg_neg (x[1]))), 1.0001));
}

static void powell_badly_scaled_start (size_t n, double x[])
{
  for (size_t i = 0; i < n; i++) x[i] = (double) i;
}

static void box (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = wg_num (0);
  for (int i = 1; i <= 10; i++)
    {
      const double t = .1*i;
      const wg_var d = wg_sub (wg_exp (wg_mul (-t, x[0])), wg_exp (wg_mul (-t, x[1])));
      y[0] = add_square (y[0], wg_sub (d, wg_mul (exp (-t) - exp (-10*t), x[2])));
    }
}

static void box_start (size_t n, double x[])
{
  for (size_t i = 0; i < n; i++) x[i] = 10.*(double) i;
}

static void variably_dimensioned (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var s = wg_num (0);
  UNUSED;
  y[0] = wg_num (0);
  for (size_t i = 0; i < n; i++)
    {
      const wg_var d = wg_sub (x[i], 1);
      y[0] = add_square (y[0], d);
      s = wg_add (s, wg_mul ((double) (i + 1), d));
    }
  y[0] = add_square (add_square (y[0], s), wg_sqr (s));
}

static void variably_dimensioned_start (size_t n, double x[])
{
  for (size_t i = 0; i < n; i++) x[i] = 1 - (double) (i + 1)/(double) n;
}

static void watson (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = add_square (wg_sqr (x[0]), wg_sub (wg_sub (x[1], wg_sqr (x[0])), 1));
  for (int i = 1; i <= 29; i++)
    {
      const double t = i/29.;
      wg_var slope = wg_num (0), sum = wg_num (0);
      double power = 1;                             /* t^j */
      for (size_t j = 0; j < n; j++)
        {
          sum = wg_add (sum, wg_mul (power, x[j]));
          if (j) slope = wg_add (slope, wg_mul ((double) j*power/t, x[j]));
          power *= t;
        }
      y[0] = add_square (y[0], wg_sub (wg_sub (slope, wg_sqr (sum)), 1));
    }
}

static void zeros (size_t n, double x[])
{
  for (size_t i = 0; i < n; i++) x[i] = 0;
}

static void penalty1 (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var s = wg_num (-.25);
  UNUSED;
  y[0] = wg_num (0);
  for (size_t i = 0; i < n; i++)
    {
      y[0] = wg_add (y[0], wg_mul (1e-5, wg_sqr (wg_sub (x[i], 1))));
      s = wg_add (s, wg_sqr (x[i]));
    }
  y[0] = add_square (y[0], s);
}

static void penalty1_start (size_t n, double x[])
{
  for (size_t i = 0; i < n; i++) x[i] = (double) (i + 1);
}

static void penalty2 (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var s = wg_num (-1), sum = wg_num (0);
  UNUSED;
  for (size_t i = 0; i < n; i++) s = wg_add (s, wg_mul ((double) (n - i), wg_sqr (x[i])));
  for (size_t i = 1; i < n; i++)
    {
      const double data = exp ((double) (i + 1)/10) + exp ((double) i/10);
      const wg_var e = wg_exp (wg_div (x[i], 10));
      sum = add_square (sum, wg_sub (wg_add (e, wg_exp (wg_div (x[i-1], 10))), data));
      sum = add_square (sum, wg_sub (e, exp (-.1)));
    }
  y[0] = wg_add (add_square (wg_sqr (wg_sub (x[0], .2)), s), wg_mul (1e-5, sum));
}

static void penalty2_start (size_t n, double x[])
{
  for (size_t i = 0; i < n; i++) x[i] = .5;
}

static void brown_badly_scaled (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = add_square (wg_sqr (wg_sub (x[0], 1e6)), wg_sub (x[1], 2e-6));
  y[0] = add_square (y[0], wg_sub (wg_mul (x[0], x[1]), 2));
}

static void brown_dennis (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = wg_num (0);
  for (int i = 1; i <= 20; i++)
    {
      const double t = i/5.;
      const wg_var a = wg_sub (wg_add (x[0], wg_mul (t, x[1])), exp (t)),
                   b = wg_sub (wg_add (x[2], wg_mul (sin (t), x[3])), cos (t));
      y[0] = add_square (y[0], add_square (wg_sqr (a), b));
    }
}

static void brown_dennis_start (size_t n, double x[])
{
  static const double start[4] = { 25, 5, -5, -1 };
  for (size_t i = 0; i < n; i++) x[i] = start[i%4];
}

static void gulf (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = wg_num (0);
  for (int i = 1; i <= 99; i++)
    {
      const double t = i/100., data = 25 + cbrt (2500*log (t)*log (t));
      const wg_var z = wg_div (wg_pow (wg_abs (wg_sub (data, x[1])), x[2]), x[0]);
      y[0] = add_square (y[0], wg_sub (wg_exp (wg_neg (z)), t));
    }
}

static void gulf_start (size_t n, double x[])
{
  for (size_t i = 0; i < n; i++) x[i] = i == 0 ? 5 : i == 1 ? 2.5 : .15;
}

static void trigonometric (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var s = wg_num ((double) n);
  UNUSED;
  for (size_t i = 0; i < n; i++) s = wg_sub (s, wg_cos (x[i]));
  y[0] = wg_num (0);
  for (size_t i = 0; i < n; i++)
    {
      const wg_var r = wg_add (s, wg_mul ((double) (i + 1), wg_sub (1, wg_cos (x[i]))));
      y[0] = add_square (y[0], wg_sub (r, wg_sin (x[i])));
    }
}

static void trigonometric_start (size_t n, double x[])
{
  for (size_t i = 0; i < n; i++) x[i] = 1/(double) n;
}

static void rosenbrock (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = wg_num (0);
  for (size_t i = 0; i + 1 < n; i += 2)
    {
      y[0] = add_square (y[0], wg_mul (10, wg_sub (x[i+1], wg_sqr (x[i]))));
      y[0] = add_square (y[0], wg_sub (1, x[i]));
    }
}

static void rosenbrock_start (size_t n, double x[])
{
  for (size_t i = 0; i < n; i++) x[i] = i%2 ? 1 : -1.2;
}

static void powell_singular (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = wg_num (0);
  for (size_t i = 0; i + 3 < n; i += 4)
    {
      y[0] = add_square (y[0], wg_add (x[i], wg_mul (10, x[i+1])));
      y[0] = wg_add (y[0], wg_mul (5, wg_sqr (wg_sub (x[i+2], x[i+3]))));
      y[0] = add_square (y[0], wg_sqr (wg_sub (x[i+1], wg_mul (2, x[i+2]))));
      y[0] = wg_add (y[0], wg_mul (10, wg_sqr (wg_sqr (wg_sub (x[i], x[i+3])))));
    }
}

static void powell_singular_start (size_t n, double x[])
{
  static const double start[4] = { 3, -1, 0, 1 };
  for (size_t i = 0; i < n; i++) x[i] = start[i%4];
}

static void beale (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  static const double data[3] = { 1.5, 2.25, 2.625 };
  UNUSED;
  y[0] = wg_num (0);
  for (int i = 0; i < 3; i++)
    y[0] = add_square (y[0], wg_sub (data[i], wg_mul (x[0], wg_sub (1, wg_powi (x[1], i + 1)))));
}

static void wood (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = add_square (wg_sqr (wg_mul (10, wg_sub (x[1], wg_sqr (x[0])))), wg_sub (1, x[0]));
  y[0] = wg_add (y[0], wg_mul (90, wg_sqr (wg_sub (x[3], wg_sqr (x[2])))));
  y[0] = add_square (y[0], wg_sub (1, x[2]));
  y[0] = wg_add (y[0], wg_mul (10, wg_sqr (wg_sub (wg_add (x[1], x[3]), 2))));
  y[0] = wg_add (y[0], wg_mul (.1, wg_sqr (wg_sub (x[1], x[3]))));
}

static void wood_start (size_t n, double x[])
{
  for (size_t i = 0; i < n; i++) x[i] = i%2 ? -1 : -3;
}

static void chebyquad (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  enum { MOST = 16 };
  wg_var last[MOST], now[MOST];                     /* shifted Chebyshev polynomials i - 1 and i at x[j] */
  UNUSED;
  y[0] = wg_num (0);
  for (size_t i = 1; i <= n; i++)
    {
      wg_var mean = wg_num (0);
      for (size_t j = 0; j < n; j++)
        {
          const wg_var u = wg_sub (wg_mul (2, x[j]), 1), next = i == 1 ? u : wg_sub (wg_mul (wg_mul (2, u), now[j]), last[j]);
          last[j] = i == 1 ? wg_num (1) : now[j];
          now[j] = next;
          mean = wg_add (mean, wg_div (next, (double) n));
        }
      y[0] = add_square (y[0], wg_add (mean, i%2 ? 0 : 1/((double) (i*i) - 1)));
    }
}

static void chebyquad_start (size_t n, double x[])
{
  for (size_t i = 0; i < n; i++) x[i] = (double) (i + 1)/(double) (n + 1);
}

const problem mgh_problems[18] = {
  { "helical valley",       helical,              3,  helical_start,              { 0 }, 0 },
  { "Biggs EXP6",           biggs,                6,  biggs_start,                { 0, 5.65565e-3, .306366 }, 0 },
  { "Gaussian",             gaussian,             3,  gaussian_start,             { 1.12793e-8 }, 0 },
  { "Powell badly scaled",  powell_badly_scaled,  2,  powell_badly_scaled_start,  { 0 }, 0 },
  { "box",                  box,                  3,  box_start,                  { 0, 7.55887e-2 }, 0 },
  { "variably dimensioned", variably_dimensioned, 10, variably_dimensioned_start, { 0 }, 0 },
  { "Watson",               watson,               6,  zeros,                      { 2.28767e-3 }, 0 },
  { "penalty I",            penalty1,             4,  penalty1_start,             { 2.24997e-5 }, 0 },
  { "penalty II",           penalty2,             4,  penalty2_start,             { 9.37629e-6 }, 0 },
  { "Brown badly scaled",   brown_badly_scaled,   2,  ones,                       { 0 }, 0 },
  { "Brown and Dennis",     brown_dennis,         4,  brown_dennis_start,         { 85822.2 }, 0 },
  { "gulf",                 gulf,                 3,  gulf_start,                 { 0 }, 1 },
  { "trigonometric",        trigonometric,        10, trigonometric_start,        { 0, 2.79506e-5, 4.21863e-5 }, 0 },
  { "Rosenbrock",           rosenbrock,           10, rosenbrock_start,           { 0 }, 0 },
  { "Powell singular",      powell_singular,      12, powell_singular_start,      { 0 }, 0 },
  { "Beale",                beale,                2,  ones,                       { 0 }, 0 },
  { "Wood",                 wood,                 4,  wood_start,                 { 0 }, 0 },
  { "Chebyquad",            chebyquad,            8,  chebyquad_start,            { 3.51687e-3 }, 0 },
};

static void broyden_tridiagonal (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = wg_num (0);
  for (size_t i = 0; i < n; i++)
    {
      wg_var r = wg_add (wg_mul (wg_sub (3, wg_mul (2, x[i])), x[i]), 1);
      if (i) r = wg_sub (r, x[i-1]);
      if (i + 1 < n) r = wg_sub (r, wg_mul (2, x[i+1]));
      y[0] = add_square (y[0], r);
    }
}

static void broyden_tridiagonal_start (size_t n, double x[])
{
  for (size_t i = 0; i < n; i++) x[i] = -1;
}

/* Dixon and Maany with alpha = 1, beta = 0, gamma = delta = 1/8; k is the exponent of i/n. */
static wg_var dixmaan (size_t n, const wg_var x[], int k)
{
  const size_t third = n/3;
  wg_var y = wg_num (1);
  for (size_t i = 0; i < n; i++)
    {
      const double c = pow ((double) (i + 1)/(double) n, k);
      y = wg_add (y, wg_mul (c, wg_sqr (x[i])));
      if (i < 2*third) y = wg_add (y, wg_mul (.125, wg_mul (wg_sqr (x[i]), wg_powi (x[i+third], 4))));
      if (i < third) y = wg_add (y, wg_mul (.125*c, wg_mul (x[i], x[i+2*third])));
    }
  return y;
}

static void dixmaan_a (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = dixmaan (n, x, 0);
}

static void dixmaan_i (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = dixmaan (n, x, 2);
}

static void twos (size_t n, double x[])
{
  for (size_t i = 0; i < n; i++) x[i] = 2;
}

/* More, Garbow, Hillstrom 28, x'' = (x + t + 1)^3/2, with residuals divided by h. */
static void boundary_value (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const double h = 1/((double) n + 1);
  UNUSED;
  y[0] = wg_num (0);
  for (size_t i = 0; i < n; i++)
    {
      const wg_var z = wg_add (x[i], (double) (i + 1)*h + 1);
      wg_var r = wg_add (wg_mul (2, x[i]), wg_mul (h*h/2, wg_powi (z, 3)));
      if (i) r = wg_sub (r, x[i-1]);
      if (i + 1 < n) r = wg_sub (r, x[i+1]);
      y[0] = add_square (y[0], wg_div (r, h));
    }
}

static void boundary_value_start (size_t n, double x[])
{
  for (size_t i = 0; i < n; i++)
    {
      const double t = (double) (i + 1)/((double) n + 1);
      x[i] = t*(t - 1);
    }
}

/* Nondiagonal quartic: singular at its minimum. */
static void nondquar (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  UNUSED;
  y[0] = add_square (wg_sqr (wg_sub (x[0], x[1])), wg_add (x[n-2], x[n-1]));
  for (size_t i = 0; i + 2 < n; i++)
    y[0] = add_square (y[0], wg_sqr (wg_add (wg_add (x[i], x[i+1]), x[n-1])));
}

static void nondquar_start (size_t n, double x[])
{
  for (size_t i = 0; i < n; i++) x[i] = i%2 ? -1 : 1;
}

const problem large_problems[LARGE_PROBLEMS] = {
  { "Rosenbrock",            rosenbrock,          1000, rosenbrock_start,          { 0 }, 0 },
  { "Powell singular",       powell_singular,     1000, powell_singular_start,     { 0 }, 0 },
  { "Broyden tridiagonal",   broyden_tridiagonal, 1000, broyden_tridiagonal_start, { 0 }, 0 },
  { "Dixmaan A",             dixmaan_a,           999,  twos,                      { 1 }, 0 },
  { "Dixmaan I",             dixmaan_i,           999,  twos,                      { 1 }, 0 },
  { "scaled boundary value", boundary_value,      1000, boundary_value_start,      { 0 }, 0 },
  { "nondquar",              nondquar,            1000, nondquar_start,            { 0 }, 0 },
};

int problem_minimum (const problem *p, double f)
{
  const double valley = p->n < 100 ? 2e-8 : 1e-9*(double) p->n;
  for (int k = 0; k < PROBLEM_MINIMA; k++)
    if (fabs (f - p->minima[k]) <= valley + 2e-5*p->minima[k]) return 1;
  return 0;
}
