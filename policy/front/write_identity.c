/*
 * write_identity.c: who callers are: issuers, API keys, certificates, and
 * what routes ask of them.
 */

#include "front/write.h"


/*
 * What is digested: a number or a text is its length or value in 64 bits,
 * little-endian, and the text; a list is its length and its texts.
 */
typedef struct {
    weir_arena_t        *arena;
    weir_vec_t(uint8_t)  bytes;
    bool                 nomem;
} canon_t;


static void
put_byte(canon_t *c, uint8_t byte)
{
    uint8_t  *p;

    p = weir_vec_push(c->arena, &c->bytes);

    if (p == NULL) {
        c->nomem = true;
        return;
    }

    *p = byte;
}


static void
put_number(canon_t *c, uint64_t n)
{
    unsigned  i;

    for (i = 0; i < 8; i++) {
        put_byte(c, (uint8_t) (n >> (8 * i)));
    }
}


static void
put_text(canon_t *c, weir_str_t s)
{
    size_t  i;

    put_number(c, s.len);

    for (i = 0; i < s.len; i++) {
        put_byte(c, (uint8_t) s.data[i]);
    }
}


static void
put_names(canon_t *c, const weir_name_list_t *list)
{
    size_t  i;

    put_number(c, list->len);

    for (i = 0; i < list->len; i++) {
        put_text(c, list->items[i].text);
    }
}


static weir_str_t
canon_text(const canon_t *c)
{
    return weir_str((const char *) c->bytes.items, c->bytes.len);
}


/* Issuers */


static void
put_keys(canon_t *c, const weir_issuer_t *s)
{
    put_number(c, s->keys);
    put_text(c, s->url.text);
    put_text(c, s->file.text);
}


/* What is discovered must name the issuer: it is of that one alone. */
static weir_rc_t
keys_id(weir_writer_t *w, const weir_issuer_t *s, weir_id_t *id)
{
    canon_t  c;

    memset(&c, 0, sizeof(c));
    c.arena = w->arena;
    put_keys(&c, s);

    if (s->keys == WEIR_KEYS_DISCOVERY) {
        put_text(&c, s->iss.text);
    }

    return c.nomem ? WEIR_NOMEM : weir_id_make("keys", canon_text(&c), id);
}


/*
 * Not how long keys are kept and requests wait, nor what is revoked: that is
 * looked at with every token.
 */
static weir_rc_t
issuer_digest(weir_writer_t *w, const weir_issuer_t *s,
    uint8_t out[WEIR_SHA256_LEN])
{
    size_t   i;
    canon_t  c;

    memset(&c, 0, sizeof(c));
    c.arena = w->arena;

    put_keys(&c, s);
    put_text(&c, s->iss.text);
    put_names(&c, &s->aud);
    put_names(&c, &s->typ);
    put_names(&c, &s->claims);
    put_names(&c, &s->sub);
    put_names(&c, &s->roles);
    put_names(&c, &s->tenant);
    put_names(&c, &s->acr);
    put_names(&c, &s->amr);
    put_number(&c, s->algs);
    put_number(&c, s->dpop);
    put_number(&c, s->skew);
    put_number(&c, s->max_age);
    put_number(&c, s->from.len);

    for (i = 0; i < s->from.len; i++) {
        put_number(&c, s->from.items[i].kind);
        put_text(&c, s->from.items[i].name.text);
    }

    return c.nomem ? WEIR_NOMEM : weir_sha256(canon_text(&c), out);
}


static weir_range_t
write_from(weir_writer_t *w, const weir_froms_t *from)
{
    size_t             i;
    weir_range_t       out;
    weir_img_source_t  rec;

    memset(&out, 0, sizeof(out));

    if (from->len == 0) {
        return out;
    }

    out.first = weir_build_count(w->b, WEIR_S_SOURCES);
    out.count = (uint32_t) from->len;

    for (i = 0; i < from->len; i++) {
        rec.kind = from->items[i].kind;
        rec.name = weir_build_str(w->b, from->items[i].name.text);
        weir_build_records(w->b, WEIR_S_SOURCES, &rec, 1);
    }

    return out;
}


static weir_rc_t
write_issuer(weir_writer_t *w, const weir_issuer_t *s)
{
    size_t             i;
    weir_rc_t          rc;
    weir_img_issuer_t  rec;

    const struct {
        const weir_name_list_t  *names;
        weir_range_t            *out;
    } lists[] = {
        { &s->aud, &rec.aud }, { &s->typ, &rec.typ },
        { &s->claims, &rec.claims }, { &s->sub, &rec.sub },
        { &s->roles, &rec.roles }, { &s->tenant, &rec.tenant },
        { &s->acr, &rec.acr }, { &s->amr, &rec.amr }
    };

    memset(&rec, 0, sizeof(rec));
    rec.name = weir_build_str(w->b, s->name.text);
    rec.iss = weir_build_str(w->b, s->iss.text);
    rec.sources = write_from(w, &s->from);
    rec.url = weir_write_opt_str(w, &s->url);
    rec.file = weir_write_opt_str(w, &s->file);
    rec.algs = s->algs;
    rec.keys = (uint8_t) s->keys;
    rec.dpop = (uint8_t) s->dpop;
    rec.skew = s->skew;
    rec.max_age = s->max_age;
    rec.ttl = s->ttl;
    rec.stale_max = s->stale_max;
    rec.refresh = s->refresh;
    rec.wait = s->wait;
    rec.revoked = (uint8_t) s->revoked;
    rec.revoked_every = s->revoked_every;
    rec.revoked_max = s->revoked_max;

    rc = WEIR_OK;

    for (i = 0; rc == WEIR_OK && i < sizeof(lists) / sizeof(lists[0]); i++) {
        rc = weir_write_names(w, lists[i].names->items, lists[i].names->len,
                              lists[i].out);
    }

    if (rc == WEIR_OK) {
        rc = keys_id(w, s, &rec.keys_id);
    }

    if (rc == WEIR_OK) {
        rc = issuer_digest(w, s, rec.digest);
    }

    weir_build_records(w->b, WEIR_S_ISSUERS, &rec, 1);

    return rc;
}


static weir_rc_t
write_revoked(weir_writer_t *w)
{
    size_t               i;
    weir_img_revoked_t   rec;
    const weir_model_t  *m;

    m = w->model;

    for (i = 0; i < m->revoked.len; i++) {
        rec.key = weir_build_str(w->b, m->revoked.items[i]);
        weir_build_records(w->b, WEIR_S_REVOKED, &rec, 1);
    }

    return weir_write_hash(w, WEIR_HASH_REVOKED, m->revoked.items,
                           (uint32_t) m->revoked.len);
}


/* API keys and certificates */


static weir_rc_t
write_apikeys(weir_writer_t *w)
{
    size_t                i, n;
    weir_rc_t             rc;
    weir_str_t           *keys;
    weir_img_apikey_t     rec;
    const weir_apikey_t  *k;

    n = w->model->apikeys.len;

    keys = weir_arena_array(w->arena, n, sizeof(weir_str_t));
    if (keys == NULL) {
        return WEIR_NOMEM;
    }

    for (i = 0; i < n; i++) {
        k = &w->model->apikeys.items[i];
        keys[i] = k->id.text;

        memset(&rec, 0, sizeof(rec));
        memcpy(rec.secret, k->secret, sizeof(rec.secret));
        rec.not_after = k->not_after;
        rec.id = weir_build_str(w->b, k->id.text);
        rec.tenant = weir_write_opt_str(w, &k->whose.tenant);

        rc = weir_write_names(w, k->whose.roles, k->whose.nroles, &rec.roles);
        if (rc != WEIR_OK) {
            return rc;
        }

        weir_build_records(w->b, WEIR_S_APIKEYS, &rec, 1);
    }

    return weir_write_hash(w, WEIR_HASH_APIKEYS, keys, (uint32_t) n);
}


static weir_rc_t
write_mtls(weir_writer_t *w)
{
    size_t                i, n;
    weir_rc_t             rc;
    weir_str_t           *keys;
    weir_img_mtls_t       rec;
    weir_img_identity_t   id;
    const weir_mtls_t    *m;
    const weir_known_t   *k;

    m = &w->model->mtls;
    n = m->known.len;

    keys = weir_arena_array(w->arena, n, sizeof(weir_str_t));
    if (keys == NULL) {
        return WEIR_NOMEM;
    }

    for (i = 0; i < n; i++) {
        k = &m->known.items[i];
        keys[i] = k->name.text;

        memset(&id, 0, sizeof(id));
        id.name = weir_build_str(w->b, k->name.text);
        id.tenant = weir_write_opt_str(w, &k->whose.tenant);

        rc = weir_write_names(w, k->whose.roles, k->whose.nroles, &id.roles);
        if (rc != WEIR_OK) {
            return rc;
        }

        weir_build_records(w->b, WEIR_S_IDENTITIES, &id, 1);
    }

    if (m->given) {
        rec.sub = m->sub;
        rec.prefix = m->prefix.data ? weir_build_str(w->b, m->prefix)
                                    : WEIR_NONE;
        rec.suffix = m->prefix.data ? weir_build_str(w->b, m->suffix)
                                    : WEIR_NONE;
        rec.rest = m->rest;
        weir_build_records(w->b, WEIR_S_MTLS, &rec, 1);
    }

    return weir_write_hash(w, WEIR_HASH_IDENTITIES, keys, (uint32_t) n);
}


static weir_rc_t
write_bind(weir_writer_t *w, weir_range_t *out)
{
    size_t              i;
    weir_rc_t           rc;
    weir_img_bind_t     rec;
    const weir_bind_t  *b;

    out->count = (uint32_t) w->model->bind.len;

    for (i = 0; i < w->model->bind.len; i++) {
        b = &w->model->bind.items[i];

        memset(&rec, 0, sizeof(rec));
        rec.kind = b->kind;

        rc = weir_write_names(w, b->path.items, b->path.len, &rec.path);
        if (rc != WEIR_OK) {
            return rc;
        }

        weir_build_records(w->b, WEIR_S_BINDS, &rec, 1);
    }

    return WEIR_OK;
}


weir_rc_t
weir_write_identity(weir_writer_t *w, weir_img_policy_t *policy)
{
    size_t     i;
    weir_rc_t  rc;

    rc = WEIR_OK;

    for (i = 0; rc == WEIR_OK && i < w->model->issuers.len; i++) {
        rc = write_issuer(w, &w->model->issuers.items[i]);
    }

    if (rc == WEIR_OK) {
        rc = write_revoked(w);
    }

    if (rc == WEIR_OK) {
        policy->key_sources = write_from(w, &w->model->key_from);
        rc = write_apikeys(w);
    }

    if (rc == WEIR_OK) {
        rc = write_mtls(w);
    }

    return rc == WEIR_OK ? write_bind(w, &policy->bind) : rc;
}


/* Routes */


/* Those of routes that do not say are written once. */
static weir_range_t
write_ways(weir_writer_t *w, const weir_proofs_t *a)
{
    size_t             i;
    weir_range_t       out;
    weir_img_method_t  rec;

    if (!a->given && w->asked.count != 0) {
        return w->asked;
    }

    memset(&out, 0, sizeof(out));

    if (a->ways.len == 0) {
        return out;
    }

    out.first = weir_build_count(w->b, WEIR_S_METHODS);
    out.count = (uint32_t) a->ways.len;

    for (i = 0; i < a->ways.len; i++) {
        rec.by = a->ways.items[i].by;
        rec.issuer = a->ways.items[i].issuer;
        weir_build_records(w->b, WEIR_S_METHODS, &rec, 1);
    }

    if (!a->given) {
        w->asked = out;
    }

    return out;
}


static weir_rc_t
write_mfa(weir_writer_t *w, const weir_mfa_t *mfa, uint32_t *out)
{
    weir_rc_t       rc;
    weir_img_mfa_t  rec;

    memset(&rec, 0, sizeof(rec));
    rec.max_age = mfa->max_age;
    rc = weir_write_names(w, mfa->acr.items, mfa->acr.len, &rec.acr);

    if (rc == WEIR_OK) {
        rc = weir_write_names(w, mfa->amr.items, mfa->amr.len, &rec.amr);
    }

    *out = weir_build_records(w->b, WEIR_S_MFAS, &rec, 1);

    return rc;
}


weir_rc_t
weir_write_auth(weir_writer_t *w, const weir_route_t *r, weir_img_route_t *rec)
{
    rec->mfa = WEIR_NONE;

    if (r->auth != NULL) {
        rec->auth = (uint8_t) r->auth->kind;
        rec->forward = r->auth->forward;
        rec->auth_methods = write_ways(w, r->auth);
    }

    return r->mfa != NULL ? write_mfa(w, r->mfa, &rec->mfa) : WEIR_OK;
}
