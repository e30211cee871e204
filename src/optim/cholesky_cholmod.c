/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The sparse factor by CHOLMOD (Chen, Davis, Hager, Rajamanickam, ACM Trans. Math. Softw. 35 (2008)): its Core and Cholesky
 * modules, which are LGPL, with simplicial factors in AMD's order.  Nothing of the GPL modules (Supernodal, MatrixOps,
 * Modify) is called.
 */
#include "optim/cholesky.h"

#include <stdlib.h>
#include <string.h>
#include <suitesparse/cholmod.h>

#include "base/status.h"

struct wgi_cholesky {
  cholmod_common common;
  cholmod_sparse a;             /* of arrays that belong to others */
  cholmod_factor *l;
  cholmod_dense b, *x, *y, *e;  /* b of the caller's; the others are kept from solve to solve */
  int *start, *row;
};

static int no_memory (void) { return wgi_fail (WG_ENOMEM, "out of memory for a factor"); }

int wgi_cholesky_new (size_t n, const int start[], const int row[], double most, wgi_cholesky **result)
{
  const size_t nnz = (size_t) start[n];
  wgi_cholesky *c = calloc (1, sizeof *c);
  int rc = WG_OK;
  *result = NULL;
  if (!c) return no_memory ();
  cholmod_common *const common = &c->common;
  cholmod_start (common);
  common->print = 0;
  common->supernodal = CHOLMOD_SIMPLICIAL;
  common->final_ll = 1;
  common->quick_return_if_not_posdef = 1;
  common->nmethods = 1;
  common->method[0].ordering = CHOLMOD_AMD;
  c->start = malloc (wgi_times (n + 1, sizeof (int)));
  c->row = malloc (wgi_times (nnz ? nnz : 1, sizeof (int)));
  if (c->start && c->row)
    {
      memcpy (c->start, start, (n + 1)*sizeof (int));
      memcpy (c->row, row, nnz*sizeof (int));
      c->a = (cholmod_sparse){ .nrow = n, .ncol = n, .nzmax = nnz, .p = c->start, .i = c->row, .stype = -1, .itype = CHOLMOD_INT,
                               .xtype = CHOLMOD_PATTERN, .dtype = CHOLMOD_DOUBLE, .sorted = 1, .packed = 1 };
      c->b = (cholmod_dense){ .nrow = n, .ncol = 1, .nzmax = n, .d = n, .xtype = CHOLMOD_REAL, .dtype = CHOLMOD_DOUBLE };
      c->l = cholmod_analyze (&c->a, common);
      c->a.xtype = CHOLMOD_REAL;
    }
  if (!c->l) rc = no_memory ();
  else if (common->lnz > most) rc = WG_ELIMIT;
  if (rc) wgi_cholesky_free (c);
  else *result = c;
  return rc;
}

void wgi_cholesky_free (wgi_cholesky *c)
{
  if (!c) return;
  cholmod_free_factor (&c->l, &c->common);
  cholmod_free_dense (&c->x, &c->common);
  cholmod_free_dense (&c->y, &c->common);
  cholmod_free_dense (&c->e, &c->common);
  cholmod_finish (&c->common);
  free (c->start), free (c->row), free (c);
}

int wgi_cholesky_factor (wgi_cholesky *c, const double value[], double shift)
{
  double beta[2] = { shift, 0 };
  c->a.x = (void *) (size_t) value;                 /* CHOLMOD does not write to A */
  const int ok = cholmod_factorize_p (&c->a, beta, NULL, 0, c->l, &c->common);
  if (!ok && c->common.status < 0) return no_memory ();
  return c->common.status == CHOLMOD_OK && c->l->minor == c->l->n;
}

int wgi_cholesky_solve (wgi_cholesky *c, double x[])
{
  c->b.x = x;
  if (!cholmod_solve2 (CHOLMOD_A, c->l, &c->b, NULL, &c->x, NULL, &c->y, &c->e, &c->common)) return no_memory ();
  memcpy (x, c->x->x, c->l->n*sizeof (double));
  return WG_OK;
}
