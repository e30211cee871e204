/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Freezing: what a program is made of.  That its numbers are those of the plain tape, tests/sweep holds; here is what
 * is left out, what is fused and what not, and which operands are active.
 */
#include <check.h>

#include "fun/fun.h"
#include "random_program.h"
#include "runner.h"

/* laws: every program is well formed */

static void well_formed (const wgi_program *p, size_t m)
{
  size_t words = 0, slot = p->n, guards = 0;
  char *read = calloc (wgi_numbers (p) + 1, 1);
  ck_assert_uint_eq (p->m, m);
  for (size_t i = 0; i < p->count; i++)
    {
      const int row = wgi_opcode_row[p->code[i]], mask = (int) wgi_mask (p->code[i]);
      const wgi_row_info *info = &wgi_rows[row];
      ck_assert_int_ge (mask, 0);
      ck_assert_int_eq (mask & ~info->maps, 0);
      for (int j = 0; j < info->operands; j++)
        {
          const uint32_t w = p->word[words + (size_t) j];
          ck_assert_uint_lt (w, wgi_numbers (p));
          read[w] = 1;
          if (wgi_is_slot (p, w)) ck_assert_msg (w < slot, "operation %zu uses a slot that comes later", i);
          else ck_assert_int_eq (mask >> j & 1, 0);                /* a constant has no adjoint */
        }
      if (row == WGI_GUARD_peek) ck_assert (p->word[words + 1] >= p->slots && p->word[words + 1] < p->slots + p->constants);
      words += info->words;
      if (wgi_is_guard (row)) guards++;
      else slot++;
    }
  for (size_t i = 0; i < m; i++)
    {
      ck_assert_uint_lt (p->out[i], wgi_numbers (p));
      read[p->out[i]] = 1;
    }
  for (size_t i = p->n; i < p->slots; i++) ck_assert_msg (read[i], "slot %zu is computed for nobody", i);
  ck_assert_uint_eq (words, p->words);
  ck_assert_uint_eq (slot, p->slots);
  ck_assert_uint_eq (guards, p->guards);
  free (read);
}

START_TEST (programs)
{
  rp_random r = { 0x5eeda000 };
  for (size_t round = 0; round < rp_soak (2000); round++)
    {
      rp_program p;
      double x[RP_NODES];
      const size_t n = 1 + rp_below (&r, 6), m = 1 + rp_below (&r, RP_OUTPUTS);
      for (size_t i = 0; i < n; i++) x[i] = rp_number (&r);
      rp_generate (&r, &p, n, m, 3 + rp_below (&r, 40), round % 2 ? 3 : 0, x, NULL);
      wg_fun *f = wg_fun_record (rp_model, &p, n, m, x);
      ck_assert (f != NULL);
      well_formed (f->trace->program, m);
      ck_assert_uint_le (f->trace->program->count, f->trace->program->recorded);
      wg_fun_free (f);
    }
}
END_TEST

/* points: a model, and what its program has */

static const wgi_program *program (wg_model *model, size_t n, size_t m, wg_fun **f)
{
  *f = wg_fun_record (model, NULL, n, m, (double[]){ 1.5, .75, 2.25 });
  ck_assert_msg (*f != NULL, "%s", wg_last_error ());
  well_formed ((*f)->trace->program, m);
  return (*f)->trace->program;
}

/* The operations as text: "mul:3 add:1", a row and its mask of active operands. */
static void holds (wg_model *model, size_t m, const char *expected)
{
  char text[400] = "";
  wg_fun *f;
  const wgi_program *p = program (model, 3, m, &f);
  for (size_t i = 0; i < p->count; i++)
    {
      const int row = wgi_opcode_row[p->code[i]];
      snprintf (text + strlen (text), sizeof text - strlen (text), "%s%s:%u", i ? " " : "", wgi_rows[row].name, wgi_mask (p->code[i]));
    }
  ck_assert_str_eq (text, expected);
  wg_fun_free (f);
}

#define MODEL(name, ...) static void name (size_t n_, const wg_var x[], size_t m_, wg_var y[], void *ctx_) \
  { (void) n_, (void) m_, (void) ctx_, (void) x; __VA_ARGS__ }

MODEL (dead, wg_exp (wg_sin (x[0])); wg_var p = wg_mul (x[1], x[2]); wg_add (p, x[0]); y[0] = wg_cos (x[0]);)
MODEL (dead_user, wg_var p = wg_mul (x[0], x[1]); wg_exp (p); y[0] = wg_add (p, x[2]);)
MODEL (fused, y[0] = wg_add (x[2], wg_mul (x[0], x[1]));)
MODEL (fused_first, y[0] = wg_add (wg_mul (x[0], x[1]), x[2]);)
MODEL (fused_second, y[0] = wg_add (wg_mul (x[0], x[1]), wg_mul (x[1], x[2]));)
MODEL (fused_chain, wg_var s = x[0]; for (int i = 0; i < 3; i++) s = wg_add (s, wg_mul (x[1], wg_add (x[2], i))); y[0] = s;)
MODEL (fused_constant, y[0] = wg_add (wg_mul (2, x[1]), 3);)
MODEL (fused_difference, y[0] = wg_sub (x[2], wg_mul (x[0], x[1]));)
MODEL (fused_difference_first, y[0] = wg_sub (wg_mul (x[0], x[1]), x[2]);)
MODEL (fused_square, y[0] = wg_add (x[2], wg_sqr (x[1]));)
MODEL (repeated, y[0] = wg_div (wg_sin (wg_mul (x[0], x[1])), wg_exp (wg_sin (wg_mul (x[1], x[0]))));)
MODEL (repeated_guard, y[0] = wg_lt (x[0], x[1]) + wg_lt (x[0], x[1]) ? wg_neg (x[0]) : wg_powi (x[0], 3); y[1] = wg_powi (x[0], 3); y[2] = wg_powi (x[0], 2);)
MODEL (not_repeated, y[0] = wg_sub (wg_sub (x[0], x[1]), wg_sub (x[1], x[0]));)
MODEL (zeros, y[0] = wg_mul (wg_div (x[0], wg_num (0.)), wg_div (x[0], wg_num (-0.)));)
MODEL (shared, wg_var p = wg_mul (x[0], x[1]); y[0] = wg_sub (wg_add (x[2], p), wg_exp (p));)
MODEL (twice, wg_var p = wg_mul (x[0], x[1]); y[0] = wg_add (p, p);)
MODEL (product_out, wg_var p = wg_mul (x[0], x[1]); y[0] = wg_add (x[2], p); y[1] = p;)
MODEL (product_guarded, wg_var p = wg_mul (x[0], x[1]); y[0] = wg_lt (p, 100) ? wg_add (x[2], p) : x[2];)
MODEL (guard_only, wg_var e = wg_exp (wg_mul (x[0], 2)); y[0] = wg_lt (e, x[1]) ? x[0] : wg_neg (x[1]);)
MODEL (inactive, wg_var k = wg_floor (wg_mul (x[0], 3)); y[0] = wg_mul (wg_sin (k), wg_exp (x[1]));)
MODEL (mask_unused, wg_var k = wg_is_lt (wg_sin (x[0]), x[1]); y[0] = wg_select (k, x[1], 2);)
MODEL (constants, y[0] = wg_mul (wg_add (wg_num (2), 3), x[0]);)
MODEL (only_input, y[0] = x[1]; y[1] = wg_num (3);)
MODEL (immediate, y[0] = wg_add (wg_powi (x[0], 3), wg_pow (x[1], 2.5));)

MODEL (sum, wg_var s = wg_mul (x[0], x[1]); for (int i = 0; i < 3; i++) s = wg_add (s, wg_mul (x[i], x[i])); y[0] = s;)
MODEL (sum_mixed, wg_var s = wg_mul (x[0], x[1]); for (int i = 0; i < 4; i++) s = wg_add (s, wg_mul (x[i % 3], i/2 + 2.)); y[0] = wg_sqr (s);)
MODEL (sum_apart, wg_var s = x[0], r = x[1]; for (int i = 0; i < 2; i++) s = wg_add (s, wg_mul (x[1], i + 2.)), r = wg_add (r, wg_mul (s, x[2])); y[0] = wg_add (r, s);)
MODEL (sum_out, wg_var s = wg_mul (x[0], x[1]), r = wg_add (s, wg_mul (x[1], x[2])); y[0] = wg_add (r, wg_mul (x[2], x[0])); y[1] = r;)

/* Where the sum goes through the slot before alone there is a chain; exact numbers, so exact derivatives. */
static void chains (wg_model *model, size_t m, size_t expected, const double g[3], const double hv[3])
{
  wg_fun *f;
  const wgi_program *p = program (model, 3, m, &f);
  const double x[3] = { 2, 3, 5 }, u[2] = { 1, 0 }, v[3] = { 1, 2, 4 };
  double got[3], twice[3];
  size_t count = 0;
  for (size_t i = 0; i < p->count; i++) count += p->code[i] >= WGI_OP_chain_4;
  ck_assert_uint_eq (count, expected);
  ck_assert_int_eq (wg_hvp_weighted (f, x, u, v, NULL, NULL, twice), WG_OK);
  ck_assert_int_eq (wg_vjp (f, x, u, NULL, got), WG_OK);
  for (int i = 0; i < 3; i++) ck_assert_msg (got[i] == g[i] && twice[i] == hv[i], "%d: %g, %g", i, got[i], twice[i]);
  wg_fun_free (f);
}

START_TEST (sums_of_products)
{
  chains (sum, 1, 3, (double[]){ 7, 8, 10 }, (double[]){ 4, 5, 8 });
  chains (sum_mixed, 1, 4, (double[]){ 592, 296, 222 }, (double[]){ 596, 298, 168 });
  chains (sum_apart, 1, 0, (double[]){ 11, 41, 25 }, (double[]){ 8, 28, 16 });
  chains (sum_out, 2, 1, (double[]){ 8, 7, 5 }, (double[]){ 6, 5, 3 });
}
END_TEST

START_TEST (what_is_left)
{
  holds (dead, 1, "cos:1");
  holds (dead_user, 1, "muladd:7");                                /* a dead user does not count */
  holds (fused, 1, "muladd:7");
  holds (fused_first, 1, "muladd:7");
  holds (fused_second, 1, "mul:3 muladd:7");
  holds (fused_chain, 1, "add:1 muladd:7 add:1 muladd:7 add:1 muladd:7");
  holds (fused_constant, 1, "muladd:2");
  holds (fused_difference, 1, "submul:7");
  holds (fused_difference_first, 1, "mulsub:7");
  holds (fused_square, 1, "muladd:7");
  holds (repeated, 1, "mul:3 sin:1 exp:1 div:3");                  /* said twice, computed once */
  holds (repeated_guard, 3, "lt:0 powi:1 powi:1");
  holds (not_repeated, 1, "sub:3 sub:3 sub:3");
  holds (zeros, 1, "div:1 div:1 mul:3");                           /* 0 and -0 are two constants */
  holds (shared, 1, "mul:3 add:3 exp:1 sub:3");
  holds (twice, 1, "mul:3 add:3");
  holds (product_out, 2, "mul:3 add:3");
  holds (product_guarded, 1, "mul:3 lt:0 add:3");
  holds (guard_only, 1, "mul:0 exp:0 lt:0 neg:1");                 /* what feeds guards alone is never differentiated */
  holds (inactive, 1, "mul:0 floor:0 sin:0 exp:1 mul:2");
  holds (mask_unused, 1, "sin:0 is_lt:0 select:2");
  holds (constants, 1, "mul:2");
  holds (only_input, 2, "");
  holds (immediate, 1, "powi:1 powc:1 add:3");
}
END_TEST

/* Operands of a fused product keep their places and the value its two roundings. */
START_TEST (fused_operands)
{
  wg_fun *f;
  const wgi_program *p = program (fused_second, 3, 1, &f);
  const double x[3] = { -1 + 0x1p-31, 1 + 0x1p-29, 1 - 0x1p-31 };
  double y, product = x[1]*x[2];
  ck_assert (p->word[2] == 1 && p->word[3] == 2 && p->word[4] == 3);
  ck_assert_int_eq (wg_eval (f, x, &y), WG_OK);
  ck_assert (rp_same_bits (y, x[0]*x[1] + product) && y == 0 && fma (x[1], x[2], x[0]*x[1]) != 0);
  wg_fun_free (f);
}
END_TEST

/* Very many operations that are nearly the same, so that what is remembered of them collides: none is taken for another. */
enum { MANY = 6000 };

static void model_many (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  for (int i = 0; i < MANY; i++)
    {
      y[3*i] = wg_powi (x[0], i - MANY/2);
      y[3*i + 1] = wg_mul (x[1], i + .5);
      y[3*i + 2] = wg_lt (x[1], i) ? wg_num (i) : x[1];
    }
}

START_TEST (many_alike)
{
  static double y[3*MANY];
  const double x[2] = { 1 + 0x1p-10, -.75 };
  wg_fun *f = wg_fun_record (model_many, NULL, 2, 3*MANY, x);
  ck_assert (f != NULL);
  ck_assert_uint_eq (f->trace->program->guards, MANY);
  ck_assert_int_eq (wg_eval (f, x, y), WG_OK);
  for (int i = 0; i < MANY; i++)
    {
      ck_assert_msg (rp_same_bits (y[3*i], wg_double_powi (x[0], i - MANY/2)), "power %d is %g", i - MANY/2, y[3*i]);
      ck_assert (rp_same_bits (y[3*i + 1], x[1]*(i + .5)) && y[3*i + 2] == i);
    }
  wg_fun_free (f);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("freeze");
  TCase *t = tcase_create ("freeze");
  tcase_set_timeout (t, 60);
  tcase_add_test (t, programs);
  tcase_add_test (t, what_is_left);
  tcase_add_test (t, sums_of_products);
  tcase_add_test (t, fused_operands);
  tcase_add_test (t, many_alike);
  suite_add_tcase (s, t);
  return run_suite (s);
}
