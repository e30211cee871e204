/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Handles and families.  A family is a model with the traces recorded so far, shared by all clones under one
 * mutex; a handle is a family, the trace of its last point and the planes to sweep it with.
 */
#ifndef WENGERT_FUN_FUN_H
#define WENGERT_FUN_FUN_H

#include <wengert/fun.h>

#include "fun/resources.h"
#include "fun/trace.h"
#include "sweep/sweep.h"

struct wg_fun {
  wgi_family *family;
  wgi_trace *trace;              /* of the last point; counted */
  wgi_frame frame;               /* planes: allocated when first needed, capacity numbers each; adjoints at rest */
  size_t capacity;
  const wgi_wide_sweeps *wide;   /* for this processor */
  void *block[2];                /* the memory of frame.wide, which is aligned within it */
  double *param;                 /* values of the params parameters known to this handle */
  size_t params;
  wgi_callee **callee;           /* callees: instances made so far, of any trace, by their sources' addresses */
  wgi_callee **place;            /* per source of the trace's program: its instance, as frame.callee */
  size_t callees, places;
  wgi_binding *binding;          /* bindings: what wg_fun_bind has bound */
  size_t bindings;
  wgi_resources resources;       /* frame.resources of this handle; inside a call it is the caller's */
  wgi_source *source;            /* this function as an operation; made when first called, counted */
  wg_fun *derived[WGI_DERIVED];  /* made when first asked for by a recording */
  double *held;                  /* outputs of a driver of many sweeps until all have succeeded; holds numbers */
  size_t holds;
  double *kept_param;            /* parameters of the handle while a batch has its own: as many */
  size_t kept_params, batch_done;
  struct wgi_points *points;     /* of the last batch in lanes */
  double *room;                  /* for adapters: wg_fun_room */
  size_t room_size;
  int at_point;                  /* are the values in the planes those of a point? */
  int status;                    /* of the last call */
};

/* Was the trace at hand recorded before wg_fun_invalidate?  The next point needs another. */
static inline int wgi_fun_is_stale (const wg_fun *f)
{
  return !wgi_trace_is_current (f->family, f->trace);
}

/* The generation of f's family and of all that its trace calls: while it stays, values at a point do. */
size_t wgi_fun_generation (const wg_fun *f);

/* The generation to keep with values: it was this, at trace before, when their computation began.  SIZE_MAX: unknown. */
size_t wgi_fun_settled (const wg_fun *f, const wgi_trace *before, size_t generation);

/* Go to x[n], or stay at the last point for x NULL: the value plane holds the values of the trace that is valid
 * there.  WG_OK; WG_NONFINITE: x has a NaN and a branch depends on it, no values; an error. */
int wgi_fun_at (wg_fun *f, const double x[]);

/* The same with the tangent plane WGI_D1 along v[n]. */
int wgi_fun_at_dual (wg_fun *f, const double x[], const double v[]);

/* Have the bindings of another handle of the family, and be at its trace; there may be no last point then.  WG_ENOMEM, WG_EBUSY. */
int wgi_fun_follow (wg_fun *f, const wg_fun *of);

/* Set the first count parameters; there is no last point then. */
void wgi_fun_put_params (wg_fun *f, size_t count, const double p[]);

/* How many arguments of loops would take a binding, or a status; and have it for the instances made so far and later. */
int wgi_fun_would_bind (const wg_fun *f, const wgi_binding *b);
int wgi_fun_keep_binding (wg_fun *f, const wgi_binding *b);

/* Have for program p the planes that f has, constants, parameters, instances of whom it calls.  All or nothing.  WG_ENOMEM, or what
 * making an instance says. */
int wgi_fun_fit (wg_fun *f, const wgi_program *p);

/* Give all of that back. */
void wgi_fun_unfit (wg_fun *f);

/* Have these planes, bits of WGI_VALUE .. WGI_PLANES - 1.  WG_ENOMEM. */
int wgi_fun_planes (wg_fun *f, unsigned planes);

/* wg_fun_record without its checks; free_ctx (NULL: nobody) is called with ctx in the end, on failure too. */
wg_fun *wgi_fun_record_owning (wg_model *model, void *ctx, void (*free_ctx) (void *), size_t n, size_t m, const double x0[],
                               enum wgi_rolling);

/* A handle on a family whose first trace is t, counted; the family's handle count is the caller's affair. */
wg_fun *wgi_fun_handle (wgi_family *s, wgi_trace *t);

/* A function without a model whose one trace is a closed tape with outputs out[m]; its loops are rolled if that is said.  NULL on error. */
wg_fun *wgi_fun_of_tape (const wgi_tape *t, size_t m, const uint32_t out[], enum wgi_rolling);

/* A function of one call: source in, its outputs out.  Takes over the use of source.  NULL on error. */
wg_fun *wgi_fun_of_source (wgi_source *source);

/* The family of a source that is a recorded function, which lives as long as the source; NULL for any other. */
wgi_family *wgi_source_family (const wgi_source *);

/* The handle of such a source, to be cloned; NULL for any other. */
const wg_fun *wgi_source_fun (const wgi_source *);

/* The function as an operation that others call, with its parameters as they are; counted for the caller. */
wgi_source *wgi_fun_source (const wg_fun *f);

/* Have the wide arrays, bits of WGI_WIDE_TANGENT and WGI_WIDE_ADJOINT.  WG_ENOMEM. */
int wgi_fun_wide (wg_fun *f, unsigned which);

/* Put the wide adjoints to rest: inputs and outputs, or outputs. */
void wgi_fun_rest_wide (wg_fun *f);
void wgi_fun_rest_wide_outputs (wg_fun *f);

/* Put an adjoint plane to rest: inputs and outputs, or outputs. */
void wgi_fun_rest (wg_fun *f, int plane);
void wgi_fun_rest_outputs (wg_fun *f, int plane);

/* Keep a call's status in the handle and return it. */
int wgi_fun_done (wg_fun *f, int status);

#endif
