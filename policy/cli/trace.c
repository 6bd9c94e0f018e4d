/*
 * trace.c: records what a decision did.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "cli/trace.h"
#include "image/disasm.h"

#define PLAIN  64               /* bytes of a value that is no text */


static weir_str_t
quoted(weir_arena_t *a, weir_str_t s)
{
    char        *text;
    FILE        *out;
    size_t       len;
    weir_str_t   copy;

    out = open_memstream(&text, &len);

    if (out == NULL) {
        return weir_string("(text)");
    }

    weir_disasm_quote(s, out);
    fclose(out);

    copy = weir_arena_str(a, weir_str(text, len));
    free(text);

    return copy;
}


/* Seconds and nanoseconds as CEL writes them. */
static void
print_time(const weir_value_t *v, char *buf, size_t size)
{
    uint32_t   nano;
    int64_t    sec;
    struct tm  tm;
    time_t     t;
    size_t     n;

    if (v->kind == WEIR_T_TIMESTAMP) {
        t = (time_t) v->u.i;

        if (gmtime_r(&t, &tm) == NULL) {
            snprintf(buf, size, "%" PRId64, v->u.i);
            return;
        }

        n = strftime(buf, size, "%Y-%m-%dT%H:%M:%S", &tm);

        if (v->len != 0) {
            n += (size_t) snprintf(buf + n, size - n, ".%09" PRIu32, v->len);
        }

        snprintf(buf + n, size - n, "Z");
        return;
    }

    sec = v->u.i;
    nano = (int32_t) v->len < 0 ? -v->len : v->len;

    if (nano == 0) {
        snprintf(buf, size, "%" PRId64 "s", sec);
    } else {
        snprintf(buf, size, "%s%" PRIu64 ".%09" PRIu32 "s",
                 (int32_t) v->len < 0 || sec < 0 ? "-" : "",
                 sec < 0 ? 0 - (uint64_t) sec : (uint64_t) sec, nano);
    }
}


static void
print_plain(const weir_value_t *v, char *buf, size_t size)
{
    size_t  n;

    switch (v->kind) {

    case WEIR_T_ERR:
        snprintf(buf, size, "error %s", weir_eval_error_name(v->len));
        return;

    case WEIR_T_NULL:
        snprintf(buf, size, "null");
        return;

    case WEIR_T_BOOL:
        snprintf(buf, size, "%s", v->u.b ? "true" : "false");
        return;

    case WEIR_T_INT:
        snprintf(buf, size, "%" PRId64, v->u.i);
        return;

    case WEIR_T_UINT:
        snprintf(buf, size, "%" PRIu64 "u", v->u.u);
        return;

    case WEIR_T_DOUBLE:
        snprintf(buf, size, "%.17g", v->u.d);
        return;

    case WEIR_T_TIMESTAMP:
    case WEIR_T_DURATION:
        print_time(v, buf, size);
        return;

    case WEIR_T_IP:
    case WEIR_T_CIDR:
        n = v->u.ip->len ? weir_ip_print(v->u.ip, buf) : 0;

        if (n == 0) {
            snprintf(buf, size, "no address");
        } else if (v->kind == WEIR_T_CIDR) {
            snprintf(buf + n, size - n, "/%" PRIu32, v->len);
        } else {
            buf[n] = '\0';
        }

        return;

    case WEIR_T_LIST:
    case WEIR_T_MAP:
        snprintf(buf, size, "%s of %" PRIu32, weir_kind_name(v->kind), v->len);
        return;

    case WEIR_T_BYTES:
        snprintf(buf, size, "%" PRIu32 " bytes", v->len);
        return;

    case WEIR_T_OPTIONAL:
        snprintf(buf, size, v->len ? "an optional" : "an empty optional");
        return;

    case WEIR_T_TYPE:
        snprintf(buf, size, "type %s", weir_kind_name((unsigned) v->u.i));
        return;

    default:
        snprintf(buf, size, "%s", weir_kind_name(v->kind));
    }
}


_Static_assert(PLAIN >= WEIR_IP_STRLEN + 8, "an address with its prefix");


/* What an optional holds, in words; another optional in it as such. */
static weir_str_t
optional_text(const cli_trace_t *t, const weir_value_t *v)
{
    char          buf[PLAIN];
    weir_str_t    text;
    weir_value_t  held;

    if (v->len == 0) {
        return weir_string("an empty optional");
    }

    if (v->rep == WEIR_REP_IMAGE) {
        weir_const_value(&t->policy->image, v->u.consts, &held);
    } else {
        held = *v->u.items;
    }

    if (held.kind == WEIR_T_STRING) {
        text = quoted(t->arena, weir_v_text(&held));
    } else {
        print_plain(&held, buf, sizeof(buf));
        text = weir_cstr(buf);
    }

    return weir_arena_printf(t->arena, "optional of %.*s", WEIR_STR(text));
}


cli_value_t
weir_cli_value(const cli_trace_t *t, const weir_value_t *v)
{
    char         buf[PLAIN];
    cli_value_t  out;

    memset(&out, 0, sizeof(out));
    out.kind = v->kind;
    out.i = v->kind == WEIR_T_BOOL ? v->u.b
            : v->kind == WEIR_T_ERR ? (int64_t) v->len : v->u.i;

    if (!t->texts) {
        return out;
    }

    if (v->kind == WEIR_T_STRING) {
        out.s = weir_arena_str(t->arena, weir_v_text(v));
        out.text = quoted(t->arena, weir_v_text(v));

    } else if (v->kind == WEIR_T_OPTIONAL) {
        out.text = optional_text(t, v);

    } else {
        print_plain(v, buf, sizeof(buf));
        out.text = weir_arena_str(t->arena, weir_cstr(buf));
    }

    return out;
}


static size_t
hash_of(const cli_trace_t *t, const weir_ex_t *ex)
{
    return (size_t) (((uintptr_t) ex >> 4) * 0x9e3779b97f4a7c15u >> 20)
           & (t->size - 1);
}


/* The slot of a node; SIZE_MAX: no instruction leaves its value. */
static size_t
find(const cli_trace_t *t, const weir_ex_t *ex)
{
    size_t  i;

    if (t->size == 0) {
        return SIZE_MAX;
    }

    for (i = hash_of(t, ex); t->table[i] != 0; i = (i + 1) & (t->size - 1)) {

        if (t->seen[t->table[i] - 1].ex == ex) {
            return t->table[i] - 1;
        }
    }

    return SIZE_MAX;
}


static void
note(cli_trace_t *t, cli_seen_t *s, const weir_insn_t *in,
    const weir_value_t *v)
{
    bool  again;

    if (s->run != t->run) {
        s->run = t->run;
        s->times = 0;
        s->memo = false;
        s->saw[0] = false;
        s->saw[1] = false;
        s->failed = false;
    }

    /* looks at the value again, rather than anew */
    again = in->op == WEIR_OP_AS && s->times > 0;

    s->last = weir_cli_value(t, v);
    s->memo |= in->op == WEIR_OP_MEMO;
    s->times += !again;
    s->failed |= v->kind == WEIR_T_ERR;

    if (v->kind == WEIR_T_BOOL) {
        s->saw[v->u.b] = true;
    }

    if (s->times <= CLI_ROUNDS) {
        s->rounds[s->times - 1] = s->last;
    }
}


static void
on_step(void *data, uint32_t prog, uint32_t pc, const weir_value_t *v)
{
    uint32_t             at;
    cli_step_t          *step;
    cli_trace_t         *t;
    const weir_image_t  *img;

    t = data;
    img = &t->policy->image;
    at = WEIR_REC(img, PROGS)[prog].code.first + pc;

    if (t->slots != NULL) {

        if (t->slots[at] != WEIR_NONE) {
            note(t, &t->seen[t->slots[at]], &WEIR_REC(img, CODE)[at], v);
        }

        return;
    }

    if (!t->texts) {
        return;
    }

    step = weir_vec_push(t->arena, &t->steps);

    if (step != NULL) {
        step->prog = prog;
        step->pc = pc;
        step->value = weir_cli_value(t, v);
    }
}


/* What it came to, and its steps. */
static void
rule_on(cli_trace_t *t, cli_ruling_t *r, uint32_t rule, const weir_value_t *v)
{
    r->rule = rule;
    r->value = weir_cli_value(t, v);
    r->first = t->taken;
    r->nsteps = t->steps.len - t->taken;
    t->taken = t->steps.len;
}


static void
on_rule(void *data, uint32_t rule, const weir_value_t *v)
{
    cli_trace_t   *t;
    cli_ruling_t  *r;

    t = data;
    r = &t->required;
    t->has_required |= rule == WEIR_NONE;

    if (rule != WEIR_NONE) {
        r = weir_vec_push(t->arena, &t->rulings);
    }

    if (r != NULL) {
        rule_on(t, r, rule, v);
    }
}


static void
on_other(void *data, uint32_t prog, const weir_value_t *v)
{
    cli_trace_t  *t;
    cli_other_t  *o;

    t = data;
    o = weir_vec_push(t->arena, &t->others);

    if (o != NULL) {
        o->prog = prog;
        rule_on(t, &o->ruling, WEIR_NONE, v);
    }
}


/* What a key and a cost took is of no rule. */
static void
on_limit(void *data, const weir_hold_t *hold)
{
    cli_trace_t  *t;

    (void) hold;
    t = data;
    t->taken = t->steps.len;
}


/* Gives every node that an instruction belongs to a slot. */
static bool
make_slots(cli_trace_t *t)
{
    size_t                 i, k, n;
    uint32_t               used;
    const weir_origins_t  *o;

    o = &t->policy->origins;
    n = o->len;

    for (t->size = 16; t->size < 2 * n; t->size *= 2) { }

    t->slots = weir_arena_array(t->arena, n, sizeof(uint32_t));
    t->seen = weir_arena_array(t->arena, n, sizeof(cli_seen_t));
    t->table = weir_arena_array(t->arena, t->size, sizeof(uint32_t));

    if (t->slots == NULL || t->seen == NULL || t->table == NULL) {
        return false;
    }

    for (i = 0, used = 0; i < n; i++) {

        if (o->items[i] == NULL) {
            t->slots[i] = WEIR_NONE;
            continue;
        }

        k = find(t, o->items[i]);

        if (k == SIZE_MAX) {
            k = used++;
            t->seen[k].ex = o->items[i];
        }

        t->slots[i] = (uint32_t) k;

        for (k = hash_of(t, o->items[i]);
             t->table[k] != 0 && t->table[k] - 1 != t->slots[i];
             k = (k + 1) & (t->size - 1)) { }

        t->table[k] = t->slots[i] + 1;
    }

    return true;
}


static void
set_rules(cli_rule_t *rules, const weir_image_t *img, const weir_range_t *range,
    const weir_rules_t *source, cli_rule_t common)
{
    uint32_t  i;

    for (i = 0; i < range->count; i++) {
        common.rec = &WEIR_REC(img, RULES)[range->first + i];
        common.rule = source ? &source->items[i] : NULL;
        rules[range->first + i] = common;
    }
}


const cli_rule_t *
weir_cli_rules(const cli_policy_t *p, weir_arena_t *a)
{
    uint32_t                  i;
    cli_rule_t               *rules, deny, allow;
    const weir_route_t       *r;
    const weir_model_t       *m;
    const weir_image_t       *img;
    const weir_tenant_t      *t;
    const weir_img_route_t   *route;
    const weir_img_tenant_t  *tenant;

    img = &p->image;
    m = p->model;
    rules = weir_arena_array(a, img->n[WEIR_S_RULES] + 1, sizeof(cli_rule_t));

    if (rules == NULL) {
        return NULL;
    }

    deny = (cli_rule_t) { .layer = "global", .of = weir_str("", 0),
                          .deny = true };
    allow = deny;
    allow.deny = false;

    set_rules(rules, img, &img->policy->deny, m ? &m->deny : NULL, deny);
    set_rules(rules, img, &img->policy->allow, m ? &m->allow : NULL, allow);

    deny.layer = "tenant";
    allow.layer = "tenant";

    for (i = 0; i < img->n[WEIR_S_TENANTS]; i++) {
        tenant = &WEIR_REC(img, TENANTS)[i];
        t = m ? &m->tenants.items[i] : NULL;
        deny.of = weir_img_str(img, tenant->id);
        allow.of = deny.of;
        set_rules(rules, img, &tenant->deny, t ? &t->deny : NULL, deny);
        set_rules(rules, img, &tenant->allow, t ? &t->allow : NULL, allow);
    }

    deny.layer = "route";
    allow.layer = "route";

    for (i = 0; i < img->n[WEIR_S_ROUTES]; i++) {
        route = &WEIR_REC(img, ROUTES)[i];
        r = m ? &m->routes.items[i] : NULL;
        deny.of = weir_img_str(img, route->id);
        allow.of = deny.of;
        set_rules(rules, img, &route->deny, r ? &r->deny : NULL, deny);
        set_rules(rules, img, &route->allow, r ? &r->allow : NULL, allow);
    }

    return rules;
}


const cli_seen_t *
weir_cli_seen(const cli_trace_t *t, const weir_ex_t *ex)
{
    size_t  i;

    i = find(t, ex);

    return i != SIZE_MAX && t->seen[i].run == t->run ? &t->seen[i] : NULL;
}


const cli_ruling_t *
weir_cli_other(const cli_trace_t *t, uint32_t prog)
{
    size_t  i;

    for (i = 0; i < t->others.len; i++) {

        if (t->others.items[i].prog == prog) {
            return &t->others.items[i].ruling;
        }
    }

    return NULL;
}


void
weir_cli_trace_reset(cli_trace_t *t)
{
    t->run++;
    t->rulings.len = 0;
    t->others.len = 0;
    t->has_required = false;
    t->steps.len = 0;
    t->taken = 0;
}


bool
weir_cli_trace_init(cli_trace_t *t, const cli_policy_t *p, weir_arena_t *a,
    bool texts)
{
    memset(t, 0, sizeof(cli_trace_t));
    t->arena = a;
    t->policy = p;
    t->texts = texts;
    t->run = 1;
    t->trace.step = on_step;
    t->trace.rule = on_rule;
    t->trace.limit = on_limit;
    t->trace.other = on_other;
    t->trace.data = t;
    t->rules = weir_cli_rules(p, a);

    return t->rules != NULL && (p->model == NULL || make_slots(t));
}
