/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Sweeps over double: values, gradients, vector-Jacobian products.
 */
#include <wengert/leaf.h>

#include "sweep/numbers.h"

#define NAME wgi_forward_double
#define CALL              wgi_call_forward (frame, WGI_VALUE, word, out)
#define NUM double
#define OPEN_PLANES       double *const v = frame->plane[WGI_VALUE];
#define GET(w, active)    v[w]
#define PUT(e)            v[out] = e
#define PUT_FLAT(e)       PUT (e)
#define EVALF1(row)       wg_double_##row (REAL (word[0]))
#define EVALF2(row)       wg_double_##row (REAL (word[0]), REAL (word[1]))
#define EVAL1(row)        wg_double_##row (a)
#define EVAL1K(row)       wg_double_##row (a, k)
#define EVAL1C(row)       wg_double_##row (a, c, k)
#define EVAL2(row)        wg_double_##row (a, b)
#define EVAL2K(row)       wg_double_##row (a, b, k)
#define EVAL3(row)        wg_double_##row (a, b, c)
#define ONE_MASK
#include "sweep/forward.inc"

#define NAME wgi_reverse_double
#define CALL              wgi_call_reverse (frame, WGI_VALUE, word, out, 0)
#define NUM double
#define N(op)             wg_double_##op
#define OPEN_PLANES       const double *const v = frame->plane[WGI_VALUE]; double *const adjoint = frame->plane[WGI_ADJOINT];
#define GET(w, active)    v[w]
#define RESULT            v[out]
#define TAKE              wgi_take (adjoint + out)
#define ASLEEP(t)         wgi_asleep (t)
#define ADD_TO(w, e)      adjoint[w] += e
#define AWAKE(e)          ((e) + 0.)
#include "sweep/reverse.inc"

#define NAME wgi_reverse_keeping
#define NO_CHAINS
#define CALL              wgi_call_reverse (frame, WGI_VALUE, word, out, 1)
#define NUM double
#define N(op)             wg_double_##op
#define OPEN_PLANES       const double *const v = frame->plane[WGI_VALUE]; double *const adjoint = frame->plane[WGI_ADJOINT];
#define GET(w, active)    v[w]
#define RESULT            v[out]
#define TAKE              adjoint[out]
#define ASLEEP(t)         wgi_asleep (t)
#define ADD_TO(w, e)      adjoint[w] += e
#define AWAKE(e)          ((e) + 0.)
#include "sweep/reverse.inc"
