/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Minimizers side by side.  A task is a function to be minimized and the counts of it; a solver runs on a task and
 * asks for values and gradients through it.  The task knows when the goal is reached: counts end there, whatever
 * a solver's own tests say.  Another solver is a row of a table.
 */
#ifndef BENCH_OPTIMIZERS_H
#define BENCH_OPTIMIZERS_H

#include <wengert.h>

#include "../demos/nist_file.h"

typedef struct opt_task opt_task;
struct opt_task {
  wg_fun *f;
  size_t n;
  const double *start;          /* start[n] */
  double tolerance;             /* |g|_inf at the goal */
  int (*reached) (const opt_task *, const double x[]);  /* NULL: the test of the gradient */
  const void *ctx;              /* for it */

  double *x, *g, y;             /* the point of the last call, its gradient and value */
  int known, differentiated;    /* is there such a point; is g there, too? */
  size_t evaluations, hvps;     /* points, and products, up to the goal */
  size_t calls;                 /* with points that are no news as well */
  double until;                 /* processor time when it is given up */
  int solved, over;             /* over: solved, or given up; the solver should return */
};

typedef struct {
  const char *name;
  void (*run) (opt_task *, int variant);
  int variant;
  size_t most_n;                /* larger ones are left out; 0: none */
} opt_solver;

/* The value at x[n], and with g not NULL the gradient; infinite where it is none. */
double opt_value (opt_task *, const double x[], double g[]);

/* Processor time of this process. */
double opt_seconds (void);

extern const opt_solver opt_peers[];            /* of other libraries, up to one without a name */

/* Least squares on NIST's files in a folder.  Nonzero when that cannot be read. */
int opt_nist (const char *folder, int verbose);

/* Call something for every problem of the folder; nonzero when one cannot be read. */
int opt_nist_read (const char *folder, void (*call) (const nist_problem *, void *ctx), void *ctx);

#endif
