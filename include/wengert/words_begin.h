/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Sets the words of rules.def free for use, keeping what the user's program may have defined under the
 * same names; <wengert/words_end.h> gives that back.  The two are used as a pair, hence no guard.
 */
#pragma push_macro ("ROW1")
#pragma push_macro ("ROW2")
#pragma push_macro ("ROW3")
#pragma push_macro ("ROW1K")
#pragma push_macro ("ROW1C")
#pragma push_macro ("ROW2K")
#pragma push_macro ("FLAT1")
#pragma push_macro ("FLAT2")
#pragma push_macro ("N")
#pragma push_macro ("SAME")
#pragma push_macro ("FLIP")
#pragma push_macro ("VIA")
#pragma push_macro ("FLIP_VIA")
#pragma push_macro ("OVER")
#pragma push_macro ("SCALE_OVER")
#pragma push_macro ("WHERE")
#pragma push_macro ("UNLESS")
#pragma push_macro ("WHEN")
#pragma push_macro ("NONE")
#pragma push_macro ("NONZERO")
#pragma push_macro ("POSITIVE")
#pragma push_macro ("LESS")
#pragma push_macro ("ABOVE")
#pragma push_macro ("OUTSIDE")
#pragma push_macro ("IS_MAX")
#pragma push_macro ("IS_MIN")
#pragma push_macro ("TO")
#undef ROW1
#undef ROW2
#undef ROW3
#undef ROW1K
#undef ROW1C
#undef ROW2K
#undef FLAT1
#undef FLAT2
#undef N
#undef SAME
#undef FLIP
#undef VIA
#undef FLIP_VIA
#undef OVER
#undef SCALE_OVER
#undef WHERE
#undef UNLESS
#undef WHEN
#undef NONE
#undef NONZERO
#undef POSITIVE
#undef LESS
#undef ABOVE
#undef OUTSIDE
#undef IS_MAX
#undef IS_MIN
#undef TO
