/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Operations on arrays being recorded: the shapes of the operands are looked at, the source is made, or found when the same was
 * recorded just before, and evaluated.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "array/tape_arrays.h"

/* sources */

static void free_op (wgi_source *s)
{
  wgi_op *op = (wgi_op *) s;
  wgi_fragments_free (op->fragment);
  for (size_t i = 0; i < op->nx; i++) wgi_data_leave (op->x[i].data);
  pthread_mutex_destroy (&op->lock);
  free (op->x), free (op->attr), free (op->size), free (op);
}

const wgi_op *wgi_source_op (const wgi_source *s)
{
  return s->free == free_op ? (const wgi_op *) s : NULL;
}

int wgi_op_misfit (const wgi_op *op, const char *why)
{
  char text[2][80];
  for (size_t i = 0; i < 2 && i < op->nx; i++) wgi_shape_text (&op->x[i].shape, text[i], sizeof text[i]);
  return op->nx > 1 ? wgi_fail (WG_ESHAPE, "%s: %s: shapes %s and %s", op->source.name, why, text[0], text[1])
                    : wgi_fail (WG_ESHAPE, "%s: %s: shape %s", op->source.name, why, text[0]);
}

/* How far the elements of a shape reach before and behind the first. */
static void reach (const wgi_shape *s, size_t *before, size_t *behind)
{
  *before = *behind = 0;
  for (int i = 0; i < s->rank; i++)
    {
      const size_t span = (size_t) labs ((long) s->stride[i])*(s->dim[i] - 1);
      if (s->stride[i] < 0) *before += span;
      else *behind += span;
    }
}

/* The operand that is seen; its word, if it is a block of slots. */
static int set_operand (wgi_op *op, wgi_view *x, const wgi_seen *s, uint32_t *word)
{
  size_t before, behind;
  *x = (wgi_view){ .shape = s->shape };
  if (s->data && s->value) return x->data = wgi_data_use (s->data), x->first = s->slot, WG_OK;
  if (!s->tape || !wgi_shape_size (&s->shape))
    {
      if (!(x->data = wgi_data_new (1))) return WG_ENOMEM;
      return x->data->v[0] = s->tape ? 0 : *s->value, WG_OK;
    }
  if (s->data) return x->data = wgi_data_use (s->data), x->first = s->slot, WG_OK;
  reach (&s->shape, &before, &behind);
  x->first = before, x->block = op->source.words;
  word[op->source.words] = s->slot - (uint32_t) before;
  op->size[op->source.words++] = before + behind + 1;
  op->source.n += before + behind + 1;
  return WG_OK;
}

/* Without its operands yet. */
static wgi_op *op_begin (const wgi_primitive *prim, const char *name, size_t nx, size_t attrs, const long attr[])
{
  wgi_op *op = calloc (1, sizeof *op);
  if (!op || pthread_mutex_init (&op->lock, NULL)) return free (op), wgi_fail (WG_ENOMEM, "out of memory"), NULL;
  op->source = (wgi_source){ .users = 1, .name = name, .instance = wgi_op_instance, .free = free_op };
  op->prim = prim, op->attrs = attrs;
  op->x = calloc (nx + 1, sizeof *op->x), op->size = malloc ((nx + 1)*sizeof *op->size);
  op->attr = malloc ((attrs + 1)*sizeof *op->attr);
  int rc = op->x && op->size && op->attr ? WG_OK : wgi_fail (WG_ENOMEM, "out of memory");
  op->source.size = op->size;
  if (rc) return wgi_source_leave (&op->source), NULL;
  if (attrs) memcpy (op->attr, attr, attrs*sizeof *attr);
  return op;
}

/* With them: the results' shapes.  NULL: an error, and the end of it. */
static wgi_op *op_end (wgi_op *op, int rc)
{
  if (!rc) rc = op->prim->shape (op);
  if (rc) return wgi_source_leave (&op->source), NULL;
  for (size_t o = 0; o < op->ny; o++)
    {
      op->y[o].shape = wgi_shape_of (op->y[o].shape.rank, op->y[o].shape.dim);
      op->y[o].first = op->source.m;
      op->source.m += wgi_shape_size (&op->y[o].shape);
    }
  return op;
}

static wgi_op *op_new (const wgi_primitive *prim, const char *name, size_t nx, const wgi_seen seen[], size_t attrs,
                       const long attr[], uint32_t word[])
{
  wgi_op *op = op_begin (prim, name, nx, attrs, attr);
  int rc = WG_OK;
  for (size_t i = 0; op && i < nx && !rc; i++, op->nx++) rc = set_operand (op, &op->x[i], &seen[i], word);
  return op ? op_end (op, rc) : NULL;
}

wgi_op *wgi_op_make (const wgi_primitive *prim, const char *name, size_t nx, const wgi_view x[], size_t words, const size_t size[],
                     size_t attrs, const long attr[])
{
  wgi_op *op = op_begin (prim, name, nx, attrs, attr);
  for (; op && op->nx < nx; op->nx++) op->x[op->nx] = x[op->nx], wgi_data_use (x[op->nx].data);
  for (size_t j = 0; op && j < words; j++) op->size[j] = size[j], op->source.n += size[j];
  if (op) op->source.words = words;
  return op ? op_end (op, WG_OK) : NULL;
}

static int same_shape (const wgi_shape *a, const wgi_shape *b)
{
  return wgi_same_dims (a, b) && memcmp (a->stride, b->stride, (size_t) a->rank*sizeof *a->stride) == 0;
}

static int same_data (const wgi_data *a, const wgi_data *b)
{
  return a == b || (a && b && a->count == 1 && b->count == 1 && memcmp (a->v, b->v, sizeof *a->v) == 0);
}

static int same_op (const wgi_op *a, const wgi_op *b)
{
  int same = a->prim == b->prim && a->nx == b->nx && a->attrs == b->attrs && a->source.name == b->source.name
             && memcmp (a->attr, b->attr, a->attrs*sizeof *a->attr) == 0;
  for (size_t i = 0; same && i < a->nx; i++)
    same = same_shape (&a->x[i].shape, &b->x[i].shape) && same_data (a->x[i].data, b->x[i].data)
           && a->x[i].first == b->x[i].first && (a->x[i].data || a->x[i].block == b->x[i].block);
  return same;
}

/* op, or one like it that this tape knows. */
static wgi_op *known (wgi_array_tape *a, wgi_op *op)
{
  for (size_t i = 0; i < WGI_KNOWN_OPS && a->known[i]; i++)
    if (same_op (a->known[i], op))
      {
        wgi_op *had = a->known[i];
        wgi_source_use (&had->source), wgi_source_leave (&op->source);
        return had;
      }
  a->known[a->next_known++ % WGI_KNOWN_OPS] = op;
  return op;
}

/* recording */

/* Keep the call of a fragment; the slot of its first result, or UINT32_MAX. */
static uint32_t fragment_call (wgi_tape *t, wgi_op *op, const uint32_t word[])
{
  wgi_array_tape *a = t->arrays;
  const uint32_t out = t->next;
  if (t->status) return UINT32_MAX;
  if (op->source.m >= t->limit - t->next) return wgi_tape_fail (t, WG_ELIMIT, "more slots than a tape can hold"), UINT32_MAX;
  if (a->calls == a->call_capacity)
    {
      const size_t capacity = 2*a->call_capacity + 8;
      wgi_fragment_call *call = realloc (a->call, capacity*sizeof *call);
      if (!call) return wgi_tape_fail (t, WG_ENOMEM, "out of memory"), UINT32_MAX;
      a->call = call, a->call_capacity = capacity;
    }
  uint32_t *operand = malloc ((op->source.words + 1)*sizeof *operand);
  if (!operand) return wgi_tape_fail (t, WG_ENOMEM, "out of memory"), UINT32_MAX;
  memcpy (operand, word, op->source.words*sizeof *operand);
  a->call[a->calls++] = (wgi_fragment_call){ &op->source, operand, out };
  wgi_source_use (&op->source);
  t->next += (uint32_t) op->source.m;
  return out;
}

/* The same on the tape of a model. */
static uint32_t block_call (wgi_tape *t, wgi_op *op, const uint32_t word[])
{
  uint32_t *operand = malloc ((op->source.words + 1)*sizeof *operand);
  if (!operand) return wgi_tape_fail (t, WG_ENOMEM, "out of memory"), UINT32_MAX;
  memcpy (operand, word, op->source.words*sizeof *operand);
  const uint32_t out = wgi_tape_append_call (t, &op->source, operand);
  return t->status ? UINT32_MAX : out;
}

/* The results of operands whose values are known. */
static int evaluate (wgi_op *op, const wgi_seen seen[], double value[], wgi_run *run)
{
  const wgi_run_mark mark = wgi_run_here (run);
  const double **x = wgi_run_take (run, op->nx + 1, sizeof *x);
  double *y[WGI_OUTPUTS];
  if (!x) return WG_ENOMEM;
  for (size_t i = 0; i < op->nx; i++) x[i] = seen[i].value;
  for (size_t o = 0; o < op->ny; o++) y[o] = value + op->y[o].first;
  const int rc = op->source.m ? op->prim->kernel (op, x, y, run) : WG_OK;
  wgi_run_back (run, mark);
  return rc;
}

/* The results as constants. */
static int fold (wgi_tape *t, wgi_op *op, const wgi_seen seen[], wg_var y[])
{
  wgi_data *d = wgi_data_new (op->source.m);
  const int rc = d ? evaluate (op, seen, d->v, &t->arrays->run) : WG_ENOMEM;
  for (size_t o = 0; o < op->ny && rc >= 0; o++)
    y[o] = wgi_array_var (t, &op->y[o].shape, d, (uint32_t) op->y[o].first, d->v + op->y[o].first);
  wgi_data_leave (d);
  return rc;
}

static int record (wgi_tape *t, wgi_op *op, const wgi_seen seen[], const uint32_t word[], wg_var y[])
{
  const int fragment = t->arrays->fragment;
  double *value = fragment ? NULL : malloc (wgi_times (op->source.m, sizeof *value));
  if (!fragment && !value) return wgi_fail (WG_ENOMEM, "out of memory for %zu numbers", op->source.m);
  const int rc = fragment ? WG_OK : evaluate (op, seen, value, &t->arrays->run);
  if (rc < 0) return free (value), rc;
  const uint32_t out = fragment ? fragment_call (t, op, word) : block_call (t, op, word);
  if (out == UINT32_MAX) return free (value), t->status;
  if (!fragment && !wgi_arrays_keep (t, out, op->source.m, value)) return t->status;
  for (size_t o = 0; o < op->ny; o++)
    y[o] = wgi_array_var (t, &op->y[o].shape, NULL, out + (uint32_t) op->y[o].first, value ? value + op->y[o].first : NULL);
  return WG_OK;
}

/* Look at all operands; the tape that they have in common.  0: an error, kept. */
static int look (const char *name, size_t nx, const wg_var x[], wgi_seen seen[], wgi_tape **t)
{
  for (size_t i = 0; i < nx; i++)
    {
      if (!wgi_see (&x[i], &seen[i])) return 0;
      if (!seen[i].tape) continue;
      if (*t && *t != seen[i].tape)
        {
          wgi_tape_fail (*t, WG_ETAPE, "%s: the operands belong to different recordings", name);
          wgi_tape_fail (seen[i].tape, WG_ETAPE, "%s: the operands belong to different recordings", name);
          return 0;
        }
      *t = seen[i].tape;
    }
  if (!*t) *t = wgi_tape_innermost ();
  if (!*t) wgi_fail (WG_ETAPE, "%s: not in a recording", name);
  return *t && !(*t)->status && wgi_arrays_on (*t);
}

static void apply (const wgi_primitive *prim, const char *name, size_t nx, const wg_var x[], size_t attrs, const long attr[],
                   wgi_seen seen[], uint32_t word[], wg_var y[])
{
  wgi_tape *t = NULL;
  if (!look (name, nx, x, seen, &t)) return;
  wgi_op *op = op_new (prim, name, nx, seen, attrs, attr, word);
  int rc = op ? WG_OK : wgi_last_status ();
  if (op)
    {
      const int constant = op->source.words == 0 || op->source.m == 0;
      if (!constant) op = known (t->arrays, op);
      rc = constant ? fold (t, op, seen, y) : record (t, op, seen, word, y);
      wgi_source_leave (&op->source);
    }
  if (rc < 0) wgi_tape_fail (t, rc, "%.200s", wg_last_error ());
}

void wgi_array_apply (const wgi_primitive *prim, const char *name, size_t nx, const wg_var x[], size_t attrs, const long attr[],
                      size_t ny, wg_var y[])
{
  wgi_seen few_seen[4], *seen = nx <= 4 ? few_seen : malloc (wgi_times (nx, sizeof *seen));
  uint32_t few_word[4], *word = nx <= 4 ? few_word : malloc (wgi_times (nx, sizeof *word));
  for (size_t o = 0; o < ny; o++) y[o] = wg_num (NAN);
  if (seen && word) apply (prim, name, nx, x, attrs, attr, seen, word, y);
  else wgi_no_memory ();
  if (seen != few_seen) free (seen);
  if (word != few_word) free (word);
}

wg_var wgi_array_apply1 (const wgi_primitive *prim, size_t nx, const wg_var x[], size_t attrs, const long attr[])
{
  wg_var y;
  wgi_array_apply (prim, prim->name, nx, x, attrs, attr, 1, &y);
  return y;
}

/* again */

void wgi_op_operand (const wgi_op *op, size_t i, const wg_var block[], wg_var *x)
{
  const wgi_view *v = &op->x[i];
  wgi_seen s;
  wgi_tape *t = NULL;
  for (size_t j = 0; j < op->source.words && v->data && !t; j++) t = wg_is_missing (block[j]) ? NULL : wgi_tape_of (block[j]);
  if (!t) t = wgi_tape_innermost ();
  if (v->data) *x = wgi_array_var (t, &v->shape, v->data, (uint32_t) v->first, v->data->v + v->first);
  else if (wgi_see (&block[v->block], &s)) *x = wgi_array_view (&s, &v->shape, (ptrdiff_t) v->first);
  else *x = wg_num (NAN);
}

void wgi_op_operands (const wgi_op *op, const wg_var block[], wg_var x[])
{
  for (size_t i = 0; i < op->nx; i++) wgi_op_operand (op, i, block, &x[i]);
}

void wgi_op_again (const wgi_op *op, const wg_var block[], wg_var y[])
{
  wg_var *x = malloc (wgi_times (op->nx, sizeof *x));
  for (size_t o = 0; o < op->ny; o++) y[o] = wg_num (NAN);
  if (!x) wgi_no_memory ();
  else wgi_op_operands (op, block, x), wgi_array_apply (op->prim, op->source.name, op->nx, x, op->attrs, op->attr, op->ny, y);
  free (x);
}
