/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * A curve through data: y = A exp (-k t) cos (w t + p) + c, a damped oscillation seen 60 times with noise of
 * 0.05.  Five of the readings are wrong by far.  Least squares is led astray by them; Tukey's loss, from the
 * same start, leaves them out.  Look at the intervals: those of the first fit miss the truth (5, 0.4, 3, 0.5,
 * 1) or are wide, those of the second hold it.  With gnuplot, curve_fit.svg shows data and both curves.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <wengert.h>
#include <wengert/least_squares.h>

enum { N = 60, PARAMETERS = 5 };

typedef struct { double t[N], y[N]; } data;

static const double truth[PARAMETERS] = { 5, .4, 3, .5, 1 };
static const char *const names[PARAMETERS] = { "amplitude", "decay", "frequency", "phase", "offset" };

/* The model for one t; T is wg_var when it is recorded, a number when it is drawn. */
#define CURVE(x, t)                                                                                             \
  wg_add (wg_mul (wg_mul (x[0], wg_exp (wg_mul (-(t), x[1]))), wg_cos (wg_add (wg_mul (t, x[2]), x[3]))), x[4])

static void residuals (size_t n, const wg_var x[], size_t m, wg_var r[], void *ctx)
{
  const data *d = ctx;
  (void) n;
  for (size_t i = 0; i < m; i++) r[i] = wg_sub (CURVE (x, d->t[i]), d->y[i]);
}

/* Noise: the sum of four numbers from a linear congruential generator is normal enough. */
static double noise (unsigned *state)
{
  double sum = 0;
  for (int i = 0; i < 4; i++)
    {
      *state = *state*1664525u + 1013904223u;
      sum += (*state >> 8)/16777216. - .5;
    }
  return sum*sqrt (3);
}

static void make (data *d)
{
  static const int wrong[] = { 7, 16, 23, 38, 51 };
  unsigned state = 2026;
  for (int i = 0; i < N; i++)
    {
      d->t[i] = 6.*i/(N - 1);
      d->y[i] = CURVE (truth, d->t[i]) + .05*noise (&state);
    }
  for (size_t k = 0; k < sizeof wrong/sizeof *wrong; k++) d->y[wrong[k]] += k % 2 ? 6 : 4;
}

static void plot (FILE *gp, const char *name, const double x[], const data *d)
{
  fprintf (gp, "$%s << EOD\n", name);
  for (int i = 0; i <= 300; i++)
    fprintf (gp, "%.4f %.5f\n", d->t[N-1]*i/300, CURVE (x, d->t[N-1]*i/300));
  fprintf (gp, "EOD\n");
}

/* A script for gnuplot with the data in it.  That there is no gnuplot is no failure. */
static void draw (const data *d, const double squares[], const double robust[])
{
  FILE *gp = fopen ("curve_fit.gp", "w");
  if (!gp) { printf ("no picture: cannot write curve_fit.gp\n"); return; }
  fprintf (gp, "set terminal svg size 800,500 font 'sans,14' background 'white'\nset output 'curve_fit.svg'\n"
               "set title 'A damped oscillation with five wrong readings'\nset xlabel 't'\n"
               "set ylabel 'y'\nset grid\n$data << EOD\n");
  for (int i = 0; i < N; i++) fprintf (gp, "%.4f %.5f\n", d->t[i], d->y[i]);
  fprintf (gp, "EOD\n");
  plot (gp, "squares", squares, d), plot (gp, "robust", robust, d);
  fprintf (gp, "plot $squares with lines lc rgb '#d62728' lw 2 dt 2 title 'least squares', \\\n"
               "     $robust with lines lc rgb '#1f77b4' lw 2 title \"Tukey's loss\", \\\n"
               "     $data with points pt 7 ps .6 lc rgb 'black' title 'data'\n");
  if (fclose (gp)) printf ("no picture: cannot write curve_fit.gp\n");
  else if (system ("gnuplot curve_fit.gp 2>/dev/null"))
    printf ("no picture: gnuplot would draw it by  gnuplot curve_fit.gp\n");
  else printf ("picture: curve_fit.svg\n");
}

static int fit (wg_fun *f, const wg_least_squares_options *options, double x[])
{
  wg_least_squares_result r;
  const int rc = wg_least_squares (f, x, options, &r);
  if (rc) return rc;
  return wg_least_squares_report (stdout, f, x, options, &r, names, 1);
}

int main (void)
{
  static data d;
  double squares[PARAMETERS] = { 3, .1, 2.7, 0, 0 }, robust[PARAMETERS] = { 3, .1, 2.7, 0, 0 };
  const wg_least_squares_options tukey = { .loss = WG_LOSS_TUKEY, .loss_scale = 1 };
  make (&d);
  wg_fun *f = wg_fun_record (residuals, &d, PARAMETERS, N, squares);
  int rc = f ? WG_OK : wg_fun_status (NULL);
  if (!rc) printf ("Least squares\n"), rc = fit (f, NULL, squares);
  if (!rc) printf ("\nTukey's biweight, residuals beyond 1 left out\n"), rc = fit (f, &tukey, robust);
  if (!rc) printf ("\n"), draw (&d, squares, robust);
  else fprintf (stderr, "%s: %s\n", wg_strerror (rc), wg_last_error ());
  wg_fun_free (f);
  return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
