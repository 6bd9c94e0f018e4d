/*
 * disasm.c: the printer, from the tables of this room.
 */

#include "image/disasm.h"
#include "base/ip.h"
#include "base/utf8.h"
#include "image/attrs.h"
#include "image/bounds.h"
#include "image/functions.h"
#include "image/types.h"

#include <inttypes.h>
#include <stdlib.h>

#define MAX_TEXT   64u          /* bytes shown of a string */
#define MAX_ITEMS  16u          /* shown of a list or map */
#define MAX_NODES  256u         /* shown of a constant, all levels together */
#define COMMENT    52           /* column of a comment */

#define REC(d, id, type, i)                                                   \
    ((i) < (d)->n[WEIR_S_##id]                                                \
         ? &((const type *) (d)->rec[WEIR_S_##id])[i] : NULL)

/* OP_NONE, OP_CONST and so on: the shapes of operands */
typedef enum {
    OP_NONE, OP_CONST, OP_ATTR, OP_PROG, OP_PARAM, OP_LOCAL, OP_FN, OP_NAME,
    OP_KIND, OP_JUMP, OP_LOOP, OP_ITER, OP_NEXT, OP_BUILD, OP_COUNT, OP_FUSED
} operand_t;

static const uint8_t  operands[] = {
#define OP(name, operand, pops, pushes, cost)  OP_##operand,
    WEIR_OPS(OP)
#undef OP
};


/* n bytes at an offset; NULL when they are not there. */
static const char *
bytes(const weir_disasm_t *d, uint64_t offset, uint64_t n)
{
    uint32_t  len;

    len = d->n[WEIR_S_BYTES];

    if (offset > len || n > len - offset) {
        return NULL;
    }

    return (const char *) d->rec[WEIR_S_BYTES] + offset;
}


static bool
string(const weir_disasm_t *d, uint32_t i, weir_str_t *out)
{
    const weir_img_str_t  *s;

    s = REC(d, STRS, weir_img_str_t, i);

    if (s == NULL || bytes(d, s->offset, s->length) == NULL) {
        return false;
    }

    *out = weir_str(s->length ? bytes(d, s->offset, s->length) : "",
                    s->length);

    return true;
}


static void
print_str(const weir_disasm_t *d, uint32_t i, FILE *out)
{
    weir_str_t  s;

    if (string(d, i, &s)) {
        weir_disasm_quote(s, out);

    } else {
        fputc('?', out);
    }
}


/* A name as it is, unless there is something in it to see. */
static void
print_name(weir_str_t s, FILE *out)
{
    size_t             i;
    static const char  plain[] = "abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "0123456789_-./";

    for (i = 0; i < s.len; i++) {

        if (memchr(plain, s.data[i], sizeof(plain) - 1) == NULL) {
            weir_disasm_quote(s, out);
            return;
        }
    }

    fwrite(s.data, 1, s.len, out);
}


static void
print_bytes(const char *p, uint32_t n, FILE *out)
{
    uint32_t  i;

    fputs("b\"", out);

    for (i = 0; i < n && i < MAX_TEXT; i++) {
        fprintf(out, "\\x%02x", (unsigned) (uint8_t) p[i]);
    }

    fprintf(out, "\"%s", i < n ? "..." : "");
}


/* With as few digits as lead back to the same number. */
static void
print_double(uint64_t bits, FILE *out)
{
    int     digits;
    char    buf[40];
    double  x;

    memcpy(&x, &bits, sizeof(x));

    for (digits = 15; digits < 17; digits++) {
        snprintf(buf, sizeof(buf), "%.*g", digits, x);

        if (strtod(buf, NULL) == x) {
            break;
        }
    }

    snprintf(buf, sizeof(buf), "%.*g", digits, x);
    fprintf(out, "%s%s", buf, strpbrk(buf, ".en") ? "" : ".0");
}


static void
print_address(const weir_disasm_t *d, const weir_img_const_t *c, FILE *out)
{
    char         text[WEIR_IP_STRLEN];
    weir_ip_t    ip;
    const char  *p;

    p = bytes(d, c->v, sizeof(ip));

    if (p == NULL) {
        fputc('?', out);
        return;
    }

    memcpy(&ip, p, sizeof(ip));
    weir_ip_print(&ip, text);

    if (c->kind == WEIR_T_CIDR) {
        fprintf(out, "cidr(\"%s/%" PRIu32 "\")", text, c->n >> 8);

    } else {
        fprintf(out, "ip(\"%s\")", text);
    }
}


static void
print_text(const weir_disasm_t *d, const weir_img_const_t *c, FILE *out)
{
    const char  *p;

    p = bytes(d, c->v, c->n);

    if (p == NULL) {
        fputc('?', out);

    } else if (c->kind == WEIR_T_STRING) {
        weir_disasm_quote(weir_str(p, c->n), out);

    } else {
        print_bytes(p, c->n, out);
    }
}


static void
print_named(const weir_disasm_t *d, const weir_img_const_t *c, FILE *out)
{
    weir_str_t               s;
    const weir_img_cidrs_t  *cidrs;
    const weir_img_regex_t  *regex;

    if (c->kind == WEIR_T_CIDRS) {
        cidrs = REC(d, CIDRS, weir_img_cidrs_t, c->v);

        if (cidrs != NULL && string(d, cidrs->name, &s)) {
            fputs("lists.", out);
            print_name(s, out);
            return;
        }

    } else {
        regex = REC(d, REGEXES, weir_img_regex_t, c->v);

        if (regex != NULL) {
            fputs("regex ", out);
            print_str(d, regex->source, out);
            return;
        }
    }

    fputc('?', out);
}


static void
print_scalar(const weir_disasm_t *d, const weir_img_const_t *c, FILE *out)
{
    switch (c->kind) {

    case WEIR_T_NULL:
        fputs("null", out);
        break;

    case WEIR_T_BOOL:
        fputs(c->v ? "true" : "false", out);
        break;

    case WEIR_T_INT:
        fprintf(out, "%" PRId64, (int64_t) c->v);
        break;

    case WEIR_T_UINT:
        fprintf(out, "%" PRIu64 "u", c->v);
        break;

    case WEIR_T_DOUBLE:
        print_double(c->v, out);
        break;

    case WEIR_T_STRING:
    case WEIR_T_BYTES:
        print_text(d, c, out);
        break;

    case WEIR_T_TIMESTAMP:
        fprintf(out, "timestamp(%" PRId64 "s %" PRIu32 "ns)", (int64_t) c->v,
                c->n);
        break;

    case WEIR_T_DURATION:
        fprintf(out, "duration(%" PRId64 "s %" PRId32 "ns)", (int64_t) c->v,
                (int32_t) c->n);
        break;

    case WEIR_T_TYPE:
        fprintf(out, "type %s", weir_kind_name((unsigned) c->v));
        break;

    case WEIR_T_IP:
    case WEIR_T_CIDR:
        print_address(d, c, out);
        break;

    case WEIR_T_CIDRS:
    case WEIR_T_REGEX:
        print_named(d, c, out);
        break;

    default:
        fputc('?', out);
    }
}


/* left counts down over all levels: rows may be shared, and so multiply */
static void
print_const(const weir_disasm_t *d, uint64_t index, unsigned depth,
    unsigned *left, FILE *out)
{
    char                     close;
    uint64_t                 i, n;
    const weir_img_const_t  *c;

    c = REC(d, CONSTS, weir_img_const_t, index);

    if (c == NULL || depth == 0 || *left == 0) {
        fputs(c ? "..." : "?", out);
        return;
    }

    *left -= 1;

    switch (c->kind) {

    case WEIR_T_LIST:
        fputc('[', out);
        close = ']';
        n = c->n;
        break;

    case WEIR_T_MAP:
        fputc('{', out);
        close = '}';
        n = 2 * (uint64_t) c->n;
        break;

    case WEIR_T_OPTIONAL:
        fputs("optional(", out);
        close = ')';
        n = c->n;
        break;

    default:
        print_scalar(d, c, out);
        return;
    }

    for (i = 0; i < n; i++) {

        if (i > 0) {
            fputs(c->kind == WEIR_T_MAP && i % 2 ? ": " : ", ", out);
        }

        if (i == MAX_ITEMS || *left == 0) {
            fputs("...", out);
            break;
        }

        print_const(d, c->v + i, depth - 1, left, out);
    }

    fputc(close, out);
}


static void
print_attr(unsigned attr, FILE *out)
{
    fputs(attr < WEIR_A_COUNT ? weir_attrs[attr].name : "?", out);
}


static void
print_operand(const weir_disasm_t *d, const weir_insn_t *in, FILE *out)
{
    switch ((operand_t) operands[in->op]) {

    case OP_NONE:
        break;

    case OP_CONST:
        weir_disasm_const(d, in->c, out);
        break;

    case OP_ATTR:
        print_attr(in->b, out);
        break;

    case OP_PROG:
        fprintf(out, "program %" PRIu32, in->c);
        break;

    case OP_PARAM:
        print_str(d, in->c, out);
        break;

    case OP_LOCAL:
        fprintf(out, "%u", in->b);
        break;

    case OP_FN:
        fputs(in->b < WEIR_FN_COUNT ? weir_fns[in->b].id : "?", out);
        break;

    case OP_NAME:
        fprintf(out, "%s %u", weir_fn_name(in->b), in->a);
        break;

    case OP_KIND:
        fputs(weir_kind_name(in->a), out);
        break;

    case OP_JUMP:
        fprintf(out, "-> %" PRIu32, in->c);
        break;

    case OP_LOOP:
        fprintf(out, "%u -> %" PRIu32 " rounds %u", in->b, in->c,
                1u << (in->a & 31));
        break;

    case OP_ITER:
        fprintf(out, "%u -> %" PRIu32 "%s", in->b, in->c,
                in->a ? " index first" : "");
        break;

    case OP_NEXT:
        fprintf(out, "%u -> %" PRIu32, in->b, in->c);
        break;

    case OP_BUILD:
        fprintf(out, "%u %s", in->b, weir_kind_name(in->a));
        break;

    case OP_COUNT:
        fprintf(out, "%" PRIu32 "%s", in->c, in->a ? " optional" : "");
        break;

    case OP_FUSED:
        print_attr(in->b, out);
        fputc(' ', out);
        weir_disasm_const(d, in->c, out);
        break;
    }
}


/* The permission whose index was pushed before its function is called. */
static void
print_permission(const weir_disasm_t *d, const weir_insn_t *index, FILE *out)
{
    const weir_img_const_t       *c;
    const weir_img_permission_t  *p;

    c = index->op == WEIR_OP_CONST
        ? REC(d, CONSTS, weir_img_const_t, index->c) : NULL;
    p = c != NULL ? REC(d, PERMISSIONS, weir_img_permission_t, c->v) : NULL;

    if (p != NULL) {
        fputc(' ', out);
        print_str(d, p->name, out);
    }
}


/* One line without its comment, in memory; NULL when memory is short. */
static char *
make_line(const weir_disasm_t *d, uint32_t pc, const weir_insn_t *in)
{
    char    *line;
    FILE    *out;
    size_t   len;

    out = open_memstream(&line, &len);
    if (out == NULL) {
        return NULL;
    }

    fprintf(out, "%4" PRIu32 ": ", pc);

    if (in->op >= WEIR_OP_COUNT) {
        fprintf(out, "? %u", in->op);

    } else if (operands[in->op] == OP_NONE) {
        fputs(weir_op_name(in->op), out);

    } else {
        fprintf(out, "%-8s ", weir_op_name(in->op));
        print_operand(d, in, out);

        if (in->op == WEIR_OP_CALL && in->b == WEIR_FN_HAS_PERMISSION_OF
            && pc > 0)
        {
            print_permission(d, in - 1, out);
        }
    }

    if (fclose(out) != 0) {
        free(line);
        return NULL;
    }

    return line;
}


static void
print_insn(const weir_disasm_t *d, uint32_t pc, const weir_insn_t *in,
    const weir_img_pos_t *pos, FILE *out)
{
    char  *line;

    line = make_line(d, pc, in);

    if (line == NULL) {
        fprintf(out, "%4" PRIu32 ": ?\n", pc);

    } else if (pos == NULL) {
        fprintf(out, "%s\n", line);

    } else {
        fprintf(out, "%-*s ; %" PRIu32 ":%" PRIu32 "\n", COMMENT, line,
                pos->line, pos->col);
    }

    free(line);
}


void
weir_disasm_quote(weir_str_t s, FILE *out)
{
    int32_t      cp;
    const char  *p, *end, *start;

    fputc('"', out);
    end = s.data + s.len;

    for (p = s.data; p < end && (size_t) (p - s.data) < MAX_TEXT; /* void */ ) {
        start = p;
        cp = weir_utf8_next(&p, end);

        if (cp < 0) {
            p++;
            fprintf(out, "\\x%02x", (unsigned) (uint8_t) *start);

        } else if (cp == '"' || cp == '\\') {
            fprintf(out, "\\%c", (char) cp);

        } else if (cp == '\n') {
            fputs("\\n", out);

        } else if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0)
                   || (cp >= 0x200e && cp <= 0x200f)
                   || (cp >= 0x2028 && cp <= 0x202e)
                   || (cp >= 0x2066 && cp <= 0x2069))
        {
            fprintf(out, "\\u%04x", (unsigned) cp);

        } else {
            fwrite(start, 1, (size_t) (p - start), out);
        }
    }

    fprintf(out, "\"%s", p < end ? "..." : "");
}


void
weir_disasm_const(const weir_disasm_t *d, uint32_t index, FILE *out)
{
    unsigned  left;

    left = MAX_NODES;
    print_const(d, index, WEIR_MAX_VALUE_DEPTH + 1, &left, out);
}


void
weir_disasm_prog(const weir_disasm_t *d, uint32_t prog, FILE *out)
{
    uint32_t                i, at;
    weir_str_t              file;
    const weir_insn_t      *in;
    const weir_img_pos_t   *pos, *last;
    const weir_img_prog_t  *p;

    p = REC(d, PROGS, weir_img_prog_t, prog);

    if (p == NULL) {
        fprintf(out, "program %" PRIu32 ": ?\n", prog);
        return;
    }

    fprintf(out, "program %" PRIu32 ": %s, from phase %s, locals %u", prog,
            weir_kind_name(p->kind), weir_phase_name(p->phase), p->locals);

    if (p->memo != WEIR_NONE) {
        fprintf(out, ", memo slot %" PRIu32, p->memo);
    }

    if (string(d, p->file, &file) && file.len != 0) {
        fputs(", ", out);
        print_name(file, out);
    }

    fputc('\n', out);
    last = NULL;

    for (i = 0; i < p->code.count; i++) {
        at = p->code.first + i;
        in = REC(d, CODE, weir_insn_t, at);

        if (in == NULL || at < i) {
            fprintf(out, "%4" PRIu32 ": ?\n", i);
            break;
        }

        pos = REC(d, POS, weir_img_pos_t, at);

        if (pos != NULL && last != NULL && pos->line == last->line
            && pos->col == last->col)
        {
            pos = NULL;

        } else if (pos != NULL) {
            last = pos;
        }

        print_insn(d, i, in, pos, out);
    }
}
