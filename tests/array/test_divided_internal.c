/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Divided differences against closed forms that lose no digit: square root, cube, exponential; points from far apart to equal.
 */
#include <check.h>
#include <float.h>
#include <math.h>

#include "array/divided.h"
#include "runner.h"

static int root (const wgi_smooth *f, double x, int count, double c[])
{
  (void) f;
  c[0] = sqrt (x);
  for (int j = 1; j < count; j++) c[j] = c[j-1]*(1.5 - j)/(j*x);
  return count;
}

static int cube (const wgi_smooth *f, double x, int count, double c[])
{
  const double all[] = { x*x*x, 3*x*x, 3*x, 1 };
  (void) f;
  for (int j = 0; j < count; j++) c[j] = j < 4 ? all[j] : 0;
  return count;
}

static int exponential (const wgi_smooth *f, double x, int count, double c[])
{
  (void) f;
  c[0] = exp (x);
  for (int j = 1; j < count; j++) c[j] = c[j-1]/j;
  return count;
}

/* Values in and quotients of two steps: 200 eps is what the bound of the better way lets through, with a margin of 4. */
static void close_to (const char *what, double gap, double got, double known)
{
  ck_assert_msg (fabs (got - known) <= 200*DBL_EPSILON*fabs (known), "%s, gap %g: %.17g and %.17g", what, gap, got, known);
}

START_TEST (closed_forms)
{
  const wgi_smooth r = { root }, c = { cube }, e = { exponential };
  for (double gap = 8; gap > 1e-19; gap *= 0.37)
    {
      const double t[3] = { 1.3, 1.3 + gap, 1.3 + gap + 0.7*gap }, h = (t[1] - t[0])/2;
      const double s[3] = { sqrt (t[0]), sqrt (t[1]), sqrt (t[2]) };
      close_to ("sqrt, 2 points", gap, wgi_divided (&r, 1, t), 1/(s[0] + s[1]));
      close_to ("sqrt, 3 points", gap, wgi_divided (&r, 2, t), -1/((s[0] + s[1])*(s[1] + s[2])*(s[0] + s[2])));
      close_to ("cube, 2 points", gap, wgi_divided (&c, 1, t), t[0]*t[0] + t[0]*t[1] + t[1]*t[1]);
      close_to ("cube, 3 points", gap, wgi_divided (&c, 2, t), t[0] + t[1] + t[2]);
      close_to ("exp, 2 points", gap, wgi_divided (&e, 1, t), h == 0 ? exp (t[0]) : exp (t[0] + h)*(sinh (h)/h));
    }
}
END_TEST

START_TEST (equal_points)
{
  const wgi_smooth r = { root }, e = { exponential };
  const double t[4] = { 0.7, 0.7, 0.7, 0.7 }, u[3] = { 0.7, 0.7, 2.2 };
  close_to ("exp, 4 equal", 0, wgi_divided (&e, 3, t), exp (0.7)/6);
  close_to ("exp, 2 equal of 3", 0, wgi_divided (&e, 2, u), ((exp (2.2) - exp (0.7))/1.5 - exp (0.7))/1.5);
  close_to ("sqrt, 2 equal of 3", 0, wgi_divided (&r, 2, u), -1/(2*sqrt (0.7)*pow (sqrt (0.7) + sqrt (2.2), 2)));
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("divided differences");
  TCase *t = tcase_create ("divided differences");
  tcase_add_test (t, closed_forms);
  tcase_add_test (t, equal_points);
  suite_add_tcase (s, t);
  return run_suite (s);
}
