/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The benchmark's vocabulary.  A problem is data and a point; a peer is a tool that computes tasks of a
 * problem.  Each peer writes each model once, in its own file, as its users would.  Another peer is a file
 * and a row of the table in main.c; another task is a row of BENCH_TASKS and a case in the peers that have
 * it.  Plain numbers only, so that peers in C++ and peers compiled with other flags can share it.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BENCH_TASKS(X)             \
  X (BENCH_VALUE,    "value")      \
  X (BENCH_GRADIENT, "gradient")   \
  X (BENCH_HVP,      "HVP")        \
  X (BENCH_HVPS,     "8 HVPs")     \
  X (BENCH_JACOBIAN, "Jacobian")   \
  X (BENCH_BATCH,    "64 gradients")

#define BENCH_TASK(id, name) id,
typedef enum { BENCH_TASKS (BENCH_TASK) BENCH_NTASKS } bench_task;
#undef BENCH_TASK

enum { BENCH_DIRECTIONS = 8, BENCH_POINTS = 64, BENCH_NOT_DONE = 1 };

/* Rosenbrock, chained: the sum over i < n - 1 of 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2.
 *
 * Logistic regression: the mean of log (1 + exp (-s z)) over rows a of A[rows*cols], with z = a . x and
 * s = label[row], 1 or -1, plus lambda/2 |x|^2 without the last entry, which is the bias: the last column of
 * A is ones.
 *
 * Gaussian mixture, after GradBench and ADBench: items a[d] in A[rows*d], K components with weights alpha, means
 * mu[d] and inverse covariance factors Q = diag (exp (q)) + L, L strictly lower by columns; x = (alpha[K], mu[K*d],
 * (q[d], L[d (d-1)/2])[K]).  The negative log-likelihood less its constant,
 *   rows lse (alpha) - sum over items lse over k of (alpha_k + sum q_k - |Q_k (a - mu_k)|^2/2).
 * The Wishart prior of the original is left out: it adds K d (d+1)/2 squares to 3 million operations.
 *
 * The Jacobian, dense by rows, is of the m terms: 10 (x[i+1] - x[i]^2) and 1 - x[i] in turn for Rosenbrock, the terms of
 * the mean for logistic regression.  m == 0: no Jacobian is asked for. */
typedef enum { BENCH_ROSENBROCK, BENCH_LOGISTIC, BENCH_MIXTURE, BENCH_NMODELS } bench_model;

typedef struct {
  const char *name;
  bench_model model;
  size_t n;                     /* unknowns */
  size_t rows, cols;            /* of A; cols is d of the mixture */
  size_t k;                     /* components of the mixture */
  size_t m;                     /* terms */
  double lambda;
  const double *A, *label;
  const double *start;          /* start[n]: where tools that record do so */
  const double *x, *v;          /* x[n], v[BENCH_DIRECTIONS*n]: point and directions of the tasks */
  const double *points;         /* points[BENCH_POINTS*n] for a batch; NULL for m == 0: none is asked for */
} bench_problem;

/* Where one component's q and L are in x, and how many numbers they are. */
static inline size_t bench_factor_size (const bench_problem *p) { return p->cols + p->cols*(p->cols - 1)/2; }
static inline size_t bench_factor (const bench_problem *p, size_t k)
{
  return p->k + p->k*p->cols + k*bench_factor_size (p);
}

typedef struct {
  double operations;            /* recorded; 0: this peer does not record */
  double model_seconds;         /* in the model, recording */
  double other_seconds;         /* to turn that into something that can be replayed */
} bench_record;

typedef struct {
  const char *name;
  void *(*open) (const bench_problem *p, bench_record *record);      /* NULL: failed */
  /* The task's numbers, bench_task_size of them, into y.  0 when done; BENCH_NOT_DONE: this peer does not do it. */
  int (*run) (void *state, const bench_problem *p, bench_task task, double y[]);
  void (*close) (void *state);
  double (*seconds) (void *state);      /* processor seconds that it used elsewhere so far; NULL: bench_seconds counts them */
} bench_peer;

extern const bench_peer bench_hand, bench_wengert, bench_wengert_rolled, bench_wengert_map, bench_adolc, bench_sacado, bench_stan, bench_pytorch;

static inline size_t bench_task_size (const bench_problem *p, bench_task task)
{
  return task == BENCH_VALUE ? 1 : task == BENCH_HVPS ? BENCH_DIRECTIONS*p->n : task == BENCH_JACOBIAN ? p->m*p->n
         : task == BENCH_BATCH ? (p->m ? BENCH_POINTS*p->n : 0) : p->n;
}

/* The problems, made anew; csv may name no file: then data of that shape are made up, and the name says so.
 * bench_problem_free takes one apart.  NULL: out of memory. */
#define BENCH_NPROBLEMS 6
bench_problem *bench_problem_new (int which, const char *csv);
void bench_problem_free (bench_problem *p);

/* Processor seconds of this process, all its threads: other load counts little, and helpers cannot hide. */
double bench_seconds (void);

#ifdef __cplusplus
}
#endif
#endif
