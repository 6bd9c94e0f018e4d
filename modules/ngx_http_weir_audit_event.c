/*
 * ngx_http_weir_audit_event.c: what became of the policy and of splits, into
 * every audit log of the configuration.  Never sampled.
 */

#include "ngx_http_weir_audit.h"
#include "ngx_http_weir_splits.h"


typedef struct {
    ngx_http_weir_event_e    event;
    const weir_image_t      *img;
    const weir_img_split_t  *split;
    weir_str_t               arm;
    weir_str_t               about;
    weir_str_t               order;
    weir_str_t               origin;
    weir_str_t               subject;
    weir_str_t               source;
    weir_str_t               text;
} ngx_http_weir_split_event_t;


static void ngx_http_weir_line_policy(ngx_http_weir_line_t *line,
    const ngx_http_weir_policy_news_t *news);
static void ngx_http_weir_audit_split_event(ngx_http_weir_main_conf_t *wmcf,
    const ngx_http_weir_split_event_t *e);
static weir_str_t ngx_http_weir_guarded_arm(const weir_image_t *img,
    const weir_img_split_t *s);
static ngx_uint_t ngx_http_weir_merged_event(weir_split_word_t before,
    weir_split_word_t word, ngx_http_weir_split_event_t *e);


void
ngx_http_weir_audit_policy(ngx_cycle_t *cycle,
    const ngx_http_weir_policy_news_t *news)
{
    ngx_http_weir_line_t        line;
    ngx_http_weir_audit_t      *audit;
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_weir_module);

    for (audit = wmcf->audits; audit; audit = audit->next) {
        ngx_http_weir_line_begin(&line, audit, NULL, news->event,
                                 news->event
                                 != NGX_HTTP_WEIR_EVENT_POLICY_REJECTED);
        ngx_http_weir_line_policy(&line, news);
        ngx_http_weir_audit_write(wmcf, audit, &line);
    }
}


static void
ngx_http_weir_line_policy(ngx_http_weir_line_t *line,
    const ngx_http_weir_policy_news_t *news)
{
    u_char  hex[2 * WEIR_SHA256_LEN];

    if (news->reason.len) {
        ngx_http_weir_line_text(line, NGX_HTTP_WEIR_FIELD_REASON,
                                news->reason);
    }

    ngx_http_weir_line_text(line, NGX_HTTP_WEIR_FIELD_POLICY, news->policy);
    ngx_http_weir_line_number(line, NGX_HTTP_WEIR_FIELD_GENERATION,
                              news->generation);

    if (news->has_serial) {
        ngx_http_weir_line_number(line, NGX_HTTP_WEIR_FIELD_SERIAL,
                                  news->serial);
    }

    (void) ngx_hex_dump(hex, (u_char *) news->digest, WEIR_SHA256_LEN);
    ngx_http_weir_line_text(line, NGX_HTTP_WEIR_FIELD_DIGEST,
                            weir_str((char *) hex, sizeof(hex)));

    if (news->from_last_good) {
        ngx_http_weir_line_true(line, NGX_HTTP_WEIR_FIELD_LAST_GOOD);
    }

    if (news->event == NGX_HTTP_WEIR_EVENT_POLICY_SWAPPED) {
        ngx_http_weir_line_number(line,
                                  NGX_HTTP_WEIR_FIELD_PREVIOUS_GENERATION,
                                  news->previous);

        if (news->previous_has_serial) {
            ngx_http_weir_line_number(line,
                                      NGX_HTTP_WEIR_FIELD_PREVIOUS_SERIAL,
                                      news->previous_serial);
        }
    }

    ngx_http_weir_line_text(line, NGX_HTTP_WEIR_FIELD_TEXT, news->text);
}


void
ngx_http_weir_audit_split(ngx_http_weir_main_conf_t *wmcf,
    const weir_image_t *img, const weir_split_news_t *news, weir_str_t text)
{
    ngx_http_weir_split_event_t  e;

    static const ngx_http_weir_event_e  events[] = {
#define N(name, text)  NGX_HTTP_WEIR_EVENT_SPLIT_##name,
        WEIR_SPLIT_NEWS(N)
#undef N
    };

    ngx_memzero(&e, sizeof(e));

    e.event = events[news->what];
    e.img = img;
    e.split = news->split;
    e.arm = ngx_http_weir_guarded_arm(img, news->split);
    e.origin = weir_string("node");
    e.text = text;

    if (news->what == WEIR_NEWS_ROLLED_BACK
        || news->what == WEIR_NEWS_REPORTED)
    {
        e.about = weir_cstr(ngx_http_weir_split_about(news->look.about));
    }

    ngx_http_weir_audit_split_event(wmcf, &e);
}


void
ngx_http_weir_audit_merged(ngx_http_weir_main_conf_t *wmcf,
    const weir_id_t *uid, weir_split_word_t before, weir_split_word_t word,
    weir_str_t text)
{
    uint32_t                      i, pinned;
    const weir_img_arm_t         *arms;
    ngx_http_weir_pin_t           pin;
    const weir_img_split_t       *s;
    ngx_http_weir_split_event_t   e;

    ngx_memzero(&e, sizeof(e));

    if (wmcf->audits == NULL || !ngx_http_weir_merged_event(before, word, &e)
        || ngx_http_weir_policy_pin(wmcf->policy, &pin) != NGX_OK)
    {
        return;
    }

    s = WEIR_REC(pin.image, SPLITS);

    for (i = 0; i < pin.image->n[WEIR_S_SPLITS]; i++) {

        if (ngx_memcmp(&s[i].uid, uid, sizeof(weir_id_t)) != 0) {
            continue;
        }

        e.img = pin.image;
        e.split = &s[i];
        e.arm = ngx_http_weir_guarded_arm(pin.image, &s[i]);
        e.origin = weir_string("store");
        e.text = text;

        pinned = WEIR_SPLIT_PINNED(word);

        if (pinned && pinned <= s[i].arms.count) {
            arms = &WEIR_REC(pin.image, ARMS)[s[i].arms.first];
            e.arm = weir_img_str(pin.image, arms[pinned - 1].name);
        }

        ngx_http_weir_audit_split_event(wmcf, &e);
        break;
    }

    ngx_http_weir_policy_unpin(wmcf->policy, &pin);
}


/*
 * What made one word of the other, as far as words tell: a resumption by hand
 * is like one by time.  0: nothing that anybody did.
 */
static ngx_uint_t
ngx_http_weir_merged_event(weir_split_word_t before, weir_split_word_t word,
    ngx_http_weir_split_event_t *e)
{
    ngx_uint_t  newer;

    newer = WEIR_SPLIT_EPOCH(word) != WEIR_SPLIT_EPOCH(before);

    if (WEIR_SPLIT_PINNED(word)
        && (newer || WEIR_SPLIT_PINNED(word) != WEIR_SPLIT_PINNED(before)))
    {
        e->event = NGX_HTTP_WEIR_EVENT_SPLIT_ORDERED;
        e->order = weir_cstr(weir_split_order_name(WEIR_SPLIT_PIN));

    } else if (WEIR_SPLIT_HAND(word) && WEIR_SPLIT_ROLLED(word)
               && (newer || !WEIR_SPLIT_HAND(before)
                   || !WEIR_SPLIT_ROLLED(before)))
    {
        e->event = NGX_HTTP_WEIR_EVENT_SPLIT_ORDERED;
        e->order = weir_cstr(weir_split_order_name(WEIR_SPLIT_ROLLBACK));

    } else if (WEIR_SPLIT_ROLLED(word)
               && (newer || !WEIR_SPLIT_ROLLED(before)))
    {
        e->event = NGX_HTTP_WEIR_EVENT_SPLIT_ROLLED_BACK;

    } else if (newer) {
        e->event = NGX_HTTP_WEIR_EVENT_SPLIT_RESUMED;

    } else if (WEIR_SPLIT_STEP(word) != WEIR_SPLIT_STEP(before)) {
        e->event = NGX_HTTP_WEIR_EVENT_SPLIT_ADVANCED;

    } else {
        return 0;
    }

    return 1;
}


void
ngx_http_weir_audit_order(ngx_http_request_t *r, const weir_image_t *img,
    const weir_img_split_t *s, weir_split_order_t order, weir_str_t arm)
{
    ngx_http_weir_ctx_t          *ctx;
    ngx_http_weir_main_conf_t    *wmcf;
    ngx_http_weir_split_event_t   e;

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_weir_module);
    ctx = ngx_http_weir_get_ctx(r);

    ngx_memzero(&e, sizeof(e));

    e.event = NGX_HTTP_WEIR_EVENT_SPLIT_ORDERED;
    e.img = img;
    e.split = s;
    e.arm = order == WEIR_SPLIT_PIN ? arm : ngx_http_weir_guarded_arm(img, s);
    e.order = weir_cstr(weir_split_order_name(order));
    e.origin = weir_string("node");
    e.source = ngx_http_weir_str(&r->connection->addr_text);

    if (ctx && ctx->decided) {
        e.subject = ctx->decision.subject;
    }

    ngx_http_weir_audit_split_event(wmcf, &e);
}


static void
ngx_http_weir_audit_split_event(ngx_http_weir_main_conf_t *wmcf,
    const ngx_http_weir_split_event_t *e)
{
    ngx_uint_t              i;
    weir_str_t              policy, split;
    ngx_http_weir_line_t    line;
    ngx_http_weir_audit_t  *audit;

    policy = weir_img_str(e->img, e->img->header->name);
    split = weir_img_str(e->img, e->split->name);

    const struct {
        ngx_http_weir_field_e  field;
        weir_str_t             text;
    } texts[] = {
        { NGX_HTTP_WEIR_FIELD_SUBJECT, e->subject },
        { NGX_HTTP_WEIR_FIELD_POLICY, policy },
        { NGX_HTTP_WEIR_FIELD_SOURCE, e->source },
        { NGX_HTTP_WEIR_FIELD_SPLIT, split },
        { NGX_HTTP_WEIR_FIELD_ARM, e->arm },
        { NGX_HTTP_WEIR_FIELD_ABOUT, e->about },
        { NGX_HTTP_WEIR_FIELD_ORDER, e->order },
        { NGX_HTTP_WEIR_FIELD_ORIGIN, e->origin },
        { NGX_HTTP_WEIR_FIELD_TEXT, e->text }
    };

    for (audit = wmcf->audits; audit; audit = audit->next) {
        ngx_http_weir_line_begin(&line, audit, e->img, e->event, 1);

        for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {

            if (texts[i].text.len) {
                ngx_http_weir_line_text(&line, texts[i].field, texts[i].text);
            }
        }

        if (e->img->header->flags & WEIR_IMAGE_HAS_SERIAL) {
            ngx_http_weir_line_number(&line, NGX_HTTP_WEIR_FIELD_SERIAL,
                                      e->img->header->serial);
        }

        ngx_http_weir_audit_write(wmcf, audit, &line);
    }
}


/* Of a split without a guard: none. */
static weir_str_t
ngx_http_weir_guarded_arm(const weir_image_t *img, const weir_img_split_t *s)
{
    const weir_img_guard_t  *guard;

    if (s->guard == WEIR_NONE) {
        return weir_str("", 0);
    }

    guard = &WEIR_REC(img, GUARDS)[s->guard];

    return weir_img_str(img, WEIR_REC(img, ARMS)[guard->arm].name);
}
