/*
 * model_version.c: what clients are told of a version of the interface:
 * Deprecation (RFC 9745), Sunset (RFC 8594), Link (RFC 8288).
 */

#include "front/load.h"
#include "front/codes.h"
#include "base/time.h"

#define DAY  86400


/* The first second of a date; a time as it is. */
static bool
load_time(const weir_node_t *map, const char *key, int64_t *sec)
{
    char                buf[sizeof("2027-01-31T00:00:00Z")];
    size_t              date;
    uint32_t            nsec;
    weir_str_t          s;
    const weir_node_t  *n;

    n = weir_node_get(map, key);

    if (n == NULL) {
        return false;
    }

    s = n->text.text;
    date = sizeof("2027-01-31") - 1;

    if (s.len == date) {
        memcpy(buf, s.data, date);
        memcpy(buf + date, "T00:00:00Z", sizeof("T00:00:00Z"));
        s = weir_str(buf, sizeof(buf) - 1);
    }

    return weir_time_parse(s, sec, &nsec) == WEIR_OK;
}


/* IMF-fixdate (RFC 9110, 5.6.7) */
static weir_str_t
print_date(weir_load_t *l, int64_t sec)
{
    int64_t   days, rest, year;
    unsigned  month, day;

    static const char *const  weekdays[] = {
        "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"
    };
    static const char *const  months[] = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct",
        "Nov", "Dec"
    };

    days = sec / DAY;
    rest = sec % DAY;
    weir_date(days, &year, &month, &day);

    return weir_arena_printf(l->arena,
                             "%s, %02u %s %04lld %02lld:%02lld:%02lld GMT",
                             weekdays[days % 7], day, months[month - 1],
                             (long long) year, (long long) rest / 3600,
                             (long long) rest / 60 % 60,
                             (long long) rest % 60);
}


/* RFC 3986, appendix A: unreserved, reserved and '%'. */
static bool
is_url(weir_str_t s)
{
    char    c;
    size_t  i;

    for (i = 0; i < s.len; i++) {
        c = s.data[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c != '\0' && strchr("-._~:/?#[]@!$&'()*+,;=%", c) != NULL)))
        {
            return false;
        }
    }

    return s.len <= WEIR_MAX_HEADER_VALUE / 2
           && (weir_str_starts(s, weir_string("https://"))
               || weir_str_starts(s, weir_string("http://"))
               || weir_str_starts(s, weir_string("/")));
}


static void
load_link(weir_load_t *l, const weir_node_t *node, weir_version_t *v)
{
    const char  *both;

    if (!is_url(node->text.text)) {
        (void) weir_fail(l->diags, WEIR_EVALUE, node->text.span,
                         "\"link\" is \"%.*s\", expected a URL as "
                         "https://docs.example/v1 or /docs/v1",
                         WEIR_STR(node->text.text));
        return;
    }

    if (v->deprecation.data == NULL && v->sunset.data == NULL) {
        (void) weir_fail(l->diags, WEIR_EPLACE, node->text.span,
                         "\"link\" needs \"deprecated\" or \"sunset\", of "
                         "which its page tells");
        return;
    }

    both = v->deprecation.data != NULL && v->sunset.data != NULL ? " " : "";

    v->link = weir_arena_printf(l->arena, "<%.*s>; rel=\"%s%s%s\"",
                                WEIR_STR(node->text.text),
                                v->deprecation.data ? "deprecation" : "",
                                both, v->sunset.data ? "sunset" : "");
    l->nomem |= v->link.data == NULL;
}


static bool
is_early(weir_load_t *l, const weir_node_t *map, const char *key, int64_t sec)
{
    if (sec >= 0) {
        return false;
    }

    (void) weir_fail(l->diags, WEIR_EVALUE,
                     weir_node_get(map, key)->text.span,
                     "\"%s\" is before 1970", key);

    return true;
}


void
weir_load_version(weir_load_t *l, const weir_node_t *node,
    weir_version_t *out)
{
    int64_t             from, until;
    const weir_node_t  *n;

    n = weir_node_get(node, "name");

    if (n != NULL) {
        out->name = weir_load_name(n);
    }

    from = INT64_MIN;

    if (load_time(node, "deprecated", &from)
        && !is_early(l, node, "deprecated", from))
    {
        out->deprecation = weir_arena_printf(l->arena, "@%lld",
                                             (long long) from);
        l->nomem |= out->deprecation.data == NULL;
    }

    if (load_time(node, "sunset", &until)
        && !is_early(l, node, "sunset", until))
    {
        out->ends = until;
        out->ends_span = weir_node_get(node, "sunset")->text.span;
        out->sunset = print_date(l, until);
        l->nomem |= out->sunset.data == NULL;

        if (until < from) {
            (void) weir_fail(l->diags, WEIR_EVALUE, out->ends_span,
                             "\"sunset\" is before \"deprecated\"");
        }
    }

    n = weir_node_get(node, "link");

    if (n != NULL) {
        load_link(l, n, out);
    }
}
