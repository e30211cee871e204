/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Statuses and messages.  Every status is one row of WG_STATUSES; enum, texts and tests follow from it.
 *   0         fine
 *   negative  an error: outputs are untouched
 *   positive  a notice: outputs are written
 */
#ifndef WENGERT_BASE_H
#define WENGERT_BASE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#if defined __GNUC__
# define WG_API __attribute__ ((visibility ("default")))
#else
# define WG_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define WG_STATUSES(X)                                                                              \
  X (WG_OK,         0,   "success")                                                                 \
  X (WG_NONFINITE,  1,   "a written output is not finite")                                          \
  X (WG_NOCONV,     2,   "not converged; the best point so far is returned")                        \
  X (WG_DISAGREE,   3,   "the derivative and its difference quotient disagree")                     \
  X (WG_UNSURE,     4,   "the difference quotients are too noisy to tell")                          \
  X (WG_INDEPENDENT, 5,  "what was differentiated does not depend on this variable")                \
  X (WG_EINVAL,    -1,   "invalid argument")                                                        \
  X (WG_ENOMEM,    -2,   "out of memory")                                                           \
  X (WG_ESHAPE,    -3,   "the shapes do not fit")                                                   \
  X (WG_EBRANCH,   -4,   "a recorded branch does not hold here and there is no model to record again") \
  X (WG_ETAPE,     -5,   "a variable of another tape, another thread or an ended recording")        \
  X (WG_EUNSET,    -6,   "the model left an output unset")                                          \
  X (WG_EMODEL,    -7,   "the model raised an error")                                               \
  X (WG_ELIMIT,    -8,   "a limit of the library is exceeded")                                      \
  X (WG_EBUSY,     -9,   "the function is being recorded by this thread")                           \
  X (WG_EORDER,   -10,   "a custom operation has no derivative of this order") \
  X (WG_EPLAN,    -11,   "a plan lacks entries that this branch of the function has")

#define WGI_STATUS(name, value, text) name = value,
enum wg_status { WG_STATUSES (WGI_STATUS) WGI_STATUS_END_ = 0x7fff };
#undef WGI_STATUS

/* Is a status an error, so that nothing was written? */
#define WG_FAILED(rc) ((rc) < 0)

/* The text of a status; never NULL, "unknown status" for a number that is none.  Static storage. */
WG_API const char *wg_strerror (int status);

/* What the last call that failed, or gave a notice, on this thread said: the operation, shapes and
 * numbers.  Never NULL; "" when there was none.  Valid until the next such call on this thread. */
WG_API const char *wg_last_error (void);

/* The library's version, "major.minor.patch".  Static storage. */
WG_API const char *wg_version (void);

#ifdef __cplusplus
}
#endif
#endif
