/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Which digit is that?  A network of two layers on the optical digits of UCI, 1797 images of 8 x 8 pixels.
 *
 *     A = relu (X W1 + 1 b1^T)          64 pixels -> 64 units
 *     Z = A W2 + 1 b2^T                 64 -> 10 scores
 *     f = mean over rows of -log softmax (Z)[digit] + lambda/2 (|W1|^2 + |W2|^2)
 *
 * The rows X and their digits are parameters, so a mini-batch is other numbers for the same recording.  Stochastic gradient descent
 * with the step of Robbins and Monro, s/(1 + k/d) at batch k, comes near; then Newton-CG takes the same function with all
 * rows at once and goes down where the gradients of batches only wander.  Every fifth image is kept for the test.
 *
 * To see: the loss before and after, above 97 % of the images never seen right in the end; Newton-CG takes the loss on all rows
 * down by a third at little cost.  With gnuplot, two_layer_net.svg shows the loss.  On a terminal there is a bar while it works.
 *
 * To run:  two_layer_net [digits.csv]      from the top of the source tree, or with the path of the file
 */
#define _POSIX_C_SOURCE 200809L          /* isatty */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wengert.h>

enum { PIXELS = 64, UNITS = 64, DIGITS = 10, ROWS = 1797, TEST = 360, TRAIN = ROWS - TEST, BATCH = 32, EPOCHS = 40, STEPS = 15 };
enum { W1 = 0, B1 = W1 + PIXELS*UNITS, W2 = B1 + UNITS, B2 = W2 + UNITS*DIGITS, WEIGHTS = B2 + DIGITS };
#define LAMBDA 3e-4

typedef struct { double x[PIXELS]; int digit; } image;

static image train[TRAIN], test[TEST];

/* 64 pixels, 0 to 16, and the digit, per line; every fifth line is for the test. */
static int load (const char *file)
{
  FILE *in = fopen (file, "r");
  if (!in) return perror (file), -1;
  int good = 1;
  for (size_t i = 0; i < ROWS && good; i++)
    {
      image *to = i % 5 == 0 ? &test[i/5] : &train[i - i/5 - 1];
      for (size_t j = 0; j < PIXELS && good; j++) good = fscanf (in, "%lf,", &to->x[j]) == 1, to->x[j] /= 16;
      good = good && fscanf (in, "%d", &to->digit) == 1 && to->digit >= 0 && to->digit < DIGITS;
    }
  fclose (in);
  return good ? 0 : (fprintf (stderr, "%s: not %d lines of 64 pixels and a digit\n", file, ROWS), -1);
}

/* the model: weights are its inputs; *ctx rows of pixels and of weights for the ten digits its parameters */

static void loss (size_t n, const wg_var w[], size_t m, wg_var y[], void *ctx)
{
  const size_t rows = *(const size_t *) ctx, count = rows*(PIXELS + DIGITS);
  wg_var *p = malloc (count*sizeof *p);
  (void) n, (void) m;
  if (!p) { wg_raise (w[0], "out of memory"); return; }
  wg_params (w[0], 0, count, NULL, p);
  const wg_var X = wg_mat (p, rows, PIXELS), target = wg_mat (p + rows*PIXELS, rows, DIGITS);
  const wg_var w1 = wg_mat (w + W1, PIXELS, UNITS), w2 = wg_mat (w + W2, UNITS, DIGITS);
  const wg_var A = wg_relu (wg_affine (X, w1, wg_vec (w + B1, UNITS)));
  const wg_var Z = wg_affine (A, w2, wg_vec (w + B2, DIGITS));
  y[0] = wg_add (wg_softmax_cross_entropy (Z, target, 0), wg_weight_decay (LAMBDA, 2, (wg_var[]){ w1, w2 }));
  free (p);
}

/* Make f the loss of these rows; if it has more, the others weigh nothing. */
static int set_rows (wg_fun *f, size_t count, const size_t row[], size_t all)
{
  double *p = calloc (all*(PIXELS + DIGITS), sizeof *p);
  if (!p) return WG_ENOMEM;
  for (size_t i = 0; i < count; i++)
    {
      memcpy (p + i*PIXELS, train[row[i]].x, sizeof train[0].x);
      p[all*PIXELS + i*DIGITS + (size_t) train[row[i]].digit] = (double) all/(double) count;
    }
  const int rc = wg_fun_set_params (f, all*(PIXELS + DIGITS), p);
  free (p);
  return rc;
}

static int set_batch (wg_fun *f, size_t count, const size_t row[], void *ctx) { return (void) ctx, set_rows (f, count, row, BATCH); }

/* Plain arithmetic: the weights are numbers now. */
static int guess (const double w[], const double x[])
{
  double a[UNITS], z[DIGITS];
  int best = 0;
  for (int u = 0; u < UNITS; u++)
    {
      a[u] = w[B1 + u];
      for (int j = 0; j < PIXELS; j++) a[u] += x[j]*w[W1 + j*UNITS + u];
    }
  for (int k = 0; k < DIGITS; k++)
    {
      z[k] = w[B2 + k];
      for (int u = 0; u < UNITS; u++) z[k] += fmax (a[u], 0)*w[W2 + u*DIGITS + k];
      if (z[k] > z[best]) best = k;
    }
  return best;
}

static double accuracy (const double w[], size_t rows, const image s[])
{
  size_t right = 0;
  for (size_t i = 0; i < rows; i++) right += guess (w, s[i].x) == s[i].digit;
  return 100*(double) right/(double) rows;
}

/* progress, and its history for the picture */

typedef struct { size_t count, sgd; double f[EPOCHS + STEPS + 4]; } history;

static int remember (const wg_minimize_progress *p, void *ctx)
{
  history *h = ctx;
  const size_t all = EPOCHS + STEPS;
  if (h->count < sizeof h->f/sizeof *h->f) h->f[h->count++] = p->f;
  if (!isatty (STDOUT_FILENO)) return 0;
  printf ("\r[");
  for (size_t i = 0; i < all; i++) putchar (i < h->count ? '#' : '.');
  printf ("] %s %2zu  loss %.6f ", h->sgd ? "Newton-CG step" : "epoch", p->iteration, p->f);
  fflush (stdout);
  return 0;
}

static void wipe (void) { if (isatty (STDOUT_FILENO)) printf ("\r%*s\r", EPOCHS + STEPS + 50, ""); }

static void report (const char *after, double f, const double w[])
{
  wipe ();
  printf ("%-10s loss %.4f   right: training %.2f %%, test %.2f %%\n", after, f, accuracy (w, TRAIN, train), accuracy (w, TEST, test));
}

/* A script for gnuplot with the data in it.  That there is no gnuplot is no failure. */
static void draw (const history *h)
{
  FILE *gp = fopen ("two_layer_net.gp", "w");
  if (!gp) { printf ("no picture: cannot write two_layer_net.gp\n"); return; }
  fprintf (gp, "set terminal svg size 800,560 font 'sans,14' background 'white'\nset output 'two_layer_net.svg'\n"
               "set title 'Two layers on the digits: the loss'\nset logscale y\nset xlabel 'epoch, then step'\nset ylabel 'f'\nset grid\n$history << EOD\n");
  for (size_t i = 0; i < h->count; i++) fprintf (gp, "%zu %.6g\n%s", i, h->f[i], i + 1 == h->sgd ? "\n" : "");
  fprintf (gp, "EOD\nplot $history every :::0::0 with linespoints pt 7 lc rgb '#1f77b4' title 'SGD', \\\n"
               "     $history every :::1::1 with linespoints pt 7 lc rgb '#d62728' title 'Newton-CG'\n");
  if (fclose (gp)) printf ("no picture: cannot write two_layer_net.gp\n");
  else if (system ("gnuplot two_layer_net.gp 2>/dev/null"))
    printf ("no picture: gnuplot would draw it by  gnuplot two_layer_net.gp\n");
  else printf ("picture: two_layer_net.svg\n");
}

/* Weights of a layer, so that what goes in and what comes out have about the same size. */
static void start (double w[])
{
  unsigned long long state = 2385;
  for (int i = 0; i < WEIGHTS; i++)
    {
      const int layer = i < B1 ? 0 : i >= W2 && i < B2 ? 1 : 2;
      const double size = layer == 0 ? sqrt (6./PIXELS) : sqrt (6./UNITS);
      state = state*6364136223846793005ull + 1442695040888963407ull;
      w[i] = layer < 2 ? size*(2*((double) (state >> 11)*0x1p-53) - 1) : 0;
    }
}

static int fit (wg_fun *batch, wg_fun *full, double w[], history *h)
{
  const wg_minimize_options sgd = { .method = WG_MINIMIZE_SGD, .set_rows = set_batch, .rows = TRAIN, .batch = BATCH, .step = .5,
                                    .decay = 300, .iterations = EPOCHS, .seed = 1, .callback = remember, .ctx = h };
  const wg_minimize_options newton = { .method = WG_MINIMIZE_NEWTON_CG, .iterations = STEPS, .callback = remember, .ctx = h };
  wg_minimize_result r;
  size_t all[TRAIN];
  double f;
  for (size_t i = 0; i < TRAIN; i++) all[i] = i;
  int rc = set_rows (full, TRAIN, all, TRAIN);
  if (rc || (rc = wg_eval (full, w, &f))) return rc;
  report ("start", f, w);
  if ((rc = wg_minimize (batch, w, &sgd, &r)) < 0 || (rc = wg_eval (full, w, &f))) return rc;
  h->sgd = h->count;
  report ("SGD", f, w);
  if ((rc = wg_minimize (full, w, &newton, &r)) < 0) return rc;
  report ("Newton-CG", r.f, w);
  return WG_OK;
}

int main (int argc, char **argv)
{
  static double w[WEIGHTS];
  static history h;
  size_t some = BATCH, all = TRAIN;
  if (argc > 2) return fprintf (stderr, "usage: two_layer_net [digits.csv]\n"), EXIT_FAILURE;
  if (load (argc > 1 ? argv[1] : "demos/data/digits.csv")) return EXIT_FAILURE;
  start (w);
  wg_fun *batch = wg_fun_record (loss, &some, WEIGHTS, 1, w), *full = batch ? wg_fun_record (loss, &all, WEIGHTS, 1, w) : NULL;
  printf ("%d weights; %d images to learn from, %d to test\n", WEIGHTS, TRAIN, TEST);
  const int rc = full ? fit (batch, full, w, &h) : wg_fun_status (NULL);
  if (rc) fprintf (stderr, "%s: %s\n", wg_strerror (rc), wg_last_error ());
  else draw (&h);
  wg_fun_free (batch), wg_fun_free (full);
  return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
