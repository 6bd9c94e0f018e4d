/*
 * header.h: which names of headers a policy may write, and which values.
 *
 * The compiler says which one is wrong, the verifier only that one is.
 */

#ifndef WEIR_IMAGE_HEADER_H
#define WEIR_IMAGE_HEADER_H

#include <stdbool.h>

#include "base/str.h"

/* A token (RFC 9110, 5.6.2) of WEIR_MAX_HEADER_NAME bytes, no capitals. */
bool weir_header_is_name(weir_str_t s);

/*
 * Whether a name, in lower case, is one that nobody changes: those of the
 * connection and the framing of a message (RFC 9110, 7.6.1; RFC 9112, 6), of
 * its host, and of an answer its date.
 */
bool weir_header_is_kept(weir_str_t name, bool response);

/* Not of a control character, but a tab (RFC 9110, 5.5). */
static inline bool
weir_header_is_byte(char c)
{
    return ((unsigned char) c >= 0x20 && c != 0x7f) || c == '\t';
}

/* Such bytes, and no more than WEIR_MAX_HEADER_VALUE. */
bool weir_header_is_value(weir_str_t s);

#endif
