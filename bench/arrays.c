/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Models over arrays beside hand-written C over the same calls of BLAS, and beside PyTorch: one thread, one run, one table.
 *   arrays [-t seconds for each cell]
 *   logistic  10000 x 100, the mean of log (1 + exp (-s_i a_i.x)) + lambda/2 |x|^2; by hand: everything
 *   network   256 rows, 784 -> 256 relu -> 10, softmax and cross-entropy; by hand: its matrix products and nothing else
 * Tasks: value and gradient; value, gradient and Hessian-vector product, as Newton-CG asks for them.  Numbers must agree, else the
 * exit status is 1; times only inform.  Tools take turns, and a ratio is the median of the repetitions' own.
 */
#ifdef HAVE_CONFIG_H
# include <config.h>
#endif
#define _POSIX_C_SOURCE 200809L

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <wengert.h>

#include "bench.h"

enum { REPETITIONS = 15, TOOLS = 3, TASKS = 2, UNITS = 256, CLASSES = 10 };
enum tool { WENGERT, HAND, PYTORCH };
#define AGREEMENT 1e-9

static const char *const tools[TOOLS] = { "Wengert", "by hand", "PyTorch" }, *const tasks[TASKS] = { "gradient", "HVP" };

/* At most what ratio is aimed at: over by hand, over PyTorch; 0: none. */
static const struct { double most[TASKS][TOOLS]; } targets[2] = { { { { 0, 1.5, 1 }, { 0, 1.5, 1 } } }, { { { 0, 1.3, 1 }, { 0, 0, 1 } } } };

double bench_seconds (void)
{
  struct timespec t;
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double) t.tv_sec + 1e-9*(double) t.tv_nsec;
}

/* the models */

static void logistic (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const bench_problem *p = ctx;
  (void) m;
  const wg_var A = wg_constant (x[0], 2, (size_t[]){ p->rows, p->cols }, p->A), w = wg_vec (x, n);
  const wg_var s = wg_constant (x[0], 1, (size_t[]){ p->rows }, p->label);
  const wg_var sum = wg_sum (wg_softplus (wg_neg (wg_mul (s, wg_matmul (A, w)))));
  y[0] = wg_add (wg_div (sum, (double) p->rows), wg_weight_decay (p->lambda, 1, (wg_var[]){ wg_vec (x, n - 1) }));
}

static void network (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const bench_problem *p = ctx;
  const size_t second = p->cols*UNITS + UNITS;
  int index[1024];
  (void) n, (void) m;
  for (size_t i = 0; i < p->rows; i++) index[i] = (int) p->label[i];
  const wg_var X = wg_constant (x[0], 2, (size_t[]){ p->rows, p->cols }, p->A);
  const wg_var H = wg_relu (wg_affine (X, wg_mat (x, p->cols, UNITS), wg_vec (x + p->cols*UNITS, UNITS)));
  const wg_var Z = wg_affine (H, wg_mat (x + second, UNITS, CLASSES), wg_vec (x + second + UNITS*CLASSES, CLASSES));
  y[0] = wg_softmax_cross_entropy_index (Z, p->rows, index, 0);
}

static int by_wengert (wg_fun *f, const bench_problem *p, int task, double y[], double room[])
{
  double value;
  return task == 0 ? wg_gradient (f, p->x, &value, y) : wg_hvp (f, p->x, p->v, &value, room, y);
}

/* by hand */

/* room: 3 vectors of rows, a gradient */
static void logistic_by_hand (const bench_problem *p, int task, double y[], double room[])
{
  const int N = (int) p->rows, d = (int) p->cols;
  double *z = room, *zd = z + p->rows, *g = zd + p->rows, value = 0;
  if (task == 0) g = y;
  cblas_dgemv (CblasRowMajor, CblasNoTrans, N, d, 1, p->A, d, p->x, 1, 0, z, 1);
  if (task) cblas_dgemv (CblasRowMajor, CblasNoTrans, N, d, 1, p->A, d, p->v, 1, 0, zd, 1);
  for (size_t i = 0; i < p->rows; i++)
    {
      const double t = -p->label[i]*z[i], e = exp (-fabs (t)), q = t > 0 ? 1/(1 + e) : e/(1 + e);
      value += fmax (t, 0) + log1p (e);
      z[i] = -p->label[i]*q/N;
      if (task) zd[i] *= q*(1 - q)/N;
    }
  cblas_dgemv (CblasRowMajor, CblasTrans, N, d, 1, p->A, d, z, 1, 0, g, 1);
  for (int j = 0; j < d - 1; j++) value += N*p->lambda/2*p->x[j]*p->x[j], g[j] += p->lambda*p->x[j];
  room[0] = value/N;
  if (!task) return;
  cblas_dgemv (CblasRowMajor, CblasTrans, N, d, 1, p->A, d, zd, 1, 0, y, 1);
  for (int j = 0; j < d - 1; j++) y[j] += p->lambda*p->v[j];
}

/* c (m x n) = a b, the operands perhaps transposed. */
static void times (int ta, int tb, size_t m, size_t n, size_t k, const double *a, const double *b, double *c)
{
  cblas_dgemm (CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, (int) m, (int) n, (int) k, 1,
               a, (int) (ta ? m : k), b, (int) (tb ? k : n), 0, c, (int) n);
}

/* The products alone.  room: 4 of rows x UNITS, 2 of rows x CLASSES, one of the weights */
static void products_by_hand (const bench_problem *p, int task, double y[], double room[])
{
  const size_t B = p->rows, second = p->cols*UNITS + UNITS;
  double *h = room, *hbar = h + B*UNITS, *hd = hbar + B*UNITS, *hbard = hd + B*UNITS, *z = hbard + B*UNITS, *zd = z + B*CLASSES;
  double *g = zd + B*CLASSES;
  const double *v = p->v;
  times (0, 0, B, UNITS, p->cols, p->A, p->x, h);
  times (0, 0, B, CLASSES, UNITS, h, p->x + second, z);
  times (1, 0, UNITS, CLASSES, B, h, z, g + second);
  times (0, 1, B, UNITS, CLASSES, z, p->x + second, hbar);
  times (1, 0, p->cols, UNITS, B, p->A, hbar, g);
  if (!task) return;
  times (0, 0, B, UNITS, p->cols, p->A, v, hd);
  times (0, 0, B, CLASSES, UNITS, hd, p->x + second, zd);
  times (0, 0, B, CLASSES, UNITS, h, v + second, zd);
  times (1, 0, UNITS, CLASSES, B, hd, z, y + second);
  times (1, 0, UNITS, CLASSES, B, h, zd, y + second);
  times (0, 1, B, UNITS, CLASSES, zd, p->x + second, hbard);
  times (0, 1, B, UNITS, CLASSES, z, v + second, hbard);
  times (1, 0, p->cols, UNITS, B, p->A, hbard, y);
}

/* the problems */

static double uniform (unsigned long long *state)
{
  *state = *state*6364136223846793005ull + 1442695040888963407ull;
  return 2*((double) (*state >> 11)*0x1p-53) - 1;
}

static double *numbers (size_t n, double size, unsigned long long *state)
{
  double *a = malloc ((n + 1)*sizeof *a);
  for (size_t i = 0; a && i < n; i++) a[i] = size*uniform (state);
  return a;
}

/* 0: enough memory. */
static int make (int which, bench_problem *p)
{
  unsigned long long state = 2385;
  *p = (bench_problem){ .name = which ? "network 784-256-10, 256 rows" : "logistic, 10000 x 100", .model = which ? BENCH_NMODELS : BENCH_LOGISTIC,
                        .rows = which ? 256 : 10000, .cols = which ? 784 : 100, .k = which ? UNITS : 0, .lambda = which ? 0 : 1e-3 };
  p->n = which ? p->cols*UNITS + UNITS + UNITS*CLASSES + CLASSES : p->cols;
  double *A = numbers (p->rows*p->cols, 1, &state), *label = numbers (p->rows, 1, &state);
  p->x = numbers (p->n, .1, &state), p->v = numbers (p->n*BENCH_DIRECTIONS, 1, &state);
  p->A = A, p->label = label, p->start = p->x;
  for (size_t i = 0; A && label && i < p->rows; i++)
    {
      if (!which) A[i*p->cols + p->cols - 1] = 1;
      label[i] = which ? floor ((label[i] + 1)*CLASSES/2) : label[i] < 0 ? -1 : 1;
    }
  return A && label && p->x && p->v ? 0 : -1;
}

static double difference (size_t n, const double a[], const double b[])
{
  double worst = 0, size = 0;
  for (size_t i = 0; i < n; i++)
    {
      if (!isfinite (a[i] - b[i])) return INFINITY;
      worst = fmax (worst, fabs (a[i] - b[i])), size = fmax (size, fabs (b[i]));
    }
  return worst > 0 ? worst/size : 0;
}

/* measuring */

typedef struct {
  bench_problem problem;
  int which;
  wg_fun *f;
  void *pytorch;                       /* NULL: there is none */
  double *room, *y[TOOLS];
} subject;

static int run (subject *s, enum tool tool, int task)
{
#ifdef HAVE_PYTORCH
  if (tool == PYTORCH) return bench_pytorch.run (s->pytorch, &s->problem, task ? BENCH_HVP : BENCH_GRADIENT, s->y[tool]);
#endif
  if (tool == WENGERT) return by_wengert (s->f, &s->problem, task, s->y[tool], s->room);
  (s->which ? products_by_hand : logistic_by_hand) (&s->problem, task, s->y[tool], s->room);
  return 0;
}

static double seconds_of (const subject *s, enum tool tool)
{
#ifdef HAVE_PYTORCH
  if (tool == PYTORCH) return bench_pytorch.seconds (s->pytorch);
#endif
  (void) s, (void) tool;
  return bench_seconds ();
}

static int has (const subject *s, enum tool tool) { return tool != PYTORCH || s->pytorch; }

static int agree (subject *s, int task)
{
  int ok = 1;
  for (enum tool t = WENGERT; t <= PYTORCH; t++)
    {
      if (!has (s, t)) continue;
      if (run (s, t, task) < 0) return fprintf (stderr, "arrays: %s: %s failed: %s\n", s->problem.name, tools[t], wg_last_error ()), 0;
      const double d = t == WENGERT || (t == HAND && s->which) ? 0 : difference (s->problem.n, s->y[t], s->y[WENGERT]);
      if (d > AGREEMENT) ok = 0, fprintf (stderr, "arrays: %s, %s: %s is off by %.1e\n", s->problem.name, tasks[task], tools[t], d);
    }
  return ok;
}

static int compare (const void *a, const void *b)
{
  const double x = *(const double *) a, y = *(const double *) b;
  return (x > y) - (x < y);
}

static double median (double a[]) { return qsort (a, REPETITIONS, sizeof *a, compare), a[REPETITIONS/2]; }

static void measure (subject *s, int task, double seconds)
{
  double took[TOOLS][REPETITIONS], ratio[REPETITIONS];
  int calls[TOOLS];
  for (int rep = -2; rep < REPETITIONS; rep++)           /* -2: warm up; -1: how many calls fill the time */
    for (enum tool t = WENGERT; t <= PYTORCH; t++)
      if (has (s, t))
        {
          const int count = rep < 0 ? 1 : calls[t];
          double time = seconds_of (s, t);
          for (int i = 0; i < count; i++) run (s, t, task);
          time = (seconds_of (s, t) - time)/count;
          if (rep < 0) calls[t] = 1 + (int) (seconds/REPETITIONS/fmax (time, 1e-7));
          else took[t][rep] = time;
        }
  printf ("%-30s %-9s", s->problem.name, tasks[task]);
  for (enum tool t = HAND; t <= PYTORCH; t++)
    {
      const double most = targets[s->which].most[task][t];
      for (int i = 0; i < REPETITIONS && has (s, t); i++) ratio[i] = took[WENGERT][i]/took[t][i];
      const double r = has (s, t) ? median (ratio) : NAN;
      if (t == HAND) printf (" %9.3f ms", 1e3*median (took[WENGERT]));
      if (has (s, t)) printf ("   %8.3f ms %5.2f", 1e3*median (took[t]), r);
      if (has (s, t) && most > 0) printf (r <= most ? " <= %.1f" : " >  %.1f missed", most);
    }
  printf ("\n");
}

static int bench (int which, double seconds)
{
  subject s = { .which = which };
  bench_problem *p = &s.problem;
  int ok = make (which, p) == 0;
  const size_t room = which ? p->rows*(4*UNITS + 2*CLASSES) + p->n : 2*p->rows + p->n;
  s.room = malloc (room*sizeof *s.room);
  for (int t = 0; t < TOOLS; t++) s.y[t] = calloc (p->n + 1, sizeof *s.y[t]), ok = ok && s.y[t];
  s.f = ok && s.room ? wg_fun_record (which ? network : logistic, p, p->n, 1, p->x) : NULL;
  if (!s.f) fprintf (stderr, "arrays: %s: %s\n", p->name, wg_last_error ()), ok = 0;
#ifdef HAVE_PYTORCH
  bench_record record;
  if (ok) s.pytorch = bench_pytorch.open (p, &record);
#endif
  for (int task = 0; task < TASKS && ok; task++) ok = agree (&s, task);
  for (int task = 0; task < TASKS && ok; task++) measure (&s, task, seconds);
#ifdef HAVE_PYTORCH
  if (s.pytorch) bench_pytorch.close (s.pytorch);
#endif
  for (int t = 0; t < TOOLS; t++) free (s.y[t]);
  free ((void *) p->A), free ((void *) p->label), free ((void *) p->x), free ((void *) p->v), free (s.room), wg_fun_free (s.f);
  return ok;
}

int main (int argc, char **argv)
{
  const double seconds = argc == 3 && !strcmp (argv[1], "-t") ? atof (argv[2]) : 1;
  if (!getenv ("OPENBLAS_NUM_THREADS"))                  /* it is read before main */
    {
      setenv ("OPENBLAS_NUM_THREADS", "1", 1), setenv ("OMP_NUM_THREADS", "1", 1);
      execv ("/proc/self/exe", argv);
    }
  printf ("arrays, one thread; ratios: Wengert's time over theirs\n%-30s %-9s %12s   %s\n", "", "", "Wengert", "by hand, ratio   PyTorch, ratio");
  return bench (0, seconds) & bench (1, seconds) ? EXIT_SUCCESS : EXIT_FAILURE;
}
