/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Somebody else's program, C and C++: prints the version of the library that it runs with, and 1 when
 * d (x y + sin x) / dx is y + cos x.
 */
#include <wengert.h>

#include <math.h>
#include <stdio.h>

static void model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_add (wg_mul (x[0], x[1]), wg_sin (x[0]));
}

int main (void)
{
  const double x[2] = { 1.385, -0.729 };
  double y = 0, g[2] = { 0, 0 };
  wg_fun *f = wg_fun_record (model, NULL, 2, 1, x);
  int rc = wg_gradient (f, x, &y, g);
  wg_fun_free (f);
  printf ("%s %d\n", wg_version (), rc == WG_OK && fabs (g[0] - (x[1] + cos (x[0]))) < 1e-15 && g[1] == x[0]);
  return 0;
}
