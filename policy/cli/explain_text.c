/*
 * explain_text.c: an account for people: the value of every part of every
 * rule under its place in the source.
 */

#include <inttypes.h>

#include "base/utf8.h"
#include "cli/explain.h"
#include "image/disasm.h"

#define WINDOW   150            /* letters of a source line */
#define CONTEXT  8              /* of them before the first caret, if cut */


/* Places */

static weir_str_t
line_of(weir_str_t text, uint32_t line)
{
    const char  *p, *nl, *end;

    end = text.data + text.len;

    for (p = text.data; line > 1 && p < end; line--) {
        nl = memchr(p, '\n', (size_t) (end - p));
        p = nl ? nl + 1 : end;
    }

    nl = p < end ? memchr(p, '\n', (size_t) (end - p)) : NULL;
    end = nl ? nl : end;

    if (end > p && end[-1] == '\r') {
        end--;
    }

    return weir_str(p, (size_t) (end - p));
}


static const char *
next_letter(const char *p, const char *end)
{
    if (weir_utf8_next(&p, end) < 0) {
        p++;
    }

    return p;
}


/* The line, and where in it carets are drawn. */
typedef struct {
    weir_str_t   line;
    const char  *from;
    const char  *to;
    int          width;         /* of the margin */
} window_t;


static void
open_window(const cli_account_t *a, const cli_part_t *p, unsigned indent,
    window_t *w, FILE *out)
{
    unsigned     n;
    size_t       col;
    const char  *end;

    w->line = line_of(a->policy->diags.files.items[p->span.file].text,
                      p->span.line);
    w->from = w->line.data;
    end = w->line.data + w->line.len;
    col = p->span.col - 1 < w->line.len ? p->span.col - 1 : w->line.len;

    if (w->line.len > WINDOW && col > CONTEXT) {
        w->from += col - CONTEXT;

        while (w->from > w->line.data && ((uint8_t) *w->from & 0xc0) == 0x80) {
            w->from--;
        }
    }

    for (w->to = w->from, n = 0; w->to < end && n < WINDOW; n++) {
        w->to = next_letter(w->to, end);
    }

    w->width = fprintf(out, "%*s%" PRIu32, (int) indent, "", p->span.line);
    fputs(" | ", out);
    weir_cli_print(weir_str(w->from, (size_t) (w->to - w->from)), out);
    fputs(w->to < end ? "...\n" : "\n", out);
}


static void
print_caret(const window_t *w, const cli_part_t *p, FILE *out)
{
    const char  *at, *mark, *last;

    mark = w->line.data + (p->span.col - 1);
    last = mark + p->span.len;
    mark = mark < w->from ? w->from : mark > w->to ? w->to : mark;
    last = last > w->to ? w->to : last;

    fprintf(out, "%*s | ", w->width, "");

    for (at = w->from; at < mark; at = next_letter(at, mark)) {
        fputc(*at == '\t' ? '\t' : ' ', out);
    }

    do {
        fputc('^', out);
        at = at < last ? next_letter(at, last) : last;
    } while (at < last);

    fputc(' ', out);
    weir_cli_print_part_value(p, out);
    fputc('\n', out);
}


weir_str_t
weir_cli_part_text(const cli_part_t *p)
{
    weir_str_t  text;

    text = p->expr->text->text;

    return weir_str(text.data + p->ex->off, p->ex->len);
}


void
weir_cli_print_part_value(const cli_part_t *p, FILE *out)
{
    uint32_t  i, n;

    if (p->looped && p->seen != NULL) {
        n = p->seen->times < CLI_ROUNDS ? p->seen->times : CLI_ROUNDS;

        for (i = 0; i < n; i++) {
            fprintf(out, "%s%.*s", i ? ", " : "",
                    WEIR_STR(p->seen->rounds[i].text));
        }

        if (p->seen->times > n) {
            fprintf(out, ", ... (%" PRIu32 " rounds)", p->seen->times);
        }

    } else if (p->value.kind == WEIR_T_UNSET) {
        fputs("not evaluated", out);

    } else {
        fprintf(out, "%.*s", WEIR_STR(p->value.text));
    }

    if (p->failed) {
        fputs("  <- failed here", out);
    }
}


void
weir_cli_print_parts(const cli_account_t *a, const weir_expr_t *when,
    unsigned indent, FILE *out)
{
    size_t             i;
    window_t           w;
    cli_parts_t        parts;
    const cli_part_t  *p;

    memset(&parts, 0, sizeof(parts));

    if (!weir_cli_parts(a->trace, a->txn, when, &parts)) {
        return;
    }

    for (i = 0; i < parts.len; i++) {
        p = &parts.items[i];

        if (i == 0 || p[-1].span.line != p->span.line
            || p[-1].span.file != p->span.file)
        {
            if (i > 0 && p[-1].span.file != p->span.file) {
                fprintf(out, "%*s", (int) indent, "");
                weir_cli_print(a->policy->diags.files.items[p->span.file].name,
                               out);
                fputs(":\n", out);
            }

            open_window(a, p, indent, &w, out);
        }

        print_caret(&w, p, out);
    }
}


/* Of an image without its source: the instructions. */

static void
print_subject(const weir_image_t *img, const weir_insn_t *in, FILE *out)
{
    weir_str_t                s;
    const weir_img_const_t   *c;

    switch (in->op) {

    case WEIR_OP_ATTR:
        fputs(weir_attrs[in->b].name, out);
        return;

    case WEIR_OP_PARAM:
        s = weir_img_str(img, in->c);
        fprintf(out, "path.%.*s", WEIR_STR(s));
        return;

    case WEIR_OP_ATTR_EQ:
    case WEIR_OP_ATTR_GET:
        c = &WEIR_REC(img, CONSTS)[in->c];
        s = weir_const_text(img, c);
        fprintf(out, in->op == WEIR_OP_ATTR_EQ ? "%s == " : "%s[",
                weir_attrs[in->b].name);
        weir_disasm_quote(s, out);
        fputs(in->op == WEIR_OP_ATTR_EQ ? "" : "]", out);
        return;

    case WEIR_OP_ATTR_IN:
        fprintf(out, "%s in a list", weir_attrs[in->b].name);
        return;

    case WEIR_OP_MEMO:
        s = weir_img_str(img, WEIR_REC(img, PROGS)[in->c].text);
        weir_cli_print(s, out);
        return;

    case WEIR_OP_CALL:
        fputs(weir_fn_name(weir_fns[in->b].name), out);
        return;

    case WEIR_OP_CALLD:
        fputs(weir_fn_name(in->b), out);
        return;

    default:
        fputs(weir_op_name(in->op), out);
    }
}


static bool
is_shown(const weir_insn_t *in)
{
    switch (in->op) {

    case WEIR_OP_CONST:
    case WEIR_OP_LOAD:
    case WEIR_OP_BUILD:
    case WEIR_OP_APPEND:
    case WEIR_OP_INSERT:
    case WEIR_OP_AS:
        return false;

    default:
        return true;
    }
}


void
weir_cli_print_steps(const cli_account_t *a, const cli_ruling_t *r,
    unsigned indent, FILE *out)
{
    size_t                  i;
    uint32_t                at;
    const cli_step_t       *s;
    const weir_insn_t      *in;
    const weir_image_t     *img;
    const weir_img_pos_t   *pos;

    img = &a->policy->image;

    for (i = 0; i < r->nsteps; i++) {
        s = &a->trace->steps.items[r->first + i];
        at = WEIR_REC(img, PROGS)[s->prog].code.first + s->pc;
        in = &WEIR_REC(img, CODE)[at];

        if (!is_shown(in)) {
            continue;
        }

        fprintf(out, "%*s", (int) indent, "");

        if (img->n[WEIR_S_POS] > at) {
            pos = &WEIR_REC(img, POS)[at];
            fprintf(out, "%4u:%-4u ", pos->line, pos->col);
        }

        print_subject(img, in, out);
        fprintf(out, "  ->  %.*s\n", WEIR_STR(s->value.text));
    }
}


/* Rules */

static void
print_finding(const cli_account_t *a, size_t ruling, unsigned indent,
    FILE *out)
{
    weir_str_t     text;
    cli_finding_t  f;

    weir_cli_finding(a, ruling, &f);

    fprintf(out, "%*s", (int) indent, "");
    weir_cli_print(f.id, out);
    fputs(", ", out);
    weir_cli_print(f.place.file, out);
    fprintf(out, ":%" PRIu32 ":%" PRIu32 ": %s", f.place.line,
            f.place.col, f.outcome);

    if (f.ruling->value.kind == WEIR_T_ERR) {
        fprintf(out, " (%s)",
                weir_eval_error_name((unsigned) f.ruling->value.i));
    }

    if (f.effect != NULL) {
        fprintf(out, ": %s", f.effect);
    }

    if (f.effect != NULL && f.rule->deny && !f.rule->rec->dry_run) {
        fprintf(out, " with status %u", a->decision->status);
    }

    fputc('\n', out);

    if (f.rule->rule != NULL && f.rule->rule->when != NULL) {
        weir_cli_print_parts(a, f.rule->rule->when, indent + 2, out);

    } else if (f.rule->rule == NULL && f.rule->rec->when != WEIR_NONE) {
        text = weir_img_str(&a->policy->image,
                            WEIR_REC(&a->policy->image, PROGS)
                            [f.rule->rec->when].text);

        while (text.len && text.data[text.len - 1] == '\n') {
            text.len--;
        }

        fprintf(out, "%*swhen ", (int) indent + 2, "");
        weir_cli_print(text, out);
        fputc('\n', out);
        weir_cli_print_steps(a, f.ruling, indent + 2, out);
    }
}


static void
print_layer(const cli_rule_t *r, FILE *out)
{
    fprintf(out, "\n%s, %s", r->deny ? "deny" : "allow", r->layer);

    if (r->of.len) {
        fputc(' ', out);
        weir_cli_print(r->of, out);
    }

    fputc('\n', out);
}


/* The rulings from first on, before end. */
static void
print_rules(const cli_account_t *a, size_t first, size_t end, FILE *out)
{
    size_t             i;
    const cli_rule_t  *r, *before;

    before = NULL;

    for (i = first; i < end; i++) {
        r = &a->trace->rules[a->trace->rulings.items[i].rule];

        if (before == NULL || r->deny != before->deny
            || r->layer != before->layer)
        {
            print_layer(r, out);
        }

        print_finding(a, i, 2, out);
        before = r;
    }
}


void
weir_cli_print_deciders(const cli_account_t *a, unsigned indent, FILE *out)
{
    size_t             i, n;
    cli_finding_t      f;
    const cli_rule_t  *last, *r;

    n = a->trace->rulings.len;
    last = n ? &a->trace->rules[a->trace->rulings.items[n - 1].rule] : NULL;

    for (i = 0; i < n; i++) {
        weir_cli_finding(a, i, &f);
        r = f.rule;

        /* where nothing allows, the whole layer has decided */
        if (f.decides
            || (a->decision->reason == WEIR_REASON_NOT_ALLOWED
                && !r->deny && r->layer == last->layer))
        {
            print_finding(a, i, indent, out);
        }
    }
}


/* Steps before the rules */

static void
print_request(const cli_request_t *r, FILE *out)
{
    char        ip[WEIR_IP_STRLEN];
    weir_str_t  path;

    fputs("request  ", out);
    weir_cli_print(r->req.method, out);
    fputc(' ', out);
    weir_cli_print(r->scheme, out);
    fputs("://", out);
    weir_cli_print(r->req.host, out);
    weir_cli_print(r->target, out);
    fprintf(out, " from %.*s\n", (int) weir_ip_print(&r->req.source, ip), ip);

    path = weir_txn_path(r->txn);

    if (path.len && !weir_str_eq(path, r->req.path)) {
        fputs("path     ", out);
        weir_cli_print(path, out);
        fputc('\n', out);
    }
}


static void
print_tenant(const cli_account_t *a, FILE *out)
{
    size_t  i;

    static const char *const  said[] = {
        [CLI_NAMES_NONE] = "names none",
        [CLI_NAMES_ONE] = "names it",
        [CLI_NAMES_UNKNOWN] = "names one that does not exist",
        [CLI_NOT_TRUSTED] = "not believed, the peer is not trusted"
    };

    if (!a->resolved) {
        return;
    }

    fputs("tenant   ", out);
    weir_cli_print(a->decision->tenant.len ? a->decision->tenant
                                           : weir_string("none"), out);
    fputc('\n', out);

    for (i = 0; i < a->resolvers.len; i++) {
        fputs("           ", out);
        weir_cli_print(a->resolvers.items[i].what, out);
        fprintf(out, ": %s\n", said[a->resolvers.items[i].said]);
    }
}


static void
print_route_name(const cli_policy_t *p, uint32_t route, FILE *out)
{
    cli_place_t  place;

    place = weir_cli_route_place(p, route);
    weir_cli_print(weir_img_str(&p->image,
                                WEIR_REC(&p->image, ROUTES)[route].id), out);
    fputs(", ", out);
    weir_cli_print(place.file, out);
    fprintf(out, ":%" PRIu32, place.line);
}


static void
print_params(const cli_account_t *a, FILE *out)
{
    uint32_t            i;
    const weir_eval_t  *e;

    e = weir_txn_eval(a->txn);

    for (i = 0; i < e->nparams; i++) {
        fputs("           ", out);
        weir_cli_print(weir_img_str(&a->policy->image, e->param_names[i]),
                       out);
        fputs(" = ", out);
        weir_disasm_quote(e->params[i], out);
        fputc('\n', out);
    }
}


static void
print_route(const cli_account_t *a, FILE *out)
{
    size_t                   i;
    uint32_t                 index;
    weir_str_t               text;
    const weir_img_route_t  *route;

    if (!a->routed) {
        return;
    }

    fputs("route    ", out);
    route = weir_txn_route(a->txn);

    if (route != NULL) {
        index = (uint32_t) (route - WEIR_REC(&a->policy->image, ROUTES));
        print_route_name(a->policy, index, out);
        fputc('\n', out);
        text = weir_cli_route_text(a->policy, index, a->trace->arena);

        if (text.len) {
            fputs("           ", out);
            weir_cli_print(text, out);
            fputc('\n', out);
        }

        print_params(a, out);

    } else {
        fputs("none\n", out);
    }

    for (i = 0; i < a->rivals.len; i++) {
        fputs(route ? "           before " : "           not ", out);
        print_route_name(a->policy, a->rivals.items[i].route, out);
        text = a->rivals.items[i].because;
        fprintf(out, "%s%.*s\n", text.len ? ": " : "", WEIR_STR(text));
    }
}


void
weir_cli_print_account(const cli_account_t *a, FILE *out)
{
    size_t  i, n;

    print_request(a->request, out);
    print_rules(a, 0, a->early, out);

    if (a->early > 0 && a->resolved) {
        fputc('\n', out);
    }

    print_tenant(a, out);
    print_route(a, out);
    weir_cli_print_limits(a, WEIR_PHASE_PREAUTH, out);

    if (weir_cli_is_asked(a)) {
        weir_cli_print_caller(a, out);
        weir_cli_print_maintenance(a, out);
    }

    /* what is required comes between what denies and what allows */
    n = a->trace->rulings.len;

    for (i = a->early;
         i < n && a->trace->rules[a->trace->rulings.items[i].rule].deny; i++)
    { }

    print_rules(a, a->early, i, out);
    weir_cli_print_require(a, out);
    print_rules(a, i, n, out);
    weir_cli_print_limits(a, WEIR_PHASE_ACCESS, out);
    weir_cli_print_split(a, out);
    weir_cli_print_told(a, out);
    weir_cli_print_answer(a, out);
}
