/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * wg_minimize: options, the start, the choice of a method, the result.  The methods have files of their own
 * and share minimizer.h.
 */
#include <wengert/minimize.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "optim/minimizer.h"
#include "optim/steihaug.h"

enum { SPARSE_FROM = 64 };      /* variables; below, a plan is not looked for unasked */

const char *wg_stop_name (int reason)
{
  switch (reason)
    {
#define X(name, text) case name: return text;
      WG_STOPS (X)
#undef X
    default: return "unknown reason";
    }
}

const char *wg_minimize_method_name (int method)
{
  switch (method)
    {
#define X(name, text) case name: return text;
      WG_MINIMIZE_METHODS (X)
#undef X
    default: return "unknown method";
    }
}

int wg_minimize_print (const wg_minimize_progress *p, void *file)
{
  FILE *out = file;
  if (!p->iteration) fprintf (out, "%5s  %22s  %8s  %8s  %4s  %6s\n", "iter", "f", "|g|", "radius", "cg", "hvps");
  fprintf (out, "%5zu  %22.15e  %8.2e  %8.2e  %4zu  %6zu\n",
           p->iteration, p->f, p->gradient_norm, p->radius, p->cg, p->hvps);
  fflush (out);
  return 0;
}

static int by_rows (const wgi_search *s)
{
  return s->options.method == WG_MINIMIZE_SGD || s->options.method == WG_MINIMIZE_ADAM;
}

static int bounded (const wgi_search *s) { return s->options.lower || s->options.upper; }

/* Search with a method until there is a reason to stop, or an error. */
static int search_by (wgi_search *s, int method)
{
  s->result.method = method;
  switch (method)
    {
    case WG_MINIMIZE_NEWTON_DENSE: return wgi_newton_dense (s);
    case WG_MINIMIZE_NEWTON_SPARSE: return wgi_newton_sparse (s);
    case WG_MINIMIZE_LBFGS: return wgi_lbfgs (s);
    case WG_MINIMIZE_SGD: case WG_MINIMIZE_ADAM: return wgi_stochastic (s);
    default: return bounded (s) ? wgi_newton_bounds (s) : wgi_newton_cg (s);
    }
}

/* Does something that was asked for need Newton-CG? */
static int choosy (const wg_minimize_options *o) { return o->subproblem || o->preconditioner || o->precondition; }

/* When no method was asked for: with many variables the sparse Hessian, if it is worth it, else Newton-CG; L-BFGS
 * where there are no second derivatives. */
static int search (wgi_search *s)
{
  int rc = WG_OK;
  if (s->options.method) return search_by (s, s->options.method);
  if (s->n >= SPARSE_FROM && !bounded (s) && !choosy (&s->options)) rc = search_by (s, WG_MINIMIZE_NEWTON_SPARSE);
  if (!rc && !s->result.reason) rc = search_by (s, WG_MINIMIZE_NEWTON_CG);
  if (rc == WG_EORDER && !s->result.iterations) rc = search_by (s, WG_MINIMIZE_LBFGS);
  return rc;
}

/* The start, then the method, then back to the best point. */
static int run (wgi_search *s)
{
  wg_minimize_result *r = &s->result;
  int rc = by_rows (s) ? wgi_rows_gradient (s) : wg_gradient (s->f, s->x, &r->f, s->g);
  if (!by_rows (s)) r->evaluations = r->gradients = 1;
  r->gradient_norm = wgi_search_gradient_norm (s, s->x, s->g);
  if (rc > 0) r->reason = WG_STOP_NONFINITE, rc = WG_NONFINITE;
  if (rc) return rc;
  s->start_norm = wgi_norm (s->n, s->g);
  s->start_size = fabs (r->f) > 1 ? fabs (r->f) : 1;
  s->radius = s->options.radius;
  s->least = r->gradient_norm;
  s->at_x = 1;
  wgi_search_report (s, 1);
  if (!wgi_search_done (s)) rc = search (s);
  if (!rc && !s->at_x) rc = wg_eval (s->f, s->x, NULL);
  return WG_FAILED (rc) ? rc : r->reason == WG_STOP_GRADIENT ? WG_OK : WG_NOCONV;
}

/* Fill in the defaults. */
static int prepare (wg_minimize_options *o)
{
  if (o->gradient_tolerance == 0) o->gradient_tolerance = 1e-8;
  if (o->radius_max == 0) o->radius_max = 1e100;        /* squares of lengths must not overflow */
  if (!o->iterations) o->iterations = 1000;
  if (!o->evaluations) o->evaluations = 10000;
  if (o->method < 0 || o->method >= WGI_MINIMIZE_METHOD_END_)
    return wgi_fail (WG_EINVAL, "wg_minimize: there is no method %d", o->method);
  if (o->subproblem < 0 || o->subproblem > WG_SUBPROBLEM_GLTR)
    return wgi_fail (WG_EINVAL, "wg_minimize: there is no subproblem %d", o->subproblem);
  if ((o->lower || o->upper) && o->method > WG_MINIMIZE_NEWTON_CG && o->method != WG_MINIMIZE_LBFGS
      && o->method != WG_MINIMIZE_SGD && o->method != WG_MINIMIZE_ADAM)
    return wgi_fail (WG_EINVAL, "wg_minimize: %s knows no bounds", wg_minimize_method_name (o->method));
  if (o->set_rows && o->method != WG_MINIMIZE_SGD && o->method != WG_MINIMIZE_ADAM)
    return wgi_fail (WG_EINVAL, "wg_minimize: set_rows needs WG_MINIMIZE_SGD or WG_MINIMIZE_ADAM");
  if (o->preconditioner < 0 || o->preconditioner > WG_PRECONDITION_DIAGONAL)
    return wgi_fail (WG_EINVAL, "wg_minimize: there is no preconditioner %d", o->preconditioner);
  if (!(o->gradient_tolerance > 0))
    return wgi_fail (WG_EINVAL, "wg_minimize: gradient_tolerance is %g", o->gradient_tolerance);
  if (!(o->radius >= 0) || !(o->radius_max > 0))
    return wgi_fail (WG_EINVAL, "wg_minimize: radius is %g, radius_max %g", o->radius, o->radius_max);
  if (o->radius_max > 1e100) o->radius_max = 1e100;
  if (o->radius > o->radius_max) o->radius = o->radius_max;
  return WG_OK;
}

/* The start, within the bounds. */
static int confine (wgi_search *s, const double x[])
{
  const double *lower = s->options.lower, *upper = s->options.upper;
  for (size_t i = 0; i < s->n; i++)
    {
      const double low = lower ? lower[i] : -INFINITY, high = upper ? upper[i] : INFINITY;
      if (!(low <= high) || low == INFINITY || high == -INFINITY)
        return wgi_fail (WG_EINVAL, "wg_minimize: the bounds of x[%zu] are %g and %g", i, low, high);
      s->x[i] = wgi_search_project (s, i, x[i]);
    }
  return WG_OK;
}

int wg_minimize (wg_fun *f, double x[], const wg_minimize_options *options, wg_minimize_result *result)
{
  const size_t n = wg_fun_n (f);
  wgi_search s = { .f = f, .n = n };
  if (!f || !x) return wgi_fail (WG_EINVAL, "wg_minimize: %s is NULL", f ? "x" : "f");
  if (wg_fun_m (f) != 1)
    return wgi_fail (WG_ESHAPE, "wg_minimize needs one output, the function has %zu", wg_fun_m (f));
  if (options) s.options = *options;
  int rc = prepare (&s.options);
  if (rc) return rc;

  double *block = malloc (wgi_times (wgi_times (n, 4), sizeof (double)));
  if (!block) return wgi_fail (WG_ENOMEM, "wg_minimize: no memory for %zu variables", n);
  s.x = block;
  s.g = block + n;
  s.t = block + 2*n;
  s.gt = block + 3*n;

  if ((rc = confine (&s, x)) || (by_rows (&s) && (rc = wgi_rows_open (&s))))
    {
      free (block);
      return rc;
    }
  rc = run (&s);
  if (WG_FAILED (rc)) s.result.reason = WG_STOP_ERROR;
  else if (rc != WG_NONFINITE) memcpy (x, s.x, n*sizeof (double));
  if (rc == WG_NOCONV)
    wgi_fail (rc, "wg_minimize: %s, after %zu iterations", wg_stop_name (s.result.reason), s.result.iterations);
  if (result) *result = s.result;
  free (s.row);
  free (block);
  return rc;
}
