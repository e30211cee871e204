/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The peer Sacado (Trilinos): reverse mode by Rad::ADvar, which records anew in every call; Hessian-vector products by
 * the same over Fad::SFad numbers of as many directions; Jacobians by Fad, some columns at a time.  Without the
 * configuration of Trilinos it is headers only.
 */
#define TRILINOS_NO_CONFIG_H
#define HAVE_SACADO_CXX11
#define SACADO_NEW_FAD_DESIGN_IS_DEFAULT
#include <Sacado_MathFunctions.hpp>
#include <Sacado_Fad_Exp_MathFunctions.hpp>
#include <Sacado_Fad_SFad.hpp>
#include <Sacado_trad.hpp>

template <class T> static T larger (const T &a, const T &b) { return max (a, b); }

#include "models.hpp"

#include <algorithm>
#include <vector>

namespace {

template <int K> using directions = Sacado::Fad::SFad<double, K>;

void gradient (const bench_problem *p, double y[])
{
  typedef Sacado::Rad::ADvar<double> number;
  std::vector<number> x (p->x, p->x + p->n);
  number f = models::value (p, x.data ());
  number::Gradcomp ();
  for (size_t i = 0; i < p->n; i++)
    y[i] = x[i].adj ();
}

template <int K> void products (const bench_problem *p, double y[])
{
  typedef Sacado::Rad::ADvar<directions<K>> number;
  std::vector<number> x (p->n);
  for (size_t i = 0; i < p->n; i++)
    {
      directions<K> xi (p->x[i]);
      for (int k = 0; k < K; k++)
        xi.fastAccessDx (k) = p->v[(size_t) k*p->n + i];
      x[i] = xi;
    }
  number f = models::value (p, x.data ());
  number::Gradcomp ();
  for (size_t i = 0; i < p->n; i++)
    for (int k = 0; k < K; k++)
      y[(size_t) k*p->n + i] = x[i].adj ().dx (k);
}

void jacobian (const bench_problem *p, double y[])
{
  enum { K = 8 };
  std::vector<directions<K>> x (p->x, p->x + p->n), f (p->m);
  for (size_t first = 0; first < p->n; first += K)
    {
      const size_t count = std::min<size_t> (K, p->n - first);
      for (size_t j = 0; j < count; j++)
        x[first+j] = directions<K> (K, (int) j, p->x[first+j]);
      models::terms (p, x.data (), f.data ());
      for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < count; j++)
          y[i*p->n + first + j] = f[i].dx ((int) j);
      for (size_t j = 0; j < count; j++)
        x[first+j] = p->x[first+j];
    }
}

void *open (const bench_problem *p, bench_record *) { return const_cast<bench_problem *> (p); }
void close (void *) {}

int run (void *, const bench_problem *p, bench_task task, double y[])
{
  switch (task)
    {
    case BENCH_GRADIENT: gradient (p, y); return 0;
    case BENCH_HVP: products<1> (p, y); return 0;
    case BENCH_HVPS: products<BENCH_DIRECTIONS> (p, y); return 0;
    case BENCH_JACOBIAN: jacobian (p, y); return 0;
    default: return BENCH_NOT_DONE;                     /* the value is a program over double, as "hand" has it */
    }
}

}

extern "C" const bench_peer bench_sacado;
const bench_peer bench_sacado = { "Sacado", open, run, close, NULL };
