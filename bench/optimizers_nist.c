/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Least squares on the NIST nonlinear regression problems, both starts: certified digits and what they cost.  Each
 * solver runs to its own end, with exact Jacobians and second directional derivatives.
 */
#ifndef _DEFAULT_SOURCE
# define _DEFAULT_SOURCE        /* scandir */
#endif
#include "optimizers.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const char *name;
  void (*run) (wg_fun *, double b[], int variant, wg_least_squares_result *);
  int variant;
} fitter;

typedef struct { size_t fits, good, residuals, jacobians, fvvs; double digits, least, seconds; } account;

static void run_wengert (wg_fun *f, double b[], int variant, wg_least_squares_result *r)
{
  (void) variant;
  wg_least_squares (f, b, NULL, r);
}

#ifdef HAVE_GSL
#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit_nlinear.h>

typedef struct { wg_fun *f; size_t n, m; wg_least_squares_result *counts; } handle;

static int gsl_residuals (const gsl_vector *x, void *ctx, gsl_vector *r)
{
  const handle *h = ctx;
  h->counts->evaluations++;
  return wg_eval (h->f, x->data, r->data) ? GSL_EDOM : GSL_SUCCESS;
}

static int gsl_jacobian (const gsl_vector *x, void *ctx, gsl_matrix *J)
{
  const handle *h = ctx;
  h->counts->jacobians++;
  return wg_jacobian (h->f, x->data, NULL, J->data) ? GSL_EDOM : GSL_SUCCESS;
}

static int gsl_fvv (const gsl_vector *x, const gsl_vector *v, void *ctx, gsl_vector *fvv)
{
  const handle *h = ctx;
  h->counts->fvvs++;
  return wg_fvv (h->f, x->data, v->data, NULL, NULL, fvv->data) ? GSL_EDOM : GSL_SUCCESS;
}

static void run_gsl (wg_fun *f, double b[], int variant, wg_least_squares_result *r)
{
  const gsl_multifit_nlinear_trs *const method[] = {
    gsl_multifit_nlinear_trs_lm, gsl_multifit_nlinear_trs_lmaccel, gsl_multifit_nlinear_trs_dogleg };
  const size_t n = wg_fun_n (f), m = wg_fun_m (f);
  handle h = { f, n, m, r };
  gsl_multifit_nlinear_fdf fdf = { .f = gsl_residuals, .df = gsl_jacobian, .fvv = gsl_fvv, .n = m, .p = n, .params = &h };
  gsl_multifit_nlinear_parameters p = gsl_multifit_nlinear_default_parameters ();
  gsl_vector_view x = gsl_vector_view_array (b, n);
  int info;
  p.trs = method[variant];
  gsl_error_handler_t *handler = gsl_set_error_handler_off ();
  gsl_multifit_nlinear_workspace *w = gsl_multifit_nlinear_alloc (gsl_multifit_nlinear_trust, &p, m, n);
  memset (r, 0, sizeof *r);
  if (!gsl_multifit_nlinear_init (&x.vector, &fdf, w))
    gsl_multifit_nlinear_driver (1000, 1e-10, 1e-12, 0, NULL, NULL, &info, w);
  memcpy (b, gsl_multifit_nlinear_position (w)->data, n*sizeof (double));
  gsl_multifit_nlinear_free (w);
  gsl_set_error_handler (handler);
}
#endif

static const fitter fitters[] = {
  { "wg_least_squares", run_wengert, 0 },
#ifdef HAVE_GSL
  { "GSL trust, lm", run_gsl, 0 },
  { "GSL trust, lmaccel", run_gsl, 1 },
  { "GSL trust, dogleg", run_gsl, 2 },
#endif
};

enum { FITTERS = sizeof fitters/sizeof *fitters };

static int is_data (const struct dirent *entry)
{
  const size_t length = strlen (entry->d_name);
  return length > 4 && !strcmp (entry->d_name + length - 4, ".dat");
}

int opt_nist_read (const char *folder, void (*call) (const nist_problem *, void *ctx), void *ctx)
{
  struct dirent **entry;
  static nist_problem p;
  const int count = scandir (folder, &entry, is_data, alphasort);
  int bad = 0;
  if (count <= 0) return nist_fail (folder, 0, count ? "cannot be read" : "no .dat files");
  for (int i = 0; i < count; i++)
    {
      char path[4096];
      const int length = snprintf (path, sizeof path, "%s/%s", folder, entry[i]->d_name);
      if (length < 0 || (size_t) length >= sizeof path || nist_read (&p, path)) bad = -1;
      else call (&p, ctx);
      free (entry[i]);
    }
  free (entry);
  return bad;
}

typedef struct { account sum[FITTERS]; int verbose; } accounts;

static void fit (const nist_problem *p, void *ctx)
{
  accounts *all = ctx;
  wg_fun *f = wg_fun_record (nist_residuals, (void *) p, p->n, p->m, p->start[0]);
  for (int k = 0; f && k < FITTERS; k++)
    for (int which = 0; which < 2; which++)
      {
        account *a = &all->sum[k];
        double b[NIST_PARAMETERS];
        wg_least_squares_result r;
        memcpy (b, p->start[which], sizeof b);
        const double t = opt_seconds ();
        fitters[k].run (f, b, fitters[k].variant, &r);
        a->seconds += opt_seconds () - t;
        const double digits = nist_digits (p, b);
        if (all->verbose)
          printf ("  %-20s %-10s %d  %5.1f digits %6zu residuals %5zu Jacobians %5zu fvv\n",
                  fitters[k].name, p->name, which + 1, digits, r.evaluations, r.jacobians, r.fvvs);
        a->least = a->fits++ ? digits < a->least ? digits : a->least : digits;
        a->good += digits >= 4, a->digits += digits;
        a->residuals += r.evaluations, a->jacobians += r.jacobians, a->fvvs += r.fvvs;
      }
  if (!f) fprintf (stderr, "optimizers: %s: %s\n", p->name, wg_last_error ());
  wg_fun_free (f);
}

int opt_nist (const char *folder, int verbose)
{
  accounts all = { .verbose = verbose };
  const int rc = opt_nist_read (folder, fit, &all);
  printf ("%-32s %9s %8s %8s %10s %10s %8s %8s\n", "NIST least squares",
          "4 digits", "fewest", "mean", "residuals", "Jacobians", "fvv", "seconds");
  for (int k = 0; k < FITTERS; k++)
    {
      const account *a = &all.sum[k];
      if (a->fits)
        printf ("  %-30s %3zu of %2zu %8.1f %8.2f %10zu %10zu %8zu %8.2f\n", fitters[k].name, a->good, a->fits, a->least,
                a->digits/(double) a->fits, a->residuals, a->jacobians, a->fvvs, a->seconds);
    }
  putchar ('\n');
  return rc;
}
