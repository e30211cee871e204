/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * J v and u^T J of a source as sources: what one mode of it computes is the other's value.
 */
#ifndef WENGERT_FUN_LIFTED_H
#define WENGERT_FUN_LIFTED_H

#include "tape/callee.h"

/* The source (x, v) -> J v (WGI_JVP) or (x, u) -> u^T J (WGI_VJP) of a source: a ready source->derived.  NULL on error. */
wgi_source *wgi_lifted (wgi_source *s, enum wgi_derived kind);

#endif
