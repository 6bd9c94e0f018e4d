/*
 * ngx_http_weir_revoked.c: the set of the store, read page by page.
 *
 * A scan finds what is in the set from its beginning to its end, if all pages
 * come from one server: a cursor means nothing to another.  So it begins anew
 * with the connection, and nothing of it shows before it is whole.
 */

#include "ngx_http_weir_atomic.h"
#include "ngx_http_weir_limits.h"
#include "ngx_http_weir_revoked.h"

#define NGX_HTTP_WEIR_REVOKED_TICK    500       /* ms */
#define NGX_HTTP_WEIR_REVOKED_FIRST   50        /* ms, until it was read */
#define NGX_HTTP_WEIR_REVOKED_AGAIN   1000      /* ms, after a failure */
#define NGX_HTTP_WEIR_REVOKED_PAUSE   100       /* ms, before a page again */
#define NGX_HTTP_WEIR_REVOKED_TRIES   5         /* of a page */
#define NGX_HTTP_WEIR_REVOKED_QUIET   60000     /* ms between lines in logs */
#define NGX_HTTP_WEIR_REVOKED_PATIENT 5000      /* ms late until the first */
#define NGX_HTTP_WEIR_REVOKED_PAGE    100       /* members, about */
#define NGX_HTTP_WEIR_REVOKED_EMPTY   262144    /* bytes emptied in a turn */
#define NGX_HTTP_WEIR_REVOKED_CURSOR  20        /* digits */


typedef enum {
    NGX_HTTP_WEIR_REVOKED_IDLE,
    NGX_HTTP_WEIR_REVOKED_EMPTYING,
    NGX_HTTP_WEIR_REVOKED_READING
} ngx_http_weir_revoked_state_e;

struct ngx_http_weir_revoked_s {
    ngx_http_weir_main_conf_t         *wmcf;
    ngx_log_t                         *log;
    weir_revoked_t                    *table;   /* NULL: no room for one */
    ngx_http_weir_revoked_shared_t    *shared;

    ngx_event_t                        timer;   /* looks what is to be done */
    uint64_t                           generation;  /* of the policy */
    int64_t                            every;   /* ms; 0: it does not ask */
    int64_t                            next;    /* ms: to be read again */
    int64_t                            logged;  /* ms */
    unsigned                           complained:1;
    unsigned                           started:1;

    /* a scan */
    ngx_http_weir_revoked_state_e      state;
    ngx_event_t                        work;
    ngx_http_weir_call_t               call;
    weir_str_t                         key;
    uint64_t                           fill;
    uint64_t                           server;
    int64_t                            began;   /* ms */
    uint64_t                           passed;
    ngx_uint_t                         tries;   /* of this page */
    ngx_uint_t                         page;    /* members asked for */
    size_t                             cursor_len;
    u_char                             cursor[NGX_HTTP_WEIR_REVOKED_CURSOR];
    u_char                             count[NGX_INT_T_LEN];
};


static void ngx_http_weir_revoked_timer(ngx_event_t *ev);
static ngx_uint_t ngx_http_weir_revoked_early(
    ngx_http_weir_revoked_t *revoked);
static void ngx_http_weir_revoked_look(ngx_http_weir_revoked_t *revoked);
static void ngx_http_weir_revoked_policy(ngx_http_weir_revoked_t *revoked,
    const weir_image_t *img);
static void ngx_http_weir_revoked_complain(ngx_http_weir_revoked_t *revoked);
static void ngx_http_weir_revoked_begin(ngx_http_weir_revoked_t *revoked);
static void ngx_http_weir_revoked_work(ngx_event_t *ev);
static void ngx_http_weir_revoked_turn(ngx_http_weir_revoked_t *revoked);
static void ngx_http_weir_revoked_send(ngx_http_weir_revoked_t *revoked);
static void ngx_http_weir_revoked_told(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies);
static ngx_int_t ngx_http_weir_revoked_is_page(
    const ngx_http_weir_reply_t *reply);
static weir_rc_t ngx_http_weir_revoked_take(ngx_http_weir_revoked_t *revoked,
    const ngx_http_weir_reply_t *members);
static void ngx_http_weir_revoked_done(ngx_http_weir_revoked_t *revoked);
static void ngx_http_weir_revoked_failed(ngx_http_weir_revoked_t *revoked,
    ngx_uint_t why);
static void ngx_http_weir_revoked_abort(ngx_http_weir_revoked_t *revoked);
static const char *ngx_http_weir_revoked_why(uint64_t why);


#define ngx_http_weir_revoked_now()  ((int64_t) ngx_current_msec)


ngx_http_weir_revoked_t *
ngx_http_weir_revoked_create(ngx_conf_t *cf, ngx_http_weir_main_conf_t *wmcf)
{
    ngx_http_weir_revoked_t  *revoked;

    revoked = ngx_pcalloc(cf->pool, sizeof(ngx_http_weir_revoked_t));

    if (revoked) {
        revoked->wmcf = wmcf;
    }

    return revoked;
}


ngx_int_t
ngx_http_weir_revoked_init_process(ngx_http_weir_revoked_t *revoked,
    ngx_cycle_t *cycle)
{
    u_char                     *p;
    weir_str_t                  prefix;
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = revoked->wmcf;

    revoked->table = ngx_http_weir_zone_revoked(wmcf->zone, &revoked->shared);

    if (wmcf->store) {
        prefix = ngx_http_weir_store_prefix(wmcf->store);

        p = ngx_pnalloc(cycle->pool, prefix.len + sizeof(":revoked") - 1);
        if (p == NULL) {
            return NGX_ERROR;
        }

        revoked->key.data = (char *) p;
        p = ngx_cpymem(p, prefix.data, prefix.len);
        p = ngx_cpymem(p, ":revoked", sizeof(":revoked") - 1);
        revoked->key.len = (size_t) (p - (u_char *) revoked->key.data);
    }

    revoked->log = cycle->log;
    revoked->page = NGX_HTTP_WEIR_REVOKED_PAGE;
    revoked->logged = ngx_http_weir_revoked_now()
                      - NGX_HTTP_WEIR_REVOKED_QUIET;

    revoked->timer.handler = ngx_http_weir_revoked_timer;
    revoked->timer.data = revoked;
    revoked->timer.log = cycle->log;
    revoked->timer.cancelable = 1;

    revoked->work.handler = ngx_http_weir_revoked_work;
    revoked->work.data = revoked;
    revoked->work.log = cycle->log;
    revoked->work.cancelable = 1;

    revoked->started = 1;

    ngx_add_timer(&revoked->timer, 1);

    return NGX_OK;
}


void
ngx_http_weir_revoked_exit_process(ngx_http_weir_revoked_t *revoked)
{
    if (!revoked->started) {
        return;
    }

    revoked->started = 0;

    ngx_http_weir_revoked_abort(revoked);

    if (revoked->timer.timer_set) {
        ngx_del_timer(&revoked->timer);
    }
}


weir_rc_t
ngx_http_weir_revoked_ask(ngx_http_weir_revoked_t *revoked, weir_str_t issuer,
    weir_str_t what, weir_str_t value, uint32_t max)
{
    int64_t  age;

    if (revoked->table
        && weir_revoked_has(revoked->table, issuer, what, value))
    {
        return WEIR_DECLINED;
    }

    if (revoked->wmcf->store == NULL) {
        return WEIR_ERROR;
    }

    /* a policy that is new, and not seen to yet, is no older than that */

    if (!weir_load(&revoked->shared->asked)) {
        return WEIR_OK;
    }

    age = ngx_http_weir_revoked_now()
          - (int64_t) weir_load(&revoked->shared->since);

    return age > (int64_t) max * 1000 ? WEIR_ERROR : WEIR_OK;
}


u_char *
ngx_http_weir_revoked_status(ngx_http_weir_revoked_t *revoked, u_char *p,
    u_char *end)
{
    time_t                           read;
    ngx_http_weir_revoked_shared_t  *shared;

    shared = revoked->shared;

    p = ngx_slprintf(p, end,
                     ",\"revoked\":{\"asked\":%s,\"members\":%uL,"
                     "\"passed_over\":%uL,\"room\":%uL,\"read\":%uL,"
                     "\"failed\":%uL,",
                     weir_load(&shared->asked) ? "true" : "false",
                     revoked->table ? weir_revoked_count(revoked->table) : 0,
                     weir_load(&shared->passed),
                     revoked->table ? weir_revoked_room(revoked->table) : 0,
                     weir_load(&shared->reads), weir_load(&shared->failures));

    read = (time_t) weir_load(&shared->read);

    if (read) {
        p = ngx_slprintf(p, end, "\"seconds_ago\":%T,",
                         ngx_max(ngx_time() - read, 0));
    } else {
        p = ngx_slprintf(p, end, "\"seconds_ago\":null,");
    }

    return ngx_slprintf(p, end, "\"error\":\"%s\"}",
                        ngx_http_weir_revoked_why(weir_load(&shared->why)));
}


/* Whether and when */

static void
ngx_http_weir_revoked_timer(ngx_event_t *ev)
{
    int64_t                   now;
    ngx_msec_t                next;
    ngx_http_weir_revoked_t  *revoked;

    revoked = ev->data;
    next = NGX_HTTP_WEIR_REVOKED_TICK;

    if (!ngx_http_weir_lanes_lead(revoked->wmcf->limits)) {
        ngx_http_weir_revoked_abort(revoked);

        if (!ngx_exiting) {
            ngx_add_timer(ev, next);
        }

        return;
    }

    ngx_http_weir_revoked_look(revoked);

    if (revoked->every == 0) {
        weir_store(&revoked->shared->asked, 0);
        ngx_http_weir_revoked_abort(revoked);
        ngx_add_timer(ev, next);
        return;
    }

    now = ngx_http_weir_revoked_now();

    if (!weir_load(&revoked->shared->asked)) {
        weir_store(&revoked->shared->since, (uint64_t) now);
        weir_store(&revoked->shared->asked, 1);
        revoked->next = now;
    }

    if (revoked->state == NGX_HTTP_WEIR_REVOKED_IDLE && now >= revoked->next
        && !ngx_http_weir_revoked_early(revoked))
    {
        ngx_http_weir_revoked_begin(revoked);
    }

    ngx_http_weir_revoked_complain(revoked);

    if (weir_load(&revoked->shared->reads) == 0) {
        next = NGX_HTTP_WEIR_REVOKED_FIRST;
    }

    ngx_add_timer(ev, next);
}


/* At first there is no connection yet, which is no failure. */

static ngx_uint_t
ngx_http_weir_revoked_early(ngx_http_weir_revoked_t *revoked)
{
    int64_t  since;

    since = (int64_t) weir_load(&revoked->shared->since);

    return weir_load(&revoked->shared->reads) == 0
           && !ngx_http_weir_store_open(revoked->wmcf->store)
           && ngx_http_weir_revoked_now() - since
              < NGX_HTTP_WEIR_REVOKED_AGAIN;
}


static void
ngx_http_weir_revoked_look(ngx_http_weir_revoked_t *revoked)
{
    uint64_t                 generation;
    ngx_uint_t               has;
    ngx_http_weir_pin_t      pin;
    ngx_http_weir_policy_t  *policy;

    policy = revoked->wmcf->policy;

    generation = ngx_http_weir_policy_has(policy, WEIR_S_ISSUERS,
                                          revoked->generation, &has);

    if (generation == revoked->generation) {
        return;
    }

    if (!has) {
        revoked->generation = generation;
        revoked->every = 0;
        return;
    }

    /* else it is looked at again */

    if (ngx_http_weir_policy_pin(policy, &pin) == NGX_OK) {
        revoked->generation = generation;
        ngx_http_weir_revoked_policy(revoked, pin.image);
        ngx_http_weir_policy_unpin(policy, &pin);
    }
}


static void
ngx_http_weir_revoked_policy(ngx_http_weir_revoked_t *revoked,
    const weir_image_t *img)
{
    int64_t                   every;
    uint32_t                  i;
    weir_str_t                name;
    const weir_img_issuer_t  *issuer;

    issuer = WEIR_REC(img, ISSUERS);
    every = 0;

    for (i = 0; i < img->n[WEIR_S_ISSUERS]; i++) {

        if (issuer[i].revoked == WEIR_REVOKED_HERE) {
            continue;
        }

        if (revoked->wmcf->store == NULL) {
            name = weir_img_str(img, issuer[i].name);
            ngx_log_error(NGX_LOG_WARN, revoked->log, 0,
                          "weir: there is no \"weir_redis\": what is revoked "
                          "of issuer \"%*s\" is not known, and of others that "
                          "ask the store neither",
                          NGX_HTTP_WEIR_STR(name));
            break;
        }

        if (every == 0 || issuer[i].revoked_every * 1000 < every) {
            every = (int64_t) issuer[i].revoked_every * 1000;
        }
    }

    revoked->every = every;
    revoked->next = ngx_min(revoked->next,
                            ngx_http_weir_revoked_now() + every);
}


/* Once a minute, while what is known is older than it should be. */

static void
ngx_http_weir_revoked_complain(ngx_http_weir_revoked_t *revoked)
{
    int64_t                          age, now;
    uint64_t                         why;
    ngx_http_weir_revoked_shared_t  *shared;

    shared = revoked->shared;
    now = ngx_http_weir_revoked_now();
    age = now - (int64_t) weir_load(&shared->since);
    why = weir_load(&shared->why);

    if (age < revoked->every + NGX_HTTP_WEIR_REVOKED_PATIENT
        && why != NGX_HTTP_WEIR_REVOKED_ROOM)
    {
        return;
    }

    if (now - revoked->logged < NGX_HTTP_WEIR_REVOKED_QUIET) {
        return;
    }

    revoked->logged = now;
    revoked->complained = 1;

    if (why == NGX_HTTP_WEIR_REVOKED_ROOM) {
        ngx_log_error(NGX_LOG_ERR, revoked->log, 0,
                      "weir: more is revoked in the store than zone \"%V\" "
                      "has room for, %uL; what was known %L seconds ago is "
                      "used", &revoked->wmcf->zone->shm.name,
                      revoked->table ? weir_revoked_room(revoked->table) : 0,
                      age / 1000);
        return;
    }

    ngx_log_error(NGX_LOG_ERR, revoked->log, 0,
                  "weir: what is revoked could not be read from the store "
                  "for %L seconds: %s", age / 1000,
                  why ? ngx_http_weir_revoked_why(why) : "it takes long");
}


/* A scan */

static void
ngx_http_weir_revoked_begin(ngx_http_weir_revoked_t *revoked)
{
    if (revoked->table == NULL) {
        ngx_http_weir_revoked_failed(revoked, NGX_HTTP_WEIR_REVOKED_ROOM);
        return;
    }

    revoked->state = NGX_HTTP_WEIR_REVOKED_EMPTYING;
    revoked->passed = 0;
    revoked->tries = 0;
    revoked->cursor[0] = '0';
    revoked->cursor_len = 1;

    weir_revoked_begin(revoked->table, &revoked->fill);

    ngx_http_weir_revoked_turn(revoked);
}


static void
ngx_http_weir_revoked_work(ngx_event_t *ev)
{
    ngx_http_weir_revoked_turn(ev->data);
}


static void
ngx_http_weir_revoked_turn(ngx_http_weir_revoked_t *revoked)
{
    if (ngx_exiting) {
        ngx_http_weir_revoked_abort(revoked);
        return;
    }

    if (revoked->state == NGX_HTTP_WEIR_REVOKED_EMPTYING) {

        switch (weir_revoked_empty(revoked->table, revoked->fill,
                                   NGX_HTTP_WEIR_REVOKED_EMPTY))
        {
        case WEIR_OK:
            break;

        case WEIR_AGAIN:
            ngx_add_timer(&revoked->work, 1);
            return;

        default:
            ngx_http_weir_revoked_abort(revoked);
            return;
        }

        revoked->state = NGX_HTTP_WEIR_REVOKED_READING;
        revoked->began = ngx_http_weir_revoked_now();
    }

    ngx_http_weir_revoked_send(revoked);
}


static void
ngx_http_weir_revoked_send(ngx_http_weir_revoked_t *revoked)
{
    u_char                   *p;
    ngx_http_weir_call_t     *call;
    ngx_http_weir_command_t  *command;

    call = &revoked->call;
    ngx_memzero(call, sizeof(ngx_http_weir_call_t));

    p = ngx_sprintf(revoked->count, "%ui", revoked->page);

    command = &call->commands[0];
    command->args[0] = weir_string("SSCAN");
    command->args[1] = revoked->key;
    command->args[2] = weir_str((char *) revoked->cursor, revoked->cursor_len);
    command->args[3] = weir_string("COUNT");
    command->args[4] = weir_str((char *) revoked->count,
                                (size_t) (p - revoked->count));
    command->nargs = 5;

    call->ncommands = 1;
    call->key = revoked->key;
    call->handler = ngx_http_weir_revoked_told;
    call->data = revoked;

    if (ngx_http_weir_store_call(revoked->wmcf->store, call) != NGX_OK) {
        ngx_http_weir_revoked_failed(revoked, NGX_HTTP_WEIR_REVOKED_STORE
                                              + NGX_HTTP_WEIR_STORE_OPEN);
    }
}


static void
ngx_http_weir_revoked_told(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies)
{
    ngx_http_weir_revoked_t *revoked = call->data;

    const weir_str_t  *cursor;

    if (ngx_exiting || result == NGX_HTTP_WEIR_STORE_QUIT) {
        ngx_http_weir_revoked_abort(revoked);
        return;
    }

    if (result == NGX_HTTP_WEIR_STORE_TIMEOUT
        && ++revoked->tries < NGX_HTTP_WEIR_REVOKED_TRIES)
    {
        ngx_add_timer(&revoked->work, NGX_HTTP_WEIR_REVOKED_PAUSE);
        return;
    }

    if (result != NGX_HTTP_WEIR_STORE_OK) {

        /* members may be too long for pages of so many */

        if (result == NGX_HTTP_WEIR_STORE_PROTOCOL) {
            revoked->page = ngx_max(revoked->page / 10, 1);
        }

        ngx_http_weir_revoked_failed(revoked,
                                     NGX_HTTP_WEIR_REVOKED_STORE + result);
        return;
    }

    if (ngx_http_weir_revoked_is_page(replies) != NGX_OK) {
        ngx_http_weir_revoked_failed(revoked, NGX_HTTP_WEIR_REVOKED_REPLY);
        return;
    }

    if (revoked->cursor_len == 1 && revoked->cursor[0] == '0') {
        revoked->server = call->server;

    } else if (revoked->server != call->server) {
        ngx_http_weir_revoked_failed(revoked, NGX_HTTP_WEIR_REVOKED_MOVED);
        return;
    }

    switch (ngx_http_weir_revoked_take(revoked, &replies->items[1])) {

    case WEIR_OK:
        break;

    case WEIR_NOMEM:
        ngx_http_weir_revoked_failed(revoked, NGX_HTTP_WEIR_REVOKED_ROOM);
        return;

    default:
        ngx_http_weir_revoked_abort(revoked);
        return;
    }

    cursor = &replies->items[0].text;

    if (cursor->len == 1 && cursor->data[0] == '0') {
        ngx_http_weir_revoked_done(revoked);
        return;
    }

    ngx_memcpy(revoked->cursor, cursor->data, cursor->len);
    revoked->cursor_len = cursor->len;
    revoked->tries = 0;

    ngx_http_weir_revoked_send(revoked);
}


/* A cursor, which is a number, and members. */

static ngx_int_t
ngx_http_weir_revoked_is_page(const ngx_http_weir_reply_t *reply)
{
    size_t                        i;
    ngx_uint_t                    k;
    const weir_str_t             *cursor;
    const ngx_http_weir_reply_t  *members;

    if (reply->type != NGX_HTTP_WEIR_REPLY_ARRAY || reply->nitems != 2
        || reply->items[0].type != NGX_HTTP_WEIR_REPLY_TEXT
        || reply->items[1].type != NGX_HTTP_WEIR_REPLY_ARRAY)
    {
        return NGX_ERROR;
    }

    cursor = &reply->items[0].text;

    if (cursor->len == 0 || cursor->len > NGX_HTTP_WEIR_REVOKED_CURSOR) {
        return NGX_ERROR;
    }

    for (i = 0; i < cursor->len; i++) {

        if (cursor->data[i] < '0' || cursor->data[i] > '9') {
            return NGX_ERROR;
        }
    }

    members = &reply->items[1];

    for (k = 0; k < members->nitems; k++) {

        if (members->items[k].type != NGX_HTTP_WEIR_REPLY_TEXT) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static weir_rc_t
ngx_http_weir_revoked_take(ngx_http_weir_revoked_t *revoked,
    const ngx_http_weir_reply_t *members)
{
    weir_rc_t   rc;
    ngx_uint_t  i;

    for (i = 0; i < members->nitems; i++) {
        rc = weir_revoked_add(revoked->table, revoked->fill,
                              members->items[i].text);

        if (rc == WEIR_DECLINED) {
            revoked->passed++;

        } else if (rc != WEIR_OK) {
            return rc;
        }
    }

    return WEIR_OK;
}


static void
ngx_http_weir_revoked_done(ngx_http_weir_revoked_t *revoked)
{
    ngx_http_weir_revoked_shared_t  *shared;

    shared = revoked->shared;
    revoked->state = NGX_HTTP_WEIR_REVOKED_IDLE;

    if (weir_revoked_commit(revoked->table, revoked->fill) != WEIR_OK) {
        return;
    }

    weir_store(&shared->since, (uint64_t) revoked->began);
    weir_store(&shared->read, (uint64_t) ngx_time());
    weir_store(&shared->passed, revoked->passed);
    weir_store(&shared->reads, weir_load(&shared->reads) + 1);
    weir_store(&shared->why, NGX_HTTP_WEIR_REVOKED_NONE);

    revoked->next = revoked->began + revoked->every;

    if (revoked->complained) {
        revoked->complained = 0;
        ngx_log_error(NGX_LOG_NOTICE, revoked->log, 0,
                      "weir: what is revoked is read from the store again");
    }
}


static void
ngx_http_weir_revoked_failed(ngx_http_weir_revoked_t *revoked, ngx_uint_t why)
{
    ngx_http_weir_revoked_shared_t  *shared;

    shared = revoked->shared;

    weir_store(&shared->failures, weir_load(&shared->failures) + 1);
    weir_store(&shared->why, why);

    revoked->state = NGX_HTTP_WEIR_REVOKED_IDLE;
    revoked->next = ngx_http_weir_revoked_now()
                    + ngx_min(revoked->every, NGX_HTTP_WEIR_REVOKED_AGAIN);

    /* it is not emptier in a second */

    if (why == NGX_HTTP_WEIR_REVOKED_ROOM) {
        revoked->next = ngx_http_weir_revoked_now() + revoked->every;
    }
}


static void
ngx_http_weir_revoked_abort(ngx_http_weir_revoked_t *revoked)
{
    ngx_http_weir_store_cancel(&revoked->call);

    if (revoked->work.timer_set) {
        ngx_del_timer(&revoked->work);
    }

    revoked->state = NGX_HTTP_WEIR_REVOKED_IDLE;
}


static const char *
ngx_http_weir_revoked_why(uint64_t why)
{
    static const char *const  names[] = {
#define W(name, text)  text,
        NGX_HTTP_WEIR_REVOKED_WHYS(W)
#undef W
#define R(name, text)  text,
        NGX_HTTP_WEIR_STORE_RESULTS(R)
#undef R
    };

    return why < sizeof(names) / sizeof(names[0]) ? names[why] : "";
}
