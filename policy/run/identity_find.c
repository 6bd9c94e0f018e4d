/*
 * identity_find.c: where in a request a credential is.
 *
 * Who sends one twice is told so: which of the two another server on the way
 * has looked at, nobody knows.
 */

#include "run/identity_prove.h"
#include "run/query.h"


static bool
is_scheme(weir_str_t s, weir_str_t name)
{
    size_t  i;

    for (i = 0; i < s.len && i < name.len; i++) {

        if ((s.data[i] | 0x20) != name.data[i]) {
            return false;
        }
    }

    return s.len == name.len;
}


static void
add(weir_found_t *found, const weir_img_source_t *source, weir_str_t text)
{
    found->twice |= found->source != NULL;
    found->source = source;
    found->text = text;
}


/* RFC 9110, 11.4: the scheme in any case, blanks, the credential. */
static void
authorization(const weir_img_source_t *source, weir_str_t value,
    weir_found_t *found)
{
    size_t      n;
    bool        dpop;
    weir_str_t  scheme;

    for (n = 0; n < value.len && value.data[n] != ' ' && value.data[n] != '\t';
         n++) { }

    scheme = weir_str(value.data, n);
    dpop = is_scheme(scheme, weir_string("dpop"));

    if (!dpop && !is_scheme(scheme, weir_string("bearer"))) {
        return;
    }

    while (n < value.len && value.data[n] == ' ') {
        n++;
    }

    add(found, source, weir_str(value.data + n, value.len - n));
    found->dpop = dpop;
}


static void
cookies(const weir_asked_t *q, const weir_img_source_t *source,
    weir_found_t *found)
{
    size_t      pos;
    unsigned    nth, times;
    weir_str_t  header, wanted, name, value, first;

    wanted = weir_img_str(q->image, source->name);
    first = weir_str("", 0);
    times = 0;

    for (nth = 0; /* void */ ; nth++) {
        header = q->id->header(q->host, weir_string("cookie"), nth);

        if (header.data == NULL) {
            break;
        }

        for (pos = 0;
             weir_cookie_next(header, &pos, &name, &value) == WEIR_OK; )
        {
            if (weir_str_eq(name, wanted) && times++ == 0) {
                first = value;
            }
        }
    }

    if (first.len > 0 || times > 1) {
        add(found, source, first);
        found->twice |= times > 1;
    }
}


void
weir_find_credential(const weir_asked_t *q, const weir_img_source_t *source,
    weir_found_t *found)
{
    weir_str_t  name, value;

    if (source->kind == WEIR_SOURCE_COOKIE) {
        cookies(q, source, found);
        return;
    }

    name = source->kind == WEIR_SOURCE_BEARER
           ? weir_string("authorization")
           : weir_img_str(q->image, source->name);
    value = q->id->header(q->host, name, 0);

    if (value.data == NULL) {
        return;
    }

    if (q->id->header(q->host, name, 1).data != NULL) {
        add(found, source, value);
        found->twice = true;

    } else if (source->kind == WEIR_SOURCE_BEARER) {
        authorization(source, value, found);

    } else if (value.len > 0) {
        add(found, source, value);
    }
}


bool
weir_same_source(const weir_img_source_t *a, const weir_img_source_t *b)
{
    return a->kind == b->kind
           && (a->kind == WEIR_SOURCE_BEARER || a->name == b->name);
}


const weir_cert_t *
weir_caller_cert(const weir_asked_t *q, weir_caller_t *c)
{
    if (!c->asked_cert) {
        c->asked_cert = true;
        c->has_cert = q->id->certificate != NULL
                      && q->id->certificate(q->host, &c->cert) == WEIR_OK;
    }

    return c->has_cert ? &c->cert : NULL;
}
