/*
 * split.c: weir split: what a running nginx does with its splits, and orders
 * about them, by weir_control.
 */

#include <errno.h>
#include <stdlib.h>

#include "cli/http.h"
#include "cli/json.h"
#include "cli/options.h"

#define TIMEOUT  5              /* seconds */

typedef struct {
    const cli_args_t  *args;
    cli_http_t         http;
    bool               json;
    weir_arena_t      *arena;
} ask_t;


cli_exit_t
weir_cli_split(int argc, char **argv)
{
    return weir_cli_sub(argc, argv);
}


/* Options */

static cli_exit_t
no_memory(void)
{
    return weir_cli_fail(CLI_INTERNAL, "split", "out of memory");
}


static bool
is_line(weir_str_t line)
{
    size_t  i;

    for (i = 0; i < line.len; i++) {
        if ((uint8_t) line.data[i] < 0x20 || line.data[i] == 0x7f) {
            return false;
        }
    }

    return line.len > 1 && line.data[0] != ':'
           && memchr(line.data, ':', line.len) != NULL;
}


/* 'NAME: VALUE', or @ and a file with lines of that. */
static cli_exit_t
read_headers(ask_t *ask, const char *given)
{
    size_t       n;
    cli_exit_t   code;
    weir_str_t   text, line, all;

    text = weir_cstr(given);
    all = weir_string("Weir-Control: 1\r\n");

    if (given[0] == '@') {
        code = weir_cli_read("split", given + 1, ask->arena, &text);

        if (code != CLI_OK) {
            return code;
        }
    }

    while (text.len) {
        for (n = 0; n < text.len && text.data[n] != '\n'; n++) { /* void */ }

        line = weir_str(text.data, n - (n && text.data[n - 1] == '\r'));
        text = weir_str(text.data + n, text.len - n);

        if (text.len) {
            text = weir_str(text.data + 1, text.len - 1);
        }

        if (line.len == 0) {
            continue;
        }

        if (!is_line(line)) {
            return weir_cli_fail(CLI_USAGE, "split", "\"--header\": what is "
                                 "no header is \"%.*s\"", WEIR_STR(line));
        }

        all = weir_arena_printf(ask->arena, "%.*s%.*s\r\n", WEIR_STR(all),
                                WEIR_STR(line));

        if (all.data == NULL) {
            return no_memory();
        }
    }

    ask->http.headers = all;

    return CLI_OK;
}


static cli_exit_t
read_options(ask_t *ask)
{
    long               seconds;
    char              *end;
    cli_exit_t         code;
    const char        *text;
    const cli_args_t  *args;

    args = ask->args;

    if (args->opt['s'] == NULL) {
        return weir_cli_fail(CLI_USAGE, "split", "\"--server\" is missing: "
                             "the address of weir_control");
    }

    ask->json = args->opt['f'] != NULL && strcmp(args->opt['f'], "json") == 0;
    seconds = TIMEOUT;
    text = args->opt['t'];

    if (text != NULL) {
        seconds = strtol(text, &end, 10);

        if (end == text || *end != '\0' || seconds < 1 || seconds > 3600) {
            return weir_cli_fail(CLI_USAGE, "split", "\"--timeout\" is \"%s\","
                                 " not 1 to 3600 seconds", text);
        }
    }

    ask->http.timeout = (int) seconds * 1000;

    code = weir_cli_url("split", args->opt['s'], ask->arena, &ask->http.url);

    return code == CLI_OK
           ? read_headers(ask, args->opt['H'] ? args->opt['H'] : "") : code;
}


/* Queries */

/* data NULL: no memory. */
static weir_str_t
encoded(weir_arena_t *a, const char *text)
{
    char         *p, *start;
    const char   *digits;

    digits = "0123456789ABCDEF";
    start = weir_arena_alloc(a, 3 * strlen(text) + 1);

    if (start == NULL) {
        return weir_str(NULL, 0);
    }

    for (p = start; *text != '\0'; text++) {

        if ((*text >= '0' && *text <= '9') || (*text >= 'a' && *text <= 'z')
            || (*text >= 'A' && *text <= 'Z') || strchr("-._~", *text) != NULL)
        {
            *p++ = *text;
            continue;
        }

        *p++ = '%';
        *p++ = digits[(uint8_t) *text >> 4];
        *p++ = digits[(uint8_t) *text & 15];
    }

    return weir_str(start, (size_t) (p - start));
}


/* What the server says is wrong; CLI_OK: nothing. */
static cli_exit_t
complaint(int status, const json_t *doc)
{
    cli_exit_t   code;
    const char  *error;

    if (status == 200) {
        return CLI_OK;
    }

    code = status == 400 || status == 404 ? CLI_USAGE
         : status == 401 || status == 403 || status == 409 ? CLI_DENIED
         : CLI_INTERNAL;

    error = json_string_value(json_object_get(doc, "error"));

    return error ? weir_cli_fail(code, "split", "%s", error)
                 : weir_cli_fail(code == CLI_USAGE ? CLI_INTERNAL : code,
                                 "split", "the server answers %d, and not as "
                                 "weir_control does", status);
}


/* *splits: an object by name; to be freed. */
static cli_exit_t
call(ask_t *ask, json_t **splits)
{
    json_t        *doc;
    cli_exit_t     code;
    json_error_t   error;
    cli_answer_t   answer;

    code = weir_cli_http("split", &ask->http, ask->arena, &answer);

    if (code != CLI_OK) {
        return code;
    }

    doc = json_loadb(answer.body.data, answer.body.len,
                     JSON_REJECT_DUPLICATES, &error);
    code = complaint(answer.status, doc);

    if (code == CLI_OK && !json_is_object(json_object_get(doc, "splits"))) {
        code = weir_cli_fail(CLI_INTERNAL, "split", "the server does not "
                             "answer as weir_control does");
    }

    if (code == CLI_OK) {
        *splits = json_incref(json_object_get(doc, "splits"));
    }

    json_decref(doc);

    return code;
}


/* Text */

static void
print_text(const char *s)
{
    weir_cli_print(weir_cstr(s ? s : "?"), stdout);
}


static void
print_padded(const char *s, int width)
{
    print_text(s);
    printf("%*s", width > (int) strlen(s) ? width - (int) strlen(s) : 0, "");
}


static json_int_t
number(const json_t *o, const char *name)
{
    return json_integer_value(json_object_get(o, name));
}


static void
print_arm(const char *name, const json_t *arm, const json_t *split, int width)
{
    double         weight;
    json_int_t     requests, errors;
    const char    *breaker;
    const json_t  *weights;

    weights = json_object_get(split, "weights");
    weight = json_number_value(json_object_get(weights, name));
    requests = number(arm, "requests");
    errors = number(arm, "errors");
    breaker = json_string_value(json_object_get(json_object_get(arm, "breaker"),
                                                "state"));

    printf("  ");
    print_padded(name, width);
    printf(" %6.4g%%  to ", weight);
    print_text(json_string_value(json_object_get(arm, "upstream")));
    printf(", %" JSON_INTEGER_FORMAT " requests, %" JSON_INTEGER_FORMAT
           " errors", requests, errors);

    if (breaker != NULL && strcmp(breaker, "closed") != 0) {
        printf(", breaker ");
        print_text(breaker);
    }

    putchar('\n');
}


static void
print_split(const char *name, const json_t *split)
{
    int            width;
    void          *i;
    const json_t  *step, *arms;
    const char    *state, *pinned, *since, *finding;

    state = json_string_value(json_object_get(split, "state"));
    pinned = json_string_value(json_object_get(split, "pinned"));
    since = json_string_value(json_object_get(split, "since"));
    finding = json_string_value(json_object_get(json_object_get(split, "guard"),
                                                "finding"));
    step = json_object_get(split, "step");
    arms = json_object_get(split, "arms");

    print_text(name);
    printf(": ");
    print_text(state);

    if (pinned != NULL) {
        printf(" to ");
        print_text(pinned);
    }

    if (json_is_true(json_object_get(split, "by_hand"))) {
        printf(" by hand");
    }

    if (since != NULL) {
        printf(" since ");
        print_text(since);
    }

    if (json_is_integer(step)) {
        printf(", step %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT,
               json_integer_value(step), number(split, "steps"));
    }

    if (finding != NULL) {
        printf(", the guard: ");
        print_text(finding);
    }

    putchar('\n');
    width = 0;

    for (i = json_object_iter((json_t *) arms); i != NULL;
         i = json_object_iter_next((json_t *) arms, i))
    {
        if ((int) strlen(json_object_iter_key(i)) > width) {
            width = (int) strlen(json_object_iter_key(i));
        }
    }

    for (i = json_object_iter((json_t *) arms); i != NULL;
         i = json_object_iter_next((json_t *) arms, i))
    {
        print_arm(json_object_iter_key(i), json_object_iter_value(i), split,
                  width);
    }
}


static void
print_splits(const ask_t *ask, json_t *splits)
{
    void  *i;

    if (ask->json) {
        weir_cli_json_print(splits);
        return;
    }

    for (i = json_object_iter(splits); i != NULL;
         i = json_object_iter_next(splits, i))
    {
        print_split(json_object_iter_key(i), json_object_iter_value(i));
    }

    json_decref(splits);
}


/* Words */

static cli_exit_t
list(const cli_args_t *args, weir_arena_t *a)
{
    ask_t        ask;
    json_t      *splits, *one;
    cli_exit_t   code;

    if (args->n > 1) {
        return weir_cli_usage("split");
    }

    memset(&ask, 0, sizeof(ask));
    ask.args = args;
    ask.arena = a;
    ask.http.method = "GET";
    splits = NULL;

    code = read_options(&ask);

    if (code == CLI_OK) {
        code = call(&ask, &splits);
    }

    if (code != CLI_OK) {
        return code;
    }

    if (args->n == 1) {
        one = json_object_get(splits, args->args[0]);
        one = one ? json_pack("{s:O}", args->args[0], one) : NULL;
        json_decref(splits);
        splits = one;
    }

    if (splits == NULL) {
        return weir_cli_fail(CLI_USAGE, "split", "there is no split \"%s\"",
                             args->args[0]);
    }

    print_splits(&ask, splits);

    return CLI_OK;
}


static cli_exit_t
order(const cli_args_t *args, weir_arena_t *a, const char *name, int n)
{
    ask_t        ask;
    json_t      *splits;
    cli_exit_t   code;
    weir_str_t   split, arm;

    if (args->n != n) {
        return weir_cli_usage("split");
    }

    memset(&ask, 0, sizeof(ask));
    ask.args = args;
    ask.arena = a;
    ask.http.method = "POST";
    splits = NULL;

    code = read_options(&ask);

    if (code != CLI_OK) {
        return code;
    }

    split = encoded(a, args->args[0]);
    arm = encoded(a, n > 1 ? args->args[1] : "");
    ask.http.query = weir_arena_printf(a, "split=%.*s&order=%s%s%.*s",
                                       WEIR_STR(split), name,
                                       n > 1 ? "&arm=" : "", WEIR_STR(arm));

    if (split.data == NULL || arm.data == NULL || ask.http.query.data == NULL)
    {
        return no_memory();
    }

    code = call(&ask, &splits);

    if (code == CLI_OK) {
        print_splits(&ask, splits);
    }

    return code;
}


static cli_exit_t
rollback(const cli_args_t *args, weir_arena_t *a)
{
    return order(args, a, "rollback", 1);
}


static cli_exit_t
resume(const cli_args_t *args, weir_arena_t *a)
{
    return order(args, a, "resume", 1);
}


static cli_exit_t
pin(const cli_args_t *args, weir_arena_t *a)
{
    return order(args, a, "pin", 2);
}


cli_exit_t
weir_cli_split_list(const cli_args_t *args)
{
    return weir_cli_in_arena(args, -1, list);
}


cli_exit_t
weir_cli_split_rollback(const cli_args_t *args)
{
    return weir_cli_in_arena(args, -1, rollback);
}


cli_exit_t
weir_cli_split_resume(const cli_args_t *args)
{
    return weir_cli_in_arena(args, -1, resume);
}


cli_exit_t
weir_cli_split_pin(const cli_args_t *args)
{
    return weir_cli_in_arena(args, -1, pin);
}
