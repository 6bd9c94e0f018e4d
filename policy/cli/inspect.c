/*
 * inspect.c: weir inspect [--code] IMAGE: what an image is made of.
 */

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/explain.h"
#include "cli/options.h"
#include "cli/users.h"
#include "image/disasm.h"

#define SHOWN  8                /* users of a program in a listing */

typedef struct {
    const cli_policy_t  *policy;
    const weir_image_t  *img;
    weir_arena_t        *arena;
    const cli_rule_t    *rules;
    const cli_users_t   *users;     /* by program */
} listing_t;


static void
hex(const uint8_t *bytes, size_t n, char *out)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    }
}


/* Of section s; NULL: the table has none of that id. */
static const weir_image_section_t *
section(const weir_image_t *img, uint32_t s)
{
    uint32_t                     i;
    const weir_image_section_t  *t;

    t = (const weir_image_section_t *) (img->base
                                        + sizeof(weir_image_header_t));

    for (i = 0; i < img->header->sections; i++) {

        if (t[i].id == s) {
            return &t[i];
        }
    }

    return NULL;
}


static bool
find_users(listing_t *l)
{
    l->users = weir_cli_users(l->img, l->arena);
    l->rules = weir_cli_rules(l->policy, l->arena);

    return l->users != NULL && l->rules != NULL;
}


/* As text */

static void
print_hex(const char *name, const uint8_t *bytes, size_t n)
{
    char  text[2 * WEIR_SHA256_LEN + 1];

    hex(bytes, n, text);
    printf("%-9s %s\n", name, text);
}


static void
print_header(const weir_image_t *img)
{
    weir_str_t                   s;
    const weir_image_header_t   *h;

    h = img->header;

    s = weir_img_str(img, h->name);
    printf("%-9s ", "name");
    weir_cli_print(s, stdout);
    putchar('\n');

    if (h->flags & WEIR_IMAGE_HAS_SERIAL) {
        printf("%-9s %" PRIu64 "\n", "serial", h->serial);
    }

    s = weir_img_str(img, h->compiler);
    printf("%-9s ", "compiler");
    weir_cli_print(s, stdout);
    printf("\n%-9s %u.%u\n", "format", h->major, h->minor);
    printf("%-9s %" PRIu64 "\n", "bytes", h->length);
    print_hex("digest", h->digest, sizeof(h->digest));
    print_hex("source", h->source, sizeof(h->source));

    if (h->flags & WEIR_IMAGE_SIGNED) {
        print_hex("signed by", h->key_id, sizeof(h->key_id));
    }

    printf("%-9s stack %u, memo %u, scratch %u\n", "request", h->stack,
           h->memo, h->scratch);
    printf("%-9s tenants %u, routes %u, rules %u, programs %u\n", "policy",
           img->n[WEIR_S_TENANTS], img->n[WEIR_S_ROUTES],
           img->n[WEIR_S_RULES], img->n[WEIR_S_PROGS]);
    printf("%-9s issuers %u, API keys %u, certificates %u, revoked %u\n",
           "callers", img->n[WEIR_S_ISSUERS], img->n[WEIR_S_APIKEYS],
           img->n[WEIR_S_IDENTITIES], img->n[WEIR_S_REVOKED]);
    printf("%-9s roles %u, permissions %u\n", "grants",
           img->n[WEIR_S_ROLES], img->n[WEIR_S_PERMISSIONS]);
    printf("%-9s limits %u, plans %u\n", "usage", img->n[WEIR_S_LIMITS],
           img->n[WEIR_S_PLANS]);
    printf("%-9s splits %u, arms %u, mirrors %u\n", "traffic",
           img->n[WEIR_S_SPLITS], img->n[WEIR_S_ARMS],
           img->n[WEIR_S_MIRRORS]);
    printf("%-9s CORS %u, versions %u, headers %u, maintenance %u\n", "edge",
           img->n[WEIR_S_CORS], img->n[WEIR_S_VERSIONS],
           img->n[WEIR_S_HEADER_OPS], img->n[WEIR_S_MAINTENANCE]);
}


static void
print_sections(const weir_image_t *img)
{
    char                         digest[2 * WEIR_SHA256_LEN + 1];
    uint32_t                     i;
    const weir_image_section_t  *s;

    printf("\n%-14s %10s %12s  %s\n", "section", "records", "bytes",
           "digest");

    for (i = 0; i < WEIR_S_COUNT; i++) {
        s = section(img, i);
        digest[0] = '\0';

        if (s != NULL) {
            hex(s->digest, WEIR_SHA256_LEN, digest);
        }

        printf("%-14s %10u %12" PRIu64 "  %s\n", weir_sections[i].name,
               img->n[i], (uint64_t) img->n[i] * weir_sections[i].size,
               digest);
    }
}


/* A user that is no rule. */
static void
print_other(const listing_t *l, const cli_user_t *u)
{
    if (strcmp(u->what, u->effect) == 0) {
        printf("; %s \"", u->what);
    } else {
        printf("; \"%s\" of %s \"", u->effect, u->what);
    }

    weir_cli_print(weir_img_str(l->img, u->id), stdout);
    fputs("\", ", stdout);
    weir_cli_print(weir_img_str(l->img, u->file), stdout);
    printf(":%u\n", u->line);
}


static void
print_users(const listing_t *l, uint32_t prog)
{
    size_t              i, n;
    cli_user_t          other;
    weir_str_t          text;
    cli_place_t         place;
    const cli_users_t  *users;

    users = &l->users[prog];
    n = users->len < SHOWN ? users->len : SHOWN;

    for (i = 0; i < n; i++) {
        other = weir_cli_user(l->img, users->items[i]);

        if (other.what != NULL) {
            print_other(l, &other);
            continue;
        }

        text = weir_cli_rule_text(l->policy, &l->rules[users->items[i]],
                                  l->arena);
        place = weir_cli_rule_place(l->policy, &l->rules[users->items[i]]);
        fputs("; ", stdout);
        weir_cli_print(text, stdout);
        fputs(", ", stdout);
        weir_cli_print(place.file, stdout);
        printf(":%u:%u\n", place.line, place.col);
    }

    if (users->len > n) {
        printf("; and %zu more\n", users->len - n);
    }

    if (users->len == 0) {
        puts("; no rule");
    }
}


static void
print_code(const listing_t *l)
{
    uint32_t        i;
    weir_disasm_t   disasm;

    disasm = (weir_disasm_t) { l->img->rec, l->img->n };

    for (i = 0; i < l->img->n[WEIR_S_PROGS]; i++) {
        print_users(l, i);
        weir_disasm_prog(&disasm, i, stdout);
    }
}


/* As JSON */

static json_t *
hex_json(const uint8_t *bytes, size_t n)
{
    char  text[2 * WEIR_SHA256_LEN + 1];

    hex(bytes, n, text);

    return json_string(text);
}


static json_t *
sections_json(const weir_image_t *img)
{
    uint32_t                     i;
    json_t                      *list, *o;
    const weir_image_section_t  *s;

    list = json_array();

    for (i = 0; i < WEIR_S_COUNT; i++) {
        s = section(img, i);
        o = json_pack("{s:s, s:I, s:I}",
                      "name", weir_sections[i].name,
                      "records", (json_int_t) img->n[i],
                      "bytes", (json_int_t) img->n[i]
                               * (json_int_t) weir_sections[i].size);

        if (s != NULL) {
            json_object_set_new(o, "offset",
                                json_integer((json_int_t) s->offset));
            json_object_set_new(o, "digest",
                                hex_json(s->digest, WEIR_SHA256_LEN));
        }

        json_array_append_new(list, o);
    }

    return list;
}


static json_t *
users_json(const listing_t *l, uint32_t prog)
{
    size_t             i;
    json_t            *list;
    cli_user_t         other;
    cli_place_t        place;
    const cli_rule_t  *r;

    list = json_array();

    for (i = 0; i < l->users[prog].len; i++) {
        other = weir_cli_user(l->img, l->users[prog].items[i]);

        if (other.what != NULL) {
            json_array_append_new(list, json_pack(
                "{s:s, s:s, s:o, s:o, s:I}", "effect", other.effect,
                "layer", other.what,
                "of", weir_cli_json_str(weir_img_str(l->img, other.id)),
                "file", weir_cli_json_str(weir_img_str(l->img, other.file)),
                "line", (json_int_t) other.line));
            continue;
        }

        r = &l->rules[l->users[prog].items[i]];
        place = weir_cli_rule_place(l->policy, r);
        json_array_append_new(list, json_pack(
            "{s:s, s:s, s:o, s:o, s:o, s:I, s:I}",
            "effect", r->deny ? "deny" : "allow",
            "layer", r->layer,
            "of", weir_cli_json_str(r->of),
            "id", weir_cli_json_str(weir_img_str(l->img, r->rec->id)),
            "file", weir_cli_json_str(place.file),
            "line", (json_int_t) place.line,
            "column", (json_int_t) place.col));
    }

    return list;
}


static json_t *
code_json(const listing_t *l, uint32_t prog)
{
    char           *text;
    FILE           *out;
    size_t          len;
    json_t         *j;
    weir_disasm_t   disasm;

    disasm = (weir_disasm_t) { l->img->rec, l->img->n };
    out = open_memstream(&text, &len);

    if (out == NULL) {
        return json_null();
    }

    weir_disasm_prog(&disasm, prog, out);
    fclose(out);
    j = weir_cli_json_str(weir_str(text, len));
    free(text);

    return j;
}


static json_t *
programs_json(const listing_t *l, bool code)
{
    uint32_t                 i;
    json_t                  *list, *o;
    const weir_img_prog_t   *p;

    list = json_array();

    for (i = 0; i < l->img->n[WEIR_S_PROGS]; i++) {
        p = &WEIR_REC(l->img, PROGS)[i];
        o = json_pack("{s:s, s:s, s:I, s:I, s:o, s:o, s:o, s:o}",
                      "kind", weir_kind_name(p->kind),
                      "phase", weir_phase_name(p->phase),
                      "instructions", (json_int_t) p->code.count,
                      "locals", (json_int_t) p->locals,
                      "memo", p->memo == WEIR_NONE ? json_null()
                              : json_integer((json_int_t) p->memo),
                      "file", weir_cli_json_str(weir_img_str(l->img,
                                                             p->file)),
                      "text", weir_cli_json_str(weir_img_str(l->img,
                                                             p->text)),
                      "rules", users_json(l, i));

        if (code) {
            json_object_set_new(o, "code", code_json(l, i));
        }

        json_array_append_new(list, o);
    }

    return list;
}


static void
print_json(const listing_t *l, bool code)
{
    json_t                      *doc;
    const weir_image_header_t   *h;

    h = l->img->header;

    doc = json_pack("{s:o, s:o, s:{s:I, s:I}, s:I, s:o, s:o, "
                    "s:{s:I, s:I, s:I}, s:{s:I, s:I, s:I}, "
                    "s:{s:I, s:I, s:I, s:I}, s:{s:I, s:I}, "
                    "s:{s:I, s:I}, s:{s:I, s:I, s:I}, "
                    "s:{s:I, s:I, s:I, s:I}, s:o, s:o}",
                    "name", weir_cli_json_str(weir_img_str(l->img, h->name)),
                    "compiler", weir_cli_json_str(weir_img_str(l->img,
                                                               h->compiler)),
                    "format", "major", (json_int_t) h->major,
                    "minor", (json_int_t) h->minor,
                    "bytes", (json_int_t) h->length,
                    "digest", hex_json(h->digest, sizeof(h->digest)),
                    "source", hex_json(h->source, sizeof(h->source)),
                    "request", "stack", (json_int_t) h->stack,
                    "memo", (json_int_t) h->memo,
                    "scratch", (json_int_t) h->scratch,
                    "policy",
                    "tenants", (json_int_t) l->img->n[WEIR_S_TENANTS],
                    "routes", (json_int_t) l->img->n[WEIR_S_ROUTES],
                    "rules", (json_int_t) l->img->n[WEIR_S_RULES],
                    "callers",
                    "issuers", (json_int_t) l->img->n[WEIR_S_ISSUERS],
                    "apikeys", (json_int_t) l->img->n[WEIR_S_APIKEYS],
                    "certificates",
                    (json_int_t) l->img->n[WEIR_S_IDENTITIES],
                    "revoked", (json_int_t) l->img->n[WEIR_S_REVOKED],
                    "grants",
                    "roles", (json_int_t) l->img->n[WEIR_S_ROLES],
                    "permissions",
                    (json_int_t) l->img->n[WEIR_S_PERMISSIONS],
                    "usage",
                    "limits", (json_int_t) l->img->n[WEIR_S_LIMITS],
                    "plans", (json_int_t) l->img->n[WEIR_S_PLANS],
                    "traffic",
                    "splits", (json_int_t) l->img->n[WEIR_S_SPLITS],
                    "arms", (json_int_t) l->img->n[WEIR_S_ARMS],
                    "mirrors", (json_int_t) l->img->n[WEIR_S_MIRRORS],
                    "edge",
                    "cors", (json_int_t) l->img->n[WEIR_S_CORS],
                    "versions", (json_int_t) l->img->n[WEIR_S_VERSIONS],
                    "headers", (json_int_t) l->img->n[WEIR_S_HEADER_OPS],
                    "maintenance",
                    (json_int_t) l->img->n[WEIR_S_MAINTENANCE],
                    "sections", sections_json(l->img),
                    "programs", programs_json(l, code));

    if (h->flags & WEIR_IMAGE_HAS_SERIAL) {
        json_object_set_new(doc, "serial",
                            json_integer((json_int_t) h->serial));
    }

    if (h->flags & WEIR_IMAGE_SIGNED) {
        json_object_set_new(doc, "signed_by",
                            hex_json(h->key_id, sizeof(h->key_id)));
    }

    weir_cli_json_print(doc);
}


static void
print(const listing_t *l, bool code, cli_format_t format)
{
    if (format == CLI_JSON) {
        print_json(l, code);

    } else if (code) {
        print_code(l);

    } else {
        print_header(l->img);
        print_sections(l->img);
    }
}


cli_exit_t
weir_cli_inspect(int argc, char **argv)
{
    int            c;
    bool           code;
    listing_t      l;
    cli_exit_t     rc;
    cli_format_t   format;
    cli_policy_t   policy;

    code = false;
    format = CLI_TEXT;

    while ((c = weir_cli_option(argc, argv)) != -1) {

        if (c == 'c') {
            code = true;

        } else if (c != 'f'
                   || !weir_cli_format(optarg,
                                       1u << CLI_TEXT | 1u << CLI_JSON,
                                       &format))
        {
            return weir_cli_usage("inspect");
        }
    }

    if (argc - optind != 1) {
        return weir_cli_usage("inspect");
    }

    rc = weir_cli_open("inspect", argv[optind], &policy);

    if (rc == CLI_OK) {
        l = (listing_t) { .policy = &policy, .img = &policy.image,
                          .arena = policy.arena };

        if (find_users(&l)) {
            print(&l, code, format);

        } else {
            rc = weir_cli_fail(CLI_INTERNAL, "inspect", "out of memory");
        }
    }

    weir_cli_close(&policy);

    return rc;
}
