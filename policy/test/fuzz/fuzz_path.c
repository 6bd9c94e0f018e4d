/*
 * fuzz_path.c: any bytes as a path and as a host; the first byte chooses the
 * rules.
 *
 * What is accepted is no longer than what was sent, has no form that a reader
 * could take for another path, and, encoded again, normalises to itself.  The
 * same holds of what is accepted as decoded text.
 */

#include "base/utf8.h"
#include "run/path.h"
#include "test/fuzz/fuzz.h"



static void
check(bool ok)
{
    if (!ok) {
        abort();
    }
}


static void
check_segments(const char *p, size_t len, bool merged)
{
    size_t  i, n;

    check(len != 0 && p[0] == '/' && weir_utf8_valid(weir_str(p, len)));

    for (i = 1, n = 0; i <= len; i++) {

        if (i < len && p[i] != '/') {
            check((unsigned char) p[i] >= 0x20 && p[i] != 0x7f
                  && p[i] != '\\' && p[i] != ';');
            n++;
            continue;
        }

        check(n != 1 || p[i - 1] != '.');
        check(n != 2 || p[i - 1] != '.' || p[i - 2] != '.');
        check(n != 0 || i == len || !merged);
        n = 0;
    }
}


static void
check_again(const char *p, size_t len, const weir_path_rules_t *rules)
{
    char         raw[3 * WEIR_MAX_PATH], out[3 * WEIR_MAX_PATH];
    size_t       i, n, again;
    const char  *why;

    for (i = 0, n = 0; i < len; i++) {
        if (strchr("%?# ", p[i]) != NULL) {
            raw[n++] = '%';
            raw[n++] = "0123456789abcdef"[p[i] >> 4];
            raw[n++] = "0123456789abcdef"[p[i] & 15];

        } else {
            raw[n++] = p[i];
        }
    }

    if (n <= WEIR_MAX_PATH) {
        check(weir_path_normalise(weir_str(raw, n), rules, out, &again, &why)
              == WEIR_OK);
        check(weir_str_eq(weir_str(out, again), weir_str(p, len)));
    }

    check(weir_path_check(weir_str(p, len), rules, out, &again, &why)
          == WEIR_OK);
    check(weir_str_eq(weir_str(out, again), weir_str(p, len)));
}


/* One of the two forms of a path. */
static void
check_path(weir_str_t raw, const weir_path_rules_t *rules, bool decoded)
{
    char        *out;
    size_t       len;
    weir_rc_t    rc;
    const char  *why;

    why = NULL;
    out = malloc(raw.len + 1);
    check(out != NULL);
    rc = decoded ? weir_path_check(raw, rules, out, &len, &why)
                 : weir_path_normalise(raw, rules, out, &len, &why);

    if (rc == WEIR_OK) {
        check(len <= raw.len);
        check_segments(out, len, rules->merge_slashes);
        check_again(out, len, rules);

    } else {
        check(why != NULL && why[0] != '\0');
    }

    free(out);
}


static void
check_host(weir_str_t raw)
{
    char    host[WEIR_MAX_HOST], again[WEIR_MAX_HOST];
    size_t  i, len, n;

    if (weir_host_normalise(raw, host, &len) != WEIR_OK) {
        return;
    }

    check(len <= WEIR_MAX_HOST);

    for (i = 0; i < len; i++) {
        check((host[i] >= 'a' && host[i] <= 'z')
              || (host[i] >= '0' && host[i] <= '9')
              || strchr("-_.[:]", host[i]) != NULL);
    }

    check(weir_host_normalise(weir_str(host, len), again, &n) == WEIR_OK);
    check(weir_str_eq(weir_str(host, len), weir_str(again, n)));
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    weir_str_t          raw;
    weir_path_rules_t   rules;

    if (size == 0) {
        return 0;
    }

    rules.dot_segments = data[0] & 1 ? WEIR_DOTS_REJECT : WEIR_DOTS_RESOLVE;
    rules.merge_slashes = (data[0] & 2) == 0;
    raw = weir_str((const char *) data + 1, size - 1);

    check_path(raw, &rules, false);
    check_path(raw, &rules, true);
    check_host(raw);

    return 0;
}
