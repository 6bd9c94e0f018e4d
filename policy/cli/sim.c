/*
 * sim.c: weir sim POLICY LOG: whom the limits would have refused.
 *
 * Limits count by the time of the log, as on one node with a store that
 * answers at once.  A request is over, and its response charged, before the
 * next one comes.
 */

#include <getopt.h>
#include <stdlib.h>

#include "cli/options.h"
#include "cli/sim.h"

#define FIRST_ROOM  1024


static sim_key_t *
slot(sim_key_t *keys, size_t room, uint32_t limit, const weir_limit_key_t *key)
{
    size_t            i;
    const sim_key_t  *k;

    for (i = (key->w[0] ^ limit) & (room - 1); ; i = (i + 1) & (room - 1)) {
        k = &keys[i];

        if ((k->refused == 0 && k->dry == 0)
            || (k->limit == limit
                && memcmp(&k->key, key, sizeof(weir_limit_key_t)) == 0))
        {
            return &keys[i];
        }
    }
}


static bool
grow(sim_t *s)
{
    size_t            i;
    sim_key_t        *keys;
    const sim_key_t  *k;

    keys = weir_arena_array(s->arena, 2 * s->room, sizeof(sim_key_t));

    for (i = 0; keys != NULL && i < s->room; i++) {
        k = &s->keys[i];

        if (k->refused || k->dry) {
            *slot(keys, 2 * s->room, k->limit, &k->key) = *k;
        }
    }

    if (keys == NULL) {
        s->nomem = true;
        return false;
    }

    s->keys = keys;
    s->room *= 2;

    return true;
}


/* One refusal more. */
static void
count_key(sim_t *s, weir_txn_t *txn, const weir_hold_t *h, uint32_t limit,
    int64_t ns)
{
    sim_key_t  *k;

    if (s->used >= s->room / 2 && !grow(s)) {
        return;
    }

    k = slot(s->keys, s->room, limit, &h->take.key);

    if (k->refused == 0 && k->dry == 0) {
        s->used++;
        s->limits[limit].keys++;
        k->key = h->take.key;
        k->limit = limit;
        k->first = ns;
        k->text = weir_cli_limit_values(s->arena, txn, h->take.limit);
        s->nomem |= k->text.data == NULL;
    }

    k->refused += !h->dry;
    k->dry += h->dry;
}


static void
count_limit(sim_t *s, weir_txn_t *txn, const weir_hold_t *h, int64_t ns)
{
    uint32_t      i;
    sim_limit_t  *l;

    i = (uint32_t) (h->take.limit - WEIR_REC(&s->policy->image, LIMITS));
    l = &s->limits[i];
    l->asked++;

    if (h->state == WEIR_HOLD_REFUSED) {

        if (l->refused == 0 && l->dry == 0) {
            l->first = ns;
        }

        l->refused += !h->dry;
        l->dry += h->dry;
        count_key(s, txn, h, i, ns);

    } else if (h->state != WEIR_HOLD_OK && h->state != WEIR_HOLD_NONE) {
        l->failed++;
    }
}


static bool
on_request(void *data, cli_request_t *r, int64_t ns, weir_str_t line)
{
    sim_t            *s;
    uint32_t          i, n;
    weir_txn_t       *txn;
    weir_hold_t      *h;
    weir_decision_t   d;

    (void) line;
    s = data;
    r->counting = s->counting;
    weir_cli_counting_until(s->counting, ns);

    if (weir_cli_decide(s->policy, r, NULL, &txn, &d) != CLI_OK) {
        s->nomem = true;
        return false;
    }

    s->from = s->from < 0 || ns < s->from ? ns : s->from;
    s->to = ns > s->to ? ns : s->to;
    h = weir_txn_limits(txn, &n);

    for (i = 0; i < n; i++) {

        if (h[i].take.limit != NULL) {
            count_limit(s, txn, &h[i], ns);
        }
    }

    if (d.verdict == WEIR_ALLOW) {
        s->passed++;

    } else if (d.reason == WEIR_REASON_LIMIT) {
        s->limited++;

    } else {
        s->others++;
        s->reasons[d.reason]++;
    }

    weir_cli_counting_end(s->counting, txn);
    weir_txn_charge(txn);

    return !s->nomem;
}


static void
on_bad(void *data, size_t number, weir_str_t line)
{
    sim_t  *s;

    s = data;

    if (s->nbad < SIM_BAD) {
        s->bad[s->nbad].line = number;
        s->bad[s->nbad].text = weir_arena_str(s->arena, line);
        s->nbad++;
    }
}


static cli_exit_t
simulate(sim_t *s, cli_format_t format)
{
    cli_exit_t           code;
    const weir_image_t  *img;

    img = &s->policy->image;

    if (img->n[WEIR_S_LIMITS] == 0) {
        return weir_cli_fail(CLI_SOURCE, "sim", "the policy has no limits");
    }

    s->from = -1;
    s->room = FIRST_ROOM;
    s->keys = weir_arena_array(s->arena, s->room, sizeof(sim_key_t));
    s->limits = weir_arena_array(s->arena, img->n[WEIR_S_LIMITS],
                                 sizeof(sim_limit_t));
    s->counting = weir_cli_counting(s->arena, CLI_COUNT_MANY);

    if (s->keys == NULL || s->limits == NULL || s->counting == NULL) {
        return weir_cli_fail(CLI_INTERNAL, "sim", "out of memory");
    }

    code = weir_cli_log(&s->log);

    if (s->nomem) {
        return weir_cli_fail(CLI_INTERNAL, "sim", "out of memory");
    }

    if (code == CLI_OK) {
        weir_sim_print(s, format);
    }

    return code;
}


static bool
parse_top(const char *text, size_t *out)
{
    char           *end;
    unsigned long   n;

    n = strtoul(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end != '\0' || n > SIM_MOST) {
        (void) weir_cli_fail(CLI_USAGE, "sim", "\"%s\" is no number of keys "
                             "up to %d", text, SIM_MOST);
        return false;
    }

    *out = n;

    return true;
}


static bool
parse_options(int argc, char **argv, sim_t *s, cli_format_t *format)
{
    int  c;

    while ((c = weir_cli_option(argc, argv)) != -1) {

        switch (c) {

        case 'f':
            if (!weir_cli_format(optarg, 1u << CLI_TEXT | 1u << CLI_JSON,
                                 format))
            {
                (void) weir_cli_usage("sim");
                return false;
            }

            break;

        case 'H':
            s->log.host = optarg;
            break;

        case 'n':
            if (!parse_top(optarg, &s->top)) {
                return false;
            }

            break;

        default:
            return false;
        }
    }

    if (argc - optind != 2) {
        (void) weir_cli_usage("sim");
        return false;
    }

    return true;
}


cli_exit_t
weir_cli_sim(int argc, char **argv)
{
    sim_t          s;
    cli_exit_t     code;
    cli_format_t   format;
    cli_policy_t   policy;

    memset(&s, 0, sizeof(s));
    format = CLI_TEXT;
    s.top = 10;
    s.log = (cli_log_t) { .verb = "sim", .host = "localhost", .timed = true,
                          .request = on_request, .bad = on_bad, .data = &s };

    if (!parse_options(argc, argv, &s, &format)) {
        return CLI_USAGE;
    }

    s.log.path = argv[optind + 1];
    code = weir_cli_open("sim", argv[optind], &policy);
    s.policy = &policy;
    s.arena = policy.arena;

    if (code == CLI_OK) {
        code = simulate(&s, format);
    }

    weir_cli_close(&policy);

    return code;
}
