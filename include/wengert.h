/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Wengert: exact derivatives in C.  Everything but the adapters to other libraries.
 */
#ifndef WENGERT_H
#define WENGERT_H

#include <wengert/base.h>
#include <wengert/dual.h>
#include <wengert/generic.h>
#include <wengert/var.h>
#include <wengert/fun.h>
#include <wengert/array.h>
#include <wengert/linalg.h>
#include <wengert/array_reduce.h>
#include <wengert/array_products.h>
#include <wengert/losses.h>
#include <wengert/array_custom.h>
#include <wengert/live.h>
#include <wengert/map.h>
#include <wengert/scan.h>
#include <wengert/inspect.h>
#include <wengert/custom.h>
#include <wengert/adapter.h>
#include <wengert/deriv.h>
#include <wengert/batch.h>
#include <wengert/check.h>
#include <wengert/minimize.h>
#include <wengert/root.h>
#include <wengert/least_squares.h>
#include <wengert/sparse.h>
#include <wengert/nlopt.h>

#endif
