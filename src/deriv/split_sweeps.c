/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The Hessian of a split function: the weights of all summands by one reverse sweep, then summand by summand products with its
 * inputs' directions, WGI_DIRECTIONS at once, by sweeps over its stretch.  What is in the stretch for other summands has
 * tangents that nobody reads, and sleeps in reverse.
 */
#include <string.h>

#include "deriv/split.h"
#include "sweep/numbers.h"

/* The adjoint of each slot into the second tangents' plane, which is free. */
static int find_weights (wg_fun *f, const wgi_split *s, const double u[])
{
  const wgi_program *p = f->trace->program;
  wgi_program above = *p;
  double *adjoint = f->frame.plane[WGI_ADJOINT];
  for (size_t i = 0; i < p->m; i++) wgi_seed (f, i, u ? u[i] : 1, 0);
  f->frame.status = 0;
  above.code = s->above;
  wgi_reverse_keeping (&above, &f->frame);
  memcpy (f->frame.plane[WGI_D2], adjoint, p->slots*sizeof *adjoint);
  for (size_t i = 0; i < p->slots; i++) adjoint[i] = -0.;
  return f->frame.status;
}

static double weight_of (const wg_fun *f, const wgi_summand *s, const double u[])
{
  if (s->output == WGI_ITSELF) return f->frame.plane[WGI_D2][s->slot];
  return !u ? 1 : u[s->output] == 0 ? -0. : u[s->output];
}

/* The directions d .. d + count - 1 of summand k, side by side or a single one. */
static void sweep (wg_fun *f, const wgi_split *s, size_t k, const wgi_program *part, double weight, uint32_t d, size_t count, double value[])
{
  const wgi_summand *of = &s->summand[k];
  const size_t stride = count > 1 ? WGI_DIRECTIONS : 1;
  double *tangent = count > 1 ? f->frame.wide[WGI_WIDE_TANGENT] : f->frame.plane[WGI_D1];
  double *product = count > 1 ? f->frame.wide[WGI_WIDE_ADJOINT] : f->frame.plane[WGI_ADJOINT + WGI_D1];
  for (size_t j = 0; j < count; j++) tangent[s->seed[d+j]*stride + j] = 1;
  (count > 1 ? f->wide->tangent : wgi_tangent_double) (part, &f->frame);
  f->frame.plane[WGI_ADJOINT][of->slot] += weight;
  for (size_t j = 0; j < stride; j++) product[of->slot*stride + j] += 0.;
  (count > 1 ? f->wide->reverse_dual : wgi_reverse_dual) (part, &f->frame);
  for (size_t j = 0; j < count; j++)
    {
      for (uint32_t g = s->get_start[d+j]; g < s->get_start[d+j+1]; g++)
        value[s->get[g].at] += product[s->get[g].from*stride + j] + 0.;
      tangent[s->seed[d+j]*stride + j] = 0;
    }
  for (uint32_t i = s->inputs.start[k]; i < s->inputs.start[k+1]; i++)
    {
      const size_t in = s->inputs.index[i];
      f->frame.plane[WGI_ADJOINT][in] = -0.;
      for (size_t j = 0; j < stride; j++) product[in*stride + j] = -0.;
    }
}

int wgi_split_planes (wg_fun *f)
{
  const int rc = wgi_fun_planes (f, WGI_V | WGI_D | WGI_DD | WGI_A | WGI_AD);
  return rc ? rc : wgi_fun_wide (f, 1u << WGI_WIDE_TANGENT | 1u << WGI_WIDE_ADJOINT);
}

int wgi_split_hessian (wg_fun *f, const wgi_split *s, const double u[], double value[])
{
  const wgi_program *p = f->trace->program;
  wgi_program part = *p;
  int rc = find_weights (f, s, u);
  if (rc) return rc;
  memset (f->frame.plane[WGI_D1], 0, p->slots*sizeof (double));
  for (size_t i = 0; i < s->maps && !rc; i++)
    rc = wgi_mapped_add (f, &s->map[i], f->frame.plane[WGI_D2] + s->map[i].slot, f->frame.plane[WGI_D1] + s->map[i].slot, value);
  if (rc || !s->summands) return rc;
  memset (f->frame.wide[WGI_WIDE_TANGENT], 0, p->slots*WGI_DIRECTIONS*sizeof (double));
  for (size_t k = 0; k < s->summands && !f->frame.status; k++)
    {
      const wgi_range *r = &s->summand[k].range;
      const double weight = s->start[k] == s->start[k+1] ? -0. : weight_of (f, &s->summand[k], u);
      if (wgi_asleep (weight)) continue;
      part.code = s->code + r->code, part.count = r->codes;
      part.word = p->word + r->word, part.words = r->words;
      part.n = r->first, part.slots = r->slot;
      for (uint32_t d = s->start[k], count; d < s->start[k+1] && !f->frame.status; d += count)
        {
          count = s->start[k+1] - d < WGI_DIRECTIONS ? s->start[k+1] - d : WGI_DIRECTIONS;
          sweep (f, s, k, &part, weight, d, count, value);
        }
    }
  wgi_fun_rest (f, WGI_ADJOINT), wgi_fun_rest (f, WGI_ADJOINT + WGI_D1);      /* a call adds zeros to operands that others */
  wgi_fun_rest_wide (f);                                                       /* of its results need, and NaN when it fails */
  return f->frame.status;
}
