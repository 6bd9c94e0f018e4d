/*
 * attributes.c: what a policy can ask about who called.
 */

#include "run/identity.h"

/* seconds of 0001-01-01 and of the end of 9999, the range of a timestamp */
#define EARLIEST  (-62135596800)
#define LATEST    253402300799


static const weir_principal_t *
key_holder(const weir_caller_t *c)
{
    uint32_t  i;

    for (i = 0; i < c->n; i++) {

        if (c->who[i].by == WEIR_BY_APIKEY) {
            return &c->who[i];
        }
    }

    return NULL;
}


static void
key_attr(const weir_caller_t *c, unsigned attr, weir_value_t *out)
{
    const weir_principal_t  *p;

    p = key_holder(c);

    if (p != NULL) {
        *out = weir_v_str(attr == WEIR_A_APIKEY_ID ? p->apikey : p->tenant);
    }
}


static const char *
kind_name(weir_by_t by)
{
    static const char *const  names[WEIR_BY_COUNT] = {
#define P(name, text)  text,
        WEIR_PRINCIPALS(P)
#undef P
    };

    return names[by];
}


void
weir_caller_attr(const weir_caller_t *c, unsigned attr, weir_value_t *out)
{
    const weir_principal_t  *p;

    if (attr == WEIR_A_PRINCIPAL_KIND) {
        *out = weir_v_str(weir_cstr(kind_name(c->n ? c->who[0].by
                                                   : WEIR_BY_ANONYMOUS)));
        return;
    }

    if (attr == WEIR_A_APIKEY_ID || attr == WEIR_A_APIKEY_TENANT) {
        key_attr(c, attr, out);
        return;
    }

    if (c->n == 0) {
        return;
    }

    p = &c->who[0];

    switch (attr) {

    case WEIR_A_PRINCIPAL_SUB:
        *out = weir_v_str(p->sub);
        break;

    case WEIR_A_PRINCIPAL_ISS:
        *out = weir_v_str(p->iss);
        break;

    case WEIR_A_PRINCIPAL_ROLES:
        *out = p->roles;
        break;

    case WEIR_A_PRINCIPAL_ACR:
        *out = weir_v_str(p->acr);
        break;

    case WEIR_A_PRINCIPAL_AMR:
        *out = p->amr;
        break;

    case WEIR_A_PRINCIPAL_AUTH_TIME:
        if (p->auth_time >= EARLIEST && p->auth_time <= LATEST) {
            *out = (weir_value_t) { .kind = WEIR_T_TIMESTAMP,
                                    .u.i = p->auth_time };
        }

        break;

    case WEIR_A_PRINCIPAL_CLAIMS:
        *out = p->claims;
        break;

    default:
        break;
    }
}
