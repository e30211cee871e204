/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The peer Stan Math: its functionals gradient, hessian_times_vector and jacobian, which record anew in every call.
 */
#include <stan/math/mix/mat.hpp>

template <class T> static T larger (const T &a, const T &b) { return fmax (a, b); }

#include "models.hpp"

namespace {

template <class T> using vector = Eigen::Matrix<T, Eigen::Dynamic, 1>;

struct value {
  const bench_problem *p;
  template <class T> T operator() (const vector<T> &x) const { return models::value (p, x.data ()); }
};

struct terms {
  const bench_problem *p;
  template <class T> vector<T> operator() (const vector<T> &x) const
  {
    vector<T> y ((Eigen::Index) p->m);
    models::terms (p, x.data (), y.data ());
    return y;
  }
};

void *open (const bench_problem *p, bench_record *) { return const_cast<bench_problem *> (p); }
void close (void *) {}

int run (void *, const bench_problem *p, bench_task task, double y[])
{
  typedef Eigen::Map<const Eigen::VectorXd> map;
  const Eigen::Index n = (Eigen::Index) p->n;
  const Eigen::VectorXd x = map (p->x, n);
  Eigen::VectorXd out;
  Eigen::MatrixXd J;
  double f;
  switch (task)
    {
    case BENCH_GRADIENT:
      stan::math::gradient (value { p }, x, f, out);
      Eigen::Map<Eigen::VectorXd> (y, n) = out;
      return 0;
    case BENCH_HVP: case BENCH_HVPS:
      for (Eigen::Index k = 0; k < (task == BENCH_HVP ? 1 : BENCH_DIRECTIONS); k++)
        {
          stan::math::hessian_times_vector (value { p }, x, Eigen::VectorXd (map (p->v + k*n, n)), f, out);
          Eigen::Map<Eigen::VectorXd> (y + k*n, n) = out;
        }
      return 0;
    case BENCH_JACOBIAN:
      stan::math::jacobian (terms { p }, x, out, J);
      Eigen::Map<Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>> (y, J.rows (), n) = J;
      return 0;
    default: return BENCH_NOT_DONE;                     /* the value is a program over double, as "hand" has it */
    }
}

}

extern "C" const bench_peer bench_stan;
const bench_peer bench_stan = { "Stan", open, run, close, NULL };
