/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Custom functions whose Jacobian is a model: a callee of their own.
 */
#ifndef WENGERT_FUN_CUSTOM_H
#define WENGERT_FUN_CUSTOM_H

#include <pthread.h>

#include <wengert/custom.h>

#include "tape/callee.h"

typedef struct {
  wgi_source source;
  wg_rules rules;
  void *ctx;
  const wg_rules *key;           /* of wg_call_custom: whose rules these are; else NULL */
  pthread_mutex_t lock;          /* guards jacobian */
  wg_fun *jacobian;              /* rules.jacobian recorded, at the first point where it was needed */
} wgi_custom;

/* Fails with the message that what returned rc, if it is not 0. */
int wgi_custom_told (const wgi_source *s, const char *what, int rc);

/* An instance of a source with rules.jacobian, and its source->jacobian. */
wgi_callee *wgi_custom_modelled (wgi_source *);
void wgi_custom_jacobian (wgi_source *, const wg_var x[], wg_var J[]);

/* WG_EORDER: a source has no partial derivative with respect to operand j. */
int wgi_no_partial (const wgi_source *, size_t j);

#endif
