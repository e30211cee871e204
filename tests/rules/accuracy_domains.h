/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * For every row of rules.def: where it is tested, and its value in MPFR at the precision of y.  A row of
 * the table without an entry here does not compile.  References never use the table's formulas; they only
 * have to be exact enough, since every derivative is a difference of these values at a far higher precision.
 *
 *   DOMAIN (row, flags, statement that sets y, { ranges of a }, { of b }, { of c }, immediates)
 */
#ifndef WENGERT_TESTS_ACCURACY_DOMAINS_H
#define WENGERT_TESTS_ACCURACY_DOMAINS_H

#include <mpfr.h>

#define R MPFR_RNDN

enum
{
  FLAT_SCALE = 1,       /* varies over lengths of 1 wherever it is: the difference steps stay below 1 */
  SUM_VALUE = 2,        /* the value is a sum that may cancel: measured against the sum of magnitudes */
  SUM_SECOND = 4,       /* so are the second partials */
  ONLY_POSITIVE = 8     /* bounds hold for positive operands */
};

/* How numbers are drawn, u in lo ... hi: u; 10^u of either sign, positive; u rounded; 1 + 10^u, 1 - 10^u,
 * -1 + 10^u; the previous operand times 1 +- 10^u or plus u; minus or plus the product of the
 * first two, nearly. */
typedef enum
{
  END, UNIFORM, EITHER, POS, INTEGER, ABOVE_ONE, BELOW_ONE, ABOVE_MINUS_ONE, RATIO, SHIFTED, CANCEL, PRODUCT
} draw;
typedef struct { draw how; double lo, hi; } range;
typedef struct { unsigned flags; range x[3][5]; int nk, k[16]; } domain;

static mpfr_t aux;                                         /* scratch; the test keeps its precision at y's */

/* max (a, b) + log (1 + exp (-|a - b|)) */
static void log_sum_exp (mpfr_ptr y, mpfr_srcptr a, mpfr_srcptr b)
{
  mpfr_sub (aux, a, b, R);
  mpfr_abs (aux, aux, R);
  mpfr_neg (aux, aux, R);
  mpfr_exp (aux, aux, R);
  mpfr_log1p (aux, aux, R);
  mpfr_max (y, a, b, R);
  mpfr_add (y, y, aux, R);
}

/* 1/(1 + exp (-aux)) */
static void logistic (mpfr_ptr y)
{
  mpfr_neg (y, aux, R);
  mpfr_exp (y, y, R);
  mpfr_add_ui (y, y, 1, R);
  mpfr_ui_div (y, 1, y, R);
}

/* a^(b-k), also where b - k rounds to an integer */
static void power (mpfr_ptr y, mpfr_srcptr a, mpfr_srcptr b, int k)
{
  mpfr_sub_si (aux, b, k, R);
  mpfr_pow (y, a, aux, R);
  if (mpfr_sgn (a) < 0 && !mpfr_integer_p (b))
    mpfr_set_nan (y);
}

static void truth (mpfr_ptr y, int yes) { mpfr_set_ui (y, yes != 0, R); }

/* psi^(k) (a), a > 0, by Euler and Maclaurin at X > p/4, where p is the precision: each of the Bernoulli terms adds
 * digits until they are below 2^-p. B_2j/(2j)! = -2 (-1)^j zeta (2j)/(2 pi)^2j. */
static void euler_maclaurin (mpfr_ptr y, mpfr_srcptr a, int k)
{
  const unsigned long p = (unsigned long) mpfr_get_prec (y), n = (unsigned long) k;
  static mpfr_t tau, X, power, bernoulli[4096];
  static unsigned long known, precision;
  if (k == 0)
    {
      mpfr_digamma (y, a, R);
      return;
    }
  if (precision != p)
    {
      for (unsigned long j = 1; j <= known; j++)
        mpfr_clear (bernoulli[j]);
      if (precision)
        mpfr_clears (tau, X, power, (mpfr_ptr) 0);
      mpfr_inits2 ((mpfr_prec_t) p, tau, X, power, (mpfr_ptr) 0);
      mpfr_const_pi (tau, R);
      mpfr_mul_ui (tau, tau, 2, R);
      mpfr_sqr (tau, tau, R);
      precision = p;
      known = 0;
    }
  mpfr_set_ui (y, 0, R);
  for (mpfr_set (X, a, R); mpfr_cmp_ui (X, p/4 + n) < 0; mpfr_add_ui (X, X, 1, R))
    {
      mpfr_pow_si (aux, X, -(k + 1), R);
      mpfr_add (y, y, aux, R);
    }
  mpfr_pow_si (power, X, -k, R);
  mpfr_div_ui (aux, power, n, R);
  mpfr_add (y, y, aux, R);
  mpfr_div (power, power, X, R);
  mpfr_div_ui (aux, power, 2, R);
  mpfr_add (y, y, aux, R);
  mpfr_div (power, power, X, R);
  mpfr_mul_ui (power, power, n + 1, R);
  for (unsigned long j = 1; j < 4096; j++)
    {
      if (j > known)
        {
          mpfr_init2 (bernoulli[++known], (mpfr_prec_t) p);
          mpfr_zeta_ui (bernoulli[j], 2*j, R);
          mpfr_pow_ui (aux, tau, j, R);
          mpfr_div (bernoulli[j], bernoulli[j], aux, R);
          mpfr_mul_si (bernoulli[j], bernoulli[j], j % 2 ? 2 : -2, R);
        }
      mpfr_mul (aux, power, bernoulli[j], R);
      mpfr_add (y, y, aux, R);
      if (mpfr_zero_p (aux) || mpfr_get_exp (aux) < mpfr_get_exp (y) - (mpfr_exp_t) p)
        break;
      mpfr_mul_ui (power, power, (n + 2*j)*(n + 2*j + 1), R);
      mpfr_div (power, power, X, R);
      mpfr_div (power, power, X, R);
    }
  mpfr_fac_ui (aux, n, R);
  mpfr_mul (y, y, aux, R);
  if (k % 2 == 0)
    mpfr_neg (y, y, R);
}

#define DOMAIN(name, marks, set, ...)                                                                           \
  static void reference_##name (mpfr_ptr y, mpfr_ptr a, mpfr_ptr b, mpfr_ptr c, int k)                        \
  { (void) a, (void) b, (void) c, (void) k; set; }                                                              \
  static const domain domain_##name = { .flags = marks, .x = __VA_ARGS__ };
#define K(...) .nk = sizeof ((int[]) { __VA_ARGS__ })/sizeof (int), .k = { __VA_ARGS__ }

#define WIDE { EITHER, -300, 300 }
#define HALF { EITHER, -150, 150 }                          /* products and squares stay in range */
#define MID  { EITHER, -12, 12 }
#define ONES { UNIFORM, -3, 3 }
#define WIDE_POS { POS, -300, 300 }
#define DISC { { UNIFORM, -1, 1 }, { EITHER, -300, 0 }, { BELOW_ONE, -16, 0 }, { ABOVE_MINUS_ONE, -16, 0 } }
#define PLANE { { HALF, MID, ONES }, { HALF, MID, ONES, { RATIO, -16, 0 } } }
#define TRIPLE { { HALF, MID }, { HALF, MID }, { WIDE, MID, { CANCEL, -16, 0 }, { PRODUCT, -16, 0 } } }
#define GAP { { { UNIFORM, -600, 600 }, ONES, { EITHER, -20, 14 } },                                              \
              { { UNIFORM, -600, 600 }, ONES, { RATIO, -16, 0 }, { SHIFTED, -40, 40 }, { SHIFTED, -700, 700 } } }
#define COMPARE { { MID, { INTEGER, -3, 3 } }, { MID, { INTEGER, -3, 3 }, { RATIO, -17, 0 } } }

/* arithmetic */
DOMAIN (add, 0, mpfr_add (y, a, b, R), { { WIDE, MID }, { WIDE, MID, { RATIO, -16, 0 } } })
DOMAIN (sub, 0, mpfr_sub (y, a, b, R), { { WIDE, MID }, { WIDE, MID, { RATIO, -16, 0 } } })
DOMAIN (mul, 0, mpfr_mul (y, a, b, R), PLANE)
DOMAIN (div, 0, mpfr_div (y, a, b, R), PLANE)
DOMAIN (neg, 0, mpfr_neg (y, a, R), { { WIDE } })
DOMAIN (recip, 0, mpfr_ui_div (y, 1, a, R), { { WIDE, MID } })
DOMAIN (sqr, 0, mpfr_sqr (y, a, R), { { HALF, MID } })
DOMAIN (muladd, SUM_VALUE, mpfr_fma (y, a, b, c, R), TRIPLE)
DOMAIN (mulsub, SUM_VALUE, mpfr_fms (y, a, b, c, R), TRIPLE)
DOMAIN (submul, SUM_VALUE, mpfr_fms (y, a, b, c, R); mpfr_neg (y, y, R), TRIPLE)
DOMAIN (fma, 0, mpfr_fma (y, a, b, c, R), TRIPLE)

/* powers */
DOMAIN (sqrt, 0, mpfr_sqrt (y, a, R), { { WIDE_POS } })
DOMAIN (cbrt, 0, mpfr_cbrt (y, a, R), { { WIDE, MID } })
DOMAIN (powi, 0, mpfr_pow_si (y, a, k, R),
        { { { EITHER, -20, 20 }, ONES, { ABOVE_ONE, -16, -2 }, { BELOW_ONE, -16, -2 } } },
        K (-1000, -17, -3, -2, -1, 0, 1, 2, 3, 4, 5, 18, 1001))
DOMAIN (powc, FLAT_SCALE | SUM_SECOND, power (y, a, b, k),
        { { { POS, -100, 100 }, { POS, -3, 3 }, { EITHER, -10, 10 } },
          { { UNIFORM, -5, 5 }, { INTEGER, -5, 5 }, { EITHER, -20, 2 } } }, K (0, 1, 2))
DOMAIN (powk, FLAT_SCALE | SUM_SECOND, power (y, a, b, k),
        { { { POS, -100, 100 }, { POS, -3, 3 }, { ABOVE_ONE, -16, 0 }, { BELOW_ONE, -16, -.01 } },
          { ONES, { UNIFORM, -100, 100 }, { EITHER, -20, 2 }, { INTEGER, -5, 5 } } }, K (0, 1, 2))

/* exponentials and logarithms */
DOMAIN (exp, 0, mpfr_exp (y, a, R), { { { UNIFORM, -745, 710 }, { EITHER, -300, 2 } } })
DOMAIN (expm1, 0, mpfr_expm1 (y, a, R), { { { UNIFORM, -745, 710 }, { EITHER, -300, 2 } } })
DOMAIN (log, 0, mpfr_log (y, a, R), { { WIDE_POS, { ABOVE_ONE, -16, 1 }, { BELOW_ONE, -16, 0 } } })
DOMAIN (log1p, 0, mpfr_log1p (y, a, R), { { WIDE_POS, { EITHER, -300, 0 }, { ABOVE_MINUS_ONE, -16, 0 } } })
DOMAIN (log2, 0, mpfr_log2 (y, a, R), { { WIDE_POS, { ABOVE_ONE, -16, 1 }, { BELOW_ONE, -16, 0 } } })
DOMAIN (log10, 0, mpfr_log10 (y, a, R), { { WIDE_POS, { ABOVE_ONE, -16, 1 }, { BELOW_ONE, -16, 0 } } })

/* circular */
DOMAIN (sin, FLAT_SCALE, mpfr_sin (y, a, R), { { { UNIFORM, -10, 10 }, { EITHER, -300, 0 }, { EITHER, 0, 22 }, WIDE } })
DOMAIN (cos, FLAT_SCALE, mpfr_cos (y, a, R), { { { UNIFORM, -10, 10 }, { EITHER, -300, 0 }, { EITHER, 0, 22 }, WIDE } })
DOMAIN (tan, FLAT_SCALE, mpfr_tan (y, a, R), { { { UNIFORM, -10, 10 }, { EITHER, -300, 0 }, { EITHER, 0, 22 }, WIDE } })
DOMAIN (asin, 0, mpfr_asin (y, a, R), { DISC })
DOMAIN (acos, 0, mpfr_acos (y, a, R), { DISC })
DOMAIN (atan, 0, mpfr_atan (y, a, R), { { ONES, MID, { EITHER, -300, 150 } } })
DOMAIN (atan2, SUM_SECOND, mpfr_atan2 (y, a, b, R), PLANE)

/* hyperbolic */
DOMAIN (sinh, 0, mpfr_sinh (y, a, R), { { { UNIFORM, -710, 710 }, { EITHER, -300, 2 } } })
DOMAIN (cosh, 0, mpfr_cosh (y, a, R), { { { UNIFORM, -710, 710 }, { EITHER, -300, 2 } } })
DOMAIN (tanh, 0, mpfr_tanh (y, a, R), { { { UNIFORM, -360, 360 }, ONES, { EITHER, -300, 2 } } })
DOMAIN (asinh, 0, mpfr_asinh (y, a, R), { { ONES, MID, WIDE } })
DOMAIN (acosh, 0, mpfr_acosh (y, a, R), { { { ABOVE_ONE, -16, 1 }, { ABOVE_ONE, 0, 300 } } })
DOMAIN (atanh, 0, mpfr_atanh (y, a, R), { DISC })

/* kinks and choices */
DOMAIN (abs, 0, mpfr_abs (y, a, R), { { WIDE } })
DOMAIN (relu, 0, mpfr_set (y, a, R); if (mpfr_sgn (a) <= 0) mpfr_set_ui (y, 0, R), { { WIDE } })
DOMAIN (max, 0, mpfr_max (y, a, b, R), COMPARE)
DOMAIN (min, 0, mpfr_min (y, a, b, R), COMPARE)
DOMAIN (clamp, 0, mpfr_set (y, mpfr_less_p (a, b) ? b : mpfr_greater_p (a, c) ? c : a, R),
        { { ONES, MID }, { ONES, MID, { RATIO, -16, 0 } }, { ONES, MID, { SHIFTED, 0, 3 } } })
DOMAIN (select, 0, mpfr_set (y, mpfr_zero_p (a) ? c : b, R), { { { INTEGER, 0, 1 }, WIDE }, { WIDE }, { WIDE } })
DOMAIN (sign, 0, mpfr_set_si (y, mpfr_sgn (a), R), { { WIDE } })
DOMAIN (floor, FLAT_SCALE, mpfr_floor (y, a), { { WIDE, MID, ONES } })
DOMAIN (step, 0, truth (y, mpfr_sgn (a) > 0), { { WIDE } })
DOMAIN (is_lt, FLAT_SCALE, truth (y, mpfr_less_p (a, b)), COMPARE)
DOMAIN (is_le, FLAT_SCALE, truth (y, mpfr_lessequal_p (a, b)), COMPARE)
DOMAIN (is_eq, FLAT_SCALE, truth (y, mpfr_equal_p (a, b)), COMPARE)
DOMAIN (is_ne, FLAT_SCALE, truth (y, !mpfr_equal_p (a, b)), COMPARE)

/* special functions */
DOMAIN (hypot, 0, mpfr_hypot (y, a, b, R), PLANE)
DOMAIN (erf, 0, mpfr_erf (y, a, R), { { { UNIFORM, -27, 27 }, ONES, { EITHER, -300, 0 } } })
DOMAIN (erfc, 0, mpfr_erfc (y, a, R), { { { UNIFORM, -27, 27 }, ONES, { EITHER, -300, 0 } } })
DOMAIN (lgamma, ONLY_POSITIVE, mpfr_lngamma (y, a, R),
        { { WIDE_POS, { UNIFORM, 0, 4 }, { UNIFORM, 0, 40 }, { ABOVE_ONE, -16, 1 }, { BELOW_ONE, -16, 0 } } })
DOMAIN (polygamma, ONLY_POSITIVE, euler_maclaurin (y, a, k),
        { { { POS, -35, 35 }, { UNIFORM, 0, 4 }, { UNIFORM, 0, 40 }, { POS, -5, 5 } } }, K (0, 1, 2, 3, 4, 5, 6))
DOMAIN (sigmoid, 0, mpfr_set (aux, a, R); logistic (y),
        { { { UNIFORM, -700, 700 }, { UNIFORM, -40, 40 }, { EITHER, -300, 2 } } })
DOMAIN (softplus, FLAT_SCALE, mpfr_set_ui (y, 0, R); log_sum_exp (y, a, y),
        { { { UNIFORM, -700, 700 }, { UNIFORM, -40, 40 }, { EITHER, -300, 2 } } })
DOMAIN (logaddexp, FLAT_SCALE | SUM_VALUE, log_sum_exp (y, a, b), GAP)

/* helpers */
DOMAIN (sech2, SUM_SECOND, mpfr_sech (y, a, R); mpfr_sqr (y, y, R),
        { { { UNIFORM, -350, 350 }, ONES, { EITHER, -300, 2 } } })
DOMAIN (gauss, SUM_SECOND, mpfr_sqr (y, a, R); mpfr_neg (y, y, R); mpfr_exp (y, y, R),
        { { { UNIFORM, -27, 27 }, ONES, { EITHER, -300, 0 } } })
DOMAIN (rcirc, 0, mpfr_sqr (aux, a, R); mpfr_ui_sub (aux, 1, aux, R); mpfr_rec_sqrt (y, aux, R), { DISC })
DOMAIN (rhyp, SUM_SECOND, mpfr_sqr (aux, a, R); mpfr_add_ui (aux, aux, 1, R); mpfr_rec_sqrt (y, aux, R),
        { { ONES, MID, { EITHER, -300, 100 } } })
DOMAIN (rsqm, 0, mpfr_sqr (aux, a, R); mpfr_sub_ui (aux, aux, 1, R); mpfr_rec_sqrt (y, aux, R);
        if (mpfr_sgn (a) < 0) mpfr_set_nan (y),
        { { { ABOVE_ONE, -16, 1 }, { ABOVE_ONE, 0, 100 } } })
DOMAIN (unit, SUM_SECOND, mpfr_hypot (aux, a, b, R); mpfr_set (y, a, R);
        if (!mpfr_zero_p (aux)) mpfr_div (y, a, aux, R), PLANE)
DOMAIN (sigd, FLAT_SCALE, mpfr_sub (aux, a, b, R); logistic (y), GAP)
DOMAIN (sech2d, FLAT_SCALE | SUM_SECOND, mpfr_sub (aux, a, b, R); mpfr_div_2ui (aux, aux, 1, R);
        mpfr_sech (aux, aux, R); mpfr_sqr (y, aux, R), GAP)
DOMAIN (tanhd, FLAT_SCALE, mpfr_sub (aux, a, b, R); mpfr_div_2ui (aux, aux, 1, R); mpfr_tanh (y, aux, R), GAP)
DOMAIN (kept, 0, mpfr_set (y, b, R), { { { INTEGER, 0, 1 }, WIDE }, { WIDE } })

#endif
