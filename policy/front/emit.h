/*
 * emit.h: checked expressions to programs and constants of the image.
 *
 * Common subexpressions and vars become programs of their own with a memo
 * slot.  Equal expressions become one program.
 */

#ifndef WEIR_FRONT_EMIT_H
#define WEIR_FRONT_EMIT_H

#include "front/builder.h"
#include "front/cel.h"
#include "front/zones.h"

typedef struct weir_emit_s  weir_emit_t;

weir_emit_t *weir_emit_create(weir_builder_t *b, weir_diags_t *diags);

/*
 * The index of the program; expressions may be added in any order.  file is
 * the string index of the file's name, text of its source (or NONE).
 */
weir_rc_t weir_emit_expr(weir_emit_t *m, const weir_expr_t *e, uint32_t file,
    uint32_t text, uint32_t *prog);

/* A time zone that something else than an expression needs. */
weir_rc_t weir_emit_need_zone(weir_emit_t *m, const weir_zone_t *zone);

/* From now on fills *origins; call it before the first expression. */
void weir_emit_trace(weir_emit_t *m, weir_origins_t *origins);

/* Fills header.stack, memo and scratch of the builder; adds time zones. */
weir_rc_t weir_emit_finish(weir_emit_t *m);

#endif
