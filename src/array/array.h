/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Arrays: variables with a shape.  Their elements are the slots of a tape, or plain data, from the variable's own on, as the
 * strides of its shape say; so a view is another shape and no operation.  The shape's number among those of the tape is in the ids.
 *
 * An operation on arrays is a primitive with its operands' shapes: a source, called with blocks of slots.  A primitive has a
 * kernel for doubles and two builders, which say its derivatives by operations on variables; all else follows (run.c).
 */
#ifndef WENGERT_ARRAY_ARRAY_H
#define WENGERT_ARRAY_ARRAY_H

#include <pthread.h>
#include <stdatomic.h>

#include <wengert/array.h>
#include <wengert/array_custom.h>
#include <wengert/generic.h>

#include "tape/tape.h"

enum { WGI_OUTPUTS = 3 };              /* that a primitive may have */

/* Numbers that are constant, counted. */
typedef struct { atomic_size_t users; size_t count; double v[]; } wgi_data;

typedef struct {
  int rank;
  size_t dim[WG_RANK];
  ptrdiff_t stride[WG_RANK];
} wgi_shape;

/* What an operation sees of an operand: its shape, and where its first element is in a block of slots or in data. */
typedef struct {
  wgi_shape shape;
  size_t first;
  size_t block;
  wgi_data *data;                      /* NULL: the block */
} wgi_view;

typedef struct wgi_op wgi_op;
typedef struct wgi_run wgi_run;
typedef struct wgi_fragment wgi_fragment;

/* Builders: x[nx] the operands, y[ny] the results, dx the tangents of operands and ybar the adjoints of results, which may be
 * missing; they set dy[ny] and xbar[nx], missing before, whose shapes are those of y and of x before or after broadcasting. */
typedef struct {
  const char *name;
  int (*shape) (wgi_op *);             /* sets ny and the shapes of y, strides apart; or WG_ESHAPE */
  int (*kernel) (const wgi_op *, const double *const x[], double *const y[], wgi_run *);  /* WG_OK, an error, a notice with why */
  void (*jvp) (const wgi_op *, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[]);
  void (*vjp) (const wgi_op *, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[]);
} wgi_primitive;

/* Its source is shared by handles on all threads, fragments under their lock; the rest does not change. */
struct wgi_op {
  wgi_source source;
  const wgi_primitive *prim;
  size_t nx, ny;
  wgi_view *x;
  wgi_view y[WGI_OUTPUTS];             /* their elements in order, one after the other */
  size_t attrs;
  long *attr;                          /* whatever the primitive needs to know */
  size_t *size;                        /* per block */
  pthread_mutex_t lock;
  wgi_fragment *fragment;
};

/* shapes */

static inline size_t wgi_shape_size (const wgi_shape *s)
{
  size_t size = 1;
  for (int i = 0; i < s->rank; i++) size *= s->dim[i];
  return size;
}

wgi_shape wgi_shape_of (int rank, const size_t dim[]);           /* in row-major order */
int wgi_shape_is_dense (const wgi_shape *);                      /* is it in that order? */
int wgi_same_dims (const wgi_shape *, const wgi_shape *);
const char *wgi_shape_text (const wgi_shape *, char text[], size_t size);     /* (2, 3) */

/* Right-aligned, axes of 1 repeat; to.dim is what both become.  0: they do not fit. */
int wgi_shape_join (wgi_shape *to, const wgi_shape *with);
wgi_shape wgi_shape_broadcast (const wgi_shape *from, const wgi_shape *to);   /* strides of 0 where it repeats */

wgi_data *wgi_data_new (size_t count);                           /* NULL: out of memory */
static inline wgi_data *wgi_data_use (wgi_data *d) { if (d) atomic_fetch_add (&d->users, 1); return d; }
void wgi_data_leave (wgi_data *);

/* variables */

/* A variable looked at: a scalar has rank 0, a literal no tape. */
typedef struct {
  wgi_tape *tape;
  wgi_shape shape;
  wgi_data *data;
  uint32_t slot;
  const double *value;                 /* of its first element; valid until the tape grows; NULL in fragments */
} wgi_seen;

/* 0: stale, of another thread, or unset; the error is kept by the innermost recording. */
int wgi_see (const wg_var *v, wgi_seen *s);

/* The variable on t with this shape, from slot or in data on.  On a tape of a model, one of rank 0 is a scalar. */
wg_var wgi_array_var (wgi_tape *t, const wgi_shape *, wgi_data *, uint32_t slot, const double *value);

/* Another view of what s sees. */
wg_var wgi_array_view (const wgi_seen *s, const wgi_shape *, ptrdiff_t first);

/* A missing tangent or adjoint, as wg_is_missing tells. */
static inline wg_var wgi_missing (void) { return (wg_var){ 0, 0, WGI_UNSET }; }

/* Their sum, where both may be missing. */
wg_var wgi_sum_of (wg_var a, wg_var b);

/* Keep an error, saying the operation and the shapes of its operands. */
wg_var wgi_misfit (const char *name, size_t count, const wg_var x[], const char *why);
int wgi_op_misfit (const wgi_op *, const char *why);
wg_var wgi_no_memory (void);           /* on the innermost recording; NaN */

/* operations */

/* Record y[ny] = prim (x[nx]).  Computed here when all operands are data.  On failure y are literal NaN. */
void wgi_array_apply (const wgi_primitive *, const char *name, size_t nx, const wg_var x[], size_t attrs, const long attr[],
                      size_t ny, wg_var y[]);
wg_var wgi_array_apply1 (const wgi_primitive *, size_t nx, const wg_var x[], size_t attrs, const long attr[]);

/* The source as an operation; NULL: it is none. */
const wgi_op *wgi_source_op (const wgi_source *);

/* The same operation on other variables, block[words] being its blocks. */
void wgi_op_again (const wgi_op *, const wg_var block[], wg_var y[]);
/* Its operands, or one of them, as views of these blocks. */
void wgi_op_operands (const wgi_op *, const wg_var block[], wg_var x[]);
void wgi_op_operand (const wgi_op *, size_t i, const wg_var block[], wg_var *x);

/* Reduce the adjoint of operand i, which may be broadcast, to the elements that there are. */
wg_var wgi_unbroadcast (const wgi_view *x, wg_var xbar);

/* The tape's part of arrays, made when first needed. */
typedef struct wgi_array_tape wgi_array_tape;
wgi_array_tape *wgi_arrays_on (wgi_tape *);

/* running */

struct wgi_chunk;
struct wgi_run {
  struct wgi_chunk *first, *at;        /* memory, taken as from a stack, kept until the end */
  const char *why;                     /* with a notice */
};
typedef struct { struct wgi_chunk *at; size_t used; } wgi_run_mark;

void *wgi_run_take (wgi_run *, size_t count, size_t size);       /* at 64 bytes; NULL: out of memory, told */
wgi_run_mark wgi_run_here (const wgi_run *);
void wgi_run_back (wgi_run *, wgi_run_mark);
void wgi_run_free (wgi_run *);

/* Values and tangents: x[d][j] is where block j is, NULL a tangent that is zero; y[d] where the results go, set to NULL
 * when a tangent is zero. */
int wgi_op_forward (const wgi_op *, int mode, double *const *const x[], double *y[], wgi_run *);

/* Adjoints, added to xbar[d][j], which may be NULL. */
int wgi_op_reverse (const wgi_op *, int mode, double *const *const x[], double *const y[], double *const ybar[],
                    double *const *const xbar[], wgi_run *);

wgi_callee *wgi_op_instance (wgi_source *);
void wgi_fragments_free (wgi_fragment *);

/* The matrix product, the one that can add to what is there instead. */
extern const wgi_primitive wgi_matmul;
int wgi_matmul_add (const wgi_op *, const double *const x[], double *const y[], wgi_run *);

/* An operation on operands that are known as views, size[words] being those of their blocks; a kind of its own for fusing. */
wgi_op *wgi_op_make (const wgi_primitive *, const char *name, size_t nx, const wgi_view x[], size_t words, const size_t size[],
                     size_t attrs, const long attr[]);

#endif
