/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Is a tumour malignant?  Logistic regression on the Wisconsin breast-cancer data, fitted by Newton-CG.
 *
 *     z_i = w . x_i + b                         the score of tumour i; x_i: its features, standardised
 *     f (w, b) = 1/N sum log (1 + exp (-s_i z_i)) + lambda/2 |w|^2      s_i = 1 benign, -1 malignant
 *
 * with lambda = 1e-4; the bias b is not penalised.  Standardised: mean 0 and (population) standard deviation 1.
 * log (1 + exp (t)) is wg_softplus, which does not overflow.  Newton's step solves H p = -g by conjugate
 * gradients, which need H only as products H v: an exact one costs about two gradients, and there is no
 * 31 x 31 matrix, as there would be no 1e6 x 1e6 one.
 *
 * To see: the derivatives checked against differences before they are trusted; the table, where |g| falls
 * faster and faster, Newton's sign; the minimum, 0.042619373031091.  That is the same on every machine; the lines
 * before it differ in late digits, as conjugate gradients amplify rounding.  With gnuplot, newton_cg.svg shows |g| by iteration.
 *
 * To run:  newton_cg [FILE.csv]      from the top of the source tree, or with the path of breast_cancer.csv
 */
#define _POSIX_C_SOURCE 200809L          /* getline */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wengert.h>

#define LAMBDA 1e-4

/* data */

typedef struct {
  size_t rows, columns;
  double *x;                             /* rows x columns, row-major */
  double *sign;                          /* -1 for class 0, 1 for class 1 */
  char class_name[2][32];
} data;

static void data_free (data *s) { free (s->x), free (s->sign); }

/* The numbers of one line, columns features and the class.  What is wrong, or NULL. */
static const char *parse_row (data *s, size_t row, const char *text)
{
  for (size_t j = 0; j <= s->columns; j++)
    {
      char *end;
      const double value = strtod (text, &end);
      if (end == text || !isfinite (value)) return "a number is missing or is none";
      if (j < s->columns && *end++ != ',') return "too few numbers, or something else than a comma between them";
      if (j < s->columns) s->x[row*s->columns + j] = value;
      else if (value != 0 && value != 1) return "the class, the last number, is neither 0 nor 1";
      else s->sign[row] = value == 1 ? 1 : -1;
      text = end;
    }
  return text[strspn (text, " \r\n")] ? "too many numbers" : NULL;
}

/* Read a file: rows, columns and two class names in the first line, then a line per row.  Says what is wrong. */
static int data_load (data *s, const char *file)
{
  FILE *in = fopen (file, "r");
  char *line = NULL;
  size_t room = 0, number = 1;
  const char *wrong = NULL;
  if (!in) return perror (file), -1;
  if (getline (&line, &room, in) < 0
      || sscanf (line, "%7zu,%7zu,%31[^,\r\n],%31[^,\r\n]", &s->rows, &s->columns,
                 s->class_name[0], s->class_name[1]) != 4
      || s->rows < 1 || s->rows > 9999999 || s->columns < 1 || s->columns > 9999999)
    wrong = "not \"rows,columns,name of class 0,name of class 1\"";
  else if (!(s->x = calloc (s->rows, s->columns*sizeof *s->x)) || !(s->sign = calloc (s->rows, sizeof *s->sign)))
    wrong = "no memory for that many rows and columns";
  while (!wrong && number <= s->rows)
    {
      number++;
      wrong = getline (&line, &room, in) < 0 ? "rows are missing" : parse_row (s, number - 2, line);
    }
  while (!wrong && number++ && getline (&line, &room, in) >= 0)
    if (line[strspn (line, " \r\n")]) wrong = "more rows than the first line says";
  if (wrong) fprintf (stderr, "%s:%zu: %s\n", file, number, wrong);
  free (line), fclose (in);
  return wrong ? -1 : 0;
}

/* Every feature to mean 0 and population standard deviation 1.  Counted from the first row, so that a feature
 * that is the same in all rows has variance 0 exactly. */
static int data_standardise (data *s)
{
  const size_t d = s->columns, end = s->rows*d;
  for (size_t j = 0; j < d; j++)
    {
      double mean = s->x[j], variance = 0;
      for (size_t k = j; k < end; k += d) mean += (s->x[k] - s->x[j])/(double) s->rows;
      for (size_t k = j; k < end; k += d) variance += (s->x[k] - mean)*(s->x[k] - mean)/(double) s->rows;
      if (!(variance > 0)) return fprintf (stderr, "feature %zu is the same in all rows\n", j + 1), -1;
      for (size_t k = j; k < end; k += d) s->x[k] = (s->x[k] - mean)/sqrt (variance);
    }
  return 0;
}

/* the model: w[0] ... w[columns-1] and the bias w[columns] */

static void loss (size_t n, const wg_var w[], size_t m, wg_var y[], void *ctx)
{
  const data *s = ctx;
  const size_t d = s->columns;
  wg_var sum = wg_num (0), square = wg_num (0);
  for (size_t i = 0; i < s->rows; i++)
    {
      wg_var z = w[d];
      for (size_t j = 0; j < d; j++) z = wg_add (z, wg_mul (s->x[i*d + j], w[j]));
      sum = wg_add (sum, wg_softplus (wg_mul (-s->sign[i], z)));
    }
  for (size_t j = 0; j < d; j++) square = wg_add (square, wg_sqr (w[j]));
  y[0] = wg_add (wg_div (sum, (double) s->rows), wg_mul (LAMBDA/2, square));
  (void) n, (void) m;
}

/* before: are the derivatives right? */

static int check (wg_fun *f, size_t n, double x[])
{
  const wg_check_options options = { .out = stdout };
  for (size_t i = 0; i < n; i++) x[i] = .1*sin ((double) i + 1);   /* some point; at 0 errors can hide */
  int rc = wg_check_gradient (f, x, &options, NULL);
  if (rc == WG_OK || rc == WG_UNSURE) rc = wg_check_hvp (f, x, &options, NULL);
  return rc == WG_UNSURE ? WG_OK : rc;                              /* too noisy to tell is no fault */
}

/* the fit, and its history for the picture */

typedef struct { size_t count; double gradient_norm[100]; } history;

static int remember (const wg_minimize_progress *p, void *ctx)
{
  history *h = ctx;
  if (h->count < 100) h->gradient_norm[h->count++] = p->gradient_norm;
  return wg_minimize_print (p, stdout);
}

static int fit (wg_fun *f, size_t n, double x[], history *h)
{
  const wg_minimize_options options = { .gradient_tolerance = 1e-10, .callback = remember, .ctx = h };
  wg_minimize_result r;
  for (size_t i = 0; i < n; i++) x[i] = 0;
  printf ("\n");
  const int rc = wg_minimize (f, x, &options, &r);
  if (WG_FAILED (rc)) return rc;
  printf ("\n%s\nminimum %.15f after %zu values, %zu gradients, %zu Hessian-vector products\n",
          wg_stop_name (r.reason), r.f, r.evaluations, r.gradients, r.hvps);
  return rc;
}

/* after: how many scores have the right sign?  Plain arithmetic, the weights are numbers now. */
static void accuracy (const data *s, const double w[])
{
  size_t right[2] = { 0, 0 }, all[2] = { 0, 0 };
  for (size_t i = 0; i < s->rows; i++)
    {
      const int class = s->sign[i] > 0;
      double z = w[s->columns];
      for (size_t j = 0; j < s->columns; j++) z += s->x[i*s->columns + j]*w[j];
      all[class]++, right[class] += s->sign[i]*z > 0;
    }
  for (int c = 0; c < 2; c++) printf ("%-9s  %3zu of %3zu right\n", s->class_name[c], right[c], all[c]);
  printf ("accuracy   %.2f %%\n\n", 100*(double) (right[0] + right[1])/(double) s->rows);
}

/* A script for gnuplot with the data in it.  That there is no gnuplot is no failure. */
static void draw (const history *h)
{
  FILE *gp = fopen ("newton_cg.gp", "w");
  if (!gp) { printf ("no picture: cannot write newton_cg.gp\n"); return; }
  fprintf (gp, "set terminal svg size 800,560 font 'sans,14' background 'white'\nset output 'newton_cg.svg'\n"
               "set title 'Newton-CG, logistic regression: largest component of the gradient'\n"
               "set logscale y\nset format y '10^{%%T}'\nset xlabel 'iteration'\nset ylabel '|g|'\nset grid\n"
               "set key top right\n$history << EOD\n");
  for (size_t i = 0; i < h->count; i++) fprintf (gp, "%zu %.3g\n", i, h->gradient_norm[i]);
  fprintf (gp, "EOD\nplot $history with linespoints pt 7 lc rgb '#1f77b4' lw 2 notitle, \\\n"
               "     1e-10 lc rgb 'gray50' dt 2 title 'tolerance'\n");
  if (fclose (gp)) printf ("no picture: cannot write newton_cg.gp\n");
  else if (system ("gnuplot newton_cg.gp 2>/dev/null"))
    printf ("no picture: gnuplot would draw it by  gnuplot newton_cg.gp\n");
  else printf ("picture: newton_cg.svg\n");
}

int main (int argc, char **argv)
{
  data s = { 0 };
  history h = { 0 };
  if (argc > 2) return fprintf (stderr, "usage: newton_cg [FILE.csv]\n"), EXIT_FAILURE;
  if (data_load (&s, argc > 1 ? argv[1] : "demos/data/breast_cancer.csv") || data_standardise (&s))
    return data_free (&s), EXIT_FAILURE;
  const size_t n = s.columns + 1;
  double *x = calloc (n, sizeof *x);
  wg_fun *f = x ? wg_fun_record (loss, &s, n, 1, x) : NULL;             /* runs loss once, at 0 */
  int rc = f ? check (f, n, x) : x ? wg_fun_status (NULL) : WG_ENOMEM;
  if (!rc) rc = fit (f, n, x, &h);
  if (!rc) accuracy (&s, x), draw (&h);
  if (rc) fprintf (stderr, "%s: %s\n", wg_strerror (rc), wg_last_error ());
  wg_fun_free (f), free (x), data_free (&s);
  return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
