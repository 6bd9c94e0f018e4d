/*
 * ask.h: policies from text to a verified image, and requests to ask it with.
 */

#ifndef WEIR_TEST_ASK_H
#define WEIR_TEST_ASK_H

#include "front.h"
#include "run/decide.h"

typedef struct {
    front_policy_t   front;
    weir_image_t     image;
} policy_t;

/* NULL stands for what most tests do not care about. */
typedef struct {
    const char  *method;        /* GET */
    const char  *host;          /* none */
    const char  *path;          /* / */
    const char  *source;        /* 192.0.2.1 */
    const char  *peer;          /* the source; "" = a unix socket */
    const char  *headers;       /* "name=value\n..." in lower case */
    const char  *cookies;       /* the same */
} ask_t;


/* The model of p->front as an image. */
static inline void
policy_write(policy_t *p)
{
    char            *copy;
    weir_str_t       bytes;
    weir_refusal_t   why;

    if (weir_model_write(p->front.arena, p->front.model, &p->front.diags,
                         &bytes) != WEIR_OK)
    {
        weir_diags_print(&p->front.diags, stderr, false);
        fail_msg("no image");
    }

    copy = weir_arena_alloc(p->front.arena, bytes.len);
    assert_non_null(copy);
    memcpy(copy, bytes.data, bytes.len);

    if (weir_image_verify((uint8_t *) copy, bytes.len, NULL, &why) != WEIR_OK
        || weir_image_open(&p->image, (uint8_t *) copy, p->front.arena, &why)
           != WEIR_OK)
    {
        fail_msg("%s", why.text);
    }
}


static inline void
policy_open(policy_t *p, const char *yaml)
{
    front_load(&p->front, yaml);
    front_expect(yaml, p->front.said, "");
    policy_write(p);
}


static inline void
policy_close(policy_t *p)
{
    weir_image_close(&p->image);
    front_free(&p->front);
}


static inline weir_rc_t
ask_get(void *host, unsigned attr, weir_str_t key, weir_value_t *out)
{
    weir_str_t    line;
    const ask_t  *a;
    const char   *p, *eol;

    a = host;
    p = attr == WEIR_A_REQUEST_HEADERS ? a->headers
        : attr == WEIR_A_REQUEST_COOKIES ? a->cookies : NULL;

    if (p == NULL) {
        return WEIR_DECLINED;
    }

    for ( /* void */ ; *p != '\0'; p = eol + (*eol != '\0')) {
        eol = strchr(p, '\n');
        eol = eol ? eol : p + strlen(p);
        line = weir_str(p, (size_t) (eol - p));

        if (weir_str_starts(line, key) && line.len > key.len
            && line.data[key.len] == '=')
        {
            *out = weir_v_str(weir_str(line.data + key.len + 1,
                                       line.len - key.len - 1));
            return WEIR_OK;
        }
    }

    return WEIR_DECLINED;
}


static inline void
ask_at(void *host, unsigned attr, uint32_t i, weir_value_t *key,
    weir_value_t *value)
{
    (void) host;
    (void) attr;
    (void) i;

    *key = weir_v_str(weir_str("", 0));
    *value = *key;
}


static inline void
ask_attr(void *host, unsigned attr, weir_value_t *out)
{
    const ask_t       *a;
    static weir_ip_t   ip;

    a = host;

    switch (attr) {

    case WEIR_A_REQUEST_METHOD:
        *out = weir_v_str(weir_cstr(a->method ? a->method : "GET"));
        break;

    case WEIR_A_SOURCE_IP:
        assert_int_equal(weir_ip_parse(weir_cstr(a->source ? a->source
                                                           : "192.0.2.1"),
                                       &ip), WEIR_OK);
        out->kind = WEIR_T_IP;
        out->u.ip = &ip;
        break;

    case WEIR_A_REQUEST_HEADERS:
    case WEIR_A_REQUEST_COOKIES:
        out->kind = WEIR_T_MAP;
        out->rep = WEIR_REP_HOST;
        out->len = 1;
        out->u.attr = attr;
        break;

    default:
        break;
    }
}


static const weir_host_t  ask_ops = { ask_attr, ask_get, ask_at };


static inline void
ask_request(const ask_t *a, weir_request_t *req)
{
    const char  *source;

    memset(req, 0, sizeof(weir_request_t));

    source = a->source ? a->source : "192.0.2.1";
    req->method = weir_cstr(a->method ? a->method : "GET");
    req->host = weir_cstr(a->host ? a->host : "");
    req->path = weir_cstr(a->path ? a->path : "/");
    req->host_ops = &ask_ops;
    req->host_data = (void *) a;

    assert_int_equal(weir_ip_parse(weir_cstr(source), &req->source), WEIR_OK);

    if (a->peer == NULL) {
        req->peer = req->source;

    } else if (a->peer[0] != '\0') {
        assert_int_equal(weir_ip_parse(weir_cstr(a->peer), &req->peer),
                         WEIR_OK);
    }
}

#endif
