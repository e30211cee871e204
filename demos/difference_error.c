/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Why not simply take differences?
 *
 *     f (x) = x^3,    f' (x) = 3 x^2,    D (delta) = (f (x + delta) - f (x - delta)) / (2 delta)
 *
 * D is wrong by delta^2, what the formula leaves out, and by up to about eps x/delta times f' (x), what rounding
 * of x +- delta and of the two values makes of their difference.  A smaller delta trades the one for the other;
 * the best, near cbrt (eps), has lost a third of the digits.  A dual number x + d has no delta to choose: with
 * d^2 = 0,
 *
 *     (x + d)^3 = x^3 + 3 x^2 d
 *
 * and the factor of d is the derivative, rounded a few times.
 *
 * To see: errors fall with the square of delta, then rise as delta shrinks, until one digit is left; beside them
 * the dual number's, the same in every line.  With gnuplot, difference_error.svg shows the V.
 *
 * To run:  difference_error
 * Needs the header <wengert/dual.h> and libm; no library.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <wengert/dual.h>

#define X 1.7

/* The function, written once, as a function of numbers and one of dual numbers: the generic calls take both. */
#define DEFINE_CUBE(name, number) \
  static number name (number x) { return wg_mul (x, wg_sqr (x)); }
DEFINE_CUBE (cube, double)
DEFINE_CUBE (dual_cube, wg_dual)

static double exact (void) { return 3*X*X; }

/* Against 3 x^2 in the widest arithmetic there is: the error of a good derivative is that of its last bit. */
static double error_of (double derivative)
{
  const long double x = X, right = 3*x*x;
  return (double) (fabsl (derivative - right)/right);
}

static double difference (double delta) { return (cube (X + delta) - cube (X - delta))/(2*delta); }

/* A script for gnuplot with the data in it.  That there is no gnuplot is no failure. */
static void draw (double dual_error)
{
  FILE *gp = fopen ("difference_error.gp", "w");
  if (!gp) { printf ("no picture: cannot write difference_error.gp\n"); return; }
  fprintf (gp, "set terminal svg size 800,560 font 'sans,14' background 'white'\n"
               "set output 'difference_error.svg'\n"
               "set title \"relative error of the derivative of x^3 at x = %g\"\n"
               "set logscale xy\nset format '10^{%%T}'\nset xlabel 'delta'\n"
               "set xrange [1e-15:1]\nset yrange [1e-17:10]\nset grid\nset key top center\n$difference << EOD\n", X);
  for (int k = 0; k <= 15*16; k++)
    {
      const double delta = pow (10, -k/16.);
      fprintf (gp, "%.17g %.3g\n", delta, fmax (error_of (difference (delta)), DBL_EPSILON/2));
    }
  fprintf (gp, "EOD\n"
               "plot $difference with points pt 7 ps .4 lc rgb '#1f77b4' title 'symmetric difference', \\\n"
               "     x**2/%.17g lc rgb 'gray50' dt 2 title 'left out: delta^2', \\\n"
               "     %.17g/x lc rgb 'gray50' dt 3 title 'rounding: eps x / delta', \\\n"
               "     %.17g lc rgb '#d62728' lw 2 title 'dual number'\n",
           exact (), DBL_EPSILON*X, fmax (dual_error, DBL_EPSILON/2));
  if (fclose (gp)) printf ("no picture: cannot write difference_error.gp\n");
  else if (system ("gnuplot difference_error.gp 2>/dev/null"))
    printf ("no picture: gnuplot would draw it by  gnuplot difference_error.gp\n");
  else printf ("picture: difference_error.svg\n");
}

int main (void)
{
  const wg_dual x = { X, 1 }, y = dual_cube (x);
  const double dual_error = error_of (y.d);
  printf ("f (x) = x^3 at x = %g, f' (x) = %.15f\n\n", X, exact ());
  printf ("delta   difference         its error    dual number        its error\n");
  double power = 1;                      /* 10^k is exact, so that delta is 10^-k rounded once */
  for (int k = 0; k <= 15; k++, power *= 10)
    {
      const double delta = 1/power, d = difference (delta);
      printf ("%.0e   %.15f  %9.1e    %.15f  %9.1e\n", delta, d, error_of (d), y.d, dual_error);
    }
  printf ("\n");
  draw (dual_error);
  return EXIT_SUCCESS;
}
