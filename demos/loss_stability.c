/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The same formula, right and useless.  The loss of a logit x that should be large is
 *
 *     f (x) = log (1 + exp (-x)),    f' (x) = -1/(1 + exp (x))
 *
 * Written so, exp (-x) is infinite below x = -709.78, and the derivative, which is exact for what is computed, is inf/inf: automatic
 * differentiation repeats what the program does.  Above x = 37 the sum 1 + exp (-x) is 1, and the value 0.
 * softplus (-x) = max (-x, 0) + log1p (exp (-|x|)) is the same function without either.
 *
 * The cross-entropy of p = sigmoid (z) with a target t has the derivative sigmoid (z) - t.  By way of probabilities it is lost
 * where p is rounded to 0; from logits it is t softplus (-z) + (1 - t) softplus (z), for all z.
 *
 * To see: naive values that become inf and nan, and at the other end 0, where the stable ones go on; the first operation that was not
 * finite, found by wg_fun_where; derivatives beside sigmoid (z) - t; three classes whose logits are thousands apart, or 1e300.
 *
 * To run:  loss_stability
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <wengert.h>

static void naive (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_log (wg_add (1, wg_exp (wg_neg (x[0]))));
}

static void stable (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_softplus (wg_neg (x[0]));
}

/* Two losses of n logits, the target being 1, each by itself: by way of probabilities, and at once. */
static void from_probabilities (size_t n, const wg_var z[], size_t m, wg_var y[], void *ctx)
{
  (void) m, (void) ctx;
  for (size_t i = 0; i < n; i++) y[i] = wg_binary_cross_entropy (wg_sigmoid (z[i]), wg_num (1));
}

static void from_logits (size_t n, const wg_var z[], size_t m, wg_var y[], void *ctx)
{
  (void) m, (void) ctx;
  for (size_t i = 0; i < n; i++) y[i] = wg_binary_cross_entropy_logits (z[i], wg_num (1));
}

/* Softmax and cross-entropy of one row, its class being the first. */
static void of_classes (size_t n, const wg_var z[], size_t m, wg_var y[], void *ctx)
{
  (void) m, (void) ctx;
  y[0] = wg_softmax_cross_entropy_index (wg_vec (z, n), 1, (int[]){ 0 }, 0);
}

static wg_fun *record (wg_model *model, size_t n, size_t m)
{
  const double at[8] = { 0 };
  wg_fun *f = wg_fun_record (model, NULL, n, m, at);
  if (!f) fprintf (stderr, "%s\n", wg_last_error ()), exit (EXIT_FAILURE);
  return f;
}

/* Numbers as everybody prints them, whatever the sign of a NaN. */
static void number (double v)
{
  if (isnan (v)) printf ("%12s", "nan");
  else printf ("%12.5g", v + 0.);        /* no -0 */
}

static void log1p_exp (void)
{
  static const double x[] = { 50, 30, -1, -10, -100, -500, -709, -710, -745, -1000, -2000 };
  wg_fun *f = record (naive, 1, 1), *g = record (stable, 1, 1);
  double y, d;
  printf ("log (1 + exp (-x))          naive                  stable\n");
  printf ("       x           f          f'           f          f'\n");
  for (size_t i = 0; i < sizeof x/sizeof *x; i++)
    {
      printf ("%8g", x[i]);
      wg_gradient (f, &x[i], &y, &d), number (y), number (d);
      wg_gradient (g, &x[i], &y, &d), number (y), number (d);
      printf ("\n");
    }
  wg_where where;
  wg_eval (f, &x[10], &y);
  if (wg_fun_where (f, NULL, NULL, &where) == WG_NONFINITE) printf ("naive at -2000: "), wg_where_print (stdout, &where);
  wg_fun_free (f), wg_fun_free (g);
}

static void two_classes (void)
{
  enum { N = 8 };
  static const double z[N] = { -2000, -800, -40, -1, 1, 30, 40, 800 };
  double y[2][N], J[2][N*N];
  wg_fun *f = record (from_probabilities, N, N), *g = record (from_logits, N, N);
  wg_jacobian (f, z, y[0], J[0]), wg_jacobian (g, z, y[1], J[1]);
  printf ("\ncross-entropy, target 1  of probabilities            of logits\n");
  printf ("       z        loss  derivative        loss  derivative   sigmoid - t\n");
  for (int i = 0; i < N; i++)
    {
      printf ("%8g", z[i]);
      for (int k = 0; k < 2; k++) number (y[k][i]), number (J[k][i*N + i]);
      printf ("  "), number (-1/(1 + exp (z[i]))), printf ("\n");
    }
  wg_fun_free (f), wg_fun_free (g);
}

static void three_classes (void)
{
  static const double z[][3] = { { 1, 0, -1 }, { 1000, 0, -1000 }, { -1000, 0, 1000 }, { 1e300, 1e300, -1e300 }, { -1e300, 0, 1e300 } };
  wg_fun *f = record (of_classes, 3, 1);
  double y, g[3];
  printf ("\nsoftmax and cross-entropy, class 0\n               logits                         loss               softmax - t\n");
  for (size_t i = 0; i < sizeof z/sizeof *z; i++)
    {
      wg_gradient (f, z[i], &y, g);
      for (int k = 0; k < 3; k++) printf ("%9g", z[i][k]);
      printf ("  "), number (y), printf ("  ");
      for (int k = 0; k < 3; k++) number (g[k]);
      printf ("\n");
    }
  wg_fun_free (f);
}

int main (void)
{
  log1p_exp ();
  two_classes ();
  three_classes ();
  return EXIT_SUCCESS;
}
