dnl SPDX-License-Identifier: MIT
dnl Copyright the Wengert developers
dnl
dnl WG_FLAGS (VARIABLE, FLAGS): append to VARIABLE those of FLAGS that the C compiler takes.  Each is tried
dnl with -Werror, because clang only warns of a flag that it does not know.
AC_DEFUN([WG_FLAGS],
[for wg_flag in m4_normalize([$2]); do
  AS_VAR_PUSHDEF([wg_var], [wg_cv_cflag_$wg_flag])
  AC_CACHE_CHECK([whether $CC takes $wg_flag], [wg_var],
    [wg_saved_CFLAGS=$CFLAGS
     CFLAGS="$CFLAGS -Werror $wg_flag"
     AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])], [AS_VAR_SET([wg_var], [yes])], [AS_VAR_SET([wg_var], [no])])
     CFLAGS=$wg_saved_CFLAGS])
  AS_VAR_IF([wg_var], [yes], [AS_VAR_APPEND([$1], [" $wg_flag"])])
  AS_VAR_POPDEF([wg_var])
done])
