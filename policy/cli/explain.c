/*
 * explain.c: weir explain FILE [METHOD] URL: the decision, and what every
 * program that ran saw on its way.
 */

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"

#define SHOWN  60               /* bytes of a text */

typedef struct {
    uint32_t  prog;
    uint32_t  pc;
    char     *value;            /* as text: the value itself does not last */
} step_t;

typedef struct {
    weir_arena_t         *arena;
    weir_vec_t(step_t)    steps;
} steps_t;


static void
print_string(weir_str_t s, FILE *out)
{
    char    *text;
    bool     cut;
    json_t  *j;

    cut = s.len > SHOWN;
    j = json_stringn(s.data, cut ? SHOWN : s.len);
    text = j ? json_dumps(j, JSON_ENCODE_ANY) : NULL;

    /* no text where a character was cut in two */
    fprintf(out, "%s%s", text ? text : "(text)", cut ? "..." : "");

    free(text);
    json_decref(j);
}


static void
print_value(const weir_value_t *v, FILE *out)
{
    char  ip[WEIR_IP_STRLEN];

    switch (v->kind) {

    case WEIR_T_ERR:
        fprintf(out, "error %s", weir_eval_error_name(v->len));
        return;

    case WEIR_T_NULL:
        fputs("null", out);
        return;

    case WEIR_T_BOOL:
        fputs(v->u.b ? "true" : "false", out);
        return;

    case WEIR_T_INT:
        fprintf(out, "%lld", (long long) v->u.i);
        return;

    case WEIR_T_UINT:
        fprintf(out, "%lluu", (unsigned long long) v->u.u);
        return;

    case WEIR_T_DOUBLE:
        fprintf(out, "%.17g", v->u.d);
        return;

    case WEIR_T_STRING:
        print_string(weir_v_text(v), out);
        return;

    case WEIR_T_IP:
        fprintf(out, "%.*s", (int) weir_ip_print(v->u.ip, ip), ip);
        return;

    case WEIR_T_LIST:
    case WEIR_T_MAP:
        fprintf(out, "%s of %u", weir_kind_name(v->kind), v->len);
        return;

    default:
        fputs(weir_kind_name(v->kind), out);
    }
}


static void
keep(void *data, uint32_t prog, uint32_t pc, const weir_value_t *value)
{
    char     *text;
    FILE     *out;
    size_t    len;
    step_t   *s;
    steps_t  *steps;

    steps = data;
    out = open_memstream(&text, &len);

    if (out == NULL) {
        return;
    }

    print_value(value, out);
    fclose(out);

    s = weir_vec_push(steps->arena, &steps->steps);

    if (s == NULL) {
        free(text);
        return;
    }

    s->prog = prog;
    s->pc = pc;
    s->value = text;
}


/* What a step asked for; empty where the value alone says nothing new. */
static void
print_subject(const weir_image_t *img, const weir_insn_t *in)
{
    weir_str_t                s;
    const weir_img_const_t   *c;

    switch (in->op) {

    case WEIR_OP_ATTR:
        printf("%s", weir_attrs[in->b].name);
        return;

    case WEIR_OP_PARAM:
        s = weir_img_str(img, in->c);
        printf("path.%.*s", WEIR_STR(s));
        return;

    case WEIR_OP_ATTR_EQ:
    case WEIR_OP_ATTR_GET:
        c = &WEIR_REC(img, CONSTS)[in->c];
        s = weir_str((const char *) img->rec[WEIR_S_BYTES] + c->v, c->n);

        printf(in->op == WEIR_OP_ATTR_EQ ? "%s == \"%.*s\"" : "%s[\"%.*s\"]",
               weir_attrs[in->b].name, WEIR_STR(s));
        return;

    case WEIR_OP_ATTR_IN:
        printf("%s in a list", weir_attrs[in->b].name);
        return;

    case WEIR_OP_MEMO:
        s = weir_img_str(img, WEIR_REC(img, PROGS)[in->c].text);
        printf("%.*s", WEIR_STR(s));
        return;

    case WEIR_OP_CALL:
        printf("%s", weir_fn_name(weir_fns[in->b].name));
        return;

    case WEIR_OP_CALLD:
        printf("%s", weir_fn_name(in->b));
        return;

    default:
        printf("%s", weir_op_name(in->op));
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


/* The rule of a program, and where it stands; a var has no rule. */
static void
print_heading(const weir_image_t *img, uint32_t prog)
{
    uint32_t                 i;
    weir_str_t               file, id, text;
    const weir_img_rule_t   *rule;
    const weir_img_prog_t   *p;

    p = &WEIR_REC(img, PROGS)[prog];
    file = weir_img_str(img, p->file);
    text = weir_img_str(img, p->text);

    for (i = 0; i < img->n[WEIR_S_RULES]; i++) {
        rule = &WEIR_REC(img, RULES)[i];

        if (rule->when == prog) {
            id = weir_img_str(img, rule->id);
            printf("\nrule %.*s  (%.*s:%u)\n", WEIR_STR(id), WEIR_STR(file),
                   rule->line);
            break;
        }
    }

    if (i == img->n[WEIR_S_RULES]) {
        printf("\nshared expression  (%.*s)\n", WEIR_STR(file));
    }

    while (text.len && text.data[text.len - 1] == '\n') {
        text.len--;
    }

    if (text.len) {
        printf("    when %.*s\n", WEIR_STR(text));
    }
}


static void
print_step(const weir_image_t *img, const step_t *s)
{
    uint32_t                 at;
    const weir_insn_t       *in;
    const weir_img_pos_t    *pos;

    at = WEIR_REC(img, PROGS)[s->prog].code.first + s->pc;
    in = &WEIR_REC(img, CODE)[at];

    if (!is_shown(in)) {
        return;
    }

    if (img->n[WEIR_S_POS] > at) {
        pos = &WEIR_REC(img, POS)[at];
        printf("    %4u:%-4u ", pos->line, pos->col);

    } else {
        printf("    ");
    }

    print_subject(img, in);
    printf("  ->  %s\n", s->value);
}


static void
print_steps(const weir_image_t *img, const steps_t *steps)
{
    size_t         i;
    const step_t  *s;

    for (i = 0; i < steps->steps.len; i++) {
        s = &steps->steps.items[i];

        if (i == 0 || s[-1].prog != s->prog) {
            print_heading(img, s->prog);
        }

        print_step(img, s);
    }
}


cli_exit_t
weir_cli_explain(int argc, char **argv)
{
    steps_t           steps;
    weir_txn_t       *txn;
    cli_exit_t        code;
    const char       *file;
    weir_trace_t      trace;
    cli_format_t      format;
    cli_policy_t      policy;
    weir_arena_t     *arena;
    cli_request_t     request;
    weir_decision_t   d;

    arena = weir_arena_create();

    if (arena == NULL) {
        return CLI_INTERNAL;
    }

    memset(&policy, 0, sizeof(policy));
    memset(&steps, 0, sizeof(steps));
    steps.arena = arena;

    trace.step = keep;
    trace.data = &steps;

    weir_cli_request_init(&request, arena);

    code = weir_cli_request_args("explain", argc, argv, &request, &file,
                                 &format);

    if (code == CLI_OK) {
        code = weir_cli_open("explain", file, &policy);
    }

    if (code == CLI_OK) {
        code = weir_cli_decide(&policy, &request, &trace, &txn, &d);
    }

    if (code == CLI_OK) {
        weir_cli_print_decision(&d, format);
    }

    if (code == CLI_OK && format == CLI_TEXT) {
        print_steps(&policy.image, &steps);
    }

    while (steps.steps.len) {
        free(steps.steps.items[--steps.steps.len].value);
    }

    weir_cli_close(&policy);
    weir_arena_destroy(arena);

    return code;
}
