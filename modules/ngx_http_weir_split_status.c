/*
 * ngx_http_weir_split_status.c: splits, as weir_status and weir_control show
 * them.
 */

#include "ngx_http_weir_clock.h"
#include "ngx_http_weir_splits.h"

/* of a split, an arm, without their texts; of a byte as JSON at most */
#define NGX_HTTP_WEIR_SPLIT_FIXED  960
#define NGX_HTTP_WEIR_SPLIT_ARM    640
#define NGX_HTTP_WEIR_SPLIT_BYTE   6


static const weir_img_arm_t *ngx_http_weir_split_arms(const weir_image_t *img,
    const weir_img_split_t *s);
static u_char *ngx_http_weir_split_state(u_char *p, u_char *end,
    const weir_image_t *img, const weir_img_split_t *s,
    weir_split_word_t word);
static u_char *ngx_http_weir_split_weights(u_char *p, u_char *end,
    const weir_image_t *img, const weir_img_split_t *s,
    const uint32_t *weights);
static u_char *ngx_http_weir_split_arm(u_char *p, u_char *end,
    const weir_image_t *img, const weir_img_arm_t *arm,
    const weir_arm_view_t *view);
static u_char *ngx_http_weir_split_guard(u_char *p, u_char *end,
    const weir_image_t *img, const weir_img_split_t *s,
    const weir_guard_look_t *look);
static u_char *ngx_http_weir_split_seen(u_char *p, u_char *end,
    const weir_guard_look_t *look, ngx_uint_t i);
static u_char *ngx_http_weir_split_mirror(u_char *p, u_char *end,
    const weir_split_view_t *view);
static u_char *ngx_http_weir_split_member(u_char *p, u_char *end,
    const weir_image_t *img, uint32_t name);


static const char *const  ngx_http_weir_quantiles[] = {
    "p50_us", "p95_us", "p99_us"
};

_Static_assert(sizeof(ngx_http_weir_quantiles)
               == WEIR_QUANTILE_COUNT * sizeof(char *), "a name for each");


ngx_int_t
ngx_http_weir_splits_status(ngx_http_weir_main_conf_t *wmcf, ngx_pool_t *pool,
    ngx_str_t *json)
{
    size_t                   size;
    u_char                  *p, *end;
    uint32_t                 i, n;
    ngx_uint_t               has;
    const weir_image_t      *img;
    ngx_http_weir_pin_t      pin;
    const weir_img_split_t  *s;

    ngx_str_set(json, "{}");

    /* nothing is pinned where there is nothing to say */

    has = 0;
    (void) ngx_http_weir_policy_has(wmcf->policy, WEIR_S_SPLITS, 0, &has);

    if (!has || ngx_http_weir_policy_pin(wmcf->policy, &pin) != NGX_OK) {
        return NGX_OK;
    }

    img = pin.image;
    n = img->n[WEIR_S_SPLITS];
    s = WEIR_REC(img, SPLITS);
    size = sizeof("{}");

    for (i = 0; i < n; i++) {
        size += ngx_http_weir_split_status_size(img, &s[i]);
    }

    p = ngx_pnalloc(pool, size);

    if (p == NULL) {
        ngx_http_weir_policy_unpin(wmcf->policy, &pin);
        return NGX_ERROR;
    }

    json->data = p;
    end = p + size;

    *p++ = '{';

    for (i = 0; i < n; i++) {

        if (i != 0) {
            *p++ = ',';
        }

        p = ngx_http_weir_split_member(p, end, img, s[i].name);
        p = ngx_http_weir_split_status(p, end, wmcf, img, &s[i]);
    }

    *p++ = '}';

    json->len = (size_t) (p - json->data);

    ngx_http_weir_policy_unpin(wmcf->policy, &pin);

    return NGX_OK;
}


/* The name of an arm stands in four places, and in two of its guard. */
size_t
ngx_http_weir_split_status_size(const weir_image_t *img,
    const weir_img_split_t *s)
{
    size_t                 n;
    uint32_t               i;
    const weir_img_arm_t  *arm;

    n = weir_img_str(img, s->name).len;
    arm = ngx_http_weir_split_arms(img, s);

    for (i = 0; i < s->arms.count; i++) {
        n += 6 * weir_img_str(img, arm[i].name).len
             + weir_img_str(img, arm[i].upstream).len;
    }

    return NGX_HTTP_WEIR_SPLIT_FIXED
           + s->arms.count * NGX_HTTP_WEIR_SPLIT_ARM
           + n * NGX_HTTP_WEIR_SPLIT_BYTE;
}


u_char *
ngx_http_weir_split_status(u_char *p, u_char *end,
    ngx_http_weir_main_conf_t *wmcf, const weir_image_t *img,
    const weir_img_split_t *s)
{
    uint32_t               i;
    weir_split_view_t      view;
    const weir_img_arm_t  *arm;

    arm = ngx_http_weir_split_arms(img, s);

    (void) weir_splits_view(wmcf->splits->table, img, s,
                            ngx_http_weir_turn_clock(), &view);

    p = ngx_http_weir_split_state(p, end, img, s, view.word);
    p = ngx_http_weir_split_weights(p, end, img, s, view.weights);
    p = ngx_slprintf(p, end, ",\"arms\":{");

    for (i = 0; i < s->arms.count; i++) {
        p = ngx_slprintf(p, end, "%s", i ? "," : "");
        p = ngx_http_weir_split_arm(p, end, img, &arm[i], &view.arms[i]);
    }

    p = ngx_slprintf(p, end, "},\"guard\":");
    p = ngx_http_weir_split_guard(p, end, img, s, &view.look);
    p = ngx_slprintf(p, end, ",\"mirror\":");

    p = s->mirror == WEIR_NONE ? ngx_slprintf(p, end, "null")
                               : ngx_http_weir_split_mirror(p, end, &view);

    return ngx_slprintf(p, end, "}");
}


static const weir_img_arm_t *
ngx_http_weir_split_arms(const weir_image_t *img, const weir_img_split_t *s)
{
    return &WEIR_REC(img, ARMS)[s->arms.first];
}


static u_char *
ngx_http_weir_split_state(u_char *p, u_char *end, const weir_image_t *img,
    const weir_img_split_t *s, weir_split_word_t word)
{
    uint32_t               pinned;
    const weir_img_arm_t  *arm;

    arm = ngx_http_weir_split_arms(img, s);
    pinned = WEIR_SPLIT_PINNED(word);

    p = ngx_slprintf(p, end, "{\"state\":\"%s\",\"by_hand\":%s,\"pinned\":",
                     weir_split_state_name(weir_split_state(word)),
                     WEIR_SPLIT_HAND(word) ? "true" : "false");

    if (pinned && pinned <= s->arms.count) {
        p = ngx_http_weir_json(p, end,
                               weir_img_str(img, arm[pinned - 1].name));
    } else {
        p = ngx_slprintf(p, end, "null");
    }

    if (s->steps.count) {
        p = ngx_slprintf(p, end, ",\"step\":%uD,\"steps\":%uD,\"since\":",
                         ngx_min(WEIR_SPLIT_STEP(word) + 1, s->steps.count),
                         s->steps.count);
    } else {
        p = ngx_slprintf(p, end, ",\"step\":null,\"steps\":0,\"since\":");
    }

    if (WEIR_SPLIT_SINCE(word)) {
        p = ngx_http_weir_json_time(p, end, (time_t) WEIR_SPLIT_SINCE(word));
    } else {
        p = ngx_slprintf(p, end, "null");
    }

    return ngx_slprintf(p, end, ",\"epoch\":%uD", WEIR_SPLIT_EPOCH(word));
}


/* In percent. */
static u_char *
ngx_http_weir_split_weights(u_char *p, u_char *end, const weir_image_t *img,
    const weir_img_split_t *s, const uint32_t *weights)
{
    uint32_t               i;
    const weir_img_arm_t  *arm;

    arm = ngx_http_weir_split_arms(img, s);

    p = ngx_slprintf(p, end, ",\"weights\":{");

    for (i = 0; i < s->arms.count; i++) {
        p = ngx_slprintf(p, end, "%s", i ? "," : "");
        p = ngx_http_weir_split_member(p, end, img, arm[i].name);
        p = ngx_slprintf(p, end, "%uD", weights[i] / 100);

        if (weights[i] % 100) {
            p = ngx_slprintf(p, end, ".%02uD", weights[i] % 100);
        }
    }

    return ngx_slprintf(p, end, "}");
}


static u_char *
ngx_http_weir_split_arm(u_char *p, u_char *end, const weir_image_t *img,
    const weir_img_arm_t *arm, const weir_arm_view_t *view)
{
    p = ngx_http_weir_split_member(p, end, img, arm->name);
    p = ngx_slprintf(p, end, "{\"upstream\":");
    p = ngx_http_weir_json(p, end, weir_img_str(img, arm->upstream));
    p = ngx_slprintf(p, end, ",\"requests\":%uL,\"errors\":%uL,\"gone\":%uL,"
                     "\"breaker\":",
                     view->requests, view->errors, view->gone);

    if (arm->breaker == WEIR_NONE) {
        return ngx_slprintf(p, end, "null}");
    }

    return ngx_slprintf(p, end,
                        "{\"state\":\"%s\",\"opened\":%uL,\"refused\":%uL}}",
                        weir_breaker_state_name(view->breaker), view->opened,
                        view->refused);
}


static u_char *
ngx_http_weir_split_guard(u_char *p, u_char *end, const weir_image_t *img,
    const weir_img_split_t *s, const weir_guard_look_t *look)
{
    ngx_uint_t               i;
    const weir_img_arm_t    *arm;
    const weir_img_guard_t  *guard;

    if (s->guard == WEIR_NONE) {
        return ngx_slprintf(p, end, "null");
    }

    guard = &WEIR_REC(img, GUARDS)[s->guard];

    const weir_img_arm_t *const  arms[] = {
        &WEIR_REC(img, ARMS)[guard->arm],
        &WEIR_REC(img, ARMS)[guard->versus]
    };

    p = ngx_slprintf(p, end, "{\"arm\":");
    p = ngx_http_weir_json(p, end, weir_img_str(img, arms[0]->name));
    p = ngx_slprintf(p, end, ",\"versus\":");
    p = ngx_http_weir_json(p, end, weir_img_str(img, arms[1]->name));
    p = ngx_slprintf(p, end, ",\"action\":\"%s\",\"finding\":\"%s\","
                     "\"about\":",
                     guard->report ? "report" : "rollback",
                     weir_guard_finding_name(look->finding));

    if (look->finding != WEIR_GUARD_SUSPECT
        && look->finding != WEIR_GUARD_FAILED)
    {
        p = ngx_slprintf(p, end, "null");

    } else {
        p = ngx_slprintf(p, end, "\"%s\"",
                         ngx_http_weir_split_about(look->about));
    }

    p = ngx_slprintf(p, end, ",\"seen\":{");

    for (i = 0; i < 2; i++) {
        arm = arms[i];
        p = ngx_slprintf(p, end, "%s", i ? "," : "");
        p = ngx_http_weir_split_member(p, end, img, arm->name);
        p = ngx_http_weir_split_seen(p, end, look, i);
    }

    return ngx_slprintf(p, end, "}}");
}


const char *
ngx_http_weir_split_about(int about)
{
    static const char *const  names[] = {
#define Q(name, text, below)  text,
        WEIR_QUANTILES(Q)
#undef Q
    };

    return about < 0 || about >= WEIR_QUANTILE_COUNT ? "error_rate"
                                                     : names[about];
}


static u_char *
ngx_http_weir_split_seen(u_char *p, u_char *end,
    const weir_guard_look_t *look, ngx_uint_t i)
{
    ngx_uint_t  k;

    p = ngx_slprintf(p, end, "{\"requests\":%uL,\"errors\":%uL",
                     look->requests[i], look->errors[i]);

    for (k = 0; k < WEIR_QUANTILE_COUNT; k++) {
        p = ngx_slprintf(p, end, ",\"%s\":%uL", ngx_http_weir_quantiles[k],
                         look->quantiles[i][k]);
    }

    return ngx_slprintf(p, end, "}");
}


static u_char *
ngx_http_weir_split_mirror(u_char *p, u_char *end,
    const weir_split_view_t *view)
{
    uint32_t  i;
    uint64_t  answered;

    answered = view->mirrored[WEIR_MIRROR_OK]
               + view->mirrored[WEIR_MIRROR_ERROR];

    p = ngx_slprintf(p, end, "{");

    for (i = 0; i < WEIR_MIRROR_NENDS; i++) {
        p = ngx_slprintf(p, end, "\"%s\":%uL,", weir_mirror_end_name(i),
                         view->mirrored[i]);
    }

    return ngx_slprintf(p, end, "\"mean_us\":%uL}",
                        answered ? view->mirror_us / answered : 0);
}


/* A text of the image as the name of a member. */
static u_char *
ngx_http_weir_split_member(u_char *p, u_char *end, const weir_image_t *img,
    uint32_t name)
{
    p = ngx_http_weir_json(p, end, weir_img_str(img, name));

    return ngx_slprintf(p, end, ":");
}
