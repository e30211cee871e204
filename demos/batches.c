/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The loss of ONE example, written once: SGD on batches by index, then Newton-CG on all rows, then per-example gradients.
 * The rows are bound, not copied, and nothing is recorded again. */
#include <stdio.h>
#include <stdlib.h>
#include <wengert.h>
enum { ROWS = 300, D = 4, BATCH = 32 };
static double data[ROWS][D+1];                             /* D features, label +-1 */

static void example (size_t n, const wg_var w[], size_t m, wg_var y[], void *ctx)
{
  wg_var p[D+1], z = wg_num (0);
  wg_params (w[0], 0, D+1, data[0], p);                    /* the example is a block of parameters */
  for (size_t j = 0; j < n; j++) z = wg_add (z, wg_mul (p[j], w[j]));
  y[0] = wg_add (wg_softplus (wg_neg (wg_mul (p[D], z))), wg_mul (0.5e-2, wg_sqr (w[0])));
}

static void total (size_t n, const wg_var w[], size_t m, wg_var y[], void *ctx)
{
  wg_map_sum (ctx, ROWS, 2, (wg_arg[]){ { .var = w, .width = D },                    /* stride 0: shared */
                                        { .slot = 1, .data = data[0], .width = D+1, .stride = D+1 } }, y);
}

int main (void)
{
  double w[D] = { 0 }, g[D], loss, G[ROWS*D]; int pick[BATCH]; wg_minimize_result r;
  for (int i = 0; i < ROWS; i++)
    {
      for (int j = 0; j < D; j++) data[i][j] = 2.0*rand ()/RAND_MAX - 1;
      data[i][D] = data[i][0] - data[i][1] + 0.4*rand ()/RAND_MAX > 0.2 ? 1 : -1;
    }
  wg_fun *one = wg_fun_record (example, NULL, D, 1, w), *f = wg_fun_record (total, one, D, 1, w);
  for (int step = 1; step <= 200; step++)
    {
      for (int i = 0; i < BATCH; i++) pick[i] = rand () % ROWS;
      wg_fun_bind (f, 1, BATCH, data[0], pick);            /* other rows, other count; nothing is copied or recorded */
      wg_gradient (f, w, &loss, g);
      for (int j = 0; j < D; j++) w[j] -= 0.5/BATCH*g[j];
    }
  wg_fun_bind (f, 1, ROWS, data[0], NULL);
  printf ("after SGD %g", (wg_eval (f, w, &loss), loss/ROWS));
  int rc = wg_minimize (f, w, NULL, &r);
  printf (", after Newton-CG %g (%s, |g| = %.0e)\n", r.f/ROWS, rc ? wg_strerror (rc) : wg_stop_name (r.reason), r.gradient_norm);
  wg_gradient_batch (one, ROWS, w, 0, data[0], D+1, NULL, G);                      /* ROWS x D: one w, many examples */
  printf ("gradient of example 0: %g %g ...\n", G[0], G[1]);
  wg_fun_free (f), wg_fun_free (one);
}
