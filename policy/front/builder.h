/*
 * builder.h: the sections of an image while they grow, and the writer.
 *
 * Mirror of run/image.h.  Strings, constants and refs are shared: the same
 * content gets the same index.
 */

#ifndef WEIR_FRONT_BUILDER_H
#define WEIR_FRONT_BUILDER_H

#include "base/arena.h"
#include "base/ip.h"
#include "base/rc.h"
#include "image/format.h"

typedef struct weir_builder_s  weir_builder_t;

weir_builder_t *weir_builder_create(weir_arena_t *a);

/*
 * Functions that return an index return WEIR_NONE when memory is short or a
 * section is full; the builder remembers, and weir_builder_write() fails, so
 * callers need not look.
 */
uint32_t weir_build_str(weir_builder_t *b, weir_str_t s);
uint32_t weir_build_const(weir_builder_t *b, const weir_img_const_t *c);
/* n constants in a row: the elements of a list; equal rows are shared. */
uint32_t weir_build_consts(weir_builder_t *b, const weir_img_const_t *c,
    uint32_t n);
/* n keys with a value each; sorts them, and adds the MAP that holds them. */
uint32_t weir_build_map(weir_builder_t *b, const weir_img_const_t *pairs,
    uint32_t n);
/* Makes a STRING constant of it, not yet added. */
weir_img_const_t weir_build_string(weir_builder_t *b, weir_str_t s);
/* Offset of bytes in the bytes section. */
uint32_t weir_build_bytes(weir_builder_t *b, const void *data, uint32_t len);
weir_range_t weir_build_refs(weir_builder_t *b, const uint32_t *refs,
    uint32_t n);
/* n > 0 shifts of a time zone; equal rows are shared. */
weir_range_t weir_build_shifts(weir_builder_t *b,
    const weir_img_shift_t *shifts, uint32_t n);
/* Appends n records as they are, or zeroed ones for NULL; the first's index. */
uint32_t weir_build_records(weir_builder_t *b, weir_section_t s,
    const void *records, uint32_t n);
/*
 * The record, to be filled in later; valid until the section grows.  Never
 * NULL: for an index that does not exist, a record that nobody reads.
 */
void *weir_build_at(weir_builder_t *b, weir_section_t s, uint32_t index);
uint32_t weir_build_count(const weir_builder_t *b, weir_section_t s);
weir_image_header_t *weir_build_header(weir_builder_t *b);

/*
 * Lays out, digests and writes.  The bytes are in the arena, 16-byte aligned.
 * The same calls in the same order give the same bytes.  WEIR_ERROR: a string
 * or section was too large.
 */
weir_rc_t weir_builder_write(weir_builder_t *b, weir_str_t *image);

#endif
