/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Every row of rules.def against MPFR: values and first partials within 8 ulp, second partials within 16 ulp
 * (of the sum of the magnitudes of their terms, in rows whose terms cancel).  The references are values of the row's
 * function alone; partials are symmetric differences of them with steps of 2^-100 of the operand, so that their
 * relative error is about 2^-94 even one ulp beside a singular point, at a precision that is doubled until the
 * differences keep 100 bits.  No derivative formula is trusted, the table's or another.
 *
 * WG_SOAK=n in the environment takes n times as many points, WG_VERBOSE=1 prints the worst error of each row.
 */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wengert/dual.h>
#include "number/dual2.h"
#include "accuracy_domains.h"
#include "runner.h"

enum { POINTS = 2500, MAX_PRECISION = 30000 };

/* A number with the sum of the magnitudes of its terms: what a second partial is measured against where its
 * terms cancel.  Only sums have several terms, products carry them on. */
typedef struct { double v, m; } mag;

static inline mag mag_of (double v) { mag y = { v, fabs (v) }; return y; }
static inline mag mag_zero (void) { return mag_of (0); }
static inline mag mag_scale (double c, mag x) { mag y = { c*x.v, fabs (c)*x.m }; return y; }
static inline mag mag_shift (double c, mag x) { mag y = { c + x.v, fabs (c) + x.m }; return y; }
static inline double mag_primal (mag x) { return x.v; }
static inline int mag_nonzero (mag x) { return x.m != 0; }
static inline mag mag_keep (mag tangent, mag e) { return tangent.m != 0 ? e : mag_zero (); }
static inline mag mag_add (mag a, mag b) { mag y = { a.v + b.v, a.m + b.m }; return y; }
static inline mag mag_sub (mag a, mag b) { mag y = { a.v - b.v, a.m + b.m }; return y; }
static inline mag mag_mul (mag a, mag b) { mag y = { a.v*b.v, a.m*b.m }; return y; }
static inline mag mag_div (mag a, mag b) { mag y = { a.v/b.v, a.m/fabs (b.v) }; return y; }
static inline mag mag_neg (mag a) { mag y = { -a.v, a.m }; return y; }
static inline mag mag_sqr (mag a) { return mag_mul (a, a); }
static inline mag mag_muladd (mag a, mag b, mag c) { return mag_add (mag_mul (a, b), c); }
static inline mag mag_mulsub (mag a, mag b, mag c) { return mag_sub (mag_mul (a, b), c); }
static inline mag mag_submul (mag a, mag b, mag c) { return mag_sub (c, mag_mul (a, b)); }
static inline mag mag_logaddexp (mag a, mag b)             /* max (a, b) + log (1 + ...) */
{
  double y = wg_double_logaddexp (a.v, b.v), hi = fmax (a.v, b.v);
  mag sum = { y, fabs (hi) + fabs (y - hi) };
  return sum;
}

#define mag_add mag_plain_add                              /* the rows written above are not made below */
#define mag_sub mag_plain_sub
#define mag_mul mag_plain_mul
#define mag_div mag_plain_div
#define mag_neg mag_plain_neg
#define mag_sqr mag_plain_sqr
#define mag_muladd mag_plain_muladd
#define mag_mulsub mag_plain_mulsub
#define mag_submul mag_plain_submul
#define mag_logaddexp mag_plain_logaddexp
#define ROW1(name, ma) static inline mag mag_##name (mag a) { return mag_of (wg_double_##name (a.v)); }
#define ROW2(name, ma, mb) static inline mag mag_##name (mag a, mag b) { return mag_of (wg_double_##name (a.v, b.v)); }
#define ROW3(name, ma, mb, mc) \
  static inline mag mag_##name (mag a, mag b, mag c) { return mag_of (wg_double_##name (a.v, b.v, c.v)); }
#define ROW1K(name, ma) static inline mag mag_##name (mag a, int k) { return mag_of (wg_double_##name (a.v, k)); }
#define ROW1C(name, ma) \
  static inline mag mag_##name (mag a, double c, int k) { return mag_of (wg_double_##name (a.v, c, k)); }
#define ROW2K(name, ma, mb) \
  static inline mag mag_##name (mag a, mag b, int k) { return mag_of (wg_double_##name (a.v, b.v, k)); }
#define FLAT1(name) ROW1 (name, )
#define FLAT2(name) ROW2 (name, , )
#include <wengert/rules.def>
#undef ROW1
#undef ROW2
#undef ROW3
#undef ROW1K
#undef ROW1C
#undef ROW2K
#undef mag_add
#undef mag_sub
#undef mag_mul
#undef mag_div
#undef mag_neg
#undef mag_sqr
#undef mag_muladd
#undef mag_mulsub
#undef mag_submul
#undef mag_logaddexp

typedef struct { mag v, d; } mag1;
#define WGI_NUM mag1
#define WGI_BASE mag
#define WGI_BASE_TYPE mag
#include <wengert/dual_number.h>

typedef struct { mag1 v, d; } mag2;
#define WGI_NUM mag2
#define WGI_BASE mag1
#define WGI_BASE_TYPE mag1
#include <wengert/dual_number.h>

/* The table, each row callable in the same way: three operands, of which it uses its own, and an immediate. */
typedef struct
{
  const char *name;
  int operands, inputs;                                    /* differentiable, and with the constant exponent */
  const domain *where;
  double (*value) (const double x[3], int k);
  wgi_dual2 (*dual) (const wgi_dual2 x[3], int k);
  mag2 (*terms) (const mag2 x[3], int k);
  void (*reference) (mpfr_ptr y, mpfr_ptr a, mpfr_ptr b, mpfr_ptr c, int k);
} row;

#define CALLS(name, ...)                                                                                        \
  static double value_##name (const double x[3], int k) { (void) k; return wg_double_##name (__VA_ARGS__); }
#define DUALS(name, ...)                                                                                        \
  static wgi_dual2 dual_##name (const wgi_dual2 x[3], int k) { (void) k; return wgi_dual2_##name (__VA_ARGS__); }  \
  static mag2 terms_##name (const mag2 x[3], int k) { (void) k; return mag2_##name (__VA_ARGS__); }
#define ROW1(name, ma) CALLS (name, x[0]) DUALS (name, x[0])
#define ROW2(name, ma, mb) CALLS (name, x[0], x[1]) DUALS (name, x[0], x[1])
#define ROW3(name, ma, mb, mc) CALLS (name, x[0], x[1], x[2]) DUALS (name, x[0], x[1], x[2])
#define ROW1K(name, ma) CALLS (name, x[0], k) DUALS (name, x[0], k)
#define ROW1C(name, ma) CALLS (name, x[0], x[1], k)                                                               \
  static wgi_dual2 dual_##name (const wgi_dual2 x[3], int k) { return wgi_dual2_##name (x[0], x[1].v.v, k); }       \
  static mag2 terms_##name (const mag2 x[3], int k) { return mag2_##name (x[0], x[1].v.v.v, k); }
#define ROW2K(name, ma, mb) CALLS (name, x[0], x[1], k) DUALS (name, x[0], x[1], k)
#include <wengert/rules.def>
#undef ROW1
#undef ROW2
#undef ROW3
#undef ROW1K
#undef ROW1C
#undef ROW2K

#define ROW(name, operands, inputs) \
  { #name, operands, inputs, &domain_##name, value_##name, dual_##name, terms_##name, reference_##name },
#define ROW1(name, ma) ROW (name, 1, 1)
#define ROW2(name, ma, mb) ROW (name, 2, 2)
#define ROW3(name, ma, mb, mc) ROW (name, 3, 3)
#define ROW1K(name, ma) ROW (name, 1, 1)
#define ROW1C(name, ma) ROW (name, 1, 2)
#define ROW2K(name, ma, mb) ROW (name, 2, 2)
static const row rows[] = {
#include <wengert/rules.def>
};
enum { ROWS = sizeof rows/sizeof *rows };

/* Random numbers: splitmix64 (Steele, Lea, Flood 2014), the same on every machine. */
static uint64_t state;

static uint64_t next (void)
{
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30)*0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27)*0x94d049bb133111eb;
  return z ^ z >> 31;
}

static double uniform (double lo, double hi) { return lo + (hi - lo)*((double) (next () >> 11)*0x1p-53); }

static const double edges[] =
  { 0, 0x1p-1074, 0x1.8p-1060, 0x1p-1022, 0x1.8p-1021, 0x1p-600, 0x1p-511, 0x1p-60, 0x1p-53, 0x1p-27, .25, .5,
    0x1.fffffffffffffp-2, 0x1.fffffffffffffp-1, 1, 0x1.0000000000001p+0, 2, 3, 0x1p+27, 0x1p+53, 0x1p+511,
    0x1p+600, 0x1p+1023, DBL_MAX };
enum { EDGES = sizeof edges/sizeof *edges };

static double draw_operand (const range r[], const double x[], int i)
{
  int n = 0;
  while (n < 5 && r[n].how != END)
    n++;
  r += next () % (unsigned) n;
  double v = uniform (r->lo, r->hi), sign = next () & 1 ? 1 : -1;
  switch (r->how)
    {
    case UNIFORM: return v;
    case EITHER: return sign*pow (10, v);
    case POS: return pow (10, v);
    case INTEGER: return rint (v);
    case ABOVE_ONE: return 1 + pow (10, v);
    case BELOW_ONE: return 1 - pow (10, v);
    case ABOVE_MINUS_ONE: return pow (10, v) - 1;
    case RATIO: return x[i - 1]*(1 + sign*pow (10, v));
    case SHIFTED: return x[i - 1] + v;
    case CANCEL: return -x[0]*x[1]*(1 + sign*pow (10, v));
    case PRODUCT: return x[0]*x[1]*(1 + sign*pow (10, v));
    default: return 0;
    }
}

/* The first EDGES^inputs points (of one or two inputs, with both signs) are the edges; then one operand in
 * thirty is an edge. */
static void draw_point (const row *r, int n, double x[3], int *k)
{
  const domain *d = r->where;
  int code = n, all = r->inputs == 1 ? 2*EDGES : r->inputs == 2 ? 4*EDGES*EDGES : 0;
  *k = d->nk ? d->k[n % d->nk] : 0;
  memset (x, 0, 3*sizeof *x);
  for (int i = 0; i < r->inputs; i++)
    {
      uint64_t pick = next ();
      x[i] = draw_operand (d->x[i], x, i);
      if (n < all || pick % 30 == 0)
        {
          int e = n < all ? code % (2*EDGES) : (int) (pick/30 % (2*EDGES));
          x[i] = e < EDGES ? edges[e] : -edges[e - EDGES];
          code /= 2*EDGES;
        }
    }
}

/* A reference: value and partials to 200 bits, and whether the function is smooth there. */
typedef struct { mpfr_t value, first[3], second[3][3]; int smooth; } truth_at;

static mpfr_t point[3], step[3], shifted[3], center, plus[3], minus[3], corner[4], work;

static void set_precision (mpfr_prec_t p)
{
  for (int i = 0; i < 3; i++)
    {
      mpfr_set_prec (point[i], p), mpfr_set_prec (step[i], p), mpfr_set_prec (shifted[i], p);
      mpfr_set_prec (plus[i], p), mpfr_set_prec (minus[i], p);
    }
  for (int i = 0; i < 4; i++)
    mpfr_set_prec (corner[i], p);
  mpfr_set_prec (center, p), mpfr_set_prec (work, p), mpfr_set_prec (aux, p);
}

static mpfr_exp_t size (mpfr_srcptr v) { return mpfr_zero_p (v) ? mpfr_get_emin () : mpfr_get_exp (v); }

/* y = f (point + si step_i + sj step_j); 0 if that is not a number or infinite */
static int evaluate (mpfr_ptr y, const row *r, int k, int i, int si, int j, int sj)
{
  for (int l = 0; l < 3; l++)
    mpfr_set (shifted[l], point[l], R);
  if (si)
    (si > 0 ? mpfr_add : mpfr_sub) (shifted[i], shifted[i], step[i], R);
  if (sj)
    (sj > 0 ? mpfr_add : mpfr_sub) (shifted[j], shifted[j], step[j], R);
  r->reference (y, shifted[0], shifted[1], shifted[2], k);
  return mpfr_number_p (y);
}

static mpfr_exp_t larger (mpfr_exp_t a, mpfr_exp_t b) { return a > b ? a : b; }
static mpfr_exp_t smaller (mpfr_exp_t a, mpfr_exp_t b) { return a < b ? a : b; }

/* How many bits a difference of values of size top, divided to a quotient, is short of 100 good ones or of being
 * exact to 2^-1150, whichever comes first; at most 0 when it is one of the two. */
static mpfr_exp_t lacking (mpfr_srcptr quotient, mpfr_exp_t top, mpfr_exp_t step_size, mpfr_prec_t p)
{
  const mpfr_exp_t noise = top + 10 - p - step_size, enough = noise + 1150;
  return smaller (enough, mpfr_zero_p (quotient) ? 2*p : noise + 100 - size (quotient));
}

/* One attempt at precision p; returns the bits lacking. */
static mpfr_exp_t difference (truth_at *w, const row *r, const double x[3], int k, mpfr_exp_t step_at_0, mpfr_prec_t p)
{
  const int n = r->operands;
  mpfr_exp_t lack = 0, e[3], top;
  set_precision (p);
  for (int i = 0; i < 3; i++)
    {
      mpfr_set_d (point[i], x[i], R);
      e[i] = x[i] == 0 ? step_at_0 : size (point[i]) - 100;
      if ((r->where->flags & FLAT_SCALE) && e[i] > -100)
        e[i] = -100;
      mpfr_set_ui_2exp (step[i], 1, e[i], R);
    }
  w->smooth = evaluate (center, r, k, 0, 0, 0, 0);
  mpfr_set (w->value, center, R);
  for (int i = 0; i < n && w->smooth; i++)
    {
      w->smooth = evaluate (plus[i], r, k, i, 1, 0, 0) && evaluate (minus[i], r, k, i, -1, 0, 0);
      if (!w->smooth)
        break;
      top = larger (size (plus[i]), larger (size (minus[i]), size (center)));
      mpfr_sub (work, plus[i], minus[i], R);
      mpfr_div_2si (work, work, e[i] + 1, R);
      mpfr_set (w->first[i], work, R);
      lack = larger (lack, lacking (work, top, e[i], p));
      mpfr_add (work, plus[i], minus[i], R);
      mpfr_sub (work, work, center, R);
      mpfr_sub (work, work, center, R);
      mpfr_div_2si (work, work, e[i], R);
      if (size (work) > -40 && size (work) > size (w->first[i]) - 40)   /* the slopes on both sides differ: a kink */
        w->smooth = 0;
      mpfr_div_2si (work, work, e[i], R);
      mpfr_set (w->second[i][i], work, R);
      lack = larger (lack, lacking (work, top, 2*e[i], p));
    }
  for (int i = 0; i < n && w->smooth; i++)
    for (int j = 0; j < i && w->smooth; j++)
      {
        top = size (center);
        for (int c = 0; c < 4; c++)
          {
            w->smooth &= evaluate (corner[c], r, k, i, c & 1 ? 1 : -1, j, c & 2 ? 1 : -1);
            if (w->smooth)
              top = larger (top, size (corner[c]));
          }
        if (!w->smooth)
          break;
        mpfr_add (work, corner[0], corner[3], R);
        mpfr_sub (work, work, corner[1], R);
        mpfr_sub (work, work, corner[2], R);
        mpfr_div_2si (work, work, e[i] + e[j] + 2, R);
        mpfr_set (w->second[i][j], work, R);
        mpfr_set (w->second[j][i], work, R);
        lack = larger (lack, lacking (work, top, e[i] + e[j], p));
      }
  return w->smooth ? lack : 0;
}

static void find_truth (truth_at *w, const row *r, const double x[3], int k, mpfr_exp_t step_at_0)
{
  mpfr_prec_t p = 400;
  for (int i = 0; i < r->inputs; i++)                      /* all digits of operand + step */
    if ((r->where->flags & FLAT_SCALE) && x[i] != 0)
      p = larger (p, 400 + ilogb (x[i]));
  for (mpfr_exp_t lack; (lack = difference (w, r, x, k, step_at_0, p)) > 0; p += lack + 64)
    ck_assert_msg (p < MAX_PRECISION, "%s: no reference at %a %a %a", r->name, x[0], x[1], x[2]);
}

static truth_at truth_1, truth_2;

static void init (void)
{
  truth_at *both[2] = { &truth_1, &truth_2 };
  for (int b = 0; b < 2; b++)
    {
      mpfr_init2 (both[b]->value, 200);
      for (int i = 0; i < 3; i++)
        {
          mpfr_init2 (both[b]->first[i], 200);
          for (int j = 0; j < 3; j++)
            mpfr_init2 (both[b]->second[i][j], 200);
        }
    }
  for (int i = 0; i < 3; i++)
    mpfr_inits2 (200, point[i], step[i], shifted[i], plus[i], minus[i], (mpfr_ptr) 0);
  mpfr_inits2 (200, center, work, aux, corner[0], corner[1], corner[2], corner[3], (mpfr_ptr) 0);
}

static int alike (mpfr_srcptr a, mpfr_srcptr b)
{
  mpfr_sub (work, a, b, R);
  return size (work) < -1074 || size (work) < size (a) - 60;
}

/* The reference at a point; at operands 0, where steps have no natural size, two steps must agree, else the
 * function is not smooth there. */
static const truth_at *reference (const row *r, const double x[3], int k)
{
  int zero = 0;
  find_truth (&truth_1, r, x, k, -1180);
  for (int i = 0; i < r->operands; i++)
    zero |= x[i] == 0;
  if (zero && truth_1.smooth)
    {
      find_truth (&truth_2, r, x, k, -1200);
      truth_1.smooth = truth_2.smooth;
      for (int i = 0; i < r->operands && truth_1.smooth; i++)
        {
          truth_1.smooth &= alike (truth_1.first[i], truth_2.first[i]);
          for (int j = 0; j < r->operands; j++)
            truth_1.smooth &= alike (truth_1.second[i][j], truth_2.second[i][j]);
        }
    }
  return &truth_1;
}

/* Neither subnormal nor infinite; zero only if it is exact */
static int usual (double v) { return v == 0 || (fabs (v) >= DBL_MIN && fabs (v) <= DBL_MAX); }

static int usual_truth (mpfr_srcptr v)
{
  const double d = mpfr_get_d (v, R);
  return mpfr_zero_p (v) || (d != 0 && usual (d));
}

/* |got - want| in units in the last place of max (|want|, scale); those of the subnormals are 2^-1074. */
static double ulps (double got, mpfr_srcptr want, double scale)
{
  const double w = mpfr_get_d (want, R);
  int e;
  if (got == w || (got != got && w != w))
    return 0;
  if (got != got || w != w)
    return INFINITY;
  got = fmax (-DBL_MAX, fmin (got, DBL_MAX));              /* an infinity counts as the largest number */
  mpfr_set_d (work, got, R);
  mpfr_sub (work, work, want, R);
  frexp (fmin (DBL_MAX, fmax (fabs (w), scale)), &e);
  mpfr_div_2si (work, work, (e < -1021 ? -1021 : e) - 53, R);
  return fabs (mpfr_get_d (work, R));
}

typedef struct { double error, at[3]; int k; long checked; } worst_case;

static int fails;

static void note (worst_case *w, double error, double bound, const row *r, const double x[3], int k, const char *what,
                  double got, mpfr_srcptr want)
{
  w->checked++;
  if (error > w->error)
    {
      w->error = error;
      w->k = k;
      memcpy (w->at, x, sizeof w->at);
    }
  if (!(error <= bound) && fails++ < 5)
    printf ("%s: %s is off by %.3g ulp at (%.17g, %.17g, %.17g; %d): %.17g for %.17g\n", r->name, what, error, x[0],
            x[1], x[2], k, got, mpfr_get_d (want, R));
}

/* One point: the value everywhere; partials where the function is smooth and what the chain rule is made of,
 * operands, value and lower partials, is neither subnormal nor infinite. */
static void check_point (const row *r, const double x[3], int k, worst_case worst[3])
{
  const unsigned flags = r->where->flags;
  if ((flags & ONLY_POSITIVE) && !(x[0] > 0))
    return;
  const truth_at *w = reference (r, x, k);
  static const char *const names[3] = { "value", "first partial", "second partial" };
  mag2 terms[3];
  wgi_dual2 z[3];
  memset (terms, 0, sizeof terms);
  memset (z, 0, sizeof z);
  for (int i = 0; i < 3; i++)
    {
      z[i].v.v = x[i];
      terms[i].v.v = mag_of (x[i]);
    }
  double value = r->value (x, k), scale = flags & SUM_VALUE ? r->terms (terms, k).v.v.m : 0;
  note (&worst[0], ulps (value, w->value, scale), 8, r, x, k, names[0], value, w->value);
  if (!w->smooth || !usual (x[0]) || !usual (x[1]) || !usual (x[2]) || !usual_truth (w->value))
    return;
  for (int i = 0; i < r->operands; i++)
    for (int j = 0; j < r->operands; j++)
      {
        for (int l = 0; l < 3; l++)
          {
            z[l].v.d = l == i, z[l].d.v = l == j;
            terms[l].v.d = mag_of (l == i), terms[l].d.v = mag_of (l == j);
          }
        const wgi_dual2 y = r->dual (z, k);
        if (!usual_truth (w->first[i]))
          continue;
        note (&worst[1], ulps (y.v.d, w->first[i], 0), 8, r, x, k, names[1], y.v.d, w->first[i]);
        scale = flags & SUM_SECOND ? r->terms (terms, k).d.d.m : 0;
        if (usual_truth (w->first[j]) && usual_truth (w->second[i][j]) && usual (scale))
          note (&worst[2], ulps (y.d.d, w->second[i][j], scale), 16, r, x, k, names[2], y.d.d, w->second[i][j]);
      }
}

START_TEST (accuracy)
{
  const row *r = &rows[_i];
  const char *soak = getenv ("WG_SOAK"), *verbose = getenv ("WG_VERBOSE");
  const int edge_points = r->inputs == 1 ? 2*EDGES : r->inputs == 2 ? 4*EDGES*EDGES : 0;
  const int points = edge_points + POINTS*(soak && atoi (soak) > 0 ? atoi (soak) : 1);
  worst_case worst[3] = { { 0 } };
  state = (uint64_t) _i;
  init ();
  for (int n = 0; n < points; n++)
    {
      double x[3];
      int k;
      draw_point (r, n, x, &k);
      if (isfinite (x[0]) && isfinite (x[1]) && isfinite (x[2]))
        check_point (r, x, k, worst);
    }
  if (verbose)
    {
      printf ("%-10s", r->name);
      for (int o = 0; o < 3; o++)
        {
          printf (" | %8.3g of %6ld", worst[o].error, worst[o].checked);
          for (int i = 0; i < r->inputs && worst[o].error > 0; i++)
            printf (" %.6g", worst[o].at[i]);
          if (r->where->nk)
            printf ("; %d", worst[o].k);
        }
      printf ("\n");
    }
  fflush (stdout);
  ck_assert_int_eq (fails, 0);
  ck_assert_int_gt (worst[0].checked, POINTS/2);
}
END_TEST

/* Kinks and infinities: what the documentation promises, exactly.  One row, point, immediate, value, first
 * partials, second partial in the first operand; ANY is not looked at. */
#define ANY 4321.
#define INF INFINITY

static const struct
{
  const char *name;
  double x[3];
  int k;
  double value, first[3], second;
} kinks[] = {
  { "abs", { 0 }, 0, 0, { 0 }, 0 },
  { "relu", { 0 }, 0, 0, { 0 }, 0 },
  { "relu", { NAN }, 0, NAN, { ANY }, ANY },
  { "sign", { 0 }, 0, 0, { 0 }, 0 },
  { "sign", { NAN }, 0, NAN, { 0 }, 0 },
  { "step", { 0 }, 0, 0, { 0 }, 0 },
  { "floor", { -3 }, 0, -3, { 0 }, 0 },
  { "max", { 2.385, 2.385 }, 0, 2.385, { 1, 0 }, 0 },
  { "max", { NAN, 2.385 }, 0, NAN, { 1, 0 }, 0 },
  { "max", { 2.385, NAN }, 0, NAN, { 0, 1 }, 0 },
  { "min", { 2.385, 2.385 }, 0, 2.385, { 1, 0 }, 0 },
  { "min", { NAN, 2.385 }, 0, NAN, { 1, 0 }, 0 },
  { "min", { 2.385, NAN }, 0, NAN, { 0, 1 }, 0 },
  { "clamp", { 1.5, 1.5, 2.25 }, 0, 1.5, { 1, 0, 0 }, 0 },
  { "clamp", { 2.25, 1.5, 2.25 }, 0, 2.25, { 1, 0, 0 }, 0 },
  { "clamp", { NAN, 1.5, 2.25 }, 0, NAN, { 1, 0, 0 }, 0 },
  { "select", { 0, NAN, 2.25 }, 0, 2.25, { 0, 0, 1 }, 0 },
  { "select", { 1, 2.25, NAN }, 0, 2.25, { 0, 1, 0 }, 0 },
  { "sqrt", { 0 }, 0, 0, { INF }, -INF },
  { "sqrt", { INF }, 0, INF, { 0 }, ANY },
  { "cbrt", { 0 }, 0, 0, { INF }, ANY },
  { "hypot", { 0, 0 }, 0, 0, { 0, 0 }, NAN },
  { "hypot", { 0, -3 }, 0, 3, { 0, -1 }, 1./3 },
  { "powi", { 0 }, 0, 1, { 0 }, 0 },
  { "powi", { 0 }, 1, 0, { 1 }, 0 },
  { "powi", { 0 }, 2, 0, { 0 }, 2 },
  { "powi", { 0 }, 3, 0, { 0 }, 0 },
  { "powi", { -2 }, 3, -8, { 12 }, -12 },
  { "powi", { -2 }, -1, -.5, { -.25 }, -.25 },
  { "powc", { 0, 0 }, 0, 1, { 0 }, 0 },
  { "powc", { 0, .5 }, 0, 0, { INF }, -INF },
  { "powc", { 0, 1 }, 0, 0, { 1 }, 0 },
  { "powc", { 0, 1.5 }, 0, 0, { 0 }, INF },
  { "powc", { 0, 2 }, 0, 0, { 0 }, 2 },
  { "powc", { -2, 3 }, 0, -8, { 12 }, -12 },
  { "powk", { 0, 2 }, 0, 0, { 0, 0 }, 2 },
  { "exp", { -INF }, 0, 0, { 0 }, 0 },
  { "exp", { INF }, 0, INF, { INF }, INF },
  { "log", { 0 }, 0, -INF, { INF }, -INF },
  { "log", { INF }, 0, INF, { 0 }, ANY },
  { "tanh", { INF }, 0, 1, { 0 }, 0 },
  { "tanh", { -INF }, 0, -1, { 0 }, 0 },
  { "atan", { INF }, 0, 1.5707963267948966, { 0 }, ANY },
  { "asinh", { -INF }, 0, -INF, { 0 }, ANY },
  { "erf", { INF }, 0, 1, { 0 }, ANY },
  { "erfc", { -INF }, 0, 2, { 0 }, ANY },
  { "lgamma", { INF }, 0, INF, { INF }, 0 },
  { "polygamma", { INF }, 0, INF, { 0 }, 0 },
  { "sigmoid", { -INF }, 0, 0, { 0 }, 0 },
  { "sigmoid", { INF }, 0, 1, { 0 }, 0 },
  { "softplus", { -INF }, 0, 0, { 0 }, 0 },
  { "softplus", { INF }, 0, INF, { 1 }, 0 },
  { "softplus", { 1e308 }, 0, 1e308, { 1 }, 0 },
  { "softplus", { -1e308 }, 0, 0, { 0 }, 0 },
  { "logaddexp", { 1e308, 1e308 }, 0, 1e308, { .5, .5 }, .25 },
  { "logaddexp", { -1e308, 1e308 }, 0, 1e308, { 0, 1 }, 0 },
  { "logaddexp", { DBL_MAX, -DBL_MAX }, 0, DBL_MAX, { 1, 0 }, 0 },
  { "logaddexp", { -INF, 2.25 }, 0, 2.25, { 0, 1 }, 0 },
  { "logaddexp", { INF, 2.25 }, 0, INF, { 1, 0 }, 0 },
  { "unit", { 0, 0 }, 0, 0, { NAN, NAN }, NAN },
};

static void expect (const char *name, const char *what, double got, double want)
{
  if (want != ANY)
    ck_assert_msg (got == want || (got != got && want != want), "%s: %s is %.17g, should be %.17g",
                   name, what, got, want);
}

START_TEST (kink)
{
  const char *name = kinks[_i].name;
  const row *r = rows;
  while (strcmp (r->name, name) != 0)
    ck_assert (++r < rows + ROWS);
  expect (name, "the value", r->value (kinks[_i].x, kinks[_i].k), kinks[_i].value);
  for (int i = 0; i < r->operands; i++)
    {
      wgi_dual2 z[3];
      memset (z, 0, sizeof z);
      for (int l = 0; l < 3; l++)
        z[l].v.v = kinks[_i].x[l];
      z[i].v.d = z[i].d.v = 1;
      const wgi_dual2 y = r->dual (z, kinks[_i].k);
      expect (name, "a first partial", y.v.d, kinks[_i].first[i]);
      if (i == 0)
        expect (name, "the second partial", y.d.d, kinks[_i].second);
    }
}
END_TEST

int main (void)
{
  Suite *suite = suite_create ("accuracy");
  TCase *tc = tcase_create ("rows");
  tcase_set_timeout (tc, 0);
  tcase_add_loop_test (tc, accuracy, 0, ROWS);
  tcase_add_loop_test (tc, kink, 0, sizeof kinks/sizeof *kinks);
  suite_add_tcase (suite, tc);
  return run_suite (suite);
}
