/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * min over x of max over y of f (x, y): optimization nested in optimization.  The outer function phi (x) = max over y of f is a
 * custom function, whose value is a call of wg_minimize, and whose rules are calculus: with y* (x) the best y,
 *   phi' = f_x (x, y*),   phi'' = f_xx - f_xy f_yy^-1 f_yx,
 * all from the gradient and Hessian of f as recorded.  wg_minimize then takes phi like any function.  First the classic
 * |x|^2 - |y|^2 from (1, 1); then a coupled one, where y* depends on x.  Look at the check of phi's rules against
 * differences of whole inner optimizations, at the last gradient of f, and at the few iterations outside.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <wengert.h>

enum { N = 2 };                  /* of x, and of y */

typedef struct {
  int coupled;
  wg_fun *f;                     /* of x, y */
  wg_fun *inner;                 /* -f of y; x are parameters */
  double y[N];                   /* where the inner one stopped */
  size_t solved;
} game;

static wg_var payoff (int coupled, const wg_var x[], const wg_var y[])
{
  const wg_var classic = wg_sub (wg_add (wg_sqr (x[0]), wg_sqr (x[1])), wg_add (wg_sqr (y[0]), wg_sqr (y[1])));
  if (!coupled) return classic;
  const wg_var tilt = wg_sub (wg_add (wg_cosh (x[0]), wg_mul (.5, x[1])), wg_sub (wg_exp (y[0]), y[1]));
  return wg_add (wg_add (classic, tilt), wg_add (wg_mul (x[0], wg_sin (y[1])), wg_mul (x[1], y[0])));
}

static void all (size_t n, const wg_var x[], size_t m, wg_var out[], void *ctx)
{
  (void) n, (void) m;
  out[0] = payoff (((game *) ctx)->coupled, x, x + N);
}

static void of_y (size_t n, const wg_var y[], size_t m, wg_var out[], void *ctx)
{
  static const double first[N] = { 1, 1 };
  wg_var x[N];
  (void) n, (void) m;
  wg_params (y[0], 0, N, first, x);
  out[0] = wg_neg (payoff (((game *) ctx)->coupled, x, y));
}

/* x and the best y in one array; a status */
static int best (game *g, const double x[], double xy[])
{
  const wg_minimize_options close = { .gradient_tolerance = 1e-14 };     /* phi is as exact as y* */
  wg_minimize_result r;
  int rc = wg_fun_set_params (g->inner, N, x);
  memset (g->y, 0, sizeof g->y);
  if (!rc) rc = wg_minimize (g->inner, g->y, &close, &r);
  g->solved++;
  memcpy (xy, x, N*sizeof *x), memcpy (xy + N, g->y, N*sizeof *x);
  return WG_FAILED (rc) ? rc : WG_OK;            /* the noise floor is close enough */
}

static int phi (size_t n, const double x[], size_t m, double out[], void *ctx)
{
  game *g = ctx;
  double xy[2*N];
  (void) n, (void) m;
  const int rc = best (g, x, xy);
  return rc ? rc : wg_eval (g->f, xy, out);
}

static int phi_vjp (size_t n, const double x[], size_t m, const double u[], double uj[], void *ctx)
{
  game *g = ctx;
  double xy[2*N], slope[2*N];
  (void) m;
  int rc = best (g, x, xy);
  if (!rc) rc = wg_gradient (g->f, xy, NULL, slope);
  for (size_t i = 0; i < n && !rc; i++) uj[i] = u[0]*slope[i];
  return rc;
}

static int phi_hvp (size_t n, const double x[], size_t m, const double u[], const double v[], double hv[], void *ctx)
{
  game *g = ctx;
  double xy[2*N], H[2*N][2*N], b[N] = { 0 }, w[N];
  (void) m;
  int rc = best (g, x, xy);
  if (!rc) rc = wg_hessian (g->f, xy, NULL, NULL, H[0]);
  if (rc) return rc;
  for (size_t i = 0; i < n; i++) b[i] = H[N+i][0]*v[0] + H[N+i][1]*v[1];
  const double det = H[2][2]*H[3][3] - H[2][3]*H[3][2];                  /* f_yy is 2 x 2: Cramer's rule */
  w[0] = (b[0]*H[3][3] - b[1]*H[2][3])/det, w[1] = (b[1]*H[2][2] - b[0]*H[3][2])/det;
  for (size_t i = 0; i < n; i++) hv[i] = u[0]*(H[i][0]*v[0] + H[i][1]*v[1] - H[i][2]*w[0] - H[i][3]*w[1]);
  return 0;
}

static int play (int coupled)
{
  game g = { .coupled = coupled };
  const double start[2*N] = { 1, 1, 0, 0 };
  const wg_rules rules = { .name = "phi", .eval = phi, .vjp = phi_vjp, .hvp = phi_hvp };
  double x[N] = { 1, 1 }, xy[2*N], slope[2*N], size = 0;
  wg_check_report report;
  wg_minimize_result r;
  g.f = wg_fun_record (all, &g, 2*N, 1, start), g.inner = wg_fun_record (of_y, &g, N, 1, start + N);
  wg_fun *outer = g.f && g.inner ? wg_fun_custom (&rules, &g, N, 1) : NULL;
  int rc = outer ? wg_check_gradient (outer, x, NULL, &report) : WG_EINVAL;
  if (!rc) rc = wg_check_hvp (outer, x, NULL, &report);
  g.solved = 0;
  if (!rc) rc = wg_minimize (outer, x, NULL, &r);
  if (!rc) rc = best (&g, x, xy);
  if (!rc) rc = wg_gradient (g.f, xy, NULL, slope);
  if (rc) fprintf (stderr, "%s\n", wg_last_error ());
  else
    {
      for (int i = 0; i < 2*N; i++) size = fmax (size, fabs (slope[i]));
      printf ("%-8s  rules agree with differences\n", coupled ? "coupled" : "classic");
      printf ("          x = (%.7f, %.7f)  y = (%.7f, %.7f)  f = %.9f\n", x[0], x[1], g.y[0], g.y[1], r.f);
      printf ("          |f'| = %.0e, %zu iterations outside, %zu optimizations inside\n", size, r.iterations, g.solved);
    }
  wg_fun_free (outer), wg_fun_free (g.f), wg_fun_free (g.inner);
  return rc;
}

int main (void)
{
  return play (0) || play (1);
}
