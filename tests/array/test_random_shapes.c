/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Random programs over arrays of random shapes, 0 and 1 among the dimensions, with views that are not in one piece and broadcasting
 * both ways, all rows of the rule table and all reductions among the operations: equal to the same program over scalars, element by element,
 * in values, gradients, tangents, second derivatives and derived functions.
 */
#include "../random_program.h"
#include "laws.h"
#include "runner.h"

enum { INPUTS = 20, MOST = 600, RANK = 4, NAIVE_RANK = 5 };

/* An array as its elements by rows, on scalars. */
typedef struct { int rank; size_t dim[NAIVE_RANK]; wg_var *e; } naive;

/* One of both: the same program is run over arrays or over scalars. */
typedef struct { wg_var a; naive s; } value;

typedef struct { uint64_t seed; int arrays, steps; size_t from; } program;

static size_t size_of (const naive *s)
{
  size_t size = 1;
  for (int i = 0; i < s->rank; i++) size *= s->dim[i];
  return size;
}

static naive naive_of (int rank, const size_t dim[])
{
  naive s = { .rank = rank };
  for (int i = 0; i < rank; i++) s.dim[i] = dim[i];
  s.e = calloc (size_of (&s) + 1, sizeof *s.e);
  ck_assert_ptr_nonnull (s.e);
  return s;
}

static void index_of (const naive *s, size_t at, size_t index[])
{
  for (int i = s->rank; i--; ) index[i] = at % s->dim[i], at /= s->dim[i];
}

static size_t place_of (const naive *s, const size_t index[])
{
  size_t at = 0;
  for (int i = 0; i < s->rank; i++) at = at*s->dim[i] + index[i];
  return at;
}

/* Where index of a result of this rank is in an operand that broadcasts. */
static size_t broadcast_place (const naive *s, int rank, const size_t index[])
{
  size_t own[NAIVE_RANK] = { 0 };
  for (int i = 0; i < s->rank; i++) own[i] = s->dim[i] == 1 ? 0 : index[rank - s->rank + i];
  return place_of (s, own);
}

/* views */

static value transposed (value v, rp_random *r)
{
  int axis[NAIVE_RANK];
  size_t dim[NAIVE_RANK], index[NAIVE_RANK], from[NAIVE_RANK];
  for (int i = 0; i < v.s.rank; i++) axis[i] = i;
  for (int i = v.s.rank; i-- > 1; )
    {
      const int j = (int) rp_below (r, (unsigned) i + 1), k = axis[i];
      axis[i] = axis[j], axis[j] = k;
    }
  for (int i = 0; i < v.s.rank; i++) dim[i] = v.s.dim[axis[i]];
  value t = { v.a, naive_of (v.s.rank, dim) };
  for (size_t k = 0; k < size_of (&t.s); k++)
    {
      index_of (&t.s, k, index);
      for (int i = 0; i < v.s.rank; i++) from[axis[i]] = index[i];
      t.s.e[k] = v.s.e[place_of (&v.s, from)];
    }
  if (v.s.rank > 1) t.a = wg_transpose (v.a, axis);
  return t;
}

static value sliced (value v, rp_random *r)
{
  if (v.s.rank == 0) return v;
  const int axis = (int) rp_below (r, (unsigned) v.s.rank);
  const size_t had = v.s.dim[axis], begin = rp_below (r, (unsigned) had + 1), end = begin + rp_below (r, (unsigned) (had - begin) + 1);
  const long step = (long[]){ 1, -1, 2, -2 }[rp_below (r, 4)];
  size_t dim[NAIVE_RANK], index[NAIVE_RANK];
  memcpy (dim, v.s.dim, sizeof dim);
  dim[axis] = (end - begin + (size_t) labs (step) - 1)/(size_t) labs (step);
  value t = { wg_slice (v.a, axis, begin, end, step), naive_of (v.s.rank, dim) };
  for (size_t k = 0; k < size_of (&t.s); k++)
    {
      index_of (&t.s, k, index);
      index[axis] = step > 0 ? begin + index[axis]*(size_t) step : end - 1 - index[axis]*(size_t) -step;
      t.s.e[k] = v.s.e[place_of (&v.s, index)];
    }
  return t;
}

static value flattened (value v, rp_random *r)
{
  const size_t n = size_of (&v.s);
  size_t rows = 1;
  for (size_t k = 1; k <= 3; k++) if (n % k == 0 && rp_below (r, 2)) rows = k;
  value t = { wg_reshape (v.a, 2, (size_t[]){ rows, n/rows }), naive_of (2, (size_t[]){ rows, n/rows }) };
  memcpy (t.s.e, v.s.e, n*sizeof *t.s.e);
  return t;
}

/* A number of an axis of 1, or a new first axis, repeated. */
static value repeated (value v, rp_random *r)
{
  size_t dim[NAIVE_RANK], index[NAIVE_RANK];
  if (v.s.rank >= RANK) return v;
  dim[0] = rp_below (r, 3);
  for (int i = 0; i < v.s.rank; i++) dim[i+1] = v.s.dim[i] == 1 ? 1 + rp_below (r, 2) : v.s.dim[i];
  value t = { wg_broadcast (v.a, v.s.rank + 1, dim), naive_of (v.s.rank + 1, dim) };
  for (size_t k = 0; k < size_of (&t.s); k++)
    {
      index_of (&t.s, k, index);
      t.s.e[k] = v.s.e[broadcast_place (&v.s, t.s.rank, index)];
    }
  return t;
}

/* operations */

/* Operands are brought to where all is smooth and small. */
static wg_var tamed (wg_var a) { return wg_sigmoid (a); }

enum { SUM, MEAN, PROD, AMAX, AMIN, NORM, LOGSUMEXP, VARIANCE, REDUCTIONS };

static wg_var reduction (unsigned kind, wg_var a, int count, const int axis[], int keep)
{
  switch (kind)
    {
    case MEAN: return wg_mean_axes (a, count, axis, keep);
    case PROD: return wg_prod_axes (a, count, axis, keep);
    case AMAX: return wg_amax_axes (a, count, axis, keep);
    case AMIN: return wg_amin_axes (a, count, axis, keep);
    case NORM: return wg_norm_axes (a, 2, count, axis, keep);
    case LOGSUMEXP: return wg_logsumexp_axes (a, count, axis, keep);
    case VARIANCE: return wg_variance_axes (a, 0, count, axis, keep);
    default: return wg_sum_axes (a, count, axis, keep);
    }
}

/* The same of scalars. */
static wg_var folded (unsigned kind, size_t n, const wg_var e[])
{
  wg_var s = n && (kind == AMAX || kind == AMIN) ? e[0] : wg_num (kind == PROD), mean = wg_num (0);
  if (kind == VARIANCE) mean = folded (MEAN, n, e);
  for (size_t i = 0; i < n; i++)
    switch (kind)
      {
      case PROD: s = wg_mul (s, e[i]); break;
      case AMAX: s = wg_max (s, e[i]); break;
      case AMIN: s = wg_min (s, e[i]); break;
      case NORM: s = wg_add (s, wg_sqr (e[i])); break;
      case LOGSUMEXP: s = wg_add (s, wg_exp (e[i])); break;
      case VARIANCE: s = wg_add (s, wg_sqr (wg_sub (e[i], mean))); break;
      default: s = wg_add (s, e[i]); break;
      }
  return kind == NORM ? wg_sqrt (s) : kind == LOGSUMEXP ? wg_log (s) : kind == MEAN || kind == VARIANCE ? wg_div (s, (double) n) : s;
}

static value reduced (value v, rp_random *r)
{
  int axis[NAIVE_RANK], count = 0, at = 0;
  const int keep = (int) rp_below (r, 2);
  unsigned kind = rp_below (r, REDUCTIONS), axes = 0;
  size_t dim[NAIVE_RANK], index[NAIVE_RANK], to[NAIVE_RANK];
  for (int i = 0; i < v.s.rank; i++)
    if (rp_below (r, 2)) axis[count++] = rp_below (r, 2) ? i : i - v.s.rank, axes |= 1u << i;
  for (int i = 0; i < v.s.rank; i++)
    if (!(axes >> i & 1)) dim[at++] = v.s.dim[i];
    else if (keep) dim[at++] = 1;
  if (size_of (&v.s) == 0) kind = SUM;
  value t = { reduction (kind, kind == SUM ? v.a : tamed (v.a), count, axis, keep), naive_of (at, dim) };
  const size_t lines = size_of (&t.s), n = lines ? size_of (&v.s)/lines : 0;
  wg_var *line = calloc (size_of (&v.s) + 1, sizeof *line);
  size_t *have = calloc (lines + 1, sizeof *have);
  ck_assert (line && have);
  for (size_t k = 0; k < size_of (&v.s); k++)
    {
      index_of (&v.s, k, index);
      at = 0;
      for (int i = 0; i < v.s.rank; i++)
        if (!(axes >> i & 1)) to[at++] = index[i];
        else if (keep) to[at++] = 0;
      const size_t l = place_of (&t.s, to);
      line[n*l + have[l]++] = kind == SUM ? v.s.e[k] : tamed (v.s.e[k]);
    }
  for (size_t l = 0; l < lines; l++) t.s.e[l] = folded (kind, n, line + n*l);
  free (line), free (have);
  return t;
}

/* Running sums, softmax, its logarithm along an axis. */
static value along (value v, rp_random *r)
{
  if (v.s.rank == 0) return v;
  const int axis = (int) rp_below (r, (unsigned) v.s.rank), kind = (int) rp_below (r, 3);
  const wg_var a = tamed (v.a);
  value t = { kind == 0 ? wg_cumsum (a, axis) : kind == 1 ? wg_softmax (a, axis - v.s.rank) : wg_log_softmax (a, axis), naive_of (v.s.rank, v.s.dim) };
  for (size_t k = 0; k < size_of (&t.s); k++)
    {
      size_t index[NAIVE_RANK];
      wg_var s = wg_num (0);
      index_of (&t.s, k, index);
      const size_t to = index[axis];
      for (index[axis] = 0; index[axis] < v.s.dim[axis]; index[axis]++)
        {
          const wg_var e = tamed (v.s.e[place_of (&v.s, index)]);
          if (kind || index[axis] <= to) s = wg_add (s, kind ? wg_exp (e) : e);
        }
      const wg_var own = tamed (v.s.e[k]);
      t.s.e[k] = kind == 0 ? s : kind == 1 ? wg_div (wg_exp (own), s) : wg_sub (own, wg_log (s));
    }
  return t;
}

static value gathered (value v, rp_random *r, int scatter)
{
  int index[4];
  size_t dim[NAIVE_RANK], at[NAIVE_RANK];
  if (v.s.rank == 0 || (!scatter && v.s.dim[0] == 0) || v.s.dim[0] > 4) return v;
  const size_t count = scatter ? v.s.dim[0] : rp_below (r, 4), other = scatter ? 1 + rp_below (r, 3) : v.s.dim[0];
  for (size_t i = 0; i < count; i++) index[i] = (int) rp_below (r, (unsigned) other);
  memcpy (dim, v.s.dim, sizeof dim);
  dim[0] = scatter ? other : count;
  value t = { scatter ? wg_scatter (v.a, 0, count, index, other) : wg_gather (v.a, 0, count, index), naive_of (v.s.rank, dim) };
  for (size_t k = 0; k < size_of (&t.s); k++) t.s.e[k] = wg_num (0);
  for (size_t k = 0; k < size_of (scatter ? &v.s : &t.s); k++)
    {
      index_of (scatter ? &v.s : &t.s, k, at);
      at[0] = (size_t) index[at[0]];
      if (scatter) t.s.e[place_of (&t.s, at)] = wg_add (t.s.e[place_of (&t.s, at)], v.s.e[k]);
      else t.s.e[k] = v.s.e[place_of (&v.s, at)];
    }
  return t;
}

static value doubled (value v, rp_random *r)
{
  const int axis = v.s.rank ? (int) rp_below (r, (unsigned) v.s.rank) : 0, stack = v.s.rank == 0 || rp_below (r, 2);
  size_t dim[NAIVE_RANK], index[NAIVE_RANK];
  if (v.s.rank >= RANK) return v;
  memcpy (dim + stack, v.s.dim, sizeof dim - sizeof *dim*(size_t) stack);
  dim[stack ? 0 : axis] = stack ? 2 : 2*v.s.dim[axis];
  value t = { stack ? wg_stack (2, (wg_var[]){ v.a, v.a }) : wg_concat (2, (wg_var[]){ v.a, v.a }, axis), naive_of (v.s.rank + stack, dim) };
  for (size_t k = 0; k < size_of (&t.s); k++)
    {
      index_of (&t.s, k, index);
      if (!stack) index[axis] %= v.s.dim[axis];
      t.s.e[k] = v.s.e[place_of (&v.s, index + stack)];
    }
  return t;
}

static int joins (const naive *a, const naive *b, size_t dim[], int *rank)
{
  *rank = a->rank > b->rank ? a->rank : b->rank;
  for (int i = 0; i < *rank; i++)
    {
      const int j = a->rank - *rank + i, k = b->rank - *rank + i;
      const size_t p = j < 0 ? 1 : a->dim[j], q = k < 0 ? 1 : b->dim[k];
      if (p != q && p != 1 && q != 1) return 0;
      dim[i] = p == 1 ? q : p;
    }
  return 1;
}

/* The rows. */
static wg_var row (unsigned which, wg_var a, wg_var b, wg_var c)
{
  const wg_var u = tamed (a), w = tamed (b);
  switch (which)
    {
#define ROW(number, e) case number: return e;
      ROW (0, wg_add (a, b)) ROW (1, wg_sub (a, b)) ROW (2, wg_mul (a, b)) ROW (3, wg_div (a, wg_add (1, w))) ROW (4, wg_neg (a))
      ROW (5, wg_recip (wg_add (u, 1))) ROW (6, wg_sqr (a)) ROW (7, wg_fma (a, u, c)) ROW (8, wg_sqrt (u)) ROW (9, wg_cbrt (u))
      ROW (10, wg_pow (u, w)) ROW (11, wg_powi (a, 3)) ROW (12, wg_pow (u, 1.5)) ROW (13, wg_exp (u)) ROW (14, wg_expm1 (u))
      ROW (15, wg_log (u)) ROW (16, wg_log1p (u)) ROW (17, wg_log2 (u)) ROW (18, wg_log10 (u)) ROW (19, wg_sin (a)) ROW (20, wg_cos (a))
      ROW (21, wg_tan (u)) ROW (22, wg_asin (wg_mul (.9, u))) ROW (23, wg_acos (wg_mul (.9, u))) ROW (24, wg_atan (a))
      ROW (25, wg_atan2 (a, wg_add (w, .5))) ROW (26, wg_sinh (u)) ROW (27, wg_cosh (u)) ROW (28, wg_tanh (a)) ROW (29, wg_asinh (a))
      ROW (30, wg_acosh (wg_add (u, 1.1))) ROW (31, wg_atanh (wg_mul (.9, u))) ROW (32, wg_abs (wg_add (u, .1))) ROW (33, wg_relu (a))
      ROW (34, wg_max (a, b)) ROW (35, wg_min (a, b)) ROW (36, wg_clamp (a, wg_neg (w), w)) ROW (37, wg_select (wg_is_lt (a, b), a, wg_sin (c)))
      ROW (38, wg_hypot (a, wg_add (w, .1))) ROW (39, wg_erf (a)) ROW (40, wg_erfc (a)) ROW (41, wg_lgamma (wg_add (u, 2.5)))
      ROW (42, wg_digamma (wg_add (u, 2.5))) ROW (43, wg_softplus (a)) ROW (44, wg_logaddexp (a, b)) ROW (45, wg_mul (wg_sign (a), b))
#undef ROW
    default: return u;
    }
}
enum { ROWS = 47 };

static value combined (value v, value w, rp_random *r)
{
  size_t dim[NAIVE_RANK], index[NAIVE_RANK];
  int rank;
  const unsigned which = rp_below (r, ROWS);
  if (!joins (&v.s, &w.s, dim, &rank)) return v;
  value t = { row (which, v.a, w.a, w.a), naive_of (rank, dim) };
  for (size_t k = 0; k < size_of (&t.s); k++)
    {
      index_of (&t.s, k, index);
      const wg_var b = w.s.e[broadcast_place (&w.s, rank, index)];
      t.s.e[k] = row (which, v.s.e[broadcast_place (&v.s, rank, index)], b, b);
    }
  /* rows of one operand do not broadcast */
  wg_var zero = wg_mul (w.a, 0);
  t.a = wg_add (t.a, zero);
  for (size_t k = 0; k < size_of (&t.s); k++) t.s.e[k] = wg_add (t.s.e[k], 0);
  return t;
}

static value multiplied (value v, value w)
{
  size_t dim[NAIVE_RANK], ia[NAIVE_RANK], at[NAIVE_RANK];
  if (v.s.rank != 2 || w.s.rank == 0 || w.s.rank > 2 || v.s.dim[1] != w.s.dim[0]) return v;
  dim[0] = v.s.dim[0], dim[1] = w.s.rank == 2 ? w.s.dim[1] : 1;
  value t = { wg_matmul (v.a, w.a), naive_of (w.s.rank, dim) };
  for (size_t k = 0; k < size_of (&t.s); k++)
    {
      index_of (&t.s, k, at);
      t.s.e[k] = wg_num (0);
      for (size_t l = 0; l < v.s.dim[1]; l++)
        {
          ia[0] = at[0], ia[1] = l;
          const size_t ib[2] = { l, at[1] };
          t.s.e[k] = wg_add (t.s.e[k], wg_mul (v.s.e[place_of (&v.s, ia)], w.s.e[place_of (&w.s, ib)]));
        }
    }
  return t;
}

/* the programs */

static value begin (const wg_var x[], rp_random *r)
{
  static const size_t dims[][3] = { { 2, 3 }, { 3, 2 }, { 1, 3 }, { 3, 1 }, { 2, 1, 3 }, { 0, 2 }, { 4 }, { 3, 3 }, { 1 }, { 2, 2, 2 } };
  static const int ranks[] = { 2, 2, 2, 2, 3, 2, 1, 2, 1, 3 };
  const unsigned k = rp_below (r, 10);
  value v = { wg_num (0), naive_of (ranks[k], dims[k]) };
  const size_t n = size_of (&v.s), from = rp_below (r, (unsigned) (INPUTS - n + 1));
  memcpy (v.s.e, x + from, n*sizeof *v.s.e);
  v.a = wg_array (x + from, v.s.rank, v.s.dim);
  return v;
}

static void run (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const program *p = ctx;
  rp_random r = { p->seed };
  value v = begin (x, &r), w = begin (x, &r), kept[2*64];
  size_t count = 0;
  (void) n, (void) m;
  kept[count++] = v, kept[count++] = w;
  for (int i = 0; i < p->steps; i++)
    {
      value t = v;
      switch (rp_below (&r, 11))
        {
        case 0: t = transposed (v, &r); break;
        case 1: t = sliced (v, &r); break;
        case 2: t = flattened (v, &r); break;
        case 3: t = repeated (v, &r); break;
        case 4: t = reduced (v, &r); break;
        case 5: t = gathered (v, &r, (int) rp_below (&r, 2)); break;
        case 6: t = doubled (v, &r); break;
        case 7: t = multiplied (v, w); break;
        case 8: t = along (v, &r); break;
        default: t = combined (v, w, &r); break;
        }
      if (t.s.e != v.s.e) kept[count++] = t;
      if (size_of (&t.s) > MOST) break;
      if (rp_below (&r, 3) == 0) w = v;
      v = t;
    }
  const size_t size = size_of (&v.s);
  wg_var *e = malloc ((size + 1)*sizeof *e);
  ck_assert_ptr_nonnull (e);
  ck_assert_int_eq (wg_rank (v.a), v.s.rank);
  for (int i = 0; i < v.s.rank; i++) ck_assert_uint_eq (wg_dim (v.a, i), v.s.dim[i]);
  e[0] = wg_num (0);
  wg_unstack (v.a, e);
  y[0] = x[0];
  for (size_t i = 0; i < size; i++) y[0] = wg_add (y[0], wg_mul (1 + .1*(double) (i % 7), wg_sin (p->arrays ? e[i] : v.s.e[i])));
  for (size_t i = 0; i < count; i++) free (kept[i].s.e);
  free (e);
}

/* As far apart as rounding takes them in sums of this length. */
static int close_to (size_t n, const double a[], const double b[])
{
  double size = 1;
  for (size_t i = 0; i < n; i++) size = fmax (size, fabs (b[i]));
  for (size_t i = 0; i < n; i++)
    if (!(fabs (a[i] - b[i]) <= 1e-10*size) && !(isnan (a[i]) && isnan (b[i]))) return 0;
  return 1;
}

START_TEST (agree)
{
  const char *soak = getenv ("WG_SOAK");
  const int programs = 300*(soak ? atoi (soak) : 1);
  for (int k = 0; k < programs; k++)
    {
      rp_random r = { 1000u + (uint64_t) k };
      program p[2] = { { 7919u*(uint64_t) k + 1, 1, 1 + k % 9, 0 }, { 7919u*(uint64_t) k + 1, 0, 1 + k % 9, 0 } };
      double x[INPUTS], v[INPUTS], y[2], g[2][INPUTS], hv[2][INPUTS], jv[2], z[2][INPUTS], tan[2][INPUTS];
      wg_fun *f[2], *d[2];
      for (int i = 0; i < INPUTS; i++) x[i] = .1 + (double) rp_below (&r, 1000)/700 - .7, v[i] = (double) rp_below (&r, 9) - 4;
      for (int s = 0; s < 2; s++)
        {
          f[s] = wg_fun_record (run, &p[s], INPUTS, 1, x);
          ck_assert_msg (f[s] != NULL, "program %d: %s", k, wg_last_error ());
          const int rc = wg_hvp (f[s], x, v, &y[s], g[s], hv[s]), rt = wg_jvp (f[s], x, v, NULL, &jv[s]);
          ck_assert_msg (rc >= 0 && rt >= 0, "program %d: %s", k, wg_last_error ());
          d[s] = wg_fun_gradient (f[s]);
          ck_assert_msg (d[s] != NULL, "program %d: %s", k, wg_last_error ());
          ck_assert_int_ge (wg_jvp (d[s], x, v, z[s], tan[s]), 0);
        }
      ck_assert_msg (close_to (1, &y[0], &y[1]), "program %d: value %.17g and %.17g", k, y[0], y[1]);
      ck_assert_msg (close_to (1, &jv[0], &jv[1]), "program %d: tangent %.17g and %.17g", k, jv[0], jv[1]);
      ck_assert_msg (close_to (INPUTS, g[0], g[1]), "program %d: gradient", k);
      ck_assert_msg (close_to (INPUTS, hv[0], hv[1]), "program %d: hvp", k);
      ck_assert_msg (close_to (INPUTS, z[0], g[1]), "program %d: gradient as a function", k);
      ck_assert_msg (close_to (INPUTS, tan[0], hv[1]), "program %d: its tangent", k);
      for (int s = 0; s < 2; s++) wg_fun_free (f[s]), wg_fun_free (d[s]);
    }
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("random shapes");
  TCase *t = tcase_create ("random shapes");
  tcase_add_test (t, agree);
  suite_add_tcase (s, t);
  return run_suite (s);
}
