/*
 * disasm.h: programs and constants as text, for `weir inspect` and tests.
 *
 *     program 3: bool, from phase access, locals 4, memo slot 0, edge.yaml
 *        0: ATTR_EQ  request.method "GET"                  ; 14:11
 *        1: JERR     -> 4
 *
 * Operands are printed as what they name, not as indices, so that a listing
 * changes only where the program does.  The comment is the place in the
 * source, where it is another than that of the instruction before.
 *
 * Nothing is assumed of the bytes: what is out of range is printed as "?".
 */

#ifndef WEIR_IMAGE_DISASM_H
#define WEIR_IMAGE_DISASM_H

#include <stdio.h>
#include "base/str.h"
#include "image/format.h"

/* Records and their number by weir_section_t, as weir_image_t has them. */
typedef struct {
    const void *const  *rec;
    const uint32_t     *n;
} weir_disasm_t;

void weir_disasm_prog(const weir_disasm_t *d, uint32_t prog, FILE *out);

/* A constant as CEL would write it; long ones are cut. */
void weir_disasm_const(const weir_disasm_t *d, uint32_t index, FILE *out);

/* In quotes, with escapes; nothing in it steers a terminal. */
void weir_disasm_quote(weir_str_t s, FILE *out);

#endif
