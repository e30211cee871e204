/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The drivers on GSL's vectors and matrices.  What lies in memory as the core wants it is handed over as it is; the rest is
 * gathered into the handle's room, and scattered from there when the driver wrote it.
 */
#include <stdint.h>
#include <stdio.h>

#include <wengert/gsl.h>

/* An array of a driver: rows x columns with tda from row to row.  A vector is a column, its stride is the tda. */
typedef struct {
  const char *name;
  double *data;                  /* NULL: not given */
  size_t rows, columns, tda;
  size_t want_rows, want_columns;
  int written;
  double *flat;                  /* the same row after row, without gaps */
} array;

static array column (const char *name, const gsl_vector *v, size_t want, int written)
{
  return (array){ name, v ? v->data : NULL, v ? v->size : want, 1, v ? v->stride : 1, want, 1, written, NULL };
}

static array in (const char *name, const gsl_vector *v, size_t want) { return column (name, v, want, 0); }
static array out (const char *name, const gsl_vector *v, size_t want) { return column (name, v, want, 1); }

static array matrix (const char *name, const gsl_matrix *a, size_t rows, size_t columns, int written)
{
  return (array){ name, a ? a->data : NULL, a ? a->size1 : rows, a ? a->size2 : columns, a ? a->tda : columns, rows, columns,
                  written, NULL };
}

static int is_flat (const array *a) { return a->tda == a->columns || a->rows == 1; }

static void gather (const array *a)
{
  for (size_t i = 0; i < a->rows; i++)
    for (size_t j = 0; j < a->columns; j++) a->flat[i*a->columns + j] = a->data[i*a->tda + j];
}

static void scatter (const array *a)
{
  for (size_t i = 0; i < a->rows; i++)
    for (size_t j = 0; j < a->columns; j++) a->data[i*a->tda + j] = a->flat[i*a->columns + j];
}

static int misfit (wg_fun *f, const char *driver, const array *a)
{
  char text[200];
  if (a->want_columns == 1)
    snprintf (text, sizeof text, "%s: %s has %zu elements, not %zu", driver, a->name, a->rows, a->want_rows);
  else
    snprintf (text, sizeof text, "%s: %s is %zu x %zu, not %zu x %zu", driver, a->name, a->rows, a->columns, a->want_rows,
              a->want_columns);
  return wg_fun_fail (f, WG_ESHAPE, text);
}

/* Check the shapes, and have all that is given flat. */
static int ready (wg_fun *f, const char *driver, array a[], size_t count)
{
  size_t room = 0;
  if (!f)
    {
      char text[64];
      snprintf (text, sizeof text, "%s: f is NULL", driver);
      return wg_fun_fail (NULL, WG_EINVAL, text);
    }
  for (size_t k = 0; k < count; k++)
    {
      if (a[k].rows != a[k].want_rows || a[k].columns != a[k].want_columns) return misfit (f, driver, &a[k]);
      a[k].flat = a[k].data;
      if (a[k].data && !is_flat (&a[k])) room += a[k].rows*a[k].columns;     /* fits: there is an array that is longer */
    }
  double *at = room ? wg_fun_room (f, room) : NULL;
  if (room && !at) return WG_ENOMEM;
  for (size_t k = 0; k < count; k++)
    if (a[k].data && !is_flat (&a[k]))
      {
        a[k].flat = at, at += a[k].rows*a[k].columns;
        if (!a[k].written) gather (&a[k]);
      }
  return WG_OK;
}

/* Bring what was written to its place; nothing was after an error. */
static int done (const array a[], size_t count, int rc)
{
  for (size_t k = 0; k < count && !WG_FAILED (rc); k++)
    if (a[k].written && a[k].flat != a[k].data) scatter (&a[k]);
  return rc;
}

#define COUNT(a) (sizeof (a)/sizeof *(a))
#define READY(a) ready (f, __func__, a, COUNT (a))
#define DONE(a, rc) done (a, COUNT (a), rc)

int wg_gsl_eval (wg_fun *f, const gsl_vector *x, gsl_vector *y)
{
  array a[] = { in ("x", x, wg_fun_n (f)), out ("y", y, wg_fun_m (f)) };
  const int rc = READY (a);
  return rc ? rc : DONE (a, wg_eval (f, a[0].flat, a[1].flat));
}

int wg_gsl_gradient (wg_fun *f, const gsl_vector *x, double *y, gsl_vector *g)
{
  array a[] = { in ("x", x, wg_fun_n (f)), out ("g", g, wg_fun_n (f)) };
  const int rc = READY (a);
  return rc ? rc : DONE (a, wg_gradient (f, a[0].flat, y, a[1].flat));
}

int wg_gsl_jvp (wg_fun *f, const gsl_vector *x, const gsl_vector *v, gsl_vector *y, gsl_vector *jv)
{
  const size_t n = wg_fun_n (f), m = wg_fun_m (f);
  array a[] = { in ("x", x, n), in ("v", v, n), out ("y", y, m), out ("jv", jv, m) };
  const int rc = READY (a);
  return rc ? rc : DONE (a, wg_jvp (f, a[0].flat, a[1].flat, a[2].flat, a[3].flat));
}

int wg_gsl_vjp (wg_fun *f, const gsl_vector *x, const gsl_vector *u, gsl_vector *y, gsl_vector *uj)
{
  const size_t n = wg_fun_n (f), m = wg_fun_m (f);
  array a[] = { in ("x", x, n), in ("u", u, m), out ("y", y, m), out ("uj", uj, n) };
  const int rc = READY (a);
  return rc ? rc : DONE (a, wg_vjp (f, a[0].flat, a[1].flat, a[2].flat, a[3].flat));
}

int wg_gsl_hvp (wg_fun *f, const gsl_vector *x, const gsl_vector *v, double *y, gsl_vector *g, gsl_vector *hv)
{
  const size_t n = wg_fun_n (f);
  array a[] = { in ("x", x, n), in ("v", v, n), out ("g", g, n), out ("hv", hv, n) };
  const int rc = READY (a);
  return rc ? rc : DONE (a, wg_hvp (f, a[0].flat, a[1].flat, y, a[2].flat, a[3].flat));
}

int wg_gsl_hvps (wg_fun *f, const gsl_vector *x, const gsl_matrix *V, double *y, gsl_vector *g, gsl_matrix *HV)
{
  const size_t n = wg_fun_n (f), k = V ? V->size1 : 0;
  array a[] = { in ("x", x, n), matrix ("V", V, k, n, 0), out ("g", g, n), matrix ("HV", HV, k, n, 1) };
  const int rc = V || !f ? READY (a) : wg_fun_fail (f, WG_EINVAL, "wg_gsl_hvps: V is NULL");
  return rc ? rc : DONE (a, wg_hvps (f, a[0].flat, k, a[1].flat, y, a[2].flat, a[3].flat));
}

int wg_gsl_hvp_weighted (wg_fun *f, const gsl_vector *x, const gsl_vector *u, const gsl_vector *v,
                         gsl_vector *y, gsl_vector *uj, gsl_vector *hv)
{
  const size_t n = wg_fun_n (f), m = wg_fun_m (f);
  array a[] = { in ("x", x, n), in ("u", u, m), in ("v", v, n), out ("y", y, m), out ("uj", uj, n), out ("hv", hv, n) };
  const int rc = READY (a);
  return rc ? rc : DONE (a, wg_hvp_weighted (f, a[0].flat, a[1].flat, a[2].flat, a[3].flat, a[4].flat, a[5].flat));
}

int wg_gsl_fvv (wg_fun *f, const gsl_vector *x, const gsl_vector *v, gsl_vector *y, gsl_vector *jv, gsl_vector *fvv)
{
  const size_t n = wg_fun_n (f), m = wg_fun_m (f);
  array a[] = { in ("x", x, n), in ("v", v, n), out ("y", y, m), out ("jv", jv, m), out ("fvv", fvv, m) };
  const int rc = READY (a);
  return rc ? rc : DONE (a, wg_fvv (f, a[0].flat, a[1].flat, a[2].flat, a[3].flat, a[4].flat));
}

int wg_gsl_gnvp (wg_fun *f, const gsl_vector *x, const gsl_vector *v, gsl_vector *y, gsl_vector *jtjv)
{
  const size_t n = wg_fun_n (f);
  array a[] = { in ("x", x, n), in ("v", v, n), out ("y", y, wg_fun_m (f)), out ("out", jtjv, n) };
  const int rc = READY (a);
  return rc ? rc : DONE (a, wg_gnvp (f, a[0].flat, a[1].flat, a[2].flat, a[3].flat));
}

int wg_gsl_jacobian (wg_fun *f, const gsl_vector *x, gsl_vector *y, gsl_matrix *J)
{
  const size_t n = wg_fun_n (f), m = wg_fun_m (f);
  array a[] = { in ("x", x, n), out ("y", y, m), matrix ("J", J, m, n, 1) };
  const int rc = READY (a);
  return rc ? rc : DONE (a, wg_jacobian (f, a[0].flat, a[1].flat, a[2].flat));
}

int wg_gsl_hessian (wg_fun *f, const gsl_vector *x, double *y, gsl_vector *g, gsl_matrix *H)
{
  const size_t n = wg_fun_n (f);
  array a[] = { in ("x", x, n), out ("g", g, n), matrix ("H", H, n, n, 1) };
  const int rc = READY (a);
  return rc ? rc : DONE (a, wg_hessian (f, a[0].flat, y, a[1].flat, a[2].flat));
}
