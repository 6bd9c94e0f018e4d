/*
 * permission.c: what a permission is, and which ones a wildcard stands for.
 */

#include "front/permission.h"
#include "image/bounds.h"


/* The next segment of *s, which then begins behind it; false: there is none. */
static bool
next_segment(weir_str_t *s, weir_str_t *segment)
{
    const char  *colon;

    if (s->data == NULL) {
        return false;
    }

    colon = s->len ? memchr(s->data, ':', s->len) : NULL;

    if (colon == NULL) {
        *segment = *s;
        *s = weir_str(NULL, 0);
        return true;
    }

    *segment = weir_str(s->data, (size_t) (colon - s->data));
    s->len -= segment->len + 1;
    s->data = colon + 1;

    return true;
}


static bool
is_name(weir_str_t s)
{
    size_t  i;
    char    c;

    for (i = 0; i < s.len; i++) {
        c = s.data[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-'))
        {
            return false;
        }
    }

    return s.len > 0;
}


/* "**" is the last segment, if any is. */
static bool
is_made_of(weir_str_t s, bool wildcards)
{
    weir_str_t  segment;

    if (s.len > WEIR_MAX_PERMISSION) {
        return false;
    }

    while (next_segment(&s, &segment)) {

        if (!is_name(segment)
            && !(wildcards
                 && (weir_str_eq(segment, weir_string("*"))
                     || (weir_str_eq(segment, weir_string("**"))
                         && s.data == NULL))))
        {
            return false;
        }
    }

    return true;
}


bool
weir_permission_is(weir_str_t s)
{
    return is_made_of(s, false);
}


bool
weir_grant_is(weir_str_t s)
{
    return is_made_of(s, true);
}


bool
weir_grant_covers(weir_str_t grant, weir_str_t permission)
{
    weir_str_t  g, p;

    while (next_segment(&grant, &g)) {

        if (!next_segment(&permission, &p)) {
            return false;
        }

        if (weir_str_eq(g, weir_string("**"))) {
            return true;
        }

        if (!weir_str_eq(g, weir_string("*")) && !weir_str_eq(g, p)) {
            return false;
        }
    }

    return permission.data == NULL;
}
