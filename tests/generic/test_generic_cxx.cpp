/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The same tests as C++17, where the generic calls are overloads.
 */
#include "test_generic.c"
