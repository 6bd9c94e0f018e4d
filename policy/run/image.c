/*
 * image.c: a handle on a verified image.
 */

#include "run/image.h"
#include "image/types.h"
#include "run/regex.h"
#include "run/verify.h"

static const char *const  reject_names[] = {
#define R(name, text)  text,
    WEIR_REJECTS(R)
#undef R
};


const char *
weir_reject_name(unsigned reason)
{
    return reason < WEIR_REJECT_COUNT ? reject_names[reason] : "unknown";
}


static void
find_sections(weir_image_t *img)
{
    uint32_t                     i;
    const weir_image_section_t  *s;

    s = (const weir_image_section_t *) (img->header + 1);

    for (i = 0; i < WEIR_S_COUNT; i++) {
        img->rec[i] = img->base;            /* of a section that is absent */
    }

    for (i = 0; i < img->header->sections; i++, s++) {
        if (s->id < WEIR_S_COUNT) {
            img->rec[s->id] = img->base + s->offset;
            img->n[s->id] = (uint32_t) (s->length / weir_sections[s->id].size);
        }
    }

    img->policy = WEIR_REC(img, POLICY);
}


static void
find_hashes(weir_image_t *img)
{
    uint32_t                i;
    const uint32_t         *refs;
    const weir_img_hash_t  *h;

    refs = WEIR_REC(img, REFS);
    h = WEIR_REC(img, HASHES);

    for (i = 0; i < WEIR_HASH_COUNT; i++, h++) {
        img->hash[i].seed = h->seed;
        img->hash[i].displace = refs + h->displace.first;
        img->hash[i].buckets = h->displace.count;
        img->hash[i].slots = refs + h->slots.first;
        img->hash[i].nslots = h->slots.count;
    }
}


static void
survey(weir_image_t *img)
{
    uint32_t                   i, limits;
    weir_str_t                 key;
    const weir_img_host_t     *host;
    const weir_img_plan_t     *plan;
    const weir_img_route_t    *route;
    const weir_img_resolve_t  *resolve;

    route = WEIR_REC(img, ROUTES);

    for (i = 0; i < img->n[WEIR_S_ROUTES]; i++) {
        if (route[i].params.count > img->params) {
            img->params = route[i].params.count;
        }

        if (route[i].limits.count > img->holds) {
            img->holds = route[i].limits.count;
        }

        if (route[i].request_ops.count > img->ops) {
            img->ops = route[i].request_ops.count;
        }

        img->paths |= route[i].path != WEIR_NONE;
    }

    plan = WEIR_REC(img, PLANS);
    limits = 0;

    for (i = 0; i < img->n[WEIR_S_PLANS]; i++) {
        if (plan[i].limits.count > limits) {
            limits = plan[i].limits.count;
        }
    }

    img->holds += limits;
    img->transforms = img->ops != 0 || img->paths;

    host = WEIR_REC(img, HOSTS);

    for (i = 0; i < img->n[WEIR_S_HOSTS]
                && !(img->exact_hosts && img->wildcard_hosts); i++)
    {
        key = weir_img_str(img, host[i].key);

        if (weir_str_starts(key, weir_string("."))) {
            img->wildcard_hosts = true;

        } else {
            img->exact_hosts = true;
        }
    }

    resolve = WEIR_REC(img, RESOLVES);

    for (i = 0; i < img->n[WEIR_S_RESOLVES]; i++) {
        if (resolve[i].kind == WEIR_RESOLVE_HEADER) {
            img->tenant_headers = true;
        }
    }
}


static weir_rc_t
compile_regexes(weir_image_t *img, weir_refusal_t *why)
{
    char                     err[100];
    uint32_t                 i;
    weir_rc_t                rc;
    const weir_img_regex_t  *r;

    r = WEIR_REC(img, REGEXES);

    for (i = 0; i < img->n[WEIR_S_REGEXES]; i++) {
        rc = weir_regex_compile(weir_img_str(img, r[i].pattern),
                                r[i].flags & WEIR_REGEX_ANCHORED,
                                &img->regex[i], err, sizeof(err));

        if (rc == WEIR_NOMEM) {
            return weir_refuse(why, WEIR_REJECT_MEMORY,
                               "no memory for regexes[%u]", i);
        }

        if (rc != WEIR_OK) {
            return weir_refuse(why, WEIR_REJECT_REGEX, "regexes[%u]: %s", i,
                               err);
        }
    }

    return WEIR_OK;
}


static weir_rc_t
find_late(weir_image_t *img, weir_arena_t *a, weir_refusal_t *why)
{
    uint32_t                i;
    const weir_img_prog_t  *p;

    img->late = weir_arena_array(a, img->header->memo, sizeof(uint32_t));

    if (img->late == NULL) {
        return weir_refuse(why, WEIR_REJECT_MEMORY, "no memory for %u slots",
                           img->header->memo);
    }

    p = WEIR_REC(img, PROGS);

    /* no two programs have one slot: the verifier has seen it */
    for (i = 0; i < img->n[WEIR_S_PROGS]; i++) {
        if (p[i].memo != WEIR_NONE && p[i].phase >= WEIR_PHASE_RESPONSE) {
            img->late[img->nlate++] = p[i].memo;
        }
    }

    return WEIR_OK;
}


weir_rc_t
weir_image_open(weir_image_t *img, const uint8_t *base, weir_arena_t *a,
    weir_refusal_t *why)
{
    weir_image_t  t;

    memset(&t, 0, sizeof(t));
    t.base = base;
    t.header = (const weir_image_header_t *) base;

    find_sections(&t);
    find_hashes(&t);
    survey(&t);

    t.regex = weir_arena_array(a, t.n[WEIR_S_REGEXES],
                               sizeof(weir_regex_t *));
    if (t.regex == NULL) {
        return weir_refuse(why, WEIR_REJECT_MEMORY,
                           "no memory for %u patterns",
                           t.n[WEIR_S_REGEXES]);
    }

    if (find_late(&t, a, why) != WEIR_OK) {
        return WEIR_ERROR;
    }

    if (compile_regexes(&t, why) != WEIR_OK) {
        weir_image_close(&t);
        return WEIR_ERROR;
    }

    if (t.n[WEIR_S_ISSUERS] != 0) {
        t.digester = weir_digester_create();

        if (t.digester == NULL) {
            weir_image_close(&t);
            return weir_refuse(why, WEIR_REJECT_MEMORY,
                               "no memory to digest tokens");
        }
    }

    *img = t;

    return WEIR_OK;
}


void
weir_image_close(weir_image_t *img)
{
    uint32_t  i;

    for (i = 0; i < img->n[WEIR_S_REGEXES]; i++) {
        weir_regex_free(img->regex[i]);
        img->regex[i] = NULL;
    }

    weir_digester_free(img->digester);
    img->digester = NULL;
}


weir_reject_t
weir_image_order(const weir_image_header_t *prev,
    const weir_image_header_t *next)
{
    if (!(prev->flags & next->flags & WEIR_IMAGE_HAS_SERIAL)) {
        return WEIR_REJECT_NONE;
    }

    if (next->serial != prev->serial) {
        return next->serial < prev->serial ? WEIR_REJECT_SERIAL
                                           : WEIR_REJECT_NONE;
    }

    return memcmp(prev->digest, next->digest, sizeof(prev->digest)) == 0
               ? WEIR_REJECT_NONE : WEIR_REJECT_CONFLICT;
}
