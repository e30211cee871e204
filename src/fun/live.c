/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Live tapes.  Variables that begin are the tape's parameters, which can come at any time and lie side by side.  Going backward freezes
 * the tape as it is, with every slot as an output, so that every variable has a place in the program and an adjoint of its own;
 * parameters have theirs behind the slots, where their values are.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <wengert/live.h>

#include "array/walk.h"
#include "fun/resources.h"
#include "sweep/lanes.h"
#include "sweep/numbers.h"

struct wg_tape {
  wgi_tape tape;                 /* first: found through its variables */
  wgi_program *program;          /* of the last backward; NULL: no adjoints */
  wgi_frame frame;
  wgi_resources resources;
  size_t capacity;               /* numbers in a plane */
  wgi_callee **callee;           /* per source of the program; a tape that grows has the same ones first */
  size_t callees;
};

/* life */

wg_tape *wg_tape_new (void)
{
  wg_tape *t = calloc (1, sizeof *t);
  if (!t) return wgi_fail (WG_ENOMEM, "out of memory"), NULL;
  if (wgi_tape_open (&t->tape, 0)) return free (t), NULL;
  t->tape.live = 1;
  t->frame.sweeps = wgi_lanes_for_cpu (NULL);
  t->frame.resources = &t->resources, t->resources.scans.limit = WG_ALL_STATES;
  return t;
}

/* Is it one of this thread's? */
static int is_here (const wg_tape *t)
{
  return wgi_tape_of ((wg_var){ 0, 0, t->tape.stamp << WGI_SHAPE_BITS }) == &t->tape;
}

void wg_tape_free (wg_tape *t)
{
  if (!t || !is_here (t)) return;
  wgi_tape_close (&t->tape), wgi_tape_free (&t->tape);
  wgi_program_free (t->program);
  for (size_t i = 0; i < t->callees; i++) wgi_callee_free (t->callee[i]);
  free (t->frame.plane[WGI_VALUE]), free (t->frame.plane[WGI_ADJOINT]), free (t->callee), free (t);
}

/* variables */

wg_var wg_tape_var (wg_tape *t, double value)
{
  if (t && is_here (t)) return wgi_tape_param (&t->tape, t->tape.params, value);
  wgi_fail (t ? WG_ETAPE : WG_EINVAL, "wg_tape_var: the tape is %s", t ? "of another thread" : "NULL");
  return wg_num (NAN);
}

wg_var wg_tape_array (wg_tape *t, int rank, const size_t dim[], const double data[])
{
  if (!t || !is_here (t)) return wg_tape_var (t, 0);
  size_t size = 1;
  for (int i = 0; i < rank && rank <= WG_RANK; i++) size = wgi_times (size, dim[i]);
  if (rank < 0 || rank > WG_RANK || size >= WGI_PARAM || !wgi_arrays_on (&t->tape))
    {
      wgi_tape_fail (&t->tape, WG_EINVAL, "wg_tape_array: rank %d or %zu elements: too many", rank, size);
      wgi_fail (t->tape.status, "%s", t->tape.message);
      return wg_num (NAN);
    }
  const uint32_t slot = WGI_PARAM | (uint32_t) t->tape.params;
  for (size_t i = 0; i < size; i++) wgi_tape_param (&t->tape, t->tape.params, data ? data[i] : 0);
  if (t->tape.status) return wgi_fail (t->tape.status, "%s", t->tape.message), wg_num (NAN);
  const wgi_shape s = wgi_shape_of (rank, dim);
  return wgi_array_var (&t->tape, &s, NULL, slot, size ? t->tape.param + (slot & ~WGI_PARAM) : NULL);
}

/* The live tape of a variable that is looked at; NULL: an error, told. */
static wg_tape *tape_of (const char *name, const wg_var *x, wgi_seen *s)
{
  *s = (wgi_seen){ .tape = NULL };
  wgi_tape *t = x->ids == WGI_UNSET ? NULL : wgi_tape_of (*x);
  if (!t || !t->live)
    {
      wgi_fail (WG_ETAPE, "%s: %s", name, t ? "a variable of a model" : !x->ids ? "a literal is on no tape"
                                          : "a variable of an ended tape or of another thread");
      return NULL;
    }
  return wgi_see (x, s) ? (wg_tape *) t : NULL;
}

int wg_value (wg_var x, double value[])
{
  wgi_seen s;
  if (!value) return wgi_fail (WG_EINVAL, "wg_value: value is NULL");
  if (!x.ids) return *value = x.value, WG_OK;
  if (!tape_of ("wg_value", &x, &s)) return WG_ETAPE;
  if (s.shape.rank == 0) return *value = x.value, WG_OK;
  for (wgi_walk l = wgi_walk_over (&s.shape, 1, (const ptrdiff_t *[]){ s.shape.stride }); l.more; wgi_walk_next (&l))
    for (size_t i = 0; i < l.n; i++) *value++ = s.value[l.at[0] + (ptrdiff_t) i*l.step[0]];
  return WG_OK;
}

/* backward */

/* The program of the tape as it is. */
static int freeze (wg_tape *t)
{
  uint32_t *out = malloc (wgi_times (t->tape.next + 1, sizeof *out));
  if (!out) return wgi_fail (WG_ENOMEM, "out of memory");
  for (uint32_t i = 0; i < t->tape.next; i++) out[i] = i;
  t->program = wgi_freeze (&t->tape, t->tape.next, out);
  free (out);
  return t->program ? WG_OK : wgi_fail (WG_ENOMEM, "out of memory for %zu operations", wgi_tape_count (&t->tape));
}

static int have_planes (wg_tape *t)
{
  const size_t numbers = wgi_numbers (t->program);
  if (numbers <= t->capacity) return WG_OK;
  for (int i = 0; i <= WGI_ADJOINT; i += WGI_ADJOINT)
    {
      double *plane = malloc (wgi_times (numbers, sizeof *plane));
      if (!plane) return t->capacity = 0, wgi_fail (WG_ENOMEM, "no memory for %zu numbers", numbers);
      free (t->frame.plane[i]);
      t->frame.plane[i] = plane;
    }
  t->capacity = numbers;
  return WG_OK;
}

static int have_callees (wg_tape *t)
{
  const wgi_program *p = t->program;
  if (p->sources > t->callees)
    {
      wgi_callee **callee = realloc (t->callee, wgi_times (p->sources, sizeof *callee));
      if (!callee) return wgi_fail (WG_ENOMEM, "no memory for %zu calls", p->sources);
      t->frame.callee = t->callee = callee;
    }
  for (; t->callees < p->sources; t->callees++)
    if (!(t->callee[t->callees] = p->source[t->callees]->instance (p->source[t->callees]))) return wgi_last_status ();
  for (size_t i = 0; i < p->sources; i++) t->callee[i]->moved = 1;
  return WG_OK;
}

/* Where a slot or parameter has its numbers; SIZE_MAX: it came after the last backward. */
static size_t place_of (const wg_tape *t, uint32_t slot)
{
  const wgi_program *p = t->program;
  const uint32_t i = slot & ~WGI_PARAM;
  if (slot & WGI_PARAM) return i < p->params ? p->slots + p->constants + i : SIZE_MAX;
  return slot < p->m ? p->out[slot] : SIZE_MAX;
}

static void put_seed (const wg_tape *t, const wgi_seen *s, const double seed[])
{
  static const double one = 1;
  double *ybar = t->frame.plane[WGI_ADJOINT];
  if (s->data || !wgi_shape_size (&s->shape)) return;
  ybar += place_of (t, s->slot);
  if (!seed) seed = &one;
  for (wgi_walk l = wgi_walk_over (&s->shape, 1, (const ptrdiff_t *[]){ s->shape.stride }); l.more; wgi_walk_next (&l))
    for (size_t i = 0; i < l.n; i++) ybar[l.at[0] + (ptrdiff_t) i*l.step[0]] += *seed++ + 0.;
}

static int sweep (wg_tape *t, const wgi_seen *s, const double seed[])
{
  const wgi_program *p = t->program;
  wgi_frame *frame = &t->frame;
  double *v = frame->plane[WGI_VALUE], *adjoint = frame->plane[WGI_ADJOINT];
  uint64_t found;
  if (p->constants) memcpy (v + p->slots, p->constant, p->constants*sizeof *v);
  if (p->params) memcpy (v + p->slots + p->constants, p->param, p->params*sizeof *v);
  for (size_t i = 0; i < wgi_numbers (p); i++) adjoint[i] = -0.;
  frame->status = frame->notice = 0, frame->ahead = 1;
  const size_t held = wgi_forward_double (p, frame, &found);
  if (!frame->status && held < p->guards) return wgi_fail (WG_EBRANCH, "wg_backward: an operation gives another value than when it was recorded");
  if (frame->status) return frame->status;
  put_seed (t, s, seed);
  wgi_reverse_keeping (p, frame);
  if (!frame->status && frame->notice) return wgi_fail (frame->notice, "wg_backward: %s", frame->why);
  return frame->status;
}

int wg_backward (wg_var y, const double seed[])
{
  wgi_seen s;
  const wgi_tape *failed = y.ids ? NULL : wgi_tape_innermost ();       /* whose results are literals */
  if (failed && failed->live && failed->status) return wgi_fail (failed->status, "%s", failed->message);
  wg_tape *t = tape_of ("wg_backward", &y, &s);
  if (!t) return WG_ETAPE;
  wgi_program_free (t->program);
  t->program = NULL;
  if (t->tape.status) return wgi_fail (t->tape.status, "%s", t->tape.message);
  if (!seed && wgi_shape_size (&s.shape) != 1)
    return wgi_fail (WG_ESHAPE, "wg_backward: %zu elements and no seed", wgi_shape_size (&s.shape));
  int rc = freeze (t);
  if (!rc) rc = have_planes (t);
  if (!rc) rc = have_callees (t);
  if (!rc) rc = sweep (t, &s, seed);
  if (rc < 0) wgi_program_free (t->program), t->program = NULL;
  return rc;
}

int wg_adjoint (wg_var x, double xbar[])
{
  wgi_seen s;
  if (!xbar) return wgi_fail (WG_EINVAL, "wg_adjoint: xbar is NULL");
  const wg_tape *t = tape_of ("wg_adjoint", &x, &s);
  if (!t) return WG_ETAPE;
  if (!t->program) return wgi_fail (WG_EINVAL, "wg_adjoint: there was no wg_backward that succeeded");
  const size_t place = s.data || !wgi_shape_size (&s.shape) ? SIZE_MAX : place_of (t, s.slot);
  int reached = 0, finite = 1;
  for (wgi_walk l = wgi_walk_over (&s.shape, 1, (const ptrdiff_t *[]){ s.shape.stride }); l.more; wgi_walk_next (&l))
    for (size_t i = 0; i < l.n; i++)
      {
        const double a = place == SIZE_MAX ? -0. : t->frame.plane[WGI_ADJOINT][(ptrdiff_t) place + l.at[0] + (ptrdiff_t) i*l.step[0]];
        reached |= !wgi_asleep (a), finite &= isfinite (a) != 0;
        *xbar++ = a + 0.;
      }
  if (!reached) return wgi_fail (WG_INDEPENDENT, "wg_adjoint: what was differentiated does not depend on this variable");
  return finite ? WG_OK : wgi_fail (WG_NONFINITE, "wg_adjoint: an adjoint is not finite");
}
