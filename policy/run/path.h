/*
 * path.h: the canonical forms of path and host.
 *
 * A policy is decided on them, so two spellings of one resource never get two
 * answers: what is ambiguous is refused.
 */

#ifndef WEIR_RUN_PATH_H
#define WEIR_RUN_PATH_H

#include "base/rc.h"
#include "image/bounds.h"
#include "image/format.h"

typedef struct {
    uint8_t  dot_segments;      /* WEIR_DOTS_* */
    uint8_t  merge_slashes;
} weir_path_rules_t;

/*
 * raw is the request target's path as sent, without query and fragment.
 * Decodes %XX once, resolves dot segments, merges slashes as the rules say.
 * WEIR_ERROR, and *why one sentence: not absolute; longer than
 * WEIR_MAX_PATH; bad %XX; %00 or a control character; an encoded slash or
 * backslash, a raw backslash; ';' raw or encoded; a dot segment that leads
 * above the root; a segment of dots that was encoded twice.
 * out holds at least raw.len bytes; *len is written on success.
 */
weir_rc_t weir_path_normalise(weir_str_t raw, const weir_path_rules_t *rules,
    char *out, size_t *len, const char **why);

/*
 * Host header or :authority: lower case, without port and one trailing dot.
 * WEIR_ERROR: empty label, a byte outside of RFC 3986's reg-name without
 * percent or underscore-free LDH, a bad port, longer than WEIR_MAX_HOST.
 * IP literals in brackets stay as they are.  An empty host is valid and
 * empty.  out holds WEIR_MAX_HOST bytes.
 */
weir_rc_t weir_host_normalise(weir_str_t raw, char *out, size_t *len);

#endif
