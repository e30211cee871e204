/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Instances of implicit functions.  With the dual parts of u unknown, G (u, q) over dual numbers is affine in each of them
 * with the same matrix A = G_u.  So, forward, tangents of G with that part of u put to 0 are right-hand sides:
 *     A u1 = -G (u; 0, q1)            A u12 = -G (u; u1, q1; u2, q2; 0, q12)
 * and in reverse, lambda being the adjoint of G's outputs,
 *     A^T lambda = -ubar              A^T lambda1 = -ubar1 - (what reverse over dual gives u1 with lambda1 = 0)
 * and the adjoints of q are those of G.  The root and the factors of A are kept for calls at the same point.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fun/fun.h"
#include "optim/dense.h"
#include "optim/implicit.h"

#define CONTRACTION .25         /* of Newton's step at a simple root; it is 1/2 or more at a multiple one */

typedef struct {
  wgi_callee callee;
  wg_fun *F;                     /* with the parameters of the point that is looked at */
  wgi_callee *G;
  double *z[4], *zbar[4];        /* (u, q), and their adjoints, per mode */
  double *r[4], *lambda[4];      /* outputs of G, and their adjoints */
  double *step, *change, *slope, *beside;        /* n each */
  double *point;                 /* n + np: where A was factored */
  double *block;
  wgi_lu A;
  size_t generation;             /* of F and G when that was */
  int solved, factored;          /* is z[0] the root, are these the factors of A? */
  int status[2];                 /* then: what solving and factoring gave, WG_OK or a notice */
  const char *why[2];
} implicit_callee;

static const wgi_implicit *of (const implicit_callee *c) { return (const wgi_implicit *) c->callee.source; }

static size_t generation_now (const wgi_callee *callee)
{
  const implicit_callee *c = (const implicit_callee *) callee;
  return wgi_fun_generation (c->F) + wgi_callee_generation (c->G);
}

static void set_to_nan (size_t n, double a[])
{
  for (size_t i = 0; i < n; i++) a[i] = NAN;
}

/* b = -A^-1 b, or with A^T */
static void solve_with (const implicit_callee *c, int transposed, double b[])
{
  const size_t n = (size_t) c->A.n;
  for (size_t i = 0; i < n; i++) b[i] = -b[i];
  wgi_lu_solve (&c->A, transposed != of (c)->transposed, b);
}

/* the matrix */

/* The greatest change relative to x. */
static double relative (size_t n, const double change[], const double x[])
{
  double most = 0, norm = 0;
  for (size_t j = 0; j < n; j++) most = fmax (most, fabs (x[j]));
  for (size_t j = 0; j < n; j++) norm = fmax (norm, fabs (change[j])/(x[j] != 0 ? fabs (x[j]) : most > 0 ? most : 1));
  return norm;
}

/* Is the root x, with F (x) in step, a simple one?  Newton's step s = -F_x^-1 F changes the matrix: |F_x^-1 (F_x (x + s) - F_x) s|
 * over |s| is O (s) at a simple root, 1 - (1 - 1/k)^(k-1) at one of multiplicity k, however near. */
static int is_simple (implicit_callee *c, int *simple)
{
  const size_t n = (size_t) c->A.n;
  double *s = c->step, *change = c->change, *beside = c->beside;
  memcpy (change, s, n*sizeof *s);
  for (size_t i = 0; i < n; i++) s[i] = -s[i];
  wgi_lu_solve (&c->A, 0, s);
  for (size_t i = 0; i < n; i++) beside[i] = c->point[i] + s[i];
  const int rc = wg_jvp (c->F, beside, s, NULL, c->slope);
  for (size_t i = 0; i < n; i++) change[i] += c->slope[i];        /* F_x (x) s = -F (x) */
  wgi_lu_solve (&c->A, 0, change);
  const double length = relative (n, s, c->point);
  *simple = length == 0 || relative (n, change, c->point) <= CONTRACTION*length;
  return rc < 0 ? rc : WG_OK;
}

/* The factors of F_x at the point in z[0]. */
static int factor (implicit_callee *c)
{
  const wgi_equation *e = of (c)->equation;
  const double *point = c->z[0] + of (c)->at;
  const size_t bytes = (e->n + e->np)*sizeof *point;
  int simple = 0;
  if (c->factored && !memcmp (c->point, point, bytes)) return c->status[1];
  c->factored = 0;
  memcpy (c->point, point, bytes);
  wgi_fun_put_params (c->F, e->np, point + e->n);
  int rc = wg_jacobian (c->F, point, c->step, c->A.a);
  if (rc < 0) return rc;
  c->why[1] = rc ? "the Jacobian of F is not finite at the root" : "the Jacobian of F is singular at the root";
  if (!rc && wgi_lu_factor (&c->A))
    {
      rc = is_simple (c, &simple);
      if (rc) return rc;
      c->why[1] = "the Jacobian of F is singular at the root, which is not a simple one";
    }
  c->factored = 1;
  return c->status[1] = simple ? WG_OK : WG_NONFINITE;
}

/* the value */

/* The nonlinear case. */
static int search (implicit_callee *c)
{
  const wgi_equation *e = of (c)->equation;
  double *x = c->z[0];
  wg_root_result result;
  wgi_fun_put_params (c->F, e->np, x + e->n);
  memcpy (x, e->options.start, e->n*sizeof *x);
  const int rc = wg_root (c->F, x, &e->options, &result);
  if (rc > 0) set_to_nan (e->n, x);
  c->why[0] = rc == WG_NOCONV ? wg_stop_name (result.reason) : "F or its Jacobian is not finite where the search begins";
  return rc;
}

/* The linear case: one solution, G's value at u = 0 being the right-hand side. */
static int solve_linear (implicit_callee *c)
{
  const size_t n = c->callee.source->m;
  double *u = c->z[0];
  memset (u, 0, n*sizeof *u);
  int rc = c->G->forward (c->G, WGI_VALUE, c->z, c->r);
  c->why[0] = c->G->why;
  if (!rc) rc = factor (c), c->why[0] = c->why[1];
  if (rc > 0) set_to_nan (n, u);
  if (rc) return rc;
  memcpy (u, c->r[0], n*sizeof *u);
  solve_with (c, 0, u);
  return WG_OK;
}

/* z[0] becomes (u, q), unless it is that. */
static int solve (implicit_callee *c, const double q[])
{
  const wgi_source *s = c->callee.source;
  const size_t generation = generation_now (&c->callee);
  const wgi_trace *before = c->F->trace;
  if (generation != c->generation) c->solved = c->factored = 0;
  if (c->solved && !memcmp (c->z[0] + s->m, q, s->n*sizeof *q)) return c->status[0];
  c->solved = 0;
  memcpy (c->z[0] + s->m, q, s->n*sizeof *q);
  const int rc = of (c)->linear ? solve_linear (c) : search (c);
  if (rc < 0) return rc;
  c->generation = wgi_fun_settled (c->F, before, generation);
  c->solved = 1;
  return c->status[0] = rc;
}

/* both directions */

/* After solve and factor: the tangents of u, z[d] becoming (u_d, q_d). */
static int tangents (implicit_callee *c, int mode, double *const q[])
{
  const wgi_source *s = c->callee.source;
  const size_t n = s->m, bytes = n*sizeof (double);
  for (int d = 1; d <= mode; d++)
    memset (c->z[d], 0, bytes), memcpy (c->z[d] + n, q[d], s->n*sizeof (double));
  int rc = c->G->forward (c->G, mode, c->z, c->r);
  for (int d = 1; d <= mode && d < 3 && !rc; d++) memcpy (c->z[d], c->r[d], bytes), solve_with (c, 0, c->z[d]);
  if (mode == (WGI_D1 | WGI_D2) && !rc)
    {
      rc = c->G->forward (c->G, mode, c->z, c->r);
      memcpy (c->z[3], c->r[3], bytes), solve_with (c, 0, c->z[3]);
    }
  return rc;
}

/* Put an instance at its point with the tangents of the mode.  *why goes with a notice. */
static int go (implicit_callee *c, int mode, int factors, double *const q[])
{
  int rc = solve (c, q[0]);
  c->callee.why = c->why[0];
  if (rc || !(mode || factors)) return rc;
  rc = factor (c);
  c->callee.why = c->why[1];
  if (rc || !mode) return rc;
  rc = tangents (c, mode, q);
  c->callee.why = c->G->why;
  return rc;
}

static int forward (wgi_callee *callee, int mode, double *const x[], double *const y[])
{
  implicit_callee *c = (implicit_callee *) callee;
  const size_t n = callee->source->m;
  const int rc = go (c, mode, 0, x);
  if (rc < 0) return rc;
  memcpy (y[0], c->z[0], n*sizeof (double));
  for (int d = 1; d <= mode; d++)
    if (rc) set_to_nan (n, y[d]);
    else memcpy (y[d], c->z[d], n*sizeof (double));
  return rc;
}

/* A^T lambda_d = -ubar_d - what G's reverse gives u_d so far; then the adjoints of q. */
static int pull (implicit_callee *c, int mode, double *const ubar[], double *const qbar[])
{
  const wgi_source *s = c->callee.source;
  const size_t n = s->m;
  int rc = WG_OK;
  for (int d = 0; d <= mode; d++) memset (c->lambda[d], 0, n*sizeof (double)), memset (c->zbar[d], 0, n*sizeof (double));
  for (int d = 0; d <= mode && !rc; d++)
    {
      if (d & 1) rc = c->G->reverse (c->G, mode, c->z, c->lambda, c->zbar);      /* 2 needs no more than 1 */
      for (size_t i = 0; i < n; i++) c->lambda[d][i] = ubar[d][i] + c->zbar[d][i];
      solve_with (c, 1, c->lambda[d]);
    }
  if (!rc) rc = c->G->reverse (c->G, mode, c->z, c->lambda, c->zbar);
  c->callee.why = c->G->why;
  for (int d = 0; d <= mode && !rc; d++) memcpy (qbar[d], c->zbar[d] + n, s->n*sizeof (double));
  return rc;
}

static int reverse (wgi_callee *callee, int mode, double *const x[], double *const ybar[], double *const xbar[])
{
  implicit_callee *c = (implicit_callee *) callee;
  int rc = go (c, mode, 1, x);
  if (!rc) rc = pull (c, mode, ybar, xbar);
  for (int d = 0; d <= mode && rc > 0; d++) set_to_nan (callee->source->n, xbar[d]);
  return rc;
}

/* life */

static void free_instance (wgi_callee *callee)
{
  implicit_callee *c = (implicit_callee *) callee;
  if (c->G) wgi_callee_free (c->G);
  wg_fun_free (c->F);
  free (c->block);
}

/* All the numbers in one block. */
static int place (implicit_callee *c, const wgi_equation *e)
{
  const size_t n = e->n, inputs = wgi_plus (n, c->callee.source->n), point = wgi_plus (n, e->np);
  const size_t lu = wgi_lu_numbers (n), numbers = wgi_plus (wgi_plus (lu, wgi_times (8, wgi_plus (inputs, n))), wgi_plus (4*n, point));
  double *next = c->block = malloc (wgi_times (numbers, sizeof *c->block));
  if (!c->block) return wgi_fail (WG_ENOMEM, "no memory for an implicit function of %zu equations", n);
  wgi_lu_place (&c->A, n, next), next += lu;
  for (int d = 0; d < 4; d++)
    {
      c->z[d] = next, next += inputs;
      c->zbar[d] = next, next += inputs;
      c->r[d] = next, next += n;
      c->lambda[d] = next, next += n;
    }
  c->step = next, c->change = next + n, c->slope = next + 2*n, c->beside = next + 3*n, c->point = next + 4*n;
  return WG_OK;
}

wgi_callee *wgi_implicit_instance (wgi_source *s)
{
  const wgi_implicit *p = (const wgi_implicit *) s;
  implicit_callee *c = (implicit_callee *) wgi_callee_new (s, sizeof *c);
  wgi_source *G = c ? wgi_fun_source (p->G) : NULL;
  if (c)
    {
      c->callee.forward = forward, c->callee.reverse = reverse, c->callee.free = free_instance;
      c->callee.generation = generation_now;
      if (G && !place (c, p->equation) && (c->F = wg_fun_clone (p->equation->F))) c->G = G->instance (G);
      if (!c->G) wgi_callee_free (&c->callee), c = NULL;
    }
  wgi_source_leave (G);
  return c ? &c->callee : NULL;
}
