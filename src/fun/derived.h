/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Derivatives of a function as functions.
 */
#ifndef WENGERT_FUN_DERIVED_H
#define WENGERT_FUN_DERIVED_H

#include <wengert/fun.h>

#include "tape/callee.h"

/* A new function.  NULL on error. */
wg_fun *wgi_fun_derive (const wg_fun *f, enum wgi_derived kind);

/* The same, made once and kept by the handle; made and read under the family's lock. */
const wg_fun *wgi_fun_derived (const wg_fun *f, enum wgi_derived kind);

#endif
