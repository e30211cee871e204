/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Models that are no models: recording them ends with a status and words that name operation and shapes.
 */
#ifndef TESTS_ARRAY_REFUSALS_H
#define TESTS_ARRAY_REFUSALS_H

#include <check.h>
#include <string.h>

#include <wengert.h>

typedef struct { wg_model *model; const char *says; } refusal;

/* r has six inputs and one output, and does not fit. */
static inline void check_refused (const refusal *r)
{
  const double x[6] = { 1, 2, 3, 4, 5, 6 };
  ck_assert_ptr_null (wg_fun_record (r->model, NULL, 6, 1, x));
  ck_assert_int_eq (wg_fun_status (NULL), WG_ESHAPE);
  ck_assert_msg (strstr (wg_last_error (), r->says) != NULL, "%s", wg_last_error ());
}

#endif
