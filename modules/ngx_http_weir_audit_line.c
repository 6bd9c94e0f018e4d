/*
 * ngx_http_weir_audit_line.c: a line of the audit log, by either set of names.
 *
 * Every value has its share of the line and is cut where it has more; what
 * the policy redacts appears as the first half of its SHA-256.
 */

#include "ngx_http_weir_audit.h"
#include "base/digest.h"
#include "image/redact.h"

/* '{', time, event and the constants of ECS; '}' and two newlines */
#define NGX_HTTP_WEIR_LINE_HEAD  256
#define NGX_HTTP_WEIR_LINE_TAIL  3

#define NGX_HTTP_WEIR_ECS_VERSION  "8.11.0"

/* ,"": around a name */
#define NGX_HTTP_WEIR_LINE_MARKS  4


typedef enum {
    NGX_HTTP_WEIR_KEPT,
    NGX_HTTP_WEIR_TEXT,
    NGX_HTTP_WEIR_NUMBER,
    NGX_HTTP_WEIR_TRUE
} ngx_http_weir_kind_e;

typedef struct {
    ngx_http_weir_kind_e  kind;
    weir_str_t            names[2];             /* JSON, ECS */
    weir_str_t            attr;
    size_t                max;
} ngx_http_weir_field_t;

enum {
    NGX_HTTP_WEIR_LINE_MOST = NGX_HTTP_WEIR_LINE_HEAD + NGX_HTTP_WEIR_LINE_TAIL
#define F(name, kind, key, ecs, attr, max, doc)                               \
    + NGX_HTTP_WEIR_LINE_MARKS + (max)                                        \
    + (sizeof(key) > sizeof(ecs) ? sizeof(key) : sizeof(ecs))
    NGX_HTTP_WEIR_AUDIT_DECISION(F)
#undef F
};

_Static_assert((int) NGX_HTTP_WEIR_LINE_MOST <= NGX_HTTP_WEIR_LINE,
               "all of a decision may not fit into a line");

/* what has a name to be redacted by, and what the compiler knows of that */
enum {
    NGX_HTTP_WEIR_NREDACTED = 0
#define F(name, kind, key, ecs, attr, max, doc)  + (sizeof(attr) > 1)
    NGX_HTTP_WEIR_AUDIT_DECISION(F)
    NGX_HTTP_WEIR_AUDIT_EVENT(F)
#undef F
#define R(name)  - 1
    WEIR_REDACTED(R)
#undef R
};

_Static_assert((int) NGX_HTTP_WEIR_NREDACTED == 0,
               "WEIR_REDACTED has other names");


static u_char *ngx_http_weir_line_time(u_char *p);
static ngx_uint_t ngx_http_weir_line_key(ngx_http_weir_line_t *line,
    const ngx_http_weir_field_t *field, const weir_str_t *name);


#define NGX_HTTP_WEIR_TEXT_OF(s)  { s, sizeof(s) - 1 }

static const ngx_http_weir_field_t  ngx_http_weir_fields[] = {
#define F(name, kind, key, ecs, attr, max, doc)                               \
    { NGX_HTTP_WEIR_##kind,                                                   \
      { NGX_HTTP_WEIR_TEXT_OF(key), NGX_HTTP_WEIR_TEXT_OF(ecs) },             \
      NGX_HTTP_WEIR_TEXT_OF(attr), max },
    NGX_HTTP_WEIR_AUDIT_DECISION(F)
    NGX_HTTP_WEIR_AUDIT_EVENT(F)
#undef F
};

static const char *const  ngx_http_weir_events[] = {
#define E(name, text, doc)  text,
    NGX_HTTP_WEIR_AUDIT_EVENTS(E)
#undef E
};

/* of ECS, where it stands for what is no address any more */
static const weir_str_t  ngx_http_weir_client_address =
    NGX_HTTP_WEIR_TEXT_OF("client.address");


void
ngx_http_weir_line_begin(ngx_http_weir_line_t *line,
    ngx_http_weir_audit_t *audit, const weir_image_t *img,
    ngx_http_weir_event_e event, ngx_uint_t success)
{
    u_char  *p;

    p = line->bytes;

    if (audit->syslog) {
        p = ngx_syslog_add_header(audit->syslog, p);
    }

    line->img = img;
    line->ecs = audit->ecs;
    line->start = p;

    /* what is behind a line that lacks its end would be lost with it */

    if (audit->torn) {
        *p++ = LF;
    }

    p = ngx_sprintf(p, audit->ecs ? "{\"@timestamp\":" : "{\"time\":");
    p = ngx_http_weir_line_time(p);

    if (audit->ecs) {
        p = ngx_sprintf(p, ",\"ecs.version\":\"%s\",\"event.kind\":\"event\","
                        "\"event.dataset\":\"weir.audit\","
                        "\"event.action\":\"%s\",\"event.outcome\":\"%s\"",
                        NGX_HTTP_WEIR_ECS_VERSION, ngx_http_weir_events[event],
                        success ? "success" : "failure");

    } else {
        p = ngx_sprintf(p, ",\"event\":\"%s\"", ngx_http_weir_events[event]);
    }

    line->p = p;
}


/* RFC 3339, in UTC, to the millisecond */
static u_char *
ngx_http_weir_line_time(u_char *p)
{
    ngx_tm_t     tm;
    ngx_time_t  *tp;

    tp = ngx_timeofday();
    ngx_gmtime(tp->sec, &tm);

    return ngx_sprintf(p, "\"%4d-%02d-%02dT%02d:%02d:%02d.%03MZ\"",
                       tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                       tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec,
                       tp->msec);
}


void
ngx_http_weir_line_text(ngx_http_weir_line_t *line,
    ngx_http_weir_field_e field, weir_str_t text)
{
    u_char                        hex[WEIR_SHA256_LEN];
    weir_str_t                    shown;
    const weir_str_t             *name;
    const ngx_http_weir_field_t  *f;

    f = &ngx_http_weir_fields[field];
    name = &f->names[line->ecs];

    if (text.len == 0 && (line->ecs || f->kind != NGX_HTTP_WEIR_KEPT)) {
        return;
    }

    shown = f->attr.len ? ngx_http_weir_redact(line->img, f->attr, text, hex)
                        : text;

    if (line->ecs && field == NGX_HTTP_WEIR_FIELD_SOURCE
        && shown.data != text.data)
    {
        name = &ngx_http_weir_client_address;
    }

    if (ngx_http_weir_line_key(line, f, name)) {
        line->p = ngx_http_weir_json(line->p, line->p + f->max, shown);
    }
}


void
ngx_http_weir_line_number(ngx_http_weir_line_t *line,
    ngx_http_weir_field_e field, uint64_t n)
{
    const ngx_http_weir_field_t  *f;

    f = &ngx_http_weir_fields[field];

    if (ngx_http_weir_line_key(line, f, &f->names[line->ecs])) {
        line->p = ngx_sprintf(line->p, "%uL", n);
    }
}


void
ngx_http_weir_line_true(ngx_http_weir_line_t *line,
    ngx_http_weir_field_e field)
{
    const ngx_http_weir_field_t  *f;

    f = &ngx_http_weir_fields[field];

    if (ngx_http_weir_line_key(line, f, &f->names[line->ecs])) {
        line->p = ngx_cpymem(line->p, "true", 4);
    }
}


/* Whether the field has room, of which its name is taken. */
static ngx_uint_t
ngx_http_weir_line_key(ngx_http_weir_line_t *line,
    const ngx_http_weir_field_t *field, const weir_str_t *name)
{
    size_t  used, need;

    used = (size_t) (line->p - line->start) + NGX_HTTP_WEIR_LINE_TAIL;
    need = name->len + NGX_HTTP_WEIR_LINE_MARKS + field->max;

    if (need > NGX_HTTP_WEIR_LINE - used) {
        return 0;
    }

    line->p = ngx_sprintf(line->p, ",\"%*s\":", NGX_HTTP_WEIR_STR(*name));

    return 1;
}


weir_str_t
ngx_http_weir_redact(const weir_image_t *img, weir_str_t name, weir_str_t text,
    u_char hex[WEIR_SHA256_LEN])
{
    return ngx_http_weir_redacts(img, name) ? ngx_http_weir_hashed(text, hex)
                                            : text;
}


weir_str_t
ngx_http_weir_hashed(weir_str_t text, u_char hex[WEIR_SHA256_LEN])
{
    uint8_t  digest[WEIR_SHA256_LEN];

    if (text.len == 0) {
        return text;
    }

    if (weir_sha256(text, digest) != WEIR_OK) {
        return weir_string("redacted");
    }

    (void) ngx_hex_dump(hex, digest, WEIR_SHA256_LEN / 2);

    return weir_str((char *) hex, WEIR_SHA256_LEN);
}


ngx_uint_t
ngx_http_weir_redacts(const weir_image_t *img, weir_str_t name)
{
    uint32_t         i;
    weir_range_t     redact;
    const uint32_t  *refs;

    if (img == NULL) {
        return 0;
    }

    redact = img->policy->redact;
    refs = &WEIR_REC(img, REFS)[redact.first];

    for (i = 0; i < redact.count; i++) {

        if (weir_str_eq(weir_img_str(img, refs[i]), name)) {
            return 1;
        }
    }

    return 0;
}
