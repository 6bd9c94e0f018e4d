/*
 * apikey.c: weir apikey: makes API keys, and the lines by which a policy
 * knows them.  What a client sends is ID.SECRET; a policy has SHA-256 of
 * SECRET.
 */

#include <ctype.h>
#include <unistd.h>

#include "base/digest.h"
#include "cli/json.h"
#include "cli/options.h"
#include "front/schema.h"
#include "run/base64url.h"

#define SECRET_LEN  32          /* octets, all random */


cli_exit_t
weir_cli_apikey(int argc, char **argv)
{
    return weir_cli_sub(argc, argv);
}


static cli_exit_t
check_id(const char *what, weir_str_t id)
{
    return weir_form_has(id, WEIR_F_ID)
           ? CLI_OK
           : weir_cli_fail(CLI_USAGE, "apikey", "%s is \"%.*s\", not %s", what,
                           WEIR_STR(id), weir_form_what(WEIR_F_ID));
}


/* "A,B" as a list; CLI_USAGE after it said what is wrong. */
static cli_exit_t
read_roles(const char *roles, json_t *line)
{
    json_t      *list;
    weir_str_t   role;
    cli_exit_t   code;

    list = json_array();
    (void) json_object_set_new(line, "roles", list);

    for ( ;; ) {
        role = weir_str(roles, strcspn(roles, ","));
        code = check_id("a role", role);

        if (code != CLI_OK) {
            return code;
        }

        (void) json_array_append_new(list, json_stringn(role.data, role.len));

        if (role.data[role.len] == '\0') {
            return CLI_OK;
        }

        roles = role.data + role.len + 1;
    }
}


/* The line but for its id and digest. */
static cli_exit_t
read_options(const cli_args_t *args, json_t *line)
{
    int64_t     until;
    cli_exit_t  code;

    code = CLI_OK;

    if (args->opt['t'] != NULL) {
        code = check_id("the tenant", weir_cstr(args->opt['t']));
        (void) json_object_set_new(line, "tenant",
                                   json_string(args->opt['t']));
    }

    if (code == CLI_OK && args->opt['r'] != NULL) {
        code = read_roles(args->opt['r'], line);
    }

    if (code == CLI_OK && args->opt['n'] != NULL) {

        if (weir_until_parse(weir_cstr(args->opt['n']), &until) != WEIR_OK) {
            return weir_cli_fail(CLI_USAGE, "apikey", "\"--not-after\" is "
                                 "\"%s\", neither 2027-01-31 nor "
                                 "2027-01-31T08:00:00Z", args->opt['n']);
        }

        (void) json_object_set_new(line, "not_after",
                                   json_string(args->opt['n']));
    }

    return code;
}


/* Values are quoted: a digest may look like a number. */
static void
print_yaml(const char *id, const json_t *line)
{
    size_t       i;
    json_t      *value, *role;
    const char  *name, *before;

    printf("%s: {", id);
    before = "";

    json_object_foreach((json_t *) line, name, value) {

        printf("%s%s: ", before, name);
        before = ", ";

        if (json_is_string(value)) {
            printf("\"%s\"", json_string_value(value));
            continue;
        }

        putchar('[');

        json_array_foreach(value, i, role) {
            printf("%s\"%s\"", i ? ", " : "", json_string_value(role));
        }

        putchar(']');
    }

    puts("}");
}


static void
print_ndjson(const char *id, const json_t *line)
{
    json_t  *doc;

    doc = json_pack("{s:s}", "id", id);
    (void) json_object_update(doc, (json_t *) line);
    json_dumpf(doc, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(doc);
}


static cli_exit_t
print_line(const cli_args_t *args, const char *id, weir_str_t secret)
{
    char         hex[2 * WEIR_SHA256_LEN + 1];
    size_t       i;
    json_t      *line;
    uint8_t      digest[WEIR_SHA256_LEN];
    cli_exit_t   code;

    if (weir_sha256(secret, digest) != WEIR_OK) {
        return weir_cli_fail(CLI_INTERNAL, "apikey", "OpenSSL hashes nothing");
    }

    for (i = 0; i < WEIR_SHA256_LEN; i++) {
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    }

    line = json_pack("{s:s}", "sha256", hex);
    code = read_options(args, line);

    if (code == CLI_OK && args->opt['f'] != NULL
        && strcmp(args->opt['f'], "ndjson") == 0)
    {
        print_ndjson(id, line);

    } else if (code == CLI_OK) {
        print_yaml(id, line);
    }

    json_decref(line);

    return code;
}


/* Of a key, which has no dot but the one behind it. */
static cli_exit_t
check_key_id(weir_str_t id)
{
    return id.len && memchr(id.data, '.', id.len) != NULL
           ? weir_cli_fail(CLI_USAGE, "apikey", "the id is \"%.*s\", and must "
                           "have no dot: a client sends ID.SECRET",
                           WEIR_STR(id))
           : check_id("the id", id);
}


cli_exit_t
weir_cli_apikey_new(const cli_args_t *args)
{
    char         secret[weir_base64url_len(SECRET_LEN)];
    json_t      *line;
    uint8_t      octets[SECRET_LEN];
    cli_exit_t   code;

    if (args->n != 1) {
        return weir_cli_usage("apikey");
    }

    /* a key is shown only when its line will be */
    line = json_object();
    code = check_key_id(weir_cstr(args->args[0]));
    code = code == CLI_OK ? read_options(args, line) : code;
    json_decref(line);

    if (code != CLI_OK) {
        return code;
    }

    if (getentropy(octets, sizeof(octets)) != 0) {
        return weir_cli_fail(CLI_INTERNAL, "apikey", "there is no randomness");
    }

    weir_base64url_encode(octets, sizeof(octets), secret);
    printf("%s.%.*s\n", args->args[0], (int) sizeof(secret), secret);

    return print_line(args, args->args[0], weir_str(secret, sizeof(secret)));
}


static cli_exit_t
hash(const cli_args_t *args, weir_arena_t *a)
{
    weir_str_t   text, id;
    cli_exit_t   code;
    const char  *dot;

    code = weir_cli_read("apikey", "-", a, &text);

    if (code != CLI_OK) {
        return code;
    }

    while (text.len != 0 && isspace((unsigned char) text.data[text.len - 1])) {
        text.len--;
    }

    dot = text.len ? memchr(text.data, '.', text.len) : NULL;

    if (dot == NULL || dot == text.data + text.len - 1) {
        return weir_cli_fail(CLI_SOURCE, "apikey", "standard input has no "
                             "ID.SECRET");
    }

    id = weir_arena_str(a, weir_str(text.data, (size_t) (dot - text.data)));
    code = check_id("the id", id);

    return code == CLI_OK
           ? print_line(args, id.data,
                        weir_str(dot + 1, text.len - id.len - 1))
           : code;
}


cli_exit_t
weir_cli_apikey_hash(const cli_args_t *args)
{
    return weir_cli_in_arena(args, 0, hash);
}
