# SPDX-License-Identifier: MIT
# Copyright the Wengert developers
#
# Writes special_points.inc: special functions and their first three derivatives by the last argument, from mpmath with 60
# digits.  Derivatives are mpmath's of the function itself, by Cauchy's integral or differences, not by our recurrences.
#   python3 special_points.py > special_points.inc
from mpmath import mp, mpf, diff, gamma, loggamma, psi, beta, besselj, bessely, besseli, besselk, gammainc, log, nstr

mp.dps = 60
cases = [
    ("gamma", lambda a, x: gamma(x), [0], ["0.3125", "1.4375", "5.8125", "-2.40625", "30.5", "168.25"]),
    ("lngamma", lambda a, x: log(abs(gamma(x))), [0], ["0.3125", "5.8125", "-2.40625", "250.5"]),
    ("psi_n", lambda a, x: psi(int(a), x), [0, 1, 2, 5], ["0.3125", "2.6875", "17.25", "-1.6875"]),
    ("beta", lambda a, x: beta(a, x), ["0.4375", "3.25", "60.5"], ["0.3125", "2.6875", "70.25"]),
    ("lnbeta", lambda a, x: log(beta(a, x)), ["0.4375", "3.25", "60.5"], ["0.3125", "2.6875", "70.25"]),
    ("bessel_Jn", lambda a, x: besselj(a, x), [0, 1, 2, -3, 7], ["0.3125", "2.6875", "25.375"]),
    ("bessel_Yn", lambda a, x: bessely(a, x), [0, 1, 2, -3, 7], ["0.3125", "2.6875", "25.375"]),
    ("bessel_In", lambda a, x: besseli(a, x), [0, 1, 2, -3, 7], ["0.3125", "2.6875", "25.375"]),
    ("bessel_Kn", lambda a, x: besselk(a, x), [0, 1, 2, -3, 7], ["0.3125", "2.6875", "25.375"]),
    ("bessel_Jnu", lambda a, x: besselj(a, x), [0, "0.375", "1", "1.625", "6.5"], ["0.3125", "2.6875", "25.375"]),
    ("bessel_Ynu", lambda a, x: bessely(a, x), [0, "0.375", "1", "1.625", "6.5"], ["0.3125", "2.6875", "25.375"]),
    ("bessel_Inu", lambda a, x: besseli(a, x), [0, "0.375", "1", "1.625", "6.5"], ["0.3125", "2.6875", "25.375"]),
    ("bessel_Knu", lambda a, x: besselk(a, x), [0, "0.375", "1", "1.625", "6.5"], ["0.3125", "2.6875", "25.375"]),
    ("gamma_inc_P", lambda a, x: gammainc(a, 0, x, regularized=True), ["0.4375", "3.25", "60.5"], ["0.3125", "2.6875", "70.25"]),
    ("gamma_inc_Q", lambda a, x: gammainc(a, x, regularized=True), ["0.4375", "3.25", "60.5"], ["0.3125", "2.6875", "70.25"]),
]
print("/* SPDX-License-Identifier: MIT\n * Copyright the Wengert developers\n *\n * Written by special_points.py: function, "
      "first argument, x, the function and three derivatives by x. */")
for name, f, firsts, points in cases:
    for a in firsts:
        for x in points:
            mp.dps = 300 if name.startswith("gamma_inc") else 60     # 1 - Q may be 1e-100
            d = [diff(lambda t: f(mpf(a), t), mpf(x), k) if k else f(mpf(a), mpf(x)) for k in range(4)]
            mp.dps = 20
            print("POINT (%s, %s, %s, %s)" % (name, a, x, ", ".join(nstr(mpf(v), 18) for v in d)))
            mp.dps = 60
