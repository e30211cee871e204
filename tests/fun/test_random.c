/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Thousands of random programs of all rows, branches, selections, peeks, calls of calls and parameters: values and tangents
 * are those of the plain program over double, dual and dual of dual numbers to the last bit; many directions at once those
 * of one at a time, derived functions those of the drivers; reverse is the transpose of forward within a bound from
 * the magnitudes of all terms; the checkers find no disagreement with differences.
 *
 * A program that fails is made smaller as long as it fails, and printed.  WG_SOAK multiplies how many there are, WG_SECONDS goes
 * on for so long, WG_SEED runs the one of that number.
 */
#include <check.h>
#include <stdarg.h>
#include <time.h>

#include "../sweep/majorant.h"
#include "runner.h"

enum { LEVELS = 3, INPUTS = 5, OUTPUTS = 4 };

typedef struct {
  rp_program program[LEVELS];          /* each calls the one before, if there is one; the last is run */
  wg_fun *fun[LEVELS];                 /* those that are called */
  double x[3][INPUTS];                 /* where it is recorded; elsewhere */
} subject;

static char message[400];
static size_t compared[6];             /* values, tangents, directions, derived, transpose, differences */

static int wrong (const char *format, ...)
{
  va_list args;
  va_start (args, format);
  vsnprintf (message, sizeof message, format, args);
  va_end (args);
  return 1;
}

/* Equal as numbers: the sign of a zero derivative is not promised. */
static int same (double a, double b) { return a == b || (a != a && b != b); }

static int differ (int kind, const char *what, size_t count, const double a[], const double b[])
{
  for (size_t i = 0; i < count; i++)
    if (!same (a[i], b[i])) return wrong ("%s: entry %zu is %.17g and %.17g", what, i, a[i], b[i]);
  compared[kind] += count;
  return 0;
}

#define RUNS(call) do { const int rc_ = call; if (rc_ < 0) return wrong ("%s: %s", #call, wg_last_error ()); } while (0)

/* the laws, each 0 or the message is set */

static int plain_laws (const rp_program *p, wg_fun *f, const double x[], const double v[])
{
  double expected[OUTPUTS], y[OUTPUTS], jv[OUTPUTS], fvv[OUTPUTS], d[3][OUTPUTS];
  wg_dual in[INPUTS], out[OUTPUTS];
  wgi_dual2 in2[INPUTS], out2[OUTPUTS];
  rp_run_double (p, x, expected, NULL);
  RUNS (wg_eval (f, x, y));
  for (size_t i = 0; i < p->m; i++)
    if (!rp_same_bits (y[i], expected[i])) return wrong ("value %zu is %.17g, the plain program's %.17g", i, y[i], expected[i]);
  compared[0] += p->m;
  for (size_t j = 0; j < p->n; j++) in[j] = wg_dual_make (x[j], v[j]), in2[j] = wgi_dual2_make (in[j], wg_dual_make (v[j], 0));
  rp_run_dual (p, in, out, NULL), run_dual2 (p, in2, out2, NULL);
  for (size_t i = 0; i < p->m; i++) d[0][i] = out[i].d, d[1][i] = out2[i].v.d, d[2][i] = out2[i].d.d;
  RUNS (wg_jvp (f, x, v, y, jv));
  if (differ (1, "tangent", p->m, jv, d[0])) return 1;
  RUNS (wg_fvv (f, x, v, y, jv, fvv));
  return differ (1, "tangent of dual of dual", p->m, jv, d[1]) || differ (1, "second derivative", p->m, fvv, d[2]);
}

/* Side by side and one at a time. */
static int direction_laws (const rp_program *p, wg_fun *f, const double x[], const double v[])
{
  enum { K = 11 };
  const size_t n = p->n, m = p->m;
  double y[OUTPUTS], J[OUTPUTS*INPUTS], one[INPUTS], V[K*INPUTS], HV[K*INPUTS], H[INPUTS*INPUTS], e[INPUTS] = { 0 };
  RUNS (wg_jacobian (f, x, y, J));
  if (m <= n)
    for (size_t i = 0; i < m; i++)
      {
        double u[OUTPUTS] = { 0 };
        u[i] = 1;
        RUNS (wg_vjp (f, x, u, y, one));
        if (differ (2, "row of the Jacobian", n, J + i*n, one)) return 1;
      }
  else
    for (size_t j = 0; j < n; j++)
      {
        double column[OUTPUTS], jv[OUTPUTS];
        e[j] = 1;
        RUNS (wg_jvp (f, x, e, y, jv));
        e[j] = 0;
        for (size_t i = 0; i < m; i++) column[i] = J[i*n + j];
        if (differ (2, "column of the Jacobian", m, column, jv)) return 1;
      }
  if (m > 1) return 0;
  for (size_t k = 0; k < K; k++)
    for (size_t j = 0; j < n; j++) V[k*n + j] = v[(j + k) % n]*(1 + (double) k);
  RUNS (wg_hvps (f, x, K, V, y, NULL, HV));
  for (size_t k = 0; k < K; k++)
    {
      RUNS (wg_hvp (f, x, V + k*n, y, NULL, one));
      if (differ (2, "one of many products", n, HV + k*n, one)) return 1;
    }
  RUNS (wg_hessian (f, x, y, NULL, H));
  for (size_t j = 0; j < n; j++)
    {
      e[j] = 1;
      RUNS (wg_hvp (f, x, e, y, NULL, one));
      e[j] = 0;
      if (differ (2, "Hessian", n - j, H + j*n + j, one + j)) return 1;
    }
  return 0;
}

/* Drivers leave out outputs of weight 0; in functions a weight is a number, so that an output of a call that nobody uses may
 * make 0 x inf there: a NaN of a program with calls is not compared. */
static int differ_adjoint (const rp_program *p, const char *what, size_t count, double a[], const double b[])
{
  for (size_t i = 0; i < count && p->callee; i++) if (isnan (a[i])) a[i] = b[i];
  return differ (3, what, count, a, b);
}

/* Functions and drivers, by the same operations. */
static int derived_laws (const rp_program *p, wg_fun *f, wg_fun *const derived[3], const double x[], const double v[], const double u[])
{
  const size_t n = p->n, m = p->m;
  double y[OUTPUTS], a[OUTPUTS*INPUTS], b[OUTPUTS*INPUTS], in[INPUTS + INPUTS];
  memcpy (in, x, n*sizeof *x), memcpy (in + n, v, n*sizeof *v);
  RUNS (wg_jvp (f, x, v, y, a));
  RUNS (wg_eval (derived[0], in, b));
  if (differ (3, "jvp as a function", m, b, a)) return 1;
  for (size_t i = 0; i < m; i++) in[n + i] = u[i] != 0 ? u[i] : .625;
  int rc = wg_vjp (f, x, in + n, y, a);
  RUNS (rc);
  RUNS (wg_eval (derived[1], in, b));
  if (rc == WG_OK && differ_adjoint (p, "vjp as a function", n, b, a)) return 1;
  RUNS (rc = wg_jacobian (f, x, y, a));
  RUNS (wg_eval (derived[2], x, b));
  return rc == WG_OK && differ_adjoint (p, "Jacobian as a function", m*n, b, a);
}

static size_t operations (const rp_program *p)
{
  size_t count = p->n + p->count;
  for (size_t i = 0; i < p->count; i++) if (p->node[i].kind == RP_CALL) count += operations (p->callee);
  return count;
}

/* u.(J v) = (u J).v and w.(H v) = d^2 (u.f) along v, w: each term of the majorant goes through at most 4 roundings per operation,
 * at second order its partials are sums of a few terms, each within 16 ulp, that may cancel. */
static int transpose_laws (const rp_program *p, wg_fun *f, const double x[], const double v[], const double u[])
{
  double y[OUTPUTS], g[INPUTS], hv[INPUTS], sum[2] = { 0, 0 }, bound[2] = { 0, 0 }, other[2] = { 0, 0 };
  majorant in[INPUTS], out[OUTPUTS], node[RP_NODES];
  wgi_dual2 in2[INPUTS], out2[OUTPUTS];
  for (size_t j = 0; j < p->n; j++)
    {
      const double w = v[p->n - 1 - j];
      in[j] = majorant_make (x[j], v[j], w, 0), in2[j] = wgi_dual2_make (wg_dual_make (x[j], v[j]), wg_dual_make (w, 0));
    }
  run_majorant (p, in, out, node), run_dual2 (p, in2, out2, NULL);
  RUNS (wg_hvp_weighted (f, x, u, v, y, g, hv));
  for (size_t i = 0; i < p->m; i++)
    if (u[i] != 0)
      {
        sum[0] += u[i]*out2[i].v.d, bound[0] += fabs (u[i])*out[i].m[1];
        sum[1] += u[i]*out2[i].d.d, bound[1] += fabs (u[i])*out[i].m[3];
      }
  for (size_t j = 0; j < p->n; j++) other[0] += g[j]*v[j], other[1] += hv[j]*v[p->n - 1 - j];
  for (size_t i = 0; i < p->n + p->count; i++)
    for (int k = 0; k < 4; k++) if (!(node[i].m[k] < 1e5)) return 0;          /* an infinite partial, or near it: no law */
  for (int k = 0; k < 2; k++)
    {
      const double most = (k ? 512 : 8)*(double) (operations (p) + 4)*0x1p-52*bound[k] + 1e-300;
      if (!(fabs (sum[k] - other[k]) <= most))
        return wrong ("transpose of order %d: %.17g and %.17g differ by more than %g", k + 1, sum[k], other[k], most);
      compared[4]++;
    }
  return 0;
}

/* Every node below a limit there, those of callees too: elsewhere a NaN may meet a branch of a callee. */
static int moderate (const rp_program *p, const double x[], const double given[], double limit)
{
  double y[OUTPUTS], node[RP_NODES];
  rp_run_double_given (p, x, given, y, node);
  for (size_t i = 0; i < p->n + p->count; i++) if (!(fabs (node[i]) < limit)) return 0;
  for (size_t i = 0; i < p->count; i++)
    {
      const rp_node *q = &p->node[i];
      double z[3];
      for (int j = 0; j < 3; j++)
        {
          const int from = q->operand[j];
          z[j] = from >= 0 ? node[from] : given && (size_t) ~from < p->params ? given[~from] : p->literal[~from];
        }
      if (q->kind == RP_CALL && !moderate (p->callee, z, q->k & 1 && p->callee->params ? z + p->callee->n : NULL, limit)) return 0;
    }
  return 1;
}

/* The plain program with each result off by up to 2 ulp.  A checker cannot see how an inner result is rounded, erf (6) to 1 for
 * one, and finds steps instead of slopes; how far this scatters, over the least step that is of use, covers it. */

static rp_random noise;

static double shaken (double y) { return y*(1 + rp_uniform (&noise, -4, 4)*0x1p-53); }

#include <wengert/words_begin.h>
#define ROW1(name, ma) static double shaken_##name (double a) { return shaken (wg_double_##name (a)); }
#define ROW1K(name, ma) static double shaken_##name (double a, int k) { return shaken (wg_double_##name (a, k)); }
#define ROW1C(name, ma) static double shaken_##name (double a, double c, int k) { return shaken (wg_double_##name (a, c, k)); }
#define ROW2(name, ma, mb) static double shaken_##name (double a, double b) { return shaken (wg_double_##name (a, b)); }
#define ROW2K(name, ma, mb) static double shaken_##name (double a, double b, int k) { return shaken (wg_double_##name (a, b, k)); }
#define ROW3(name, ma, mb, mc) static double shaken_##name (double a, double b, double c) { return shaken (wg_double_##name (a, b, c)); }
#define FLAT1(name) static double shaken_##name (double a) { return wg_double_##name (a); }
#define FLAT2(name) static double shaken_##name (double a, double b) { return wg_double_##name (a, b); }
#include <wengert/rules.def>
#include <wengert/words_end.h>

#define SHAKEN(op) shaken_##op
#define TYPE double
#define N SHAKEN
#define RUN run_shaken
#define LIT(c) (c)
#define VALUE(a) (a)
#include "../random_number.inc"

static double scatter (const rp_program *p, const double x[], size_t row)
{
  double y[OUTPUTS], off[OUTPUTS], most = 0;
  rp_run_double (p, x, y, NULL);
  noise.state = 7;
  for (int k = 0; k < 32; k++)
    {
      run_shaken (p, x, off, NULL);
      if (!(fabs (off[row] - y[row]) <= most)) most = fabs (off[row] - y[row]);
    }
  return most == most ? most + 1e-300 : INFINITY;        /* what underflows; at the edge of a domain */
}

/* Where numbers are large a floor makes steps that are finer than those of the differences. */
static int difference_laws (const rp_program *p, wg_fun *f, const double x[])
{
  double J[OUTPUTS*INPUTS];
  wg_check_report report;
  if (!moderate (p, x, NULL, 100) || wg_jacobian (f, x, NULL, J) != WG_OK) return 0;      /* 0 x inf is reported, and no law */
  const int rc = wg_check_jacobian (f, x, NULL, &report);
  RUNS (rc);
  if (rc == WG_DISAGREE && !(fabs (report.derivative - report.difference) <= scatter (p, x, report.row)/1e-7))
    return wrong ("row %zu, column %zu of the Jacobian is %.17g, its difference %.17g +- %g", report.row, report.column,
                  report.derivative, report.difference, report.bound);
  compared[5] += report.checked - report.unsure;
  return 0;
}

/* All laws.  0, or the message is set. */
static int broken (const subject *s, uint64_t seed)
{
  const rp_program *p = &s->program[LEVELS - 1];
  rp_random r = { seed };
  double v[INPUTS], u[OUTPUTS];
  wg_fun *f = wg_fun_record (rp_model, (void *) p, p->n, p->m, s->x[0]);
  if (!f) return wrong ("recording: %s", wg_last_error ());
  wg_fun *derived[3] = { wg_fun_jvp (f), wg_fun_vjp (f), wg_fun_jacobian (f) };
  int bad = !(derived[0] && derived[1] && derived[2]) && wrong ("deriving: %s", wg_last_error ());
  for (int round = 0; round < 4 && !bad; round++)
    {
      const double *x = s->x[round % 3];
      for (size_t j = 0; j < p->n; j++) v[j] = rp_below (&r, 6) ? rp_uniform (&r, -1, 1) : 0;
      for (size_t i = 0; i < p->m; i++) u[i] = rp_below (&r, 6) ? rp_uniform (&r, -1, 1) : 0;
      if (!moderate (p, x, NULL, 1e8)) continue;
      bad = plain_laws (p, f, x, v) || direction_laws (p, f, x, v) || transpose_laws (p, f, x, v, u)
            || derived_laws (p, f, derived, x, v, u) || (seed/2 % 8 == 0 && difference_laws (p, f, x));
    }
  wg_fun_free (f);
  for (int k = 0; k < 3; k++) wg_fun_free (derived[k]);
  return bad;
}

/* a program, and a smaller one that fails too */

static void make (subject *s, uint64_t seed, size_t used[])
{
  rp_random r = { seed*0x9e3779b97f4a7c15u };
  const size_t levels = 1 + rp_below (&r, LEVELS);
  memset (s, 0, sizeof *s);
  for (int k = 0; k < 3; k++) for (size_t j = 0; j < INPUTS; j++) s->x[k][j] = rp_number (&r);
  for (size_t level = LEVELS - levels; level < LEVELS; level++)
    {
      const int top = level == LEVELS - 1, lowest = level == LEVELS - levels;
      const size_t n = 1 + rp_below (&r, top ? INPUTS : 2), m = rp_below (&r, 3) ? 1 + rp_below (&r, OUTPUTS) : 1;
      rp_generate_calling (&r, &s->program[level], n, m, 2 + rp_below (&r, top ? 20 : 8), (unsigned) rp_below (&r, 4), s->x[0], used,
                           rp_below (&r, 2), lowest ? NULL : &s->program[level-1], lowest ? NULL : s->fun[level-1]);
      if (top) continue;
      s->fun[level] = wg_fun_record (rp_model, &s->program[level], n, m, s->x[0]);
      ck_assert_msg (s->fun[level] != NULL, "%s", wg_last_error ());
    }
}

static void discard (subject *s)
{
  for (int k = 0; k < LEVELS; k++) wg_fun_free (s->fun[k]);
}

/* p without node i, its first operand in its place. */
static rp_program without (const rp_program *p, size_t i)
{
  rp_program q = *p;
  const int gone = (int) (p->n + i), instead = p->node[i].operand[0];
#define MOVED(w) ((w) == gone ? instead : (w) > gone ? (w) - 1 : (w))
  q.count--;
  for (size_t k = i; k < q.count; k++) q.node[k] = p->node[k + 1];
  for (size_t k = i; k < q.count; k++)
    for (int j = 0; j < 3; j++) q.node[k].operand[j] = MOVED (q.node[k].operand[j]);
  for (size_t k = 0; k < q.m; k++) q.out[k] = MOVED (q.out[k]);
#undef MOVED
  return q;
}

static void shrink (subject *s, uint64_t seed)
{
  rp_program *p = &s->program[LEVELS - 1];
  for (int smaller = 1; smaller; )
    {
      smaller = 0;
      for (size_t i = p->m; i-- && p->m > 1; )
        {
          const rp_program before = *p;
          for (size_t k = i; k + 1 < p->m; k++) p->out[k] = p->out[k + 1];
          p->m--;
          if (broken (s, seed)) smaller = 1;
          else *p = before;
        }
      for (size_t i = p->count; i--; )
        {
          const rp_program before = *p;
          *p = without (p, i);
          if (broken (s, seed)) smaller = 1;
          else *p = before;
        }
    }
  broken (s, seed);                              /* its message */
}

START_TEST (programs)
{
  enum { COUNT = 9000, PARTS = 2 };
  const char *one = getenv ("WG_SEED"), *seconds = getenv ("WG_SECONDS");
  const size_t count = rp_soak (COUNT);
  const double limit = seconds ? atof (seconds)/PARTS : 0;
  size_t used[RP_KINDS + 1] = { 0 };
  for (size_t k = 0; one ? k < 1 : k < count || (double) clock ()/CLOCKS_PER_SEC < limit; k++)
    {
      const uint64_t seed = one ? strtoull (one, NULL, 0) : (uint64_t) (k*PARTS) + (uint64_t) _i;
      subject s;
      make (&s, seed, used);
      if (broken (&s, seed))
        {
          shrink (&s, seed);
          for (int level = 0; level < LEVELS; level++)
            if (s.program[level].n) fprintf (stderr, "level %d\n", level), rp_print (&s.program[level], s.x[0]);
          ck_abort_msg ("WG_SEED=%llu: %s", (unsigned long long) seed, message);
        }
      discard (&s);
    }
  if (one) return;
  for (int kind = 0; kind < RP_KINDS; kind++) ck_assert_msg (used[kind] > rp_least (COUNT)/60, "%s: %zu times", rp_rows[kind].name, used[kind]);
  for (int k = 0; k < 6; k++) ck_assert_msg (compared[k] > count, "law %d was held %zu times", k, compared[k]);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("random programs");
  TCase *t = tcase_create ("programs");
  tcase_set_timeout (t, 0);
  tcase_add_loop_test (t, programs, 0, 2);
  suite_add_tcase (s, t);
  return run_suite (s);
}
