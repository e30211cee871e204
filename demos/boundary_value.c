/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * A bent bar, cut at 10 000 points: the discrete boundary value problem of More, Garbow and Hillstrom (ACM Trans. Math.
 * Softw. 7, 1981, no. 28), u'' = (u + t + 1)^3/2 with u (0) = u (1) = 0, as the minimization of
 *
 *     f (x) = sum over i of (r[i]/h)^2,    r[i] = 2 x[i] - x[i-1] - x[i+1] + h^2/2 (x[i] + t[i] + 1)^3,
 *
 * t[i] = i h, h = 1/(n + 1), start x[i] = t[i] (t[i] - 1).  Its curvatures spread over sixteen powers of ten: methods that
 * know the Hessian by its products alone need as many of them as there are points, and give up.  But x[i] meets only
 * x[i-2] to x[i+2]: the Hessian has five diagonals, five products give all of it, and wg_minimize, which sees that,
 * solves with sparse factors: four evaluations and three Hessians, and f is 0 to 1e-16; the rest is rounding.
 *
 * To see: the number of sweeps, 5 where a dense Hessian takes 10 000; f falls faster with every step; the
 * bar's middle beside that of a grid 73 times coarser, which agrees to the error of that grid, 4e-6.
 *
 * To run:  boundary_value
 * Writes boundary_value.mtx, the pattern of a small one in Matrix Market's format, and boundary_value.svg if gnuplot is there.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <wengert.h>
#include <wengert/sparse.h>

static void bar (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const double h = 1/((double) n + 1);
  y[0] = wg_num (0);
  for (size_t i = 0; i < n; i++)
    {
      const double t = h*((double) i + 1);
      wg_var r = wg_add (wg_mul (2, x[i]), wg_mul (.5*h*h, wg_powi (wg_add (x[i], t + 1), 3)));
      if (i) r = wg_sub (r, x[i-1]);
      if (i + 1 < n) r = wg_sub (r, x[i+1]);
      y[0] = wg_add (y[0], wg_sqr (wg_div (r, h)));
    }
  (void) m, (void) ctx;
}

typedef struct {
  size_t n;
  double *x;
  wg_fun *f;
  wg_plan *plan;
} problem;

static void close_problem (problem *p)
{
  wg_plan_free (p->plan), wg_fun_free (p->f), free (p->x);
}

/* 0 when all is there. */
static int open_problem (problem *p, size_t n)
{
  *p = (problem){ .n = n, .x = malloc (n*sizeof *p->x) };
  if (!p->x) return -1;
  for (size_t i = 0; i < n; i++)
    {
      const double t = ((double) i + 1)/((double) n + 1);
      p->x[i] = t*(t - 1);
    }
  p->f = wg_fun_record (bar, NULL, n, 1, p->x);
  p->plan = wg_plan_hessian (p->f, 'L');
  return p->plan ? 0 : -1;
}

static int show (const wg_minimize_progress *p, void *out)
{
  fprintf (out, "%4zu  %11zu  %6zu  %10.3e  %10.3e  %10.3e\n", p->iteration, p->evaluations, p->hvps, p->f, p->gradient_norm,
           p->step_norm);
  return 0;
}

/* As far as doubles go. */
static int solve (problem *p, FILE *out)
{
  const wg_minimize_options o = { .gradient_tolerance = 1e-13, .callback = out ? show : NULL, .ctx = out };
  wg_minimize_result r;
  if (out) fprintf (out, "\nstep  evaluations    hvps           f         |g|      |step|\n");
  const int rc = wg_minimize (p->f, p->x, &o, &r);
  if (rc && r.reason != WG_STOP_NOISE) return fprintf (stderr, "%s: %s\n", wg_strerror (rc), wg_last_error ()), -1;
  if (out) fprintf (out, "%s: %s\n", wg_minimize_method_name (r.method), wg_stop_name (r.reason));
  return 0;
}

/* The pattern of a bar cut at 40 points. */
static int draw (void)
{
  problem p;
  int bad = open_problem (&p, 40);
  FILE *out = bad ? NULL : fopen ("boundary_value.mtx", "w"), *script = fopen ("boundary_value.gp", "w");
  if (out && wg_plan_write_matrix_market (p.plan, NULL, out)) bad = 1;
  if (script)
    fprintf (script, "set terminal svg size 480,480\nset output 'boundary_value.svg'\nset title 'a Hessian of five diagonals'\n"
                     "set size square\nset xrange [0:41]\nset yrange [41:0]\nunset key\n"
                     "plot 'boundary_value.mtx' skip 2 using 2:1 with points pt 5 ps .5 lc rgb '#3060a0', "
                     "'' skip 2 using 1:2 with points pt 5 ps .5 lc rgb '#3060a0'\n");
  bad |= !out || fclose (out) || !script || fclose (script);
  close_problem (&p);
  if (bad) return fprintf (stderr, "cannot write boundary_value.mtx and boundary_value.gp\n"), -1;
  printf ("\n%s\n", system ("gnuplot boundary_value.gp > boundary_value.log 2>&1") ? "no gnuplot: the picture's script is boundary_value.gp"
                                                                                  : "see boundary_value.svg");
  return 0;
}

int main (void)
{
  problem fine, coarse;
  wg_plan_info info;
  int bad = open_problem (&fine, 10000) || open_problem (&coarse, 136);
  if (bad) return fprintf (stderr, "%s\n", wg_last_error ()), 1;
  wg_plan_get_info (fine.plan, &info);
  printf ("n = %zu: %zu entries below and on the diagonal, %zu sweeps (%s colouring)\n", info.cols, info.nnz, info.sweeps,
          wg_plan_method_name (info.method));
  bad = solve (&fine, stdout) || solve (&coarse, NULL);
  if (!bad)
    printf ("\nat t = 68/137: %.7f; on the coarse grid: %.7f\n", fine.x[68*73 - 1], coarse.x[67]);       /* 10001 = 137 73 */
  close_problem (&fine), close_problem (&coarse);
  return bad || draw ();
}
