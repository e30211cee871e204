/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Random expressions against an evaluation that shares nothing with the library: values and first partials of every
 * row in long double, written out by hand here (a new row needs its formula).  Second derivatives are held to
 * differences of first ones.  How near the two must be is measured: the reference is run again with every result
 * blurred by 8 ulp of a double, the accuracy promised for a row, and its scatter is the yardstick.
 */
#include <check.h>

#include "random_program.h"
#include "runner.h"

typedef struct { long double v, d; } exact;

static rp_random noise;
static double blur;              /* relative size of the noise on each result */

static int undefined;            /* the reference left the range where a double can follow, or met an infinite partial */

static long double shaken (long double x)
{
  return blur != 0 ? x*(1 + (long double) blur*(long double) rp_uniform (&noise, -1, 1)) : x;
}

#define TWO_SQRTPI 1.12837916709551257389615890312154517L
#define LN2 0.693147180559945309417232121458176568L
#define LN10 2.30258509299404568401799145468436421L

/* psi^(k) (x), x > 0: up to x > 30 by the recurrence, then the asymptotic series (DLMF 5.11.2, 5.15.8). */
static long double psi (int k, long double x)
{
  static const long double B[] = { 1.L/6, -1.L/30, 1.L/42, -1.L/30, 5.L/66, -691.L/2730, 7.L/6, -3617.L/510 };
  long double sum = 0, f = 1, sign = k % 2 ? 1 : -1;
  if (!(x > 0)) return NAN;
  for (int i = 2; i <= k; i++) f *= i;                              /* k! */
  for (; x < 30; x++) sum += sign*f/powl (x, k + 1);
  if (k == 0)
    {
      sum += logl (x) - .5L/x;
      for (int j = 1; j <= 8; j++) sum -= B[j-1]/(2*j*powl (x, 2*j));
      return sum;
    }
  sum += sign*(f/k/powl (x, k) + f/(2*powl (x, k + 1)));
  for (int j = 1; j <= 8; j++)
    {
      long double c = 1;                                            /* (2j + k - 1)!/(2j)! */
      for (int i = 2*j + 1; i <= 2*j + k - 1; i++) c *= i;
      if (k == 0) c = 1/(2.L*j);
      sum += sign*B[j-1]*c/powl (x, 2*j + k);
    }
  return sum;
}

static long double logistic (long double x) { return x >= 0 ? 1/(1 + expl (-x)) : expl (x)/(1 + expl (x)); }
static long double signum (long double x) { return x != x ? x : (x > 0) - (x < 0); }

/* Value and partials pa, pb, pc of a row. */
static long double row (int kind, long double a, long double b, long double c, long double e, int k,
                        long double *pa, long double *pb, long double *pc)
{
  long double y, h;
  *pa = *pb = *pc = 0;
  switch (kind)
    {
#define ONE(name, value, da) case RP_##name: y = value; *pa = da; return y;
#define TWO(name, value, da, db) case RP_##name: y = value; *pa = da; *pb = db; return y;
#define THREE(name, value, da, db, dc) case RP_##name: y = value; *pa = da; *pb = db; *pc = dc; return y;
      TWO (add, a + b, 1, 1)
      TWO (sub, a - b, 1, -1)
      TWO (mul, a*b, b, a)
      TWO (div, a/b, 1/b, -a/(b*b))
      ONE (neg, -a, -1)
      ONE (recip, 1/a, -1/(a*a))
      ONE (sqr, a*a, 2*a)
      THREE (muladd, a*b + c, b, a, 1)
      THREE (mulsub, a*b - c, b, a, -1)
      THREE (submul, c - a*b, -b, -a, 1)
      THREE (fma, a*b + c, b, a, 1)
      ONE (sqrt, sqrtl (a), 1/(2*sqrtl (a)))
      ONE (cbrt, cbrtl (a), cbrtl (a)/(3*a))
      ONE (powi, powl (a, k), k ? k*powl (a, k - 1) : 0)
      ONE (powc, powl (a, e - k), e != k ? (e - k)*powl (a, e - k - 1) : 0)
      TWO (powk, powl (a, b - k), (b - k)*powl (a, b - k - 1), a != 0 ? powl (a, b - k)*logl (a) : 0)
      ONE (exp, expl (a), expl (a))
      ONE (expm1, expm1l (a), expl (a))
      ONE (log, logl (a), 1/a)
      ONE (log1p, log1pl (a), 1/(1 + a))
      ONE (log2, log2l (a), 1/(a*LN2))
      ONE (log10, log10l (a), 1/(a*LN10))
      ONE (sin, sinl (a), cosl (a))
      ONE (cos, cosl (a), -sinl (a))
      ONE (tan, tanl (a), 1/(cosl (a)*cosl (a)))
      ONE (asin, asinl (a), 1/sqrtl (1 - a*a))
      ONE (acos, acosl (a), -1/sqrtl (1 - a*a))
      ONE (atan, atanl (a), 1/(1 + a*a))
      TWO (atan2, atan2l (a, b), b/(a*a + b*b), -a/(a*a + b*b))
      ONE (sinh, sinhl (a), coshl (a))
      ONE (cosh, coshl (a), sinhl (a))
      ONE (tanh, tanhl (a), 1/(coshl (a)*coshl (a)))
      ONE (asinh, asinhl (a), 1/sqrtl (1 + a*a))
      ONE (acosh, acoshl (a), 1/sqrtl (a*a - 1))
      ONE (atanh, atanhl (a), 1/(1 - a*a))
      ONE (abs, fabsl (a), signum (a))
      ONE (relu, a > 0 || a != a ? a : 0, a > 0)
      TWO (max, a >= b || a != a ? a : b, a >= b, a < b)
      TWO (min, a <= b || a != a ? a : b, a <= b, a > b)
      THREE (clamp, a < b ? b : a > c ? c : a, !(a < b) && !(a > c), a < b, !(a < b) && a > c)
      THREE (select, a != 0 ? b : c, 0, a != 0, a == 0)
      ONE (sign, signum (a), 0)
      ONE (floor, floorl (a), 0)
      ONE (step, a != a ? a : a > 0, 0)
      TWO (is_lt, a < b, 0, 0)
      TWO (is_le, a <= b, 0, 0)
      TWO (is_eq, a == b, 0, 0)
      TWO (is_ne, a != b, 0, 0)
      TWO (hypot, hypotl (a, b), a/hypotl (a, b), b/hypotl (a, b))
      ONE (erf, erfl (a), TWO_SQRTPI*expl (-a*a))
      ONE (erfc, erfcl (a), -TWO_SQRTPI*expl (-a*a))
      ONE (lgamma, a > 0 ? lgammal (a) : NAN, psi (0, a))
      ONE (polygamma, psi (k, a), psi (k + 1, a))
      ONE (sigmoid, logistic (a), logistic (a)*logistic (-a))
      ONE (softplus, fmaxl (a, 0) + log1pl (expl (-fabsl (a))), logistic (a))
      TWO (logaddexp, fmaxl (a, b) + log1pl (expl (-fabsl (a - b))), logistic (a - b), logistic (b - a))
      ONE (sech2, 1/(coshl (a)*coshl (a)), -2*tanhl (a)/(coshl (a)*coshl (a)))
      ONE (gauss, expl (-a*a), -2*a*expl (-a*a))
      ONE (rcirc, 1/sqrtl (1 - a*a), a*powl (1 - a*a, -1.5L))
      ONE (rhyp, 1/sqrtl (1 + a*a), -a*powl (1 + a*a, -1.5L))
      ONE (rsqm, a > 1 ? 1/sqrtl (a*a - 1) : NAN, -a*powl (a*a - 1, -1.5L))
      TWO (sigd, logistic (a - b), logistic (a - b)*logistic (b - a), -logistic (a - b)*logistic (b - a))
      TWO (kept, a == 0 && b != b ? 0 : b, 0, 1)
    case RP_unit: h = hypotl (a, b); *pa = b*b/(h*h*h); *pb = -a*b/(h*h*h); return a/h;
    case RP_sech2d:
    case RP_tanhd:
      h = tanhl ((a - b)/2), y = 1/(coshl ((a - b)/2)*coshl ((a - b)/2));
      *pa = kind == RP_tanhd ? y/2 : -y*h, *pb = -*pa;
      return kind == RP_tanhd ? h : y;
    }
  ck_abort_msg ("no independent formula for %s", rp_rows[kind].name);
  return 0;
}

static exact apply (int kind, exact a, exact b, exact c, double e, int k)
{
  long double pa, pb, pc;
  exact y = { shaken (row (kind, a.v, b.v, c.v, (long double) e, k, &pa, &pb, &pc)), 0 };
  const int operands = rp_rows[kind].operands;
  if (a.d != 0) y.d += shaken (pa)*a.d;
  if (b.d != 0 && operands > 1) y.d += shaken (pb)*b.d;
  if (c.d != 0 && operands > 2) y.d += shaken (pc)*c.d;
  if (!(fabsl (y.v) < 1e100L && fabsl (y.d) < 1e100L) || (y.v != 0 && fabsl (y.v) < 1e-100L)
      || !(fabsl (pa) < 1e100L && fabsl (pb) < 1e100L && fabsl (pc) < 1e100L)) undefined = 1;
  return y;
}

#include <wengert/words_begin.h>
#define ROW1(name, ma) static exact exact_##name (exact a) { return apply (RP_##name, a, a, a, 0, 0); }
#define ROW1K(name, ma) static exact exact_##name (exact a, int k) { return apply (RP_##name, a, a, a, 0, k); }
#define ROW1C(name, ma) static exact exact_##name (exact a, double c, int k) { return apply (RP_##name, a, a, a, c, k); }
#define ROW2(name, ma, mb) static exact exact_##name (exact a, exact b) { return apply (RP_##name, a, b, b, 0, 0); }
#define ROW2K(name, ma, mb) static exact exact_##name (exact a, exact b, int k) { return apply (RP_##name, a, b, b, 0, k); }
#define ROW3(name, ma, mb, mc) static exact exact_##name (exact a, exact b, exact c) { return apply (RP_##name, a, b, c, 0, 0); }
#define FLAT1(name) static exact exact_##name (exact a) { return apply (RP_##name, a, a, a, 0, 0); }
#define FLAT2(name) static exact exact_##name (exact a, exact b) { return apply (RP_##name, a, b, b, 0, 0); }
#include <wengert/rules.def>
#include <wengert/words_end.h>

#define EXACT(op) exact_##op
#define TYPE exact
#define N EXACT
#define RUN run_exact
#define LIT(c) (exact){ (long double) (c), 0 }
#define VALUE(a) ((double) (a).v)
#include "random_number.inc"

/* The reference at x along v with its scatter. */
static void reference (const rp_program *p, const double x[], const double v[], exact y[], exact scatter[])
{
  exact in[RP_NODES], again[RP_OUTPUTS];
  for (size_t i = 0; i < p->n; i++) in[i] = (exact){ (long double) x[i], (long double) v[i] };
  blur = 0, undefined = 0;
  run_exact (p, in, y, NULL);
  for (size_t i = 0; i < p->m; i++) scatter[i] = (exact){ 0, 0 };
  blur = 8*0x1p-53;
  for (int trial = 0; trial < 12; trial++)
    {
      run_exact (p, in, again, NULL);
      for (size_t i = 0; i < p->m; i++)
        {
          const long double e = fabsl (again[i].v - y[i].v), f = fabsl (again[i].d - y[i].d);
          scatter[i].v += e, scatter[i].d += f;              /* a NaN stays */
        }
    }
}

static size_t compared;
static const rp_program *running;
static const double *where;

static void near (const char *what, double a, long double b, long double scatter)
{
  if (undefined || !isfinite ((double) b) || !(scatter < 1e-6L*fabsl (b) + 1e-12L)) return;       /* undefined, or a jump so near that rounding decides */
  compared++;
  const int fine = fabsl (a - b) <= 16*scatter + 4e-16L*fabsl (b) + 1e-300L;
  if (!fine) rp_print (running, where);
  ck_assert_msg (fine, "%s: %.17g, reference %.20Lg, scatter %Lg", what, a, b, scatter);
}

static void compare (const rp_program *p, wg_fun *f, const double x[], rp_random *r)
{
  double v[RP_NODES], y[RP_OUTPUTS], jv[RP_OUTPUTS], J[RP_OUTPUTS*RP_NODES], e[RP_NODES] = { 0 };
  exact out[RP_OUTPUTS], scatter[RP_OUTPUTS];
  running = p, where = x;
  for (size_t i = 0; i < p->n; i++) v[i] = rp_uniform (r, -1, 1);
  reference (p, x, v, out, scatter);
  ck_assert_int_ge (wg_jvp (f, x, v, y, jv), 0);
  for (size_t i = 0; i < p->m; i++)
    near ("value", y[i], out[i].v, scatter[i].v), near ("directional derivative", jv[i], out[i].d, scatter[i].d);
  ck_assert_int_ge (wg_jacobian (f, x, y, J), 0);
  for (size_t j = 0; j < p->n; j++)
    {
      e[j] = 1;
      reference (p, x, e, out, scatter);
      e[j] = 0;
      for (size_t i = 0; i < p->m; i++) near ("partial", J[i*p->n + j], out[i].d, scatter[i].d);
    }
}

START_TEST (expressions)
{
  rp_random r = { 0x5eed2000 + (uint64_t) _i };
  size_t used[RP_KINDS] = { 0 };
  noise.state = 7;
  for (size_t round = 0; round < rp_soak (1500); round++)
    {
      rp_program p;
      double x[RP_NODES], z[RP_NODES];
      const size_t n = 1 + rp_below (&r, 5), m = _i == 0 ? 1 : 1 + rp_below (&r, RP_OUTPUTS);
      for (size_t i = 0; i < n; i++) x[i] = rp_number (&r), z[i] = rp_number (&r);
      rp_generate (&r, &p, n, m, 2 + rp_below (&r, 25), _i == 1 ? 3 : 0, x, used);
      wg_fun *f = wg_fun_record (rp_model, &p, n, m, x);
      ck_assert (f != NULL);
      compare (&p, f, x, &r), compare (&p, f, z, &r), compare (&p, f, x, &r);
      wg_fun_free (f);
    }
  ck_assert_msg (compared > rp_least (3000), "only %zu comparisons", compared);
  for (int kind = 0; kind < RP_ROWS; kind++) ck_assert (used[kind] >= rp_least (11));
}
END_TEST

/* Second derivatives along a line: fvv and v.Hv against differences of first derivatives, two steps and their
 * extrapolation; the difference of the two extrapolations bounds the truncation, eps |f'|/h the rounding. */
START_TEST (second)
{
  rp_random r = { 0x5eed3000 };
  size_t held = 0;
  for (int kind = 0; kind < RP_ROWS; kind++)
    {
      size_t good = 0;
      for (size_t tries = 0; good < rp_soak (40) && tries < 8000; tries++)
        {
          rp_program p = { .n = 3, .m = 1, .count = 2, .literals = 1, .literal = { rp_number (&r) } };
          p.node[0] = (rp_node){ .kind = kind, .operand = { 0, 1, 2 } };
          p.node[1] = (rp_node){ .kind = RP_mul, .operand = { 3, ~0 } };
          p.out[0] = 4;
          rp_immediates (&r, &p.node[0]);
          double x[3], v[3], z[3], y, jv, fvv, g[3], hv[3], d[3][2], quotient[3];
          for (int i = 0; i < 3; i++) x[i] = rp_number (&r), v[i] = rp_uniform (&r, -1, 1);
          wg_fun *f = wg_fun_record (rp_model, &p, 3, 1, x);
          ck_assert (f != NULL);
          int defined = wg_fvv (f, x, v, &y, &jv, &fvv) == WG_OK && fabs (fvv) < 1e6;
          double largest = fabs (jv);
          const double h = 2e-3;
          for (int s = 0; s < 3; s++)
            {
              for (int side = 0; side < 2; side++)
                {
                  for (int i = 0; i < 3; i++) z[i] = x[i] + (side ? 1 : -1)*ldexp (h, -s)*v[i];
                  defined &= wg_jvp (f, z, v, &y, &d[s][side]) == WG_OK;
                  largest = fmax (largest, fabs (d[s][side]));
                }
              quotient[s] = (d[s][1] - d[s][0])/(2*ldexp (h, -s));
            }
          const double first = (4*quotient[1] - quotient[0])/3, finer = (4*quotient[2] - quotient[1])/3;
          const double bound = 4*fabs (finer - first) + 64*0x1p-52*(largest + fabs (fvv))/h;
          if (defined && bound < 1e-4*fabs (fvv) + 1e-7)
            {
              ck_assert_msg (fabs (finer - fvv) <= bound, "%s: second derivative %.15g, difference %.15g +- %g",
                             rp_rows[kind].name, fvv, finer, bound);
              ck_assert_int_eq (wg_hvp (f, x, v, &y, g, hv), WG_OK);
              const double vhv = v[0]*hv[0] + v[1]*hv[1] + v[2]*hv[2];
              ck_assert_msg (fabs (vhv - finer) <= bound, "%s: v.Hv %.15g, difference %.15g", rp_rows[kind].name, vhv, finer);
              good++, held++;
            }
          wg_fun_free (f);
        }
      ck_assert_msg (good >= rp_least (11), "%s: %zu points", rp_rows[kind].name, good);
    }
  ck_assert (held >= rp_least (1001));
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("independent evaluation");
  TCase *t = tcase_create ("independent");
  tcase_set_timeout (t, 0);
  tcase_add_loop_test (t, expressions, 0, 2);
  tcase_add_test (t, second);
  suite_add_tcase (s, t);
  return run_suite (s);
}
