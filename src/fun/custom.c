/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Custom functions: callbacks as a source, and the function of one call of it.  The forward and the reverse of every mode are
 * put together from the four callbacks; what needs a third derivative is refused.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <wengert/check.h>
#include <wengert/custom.h>

#include "fun/fun.h"
#include "fun/lifted.h"

typedef struct {
  wgi_source source;
  wg_rules rules;
  void *ctx;
} custom_source;

typedef struct {
  wgi_callee callee;
  double *left, *right;          /* most numbers each: a unit vector and what it gives; n or m, whichever is more */
} custom_callee;

static const custom_source *of (const wgi_callee *c) { return (const custom_source *) c->source; }

static int told (const wgi_callee *c, const char *what, int rc)
{
  return rc ? wgi_fail (WG_EMODEL, "%s: %s returned %d", c->source->name, what, rc) : WG_OK;
}

static double dot (size_t n, const double a[], const double b[])
{
  double s = 0;
  for (size_t i = 0; i < n; i++) s += a[i]*b[i];
  return s;
}

static int jvp (const custom_callee *c, const double x[], const double v[], double jv[])
{
  const custom_source *s = of (&c->callee);
  const size_t n = s->source.n, m = s->source.m;
  int rc = 0;
  if (s->rules.jvp) return told (&c->callee, "jvp", s->rules.jvp (n, x, v, m, jv, s->ctx));
  memset (c->left, 0, m*sizeof *c->left);
  for (size_t i = 0; i < m && !rc; i++)
    {
      c->left[i] = 1;
      rc = s->rules.vjp (n, x, m, c->left, c->right, s->ctx);
      jv[i] = dot (n, c->right, v);
      c->left[i] = 0;
    }
  return told (&c->callee, "vjp", rc);
}

static int vjp (const custom_callee *c, const double x[], const double u[], double uj[])
{
  const custom_source *s = of (&c->callee);
  const size_t n = s->source.n, m = s->source.m;
  int rc = 0;
  if (s->rules.vjp) return told (&c->callee, "vjp", s->rules.vjp (n, x, m, u, uj, s->ctx));
  memset (c->left, 0, n*sizeof *c->left);
  for (size_t j = 0; j < n && !rc; j++)
    {
      c->left[j] = 1;
      rc = s->rules.jvp (n, x, c->left, m, c->right, s->ctx);
      uj[j] = dot (m, c->right, u);
      c->left[j] = 0;
    }
  return told (&c->callee, "jvp", rc);
}

static int hvp (const custom_callee *c, const double x[], const double u[], const double v[], double hv[])
{
  const custom_source *s = of (&c->callee);
  if (!s->rules.hvp) return wgi_fail (WG_EORDER, "%s has no second derivative: its rules have no hvp", s->source.name);
  return told (&c->callee, "hvp", s->rules.hvp (s->source.n, x, s->source.m, u, v, hv, s->ctx));
}

/* y12 += v1^T H_i v2 for each output i */
static int add_second (const custom_callee *c, const double x[], const double v1[], const double v2[], double y12[])
{
  const size_t n = c->callee.source->n, m = c->callee.source->m;
  memset (c->left, 0, m*sizeof *c->left);
  for (size_t i = 0; i < m; i++)
    {
      c->left[i] = 1;
      const int rc = hvp (c, x, c->left, v2, c->right);
      if (rc) return rc;
      y12[i] += dot (n, v1, c->right);
      c->left[i] = 0;
    }
  return WG_OK;
}

static int forward (wgi_callee *callee, int mode, double *const x[], double *const y[])
{
  custom_callee *c = (custom_callee *) callee;
  const custom_source *s = of (callee);
  int rc = told (callee, "eval", s->rules.eval (s->source.n, x[0], s->source.m, y[0], s->ctx));
  for (int d = 1; d <= mode && !rc; d++)
    if ((d & mode) == d) rc = jvp (c, x[0], x[d], y[d]);
  return rc || mode != 3 ? rc : add_second (c, x[0], x[1], x[2], y[3]);
}

static int reverse (wgi_callee *callee, int mode, double *const x[], double *const ybar[], double *const xbar[])
{
  custom_callee *c = (custom_callee *) callee;
  const size_t n = callee->source->n;
  if (mode > 1) return wgi_fail (WG_EORDER, "%s has no third derivative", callee->source->name);
  int rc = vjp (c, x[0], ybar[0], xbar[0]);
  if (rc || !mode) return rc;
  rc = vjp (c, x[0], ybar[1], xbar[1]);
  if (!rc) rc = hvp (c, x[0], ybar[0], x[1], c->right);
  for (size_t j = 0; j < n && !rc; j++) xbar[1][j] += c->right[j];
  return rc;
}

static void free_instance (wgi_callee *callee)
{
  free (((custom_callee *) callee)->left);
}

static wgi_callee *instance (wgi_source *s)
{
  const size_t most = s->n > s->m ? s->n : s->m;
  custom_callee *c = (custom_callee *) wgi_callee_new (s, sizeof *c);
  if (!c) return NULL;
  c->callee.forward = forward, c->callee.reverse = reverse, c->callee.free = free_instance;
  c->left = malloc (wgi_times (2*most, sizeof *c->left));
  if (!c->left) return wgi_callee_free (&c->callee), wgi_fail (WG_ENOMEM, "no memory for a call"), NULL;
  c->right = c->left + most;
  return &c->callee;
}

static void free_source (wgi_source *s)
{
  custom_source *c = (custom_source *) s;
  if (c->rules.free) c->rules.free (c->ctx);
  free (c);
}

/* The rules against each other and against differences; the first that fails. */
static int check (wg_fun *f, const wg_rules *rules)
{
  wg_check_report report;
  int rc = wg_check_jacobian (f, rules->check_at, NULL, &report);
  if (rc == WG_DISAGREE)
    return wgi_fail (rc, "custom: row %zu, column %zu of the Jacobian is %g by its rules, %g by differences",
                     report.row, report.column, report.derivative, report.difference);
  if (rc >= 0 && rules->jvp && rules->vjp) rc = wg_check_transpose (f, rules->check_at, NULL, &report);
  if (rc == WG_DISAGREE)
    return wgi_fail (rc, "custom: u.(J v) is %g by jvp, %g by vjp", report.derivative, report.difference);
  if (rc >= 0 && rules->hvp && wg_fun_m (f) == 1) rc = wg_check_hvp (f, rules->check_at, NULL, &report);
  if (rc == WG_DISAGREE)
    return wgi_fail (rc, "custom: entry %zu of H v is %g by hvp, %g by differences", report.row, report.derivative, report.difference);
  return rc < 0 ? rc : WG_OK;
}

wg_fun *wg_fun_custom (const wg_rules *rules, void *ctx, size_t n, size_t m)
{
  if (!rules || !n || !m) return wgi_fail (WG_EINVAL, "wg_fun_custom: %s", rules ? "no inputs or no outputs" : "rules is NULL"), NULL;
  if (!rules->eval || (!rules->jvp && !rules->vjp))
    return wgi_fail (WG_EINVAL, "wg_fun_custom: the rules lack %s", rules->eval ? "both jvp and vjp" : "eval"), NULL;
  custom_source *s = calloc (1, sizeof *s);
  if (!s) return wgi_fail (WG_ENOMEM, "out of memory"), NULL;
  s->source = (wgi_source){ .users = 1, .n = n, .m = m, .name = rules->name ? rules->name : "custom",
                            .instance = instance, .derived = wgi_lifted, .free = free_source };
  s->rules = *rules, s->ctx = ctx;
  void (*const free_ctx) (void *) = s->rules.free;
  s->rules.free = NULL;                      /* not ours while this may fail */
  wgi_source_use (&s->source);
  wg_fun *f = wgi_fun_of_source (&s->source);
  if (f && rules->check_at && check (f, rules)) wg_fun_free (f), f = NULL;
  if (f) s->rules.free = free_ctx;
  wgi_source_leave (&s->source);
  return f;
}
