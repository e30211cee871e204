/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The laws of the sweeps, over the whole rule table and over random programs: values and tangents are those of the plain
 * program over double and over dual numbers, to the last bit; reverse is the transpose of forward at first, second
 * and third order, within a bound from the magnitudes of all terms; sweeps leave no trace in planes and inputs.
 */
#include <check.h>

#include "fun/fun.h"
#include "majorant.h"
#include "runner.h"
#include "sweep/numbers.h"

#define EPS 0x1p-52

/* Equal as numbers: the sign of a zero tangent is not promised where an operand is inactive. */
static int same (double a, double b) { return a == b || (a != a && b != b); }

static const rp_program *running;
static size_t bounded[4];          /* what the laws were held to, by order */

typedef struct {
  size_t n, m, count;
  double x[RP_NODES], v[RP_NODES], w[RP_NODES], z[RP_NODES], u[RP_OUTPUTS];
  double y[RP_OUTPUTS];                   /* the plain program */
  double d[RP_OUTPUTS][8];                /* the plain program over dual3 along v, w, z */
  double bound[RP_OUTPUTS][8];            /* majorants */
  double sum[8], sum_bound[8];            /* weighted by u, outputs of weight 0 left out */
  double largest;                         /* majorant of any node: beyond 1e5 third partials underflow on the way */
} setting;

static double dot (size_t n, const double a[], const double b[])
{
  double s = 0;
  for (size_t i = 0; i < n; i++) s += a[i]*b[i];
  return s;
}

static void prepare (setting *s, const rp_program *p, const double x[], rp_random *r)
{
  dual3 in[RP_NODES], out[RP_OUTPUTS];
  majorant big[RP_NODES], bound[RP_OUTPUTS], node[RP_NODES];
  memset (s, 0, sizeof *s);
  s->n = p->n, s->m = p->m, s->count = p->count;
  for (size_t i = 0; i < s->n; i++)
    {
      s->x[i] = x[i];
      s->v[i] = rp_below (r, 6) ? rp_uniform (r, -1, 1) : 0;
      s->w[i] = rp_uniform (r, -1, 1), s->z[i] = rp_uniform (r, -1, 1);
      in[i] = dual3_of (x[i], s->v[i], s->w[i], s->z[i]);
      big[i] = majorant_make (x[i], s->v[i], s->w[i], s->z[i]);
    }
  rp_run_double (p, x, s->y, NULL);
  run_dual3 (p, in, out, NULL);
  run_majorant (p, big, bound, node);
  for (size_t i = 0; i < p->n + p->count; i++)
    for (int j = 0; j < 3; j++)
      if (isnan (node[i].m[j]) || node[i].m[j] > s->largest) s->largest = isnan (node[i].m[j]) ? INFINITY : node[i].m[j];
  for (size_t i = 0; i < s->m; i++)
    {
      s->u[i] = rp_below (r, 5) ? rp_uniform (r, -1, 1) : 0;
      dual3_get (out[i], s->d[i]);
      for (int j = 0; j < 8; j++)
        {
          s->bound[i][j] = bound[i].m[j];
          if (s->u[i] != 0) s->sum[j] += s->u[i]*s->d[i][j], s->sum_bound[j] += fabs (s->u[i])*bound[i].m[j];
        }
    }
}

/* |a - b| within rounding: each term of the majorant goes through at most 4 roundings per node at first order; partials of
 * higher order are sums of a few terms that may cancel, each within 16 ulp. */
static void close_to (const setting *s, const char *law, int order, double a, double b, double scale)
{
  if (!(scale < 1e15) || s->largest > 1e5) return;              /* an infinite partial: no law */
  const double bound = (order < 2 ? 8 : 512)*(double) (s->count + s->n + 4)*EPS*scale + 1e-300;
  bounded[order]++;
  if (!(fabs (a - b) <= bound)) rp_print (running, s->x);
  ck_assert_msg (fabs (a - b) <= bound, "%s: %.17g and %.17g differ by more than %g", law, a, b, bound);
}

/* Every adjoint is asleep again. */
static void at_rest (const wg_fun *f)
{
  for (int i = WGI_ADJOINT; i < WGI_PLANES; i++)
    for (size_t j = 0; f->frame.plane[i] && j < f->capacity; j++)
      ck_assert_msg (wgi_asleep (f->frame.plane[i][j]), "plane %d slot %zu holds %g after a sweep", i, j, f->frame.plane[i][j]);
  const double *wide = f->frame.wide[WGI_WIDE_ADJOINT];
  for (size_t j = 0; wide && j < f->capacity*WGI_DIRECTIONS; j++)
    ck_assert_msg (wgi_asleep (wide[j]), "wide adjoint %zu holds %g after a sweep", j, wide[j]);
}

/* forward */

static void forward_laws (const rp_program *p, wg_fun *f, const setting *s)
{
  const size_t n = s->n, m = s->m;
  double y[RP_OUTPUTS], jv[RP_OUTPUTS], again[RP_OUTPUTS], fvv[RP_OUTPUTS];
  wg_dual in[RP_NODES], out[RP_OUTPUTS];
  ck_assert_int_ge (wg_eval (f, s->x, y), 0);
  for (size_t i = 0; i < m; i++) ck_assert_msg (rp_same_bits (y[i], s->y[i]), "value %zu: %.17g not %.17g", i, y[i], s->y[i]);

  for (size_t j = 0; j < n; j++) in[j] = wg_dual_make (s->x[j], s->v[j]);
  rp_run_dual (p, in, out, NULL);
  ck_assert_int_ge (wg_jvp (f, s->x, s->v, y, jv), 0);             /* values and tangents in one sweep */
  for (size_t i = 0; i < m; i++)
    {
      ck_assert (rp_same_bits (y[i], s->y[i]) && rp_same_bits (out[i].v, s->y[i]));
      ck_assert_msg (same (jv[i], out[i].d), "tangent %zu: %.17g not %.17g", i, jv[i], out[i].d);
      ck_assert (same (s->d[i][1], out[i].d));
    }
  /* all slots of the one sweep and of the two, bit for bit */
  const wgi_program *q = f->trace->program;
  uint64_t found;
  double *value = malloc (q->slots*sizeof *value), *tangent = malloc (q->slots*sizeof *tangent);
  memcpy (value, f->frame.plane[WGI_VALUE], q->slots*sizeof *value), memcpy (tangent, f->frame.plane[WGI_D1], q->slots*sizeof *tangent);
  ck_assert_uint_eq (wgi_forward_double (q, &f->frame, &found), q->guards);
  for (size_t i = n; i < q->slots; i++) f->frame.plane[WGI_D1][i] = 77;
  wgi_tangent_double (q, &f->frame);
  for (size_t i = 0; i < q->slots; i++)
    ck_assert (rp_same_bits (value[i], f->frame.plane[WGI_VALUE][i]) && rp_same_bits (tangent[i], f->frame.plane[WGI_D1][i]));
  free (value), free (tangent);
  ck_assert_int_ge (wg_jvp (f, NULL, s->v, y, again), 0);
  for (size_t i = 0; i < m; i++) ck_assert (rp_same_bits (jv[i], again[i]) && rp_same_bits (y[i], s->y[i]));

  /* K tangents: each as one */
  wg_dualn inn[RP_NODES] = { { 0, { 0 } } }, outn[RP_OUTPUTS];
  for (size_t j = 0; j < n; j++)
    inn[j] = (wg_dualn){ s->x[j], { s->w[j], s->v[j], 0, s->z[j] } };
  run_dualn (p, inn, outn, NULL);
  for (size_t i = 0; i < m; i++)
    {
      ck_assert (rp_same_bits (outn[i].v, s->y[i]) && rp_same_bits (outn[i].d[1], out[i].d));
      ck_assert (same (outn[i].d[2], 0));
    }
  for (size_t j = 0; j < n; j++) in[j].d = s->w[j];
  rp_run_dual (p, in, out, NULL);
  for (size_t i = 0; i < m; i++) ck_assert (rp_same_bits (outn[i].d[0], out[i].d));

  /* dual of dual: the sweep and the plain program; twice the same direction */
  wgi_dual2 in2[RP_NODES], out2[RP_OUTPUTS];
  for (size_t j = 0; j < n; j++) in2[j] = wgi_dual2_make (wg_dual_make (s->x[j], s->v[j]), wg_dual_make (s->v[j], 0));
  run_dual2 (p, in2, out2, NULL);
  ck_assert_int_ge (wg_fvv (f, s->x, s->v, y, again, fvv), 0);
  for (size_t i = 0; i < m; i++)
    {
      ck_assert (rp_same_bits (y[i], s->y[i]) && same (again[i], jv[i]));
      ck_assert_msg (same (fvv[i], out2[i].d.d), "fvv %zu: %.17g not %.17g", i, fvv[i], out2[i].d.d);
    }
}

/* reverse */

static void gradient_laws (const rp_program *p, wg_fun *f, const setting *s)
{
  const size_t n = s->n, m = s->m;
  double y[RP_OUTPUTS], g[RP_NODES], again[RP_NODES], J[RP_OUTPUTS*RP_NODES], out[RP_NODES], coordinate_bound[RP_NODES];
  ck_assert_int_ge (wg_vjp (f, s->x, s->u, y, g), 0);
  at_rest (f);
  for (size_t i = 0; i < m; i++) ck_assert (rp_same_bits (y[i], s->y[i]));
  close_to (s, "transpose", 1, dot (n, g, s->v), s->sum[1], s->sum_bound[1]);
  close_to (s, "transpose", 1, dot (n, g, s->w), s->sum[2], s->sum_bound[2]);
  for (size_t j = 0; j < n; j++)                   /* each coordinate against the plain, unfused program */
    {
      wg_dual in[RP_NODES], end[RP_OUTPUTS];
      majorant big[RP_NODES], bound[RP_OUTPUTS];
      double sum = 0, sum_bound = 0;
      for (size_t i = 0; i < n; i++) in[i] = wg_dual_make (s->x[i], i == j), big[i] = majorant_make (s->x[i], i == j, 0, 0);
      rp_run_dual (p, in, end, NULL), run_majorant (p, big, bound, NULL);
      for (size_t i = 0; i < m; i++)
        if (s->u[i] != 0) sum += s->u[i]*end[i].d, sum_bound += fabs (s->u[i])*bound[i].m[1];
      coordinate_bound[j] = s->u[0] != 0 ? sum_bound : INFINITY;
      close_to (s, "gradient", 1, g[j], sum, sum_bound);
    }
  ck_assert_int_ge (wg_vjp (f, NULL, s->u, y, again), 0);
  for (size_t j = 0; j < n; j++) ck_assert (rp_same_bits (g[j], again[j]));
  if (m == 1)
    {
      ck_assert_int_ge (wg_gradient (f, s->x, y, again), 0);
      for (size_t j = 0; j < n; j++) close_to (s, "gradient of one output", 1, s->u[0]*again[j], g[j], coordinate_bound[j]);
    }
  at_rest (f);

  ck_assert_int_ge (wg_jacobian (f, s->x, y, J), 0);
  at_rest (f);
  for (size_t i = 0; i < m; i++)
    {
      ck_assert (rp_same_bits (y[i], s->y[i]));
      close_to (s, "Jacobian", 1, dot (n, J + i*n, s->v), s->d[i][1], s->bound[i][1]);
    }
  double jv[RP_OUTPUTS], jw[RP_OUTPUTS], bound = 0;
  ck_assert_int_ge (wg_gnvp (f, s->x, s->v, y, out), 0);
  at_rest (f);
  for (size_t i = 0; i < m; i++)
    jv[i] = s->d[i][1], jw[i] = s->d[i][2], bound += s->bound[i][1]*s->bound[i][2];
  close_to (s, "Gauss-Newton", 1, dot (n, out, s->w), dot (m, jv, jw), 4*bound);
}

static void hessian_laws (wg_fun *f, const setting *s)
{
  const size_t n = s->n, m = s->m;
  double y[RP_OUTPUTS], g[RP_NODES], g2[RP_NODES], hv[RP_NODES], hw[RP_NODES], again[RP_NODES], H[RP_NODES*RP_NODES];
  ck_assert_int_ge (wg_hvp_weighted (f, s->x, s->u, s->v, y, g, hv), 0);
  at_rest (f);
  ck_assert_int_ge (wg_hvp_weighted (f, NULL, s->u, s->w, y, g2, hw), 0);
  at_rest (f);
  ck_assert_int_ge (wg_hvp_weighted (f, s->x, s->u, s->v, NULL, NULL, again), 0);
  for (size_t j = 0; j < n; j++) ck_assert (rp_same_bits (hv[j], again[j]) && rp_same_bits (g[j], g2[j]));
  for (size_t i = 0; i < m; i++) ck_assert (rp_same_bits (y[i], s->y[i]));
  ck_assert_int_ge (wg_vjp (f, s->x, s->u, y, again), 0);                  /* the value half is the gradient */
  for (size_t j = 0; j < n; j++) ck_assert (rp_same_bits (g[j], again[j]));
  close_to (s, "Hessian transposed", 2, dot (n, hv, s->w), s->sum[3], s->sum_bound[3]);
  close_to (s, "Hessian symmetric", 2, dot (n, hw, s->v), dot (n, hv, s->w), s->sum_bound[3]);
  close_to (s, "Hessian transposed", 2, dot (n, hv, s->z), s->sum[5], s->sum_bound[5]);
  if (m != 1) return;
  ck_assert_int_ge (wg_hessian (f, s->x, y, g, H), 0);
  at_rest (f);
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++)
      {
        ck_assert (rp_same_bits (H[i*n + j], H[j*n + i]));
        sum += s->v[i]*H[i*n + j]*s->w[j];
      }
  close_to (s, "Hessian", 2, sum, s->d[0][3], s->bound[0][3]);
  for (size_t j = 0; j < n; j++)                   /* its columns are products with unit vectors, bit for bit */
    {
      double e[RP_NODES] = { 0 };
      e[j] = 1;
      ck_assert_int_ge (wg_hvp (f, s->x, e, NULL, NULL, hv), 0);
      for (size_t i = j; i < n; i++)
        ck_assert_msg (rp_same_bits (H[i*n + j], hv[i]), "Hessian %zu %zu: %.17g, the product %.17g", i, j, H[i*n + j], hv[i]);
    }
  ck_assert_int_ge (wg_hvp (f, s->x, s->v, y, g2, hv), 0);
  at_rest (f);
  close_to (s, "HVP", 2, dot (n, hv, s->w), s->d[0][3], s->bound[0][3]);
  for (size_t j = 0; j < n; j++) ck_assert (rp_same_bits (g[j], g2[j]));
}

/* Third derivatives: c . T (a, b), with the adjoints of a reverse sweep over duals of duals. */
static double third (wg_fun *f, const setting *s, const double a[], const double b[], const double c[])
{
  const wgi_program *p = f->trace->program;
  const size_t n = s->n, bytes = n*sizeof *a;
  uint64_t found;
  ck_assert_int_eq (wgi_fun_planes (f, 0xff), WG_OK);
  memcpy (f->frame.plane[WGI_VALUE], s->x, bytes), memcpy (f->frame.plane[WGI_D1], a, bytes), memcpy (f->frame.plane[WGI_D2], b, bytes);
  memset (f->frame.plane[WGI_D1 + WGI_D2], 0, bytes);
  ck_assert_uint_eq (wgi_forward_dual2 (p, &f->frame, &found), p->guards);
  for (size_t i = 0; i < s->m; i++)
    if (s->u[i] != 0 && wgi_is_slot (p, p->out[i])) f->frame.plane[WGI_ADJOINT][p->out[i]] += s->u[i];
  wgi_reverse_dual2 (p, &f->frame);
  const double sum = dot (n, f->frame.plane[WGI_ADJOINT + WGI_D1 + WGI_D2], c);
  double g[RP_NODES], hv[RP_NODES], lower[2][RP_NODES];      /* the lower orders are those of the sweep over duals, infinities and all */
  for (size_t i = 0; i < n; i++) lower[0][i] = f->frame.plane[WGI_ADJOINT][i], lower[1][i] = f->frame.plane[WGI_ADJOINT + WGI_D1][i];
  const double part[2] = { dot (n, f->frame.plane[WGI_ADJOINT + WGI_D1], c), dot (n, f->frame.plane[WGI_ADJOINT + WGI_D2], c) };
  for (int k = WGI_ADJOINT; k < WGI_PLANES; k++)
    {
      for (size_t i = 0; i < n; i++) f->frame.plane[k][i] = -0.;
      for (size_t i = 0; i < s->m; i++) if (wgi_is_slot (p, p->out[i])) f->frame.plane[k][p->out[i]] = -0.;
    }
  at_rest (f);
  ck_assert_int_ge (wg_hvp_weighted (f, s->x, s->u, a, NULL, g, hv), 0);
  for (size_t i = 0; i < n; i++)
    ck_assert_msg (same (lower[0][i], g[i]) && same (lower[1][i], hv[i]), "lower orders %zu: %g %g, not %g %g", i, lower[0][i], lower[1][i], g[i], hv[i]);
  if (a == s->v && b == s->w)
    {
      close_to (s, "second along the first", 2, part[0], s->sum[5], s->sum_bound[5]);
      close_to (s, "second along the second", 2, part[1], s->sum[6], s->sum_bound[6]);
    }
  return sum;
}

static void third_laws (wg_fun *f, const setting *s)
{
  const double a = third (f, s, s->v, s->w, s->z), b = third (f, s, s->w, s->v, s->z),
               c = third (f, s, s->z, s->v, s->w), d = third (f, s, s->w, s->z, s->v);
  close_to (s, "third, reverse against forward", 3, a, s->sum[7], s->sum_bound[7]);
  close_to (s, "third, permuted", 3, b, a, s->sum_bound[7]);
  close_to (s, "third, permuted", 3, c, a, s->sum_bound[7]);
  close_to (s, "third, permuted", 3, d, a, s->sum_bound[7]);
}

/* All laws of a program at a point. */
static void laws (const rp_program *p, wg_fun *f, const double x[], rp_random *r)
{
  setting s, before;
  prepare (&s, p, x, r);
  memcpy (&before, &s, sizeof s);
  running = p;
  forward_laws (p, f, &s);
  gradient_laws (p, f, &s);
  hessian_laws (f, &s);
  third_laws (f, &s);
  ck_assert_msg (memcmp (&before, &s, sizeof s) == 0, "inputs changed");
}

static wg_fun *record (const rp_program *p, const double x[])
{
  wg_fun *f = wg_fun_record (rp_model, (void *) p, p->n, p->m, x);
  ck_assert_msg (f != NULL, "%s", wg_last_error ());
  return f;
}

/* rows: each alone, every pattern of operands that are inputs, literals, inactive slots, the same input twice */

START_TEST (rows)
{
  rp_random r = { 0x5eed0001 + (uint64_t) _i };
  size_t held = 0;
  const size_t before = bounded[1];
  const int operands = rp_rows[_i].operands;
  int patterns = 1;
  for (int j = 0; j < operands; j++) patterns *= 4;
  for (int pattern = 0; pattern < patterns; pattern++)
    for (size_t i = 0, tries = 0; i < rp_soak (25) && tries < 4000; tries++)
      {
        /* y = (1.5 row + row) of inputs x, beside it what an inactive slot made of them: floor (x2) + .37 */
        rp_program p = { .n = 3, .m = 2, .literals = 2, .literal = { rp_number (&r), 1.5 } };
        double x[3] = { rp_number (&r), rp_number (&r), rp_number (&r) };
        p.node[0] = (rp_node){ .kind = RP_floor, .operand = { 2 } };
        p.node[1] = (rp_node){ .kind = RP_neg, .operand = { 3 } };
        p.node[2] = (rp_node){ .kind = _i };
        rp_immediates (&r, &p.node[2]);
        for (int j = 0, code = pattern; j < operands; j++, code /= 4)
          p.node[2].operand[j] = code % 4 == 0 ? j : code % 4 == 1 ? ~0 : code % 4 == 2 ? 4 : 0;
        p.node[3] = (rp_node){ .kind = RP_mul, .operand = { ~1, 5 } };
        p.node[4] = (rp_node){ .kind = RP_add, .operand = { 5, 6 } };
        p.count = 5, p.out[0] = 7, p.out[1] = 5;
        double y[2];
        rp_run_double (&p, x, y, NULL);
        if (!isfinite (y[1])) continue;
        wg_fun *f = record (&p, x);
        laws (&p, f, x, &r);
        wg_fun_free (f);
        i++, held++;
      }
  ck_assert_msg (held >= rp_least ((size_t) patterns), "%s: hardly a point in its domain", rp_rows[_i].name);
  ck_assert_msg (bounded[1] > before, "%s: no first derivative was compared", rp_rows[_i].name);
}
END_TEST

/* programs */

START_TEST (programs)
{
  rp_random r = { 0x5eed1000 + (uint64_t) _i };
  size_t used[RP_KINDS] = { 0 };
  const size_t rounds = rp_soak (600);
  for (size_t round = 0; round < rounds; round++)
    {
      rp_program p;
      double x[RP_NODES];
      const size_t n = 1 + rp_below (&r, 6), m = _i == 0 ? 1 : 1 + rp_below (&r, RP_OUTPUTS), count = 3 + rp_below (&r, 40);
      for (size_t i = 0; i < n; i++) x[i] = rp_number (&r);
      rp_generate (&r, &p, n, m, count, _i == 2 ? 3 : 0, x, used);
      wg_fun *f = record (&p, x);
      laws (&p, f, x, &r);
      for (int k = 0; k < 2; k++)                 /* elsewhere too, and back */
        {
          double z[RP_NODES];
          for (size_t i = 0; i < n; i++) z[i] = rp_number (&r);
          laws (&p, f, z, &r);
          if (_i == 2) laws (&p, f, x, &r);
        }
      wg_fun_free (f);
    }
  for (int kind = 0; kind < (_i == 2 ? RP_KINDS : RP_ROWS); kind++)
    ck_assert_msg (used[kind] >= rounds/60, "%s was used %zu times", rp_rows[kind].name, used[kind]);
  for (int order = 1; order < 4; order++)
    ck_assert_msg (bounded[order] > rounds, "order %d: %zu comparisons", order, bounded[order]);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("sweep laws");
  TCase *t = tcase_create ("laws");
  tcase_set_timeout (t, 0);
  tcase_add_loop_test (t, rows, 0, RP_ROWS);
  tcase_add_loop_test (t, programs, 0, 3);
  suite_add_tcase (s, t);
  return run_suite (s);
}
