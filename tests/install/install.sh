#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright the Wengert developers
#
# make install into an empty folder gives a copy that another program can use through pkg-config alone:
# shared, static, and from C++.  All files of include/ are in it, and make uninstall leaves none.
# wengert-uninstalled.pc serves the build folder in the same way.  Where there is GSL, demos/gsl_multifit.c is built
# through wengert-gsl alone, both ways.
set -eu

unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES DESTDIR 2> /dev/null || :
if ! command -v "${PKG_CONFIG:-pkg-config}" > /dev/null 2>&1; then echo "no pkg-config"; exit 77; fi
work=$(mktemp -d "${TMPDIR:-/tmp}/wengert-install.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
root=$work/root
cd "$WG_BUILDDIR"

fail () { echo "FAILED: $*"; exit 1; }
quietly () { "$@" > "$work/output" 2>&1 || { cat "$work/output"; fail "$*"; }; }

quietly "${MAKE:-make}" install DESTDIR="$root"
pc=$(find "$root" -name wengert.pc)
[ -n "$pc" ] || fail "wengert.pc is not installed"
header=$(find "$root" -name wengert.h)
shared=$(find "$root" -name 'libwengert.so' -o -name 'libwengert.dylib')
static=$(find "$root" -name libwengert.a)

echo "the installed headers are those of include/"
with_gsl=${WG_GSL:-no}
absent=./none
if [ "$with_gsl" != yes ]; then absent='./wengert/gsl*'; fi
(cd "$WG_SRCDIR/include" && find . -type f ! -name '*~' ! -path "$absent" | LC_ALL=C sort) > "$work/given"
(cd "${header%/*}" && find ./wengert.h ./wengert -type f | LC_ALL=C sort) > "$work/installed"
diff "$work/given" "$work/installed" || fail "headers"

# A program in its own folder, with nothing but what pkg-config says.
mkdir "$work/user"
cp "$WG_SRCDIR/tests/install/user.c" "$work/user/user.c"
cp "$WG_SRCDIR/tests/install/user.c" "$work/user/user.cc"
cp "$WG_SRCDIR/demos/$WG_INSTALL_DEMO.c" "$work/user/demo.c"
cp "$WG_SRCDIR/demos/gsl_multifit.c" "$work/user/fit.c"
cd "$work/user"
PKG_CONFIG_PATH=${pc%/*}
PKG_CONFIG_SYSROOT_DIR=$root
PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1
PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_ALLOW_SYSTEM_CFLAGS PKG_CONFIG_ALLOW_SYSTEM_LIBS
pkg=${PKG_CONFIG:-pkg-config}
version=$($pkg --modversion wengert)
flags=$($pkg --cflags wengert)
libs=$($pkg --libs wengert)
private=$($pkg --libs --static wengert | tr ' ' '\n' | grep -v -e '^-L' -e '^-lwengert$' | tr '\n' ' ')

# run NAME: the program prints the version it was linked with, and 1 for a derivative that is right
run ()
{
  LD_LIBRARY_PATH=${shared%/*}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} quietly "./$1"
  [ "$(cat "$work/output")" = "$version 1" ] || fail "$1 printed $(cat "$work/output")"
}

# fit HOW PATH: the demo of GSL, with what pkg-config says of wengert-gsl
fit ()
{
  [ "$with_gsl" = yes ] || return 0
  echo "$1, the demo gsl_multifit"
  # shellcheck disable=SC2086,SC2046
  quietly $CC $WG_LINK_FLAGS -std=c11 $($pkg --cflags wengert-gsl) fit.c -o fit $($pkg --libs wengert-gsl) -lm
  LD_LIBRARY_PATH=$2 quietly ./fit
  grep -q '^fitted: A = ' "$work/output" || fail "gsl_multifit printed $(cat "$work/output")"
}

# Words are meant to be split from here on.
# shellcheck disable=SC2086,SC2046
{
  if [ -n "$shared" ]
  then
    echo "shared"
    quietly $CC $WG_LINK_FLAGS -std=c11 $flags user.c -o shared $libs -lm
    run shared
    echo "shared, the demo $WG_INSTALL_DEMO"
    quietly $CC $WG_LINK_FLAGS -std=c11 $flags demo.c -o demo $libs -lm
    LD_LIBRARY_PATH=${shared%/*} quietly ./demo
    [ -s "$work/output" ] || fail "the demo printed nothing"
    fit shared "${shared%/*}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
    if [ -n "${CXX-}" ]
    then
      echo "shared, C++"
      quietly $CXX $WG_LINK_FLAGS -std=c++17 $flags user.cc -o shared++ $libs
      run shared++
    fi
  fi
  if [ -n "$static" ]
  then
    echo "static"
    quietly $CC $WG_LINK_FLAGS -std=c11 $flags user.c -o static "$static" $private
    run static
  fi
  echo "not installed"
  unset PKG_CONFIG_SYSROOT_DIR
  PKG_CONFIG_PATH=$WG_BUILDDIR
  # pkg-config prefers the -uninstalled file
  quietly $CC $WG_LINK_FLAGS -std=c11 $($pkg --cflags wengert) user.c -o uninstalled $($pkg --libs wengert) -lm
  shared=
  quietly ./uninstalled
  [ "$(cat "$work/output")" = "$version 1" ] || fail "uninstalled printed $(cat "$work/output")"
  fit "not installed" "${LD_LIBRARY_PATH-}"
}

cd "$WG_BUILDDIR"
echo "uninstall"
quietly "${MAKE:-make}" uninstall DESTDIR="$root"
left=$(find "$root" ! -type d)
[ -z "$left" ] || fail "make uninstall left $left"
