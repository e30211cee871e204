/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Losses as changes of residuals: phi^2 is scale^2 rho, odd, smooth, and its derivatives are those of differences.
 */
#include <check.h>
#include <math.h>

#include "optim/least_squares.h"
#include "runner.h"

static double rho (int loss, double z)
{
  switch (loss)
    {
    case WG_LOSS_HUBER: return z <= 1 ? z : 2*sqrt (z) - 1;
    case WG_LOSS_SOFT_L1: return 2*z/(sqrt (1 + z) + 1);
    case WG_LOSS_CAUCHY: return log1p (z);
    case WG_LOSS_ARCTAN: return atan (z);
    case WG_LOSS_TUKEY: return z <= 1 ? (1 - pow (1 - z, 3))/3 : 1./3;
    default: return z;
    }
}

/* Central differences at step h err by h^2/6 times a third derivative of order 1/scale^2, 1e-9 here, and rounding over h. */
START_TEST (derivatives)
{
  const double scale = 1.73, h = 1e-4;
  for (double r = .0137; r < 40; r *= 1.31)
    for (int sign = -1; sign <= 1; sign += 2)
      {
        const double x = sign*r;
        const wgi_phi at = wgi_loss (_i, scale, x), up = wgi_loss (_i, scale, x + h), down = wgi_loss (_i, scale, x - h);
        const double expected = scale*scale*rho (_i, x*x/scale/scale);
        ck_assert_double_eq_tol (at.v*at.v, expected, 1e-13*expected + 1e-15);
        ck_assert (at.v*x > 0);
        ck_assert_double_eq_tol (at.d, (up.v - down.v)/2/h, 2e-8);
        ck_assert_double_eq_tol (at.dd, (up.d - down.d)/2/h, 2e-8);
        ck_assert_double_eq (wgi_loss (_i, scale, -x).v, -at.v);
      }
}
END_TEST

/* Near 0 every loss is the square; far away nothing overflows. */
START_TEST (ends)
{
  for (double r = 1e-300; r < 1e-9; r *= 1e3)
    {
      const wgi_phi at = wgi_loss (_i, 2, r);
      ck_assert_double_eq_tol (at.v/r, 1, 1e-14);
      ck_assert_double_eq_tol (at.d, 1, 1e-14);
      ck_assert_double_le (fabs (at.dd), 1e-8);
    }
  ck_assert_double_eq (wgi_loss (_i, 2, 0).v, 0);
  ck_assert_double_eq (wgi_loss (_i, 2, 0).d, 1);
  const wgi_phi far = wgi_loss (_i, 2, -1e150);
  ck_assert (isfinite (far.v) && isfinite (far.d) && isfinite (far.dd));
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("losses");
  TCase *t = tcase_create ("all");
  tcase_add_loop_test (t, derivatives, 0, WGI_LOSS_END_);
  tcase_add_loop_test (t, ends, 0, WGI_LOSS_END_);
  suite_add_tcase (s, t);
  return run_suite (s);
}
