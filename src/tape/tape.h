/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The tape: what a model does, one operation after the other, as it is recorded.  Operation i has slot n + i,
 * whether it is a row or a guard; inputs are slots 0 .. n - 1.  Each operation is its row (a byte) and its
 * words; a word names a slot, a constant or a parameter.  Constants are kept in order of use and
 * never merged here: a datum that happens to be 0 or 1 must not change the operations.
 *
 * A tape is reachable from a variable through this thread's table of tapes, so that stale, mixed and
 * foreign variables are found out and never followed.
 */
#ifndef WENGERT_TAPE_TAPE_H
#define WENGERT_TAPE_TAPE_H

#include <wengert/var.h>

#include "base/status.h"
#include "tape/callee.h"
#include "tape/rows.h"

#define WGI_CONSTANT 0x80000000u      /* word: a constant, by its number */
#define WGI_PARAM    0x40000000u      /* word, and slot of a variable: a parameter, by its number */
#define WGI_NESTING 15                /* recordings that may nest on a thread; table place 15 marks unset outputs */
#define WGI_SHAPE_BITS 12             /* ids: place (4), generation (16), shape (12; 0 is a scalar) */
#define WGI_UNSET UINT32_MAX          /* ids of an output that the model has not set */

/* A call of another function; its operands are words, as those of rows are. */
typedef struct {
  wgi_source *source;                 /* counted */
  uint32_t *operand;                  /* wgi_source_words (source) */
} wgi_call_record;

typedef struct {
  uint32_t stamp;                     /* ids >> WGI_SHAPE_BITS of its variables */
  uint32_t ids;                       /* of its scalars */
  uint32_t next;                      /* slot of the next operation */
  uint8_t *row_at, *row_end;          /* where its row goes; nothing fits once the tape has failed */
  uint32_t *word_at;                  /* where its words go: room for 3 per row */
  double *constant_at, *constant_end;
  uint8_t *row;                       /* the first of each */
  uint32_t *word;
  double *constant;
  size_t n, limit;                    /* inputs; slots that may be used */
  double *param;                      /* of each parameter so far: its value here */
  size_t params, param_capacity;
  const double *set;                  /* values given to the first set_count parameters, instead of the model's */
  size_t set_count;
  const wgi_binding *binding;         /* of the handle that records */
  size_t bindings;
  wgi_call_record *call;              /* of each call: whom, and on what */
  size_t calls, call_capacity;
  struct wgi_array_tape *arrays;      /* what it knows of arrays; NULL: there are none */
  int live;                           /* parameters are what one differentiates by, every slot stays one */
  int status;                         /* the first error, 0 while there is none */
  int outer;                          /* place of the recording that was innermost before */
  char message[WGI_MESSAGE];
} wgi_tape;

static inline size_t wgi_tape_count (const wgi_tape *t) { return t->next - t->n; }
static inline size_t wgi_tape_words (const wgi_tape *t) { return (size_t) (t->word_at - t->word); }

/* Open a tape with n inputs on this thread and make it the innermost recording.  WG_ENOMEM, WG_ELIMIT. */
int wgi_tape_open (wgi_tape *t, size_t n);

/* End its recording: its variables are stale from now on.  What was recorded stays until wgi_tape_free.  Recordings may end in
 * any order, each on its own thread. */
void wgi_tape_close (wgi_tape *t);
void wgi_tape_free (wgi_tape *t);

/* Record nothing on this thread: from now on wgi_tape_open is WG_EBUSY. */
void wgi_tape_forbid (void);

/* Does this thread record no model, and may it? */
int wgi_tape_is_free (void);

/* The variable of input i, with a value. */
wg_var wgi_tape_input (const wgi_tape *t, size_t i, double value);

/* Parameter i, as wg_param has it; on live tapes too. */
wg_var wgi_tape_param (wgi_tape *t, size_t i, double initial);

/* Parameters that the model has not named are 0: its recording ends. */
void wgi_tape_end_params (wgi_tape *t);

/* The recording that a call with these operands belongs to; NULL: they are literals and it is not recorded. */
wgi_tape *wgi_tape_of_call (const wgi_source *source, const wg_var x[]);

/* Record a call of a function with operands x[n], its outputs having these values; y[m] are the outputs.  The
 * source is counted.  When an operand does not fit, or the tape has failed, y are the values all the same. */
void wgi_tape_call (wgi_source *source, const wg_var x[], const double value[], wg_var y[]);

/* A tape on which nobody records but by the functions below: words are as they will stay.  To be freed. */
void wgi_tape_make (wgi_tape *t, size_t n);
uint32_t wgi_tape_append (wgi_tape *t, int row, const uint32_t word[]);        /* its slot; whether it worked is in status */
uint32_t wgi_tape_append_call (wgi_tape *t, wgi_source *source, uint32_t *operand);   /* its first output; takes over operand */
uint32_t wgi_tape_constant (wgi_tape *t, double c);                            /* its word */
/* By the layer of arrays: a row or guard on operands that are not all scalars; the end of what a tape knows of arrays. */
wg_var wgi_array_row (int row, size_t count, const wg_var x[], int k);
void wgi_arrays_free (struct wgi_array_tape *);

/* Are x[count], the operands of this row, all literals or on one tape?  If not, the tapes concerned have failed, else the innermost
 * recording has, else it is the thread's last error. */
int wgi_tape_fits (int row, const wg_var x[], size_t count);

/* The tape of a variable; NULL for a literal, and when it is stale. */
wgi_tape *wgi_tape_of (wg_var a);

/* The recording of this thread that began last; NULL: none. */
wgi_tape *wgi_tape_innermost (void);

static inline int wgi_word_is_slot (uint32_t word) { return word < WGI_PARAM; }

/* Find out what an output is: its word (slot or constant, appended when it is a literal).  WG_EUNSET, WG_ETAPE. */
int wgi_tape_output (wgi_tape *t, size_t i, wg_var y, uint32_t *word);

/* Keep the first error of a tape. */
void wgi_tape_fail (wgi_tape *t, int status, const char *format, ...) __attribute__ ((format (printf, 3, 4)));

#endif
