/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Which objects this processor can run.
 */
#include <string.h>

#include "sweep/lanes.h"

const wgi_wide_sweeps *wgi_wide_for_cpu (void)
{
#ifdef WGI_HAVE_AVX512
  if (__builtin_cpu_supports ("avx512f")) return &wgi_wide_avx512;
#endif
  return &wgi_wide_baseline;
}

const wgi_lane_sweeps *wgi_lanes_for_cpu (const char *name)
{
  const wgi_lane_sweeps *found[3], **end = found;
#ifdef WGI_HAVE_AVX512
  if (__builtin_cpu_supports ("avx512f")) *end++ = &wgi_lanes_avx512;
#endif
#ifdef WGI_HAVE_AVX2
  if (__builtin_cpu_supports ("avx2")) *end++ = &wgi_lanes_avx2;
#endif
  *end++ = &wgi_lanes_baseline;
  for (const wgi_lane_sweeps **s = found; s < end; s++)
    if (!name || strcmp (name, (*s)->name) == 0) return *s;
  return NULL;
}
