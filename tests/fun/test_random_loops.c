/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Random programs of loops, each recorded as plain loops, rolled, and as maps, sums and scans, replayed with every instruction
 * set.  Written out, values and tangents are those of the plain program over double and dual numbers to the last bit.  Programs of small integers
 * are exact in every order of summation: all forms agree to the last bit, with what is derived from them.  Others agree within
 * running error bounds (loop_bounds.h) where those are tight enough to see a term that is lost.  Then other rows bound to
 * maps, batches, sparse derivatives, runs again, several threads, points where something is not finite.
 *
 * WG_SOAK multiplies how many there are, WG_SECONDS goes on for so long, WG_SEED runs the one of that number.
 */
#include <check.h>
#include <time.h>

#include "loop_results.h"
#include "runner.h"

enum { FORMS = 5, POINTS = 3 };

static const struct { const char *name; int chosen, rolling; } form[FORMS] = {
  { "written out", 0, 0 }, { "rolled", 0, 1 }, { "rolled wherever possible", 0, 2 }, { "maps and scans", 2, 0 }, { "some of each", 1, 2 },
};

static const char *const lanes[] = { NULL, "none", "baseline", "avx2", "avx512" };

typedef struct {
  rl_program p;
  rl_setting s[FORMS];
  double seen[FORMS][RL_LOOPS][RL_SEEN];
  wg_fun *f[FORMS];
  double x[POINTS][N], v[K*N], u[M];
  double data[RL_DATA];
  int index[RL_LOOPS][RL_STREAMS][RL_TRIPS];
  const char *what;              /* is at hand */
} subject;

static size_t points_held, points_skipped, bound_held, odd_held, threads_held;

/* laws */

/* The plain program over double and dual numbers. */
static int plain_law (const subject *c, const results *r, const double x[])
{
  const rl_setting *s = &c->s[0];
  const size_t n = c->p.top.n, m = c->p.top.m;
  double y[M], jv[M];
  wg_dual in[N], out[M];
  rp_run_double_block (s, &c->p.top, 0, x, NULL, y);
  for (size_t i = 0; i < n; i++) in[i] = wg_dual_make (x[i], c->v[i]);
  rp_run_dual_block (s, &c->p.top, 0, in, NULL, out);
  for (size_t o = 0; o < m; o++) jv[o] = out[o].d;
  return differ ("value, written out", m, r->y, y) || differ ("tangent, written out", m, r->jv, jv);
}

/* A point where all is finite and no comparison hangs on rounding; v of length at least 1 along each input, so that
 * bounds along it hold for the rows of the Hessian and for products of several. */
static int find (bounds *b, const subject *c, const double x[])
{
  double v[N];
  for (size_t i = 0; i < c->p.top.n; i++)
    {
      v[i] = 1;
      for (size_t k = 0; k < K; k++) v[i] = fmax (v[i], fabs (c->v[k*c->p.top.n + i]));
    }
  find_bounds (b, &c->s[0], x, v);
  for (size_t o = 0; o < b->m; o++)
    for (int s = 0; s < 2; s++)
      for (size_t i = 0; i <= b->n; i++)
        if (!(magnitude (b, o, s, i) < (c->p.exact ? 0x1p30 : 1e100))) return 0;
  return !b->undecided;
}

/* One form with each instruction set. */
static int lanes_law (subject *c, size_t k, const bounds *b, const results *r, const double x[])
{
  static results own;
  for (size_t l = 0; l < sizeof lanes/sizeof *lanes; l++)
    {
      if (wg_fun_set_lanes (c->f[k], lanes[l])) continue;                    /* not on this processor */
      if (!compute (&own, c->f[k], x, c->v, c->u) && !far (b, &own, r, c->v, c->u)) continue;
      const size_t end = strlen (message);
      snprintf (message + end, sizeof message - end, " (lanes %s)", lanes[l] ? lanes[l] : "at first");
      return 1;
    }
  return wg_fun_set_lanes (c->f[k], NULL);
}

/* Functions derived from it, along the drivers. */
static int derived_law (const subject *c, size_t k, const bounds *b, const results *r, const double x[])
{
  const size_t n = b->n, m = b->m;
  double in[N], weights[N], y[N], t[N];
  results own = *r;
  wg_fun *const jvp = wg_fun_jvp (c->f[k]), *const vjp = wg_fun_vjp (c->f[k]), *const gradient = m == 1 ? wg_fun_gradient (c->f[k]) : NULL;
  int bad = !(jvp && vjp && (m > 1 || gradient)) && wrong ("deriving: %s", wg_last_error ());
#define RUN(call) do { const int rc_ = call; if (rc_ != WG_OK) bad = wrong ("%s: %d, %s", #call, rc_, wg_last_error ()); } while (0)
  memcpy (in, x, n*sizeof *in), memcpy (in + n, c->v, n*sizeof *in);
  if (!bad) RUN (wg_vjp (jvp, in, c->u, own.jv, t));
  if (!bad) memcpy (own.hv, t, n*sizeof *t), memcpy (own.uj, t + n, n*sizeof *t), bad = far (b, &own, r, c->v, c->u);
  memcpy (in + n, c->u, m*sizeof *in), memcpy (weights, c->v, n*sizeof *in), memset (weights + n, 0, m*sizeof *in);
  if (!bad) RUN (wg_jvp (vjp, in, weights, y, own.hv));
  if (!bad) memcpy (own.uj, y, n*sizeof *y), bad = far (b, &own, r, c->v, c->u);
  if (!bad && gradient) RUN (wg_jacobian (gradient, x, own.uj, own.H));
  if (!bad && gradient) RUN (wg_vjp (gradient, x, c->v, NULL, own.hv));
  if (!bad) bad = far (b, &own, r, c->v, c->u);
#undef RUN
  wg_fun_free (jvp), wg_fun_free (vjp), wg_fun_free (gradient);
  return bad;
}

/* All drivers of what is derived from two forms of an exact program. */
static int exact_law (const subject *c, size_t k, const double x[])
{
  static wg_fun *(*const derive[]) (const wg_fun *) = { wg_fun_gradient, wg_fun_jvp, wg_fun_vjp, wg_fun_hvp, wg_fun_jacobian };
  static results r[2];
  int bad = 0;
  for (size_t d = 0; d < sizeof derive/sizeof *derive && !bad; d++)
    {
      wg_fun *const f = derive[d] (c->f[0]), *const g = derive[d] (c->f[k]);
      if (!f != !g) bad = wrong ("deriving: %s", wg_last_error ());
      if (f && g && wg_fun_m (f) <= M && !bad)
        {
          double u[M], v[K*N];
          for (size_t i = 0; i < M; i++) u[i] = (double) (i % 3) - 1;
          for (size_t i = 0; i < K*N; i++) v[i] = (double) (i*i % 5) - 2;
          bad = compute (&r[0], f, x, v, u) || compute (&r[1], g, x, v, u)
                || differ ("everything derived", offsetof (results, bad)/sizeof (double), r[1].y, r[0].y);
        }
      wg_fun_free (f), wg_fun_free (g);
    }
  return bad;
}

/* Many points at once; b and r are of all. */
static int batch_law (const subject *c, size_t k, const bounds b[], const results r[])
{
  enum { MANY = 37 };
  static double X[MANY*N], D[MANY*N], y[MANY*M], J[MANY*M*N], g[MANY*N], h[MANY*N];
  const size_t n = c->p.top.n, m = c->p.top.m;
  wg_fun *const f = c->f[k];
  for (size_t i = 0; i < MANY; i++) memcpy (X + i*n, c->x[i % POINTS], n*sizeof *X), memcpy (D + i*n, c->v, n*sizeof *D);
  RUNS (wg_jacobian_batch (f, MANY, X, n, NULL, 0, y, J));
  if (m == 1) RUNS (wg_hvp_batch (f, MANY, X, n, NULL, 0, D, n, NULL, g, h));
  for (size_t i = 0; i < MANY; i++)
    {
      results own = r[i % POINTS];
      memcpy (own.y, y + i*m, m*sizeof *y), memcpy (own.J, J + i*m*n, m*n*sizeof *J);
      if (m == 1) memcpy (own.uj, g + i*n, n*sizeof *g), memcpy (own.hv, h + i*n, n*sizeof *h);
      if (far (&b[i % POINTS], &own, &r[i % POINTS], c->v, c->u)) return 1;
    }
  RUNS (wg_eval_batch (f, MANY, X, n, NULL, 0, y));
  if (m == 1) RUNS (wg_gradient_batch (f, MANY, X, n, NULL, 0, NULL, g));
  for (size_t i = 0; i < MANY; i++)
    {
      results own = r[i % POINTS];
      memcpy (own.y, y + i*m, m*sizeof *y);
      if (m == 1) memcpy (own.uj, g + i*n, n*sizeof *g);
      if (far (&b[i % POINTS], &own, &r[i % POINTS], c->v, c->u)) return 1;
    }
  return 0;
}

/* Sparse Jacobian and, of one output, Hessian: each entry, and zeros elsewhere.  A product that has an entry has others of its row,
 * along at most v. */
static int sparse_law (const subject *c, size_t k, const bounds *b, const results *r, const double x[])
{
  const size_t n = b->n, m = b->m;
  results own = *r;
  int row[N*N], col[N*N];
  double value[N*N];
  RUNS (wg_eval (c->f[k], x, NULL));
  wg_plan *const jacobian = wg_plan_jacobian (c->f[k]), *const hessian = wg_plan_hessian (c->f[k], 'L');
  int bad = !(jacobian && hessian) && wrong ("planning: %s", wg_last_error ());
  if (!bad && wg_sparse_jacobian (c->f[k], jacobian, x, own.y, value) != WG_OK) bad = wrong ("sparse Jacobian: %s", wg_last_error ());
  memset (own.J, 0, sizeof own.J), memset (own.H, 0, sizeof own.H);
  wg_plan_coo (jacobian, row, col);
  for (size_t i = 0; i < wg_plan_nnz (jacobian) && !bad; i++) own.J[(size_t) row[i]*n + (size_t) col[i]] = value[i];
  if (!bad && m == 1 && wg_sparse_hessian (c->f[k], hessian, x, c->u, own.y, own.uj, value) != WG_OK)
    bad = wrong ("sparse Hessian: %s", wg_last_error ());
  wg_plan_coo (hessian, row, col);
  for (size_t i = 0; i < wg_plan_nnz (hessian) && !bad; i++)
    own.H[(size_t) row[i]*n + (size_t) col[i]] = own.H[(size_t) col[i]*n + (size_t) row[i]] = value[i];
  wg_plan_free (jacobian), wg_plan_free (hessian);
  return bad || far (b, &own, r, c->v, c->u);
}

/* May the number of items be another? */
static int counts_vary (const rl_loop *l)
{
  int vary = !l->ragged && (l->how == RL_SUM || (l->how == RL_SCAN && !rl_outputs (l)));
  for (size_t i = 0; i < l->streams; i++) vary &= l->stream[i].data || !l->stream[i].stride;
  return vary;
}

/* Other rows, and other counts where that may be, bound to the maps and scans of form k: the program recorded with them. */
static int bound_law (subject *c, size_t k, uint64_t seed)
{
  static int index[RL_LOOPS][RL_STREAMS][RL_TRIPS];
  static double seen[RL_LOOPS][RL_SEEN];
  static bounds b;
  static results r;
  rl_setting s = c->s[0];
  rp_random random = { seed };
  for (size_t l = 0; l < c->p.loops; l++)
    {
      const rl_loop *loop = &c->p.loop[l];
      int gone = 0;
      if (!c->s[k].fun[l] || loop->ragged) continue;
      const size_t trips = counts_vary (loop) ? 1 + rp_below (&random, 40) : s.trips[l];
      for (size_t i = 0; i < loop->streams && !gone; i++)
        {
          if (!loop->stream[i].data) continue;
          const double *data = c->data + rp_below (&random, RL_DATA/2);
          for (size_t t = 0; t < RL_TRIPS; t++) index[l][i][t] = c->index[l][i][RL_TRIPS - 1 - t];
          const int rc = wg_fun_bind (c->f[k], 1 + RL_STREAMS*(int) l + (int) i, trips, data, loop->stream[i].gathered ? index[l][i] : NULL);
          if (rc == WG_EINVAL && strstr (wg_last_error (), "no argument has slot")) gone = 1;       /* nothing of it reaches an output */
          else if (rc) return wrong ("binding loop %zu's argument %zu: %s", l, i, wg_last_error ());
          else s.data[l][i] = data, s.index[l][i] = index[l][i], s.trips[l] = trips;
        }
    }
  const rl_setting before = c->s[0];
  c->s[0] = s;
  const int found = find (&b, c, c->x[0]);
  c->s[0] = before;
  if (!found) return 0;
  wg_fun *const f = rl_record (&s, seen, 0, c->x[0]);
  int bad = !f && wrong ("recording: %s", wg_last_error ());
  if (!bad) bad = compute (&r, f, c->x[0], c->v, c->u);
  if (!bad && !r.bad) bad = lanes_law (c, k, &b, &r, c->x[0]), bound_held++;
  wg_fun_free (f), rl_discard (&s);
  return bad;
}

/* Loops of the program itself, of which the items may be others, with so many that threads are worth it: the same bits on any number
 * of these. */
static int threads_law (subject *c, size_t k)
{
  enum { MANY = 30000 };
  static const int threads[] = { 2, 3, 8 };
  static double data[4*MANY];
  static int index[MANY];
  static results r[2];
  int any = 0, bad = 0;
  for (size_t i = 0; i < 4*MANY; i++) data[i] = c->data[i % RL_DATA];
  for (size_t i = 0; i < MANY; i++) index[i] = (int) (i*i % 37);
  for (size_t i = 0; i < c->p.top.count; i++)
    {
      const int l = c->p.top.node[i].loop;
      if (l < 0 || !c->s[k].fun[l] || !counts_vary (&c->p.loop[l]) || c->p.loop[l].how != RL_SUM) continue;
      for (size_t j = 0; j < c->p.loop[l].streams; j++)
        any |= c->p.loop[l].stream[j].data
               && !wg_fun_bind (c->f[k], 1 + RL_STREAMS*l + (int) j, MANY, data, c->p.loop[l].stream[j].gathered ? index : NULL);
    }
  if (!any) return 0;
  RUNS (wg_fun_set_lanes (c->f[k], NULL));
  if (wg_eval (c->f[k], c->x[0], r[0].y) == WG_EMODEL) return 0;       /* a branch depends on a NaN now */
  if (compute (&r[0], c->f[k], c->x[0], c->v, c->u)) return 1;
  for (size_t t = 0; t < sizeof threads/sizeof *threads && !bad; t++)
    {
      RUNS (wg_fun_set_threads (c->f[k], threads[t]));
      bad = compute (&r[1], c->f[k], c->x[0], c->v, c->u)
            || (memcmp (&r[1], &r[0], sizeof *r) && wrong ("on %d threads other bits", threads[t]));
    }
  threads_held++;
  return wg_fun_set_threads (c->f[k], 1) || bad;
}

/* An input that is not finite: the same entries are not finite.  Where a branch depends on a NaN the function is NaN as a whole, written out,
 * and the item, of a map: nothing is compared where there are branches. */
static int odd_law (const subject *c, size_t k, uint64_t seed)
{
  static const double odd[] = { NAN, INFINITY, -INFINITY };
  rp_random random = { seed };
  const size_t n = c->p.top.n, m = c->p.top.m;
  double x[N], y[2][M], jv[2][M], uj[2][N];
  wg_fun_info info;
  memcpy (x, c->x[0], n*sizeof *x);
  x[rp_below (&random, n)] = odd[rp_below (&random, 3)];
  RUNS (wg_fun_get_info (c->f[0], &info));
  if (info.guards) return 0;
  for (int s = 0; s < 2; s++)
    {
      wg_fun *const f = c->f[s ? k : 0];
      RUNS (wg_jvp (f, x, c->v, y[s], jv[s]));
      RUNS (wg_vjp (f, x, c->u, NULL, uj[s]));
    }
  for (size_t i = 0; i < n; i++) if (isfinite (uj[0][i]) != isfinite (uj[1][i])) return wrong ("adjoint %zu is %g, not %g", i, uj[1][i], uj[0][i]);
  for (size_t o = 0; o < m; o++)
    if (isfinite (y[0][o]) != isfinite (y[1][o]) || isfinite (jv[0][o]) != isfinite (jv[1][o]))
      return wrong ("output %zu is %g, its tangent %g, not %g and %g", o, y[1][o], jv[1][o], y[0][o], jv[0][o]);
  odd_held++;
  return 0;
}

static int laws (subject *c, uint64_t seed)
{
  static bounds b[POINTS];
  static results r[POINTS];
  int all = 1;
  c->what = form[0].name;
  for (size_t i = 0; i < POINTS; i++)
    {
      const int found = find (&b[i], c, c->x[i]);
      if (found && (compute (&r[i], c->f[0], c->x[i], c->v, c->u) || plain_law (c, &r[i], c->x[i]))) return 1;
      if (found && !r[i].bad) points_held++;
      else points_skipped++, all = 0, b[i].m = 0;
    }
  for (size_t k = 1; k < FORMS; k++)
    {
      c->what = form[k].name;
      for (size_t i = 0; i < POINTS; i++)
        if (b[i].m && (lanes_law (c, k, &b[i], &r[i], c->x[i]) || sparse_law (c, k, &b[i], &r[i], c->x[i])
                       || derived_law (c, k, &b[i], &r[i], c->x[i]) || (c->p.exact && i == seed/2 % 8 && exact_law (c, k, c->x[i]))))
          return 1;
      if ((all && batch_law (c, k, b, r)) || odd_law (c, k, seed) || (k > 2 && bound_law (c, k, seed)) || (k == 3 && threads_law (c, k))) return 1;
    }
  return 0;
}

/* The program of a number: exact ones are the odd ones. */
static void make (subject *c, uint64_t seed)
{
  rp_random r = { seed*0x9e3779b97f4a7c15u + 11 };
  memset (c, 0, sizeof *c);
  const int exact = (int) (seed % 2);
  for (size_t k = 0; k < POINTS; k++)
    for (size_t i = 0; i < N; i++)
      c->x[k][i] = exact ? (double) rp_below (&r, 7) - 3 : k == 1 ? c->x[0][i]*(1 + rp_uniform (&r, -.05, .05)) : rp_uniform (&r, -2, 2);
  rl_generate (&r, &c->p, &c->s[0], exact, c->x[0], c->data, c->index);
  for (size_t i = 0; i < K*N; i++) c->v[i] = exact ? (double) rp_below (&r, 5) - 2 : rp_uniform (&r, -1, 1);
  for (size_t i = 0; i < M; i++) c->u[i] = rp_below (&r, 6) ? exact ? (double) rp_below (&r, 5) - 2 : rp_uniform (&r, -1, 1) : 0;
  if (c->p.top.m == 1) c->u[0] = 1;
  for (size_t k = 1; k < FORMS; k++) c->s[k] = c->s[0];
  unit_roundoff = exact ? 0 : 0x1p-53;
}

static int record (subject *c, uint64_t seed)
{
  rp_random r = { seed };
  for (size_t k = 0; k < FORMS; k++)
    {
      const unsigned chosen = form[k].chosen == 2 ? UINT_MAX : form[k].chosen ? (unsigned) rp_below (&r, 1 << RL_LOOPS) : 0;
      const int before = wg_set_rolling (form[k].rolling);
      c->what = form[k].name;
      c->f[k] = rl_record (&c->s[k], c->seen[k], chosen, c->x[0]);
      wg_set_rolling (before);
      if (!c->f[k]) return wrong ("recording: %s", wg_last_error ());
    }
  return 0;
}

static void discard (subject *c)
{
  for (size_t k = 0; k < FORMS; k++) wg_fun_free (c->f[k]), rl_discard (&c->s[k]);
}

static int broken (subject *c, uint64_t seed)
{
  if (record (c, seed)) return 1;
  return laws (c, seed);
}

START_TEST (programs)
{
  enum { COUNT = 50, PARTS = 2 };
  static subject c;
  const char *one = getenv ("WG_SEED"), *seconds = getenv ("WG_SECONDS");
  const size_t count = rp_soak (COUNT);
  const double limit = seconds ? atof (seconds)/PARTS : 0;
  for (size_t k = 0; one ? k < 1 : k < count || (double) clock ()/CLOCKS_PER_SEC < limit; k++)
    {
      const uint64_t seed = one ? strtoull (one, NULL, 0) : (uint64_t) (k*PARTS) + (uint64_t) _i;
      make (&c, seed);
      if (broken (&c, seed))
        {
          rl_print (&c.s[0], c.x[0]);
          ck_abort_msg ("WG_SEED=%llu, %s: %s", (unsigned long long) seed, c.what, message);
        }
      discard (&c);
    }
  if (one || count < COUNT) return;
  ck_assert_msg (compared > 1000*count && 100*loose < compared, "%zu numbers compared, %zu left out", compared, loose);
  ck_assert_msg (points_held > count, "%zu points of %zu programs, %zu left out", points_held, count, points_skipped);
  ck_assert_msg (bound_held > count/2 && odd_held > count/2 && threads_held > 0, "%zu programs of %zu bound, %zu not finite, %zu on threads",
                 bound_held, count, odd_held, threads_held);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("random loops");
  TCase *t = tcase_create ("programs");
  tcase_set_timeout (t, 0);
  tcase_add_loop_test (t, programs, 0, 2);
  suite_add_tcase (s, t);
  return run_suite (s);
}
