/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Sparse derivatives beside ADOL-C's, and colours beside ColPack's, one thread, one run.
 *   sparse [-c | -t]   the colours only, the times only
 * Times are pattern, colouring and ten evaluations, the recording left out on both sides; entries must agree, else the exit
 * status is 1.  Colours are those of the best of the library's own orderings, and of all of ColPack's.
 * A pattern is given to Wengert as a function that has it, so that only the public interface is used.
 * Distributions build ADOL-C without ColPack, and then its sparse_jac and sparse_hess refuse: the class adolc does what they
 * do, with the same parts (jac_pat, hess_pat, fov_forward, hess_mat; ColPack's seeds and recovery).
 */
#include <wengert.h>
#include <wengert/sparse.h>

#include <adolc/adolc.h>
#include <adolc/adolc_sparse.h>
#include <ColPack/ColPackHeaders.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <pthread.h>
#include <map>
#include <set>
#include <string>
#include <vector>

static double seconds ()
{
  struct timespec t;
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double) t.tv_sec + 1e-9*(double) t.tv_nsec;
}

static uint64_t random_state = 20260006;
static size_t below (size_t n)                  /* Knuth's MMIX generator */
{
  random_state = random_state*6364136223846793005u + 1442695040888963407u;
  return (size_t) ((random_state >> 33) % n);
}
static double uniform (double a, double b) { return a + (b - a)*((double) below (1u << 30)/(double) (1u << 30)); }

/* ---------------------------------------------------------------- colours */

typedef std::vector<std::set<unsigned>> rows;   /* columns per row; a symmetric one has all of both triangles */

static void meet (rows &a, size_t i, size_t j) { a[i].insert ((unsigned) j), a[j].insert ((unsigned) i); }

static rows diagonal (size_t n)
{
  rows a (n);
  for (size_t i = 0; i < n; i++) a[i].insert ((unsigned) i);
  return a;
}

static rows band (size_t n, size_t width)
{
  rows a = diagonal (n);
  for (size_t i = 0; i < n; i++)
    for (size_t j = i + 1; j <= i + width && j < n; j++) meet (a, i, j);
  return a;
}

static rows arrow (size_t n, size_t heads)
{
  rows a = diagonal (n);
  for (size_t i = 0; i < n; i++)
    for (size_t h = 0; h < heads; h++) meet (a, i, h);
  return a;
}

/* Neighbours at most one step away in each direction; with corners or without. */
static rows grid (int nx, int ny, int nz, bool corners)
{
  rows a ((size_t) (nx*ny*nz));
  for (int z = 0; z < nz; z++)
    for (int y = 0; y < ny; y++)
      for (int x = 0; x < nx; x++)
        for (int d = 0; d < 27; d++)
          {
            int dx = d % 3 - 1, dy = d/3 % 3 - 1, dz = d/9 - 1, u = x + dx, v = y + dy, w = z + dz;
            if (u < 0 || v < 0 || w < 0 || u >= nx || v >= ny || w >= nz || (!corners && std::abs (dx) + std::abs (dy) + std::abs (dz) > 1))
              continue;
            meet (a, (size_t) ((z*ny + y)*nx + x), (size_t) ((w*ny + v)*nx + u));
          }
  return a;
}

static rows random_graph (size_t n, size_t edges)
{
  rows a = diagonal (n);
  for (size_t k = 0; k < edges; k++) meet (a, below (n), below (n));
  return a;
}

static rows blocks (size_t n, size_t size, size_t border)
{
  rows a = diagonal (n);
  for (size_t i = 0; i < n; i++)
    {
      for (size_t j = i/size*size; j < (i/size + 1)*size && j < n; j++) meet (a, i, j);
      for (size_t b = n - border; b < n; b++) meet (a, i, b);
    }
  return a;
}

static rows tree (size_t n)
{
  rows a = diagonal (n);
  for (size_t i = 1; i < n; i++) meet (a, i, below (i));
  return a;
}

/* Observations of points by cameras: 9 and 3 unknowns; the Jacobian of two residuals each, and J^T J. */
static rows adjustment (size_t cameras, size_t points, size_t seen, bool square)
{
  rows J, H = diagonal (9*cameras + 3*points);
  for (size_t p = 0; p < points; p++)
    for (size_t s = 0; s < seen; s++)
      {
        const size_t c = (p + below (cameras)) % cameras;
        std::set<unsigned> row;
        for (size_t i = 0; i < 9; i++) row.insert ((unsigned) (9*c + i));
        for (size_t i = 0; i < 3; i++) row.insert ((unsigned) (9*cameras + 3*p + i));
        J.push_back (row), J.push_back (row);
        for (unsigned i : row)
          for (unsigned j : row) meet (H, i, j);
      }
  return square ? H : J;
}

static rows random_rows (size_t m, size_t n, size_t each)
{
  rows a (m);
  for (auto &row : a)
    while (row.size () < each) row.insert ((unsigned) below (n));
  return a;
}

/* The same pattern as functions. */
static void model_jacobian (size_t, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const rows &a = *(const rows *) ctx;
  for (size_t i = 0; i < m; i++)
    {
      y[i] = wg_num (0);
      for (unsigned j : a[i]) y[i] = wg_add (y[i], wg_sin (x[j]));
    }
}

static void model_hessian (size_t n, const wg_var x[], size_t, wg_var y[], void *ctx)
{
  const rows &a = *(const rows *) ctx;
  y[0] = wg_num (0);
  for (size_t i = 0; i < n; i++)
    for (unsigned j : a[i])
      if (j <= i) y[0] = wg_add (y[0], wg_mul (x[i], x[j]));
}

static size_t colours_of (const rows &a, size_t n, int method, int *ordering)
{
  const bool hessian = method == WG_PLAN_STAR || method == WG_PLAN_ACYCLIC;
  std::vector<double> x (n, .5);
  wg_fun *f = wg_fun_record (hessian ? model_hessian : model_jacobian, (void *) &a, n, hessian ? 1 : a.size (), x.data ());
  wg_plan_options o = wg_plan_options ();
  o.method = method;
  wg_plan *plan = hessian ? wg_plan_hessian_with (f, 'L', &o) : wg_plan_jacobian_with (f, &o);
  wg_plan_info info = wg_plan_info ();
  wg_plan_get_info (plan, &info);
  wg_plan_free (plan), wg_fun_free (f);
  *ordering = info.ordering;
  return info.sweeps;
}

/* ColPack's input: each row's length and columns. */
struct compressed {
  std::vector<std::vector<unsigned>> row;
  std::vector<unsigned *> at;
  explicit compressed (const rows &a)
  {
    for (const auto &r : a)
      {
        std::vector<unsigned> v (1, (unsigned) r.size ());
        v.insert (v.end (), r.begin (), r.end ());
        row.push_back (v);
      }
    for (auto &r : row) at.push_back (r.data ());
  }
};

static size_t colpack (const rows &a, size_t n, int method, const char **ordering)
{
  static const std::vector<const char *> one = { "NATURAL", "LARGEST_FIRST", "SMALLEST_LAST", "INCIDENCE_DEGREE" };
  static const std::vector<const char *> more = { "RANDOM", "DYNAMIC_LARGEST_FIRST", "DISTANCE_TWO_LARGEST_FIRST",
                                                  "DISTANCE_TWO_SMALLEST_LAST", "DISTANCE_TWO_INCIDENCE_DEGREE" };
  const bool hessian = method == WG_PLAN_STAR || method == WG_PLAN_ACYCLIC;
  compressed c (a);
  size_t best = SIZE_MAX;
  std::vector<const char *> list = one;
  if (hessian) list.insert (list.end (), more.begin (), more.end ());
  for (const char *order : list)
    {
      size_t count;
      if (hessian)
        {
          ColPack::GraphColoringInterface g (SRC_MEM_ADOLC, c.at.data (), (int) n);
          g.Coloring (order, method == WG_PLAN_STAR ? "STAR" : "ACYCLIC_FOR_INDIRECT_RECOVERY");
          count = (size_t) g.GetVertexColorCount ();
        }
      else
        {
          ColPack::BipartiteGraphPartialColoringInterface g (SRC_MEM_ADOLC, c.at.data (), (int) a.size (), (int) n);
          g.PartialDistanceTwoColoring (order, method == WG_PLAN_COLUMNS ? "COLUMN_PARTIAL_DISTANCE_TWO" : "ROW_PARTIAL_DISTANCE_TWO");
          count = (size_t) g.GetVertexColorCount ();
        }
      if (count < best) best = count, *ordering = order;
    }
  return best;
}

static int compare_colours ()
{
  struct { const char *name; rows a; size_t n; bool symmetric; } list[] = {
    { "band, width 1", band (3000, 1), 0, true },
    { "band, width 2", band (3000, 2), 0, true },
    { "band, width 7", band (3000, 7), 0, true },
    { "arrow, 1 head", arrow (2000, 1), 0, true },
    { "arrow, 5 heads", arrow (2000, 5), 0, true },
    { "grid 50 x 50, 5 points", grid (50, 50, 1, false), 0, true },
    { "grid 50 x 50, 9 points", grid (50, 50, 1, true), 0, true },
    { "grid 14^3, 7 points", grid (14, 14, 14, false), 0, true },
    { "grid 14^3, 27 points", grid (14, 14, 14, true), 0, true },
    { "random, degree 3", random_graph (2000, 3000), 0, true },
    { "random, degree 8", random_graph (2000, 8000), 0, true },
    { "random, degree 20", random_graph (1000, 10000), 0, true },
    { "blocks of 8", blocks (2000, 8, 0), 0, true },
    { "blocks of 8, border 4", blocks (2000, 8, 4), 0, true },
    { "tree", tree (3000), 0, true },
    { "bundle adjustment", adjustment (12, 400, 4, true), 0, true },
    { "bundle adjustment", adjustment (12, 400, 4, false), 12*9 + 400*3, false },
    { "random, 3 in a row", random_rows (2000, 2000, 3), 2000, false },
    { "random, 6 in a row", random_rows (1500, 2000, 6), 2000, false },
    { "random, tall", random_rows (4000, 600, 4), 600, false },
    { "random, wide", random_rows (600, 4000, 8), 4000, false },
  };
  int worse = 0, count = 0;
  printf ("%-26s %-8s %9s %9s   %-22s %s\n", "pattern", "colours", "Wengert", "ColPack", "Wengert's ordering", "ColPack's");
  for (auto &p : list)
    for (int method : { WG_PLAN_STAR, WG_PLAN_ACYCLIC, WG_PLAN_COLUMNS, WG_PLAN_ROWS })
      {
        const bool hessian = method == WG_PLAN_STAR || method == WG_PLAN_ACYCLIC;
        if ((hessian && !p.symmetric) || (method == WG_PLAN_ROWS && p.symmetric)) continue;
        const size_t n = p.symmetric ? p.a.size () : p.n;
        int ordering = 0;
        const char *theirs = "";
        const size_t own = colours_of (p.a, n, method, &ordering), other = colpack (p.a, n, method, &theirs);
        printf ("%-26s %-8s %9zu %9zu %s %-22s %s\n", p.name, wg_plan_method_name (method), own, other, own > other ? "!" : " ",
                wg_ordering_name (ordering), theirs);
        worse += own > other, count++;
        fflush (stdout);
      }
  printf ("more than ColPack's: %d of %d\n\n", worse, count);
  return worse;
}

/* ---------------------------------------------------------------- times */

enum { SIDE = 300, CAMERAS = 8, POINTS = 800, SEEN = 3 };

struct adjustment_data { std::vector<int> camera, point; std::vector<double> u, v; };

/* A chained Rosenbrock function. */
static wg_var rosenbrock (size_t n, const wg_var x[])
{
  wg_var f = wg_num (0);
  for (size_t i = 0; i + 1 < n; i++)
    f = wg_add (f, wg_add (wg_mul (100., wg_sqr (wg_sub (x[i+1], wg_sqr (x[i])))), wg_sqr (wg_sub (1., x[i]))));
  return f;
}

static adouble rosenbrock (size_t n, const adouble x[])
{
  adouble f = 0;
  for (size_t i = 0; i + 1 < n; i++)
    {
      adouble a = x[i+1] - x[i]*x[i], b = 1 - x[i];
      f += 100*a*a + b*b;
    }
  return f;
}

/* The area of a surface over a square, as triangles' heights. */
static wg_var surface (size_t, const wg_var x[])
{
  wg_var f = wg_num (0);
  for (size_t i = 0; i + 1 < SIDE; i++)
    for (size_t j = 0; j + 1 < SIDE; j++)
      {
        const wg_var a = wg_sub (x[i*SIDE + j], x[(i+1)*SIDE + j+1]), b = wg_sub (x[(i+1)*SIDE + j], x[i*SIDE + j+1]);
        f = wg_add (f, wg_sqrt (wg_add (1., wg_add (wg_sqr (a), wg_sqr (b)))));
      }
  return f;
}

static adouble surface (size_t, const adouble x[])
{
  adouble f = 0;
  for (size_t i = 0; i + 1 < SIDE; i++)
    for (size_t j = 0; j + 1 < SIDE; j++)
      {
        adouble a = x[i*SIDE + j] - x[(i+1)*SIDE + j+1], b = x[(i+1)*SIDE + j] - x[i*SIDE + j+1];
        f += sqrt (1 + (a*a + b*b));
      }
  return f;
}

/* Broyden's tridiagonal function. */
static void broyden (size_t n, const wg_var x[], wg_var y[])
{
  for (size_t i = 0; i < n; i++)
    {
      y[i] = wg_add (wg_mul (wg_sub (3., wg_mul (2., x[i])), x[i]), 1.);
      if (i) y[i] = wg_sub (y[i], x[i-1]);
      if (i + 1 < n) y[i] = wg_sub (y[i], wg_mul (2., x[i+1]));
    }
}

static void broyden (size_t n, const adouble x[], adouble y[])
{
  for (size_t i = 0; i < n; i++)
    {
      y[i] = (3 - 2*x[i])*x[i] + 1;
      if (i) y[i] -= x[i-1];
      if (i + 1 < n) y[i] -= 2*x[i+1];
    }
}

/* One residual pair of bundle adjustment: camera c[9] (angle-axis, translation, focal length, two distortions), point p[3]. */
static void project (const wg_var c[], const wg_var p[], double u, double v, wg_var r[2])
{
  const wg_var theta2 = wg_add (wg_add (wg_sqr (c[0]), wg_sqr (c[1])), wg_sqr (c[2])), theta = wg_sqrt (theta2);
  const wg_var s = wg_sin (theta), co = wg_cos (theta), w[3] = { wg_div (c[0], theta), wg_div (c[1], theta), wg_div (c[2], theta) };
  const wg_var dot = wg_mul (wg_add (wg_add (wg_mul (w[0], p[0]), wg_mul (w[1], p[1])), wg_mul (w[2], p[2])), wg_sub (1., co));
  wg_var q[3];
  for (int i = 0; i < 3; i++)
    {
      const int j = (i + 1) % 3, k = (i + 2) % 3;
      const wg_var cross = wg_sub (wg_mul (w[j], p[k]), wg_mul (w[k], p[j]));
      q[i] = wg_add (wg_add (wg_add (wg_mul (p[i], co), wg_mul (cross, s)), wg_mul (w[i], dot)), c[3+i]);
    }
  const wg_var x = wg_neg (wg_div (q[0], q[2])), y = wg_neg (wg_div (q[1], q[2])), r2 = wg_add (wg_sqr (x), wg_sqr (y));
  const wg_var d = wg_mul (c[6], wg_add (1., wg_mul (r2, wg_add (c[7], wg_mul (c[8], r2)))));
  r[0] = wg_sub (wg_mul (d, x), u), r[1] = wg_sub (wg_mul (d, y), v);
}

static void project (const adouble c[], const adouble p[], double u, double v, adouble r[2])
{
  adouble theta = sqrt (c[0]*c[0] + c[1]*c[1] + c[2]*c[2]), s = sin (theta), co = cos (theta), w[3], q[3];
  for (int i = 0; i < 3; i++) w[i] = c[i]/theta;
  adouble dot = (w[0]*p[0] + w[1]*p[1] + w[2]*p[2])*(1 - co);
  for (int i = 0; i < 3; i++)
    {
      const int j = (i + 1) % 3, k = (i + 2) % 3;
      q[i] = p[i]*co + (w[j]*p[k] - w[k]*p[j])*s + w[i]*dot + c[3+i];
    }
  adouble x = -q[0]/q[2], y = -q[1]/q[2], r2 = x*x + y*y, d = c[6]*(1 + r2*(c[7] + c[8]*r2));
  r[0] = d*x - u, r[1] = d*y - v;
}

template <class T> static void residuals (const adjustment_data &a, const T x[], T y[])
{
  for (size_t k = 0; k < a.camera.size (); k++)
    project (x + 9*a.camera[k], x + 9*CAMERAS + 3*a.point[k], a.u[k], a.v[k], y + 2*k);
}

static wg_var half_square (size_t m, const wg_var y[])
{
  wg_var f = wg_num (0);
  for (size_t i = 0; i < m; i++) f = wg_add (f, wg_sqr (y[i]));
  return wg_mul (.5, f);
}

static adouble half_square (size_t m, const adouble y[])
{
  adouble f = 0;
  for (size_t i = 0; i < m; i++) f += y[i]*y[i];
  return .5*f;
}

enum problem { ROSENBROCK, SURFACE, ADJUSTMENT_F, BROYDEN, ADJUSTMENT };
static const char *const names[] = { "Rosenbrock, n = 100000", "grid 300 x 300", "bundle adjustment", "Broyden, n = 100000",
                                     "bundle adjustment" };
static adjustment_data scene;

template <class T> static void model (problem which, size_t n, const T x[], size_t m, T y[])
{
  switch (which)
    {
    case ROSENBROCK: y[0] = rosenbrock (n, x); break;
    case SURFACE: y[0] = surface (n, x); break;
    case ADJUSTMENT_F:
      {
        std::vector<T> r (2*scene.camera.size ());
        residuals (scene, x, r.data ());
        y[0] = half_square (r.size (), r.data ());
        break;
      }
    case BROYDEN: broyden (n, x, y); break;
    case ADJUSTMENT: residuals (scene, x, y); break;
    }
  (void) m;
}

static void wengert_model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx) { model (*(problem *) ctx, n, x, m, y); }

/* Entries of the lower triangle or of the Jacobian by place, for the comparison. */
typedef std::map<std::pair<unsigned, unsigned>, double> entries;

enum { EVALUATIONS = 10 };

/* Rows in one block. */
struct matrix {
  std::vector<double> block;
  std::vector<double *> row;
  matrix (size_t m, size_t n) : block (m*n), row (m)
  {
    for (size_t i = 0; i < m; i++) row[i] = &block[i*n];
  }
};

/* sparse_hess (direct recovery: substitution, its default, takes longer on all of these) and sparse_jac (columns), with
 * EVALUATIONS evaluations. */
class adolc {
  short tag;
  int n, m;
  double *x;
public:
  unsigned *ri, *ci;
  double *v;
  int count, colours;

  adolc (short tag_, size_t n_, size_t m_, std::vector<double> &at)
    : tag (tag_), n ((int) n_), m ((int) m_), x (at.data ()), ri (NULL), ci (NULL), v (NULL), count (0), colours (0) {}
  ~adolc () { free (ri), free (ci), free (v); }

  /* given: the pattern, both triangles by rows, instead of hess_pat's. */
  void hessian (const rows *given)
  {
    std::vector<unsigned *> pattern ((size_t) n);
    double **seed;
    int rows_, columns;
    if (!given) hess_pat (tag, n, x, pattern.data (), 0);
    for (size_t i = 0; i < pattern.size () && given; i++)
      {
        pattern[i] = (unsigned *) malloc (((*given)[i].size () + 1)*sizeof (unsigned));
        pattern[i][0] = (unsigned) (*given)[i].size ();
        std::copy ((*given)[i].begin (), (*given)[i].end (), pattern[i] + 1);
      }
    ColPack::GraphColoringInterface g (SRC_MEM_ADOLC, pattern.data (), n);
    g.GenerateSeedHessian (&seed, &rows_, &columns, "SMALLEST_LAST", "STAR");
    colours = columns;
    matrix B ((size_t) n, (size_t) columns);
    ColPack::HessianRecovery r;
    for (int k = 0; k < EVALUATIONS; k++)
      {
        hess_mat (tag, n, columns, x, seed, B.row.data ());
        count = k == 0 ? r.DirectRecover_CoordinateFormat_unmanaged (&g, B.row.data (), pattern.data (), &ri, &ci, &v)
                       : r.DirectRecover_CoordinateFormat_usermem (&g, B.row.data (), pattern.data (), &ri, &ci, &v);
      }
    for (unsigned *p : pattern) free (p);
  }

  void jacobian ()
  {
    std::vector<unsigned *> pattern ((size_t) m);
    std::vector<double> y ((size_t) m);
    double **seed;
    int rows_, columns, options[3] = { 0, 0, 0 };
    jac_pat (tag, m, n, x, pattern.data (), options);
    ColPack::BipartiteGraphPartialColoringInterface g (SRC_MEM_ADOLC, pattern.data (), m, n);
    g.GenerateSeedJacobian (&seed, &rows_, &columns, "SMALLEST_LAST", "COLUMN_PARTIAL_DISTANCE_TWO");
    colours = columns;
    matrix B ((size_t) m, (size_t) columns);
    ColPack::JacobianRecovery1D r;
    for (int k = 0; k < EVALUATIONS; k++)
      {
        fov_forward (tag, m, n, columns, x, seed, y.data (), B.row.data ());
        count = k == 0 ? r.RecoverD2Cln_CoordinateFormat_unmanaged (&g, B.row.data (), pattern.data (), &ri, &ci, &v)
                       : r.RecoverD2Cln_CoordinateFormat_usermem (&g, B.row.data (), pattern.data (), &ri, &ci, &v);
      }
    for (unsigned *p : pattern) free (p);
  }
};

static int compare_times (problem which, size_t n, size_t m)
{
  const bool jacobian = which >= BROYDEN;
  std::vector<double> x (n), value;
  for (size_t i = 0; i < n; i++) x[i] = uniform (-1, 1);
  if (which == ADJUSTMENT_F || which == ADJUSTMENT)
    for (size_t c = 0; c < CAMERAS; c++) x[9*c + 5] = -6, x[9*c + 6] = 500, x[9*c + 7] *= .01, x[9*c + 8] *= .001;

  wg_fun *f = wg_fun_record (wengert_model, &which, n, m, x.data ());
  if (!f) return fprintf (stderr, "%s\n", wg_last_error ()), 1;
  double t0 = seconds ();
  wg_plan *plan = jacobian ? wg_plan_jacobian (f) : wg_plan_hessian (f, 'L');
  const double planned = seconds () - t0;
  const size_t nnz = wg_plan_nnz (plan);
  wg_plan_info info;
  wg_plan_get_info (plan, &info);
  value.resize (nnz);
  int rc = 0;
  for (int k = 0; k < EVALUATIONS; k++)
    rc |= jacobian ? wg_sparse_jacobian (f, plan, x.data (), NULL, value.data ())
                   : wg_sparse_hessian (f, plan, x.data (), NULL, NULL, NULL, value.data ());
  const double own = seconds () - t0;
  std::vector<int> row (nnz), col (nnz);
  wg_plan_coo (plan, row.data (), col.data ());
  entries own_entries;
  double largest = 0, worst = 0;
  for (size_t k = 0; k < nnz; k++)
    own_entries[{ (unsigned) row[k], (unsigned) col[k] }] = value[k], largest = std::max (largest, std::fabs (value[k]));

  const short tag = (short) which;
  std::vector<adouble> ax (n), ay (m);
  std::vector<double> y (m);
  trace_on (tag);
  for (size_t i = 0; i < n; i++) ax[i] <<= x[i];
  model (which, n, ax.data (), m, ay.data ());
  for (size_t i = 0; i < m; i++) ay[i] >>= y[i];
  trace_off ();
  adolc other (tag, n, m, x);
  rows both (jacobian ? 0 : n);
  for (size_t k = 0; k < nnz && !jacobian; k++) meet (both, (size_t) row[k], (size_t) col[k]);
  t0 = seconds ();
  if (jacobian) other.jacobian ();
  else other.hessian (which == ADJUSTMENT_F ? &both : NULL);       /* where hess_pat takes many minutes */
  const double theirs = seconds () - t0;
  for (int k = 0; k < other.count; k++)
    {
      const unsigned i = jacobian ? other.ri[k] : std::max (other.ri[k], other.ci[k]);
      const unsigned j = jacobian ? other.ci[k] : std::min (other.ri[k], other.ci[k]);
      const auto at = own_entries.find ({ i, j });
      worst = std::max (worst, std::fabs (other.v[k] - (at == own_entries.end () ? 0 : at->second)));
    }
  removeTape (tag, ADOLC_REMOVE_COMPLETELY);
  const bool agree = rc == 0 && worst <= 1e-8*largest;
  printf ("%-24s %-9s %9zu %-9s %6zu %9.1f %9.1f %9.1f %8d %6.3f%s%s\n", names[which], jacobian ? "Jacobian" : "Hessian", nnz,
          wg_plan_method_name (info.method), info.sweeps, 1e3*planned, 1e3*own, 1e3*theirs, other.colours, own/theirs, which == ADJUSTMENT_F ? "  ADOL-C without pattern" : "", agree ? "" : "  DISAGREE");
  fflush (stdout);
  wg_plan_free (plan), wg_fun_free (f);
  return !agree;
}

static void *run (void *bad_)
{
  int *bad = (int *) bad_;
  for (int p = 0; p < POINTS; p++)
    for (int k = 0; k < SEEN; k++)
      {
        scene.camera.push_back ((int) below (CAMERAS)), scene.point.push_back (p);
        scene.u.push_back (uniform (-50, 50)), scene.v.push_back (uniform (-50, 50));
      }
  printf ("pattern, colouring and %d evaluations; milliseconds\n%-24s %-9s %9s %-9s %6s %9s %9s %9s %8s %6s\n", EVALUATIONS, "problem",
          "matrix", "entries", "method", "sweeps", "plan", "Wengert", "ADOL-C", "colours", "ratio");
  *bad |= compare_times (ROSENBROCK, 100000, 1);
  *bad |= compare_times (SURFACE, SIDE*SIDE, 1);
  *bad |= compare_times (ADJUSTMENT_F, 9*CAMERAS + 3*POINTS, 1);
  *bad |= compare_times (BROYDEN, 100000, 100000);
  *bad |= compare_times (ADJUSTMENT, 9*CAMERAS + 3*POINTS, 2*scene.camera.size ());
  return NULL;
}

/* hess_pat recurses once per term of a sum: it needs a large stack. */
int main (int argc, char **argv)
{
  const char *only = argc > 1 ? argv[1] : "";
  int bad = strcmp (only, "-t") && compare_colours ();
  if (!strcmp (only, "-c")) return bad;
  pthread_attr_t large;
  pthread_t thread;
  if (pthread_attr_init (&large) || pthread_attr_setstacksize (&large, (size_t) 1 << 30)
      || pthread_create (&thread, &large, run, &bad) || pthread_join (thread, NULL))
    return fprintf (stderr, "sparse: no thread with a large stack\n"), 1;
  return bad;
}
