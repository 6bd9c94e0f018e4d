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

/* The span in the file of bytes [offset, offset + len) of the text. */
weir_span_t weir_text_span(const weir_text_t *t, size_t offset, size_t len);

#endif
