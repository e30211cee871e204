/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Which objects this processor can run.
 */
#include "sweep/sweep.h"

const wgi_wide_sweeps *wgi_wide_for_cpu (void)
{
#ifdef WGI_HAVE_AVX512
  if (__builtin_cpu_supports ("avx512f")) return &wgi_wide_avx512;
#endif
  return &wgi_wide_baseline;
}
