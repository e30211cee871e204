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

#include "fun/custom.h"
#include "fun/fun.h"
#include "fun/lifted.h"
#include "tape/tape.h"

typedef struct {
  wgi_callee callee;
  double *left, *right;          /* most numbers each: a unit vector and what it gives; n or m, whichever is more */
} custom_callee;

static const wgi_custom *of (const wgi_callee *c) { return (const wgi_custom *) c->source; }

int wgi_custom_told (const wgi_source *s, const char *what, int rc)
{
  return rc ? wgi_fail (WG_EMODEL, "%s: %s returned %d", s->name, what, rc) : WG_OK;
}

static int told (const wgi_callee *c, const char *what, int rc) { return wgi_custom_told (c->source, what, rc); }

static double dot (size_t n, const double a[], const double b[])
{
  double s = 0;
  for (size_t i = 0; i < n; i++) s += a[i]*b[i];
  return s;
}

static int jvp (const custom_callee *c, const double x[], const double v[], double jv[])
{
  const wgi_custom *s = of (&c->callee);
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
  const wgi_custom *s = of (&c->callee);
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
  const wgi_custom *s = of (&c->callee);
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
  const wgi_custom *s = of (callee);
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

static int eval (wgi_source *source, const double x[], double y[])
{
  const wgi_custom *s = (const wgi_custom *) source;
  return wgi_custom_told (source, "eval", s->rules.eval (source->n, x, source->m, y, s->ctx));
}

static void free_source (wgi_source *s)
{
  wgi_custom *c = (wgi_custom *) s;
  wg_fun_free (c->jacobian);
  if (c->rules.free) c->rules.free (c->ctx);
  pthread_mutex_destroy (&c->lock);
  free (c);
}

/* A source of these rules; NULL on error.  name is for the message. */
static wgi_custom *source_of (const char *name, const wg_rules *rules, void *ctx, size_t n, size_t m)
{
  if (!rules || !n || !m) return wgi_fail (WG_EINVAL, "%s: %s", name, rules ? "no inputs or no outputs" : "rules is NULL"), NULL;
  if (!rules->eval || (!rules->jvp && !rules->vjp && !rules->jacobian))
    return wgi_fail (WG_EINVAL, "%s: the rules lack %s", name, rules->eval ? "jvp, vjp and jacobian" : "eval"), NULL;
  wgi_custom *s = calloc (1, sizeof *s);
  if (!s || pthread_mutex_init (&s->lock, NULL)) return free (s), wgi_fail (WG_ENOMEM, "out of memory"), NULL;
  s->source = (wgi_source){ .users = 1, .n = n, .m = m, .name = rules->name ? rules->name : "custom", .eval = eval,
                            .instance = rules->jacobian ? wgi_custom_modelled : instance, .derived = wgi_lifted,
                            .jacobian = rules->jacobian ? wgi_custom_jacobian : NULL, .free = free_source };
  s->rules = *rules, s->ctx = ctx;
  return s;
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
  if (rc >= 0 && (rules->hvp || rules->jacobian) && wg_fun_m (f) == 1) rc = wg_check_hvp (f, rules->check_at, NULL, &report);
  if (rc == WG_DISAGREE)
    return wgi_fail (rc, "custom: entry %zu of H v is %g by the rules, %g by differences", report.row, report.derivative, report.difference);
  return rc < 0 ? rc : WG_OK;
}

wg_fun *wg_fun_custom (const wg_rules *rules, void *ctx, size_t n, size_t m)
{
  wgi_custom *s = source_of ("wg_fun_custom", rules, ctx, n, m);
  if (!s) return NULL;
  s->rules.free = NULL;                      /* not ours while this may fail */
  wgi_source_use (&s->source);
  wg_fun *f = wgi_fun_of_source (&s->source);
  if (f && rules->check_at && check (f, rules)) wg_fun_free (f), f = NULL;
  if (f) s->rules.free = rules->free;
  wgi_source_leave (&s->source);
  return f;
}

/* calls without a function in between */

static const size_t look_back = 64;          /* calls: a loop's body has fewer custom functions than that */

/* The source of an earlier call of the same; counted.  NULL: none. */
static wgi_source *earlier (const wg_rules *rules, void *ctx, size_t n, const wg_var x[], size_t m)
{
  wgi_tape *t = NULL;
  for (size_t i = 0; i < n && !t; i++) t = wgi_tape_of (x[i]);
  for (size_t k = 0; t && k < t->calls && k < look_back; k++)
    {
      wgi_source *s = t->call[t->calls - 1 - k].source;
      if (s->free != free_source) continue;
      const wgi_custom *c = (const wgi_custom *) s;
      if (c->key == rules && c->ctx == ctx && s->n == n && s->m == m) return wgi_source_use (s);
    }
  return NULL;
}

void wg_call_custom (const wg_rules *rules, void *ctx, size_t n, const wg_var x[], size_t m, wg_var y[])
{
  wgi_source *s = rules && x && y ? earlier (rules, ctx, n, x, m) : NULL;
  if (!s && x && y)
    {
      wgi_custom *made = source_of ("wg_call_custom", rules, ctx, n, m);
      if (made) made->key = rules, made->rules.free = NULL, s = &made->source;
    }
  if (s) wgi_call_source (s, x, y);
  else
    {
      wgi_tape *t = NULL;
      for (size_t i = 0; i < n && x && !t; i++) t = wgi_tape_of (x[i]);
      if (!t) t = wgi_tape_innermost ();
      if (!x || !y) wgi_fail (WG_EINVAL, "wg_call_custom: %s is NULL", x ? "y" : "x");
      if (t) wgi_tape_fail (t, wgi_last_status (), "%.200s", wg_last_error ());
      for (size_t i = 0; i < m && y; i++) y[i] = wg_num (NAN);
    }
  wgi_source_leave (s);
}
