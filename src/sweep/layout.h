/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * A program laid out in lanes: where its numbers are, where their adjoints go, and what of it is active there.
 *
 * Sums of products that only the next one uses are put before that one, so that they are a run of chains.
 * A program's inputs are variables, but in the lanes some are data, and so are parameters: the layout has the program's code with masks,
 * and operands of calls, for what carries a derivative there.  An adjoint that nobody takes goes to the sink.
 * A number of each lane's own, as an input minus what lanes share, whose adjoint only goes on to what they share is folded: its adjoint
 * is one vector in the shared planes, added up over the lanes as it comes.
 */
#ifndef WENGERT_SWEEP_LAYOUT_H
#define WENGERT_SWEEP_LAYOUT_H

#include "program/program.h"

#define WGI_SHARED 0x40000000u    /* place: in the shared planes */
#define WGI_SINK   WGI_SHARED     /* the place of adjoints that nobody takes: the first of those */
#define WGI_EITHER 0x80000000u    /* place of an input, while a layout is made: it will be shared or not */

/* What is noted of a run of chains: how many links it has, and where the first and second operands of all of them are. */
enum wgi_alike { WGI_UNLIKE, WGI_OWN_OWN, WGI_OWN_SHARED, WGI_SHARED_OWN, WGI_SHARED_SHARED };
#define WGI_RUN_OF(links, alike) ((uint32_t) (links) << 4 | (alike))
#define WGI_RUN_PRODUCT          8u            /* it begins with the product before it, which is no row then */
#define WGI_RUN_LINKS(note)      ((size_t) (note) >> 4)
#define WGI_RUN_ALIKE(note)      ((enum wgi_alike) ((note) & 7))

/* In a layout's code only: the product that a run begins with.  It has two words and no place. */
#define WGI_OP_product ((uint8_t) WGI_OPCODES)

typedef struct { size_t own, shared; } wgi_lane_words;      /* in planes and in shared planes */

typedef struct {
  wgi_program program;            /* with this code and these words */
  const wgi_program *of;          /* NULL: none's */
  uint32_t *place, *adjoint;      /* per number: where it is, and its adjoint */
  uint32_t *note;                 /* per row: where its folded adjoint is, or 0; of a run of chains what it is */
  uint32_t *slot;                 /* per operation: its first slot */
  wgi_lane_words base;            /* what comes before: inputs, or another program's numbers; then there are rows, constants and parameters */
  size_t rows;                    /* places of rows, those of a run of chains having one */
  wgi_lane_words end;             /* behind what the program has in the planes */
  uint64_t serial;                /* another one whenever anything changed */
  void *block;
  size_t room;                    /* bytes of it */
} wgi_layout;

/* Begin: constants and parameters are from base.shared on, their adjoints in the sink.  Then the caller sets both places of inputs, WGI_SINK for
 * the adjoint saying that one carries no derivative, may move parameters, and may move l->end, which is behind all these.  WG_ENOMEM. */
int wgi_layout_begin (wgi_layout *l, const wgi_program *p, wgi_lane_words base);

/* Find what is active, rows and what is folded, from l->end on. */
void wgi_layout_end (wgi_layout *l);

/* Is it that of this program?  It is then, if another one came to lie where that was. */
int wgi_layout_is_of (wgi_layout *l, const wgi_program *p);

void wgi_layout_free (wgi_layout *l);

#endif
