/*
 * source.h: text of a policy that knows where each byte came from.
 */

#ifndef WEIR_FRONT_SOURCE_H
#define WEIR_FRONT_SOURCE_H

#include "base/diag.h"

/*
 * Byte offset..offset+len of a decoded scalar stand in the file from line,
 * col on, contiguously.  Pieces are sorted by offset and cover the text.
 */
typedef struct {
    uint32_t  offset;
    uint32_t  line;
    uint32_t  col;
} weir_piece_t;

typedef struct {
    weir_str_t           text;      /* decoded */
    weir_span_t          span;      /* of the whole scalar in the file */
    const weir_piece_t  *pieces;
    uint32_t             npieces;   /* 0: the text is as in the file, at span */
} weir_text_t;

/*
 * The span in the file of bytes [offset, offset + len) of the text.  A span
 * ends with its line; the end of the text is behind its last visible byte.
 */
weir_span_t weir_text_span(const weir_text_t *t, size_t offset, size_t len);

/*
 * The name of a file as images carry it: relative to the folder of the first
 * file, so that an image does not depend on where the compiler was called.
 * Empty when there is no such file.
 */
weir_str_t weir_source_name(const weir_diags_t *diags, uint32_t file);

/* Where the lines of a file begin, to turn byte offsets into places. */
typedef struct {
    const uint32_t  *starts;
    uint32_t         n;
    uint32_t         file;
    weir_str_t       text;
} weir_lines_t;

/* WEIR_NOMEM; text is at most WEIR_MAX_SOURCE long. */
weir_rc_t weir_lines_make(weir_arena_t *a, uint32_t file, weir_str_t text,
    weir_lines_t *lines);

/* Bytes [offset, offset + len), cut at the end of the first line. */
weir_span_t weir_lines_span(const weir_lines_t *lines, size_t offset,
    size_t len);

/*
 * Refuses what no source may hold: bytes that are not UTF-8, a byte order
 * mark, controls, line breaks that editors and parsers count differently,
 * and letters that reorder what is read.  Reports the first.
 */
weir_rc_t weir_source_check(weir_diags_t *diags, uint32_t file);

#endif
