/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * How strongly should a fit be held back?  The logistic regression of newton_cg on the Wisconsin breast-cancer data has three
 * groups of ten features (means over the cells of a tumour, their standard errors, the worst cells), each with a weight decay
 * exp (p_g).  The weights are fitted to two thirds of the tumours; the decays are chosen by how well the fit predicts the rest:
 *
 *     w (p) = argmin over w of   1/N sum over training  log (1 + exp (-s_i z_i)) + sum_g exp (p_g)/2 |w_g|^2        inner
 *     minimize over p            1/M sum over validation  log (1 + exp (-s_i z_i)),   z = w (p) . x + b (p)          outer
 *
 * The inner gradient is F (w; p), and w (p) its root: wg_fun_root makes it a function, which the outer model calls.  Its
 * derivatives come from the implicit function theorem at the solution, so none goes through the iterations of the fit, and
 * Newton-CG gets the outer gradient and Hessian-vector products exact.
 *
 * To see: the outer derivatives beside symmetric differences, each of which takes fits of its own; the table, under twenty fits
 * where a grid of ten values for each decay takes a thousand; the first decay, which grows until the ten means are switched off,
 * for the worst cells tell more; the loss on the validation tumours before and after.
 *
 * To run:  bilevel [FILE.csv]      from the top of the source tree, or with the path of breast_cancer.csv
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <wengert.h>

enum { D = 30, GROUPS = 3, W = D + 1, ROWS = 569 };

/* Every third row is for validation. */
typedef struct {
  double x[ROWS][D], sign[ROWS];
  const wg_fun *fit;             /* w (p), for the outer model */
} data;

static int is_training (size_t i) { return i % 3 != 0; }

/* Rows of features and the class, after a line of names.  Says what is wrong. */
static int data_load (data *s, const char *file)
{
  FILE *in = fopen (file, "r");
  int class, ok = in != NULL;
  if (!in) return perror (file), -1;
  while (ok && (class = getc (in)) != '\n') ok = class != EOF;
  for (size_t i = 0; i < ROWS && ok; i++)
    {
      for (size_t j = 0; j < D && ok; j++) ok = fscanf (in, "%lf,", &s->x[i][j]) == 1;
      ok = ok && fscanf (in, "%d", &class) == 1;
      s->sign[i] = class ? 1 : -1;
    }
  fclose (in);
  if (!ok) fprintf (stderr, "%s: not %d rows of %d features and a class\n", file, ROWS, D);
  return ok ? 0 : -1;
}

/* Mean 0 and standard deviation 1 over the training rows: the others are not to be looked at. */
static void data_standardise (data *s)
{
  for (size_t j = 0; j < D; j++)
    {
      double count = 0, mean = 0, square = 0;
      for (size_t i = 0; i < ROWS; i++) if (is_training (i)) mean += s->x[i][j], count++;
      mean /= count;
      for (size_t i = 0; i < ROWS; i++) if (is_training (i)) square += (s->x[i][j] - mean)*(s->x[i][j] - mean);
      for (size_t i = 0; i < ROWS; i++) s->x[i][j] = (s->x[i][j] - mean)/sqrt (square/count);
    }
}

/* The mean loss over the training rows, or over the others. */
static wg_var loss (const data *s, int training, const wg_var w[])
{
  wg_var sum = wg_num (0);
  double count = 0;
  for (size_t i = 0; i < ROWS; i++)
    if (is_training (i) == training)
      {
        wg_var z = w[D];
        for (size_t j = 0; j < D; j++) z = wg_add (z, wg_mul (s->x[i][j], w[j]));
        sum = wg_add (sum, wg_softplus (wg_mul (-s->sign[i], z)));
        count++;
      }
  return wg_div (sum, count);
}

/* w; p are parameters, with the values that the search starts from */
static void inner (size_t n, const wg_var w[], size_t m, wg_var y[], void *ctx)
{
  y[0] = loss (ctx, 1, w);
  for (size_t g = 0; g < GROUPS; g++)
    {
      wg_var square = wg_num (0);
      for (size_t j = 10*g; j < 10*g + 10; j++) square = wg_add (square, wg_sqr (w[j]));
      y[0] = wg_add (y[0], wg_mul (wg_mul (.5, wg_exp (wg_param (w[0], g, -5))), square));
    }
  (void) n, (void) m;
}

static void outer (size_t n, const wg_var p[], size_t m, wg_var y[], void *ctx)
{
  const data *s = ctx;
  wg_var w[W];
  wg_call (s->fit, p, NULL, w);
  y[0] = loss (s, 0, w);
  (void) n, (void) m;
}

/* Exact derivatives at p beside symmetric differences. */
static int compare (wg_fun *f, const double p[GROUPS])
{
  const double v[GROUPS] = { 1, -.5, .25 }, delta = 1e-4;
  double g[GROUPS], hv[GROUPS], there[GROUPS], side[2], slope[2][GROUPS];
  int rc = wg_hvp (f, p, v, NULL, g, hv);
  printf ("\ngradient             difference           Hessian times v      difference\n");
  for (size_t j = 0; j < GROUPS && !rc; j++)
    {
      for (int k = 0; k < 2 && !rc; k++)
        {
          for (size_t i = 0; i < GROUPS; i++) there[i] = p[i];
          there[j] += k ? delta : -delta;
          rc = wg_eval (f, there, &side[k]);
          for (size_t i = 0; i < GROUPS; i++) there[i] = p[i] + (k ? delta : -delta)*v[i];
          if (!rc) rc = wg_gradient (f, there, NULL, slope[k]);
        }
      if (!rc) printf ("%-19.12e  %-19.12e  %-19.12e  %-19.12e\n", g[j], (side[1] - side[0])/(2*delta),
                       hv[j], (slope[1][j] - slope[0][j])/(2*delta));
    }
  printf ("\n");
  return rc;
}

/* The loss, and how many scores have the right sign, on rows that the fit has seen or not. */
static void judge (const data *s, int training, const double w[])
{
  size_t right = 0, all = 0;
  double sum = 0;
  for (size_t i = 0; i < ROWS; i++)
    if (is_training (i) == training)
      {
        double z = w[D];
        for (size_t j = 0; j < D; j++) z += s->x[i][j]*w[j];
        sum += wg_softplus (-s->sign[i]*z);
        right += s->sign[i]*z > 0, all++;
      }
  printf ("  %-10s  loss %.9f, %zu of %zu right\n", training ? "training" : "validation", sum/(double) all, right, all);
}

static int describe (const char *when, const data *s, wg_fun *fit, const double p[GROUPS])
{
  double w[W];
  const int rc = wg_eval (fit, p, w);
  printf ("%s: decays %.3e, %.3e, %.3e\n", when, exp (p[0]), exp (p[1]), exp (p[2]));
  if (!rc) judge (s, 1, w), judge (s, 0, w);
  return rc;
}

/* The fit as a function of p, and the outer function of it. */
static int make (data *s, wg_fun **fit, wg_fun **f)
{
  const double zero[W] = { 0 }, p[GROUPS] = { -5, -5, -5 };
  wg_fun *training = wg_fun_record (inner, s, W, 1, zero), *slope = training ? wg_fun_gradient (training) : NULL;
  *fit = slope ? wg_fun_root (slope, NULL) : NULL;               /* every fit starts at w = 0 */
  s->fit = *fit;
  *f = *fit ? wg_fun_record (outer, s, GROUPS, 1, p) : NULL;
  wg_fun_free (training), wg_fun_free (slope);
  return *f ? WG_OK : wg_fun_status (NULL);
}

int main (int argc, char **argv)
{
  static data s;
  const wg_minimize_options options = { .callback = wg_minimize_print, .ctx = stdout };
  double p[GROUPS] = { -5, -5, -5 };             /* logarithms of the decays */
  wg_minimize_result r;
  wg_fun *fit = NULL, *f = NULL;
  if (argc > 2) return fprintf (stderr, "usage: bilevel [FILE.csv]\n"), EXIT_FAILURE;
  if (data_load (&s, argc > 1 ? argv[1] : "demos/data/breast_cancer.csv")) return EXIT_FAILURE;
  data_standardise (&s);
  int rc = make (&s, &fit, &f);
  if (!rc) rc = describe ("before", &s, fit, p);
  if (!rc) rc = compare (f, p);
  if (!rc) rc = wg_minimize (f, p, &options, &r);
  if (!rc)
    {
      printf ("\n%s\nminimum %.12f after %zu fits, %zu gradients, %zu Hessian-vector products\n\n", wg_stop_name (r.reason), r.f,
              r.evaluations, r.gradients, r.hvps);
      rc = describe ("after", &s, fit, p);
    }
  if (rc) fprintf (stderr, "%s: %s\n", wg_strerror (rc), wg_last_error ());
  wg_fun_free (f), wg_fun_free (fit);
  return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
