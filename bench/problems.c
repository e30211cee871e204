/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The problems' data.  Made-up numbers come from one linear congruential generator (Knuth's MMIX constants,
 * TAOCP 2, 3.3.4) with a fixed seed for each problem, so that every machine measures the same.
 */
#include "bench.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static double uniform (uint64_t *s)                     /* in (0, 1) */
{
  *s = *s*6364136223846793005u + 1442695040888963407u;
  return ((double) (*s >> 12) + 0.5)*0x1p-52;
}

static double normal (uint64_t *s)
{
  double r = sqrt (-2*log (uniform (s)));
  return r*cos (6.283185307179586*uniform (s));
}

static double *normals (uint64_t *s, size_t n, double centre, double scale)
{
  double *x = malloc (n*sizeof *x);
  for (size_t i = 0; x && i < n; i++)
    x[i] = centre + scale*normal (s);
  return x;
}

/* Rows of the file: cols - 1 numbers and a label 0 or 1, after a heading line.  0 when all were read. */
static int read_csv (const char *csv, size_t rows, size_t cols, double A[], double label[])
{
  FILE *in = csv ? fopen (csv, "r") : NULL;
  int ok = in && fscanf (in, "%*[^\n]") == 0;
  for (size_t i = 0; ok && i < rows; i++)
    {
      for (size_t j = 0; ok && j < cols - 1; j++)
        ok = fscanf (in, "%lf,", &A[i*cols + j]) == 1;
      ok = ok && fscanf (in, "%lf", &label[i]) == 1;
      label[i] = label[i] != 0 ? 1 : -1;
    }
  if (in)
    fclose (in);
  return ok ? 0 : -1;
}

static void standardise (size_t rows, size_t cols, double A[])
{
  for (size_t j = 0; j < cols - 1; j++)
    {
      double mean = 0, square = 0;
      for (size_t i = 0; i < rows; i++)
        mean += A[i*cols + j]/(double) rows;
      for (size_t i = 0; i < rows; i++)
        square += (A[i*cols + j] - mean)*(A[i*cols + j] - mean)/(double) rows;
      for (size_t i = 0; i < rows; i++)
        A[i*cols + j] = (A[i*cols + j] - mean)/sqrt (square);
    }
}

static int make_logistic (bench_problem *p, uint64_t *s, const char *csv)
{
  size_t rows = p->rows, cols = p->cols;
  double *A = malloc (rows*cols*sizeof *A), *label = malloc (rows*sizeof *label), *w = normals (s, cols, 0, 1);
  p->A = A, p->label = label;
  if (!A || !label || !w)
    return free (w), -1;
  if (read_csv (csv, rows, cols, A, label))
    {
      if (csv)
        p->name = "logistic, made-up data 569 x 31";
      for (size_t i = 0; i < rows; i++)
        {
          double z = normal (s);
          for (size_t j = 0; j < cols - 1; j++)
            z += (A[i*cols + j] = normal (s))*w[j];
          label[i] = z > 0 ? 1 : -1;
        }
    }
  standardise (rows, cols, A);
  for (size_t i = 0; i < rows; i++)
    A[i*cols + cols - 1] = 1;
  free (w);
  return 0;
}

bench_problem *bench_problem_new (int which, const char *csv)
{
  static const bench_problem list[BENCH_NPROBLEMS] = {
    { .name = "Rosenbrock, n = 1000", .model = BENCH_ROSENBROCK, .n = 1000, .m = 1998 },
    { .name = "Rosenbrock, n = 100000", .model = BENCH_ROSENBROCK, .n = 100000 },
    { .name = "logistic, breast cancer 569 x 31", .model = BENCH_LOGISTIC,
      .n = 31, .rows = 569, .cols = 31, .m = 569, .lambda = 1e-4 },
    { .name = "logistic, 10000 x 100", .model = BENCH_LOGISTIC,
      .n = 100, .rows = 10000, .cols = 100, .lambda = 1e-4 },
    { .name = "mixture, d = 10, K = 25, n = 1000", .model = BENCH_MIXTURE,
      .n = 25 + 25*10 + 25*(10 + 45), .rows = 1000, .cols = 10, .k = 25 },
    { .name = "mixture, d = 32, K = 25, n = 256", .model = BENCH_MIXTURE,
      .n = 25 + 25*32 + 25*(32 + 496), .rows = 256, .cols = 32, .k = 25 },
  };
  bench_problem *p = malloc (sizeof *p);
  uint64_t s = 20260001u + (uint64_t) which;
  int ok;
  if (!p)
    return NULL;
  *p = list[which];
  ok = p->model == BENCH_MIXTURE ? (p->A = normals (&s, p->rows*p->cols, 0, 1)) != NULL
     : p->model == BENCH_LOGISTIC ? make_logistic (p, &s, which == 2 ? csv : NULL) == 0 : 1;
  p->start = normals (&s, p->n, 0.1, 0.3);
  p->x = normals (&s, p->n, 0, 0.5);
  p->v = normals (&s, BENCH_DIRECTIONS*p->n, 0, 1);
  p->points = p->m ? normals (&s, BENCH_POINTS*p->n, 0, 0.5) : NULL;
  if (ok && p->start && p->x && p->v && (p->points || !p->m))
    return p;
  bench_problem_free (p);
  return NULL;
}

void bench_problem_free (bench_problem *p)
{
  if (!p)
    return;
  free ((double *) p->A), free ((double *) p->label);
  free ((double *) p->start), free ((double *) p->x), free ((double *) p->v), free ((double *) p->points);
  free (p);
}
