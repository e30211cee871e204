/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * NLopt, GSL and libLBFGS as solvers of a task, each with the settings that its manual gives and tolerances so small
 * that the task's goal ends it.
 */
#include "optimizers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_NLOPT
#include <nlopt.h>

typedef struct { opt_task *t; nlopt_opt opt; } nlopt_run;

static double nlopt_value (unsigned n, const double x[], double g[], void *ctx)
{
  const nlopt_run *r = ctx;
  const double y = opt_value (r->t, x, g);
  (void) n;
  if (r->t->over) nlopt_force_stop (r->opt);
  return y;
}

static void run_nlopt (opt_task *t, int algorithm)
{
  double y;
  nlopt_run r = { .t = t, .opt = nlopt_create ((nlopt_algorithm) algorithm, (unsigned) t->n) };
  double *x = malloc (t->n*sizeof (double));
  memcpy (x, t->start, t->n*sizeof (double));
  nlopt_set_min_objective (r.opt, nlopt_value, &r);
  nlopt_optimize (r.opt, x, &y);
  nlopt_destroy (r.opt);
  free (x);
}
#endif

#ifdef HAVE_GSL
#include <gsl/gsl_errno.h>
#include <gsl/gsl_multimin.h>

static double gsl_f (const gsl_vector *x, void *ctx) { return opt_value (ctx, x->data, NULL); }
static void gsl_df (const gsl_vector *x, void *ctx, gsl_vector *g) { opt_value (ctx, x->data, g->data); }
static void gsl_fdf (const gsl_vector *x, void *ctx, double *y, gsl_vector *g) { *y = opt_value (ctx, x->data, g->data); }

/* A solver that says "no progress" starts afresh from where it is, as long as that helps. */
static void run_gsl (opt_task *t, int variant)
{
  const gsl_multimin_fdfminimizer_type *const type[] = {
    gsl_multimin_fdfminimizer_vector_bfgs2, gsl_multimin_fdfminimizer_conjugate_fr,
    gsl_multimin_fdfminimizer_conjugate_pr };
  gsl_multimin_function_fdf f = { .f = gsl_f, .df = gsl_df, .fdf = gsl_fdf, .n = t->n, .params = t };
  gsl_vector *x = gsl_vector_alloc (t->n);
  gsl_multimin_fdfminimizer *s = gsl_multimin_fdfminimizer_alloc (type[variant], t->n);
  gsl_error_handler_t *handler = gsl_set_error_handler_off ();
  memcpy (x->data, t->start, t->n*sizeof (double));
  double last = INFINITY;
  gsl_multimin_fdfminimizer_set (s, &f, x, .1, .1);
  while (!t->over)
    {
      if (!gsl_multimin_fdfminimizer_iterate (s)) continue;
      if (!(gsl_multimin_fdfminimizer_minimum (s) < last)) break;
      last = gsl_multimin_fdfminimizer_minimum (s);
      gsl_multimin_fdfminimizer_restart (s);
    }
  gsl_set_error_handler (handler);
  gsl_multimin_fdfminimizer_free (s);
  gsl_vector_free (x);
}
#endif

#ifdef HAVE_LBFGS
#include <lbfgs.h>

static double lbfgs_value (void *ctx, const double x[], double g[], int n, double step)
{
  (void) n, (void) step;
  return opt_value (ctx, x, g);
}

static int lbfgs_stop (void *ctx, const double x[], const double g[], double y, double x_norm, double g_norm,
                       double step, int n, int k, int calls)
{
  const opt_task *t = ctx;
  (void) x, (void) g, (void) y, (void) x_norm, (void) g_norm, (void) step, (void) n, (void) k, (void) calls;
  return t->over;
}

static void run_lbfgs (opt_task *t, int variant)
{
  lbfgs_parameter_t p;
  lbfgs_parameter_init (&p);
  p.epsilon = 1e-300;
  p.m = variant;
  double *x = lbfgs_malloc ((int) t->n);
  memcpy (x, t->start, t->n*sizeof (double));
  lbfgs ((int) t->n, x, NULL, lbfgs_value, lbfgs_stop, t, &p);
  lbfgs_free (x);
}
#endif

const opt_solver opt_peers[] = {
#ifdef HAVE_LBFGS
  { "libLBFGS, 6 pairs", run_lbfgs, 6, 0 },
  { "libLBFGS, 20 pairs", run_lbfgs, 20, 0 },
#endif
#ifdef HAVE_NLOPT
  { "NLopt LBFGS", run_nlopt, NLOPT_LD_LBFGS, 0 },
  { "NLopt VAR2", run_nlopt, NLOPT_LD_VAR2, 0 },
  { "NLopt TNEWTON_PRECOND_RESTART", run_nlopt, NLOPT_LD_TNEWTON_PRECOND_RESTART, 0 },
  { "NLopt SLSQP (n <= 100)", run_nlopt, NLOPT_LD_SLSQP, 100 },
  { "NLopt MMA", run_nlopt, NLOPT_LD_MMA, 0 },
#endif
#ifdef HAVE_GSL
  { "GSL vector_bfgs2", run_gsl, 0, 0 },
  { "GSL conjugate_fr", run_gsl, 1, 0 },
  { "GSL conjugate_pr", run_gsl, 2, 0 },
#endif
  { 0 }
};
