/*
 * bench_ask.c: what a decision that is measured asks of the server: answered
 * by the tool once, and from memory afterwards.
 */

#include "cli/bench.h"


static void
ask_attr(void *host, unsigned attr, weir_value_t *out)
{
    bench_subject_t  *s;

    s = host;

    if (!(s->known >> attr & 1)) {
        s->attrs[attr] = *out;
        s->request->req.host_ops->attr(s->request, attr, &s->attrs[attr]);
        s->known |= (uint64_t) 1 << attr;
    }

    *out = s->attrs[attr];
}


static weir_rc_t
ask_get(void *host, unsigned attr, weir_str_t key, weir_value_t *out)
{
    bench_subject_t  *s;

    s = host;

    return s->request->req.host_ops->get(s->request, attr, key, out);
}


static void
ask_at(void *host, unsigned attr, uint32_t i, weir_value_t *key,
    weir_value_t *value)
{
    bench_subject_t  *s;

    s = host;
    s->request->req.host_ops->at(s->request, attr, i, key, value);
}


static const weir_host_t  ask_ops = { ask_attr, ask_get, ask_at };


/* Who calls: what the tool makes up once is kept. */

static void *
ask_alloc(void *host, size_t n)
{
    char             *p;
    bench_subject_t  *s;

    s = host;
    n = (n + 15) & ~(size_t) 15;

    if (n > BENCH_MEMORY - s->used) {
        return NULL;
    }

    p = s->memory + s->used;
    s->used += n;

    return p;
}


static int64_t
ask_now(void *host)
{
    const bench_subject_t  *s;

    s = host;

    return weir_cli_identity.now(s->request);
}


static weir_str_t
ask_header(void *host, weir_str_t name, unsigned nth)
{
    const bench_subject_t  *s;

    s = host;

    return weir_cli_identity.header(s->request, name, nth);
}


static const weir_keys_t *
ask_keys(void *host, const weir_img_issuer_t *issuer)
{
    const bench_subject_t  *s;

    s = host;

    return weir_cli_identity.keys(s->request, issuer);
}


static weir_rc_t
ask_certificate(void *host, weir_cert_t *out)
{
    bench_subject_t  *s;

    s = host;

    if (!s->asked_cert) {
        s->asked_cert = true;
        s->has_cert = weir_cli_identity.certificate(s->request, &s->cert);
    }

    *out = s->cert;

    return s->has_cert;
}


static weir_rc_t
ask_given(void *host, const weir_img_method_t *method, weir_principal_t *out)
{
    bench_subject_t  *s;

    s = host;

    if (s->asked != method) {
        s->asked = method;
        s->has_given = weir_cli_identity.given(s->request, method, &s->given);
    }

    *out = s->given;

    return s->has_given;
}


static const weir_identity_t  ask_identity = {
    .alloc = ask_alloc,
    .now = ask_now,
    .header = ask_header,
    .keys = ask_keys,
    .certificate = ask_certificate,
    .given = ask_given
};


/* Splits have a table, in which nothing has happened. */

static weir_splits_t *
ask_splits(void *host)
{
    const bench_subject_t  *s;

    s = host;

    return s->request->splits;
}


static int64_t
ask_clock(void *host)
{
    const bench_subject_t  *s;

    s = host;

    return weir_cli_router.clock(s->request);
}


static weir_str_t
ask_draw(void *host)
{
    const bench_subject_t  *s;

    s = host;

    return weir_cli_router.draw(s->request);
}


static const weir_router_t  ask_router = {
    .splits = ask_splits,
    .clock = ask_clock,
    .draw = ask_draw
};


void
weir_bench_ask(bench_subject_t *s)
{
    s->req.host_ops = &ask_ops;
    s->req.host_data = s;
    s->req.identity = &ask_identity;
    s->req.router = &ask_router;
}
