/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Sparse Jacobians and Hessians.  A plan knows where entries can be nonzero and how to get them all with few
 * sweeps: columns that share no row, or whose overlaps can be told apart, go into one sweep ("colours").
 * Make a plan once, evaluate at many points.  Index arrays are int, zero-based: for SuiteSparse, gsl_spmatrix,
 * Ipopt.
 *
 * A plan is made for the recorded branch of the function's last point, through wg_call, wg_map and wg_scan for all recorded
 * branches of the functions called, at the operands that each item or step sees; a scan that wg_fun_bind may give another
 * number of steps counts as dense.  Where a point takes another branch, the drivers
 * compare patterns: if the plan has the branch's entries they go on, else they return WG_EPLAN.  What to do then:
 *
 *   while ((rc = wg_sparse_hessian (f, plan, x, u, y, uj, value)) == WG_EPLAN && wg_plan_extend (&plan, f) == WG_OK)
 *     ... more entries: wg_plan_nnz, wg_plan_coo, room for value[] ...
 *
 * A solver that fixes the structure at its start (Ipopt) should have it whole: go to points of all branches first, wg_eval
 * and wg_plan_extend at each, which costs little where nothing is new.  Met in its loop WG_EPLAN is a point that cannot be
 * evaluated; such solvers shorten the step, and can be started again from there with the extended plan.
 *
 * A plan is constant: threads can share it, each with its own handle.
 */
#ifndef WENGERT_SPARSE_H
#define WENGERT_SPARSE_H

#include <wengert/deriv.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wg_plan wg_plan;

/* How the entries are computed. */
#define WG_PLAN_METHODS(X)                                                                            \
  X (WG_PLAN_AUTO,     "automatic")      /* the least estimated cost; never substitution */           \
  X (WG_PLAN_DENSE,    "dense")          /* a sweep for each column or row */                         \
  X (WG_PLAN_COLUMNS,  "columns")        /* Jacobian: coloured columns, forward */                    \
  X (WG_PLAN_ROWS,     "rows")           /* Jacobian: coloured rows, reverse */                       \
  X (WG_PLAN_SUBGRAPH, "subgraph")       /* each row, or each summand of a Hessian, over its operations; those of a map's items in lanes */ \
  X (WG_PLAN_STAR,     "star")           /* Hessian: star colouring, entries read off products */     \
  X (WG_PLAN_ACYCLIC,  "acyclic")        /* Hessian: acyclic colouring, entries by substitution */

/* The order in which vertices are coloured. */
#define WG_ORDERINGS(X)                                                                               \
  X (WG_ORDER_BEST,            "best")                                                                \
  X (WG_ORDER_NATURAL,         "natural")                                                             \
  X (WG_ORDER_SMALLEST_LAST,   "smallest last")                                                       \
  X (WG_ORDER_LARGEST_FIRST,   "largest first")                                                       \
  X (WG_ORDER_DYNAMIC,         "dynamic largest first")                                               \
  X (WG_ORDER_INCIDENCE,       "incidence degree")                                                    \
  X (WG_ORDER_SMALLEST_LAST_2, "smallest last, distance 2")    /* a Hessian's: neighbours' neighbours count too */ \
  X (WG_ORDER_LARGEST_FIRST_2, "largest first, distance 2")                                           \
  X (WG_ORDER_INCIDENCE_2,     "incidence degree, distance 2")                                        \
  X (WG_ORDER_RANDOM,          "random")                                                              \
  X (WG_ORDER_CLASSES,         "classes again")

#define WGI_PLAN_NAME(name, text) name,
enum wg_plan_method { WG_PLAN_METHODS (WGI_PLAN_NAME) WGI_PLAN_METHOD_END_ };
enum wg_ordering { WG_ORDERINGS (WGI_PLAN_NAME) WGI_ORDERING_END_ };
#undef WGI_PLAN_NAME

/* Their texts; never NULL.  Static storage. */
WG_API const char *wg_plan_method_name (int method);
WG_API const char *wg_ordering_name (int ordering);

/* All fields zero: the defaults. */
typedef struct {
  int method;              /* enum wg_plan_method that fits the plan */
  int ordering;            /* enum wg_ordering but WG_ORDER_CLASSES; WG_ORDER_BEST tries several */
  int by_columns;          /* order the entries by columns instead of by rows */
  const wg_plan *with;     /* have the entries of this plan too: for a function with several branches */
  size_t entries;          /* a Hessian's: give up early, WG_ELIMIT, where there are more; 0: INT_MAX */
} wg_plan_options;

/* A plan for the Hessian of u.f, u any weights of the outputs; part 'L': lower triangle, 'U': upper, 'F': full.
 * Substitution (WG_PLAN_ACYCLIC) needs fewer sweeps than star colouring, but its errors and infinities travel from
 * entry to entry: it is never chosen unasked.
 * A plan for the Jacobian.
 * Return NULL on error, wg_last_error says why: WG_EINVAL (f NULL, part, options that do not fit), WG_ENOMEM, WG_ELIMIT
 * (more than INT_MAX entries, or more than were allowed).
 * Methods: Griewank and Walther, Evaluating Derivatives (2008), chapters 7 and 8; colourings: Gebremedhin, Manne, Pothen,
 * SIAM Review 47 (2005); Hessian patterns: Gower and Mello, Optim. Methods Softw. 27 (2012); Hessians by summands, found in the
 * operations: partial separability, Griewank and Toint, Nonlinear Optimization 1981 (1982). */
WG_API wg_plan *wg_plan_hessian (const wg_fun *f, char part);
WG_API wg_plan *wg_plan_jacobian (const wg_fun *f);
WG_API wg_plan *wg_plan_hessian_with (const wg_fun *f, char part, const wg_plan_options *options);
WG_API wg_plan *wg_plan_jacobian_with (const wg_fun *f, const wg_plan_options *options);

/* Have in *plan the entries of the branch of f's last point too.  If it has them nothing happens.  Else *plan is released, by
 * nobody else in use, and another one put there with all the old entries and the new ones, made with the same options but
 * for .with; places in value[] change, and wg_plan_nnz with them.  WG_OK; with *plan as it was: WG_EINVAL (a pointer NULL),
 * WG_ESHAPE (a plan of another n or m), WG_ENOMEM, WG_ELIMIT. */
WG_API int wg_plan_extend (wg_plan **plan, const wg_fun *f);

/* Release a plan; NULL is fine.  Its function may be gone already. */
WG_API void wg_plan_free (wg_plan *);

typedef struct {
  size_t rows, cols, nnz;  /* nnz: entries in value */
  int method, ordering;    /* what was chosen: enum wg_plan_method, enum wg_ordering (WG_ORDER_BEST: none was needed) */
  size_t sweeps;           /* forward, reverse, or forward and reverse, as the method needs */
  size_t bound;            /* fewer colours are impossible; 0 when nothing was coloured */
  double cost;             /* of an evaluation, estimated, as a multiple of evaluating f */
  double dense_cost;       /* the same for WG_PLAN_DENSE */
} wg_plan_info;

/* What was decided.  WG_EINVAL when a pointer is NULL. */
WG_API int wg_plan_get_info (const wg_plan *, wg_plan_info *);

/* Entries in value; 0 for NULL. */
WG_API size_t wg_plan_nnz (const wg_plan *);

/* row[nnz] and col[nnz] of the entries, in the order of value: by rows, columns ascending (by columns if so asked).
 * Either may be NULL. */
WG_API void wg_plan_coo (const wg_plan *, int row[], int col[]);

/* Compressed rows: start[rows + 1], col[nnz], and from[nnz]: entry k of this order is value[from[k]].  Compressed columns:
 * start[cols + 1], row[nnz], from[nnz].  from is 0, 1, 2, ... when that is the plan's order.  The rows of a lower triangle are
 * the columns of the upper one.  Any array may be NULL.  WG_EINVAL (plan NULL), WG_ENOMEM. */
WG_API int wg_plan_csr (const wg_plan *, int start[], int col[], int from[]);
WG_API int wg_plan_csc (const wg_plan *, int start[], int row[], int from[]);

/* Write in Matrix Market's coordinate format; value NULL: the pattern.  Triangles are written as symmetric matrices.
 * WG_EINVAL (plan or out NULL, write error). */
WG_API int wg_plan_write_matrix_market (const wg_plan *, const double value[], FILE *out);

/* y[m] = f (x), uj[n] = u^T J, value[nnz] = the plan's entries of the Hessian of u.f; weights u[m], NULL: all 1.
 * As for all drivers: x NULL is the last point, outputs that are not wanted are NULL.  Further statuses: WG_EINVAL (plan
 * NULL or for a Jacobian), WG_ESHAPE (a plan of another n or m), WG_EPLAN (see above).  Allocates on a handle's first call and when the branch is another, never otherwise. */
WG_API int wg_sparse_hessian (wg_fun *f, const wg_plan *plan, const double x[], const double u[],
                              double y[], double uj[], double value[]);

/* y[m] = f (x), value[nnz] = the plan's entries of the Jacobian. */
WG_API int wg_sparse_jacobian (wg_fun *f, const wg_plan *plan, const double x[], double y[], double value[]);

#ifdef __cplusplus
}
#endif
#endif
