/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Rolled loops at random: loops, and loops in them, of gathers, sums, recurrences, branches, calls and trips that differ, are the same
 * function rolled.  Statements work on small integers.  Products have factors that are inputs or literals, a sum adds
 * an input or literal to what grows: numbers stay far below 2^53 and all results are exact.
 */
#include "rolling.h"
#include "runner.h"

static wg_fun *called;

enum { TEMPS = 4, SUMS = 3, CELLS = 40, STATEMENTS = 6 };

enum leaf { LEAF_INPUT, LEAF_STRIDED, LEAF_GATHERED, LEAF_DATUM, LEAF_LITERAL, LEAVES };
enum grown { GROWN_TEMP, GROWN_CELL, GROWN_CELL_BEFORE, GROWNS };
enum action { ACT_PRODUCT, ACT_SQUARE, ACT_ADD, ACT_SUB, ACT_ABS, ACT_LARGER, ACT_SMALLER, ACT_SELECT, ACT_TOTAL, ACT_MINUS, ACT_CASCADE, ACT_TOP,
              ACT_STORE, ACT_CALL, ACT_BRANCH, ACTIONS };

typedef struct { enum action act; enum leaf leaf[2]; enum grown grown[2]; size_t place[4], to, only; int when; } statement;
typedef struct { size_t trips, inner, before, after, within; statement s[STATEMENTS]; } random_loop;
typedef struct { size_t m, loops; random_loop loop[3]; size_t out[3]; } program;

static void make_program (program *p, uint64_t seed)
{
  rp_random r = { seed*7919 + 17 };
  *p = (program){ .m = 1 + rp_below (&r, 3), .loops = 1 + rp_below (&r, 3) };
  for (size_t k = 0; k < 3; k++) p->out[k] = rp_below (&r, TEMPS + SUMS + CELLS);
  for (size_t l = 0; l < p->loops; l++)
    {
      random_loop *loop = &p->loop[l];
      loop->trips = rp_below (&r, 5) ? 16 + rp_below (&r, 60) : rp_below (&r, 16);
      loop->before = 1 + rp_below (&r, 3), loop->within = rp_below (&r, 3) ? 0 : 1 + rp_below (&r, 2), loop->after = rp_below (&r, 2);
      loop->inner = 2 + rp_below (&r, 12);
      for (size_t i = 0; i < STATEMENTS; i++)
        {
          statement *s = &loop->s[i];
          s->act = (enum action) rp_below (&r, rp_below (&r, 20) ? ACT_BRANCH : ACTIONS), s->to = rp_below (&r, TEMPS);
          if (rp_below (&r, 3) == 0) s->act = ACT_TOTAL;
          for (int j = 0; j < 2; j++)
            {
              s->leaf[j] = (enum leaf) rp_below (&r, j && s->act != ACT_PRODUCT ? LEAVES : 3);
              s->grown[j] = (enum grown) (rp_below (&r, 6) ? 0 : rp_below (&r, GROWNS));
            }
          for (int j = 0; j < 4; j++) s->place[j] = rp_below (&r, 30);
          if (i == 0) s->act = ACT_PRODUCT;
          for (int j = 0; j < 2 && i && rp_below (&r, 6); j++)       /* mostly of this trip */
            s->grown[j] = GROWN_TEMP, s->place[2 + j] = loop->s[rp_below (&r, i)].to;
          s->only = rp_below (&r, 60), s->when = rp_below (&r, 8) ? 0 : 1 + (int) rp_below (&r, 2);
        }
    }
}

typedef struct { const wg_var *x; wg_var temp[TEMPS], sum[SUMS], cell[CELLS]; } memory;

static wg_var leaf_of (const memory *v, const statement *s, int j, size_t i)
{
  const size_t place = s->place[j];
  switch (s->leaf[j])
    {
    case LEAF_INPUT: return v->x[place % N];
    case LEAF_STRIDED: return v->x[(place + i*(1 + place % 3)) % N];
    case LEAF_GATHERED: return v->x[pick[place*7 + i]];
    case LEAF_DATUM: return wg_num (data[place*11 + i]);
    default: return wg_num ((double) place - 9);
    }
}

static wg_var grown_of (const memory *v, const statement *s, int j, size_t i)
{
  const size_t place = s->place[2 + j];
  switch (s->grown[j])
    {
    case GROWN_TEMP: return v->temp[place % TEMPS];
    case GROWN_CELL: return v->cell[(place + i) % CELLS];
    default: return v->cell[(i + CELLS - 1) % CELLS];
    }
}

static void act (memory *v, const statement *s, size_t trip, size_t i)
{
  wg_var *to = &v->temp[s->to], *sum = &v->sum[s->to % SUMS];
  const wg_var a = leaf_of (v, s, 0, i), b = leaf_of (v, s, 1, i), g = grown_of (v, s, 0, i), h = grown_of (v, s, 1, i);
  wg_var out[2];
  if ((s->when == 1 && trip == s->only) || (s->when == 2 && trip != s->only)) return;
  switch (s->act)
    {
    case ACT_PRODUCT: *to = wg_mul (a, b); break;
    case ACT_SQUARE: *to = wg_sqr (a); break;
    case ACT_ADD: *to = wg_add (g, b); break;
    case ACT_SUB: *to = wg_sub (b, g); break;
    case ACT_ABS: *to = wg_abs (g); break;
    case ACT_LARGER: *to = wg_max (g, b); break;
    case ACT_SMALLER: *to = wg_min (g, h); break;
    case ACT_SELECT: *to = wg_select (wg_is_lt (a, b), g, h); break;
    case ACT_TOTAL: *sum = wg_add (*sum, g); break;
    case ACT_MINUS: *sum = wg_sub (*sum, g); break;
    case ACT_CASCADE: v->sum[1] = wg_add (v->sum[1], wg_max (v->sum[0], b)); break;
    case ACT_TOP: *sum = wg_max (g, *sum); break;
    case ACT_STORE: v->cell[i % CELLS] = g; break;
    case ACT_CALL:                 /* its products are of inputs and numbers */
      wg_call (called, (wg_var[]){ a, b, leaf_of (v, s, 1, i + 1) }, NULL, out);
      *to = out[s->to % 2];
      break;
    default: if (wg_lt (a, b)) *to = g; else *sum = wg_add (*sum, a);
    }
}

static void run_program (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const program *p = ctx;
  memory v = { .x = x };
  (void) n;
  for (size_t i = 0; i < TEMPS; i++) v.temp[i] = x[i];
  for (size_t i = 0; i < SUMS; i++) v.sum[i] = i ? x[N - i] : wg_num (0);
  for (size_t i = 0; i < CELLS; i++) v.cell[i] = x[(5*i) % N];
  for (size_t l = 0; l < p->loops; l++)
    {
      const random_loop *loop = &p->loop[l];
      const statement *s = loop->s;
      for (size_t i = 0; i < loop->trips; i++)
        {
          for (size_t k = 0; k < loop->before; k++) act (&v, s + k, i, i);
          for (size_t j = 0; j < loop->inner && loop->within; j++)
            for (size_t k = 0; k < loop->within; k++) act (&v, s + loop->before + k, i, i*loop->inner + j);
          for (size_t k = 0; k < loop->after; k++) act (&v, s + loop->before + loop->within + k, i, i);
        }
    }
  for (size_t k = 0; k < m; k++)
    {
      const size_t from = p->out[k];
      y[k] = wg_add (v.sum[k % SUMS], from < TEMPS ? v.temp[from] : from < TEMPS + SUMS ? v.sum[from - TEMPS] : v.cell[from - TEMPS - SUMS]);
    }
}

enum { PER_TEST = 25 };

START_TEST (test_random)
{
  size_t rolled = 0;
  set_data ();
  called = record_bent ();
  for (size_t k = 0; k < PER_TEST; k++)
    {
      const uint64_t seed = (uint64_t) _i*PER_TEST + k;
      rp_random r = { seed };
      program p;
      wg_fun *f[2];
      double x[2][AGREE_MOST];
      make_program (&p, seed);
      for (size_t i = 0; i < AGREE_MOST; i++) x[0][i] = (double) rp_below (&r, 9) - 4, x[1][i] = (double) rp_below (&r, 9) - 4;
      record_both (run_program, &p, N, p.m, x[0], f);
      rolled += info_of (f[1]).loops > 0;
      for (int s = 0; s < 2; s++) agree (f[0], f[1], x[s], k == 0 && s == 0);
      for (int s = 0; s < 2; s++) wg_fun_free (f[s]);
    }
  wg_fun_free (called);
  ck_assert_msg (rolled >= 1, "%zu programs of %d had loops that were rolled", rolled, PER_TEST);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("random loops, rolled");
  TCase *t = tcase_create ("random loops, rolled");
  tcase_set_timeout (t, 0);
  tcase_add_loop_test (t, test_random, 0, (int) rp_soak (40));
  suite_add_tcase (s, t);
  return run_suite (s);
}
