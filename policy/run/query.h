/*
 * query.h: the entries of a Cookie header and of a query string.
 *
 * Both hosts of the engine, the server and the tool, read them here, so that
 * a policy tested offline sees what it will see online.
 */

#ifndef WEIR_RUN_QUERY_H
#define WEIR_RUN_QUERY_H

#include "base/rc.h"
#include "base/str.h"

/*
 * The next name=value of a Cookie header (RFC 6265, section 4.2) from *pos
 * on, quotes of the value taken off; a part without '=' is skipped.  Start
 * with 0; WEIR_DECLINED at the end.
 */
weir_rc_t weir_cookie_next(weir_str_t header, size_t *pos, weir_str_t *name,
    weir_str_t *value);

/*
 * The next name=value of a query string, still encoded; a part without '='
 * has an empty value, an empty part is skipped.
 */
weir_rc_t weir_query_next(weir_str_t query, size_t *pos, weir_str_t *name,
    weir_str_t *value);

/*
 * Decodes %XX and '+' of a query part.  out holds at least raw.len bytes.
 * WEIR_ERROR: a bad %XX, a NUL, or no UTF-8: such a part has no text.
 */
weir_rc_t weir_query_decode(weir_str_t raw, char *out, size_t *len);

#endif
