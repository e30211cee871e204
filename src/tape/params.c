/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The parameters of a tape: numbers that the model names while it is recorded and that may change without another recording.  The value is
 * the one given for the recording, else the model's first; between them and the highest named there may be some that are not.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "tape/tape.h"

/* The value of a parameter below the highest that the model has not named: a NaN of its own, 0 in the end. */
static const uint64_t unnamed_bits = 0x7ff8000057454e47;

static double unnamed (void)
{
  double x;
  memcpy (&x, &unnamed_bits, sizeof x);
  return x;
}

static int is_unnamed (double x)
{
  return memcmp (&x, &unnamed_bits, sizeof x) == 0;
}

void wgi_tape_end_params (wgi_tape *t)
{
  for (size_t i = 0; i < t->params; i++)
    if (is_unnamed (t->param[i])) t->param[i] = 0;
}

wg_var wgi_tape_param (wgi_tape *t, size_t i, double initial)
{
  if (!t->status && i >= t->params)
    {
      double *param = t->param;
      if (i >= WGI_PARAM) wgi_tape_fail (t, WG_ELIMIT, "parameter %zu: more than a tape can hold", i);
      else if (i >= t->param_capacity)
        {
          const size_t capacity = 2*i + 8;
          param = realloc (t->param, wgi_times (capacity, sizeof *param));
          if (!param) wgi_tape_fail (t, WG_ENOMEM, "out of memory for %zu parameters", i + 1);
          else t->param = param, t->param_capacity = capacity;
        }
      if (!t->status)
        {
          for (size_t j = t->params; j <= i; j++) param[j] = j < t->set_count ? t->set[j] : unnamed ();
          t->params = i + 1;
        }
    }
  if (!t->status && is_unnamed (t->param[i])) t->param[i] = initial;
  if (t->status) return (wg_var){ initial, 0, t->stamp << WGI_SHAPE_BITS };
  return (wg_var){ t->param[i], WGI_PARAM | (uint32_t) i, t->stamp << WGI_SHAPE_BITS };
}

wg_var wg_param (wg_var like, size_t i, double initial)
{
  wgi_tape *t = like.ids ? wgi_tape_of (like) : wgi_tape_innermost ();
  if (!t)
    {
      wgi_fail (WG_ETAPE, "wg_param: not in a recording");
      return wg_num (initial);
    }
  if (t->live)
    {
      wgi_tape_fail (t, WG_EINVAL, "wg_param: a live tape has no parameters");
      return wg_num (initial);
    }
  return wgi_tape_param (t, i, initial);
}

void wg_params (wg_var like, size_t first, size_t count, const double initial[], wg_var p[])
{
  for (size_t i = 0; i < count; i++) p[i] = wg_param (like, first + i, initial ? initial[i] : 0);
}
