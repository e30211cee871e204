/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Functions as operations.  A source is a function that programs may call: a recorded one, a custom one, an implicit one.
 * It is immutable and counted.  A callee is an instance of it with a workspace, one per handle and source, so that
 * handles on different threads never share one.
 *
 * Both directions work on planes, as sweeps do: mode is the union of the tangents that travel along (0 for double,
 * WGI_D1 for dual, WGI_D1 | WGI_D2 for dual of dual); x[mode'] is the array of values or tangents of the
 * operands for each mode' within mode.  Reverse adds nothing: it writes the adjoints of the operands.  They return WG_OK; an
 * error; or a notice: the results are written, what does not exist is NaN, and why says why.
 */
#ifndef WENGERT_TAPE_CALLEE_H
#define WENGERT_TAPE_CALLEE_H

#include <stdatomic.h>

#include <wengert/fun.h>

enum { WGI_VALUE = 0, WGI_D1 = 1, WGI_D2 = 2, WGI_ADJOINT = 4, WGI_PLANES = 8 };

/* Each d within mode: the values, and the tangents that travel along. */
#define WGI_FOR_MODES(d, mode) for (int d = 0; d <= (mode); d++) if ((d & (mode)) == d)
#define WGI_SEEDED 2      /* ahead: the seeds of the reverse sweep are there, and nothing else adds to the operands' adjoints */
typedef struct wgi_source wgi_source;
typedef struct wgi_callee wgi_callee;
struct wgi_lane_frame;
struct wgi_lane_sweeps;
struct wgi_resources;

/* Derivatives of a function that are functions: inputs, outputs. */
enum wgi_derived {
  WGI_GRADIENT,             /* x: gradient, m == 1 */
  WGI_JVP,                  /* x, v: J v */
  WGI_VJP,                  /* x, u: u J */
  WGI_HVP,                  /* x, v: H v, m == 1 */
  WGI_JACOBIAN,             /* x: J by rows */
  WGI_WITH_PARAMS,          /* x, p: f */
  WGI_DERIVED
};

/* What wg_fun_bind asks for. */
typedef struct {
  int slot;
  size_t items;
  const double *data;
  const int *index;
} wgi_binding;

struct wgi_source {
  atomic_size_t users;
  size_t n, m;
  const char *name;
  int reads;                /* results may change though operands do not: it reads data, and is never folded */
  size_t words;             /* operands of a call when they are blocks of consecutive numbers, each known by its first; */
  const size_t *size;       /* the numbers in each, n in all; NULL: n operands of one number */
  wgi_callee *(*instance) (wgi_source *);                             /* NULL: out of memory, or a status */
  wgi_source *(*derived) (wgi_source *, enum wgi_derived kind);       /* WGI_JVP or WGI_VJP, counted; NULL on error */
  int (*eval) (wgi_source *, const double x[], double y[]);           /* NULL: by an instance */
  void (*jacobian) (wgi_source *, const wg_var x[], wg_var J[]);      /* by rows, over variables, an entry that does not exist
                                                                         with ids WGI_UNSET; NULL: derived has to do */
  void (*free) (wgi_source *);
};

struct wgi_callee {
  wgi_source *source;       /* counted */
  double *scratch;          /* for the caller's operands and results: 8 (n + m) numbers, see wgi_callee_arrays */
  const uint32_t *operand;  /* the words of the call at hand: inactive ones get no adjoint; NULL: all are active */
  double **pointer;         /* room for 8 pointers per operand of a call in place */
  wg_fun *fun;              /* the handle that it evaluates, for those who look inside; NULL: none */
  const char *why;          /* set with a notice; static */
  size_t (*generation) (const wgi_callee *);    /* grows when results at a point may be others than before; NULL: never */
  int used;                 /* a mark of the handle that keeps it, */
  int moved;                /* and another: it is called by another program than before */
  int ahead;                /* set by the caller of forward: will a reverse sweep follow?  WGI_SEEDED: see forward_in_planes */
  const struct wgi_lane_sweeps *sweeps;       /* set by the caller: what loops are swept with; NULL: item by item */
  struct wgi_resources *resources;            /* set by the caller: what it may use; NULL: WG_ROOT_STATES, one thread */
  int (*forward) (wgi_callee *, int mode, double *const x[], double *const y[]);
  int (*reverse) (wgi_callee *, int mode, double *const x[], double *const ybar[], double *const xbar[]);
  /* In all lanes of a caller's frame, or NULL: the words of the call's operands, its first output.  1: lane after lane, please. */
  int (*lanes) (wgi_callee *, int mode, int reverse, struct wgi_lane_frame *, const uint32_t *operand, size_t out);
  /* For operands in blocks, without copies: x[d][j] is where block j is (NULL: zeros), y[d] the results, which are there already
   * when ybar is given; adjoints are added to xbar[d][j] (NULL: not wanted).  NULL: gather and call forward or reverse. */
  int (*in_place) (wgi_callee *, int mode, double *const *const x[], double *const y[], double *const ybar[],
                   double *const *const xbar[]);
  /* For operands that are one number each, without copies: operand j is plane[d][operand[j]], results are written from plane[d][out] on, for
   * d >= first.  Reverse follows forward, with the same mode and planes; seeds are in the adjoint planes from out on, adjoints are added to the
   * operands' if that is no error.  Forward may do both if ahead is WGI_SEEDED, and says so by 0.  NULL: gather and call forward or reverse. */
  int (*forward_in_planes) (wgi_callee *, int mode, int first, double *const plane[], size_t out);
  int (*reverse_in_planes) (wgi_callee *, int mode, double *const plane[], size_t out);
  int (*bind) (wgi_callee *, const wgi_binding *, int apply);      /* arguments that take it, or a status; NULL: none */
  void (*free) (wgi_callee *);
};

/* The words that name operands in a call of a source, and the numbers that one of them stands for. */
static inline size_t wgi_source_words (const wgi_source *s) { return s->size ? s->words : s->n; }
static inline size_t wgi_source_size (const wgi_source *s, size_t word) { return s->size ? s->size[word] : 1; }

/* Its scratch as arrays: operands, results, and their adjoints, for each mode. */
typedef struct { double *x[4], *y[4], *xbar[4], *ybar[4]; } wgi_arrays;

static inline wgi_arrays wgi_callee_arrays (const wgi_callee *c)
{
  const size_t n = c->source->n, m = c->source->m;
  wgi_arrays a;
  for (size_t i = 0; i < 4; i++)
    {
      a.x[i] = c->scratch + i*n, a.xbar[i] = c->scratch + (4 + i)*n;
      a.y[i] = c->scratch + 8*n + i*m, a.ybar[i] = c->scratch + 8*n + (4 + i)*m;
    }
  return a;
}

static inline size_t wgi_callee_generation (const wgi_callee *c) { return c->generation ? c->generation (c) : 0; }

/* Record y[m] = source (x[n]), evaluating it; errors are kept by the recording. */
void wgi_call_source (wgi_source *s, const wg_var x[], wg_var y[]);

/* An instance of this size with a counted source and scratch, its functions to be set.  NULL: out of memory. */
wgi_callee *wgi_callee_new (wgi_source *, size_t size);
void wgi_callee_free (wgi_callee *);

static inline wgi_source *wgi_source_use (wgi_source *s) { atomic_fetch_add (&s->users, 1); return s; }
static inline void wgi_source_leave (wgi_source *s) { if (s && atomic_fetch_sub (&s->users, 1) == 1) s->free (s); }

#endif
