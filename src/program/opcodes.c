/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Opcodes as data: the row or guard of each, and the first opcode of each row.  From the rule table, as their enumeration in program.h
 * is; those of calls and chains follow.
 */
#include "program/program.h"

_Static_assert (WGI_OPCODES <= 256, "an opcode is a byte");

const uint8_t wgi_opcode_row[WGI_OPCODES] = {
#define ROW1(name, ma) [WGI_OP_##name##_0] = WGI_ROW_##name, [WGI_OP_##name##_1] = WGI_ROW_##name,
#define ROW1K ROW1
#define ROW1C ROW1
#define ROW2(name, ma, mb) ROW1 (name, ma) [WGI_OP_##name##_2] = WGI_ROW_##name, [WGI_OP_##name##_3] = WGI_ROW_##name,
#define ROW2K ROW2
#define ROW3(name, ma, mb, mc) ROW2 (name, ma, mb) \
  [WGI_OP_##name##_4] = WGI_ROW_##name, [WGI_OP_##name##_5] = WGI_ROW_##name, \
  [WGI_OP_##name##_6] = WGI_ROW_##name, [WGI_OP_##name##_7] = WGI_ROW_##name,
#define FLAT1(name) [WGI_OP_##name##_0] = WGI_ROW_##name,
#define FLAT2(name) [WGI_OP_##name##_0] = WGI_ROW_##name,
#include <wengert/rules.def>
#undef ROW1
#undef ROW2
#undef ROW3
#undef FLAT1
#undef FLAT2
#define X(name, operands) [WGI_OP_guard_##name] = WGI_GUARD_##name,
  WGI_GUARDS (X)
#undef X
  [WGI_OP_call_0] = WGI_ROW_call, [WGI_OP_call_1] = WGI_ROW_call,
  [WGI_OP_chain_4] = WGI_ROW_muladd, [WGI_OP_chain_5] = WGI_ROW_muladd,
  [WGI_OP_chain_6] = WGI_ROW_muladd, [WGI_OP_chain_7] = WGI_ROW_muladd,
};

const uint8_t wgi_opcode_base[WGI_ROWS] = {
#define FLAT1(name) [WGI_ROW_##name] = WGI_OP_##name##_0,
#define FLAT2(name) FLAT1 (name)
#define ROW1(name, ma) FLAT1 (name)
#define ROW2(name, ma, mb) FLAT1 (name)
#define ROW3(name, ma, mb, mc) FLAT1 (name)
#include <wengert/rules.def>
#define X(name, operands) [WGI_GUARD_##name] = WGI_OP_guard_##name,
  WGI_GUARDS (X)
#undef X
  [WGI_ROW_call] = WGI_OP_call_0,
};
