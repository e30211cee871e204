/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The subproblem with factors, against the conditions that a minimizer in a ball fulfils (More and Sorensen 1983): (H +
 * lambda I) s = -g, lambda >= 0, lambda (|s| - radius) = 0, and no better point, on random tridiagonal matrices.
 */
#include <check.h>
#include <float.h>
#include <math.h>

#include "optim/secular.h"
#include "optim/steihaug.h"
#include "runner.h"

enum { N = 15 };

typedef struct {
  double d[N], e[N], pivot[N], ratio[N], y[N], z[N], g[N], s[N];
  wgi_tridiagonal t;
  wgi_secular p;
} setting;

static double uniform (void)
{
  static unsigned long long state = 1;
  state = 6364136223846793005u*state + 1442695040888963407u;
  return (double) (state >> 11)/4503599627370496. - 1;
}

static void set_up (setting *q, size_t n, double shift)
{
  for (size_t i = 0; i < n; i++)
    {
      q->d[i] = uniform () + shift;
      q->e[i] = .5*uniform ();
      q->g[i] = uniform ();
    }
  q->t = (wgi_tridiagonal){ .n = n, .d = q->d, .e = q->e, .pivot = q->pivot, .ratio = q->ratio };
  wgi_secular_tridiagonal (&q->p, &q->t, q->y, q->z);
}

static double times (const setting *q, const double s[], double hs[])
{
  const size_t n = q->t.n;
  for (size_t i = 0; i < n; i++)
    hs[i] = q->d[i]*s[i] + (i ? q->e[i-1]*s[i-1] : 0) + (i + 1 < n ? q->e[i]*s[i+1] : 0);
  return wgi_dot (n, s, hs);
}

/* What the model has from s on. */
static double decrease (const setting *q, const double s[])
{
  double hs[N];
  const double bent = times (q, s, hs);
  return -wgi_dot (q->t.n, q->g, s) - bent/2;
}

/* By projected gradients from the step found and from random starts: nothing is better than its tolerance allows. */
static double best_known (const setting *q, double radius)
{
  const size_t n = q->t.n;
  double best = 0;
  for (int start = 0; start < 5; start++)
    {
      double s[N], hs[N];
      for (size_t i = 0; i < n; i++) s[i] = start ? uniform () : q->s[i];
      for (int k = 0; k < 3000; k++)
        {
          times (q, s, hs);
          for (size_t i = 0; i < n; i++) s[i] -= .2*(q->g[i] + hs[i]);
          const double size = wgi_norm (n, s);
          if (size > radius) for (size_t i = 0; i < n; i++) s[i] *= radius/size;
        }
      best = fmax (best, decrease (q, s));
    }
  return best;
}

static void good (setting *q, double radius)
{
  const size_t n = q->t.n;
  ck_assert_int_eq (wgi_secular_solve (&q->p, q->g, radius, q->s), 0);
  const double size = wgi_norm (n, q->s), d = decrease (q, q->s);
  ck_assert_double_le (size, radius*(1 + 1e-12));
  ck_assert_double_eq_tol (q->p.step_norm, size, 1e-12*radius);
  ck_assert_double_eq_tol (q->p.predicted, d, 1e-10*d);
  if (q->p.boundary) ck_assert_double_ge (size, radius*(1 - 2*q->p.tolerance));
  ck_assert_double_ge (d, best_known (q, radius)*(1 - 3*q->p.tolerance));
}

START_TEST (random_matrices)
{
  setting q;
  size_t inside = 0, indefinite = 0;
  for (int k = 0; k < 60; k++)
    for (double radius = .03; radius < 40; radius *= 6)
      {
        set_up (&q, 1 + (size_t) k%N, .5*(k%4));
        good (&q, radius);
        inside += !q.p.boundary;
        indefinite += q.p.curvature;
      }
  ck_assert_uint_gt (inside, 20);
  ck_assert_uint_gt (indefinite, 20);
}
END_TEST

/* g orthogonal to the lowest eigenvector, and the radius too long for any lambda: only that vector leads out. */
START_TEST (hard_case)
{
  setting q;
  set_up (&q, 5, 0);
  for (size_t i = 0; i < 5; i++) q.d[i] = (double) i - 1, q.e[i] = 0, q.g[i] = i ? 1 : 0;
  wgi_secular_tridiagonal (&q.p, &q.t, q.y, q.z);
  good (&q, 10);
  ck_assert (q.p.boundary && q.p.curvature && fabs (q.s[0]) > 9);
  ck_assert_double_eq_tol (q.p.lambda, 1, .1);
}
END_TEST

/* A guess changes the way only; a tolerance of a tenth is one. */
START_TEST (guesses)
{
  setting q;
  for (int k = 0; k < 30; k++)
    {
      set_up (&q, N, .3*(k%4));
      for (double guess = 1e-3; guess < 1e3; guess *= 10)
        {
          q.p.tolerance = k%2 ? .1 : 1e-3;
          q.p.lambda = guess;
          good (&q, .5);
        }
    }
}
END_TEST

/* Singular, and flat: no step is too long. */
START_TEST (singular)
{
  setting q;
  set_up (&q, 4, 0);
  for (size_t i = 0; i < 4; i++) q.d[i] = q.e[i] = 0;
  wgi_secular_tridiagonal (&q.p, &q.t, q.y, q.z);
  good (&q, 3);
  ck_assert (q.p.boundary);
  for (size_t i = 0; i < 4; i++) q.d[i] = i > 1, q.e[i] = 0;
  wgi_secular_tridiagonal (&q.p, &q.t, q.y, q.z);
  good (&q, 3);
  ck_assert (q.p.boundary);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("secular");
  TCase *t = tcase_create ("secular");
  suite_add_tcase (s, t);
  tcase_add_test (t, random_matrices);
  tcase_add_test (t, hard_case);
  tcase_add_test (t, guesses);
  tcase_add_test (t, singular);
  return run_suite (s);
}
