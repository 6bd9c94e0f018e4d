/*
 * path.h: the canonical forms of path and host.
 *
 * A policy is decided on them, so two spellings of one resource never get two
 * answers: what is ambiguous is refused.
 */

#ifndef WEIR_RUN_PATH_H
#define WEIR_RUN_PATH_H

#include "base/ip.h"
#include "base/rc.h"
#include "image/bounds.h"
#include "image/format.h"

typedef struct {
    uint8_t  dot_segments;      /* WEIR_DOTS_* */
    uint8_t  merge_slashes;
} weir_path_rules_t;

/*
 * raw is the path of the request target as sent, without query and fragment.
 * Decodes %XX once, resolves dot segments, merges slashes as the rules say;
 * what it accepts, nginx's own parser normalises to the same bytes.
 *
 * WEIR_ERROR, and *why one sentence: not absolute; longer than
 * WEIR_MAX_PATH; bad %XX; a control character, raw or encoded; a raw space,
 * '?' or '#'; '\\' or ';', raw or encoded; an encoded slash; a dot segment
 * that leads above the root, or any under WEIR_DOTS_REJECT; a segment that
 * would be a dot segment if it were decoded again; not UTF-8 when decoded.
 * out holds raw.len bytes; *len is written on success.
 */
weir_rc_t weir_path_normalise(weir_str_t raw, const weir_path_rules_t *rules,
    char *out, size_t *len, const char **why);

/*
 * The same of a path as decoded text, which a policy built: it must be one
 * that a client could have sent.  A '%' stands for itself, and any dot segment
 * is refused.  out holds text.len bytes.
 */
weir_rc_t weir_path_check(weir_str_t text, const weir_path_rules_t *rules,
    char *out, size_t *len, const char **why);

/*
 * The target of a request with that canonical path: the path with %XX for
 * what RFC 3986 keeps out of one (3.3: all but pchar and '/'), and "?query"
 * unless the query is empty.  Returns the length; out NULL: counts only.
 */
size_t weir_target_print(weir_str_t path, weir_str_t query, char *out);

/*
 * Host header or :authority: lower case, without the port and one trailing
 * dot.  A name is labels of 1 to 63 letters, digits, '-' and '_', and one
 * whose last label is a number must be an IPv4 address; an IPv6 address in
 * brackets gets its canonical form.  Other scripts arrive as punycode: raw
 * non-ASCII is refused.  An empty host is valid and empty.
 * WEIR_ERROR: anything else, a bad port, longer than WEIR_MAX_HOST.  out
 * holds weir_host_room(raw.len) bytes.
 */
weir_rc_t weir_host_normalise(weir_str_t raw, char *out, size_t *len);


static inline weir_path_rules_t
weir_path_rules(const weir_img_policy_t *p)
{
    return (weir_path_rules_t) { p->dot_segments, p->merge_slashes };
}


/* A name does not grow; an address may, up to its longest form in brackets. */
static inline size_t
weir_host_room(size_t raw)
{
    if (raw > WEIR_MAX_HOST) {
        return WEIR_MAX_HOST;
    }

    return raw > WEIR_IP_STRLEN + 2 ? raw : WEIR_IP_STRLEN + 2;
}

#endif
