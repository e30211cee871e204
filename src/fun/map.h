/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Maps as operations: their source and their instances.
 */
#ifndef WENGERT_FUN_MAP_H
#define WENGERT_FUN_MAP_H

#include "fun/args.h"
#include "fun/fun.h"
#include "fun/operands.h"
#include "sweep/lanes.h"

typedef struct {
  wgi_source source;
  wgi_args args;
  wg_fun *body;                  /* own; only cloned */
  size_t n, m;                   /* of the body */
  wgi_arg *out;                  /* outs: where its outputs are added, as arguments say where inputs come from */
  size_t outs;
  wgi_source *base;              /* the map that this is a derivative of, whose indices it uses, counted; or NULL */
  double *data;                  /* own, of a rolled loop; or NULL */
  size_t period;                 /* operations of a trip of a rolled loop; 0: wg_map */
  uint64_t print;                /* of where its items find their variables and leave their outputs */
} wgi_map;

/* A reverse sweep in planes, which may be done ahead of being asked for, with the seeds of the last one. */
typedef struct {
  double *seed[2], *xbar[2];     /* for each mode within the mode */
  int rests;                     /* are xbar at rest? */
  int known;                     /* seed is what the last reverse sweep had */
  int repeats;                   /* as had the one before, or there was only one */
  const uint32_t *done;          /* the operands for which xbar is there, with seed; NULL: none */
  size_t generation;             /* of the body then, */
  const wgi_lane_sweeps *lanes;  /* and what it was swept with */
} wgi_ahead;

/* The lanes' planes for the body: what items see of their own and then rows in the lanes; in the shared planes the sink, what items share,
 * constants, parameters and folded adjoints. */
typedef struct {
  wgi_lane_frame frame;
  void *block;                   /* the memory of its planes */
  unsigned planes;               /* that there are */
  wgi_layout layout;             /* frame.layout */
  uint64_t print;                /* of the arguments that it is for */
  const wgi_trace *trace;        /* whose layout and constants these are; NULL: none's */
  int apart;                     /* do lanes have their own numbers of what items share? */
} wgi_map_frame;

/* The body in an outer program's planes, trip by trip: its rows, and its constants, parameters, data and folded adjoints in the shared planes,
 * come behind what the outer program has. */
enum { WGI_NEST_ARGS = 64 };

typedef struct {
  wgi_layout layout;
  const wgi_layout *outer;       /* the program's that calls it, */
  uint64_t serial;               /* when it was like this */
  const uint32_t *operand;       /* of that call */
  uint64_t rows;                 /* the arguments whose operands are one after the other in all trips, of the first WGI_NEST_ARGS */
} wgi_nest;

/* Where Jacobians of items go: the number of item k, output i, input j of the body to value[place[(k m + i) n + j]].  Or, place being
 * NULL, the row of output i of item k to value[row[k m + i]] and on: the first width[i] of the n inputs from input[i n] on. */
typedef struct {
  double *value;
  const uint32_t *place, *row, *input, *width;
  int once;                      /* numbers are put there, every place being one number's; else they are added */
  int odd;                       /* is set when one that is put is not finite */
} wgi_entries;

#define WGI_NO_ENTRY UINT32_MAX       /* a place: the number goes nowhere; */
#define WGI_TWICE 0x80000000u         /* added: it is added two times, both inputs being the same variable */

/* Where Hessians of items go.  Tangents are along direction[d], d < directions, an input of the body; the adjoint of another, with[i], has the
 * entry of the pair i as its tangent, start[d] <= i < start[d+1].  at[i] says which it is: of the own ones, each item having its own, or own + that of
 * the shared ones, which are the same for all items.  Of a shared and another input the shared one is the direction. */
typedef struct {
  double *value;                 /* entry at of item k is added to value[place[k own + at]], */
  const uint32_t *place;
  const uint32_t *shared_place;  /* own + at of all items to value[shared_place[at]] */
  size_t directions, own, shared;
  const uint32_t *direction, *start, *with, *at;
} wgi_curves;

typedef struct {
  wgi_callee callee;
  wgi_callee *one;               /* the body at single items */
  wgi_entries entries;           /* set by the caller of forward in mode WGI_VALUE: Jacobians too, please; value is NULL once they are there */
  size_t items;
  int notice;                    /* of the sweep at hand */
  wgi_arg *arg;                  /* as in the source, but for what is bound; and where they are in the sweep at hand */
  wgi_operands operands;         /* of the last call in planes */
  wgi_map_frame own;
  wgi_nest nest;                 /* for the lanes of an outer loop */
  double *lane[2];               /* m x WGI_LANES at 64 bytes, values and tangents: sums of a chunk by lane, outputs of a tile's items */
  double *log;                   /* where a tile leaves what goes to single items until its chunk is committed; NULL: goes there at once */
  double *curve;                 /* entries of the Hessians of a tile's items, own x WGI_LANES; sums of those that they share, and scratch */
  size_t curve_room;
  int left;                      /* has a chunk been begun and not been added: are there adjoints that nobody takes? */
  struct wgi_map_crew *crew;     /* instances for threads; NULL: none yet */
  wgi_ahead ahead[2];            /* by mode */
  double *room;
} wgi_map_callee;

/* A function as the body of a map over rows: its points, and its parameters if it has some, are the two arguments.  Arrays, items
 * and where parameters are, whoever runs the lanes says.  NULL on error. */
wgi_map_callee *wgi_map_of_points (const wg_fun *f);

/* What to do for all items, the arguments' x being set; planes that are not wanted are NULL.  xbar are at rest before.  With entries
 * their Jacobians are wanted, mode being WGI_VALUE; with curves their Hessians with the weights ybar[0], mode being WGI_D1, the
 * arguments' tangents NULL, ybar[1] zeros, and nothing else. */
typedef struct {
  int mode;
  double *const *y;
  double *const *ybar, *const *xbar;
  wgi_entries *entries;
  const wgi_curves *curves;
} wgi_map_job;

/* The source as a map; NULL: it is none. */
const wgi_map *wgi_source_map (const wgi_source *);

static inline const wgi_map *wgi_map_of (const wgi_map_callee *c) { return (const wgi_map *) c->callee.source; }

/* The map that a loop of this many operations is, the first each outputs of its body going to items, the others to sums.  Takes over
 * body, arguments and data.  NULL: out of memory. */
wgi_source *wgi_map_of_loop (wg_fun *body, wgi_args *args, double *data, size_t each, size_t period);

/* Does it not matter which of two maps is called?  A hash that is the same then. */
int wgi_maps_alike (const wgi_source *, const wgi_source *);
uint64_t wgi_map_hash (const wgi_source *);

/* A function that is called, as a map of one item, which goes through the lanes of a loop around it; counted.  NULL: it is not a recorded one, or
 * out of memory. */
wgi_source *wgi_map_of_call (const wgi_source *);

/* Put what item k sees into the arrays of c->one, for all modes within mode, and its parameters into the handle. */
void wgi_map_see (wgi_map_callee *c, int mode, size_t k);

/* Set the arguments' x for the operands of the call at hand in these planes: there, or a copy where they are not consecutive.  WG_ENOMEM. */
int wgi_map_look (wgi_map_callee *c, int mode, double *const plane[]);

/* The job for the items as they are bound.  Errors, or the first notice. */
int wgi_map_run (wgi_map_callee *c, const wgi_map_job *job);

/* The Jacobians of the items of a tile, whose values are in the lanes; of one by itself.  Errors only. */
void wgi_map_blocks (const wgi_map_callee *c, const wgi_map_job *job, size_t k, uint64_t group);
int wgi_map_block (wgi_map_callee *c, const wgi_map_job *job, size_t k);

/* Item k by itself, its results left in the arrays of c->one: outputs if job->y, and adjoints if *awake.  Errors only. */
int wgi_map_item (wgi_map_callee *c, const wgi_map_job *job, size_t k, int *awake);

/* Its adjoints as seeds in those arrays; is one awake? */
int wgi_map_seed (wgi_map_callee *c, const wgi_map_job *job, size_t k);

/* Have room for Hessians, what is shared being 0.  WG_ENOMEM. */
int wgi_map_have_curves (wgi_map_callee *c, const wgi_curves *);

/* Of a tile whose values are there: the tangents along direction d; what a reverse sweep over duals then has left for the lanes of group. */
void wgi_map_look_along (wgi_map_callee *c, const wgi_curves *, size_t d);
void wgi_map_take_curves (wgi_map_callee *c, const wgi_curves *, size_t d, uint64_t group);

/* Of item k by itself, into lane l. */
int wgi_map_curve (wgi_map_callee *c, const wgi_map_job *job, size_t k, size_t l);

/* Add what is there for the items k .. k + count - 1, in lanes, or from there; and what all items share, which is 0 then. */
void wgi_map_leave_curves (const wgi_curves *, const double from[], size_t k, size_t count);
void wgi_map_add_curves (wgi_map_callee *c, const wgi_curves *);

/* In the lanes of an outer loop: wgi_callee's lanes. */
int wgi_map_nested (wgi_callee *, int mode, int reverse, wgi_lane_frame *outer, const uint32_t *operand, size_t out);

/* Keep the first notice of the body's instance for the map's own; errors come back. */
int wgi_map_told (wgi_map_callee *c, int rc);

/* All items in lanes, for the modes WGI_VALUE and WGI_D1.  Chunks are cut by the number of items alone, done by any thread, and
 * committed in order. */
int wgi_map_lanes (wgi_map_callee *c, const wgi_map_job *job);

/* The items begin .. end - 1 in lanes: what they share stays in the instance, and c->notice; what goes to single items
 * stays in the log, if there is one: for each tile as many numbers as wgi_map_log_size says, at most.  Errors only. */
int wgi_map_chunk (wgi_map_callee *c, const wgi_map_job *job, size_t begin, size_t end);
size_t wgi_map_log_size (const wgi_map_callee *c, const wgi_map_job *job);

/* Add what is left of it, from the log if there is one: c->log is where it begins, as it was for wgi_map_chunk. */
void wgi_map_add_chunk (wgi_map_callee *c, const wgi_map_job *job, size_t begin, size_t end);

/* Another instance for wgi_map_chunk on a thread of its own; to be freed as a callee.  NULL: out of memory, or a status. */
wgi_map_callee *wgi_map_mate (const wgi_map_callee *c);

/* Have a mate do as c does: items, arguments, what they are swept with. */
int wgi_map_follow (wgi_map_callee *mate, const wgi_map_callee *c);
void wgi_map_crew_free (struct wgi_map_crew *);

#endif
