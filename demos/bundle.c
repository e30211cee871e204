/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Bundle adjustment: where were the cameras, where are the points that they saw?  Cameras of nine unknowns, a rotation vector w, a
 * translation t, a focal length f and two distortions k1, k2; points X of three; an observation is two residuals,
 *
 *     p = -(P1/P3, P2/P3),   P = R (w) X + t,      r = f (1 + k1 |p|^2 + k2 |p|^4) p - observed,
 *
 * so that a row of the Jacobian has 12 entries, however many unknowns there are.  The sum of squares is minimized by
 * Levenberg's and Marquardt's method, its steps by conjugate gradients on the sparse Jacobian.
 *
 * The data are in the text format of "Bundle Adjustment in the Large" (Agarwal, Snavely, Seitz, Szeliski, ECCV 2010): numbers of
 * cameras, points and observations; camera, point, x, y of each; nine numbers per camera; three per point.  Without a
 * file the demo makes a scene up, exact observations and a start that is off, writes it to bundle_scene.txt and reads it back.
 *
 * To see: what the plan decided; the error fall from several pixels to nothing, since the observations are exact; the
 * pattern, bundle.svg, cameras to the left, points to the right.
 *
 * To run:  bundle [problem.txt]
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <wengert.h>
#include <wengert/sparse.h>

typedef struct {
  size_t cameras, points, seen;
  int *camera, *point;           /* seen */
  double *at;                    /* 2 seen: pixels */
  double *x;                     /* 9 cameras and 3 points */
} scene;

static size_t unknowns (const scene *s) { return 9*s->cameras + 3*s->points; }

/* the model */

static void rotate (const wg_var w[3], const wg_var X[3], wg_var P[3])
{
  const wg_var square = wg_add (wg_add (wg_sqr (w[0]), wg_sqr (w[1])), wg_sqr (w[2]));
  const wg_var angle = wg_sqrt (wg_add (square, 1e-30)), s = wg_sin (angle), c = wg_cos (angle);
  wg_var axis[3], along = wg_num (0);
  for (int i = 0; i < 3; i++)
    {
      axis[i] = wg_div (w[i], angle);
      along = wg_add (along, wg_mul (axis[i], X[i]));
    }
  along = wg_mul (along, wg_sub (1, c));
  for (int i = 0; i < 3; i++)
    {
      const int j = (i + 1) % 3, k = (i + 2) % 3;
      const wg_var cross = wg_sub (wg_mul (axis[j], X[k]), wg_mul (axis[k], X[j]));
      P[i] = wg_add (wg_add (wg_mul (X[i], c), wg_mul (cross, s)), wg_mul (axis[i], along));
    }
}

/* Where a camera sees a point. */
static void project (const wg_var camera[9], const wg_var X[3], wg_var pixel[2])
{
  wg_var P[3];
  rotate (camera, X, P);
  for (int i = 0; i < 3; i++) P[i] = wg_add (P[i], camera[3 + i]);
  const wg_var p = wg_neg (wg_div (P[0], P[2])), q = wg_neg (wg_div (P[1], P[2])), r = wg_add (wg_sqr (p), wg_sqr (q));
  const wg_var scale = wg_mul (camera[6], wg_add (1, wg_mul (r, wg_add (camera[7], wg_mul (camera[8], r)))));
  pixel[0] = wg_mul (scale, p), pixel[1] = wg_mul (scale, q);
}

static void residuals (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const scene *s = ctx;
  (void) n, (void) m;
  for (size_t k = 0; k < s->seen; k++)
    {
      wg_var pixel[2];
      project (x + 9*s->camera[k], x + 9*s->cameras + 3*s->point[k], pixel);
      for (int i = 0; i < 2; i++) y[2*k + (size_t) i] = wg_sub (pixel[i], s->at[2*k + (size_t) i]);
    }
}

/* the file */

static void close_scene (scene *s) { free (s->camera), free (s->point), free (s->at), free (s->x); }

static int room (scene *s)
{
  s->camera = malloc (s->seen*sizeof (int)), s->point = malloc (s->seen*sizeof (int));
  s->at = malloc (2*s->seen*sizeof (double)), s->x = malloc (unknowns (s)*sizeof (double));
  return s->camera && s->point && s->at && s->x ? 0 : -1;
}

/* 0 when a whole problem was read; else it is told on stderr what is wrong with it. */
static int load (const char *name, scene *s)
{
  FILE *in = fopen (name, "r");
  *s = (scene){ 0 };
  if (!in) return perror (name), -1;
  const char *bad = NULL;
  size_t at = 0;
  long long head[3];
  if (fscanf (in, "%lld %lld %lld", &head[0], &head[1], &head[2]) != 3) bad = "it does not begin with the numbers of cameras, points and observations";
  else if (head[0] < 1 || head[1] < 1 || head[2] < 1) bad = "it has no cameras, points or observations";
  else if (head[0] > 1000000 || head[1] > 100000000 || head[2] > 500000000) bad = "it is too large";
  else
    {
      s->cameras = (size_t) head[0], s->points = (size_t) head[1], s->seen = (size_t) head[2];
      if (room (s)) bad = "out of memory";
    }
  for (size_t k = 0; k < s->seen && !bad; k++)
    {
      at = k + 1;
      if (fscanf (in, "%d %d %lf %lf", &s->camera[k], &s->point[k], &s->at[2*k], &s->at[2*k + 1]) != 4) bad = "an observation is not: camera, point, x, y";
      else if (s->camera[k] < 0 || (size_t) s->camera[k] >= s->cameras) bad = "there is no camera of that number";
      else if (s->point[k] < 0 || (size_t) s->point[k] >= s->points) bad = "there is no point of that number";
      else if (!isfinite (s->at[2*k]) || !isfinite (s->at[2*k + 1])) bad = "where the point was seen is no finite number";
    }
  if (bad && at) fprintf (stderr, "%s: observation %zu: ", name, at);
  else if (bad) fprintf (stderr, "%s: ", name);
  for (size_t i = 0; !bad && i < unknowns (s); i++)
    if (fscanf (in, "%lf", &s->x[i]) != 1 || !isfinite (s->x[i]))
      {
        fprintf (stderr, "%s: number %zu of the %zu of cameras and points: ", name, i + 1, unknowns (s));
        bad = "it is missing, or no finite number";
      }
  fclose (in);
  return bad ? fprintf (stderr, "%s\n", bad), -1 : 0;
}

static int save (const char *name, const scene *s)
{
  FILE *out = fopen (name, "w");
  if (!out) return -1;
  fprintf (out, "%zu %zu %zu\n", s->cameras, s->points, s->seen);
  for (size_t k = 0; k < s->seen; k++)
    fprintf (out, "%d %d %.17g %.17g\n", s->camera[k], s->point[k], s->at[2*k], s->at[2*k + 1]);
  for (size_t i = 0; i < unknowns (s); i++) fprintf (out, "%.17g\n", s->x[i]);
  return fclose (out);
}

/* a scene */

static double uniform (unsigned long long *state)                    /* in (-1, 1): Knuth's MMIX generator */
{
  *state = *state*6364136223846793005u + 1442695040888963407u;
  return (double) (*state >> 11)*0x1p-52 - 1;
}

/* Cameras along an arc that look at a cloud of points; each point is seen by three neighbours. */
static int make (scene *s)
{
  unsigned long long state = 20260006;
  *s = (scene){ .cameras = 8, .points = 150, .seen = 450 };
  if (room (s)) return -1;
  for (size_t i = 0; i < s->cameras; i++)
    {
      const double camera[9] = { .02*uniform (&state), .12*((double) i - 3.5), .02*uniform (&state),
                                 .2*uniform (&state), .2*uniform (&state), -8, 500 + 20*uniform (&state), -.1, .01 };
      for (int j = 0; j < 9; j++) s->x[9*i + (size_t) j] = camera[j];
    }
  for (size_t i = 0; i < 3*s->points; i++) s->x[9*s->cameras + i] = 1.5*uniform (&state);
  for (size_t k = 0; k < s->seen; k++) s->point[k] = (int) (k/3), s->camera[k] = (int) ((k/3 + k % 3) % s->cameras);
  for (size_t k = 0; k < 2*s->seen; k++) s->at[k] = 0;
  wg_fun *f = wg_fun_record (residuals, s, unknowns (s), 2*s->seen, s->x);
  const int rc = wg_eval (f, s->x, s->at);
  wg_fun_free (f);
  for (size_t i = 0; i < s->cameras; i++)
    for (int j = 0; j < 6; j++) s->x[9*i + (size_t) j] += .02*uniform (&state);
  for (size_t i = 0; i < 3*s->points; i++) s->x[9*s->cameras + i] += .1*uniform (&state);
  return rc;
}

/* least squares */

typedef struct { size_t m, n, nnz; int *row, *col; double *value; } matrix;

static void times (const matrix *J, const double v[], double y[])
{
  for (size_t i = 0; i < J->m; i++) y[i] = 0;
  for (size_t k = 0; k < J->nnz; k++) y[J->row[k]] += J->value[k]*v[J->col[k]];
}

static void times_transposed (const matrix *J, const double u[], double y[])
{
  for (size_t j = 0; j < J->n; j++) y[j] = 0;
  for (size_t k = 0; k < J->nnz; k++) y[J->col[k]] += J->value[k]*u[J->row[k]];
}

static double dot (size_t n, const double a[], const double b[])
{
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += a[i]*b[i];
  return sum;
}

/* Solve (J^T J + lambda D) s = g, D the diagonal of J^T J, by conjugate gradients in the scale of D.  work: 5 n + m. */
static void solve (const matrix *J, double lambda, const double g[], double s[], double work[])
{
  const size_t n = J->n;
  double *d = work, *r = d + n, *z = r + n, *p = z + n, *q = p + n, *Jp = q + n, first = 0, rz = 0;
  for (size_t j = 0; j < n; j++) d[j] = 0;
  for (size_t k = 0; k < J->nnz; k++) d[J->col[k]] += J->value[k]*J->value[k];
  for (size_t j = 0; j < n; j++) s[j] = 0, r[j] = g[j], p[j] = z[j] = d[j] > 0 ? r[j]/d[j] : 0;
  first = rz = dot (n, r, z);
  for (size_t k = 0; k < 4*n && rz > 1e-16*first; k++)
    {
      times (J, p, Jp), times_transposed (J, Jp, q);
      for (size_t j = 0; j < n; j++) q[j] += lambda*d[j]*p[j];
      const double a = rz/dot (n, p, q);
      for (size_t j = 0; j < n; j++) s[j] += a*p[j], r[j] -= a*q[j], z[j] = d[j] > 0 ? r[j]/d[j] : 0;
      const double next = dot (n, r, z);
      for (size_t j = 0; j < n; j++) p[j] = z[j] + next/rz*p[j];
      rz = next;
    }
}

/* Minimize, in 50 steps at most; 0 unless something is wrong. */
static int adjust (wg_fun *f, const wg_plan *plan, matrix *J, double x[])
{
  const size_t n = J->n, m = J->m;
  double *block = malloc ((9*n + 3*m)*sizeof *block), lambda = 1e-3;
  if (!block) return -1;
  double *g = block, *s = g + n, *trial = s + n, *work = trial + n, *r = work + 5*n + m, *next = r + m;
  int rc = wg_sparse_jacobian (f, plan, x, r, J->value), done = 0;
  double sum = dot (m, r, r);
  printf ("\nstep  error/pixels    lambda\n%4d  %12.4e\n", 0, sqrt (sum/(double) m));
  for (int k = 1; k <= 50 && !rc && !done; k++)
    {
      times_transposed (J, r, g);
      solve (J, lambda, g, s, work);
      for (size_t j = 0; j < n; j++) trial[j] = x[j] - s[j];
      rc = wg_eval (f, trial, next);
      if (rc > 0) rc = 0;                                       /* not finite: refused, as a sum that grows is */
      const double now = dot (m, next, next);
      const int better = isfinite (now) && now < sum;
      printf ("%4d  %12.4e  %8.0e%s\n", k, sqrt (now/(double) m), lambda, better ? "" : "  refused");
      if (better)
        for (size_t j = 0; j < n; j++) x[j] = trial[j];
      lambda = better ? lambda/10 : lambda*10;
      done = (better && sqrt (now/(double) m) < 1e-6) || (better && now > (1 - 1e-9)*sum) || lambda > 1e9;
      if (better) sum = now, rc = wg_sparse_jacobian (f, plan, x, r, J->value);
    }
  if (rc) fprintf (stderr, "%s: %s\n", wg_strerror (rc), wg_last_error ());
  else if (!done) printf ("50 steps: this is not the minimum yet\n");
  free (block);
  return rc;
}

static int draw (const wg_plan *plan, size_t m, size_t n)
{
  FILE *out = fopen ("bundle.mtx", "w"), *script = fopen ("bundle.gp", "w");
  int bad = !out || !script || wg_plan_write_matrix_market (plan, NULL, out);
  if (!bad)
    fprintf (script, "set terminal svg size 640,480\nset output 'bundle.svg'\nset title 'the Jacobian: %zu residuals, %zu unknowns'\n"
                     "set xrange [0:%zu]\nset yrange [%zu:0]\nunset key\n"
                     "plot 'bundle.mtx' skip 2 using 2:1 with dots lc rgb '#3060a0'\n", m, n, n + 1, m + 1);
  if (out) bad |= fclose (out);
  if (script) bad |= fclose (script);
  if (bad) return fprintf (stderr, "cannot write bundle.mtx and bundle.gp\n"), -1;
  printf ("\n%s\n", system ("gnuplot bundle.gp > bundle.log 2>&1") ? "no gnuplot: the picture's script is bundle.gp" : "see bundle.svg");
  return 0;
}

int main (int argc, char **argv)
{
  scene s;
  wg_plan_info info;
  const char *name = argc > 1 ? argv[1] : "bundle_scene.txt";
  if (argc < 2)
    {
      const int bad = make (&s) || save (name, &s);
      close_scene (&s);
      if (bad) return fprintf (stderr, "cannot make the scene: %s\n", wg_last_error ()), 1;
    }
  if (load (name, &s)) return close_scene (&s), 1;
  matrix J = { .m = 2*s.seen, .n = unknowns (&s) };
  printf ("%zu cameras, %zu points, %zu observations: %zu residuals, %zu unknowns\n", s.cameras, s.points, s.seen, J.m, J.n);
  wg_fun *f = wg_fun_record (residuals, &s, J.n, J.m, s.x);
  wg_plan *plan = wg_plan_jacobian (f);
  if (!plan || wg_plan_get_info (plan, &info)) return fprintf (stderr, "%s\n", wg_last_error ()), 1;
  printf ("Jacobian: %zu entries, by %s; the cost of %.0f evaluations of f, of %.0f if dense\n", info.nnz,
          wg_plan_method_name (info.method), info.cost, info.dense_cost);
  J.nnz = info.nnz, J.row = malloc (J.nnz*sizeof (int)), J.col = malloc (J.nnz*sizeof (int)), J.value = malloc (J.nnz*sizeof (double));
  int bad = !J.row || !J.col || !J.value;
  if (!bad)
    {
      wg_plan_coo (plan, J.row, J.col);
      bad = adjust (f, plan, &J, s.x) || draw (plan, J.m, J.n);
    }
  wg_plan_free (plan), wg_fun_free (f), close_scene (&s);
  free (J.row), free (J.col), free (J.value);
  return bad;
}
