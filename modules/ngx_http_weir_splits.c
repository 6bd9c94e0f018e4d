/*
 * ngx_http_weir_splits.c: what the engine asks of nginx about splits, the
 * cookie of a pin, and the tick.
 *
 * Every worker ticks, and the table sees to it that each thing is done and
 * told once.  A worker that exits does not: what it serves may be old.
 */

#include "ngx_http_weir_audit.h"
#include "ngx_http_weir_clock.h"
#include "ngx_http_weir_limits.h"
#include "ngx_http_weir_split_sync.h"
#include "ngx_http_weir_splits.h"

#define NGX_HTTP_WEIR_SPLITS_TICK  100          /* ms */
#define NGX_HTTP_WEIR_SPLITS_LOOK  500          /* ms, while nothing is due */

#define NGX_HTTP_WEIR_SPLITS_LINE  1024         /* of a log, at most */


static weir_splits_t *ngx_http_weir_splits_table(void *host);
static int64_t ngx_http_weir_splits_clock(void *host);
static weir_str_t ngx_http_weir_splits_draw(void *host);
static void ngx_http_weir_splits_timer(ngx_event_t *ev);
static void ngx_http_weir_splits_look(ngx_http_weir_splits_t *splits);
static void ngx_http_weir_splits_full(ngx_http_weir_splits_t *splits,
    uint32_t left);
static void ngx_http_weir_splits_tell(void *data,
    const weir_split_news_t *news);
static u_char *ngx_http_weir_splits_text(u_char *p, u_char *end,
    const weir_image_t *img, const weir_split_news_t *news);
static u_char *ngx_http_weir_splits_seen(u_char *p, u_char *end,
    const weir_image_t *img, const weir_img_guard_t *guard,
    const weir_guard_look_t *look);
static u_char *ngx_http_weir_splits_rate(u_char *p, u_char *end,
    uint64_t errors, uint64_t requests);


const weir_router_t  ngx_http_weir_router = {
    .splits = ngx_http_weir_splits_table,
    .clock = ngx_http_weir_splits_clock,
    .draw = ngx_http_weir_splits_draw
};


ngx_http_weir_splits_t *
ngx_http_weir_splits_create(ngx_conf_t *cf, ngx_http_weir_main_conf_t *wmcf)
{
    ngx_http_weir_splits_t  *splits;

    splits = ngx_pcalloc(cf->pool, sizeof(ngx_http_weir_splits_t));

    if (splits) {
        splits->wmcf = wmcf;
    }

    return splits;
}


ngx_int_t
ngx_http_weir_splits_init_process(ngx_http_weir_splits_t *splits,
    ngx_cycle_t *cycle)
{
    splits->table = ngx_http_weir_zone_splits(splits->wmcf->zone);
    splits->log = cycle->log;

    splits->timer.handler = ngx_http_weir_splits_timer;
    splits->timer.data = splits;
    splits->timer.log = cycle->log;
    splits->timer.cancelable = 1;

    splits->started = 1;

    ngx_add_timer(&splits->timer, NGX_HTTP_WEIR_SPLITS_TICK);

    return NGX_OK;
}


void
ngx_http_weir_splits_exit_process(ngx_http_weir_splits_t *splits)
{
    if (!splits->started) {
        return;
    }

    splits->started = 0;

    if (splits->timer.timer_set) {
        ngx_del_timer(&splits->timer);
    }
}


/* The engine asks */

static weir_splits_t *
ngx_http_weir_splits_table(void *host)
{
    ngx_http_weir_ctx_t *ctx = host;

    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = ngx_http_get_module_main_conf(ctx->request, ngx_http_weir_module);

    return wmcf->splits->table;
}


static int64_t
ngx_http_weir_splits_clock(void *host)
{
    return ngx_http_weir_turn_clock();
}


static weir_str_t
ngx_http_weir_splits_draw(void *host)
{
    return ngx_http_weir_request_id(host);
}


/*
 * Of that one answer no other client may have a copy: it would get the pin
 * too.  Caches of nginx keep what the upstream sent, without either header.
 */
ngx_int_t
ngx_http_weir_split_cookie(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    size_t                   len;
    u_char                  *p, *last;
    weir_str_t               name;
    const weir_image_t      *img;
    const weir_routing_t    *routing;
    const weir_img_split_t  *s;

    if (ctx->txn == NULL || !(ctx->enforced || ctx->routed)) {
        return NGX_OK;
    }

    routing = weir_txn_routing(ctx->txn);
    s = routing->split;

    if (s == NULL || !routing->new_pin) {
        return NGX_OK;
    }

    img = ctx->pin.image;
    name = weir_img_str(img, s->cookie);

    len = name.len + WEIR_PIN_LEN + NGX_INT32_LEN
          + sizeof("=; Path=/; Max-Age=; HttpOnly; SameSite=Lax; Secure");

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    last = ngx_sprintf(p, "%*s=%*s; Path=/", NGX_HTTP_WEIR_STR(name),
                       (size_t) WEIR_PIN_LEN, routing->pin);

    if (s->cookie_age) {
        last = ngx_sprintf(last, "; Max-Age=%uD", s->cookie_age);
    }

    last = ngx_sprintf(last, "; HttpOnly; SameSite=Lax%s",
                       weir_str_eq(ngx_http_weir_scheme(r),
                                   weir_string("https"))
                       ? "; Secure" : "");

    if (ngx_http_weir_out_push(r, weir_string("Set-Cookie"),
                               weir_str((char *) p, last - p)) == NULL
        || ngx_http_weir_out_push(r, weir_string("Cache-Control"),
                                  weir_string("private")) == NULL)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* The tick */

static void
ngx_http_weir_splits_timer(ngx_event_t *ev)
{
    uint32_t                 left;
    weir_splits_now_t        now;
    ngx_http_weir_pin_t      pin;
    ngx_http_weir_policy_t  *policy;
    ngx_http_weir_splits_t  *splits;

    splits = ev->data;

    if (ngx_exiting) {
        return;
    }

    ngx_http_weir_splits_look(splits);

    if (!splits->has || splits->table == NULL) {
        ngx_add_timer(ev, NGX_HTTP_WEIR_SPLITS_LOOK);
        return;
    }

    policy = splits->wmcf->policy;

    if (ngx_http_weir_policy_pin(policy, &pin) == NGX_OK) {
        ngx_http_weir_split_now(splits->wmcf->split_sync, pin.generation,
                                &now);

        splits->pin = &pin;
        left = weir_splits_tick(splits->table, pin.image, &now,
                                ngx_http_weir_splits_tell, splits);
        splits->pin = NULL;

        if (left && splits->full != pin.generation) {
            splits->full = pin.generation;
            ngx_http_weir_splits_full(splits, left);
        }

        ngx_http_weir_policy_unpin(policy, &pin);
    }

    ngx_add_timer(ev, NGX_HTTP_WEIR_SPLITS_TICK);
}


/*
 * Whether the policy has what is looked after; once of each policy.  Without
 * a guard nothing is due but to forget the splits of policies before it.
 */
static void
ngx_http_weir_splits_look(ngx_http_weir_splits_t *splits)
{
    uint64_t    generation;
    ngx_uint_t  has;

    generation = ngx_http_weir_policy_has(splits->wmcf->policy, WEIR_S_SPLITS,
                                          splits->generation, &has);

    if (generation == splits->generation) {
        return;
    }

    splits->generation = generation;
    splits->has = has;

    if (has && splits->table == NULL
        && ngx_http_weir_lanes_lead(splits->wmcf->limits))
    {
        ngx_log_error(NGX_LOG_WARN, splits->log, 0,
                      "weir: zone \"%V\" has no room for the state of splits: "
                      "nothing guards them",
                      &splits->wmcf->zone->shm.name);
    }
}


static void
ngx_http_weir_splits_full(ngx_http_weir_splits_t *splits, uint32_t left)
{
    if (ngx_http_weir_lanes_lead(splits->wmcf->limits)) {
        ngx_log_error(NGX_LOG_WARN, splits->log, 0,
                      "weir: zone \"%V\" has no room for the state of %uD "
                      "splits more: nothing guards them; a larger weir_zone "
                      "has", &splits->wmcf->zone->shm.name, left);
    }
}


static void
ngx_http_weir_splits_tell(void *data, const weir_split_news_t *news)
{
    ngx_http_weir_splits_t *splits = data;

    u_char      line[NGX_HTTP_WEIR_SPLITS_LINE], *last;
    weir_str_t  name;
    ngx_uint_t  level;

    last = ngx_http_weir_splits_text(line, line + sizeof(line),
                                     splits->pin->image, news);
    name = weir_img_str(splits->pin->image, news->split->name);

    level = news->what == WEIR_NEWS_ROLLED_BACK
            || news->what == WEIR_NEWS_REPORTED
            ? NGX_LOG_WARN : NGX_LOG_NOTICE;

    ngx_log_error(level, splits->log, 0, "weir: split \"%*s\" %*s",
                  NGX_HTTP_WEIR_STR(name), (size_t) (last - line), line);

    ngx_http_weir_audit_split(splits->wmcf, splits->pin->image, news,
                              weir_str((char *) line,
                                       (size_t) (last - line)));

    if (news->what != WEIR_NEWS_REPORTED) {
        ngx_http_weir_split_changed(splits->wmcf->split_sync,
                                    splits->pin->image, news->split);
    }
}


static u_char *
ngx_http_weir_splits_text(u_char *p, u_char *end, const weir_image_t *img,
    const weir_split_news_t *news)
{
    uint32_t                 step;
    weir_str_t               arm;
    const weir_img_step_t   *steps;
    const weir_img_guard_t  *guard;
    const weir_img_split_t  *s;

    s = news->split;
    guard = &WEIR_REC(img, GUARDS)[s->guard];
    arm = weir_img_str(img, WEIR_REC(img, ARMS)[guard->arm].name);

    switch (news->what) {

    case WEIR_NEWS_ROLLED_BACK:
        p = ngx_slprintf(p, end, "rolls back arm \"%*s\"",
                         NGX_HTTP_WEIR_STR(arm));
        if (guard->hold) {
            p = ngx_slprintf(p, end, " for %uD s", guard->hold);
        }

        break;

    case WEIR_NEWS_REPORTED:
        p = ngx_slprintf(p, end, "would roll back arm \"%*s\"",
                         NGX_HTTP_WEIR_STR(arm));
        break;

    case WEIR_NEWS_ADVANCED:
        step = WEIR_SPLIT_STEP(news->word);
        steps = &WEIR_REC(img, STEPS)[s->steps.first];

        p = ngx_slprintf(p, end, "gives arm \"%*s\" step %uD of %uD",
                         NGX_HTTP_WEIR_STR(arm), step + 1, s->steps.count);

        if (step < s->steps.count) {
            p = ngx_slprintf(p, end, ", %uD.%02uD%%", steps[step].share / 100,
                             steps[step].share % 100);
        }

        break;

    default:
        return ngx_slprintf(p, end, "resumes with arm \"%*s\", since the "
                            "rollback is over", NGX_HTTP_WEIR_STR(arm));
    }

    return ngx_http_weir_splits_seen(p, end, img, guard, &news->look);
}


static u_char *
ngx_http_weir_splits_seen(u_char *p, u_char *end, const weir_image_t *img,
    const weir_img_guard_t *guard, const weir_guard_look_t *look)
{
    ngx_uint_t  i;
    weir_str_t  name;

    const uint32_t  arms[] = { guard->arm, guard->versus };

    if (look->finding == WEIR_GUARD_FAILED
        || look->finding == WEIR_GUARD_SUSPECT)
    {
        p = ngx_slprintf(p, end, " by its %s",
                         ngx_http_weir_split_about(look->about));
    }

    for (i = 0; i < 2; i++) {
        name = weir_img_str(img, WEIR_REC(img, ARMS)[arms[i]].name);

        p = ngx_slprintf(p, end, "%s \"%*s\" has errors ", i ? ";" : ":",
                         NGX_HTTP_WEIR_STR(name));
        p = ngx_http_weir_splits_rate(p, end, look->errors[i],
                                      look->requests[i]);
        p = ngx_slprintf(p, end, ", p50 %uL p95 %uL p99 %uL us",
                         look->quantiles[i][WEIR_QUANTILE_P50],
                         look->quantiles[i][WEIR_QUANTILE_P95],
                         look->quantiles[i][WEIR_QUANTILE_P99]);
    }

    return p;
}


static u_char *
ngx_http_weir_splits_rate(u_char *p, u_char *end, uint64_t errors,
    uint64_t requests)
{
    uint64_t  share;

    share = requests ? errors * 10000 / requests : 0;

    return ngx_slprintf(p, end, "%uL.%02uL%% (%uL of %uL)", share / 100,
                        share % 100, errors, requests);
}
