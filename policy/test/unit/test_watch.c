/*
 * test_watch.c: what weir watch answers, and what it would post.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <unistd.h>

#include "cli/watch.h"

#define N_OF(a)  (sizeof(a) / sizeof((a)[0]))
#define END      " HTTP/1.1\r\nHost: a\r\n\r\n"

static char  said[256];


cli_exit_t
weir_cli_fail(cli_exit_t code, const char *verb, const char *fmt, ...)
{
    va_list  args;

    (void) verb;

    va_start(args, fmt);
    (void) vsnprintf(said, sizeof(said), fmt, args);
    va_end(args);

    return code;
}


static cli_state_t
state_of(const char *image)
{
    cli_state_t  s;

    memset(&s, 0, sizeof(s));
    assert_int_equal(pthread_mutex_init(&s.lock, NULL), 0);
    s.image = image;

    return s;
}


static void
test_answers(void **unused)
{
    static const struct {
        const char  *request;
        const char  *status;
        const char  *body;
    } rows[] = {
        { "GET /healthz" END, "200 OK", "OK\n" },
        { "GET /healthz HTTP/1.0\r\n\r\n", "200 OK", "OK\n" },
        { "GET /healthz?a=b" END, "200 OK", "OK\n" },
        { "HEAD /healthz" END, "200 OK", "" },
        { "GET /readyz" END, "200 OK", "OK\n" },
        { "HEAD /metrics" END, "200 OK", "" },
        { "GET /" END, "404 Not Found", "Not Found\n" },
        { "HEAD /" END, "404 Not Found", "" },
        { "GET /healthz/" END, "404 Not Found", "Not Found\n" },
        { "GET //healthz" END, "404 Not Found", "Not Found\n" },
        { "GET /healthz%00" END, "404 Not Found", "Not Found\n" },
        { "GET ?/healthz" END, "404 Not Found", "Not Found\n" },
        { "GET http://a/healthz" END, "404 Not Found", "Not Found\n" },
        { "POST /metrics" END, "405 Method Not Allowed",
          "Method Not Allowed\n" },
        { "get /metrics" END, "405 Method Not Allowed",
          "Method Not Allowed\n" },
        { "OPTIONS *" END, "405 Method Not Allowed",
          "Method Not Allowed\n" },
        { "GET /metrics\r\n\r\n", "400 Bad Request", "Bad Request\n" },
        { "GET /metrics HTTP/2.0\r\n\r\n", "400 Bad Request",
          "Bad Request\n" },
        { "GET /metrics HTTP/1.1 \r\n\r\n", "400 Bad Request",
          "Bad Request\n" },
        { "GET  /metrics HTTP/1.1\r\n\r\n", "400 Bad Request",
          "Bad Request\n" },
        { "\r\n\r\n", "400 Bad Request", "Bad Request\n" },
        { "\x16\x03\x01\r\n\r\n", "400 Bad Request", "Bad Request\n" },
        { "", "400 Bad Request", "Bad Request\n" },
    };

    char          out[CLI_ANSWER + 1], start[64];
    size_t        i, n;
    const char   *body;
    cli_state_t   s;

    (void) unused;

    s = state_of("/dev/null");

    for (i = 0; i < N_OF(rows); i++) {
        n = weir_cli_watch_answer(weir_cstr(rows[i].request), &s, out);
        out[n] = '\0';
        snprintf(start, sizeof(start), "HTTP/1.1 %s\r\n", rows[i].status);
        body = strstr(out, "\r\n\r\n");

        if (strncmp(out, start, strlen(start)) != 0 || body == NULL
            || strcmp(body + 4, rows[i].body) != 0)
        {
            fail_msg("\"%s\" is answered \"%s\"", rows[i].request, out);
        }
    }
}


static void
test_zero_byte(void **unused)
{
    char         out[CLI_ANSWER];
    weir_str_t   head;
    cli_state_t  s;

    (void) unused;

    s = state_of("/dev/null");
    head = weir_string("GET /healthz HTTP/1.1\r\nA: \0\r\n\r\n");

    assert_true(weir_cli_watch_answer(head, &s, out) > 12);
    assert_memory_equal(out, "HTTP/1.1 400", 12);
}


static void
test_ready(void **unused)
{
    int          fd;
    char         out[CLI_ANSWER], path[] = "/tmp/test_watch.XXXXXX";
    cli_state_t  s;

    (void) unused;

    s = state_of("/nowhere/policy.weir");
    assert_true(weir_cli_watch_answer(weir_string("GET /readyz" END), &s, out)
                > 12);
    assert_memory_equal(out, "HTTP/1.1 503", 12);

    fd = mkstemp(path);
    assert_int_not_equal(fd, -1);
    s.image = path;
    assert_true(weir_cli_watch_answer(weir_string("GET /readyz" END), &s, out)
                > 12);
    assert_memory_equal(out, "HTTP/1.1 200", 12);
    unlink(path);
    close(fd);
}


static void
test_metrics(void **unused)
{
    char         out[CLI_ANSWER + 1], length[64];
    char        *body;
    size_t       n;
    cli_state_t  s;

    (void) unused;

    s = state_of("/dev/null");
    n = weir_cli_watch_answer(weir_string("GET /metrics" END), &s, out);
    out[n] = '\0';

    assert_non_null(strstr(out, "\nweir_watch_source_valid 0\n"));
    assert_non_null(strstr(out, "\nweir_watch_last_success_timestamp_seconds "
                           "0\n"));
    assert_null(strstr(out, "\nweir_watch_image_info"));

    s.valid = true;
    s.ok = UINT64_MAX;
    s.errors = 7;
    s.last_success = INT64_MAX;
    memset(s.digest, 'f', sizeof(s.digest) - 1);

    n = weir_cli_watch_answer(weir_string("GET /metrics" END), &s, out);
    out[n] = '\0';
    body = strstr(out, "\r\n\r\n") + 4;
    snprintf(length, sizeof(length), "\r\nContent-Length: %zu\r\n",
             strlen(body));

    assert_non_null(strstr(out, length));
    assert_non_null(strstr(out, "\r\nContent-Type: text/plain; version=0.0.4; "
                           "charset=utf-8\r\n"));
    assert_non_null(strstr(body, "\nweir_watch_source_valid 1\n"));
    assert_non_null(strstr(body, "\nweir_watch_compiles_total{result=\"ok\"} "
                           "18446744073709551615\n"
                           "weir_watch_compiles_total{result=\"error\"} 7\n"));
    assert_non_null(strstr(body, "\n# TYPE weir_watch_compiles_total counter"
                           "\n"));
    assert_non_null(strstr(body, "\nweir_watch_image_info{digest=\"ffff"));
}


static void
test_message(void **unused)
{
    char        out[CLI_EVENT_MESSAGE + 1], text[4096];
    size_t      i;

    (void) unused;

    weir_cli_event_text(weir_string("a\x1b[31m\xff\"\n"), out);
    assert_string_equal(out, "a\\u001b[31m\\xff\"\\u000a");

    memset(text, 'a', sizeof(text));
    weir_cli_event_text(weir_str(text, CLI_EVENT_MESSAGE), out);
    assert_int_equal(strlen(out), CLI_EVENT_MESSAGE);
    assert_int_equal(out[CLI_EVENT_MESSAGE - 1], 'a');

    weir_cli_event_text(weir_str(text, sizeof(text)), out);
    assert_int_equal(strlen(out), CLI_EVENT_MESSAGE);
    assert_string_equal(out + CLI_EVENT_MESSAGE - 4, "a...");

    /* three bytes each: they do not come out even */
    for (i = 0; i + 3 <= sizeof(text); i += 3) {
        memcpy(text + i, "\342\202\254", 3);
    }

    weir_cli_event_text(weir_str(text, i), out);
    assert_int_equal(strlen(out), 3 * 340 + 3);
    assert_string_equal(out + 3 * 339, "\342\202\254...");

    weir_cli_event_text(weir_string(""), out);
    assert_string_equal(out, "");
}


static const cli_pod_t  pod = {
    "10.96.0.1", "443", "weir-7d-x", "shop", "a-b"
};


static void
test_event(void **unused)
{
    char         *json;
    cli_event_t   e;

    (void) unused;

    e.reason = "PolicyRejected";
    e.warning = true;
    e.time = 1790000000123456789;
    strcpy(e.message, "p.yaml:3:1: \"x\"");

    json = weir_cli_event_json(&e, &pod);
    assert_string_equal(json,
        "{\"apiVersion\":\"v1\",\"kind\":\"Event\",\"metadata\":{\"name\":"
        "\"weir-7d-x.18d75b842b4ecd15\",\"namespace\":\"shop\"},"
        "\"involvedObject\":{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":"
        "\"weir-7d-x\",\"namespace\":\"shop\",\"uid\":\"a-b\"},\"type\":"
        "\"Warning\",\"reason\":\"PolicyRejected\",\"message\":"
        "\"p.yaml:3:1: \\\"x\\\"\",\"count\":1,\"firstTimestamp\":"
        "\"2026-09-21T14:13:20Z\",\"lastTimestamp\":\"2026-09-21T14:13:20Z\","
        "\"source\":{\"component\":\"weir-watch\"},\"reportingComponent\":"
        "\"weir-watch\"}");
    free(json);
}


/* Its name has to be one of a DNS subdomain. */
static void
test_long_pod(void **unused)
{
    char         *json, *name, text[254];
    cli_pod_t     p;
    cli_event_t   e;

    (void) unused;

    memset(&e, 0, sizeof(e));
    e.reason = "PolicyCompiled";
    memset(text, 'p', sizeof(text) - 1);
    text[235] = '-';
    text[234] = '.';
    text[253] = '\0';
    p = pod;
    p.name = text;

    json = weir_cli_event_json(&e, &p);
    name = strstr(json, "\"name\":\"") + 8;
    assert_int_equal(strcspn(name, "\""), 234 + 17);
    assert_memory_equal(name + 233, "p.0000000000000000\"", 19);
    free(json);
}


static void
test_token(void **unused)
{
    static const struct {
        const char  *text;
        const char  *token;
    } rows[] = {
        { "abc.def-_", "abc.def-_" },
        { "abc\n", "abc" },
        { "abc \r\n\n", "abc" },
        { "", NULL },
        { "\n", NULL },
        { "abc\r\nX-Evil: 1", NULL },
        { "ab c", NULL },
        { " abc", NULL },
        { "ab\x7f", NULL },
        { "ab\xc3\xa4", NULL },
    };

    char         text[20000];
    size_t       i;
    const char  *token;

    (void) unused;

    for (i = 0; i < N_OF(rows); i++) {
        strcpy(text, rows[i].text);
        token = weir_cli_event_token(text, strlen(text));

        if (rows[i].token == NULL) {
            assert_null(token);
        } else {
            assert_string_equal(token, rows[i].token);
        }
    }

    memset(text, 'a', sizeof(text));
    assert_non_null(weir_cli_event_token(text, 16384));
    assert_null(weir_cli_event_token(text, 16385));     /* a zero byte */
    text[16384] = 'a';
    assert_null(weir_cli_event_token(text, 16385));
}


static void
test_request(void **unused)
{
    char       *text;
    size_t      len;
    cli_pod_t   p;

    (void) unused;

    text = weir_cli_event_request("{}", &pod, "t0k", &len);
    assert_string_equal(text,
        "POST /api/v1/namespaces/shop/events HTTP/1.1\r\n"
        "Host: 10.96.0.1:443\r\nUser-Agent: weir-watch\r\n"
        "Authorization: Bearer t0k\r\nAccept: application/json\r\n"
        "Content-Type: application/json\r\nContent-Length: 2\r\n"
        "Connection: close\r\n\r\n{}");
    assert_int_equal(strlen(text), len);
    free(text);

    p = pod;
    p.host = "fd00::1";
    text = weir_cli_event_request("{}", &p, "t0k", &len);
    assert_non_null(strstr(text, "\r\nHost: [fd00::1]:443\r\n"));
    free(text);
}


static void
test_pod(void **unused)
{
    static const struct {
        const char  *name;
        const char  *value;
        const char  *says;
    } rows[] = {
        { "POD_NAME", NULL, "wants POD_NAME" },
        { "POD_NAME", "", "wants POD_NAME" },
        { "POD_NAME", "A", "POD_NAME is \"A\"" },
        { "POD_NAMESPACE", NULL, "wants POD_NAMESPACE" },
        { "POD_NAMESPACE", "a/../b", "POD_NAMESPACE is" },
        { "POD_NAMESPACE", "a b", "POD_NAMESPACE is" },
        { "POD_UID", NULL, "wants POD_UID" },
        { "POD_UID", "\"", "POD_UID is" },
        { "KUBERNETES_SERVICE_HOST", NULL, "wants KUBERNETES_SERVICE_HOST" },
        { "KUBERNETES_SERVICE_HOST", "a\r\nb", "KUBERNETES_SERVICE_HOST is" },
        { "KUBERNETES_SERVICE_PORT", NULL, "wants KUBERNETES_SERVICE_PORT" },
        { "KUBERNETES_SERVICE_PORT", "https", "KUBERNETES_SERVICE_PORT is" },
        { "KUBERNETES_SERVICE_PORT_HTTPS", "x",
          "KUBERNETES_SERVICE_PORT_HTTPS is" },
    };

    size_t     i;
    cli_pod_t  p;

    (void) unused;

    for (i = 0; i < N_OF(rows); i++) {
        setenv("POD_NAME", "weir-7d-x", 1);
        setenv("POD_NAMESPACE", "shop", 1);
        setenv("POD_UID", "a-b", 1);
        setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
        setenv("KUBERNETES_SERVICE_PORT", "443", 1);
        unsetenv("KUBERNETES_SERVICE_PORT_HTTPS");
        assert_int_equal(weir_cli_pod(&p), CLI_OK);

        if (rows[i].value != NULL) {
            setenv(rows[i].name, rows[i].value, 1);
        } else {
            unsetenv(rows[i].name);
        }

        said[0] = '\0';
        assert_int_equal(weir_cli_pod(&p), CLI_USAGE);

        if (strstr(said, rows[i].says) == NULL) {
            fail_msg("it says \"%s\"", said);
        }
    }

    setenv("KUBERNETES_SERVICE_PORT_HTTPS", "6443", 1);
    assert_int_equal(weir_cli_pod(&p), CLI_OK);
    assert_string_equal(p.port, "6443");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_zero_byte),
        cmocka_unit_test(test_ready),
        cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_message),
        cmocka_unit_test(test_event),
        cmocka_unit_test(test_long_pod),
        cmocka_unit_test(test_token),
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_pod),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
