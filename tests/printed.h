/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * What a function printed to the stream that opened gives, once that is closed.
 */
#ifndef WENGERT_TESTS_PRINTED_H
#define WENGERT_TESTS_PRINTED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *printed;
static size_t printed_size;
static FILE *opened (void) { free (printed); printed = NULL; return open_memstream (&printed, &printed_size); }
static int says (const char *what) { return strstr (printed, what) != NULL; }

#endif
