/*
 * http_read.c: an answer of HTTP/1.x (RFC 9112), strictly.
 *
 * It is read from its beginning whenever there is more, and only once whole
 * is anything in it moved.
 */

#include "cli/http.h"

typedef struct {
    const char  *why;
    bool         has_length;
    bool         chunked;
    size_t       length;
} head_t;


static weir_rc_t
refuse(const char **why, const char *text)
{
    *why = text;
    return WEIR_ERROR;
}


static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}


static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char) (c | 0x20) : c;
}


static bool
is(weir_str_t s, const char *lower_case)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (lower_case[i] == '\0' || lower(s.data[i]) != lower_case[i]) {
            return false;
        }
    }

    return lower_case[s.len] == '\0';
}


/* tchar of RFC 9110 */
static bool
is_name(weir_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (!is_digit(s.data[i]) && !(lower(s.data[i]) >= 'a'
                                      && lower(s.data[i]) <= 'z')
            && (s.data[i] == '\0'
                || strchr("!#$%&'*+-.^_`|~", s.data[i]) == NULL))
        {
            return false;
        }
    }

    return s.len != 0;
}


static bool
read_length(weir_str_t s, size_t *out)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < s.len; i++) {
        if (!is_digit(s.data[i]) || i == 10) {
            return false;
        }

        n = n * 10 + (size_t) (s.data[i] - '0');
    }

    *out = n;

    return s.len != 0;
}


/* Cuts off a line without its CRLF; false: it does not end. */
static bool
next_line(weir_str_t *rest, weir_str_t *line)
{
    size_t  i;

    for (i = 0; i + 1 < rest->len; i++) {
        if (rest->data[i] == '\r' && rest->data[i + 1] == '\n') {
            *line = weir_str(rest->data, i);
            *rest = weir_str(rest->data + i + 2, rest->len - i - 2);
            return true;
        }
    }

    return false;
}


static bool
read_status(weir_str_t line, int *status)
{
    const char  *p;

    p = line.data;

    if (line.len < 12 || memcmp(p, "HTTP/1.", 7) != 0
        || (p[7] != '0' && p[7] != '1') || p[8] != ' ' || !is_digit(p[9])
        || !is_digit(p[10]) || !is_digit(p[11])
        || (line.len > 12 && p[12] != ' '))
    {
        return false;
    }

    *status = (p[9] - '0') * 100 + (p[10] - '0') * 10 + p[11] - '0';

    return *status >= 200;
}


static weir_rc_t
read_header(weir_str_t line, head_t *head)
{
    size_t       length;
    weir_str_t   name, value;
    const char  *colon;

    colon = memchr(line.data, ':', line.len);

    if (colon == NULL || memchr(line.data, '\0', line.len) != NULL
        || memchr(line.data, '\r', line.len) != NULL
        || memchr(line.data, '\n', line.len) != NULL)
    {
        return refuse(&head->why, "a header is none");
    }

    name = weir_str(line.data, (size_t) (colon - line.data));
    value = weir_str(colon + 1, line.len - name.len - 1);

    if (!is_name(name)) {
        return refuse(&head->why, "a header is none");
    }

    while (value.len && (value.data[0] == ' ' || value.data[0] == '\t')) {
        value = weir_str(value.data + 1, value.len - 1);
    }

    while (value.len && (value.data[value.len - 1] == ' '
                         || value.data[value.len - 1] == '\t'))
    {
        value.len--;
    }

    if (is(name, "transfer-encoding")) {
        if (head->chunked || !is(value, "chunked")) {
            return refuse(&head->why, "its transfer coding is not chunked");
        }

        head->chunked = true;

    } else if (is(name, "content-length")) {
        if (head->has_length || !read_length(value, &length)) {
            return refuse(&head->why, "its length is no number, or is said "
                          "twice");
        }

        head->has_length = true;
        head->length = length;

    } else if (is(name, "content-encoding")) {
        return refuse(&head->why, "it is compressed, which nobody asked for");
    }

    if (head->chunked && head->has_length) {
        return refuse(&head->why, "it is chunked and has a length");
    }

    return WEIR_OK;
}


/* Leaves what follows the head in *rest. */
static weir_rc_t
read_head(weir_str_t *rest, int *status, head_t *head)
{
    weir_rc_t    rc;
    weir_str_t   line, start;

    start = *rest;

    if (!next_line(rest, &line)) {
        goto more;
    }

    if (!read_status(line, status)) {
        return refuse(&head->why, "it is no answer of HTTP");
    }

    while (next_line(rest, &line)) {
        if (line.len == 0) {
            return WEIR_OK;
        }

        rc = read_header(line, head);

        if (rc != WEIR_OK) {
            return rc;
        }
    }

more:

    return start.len > CLI_HTTP_HEAD
           ? refuse(&head->why, "its headers are too long") : WEIR_AGAIN;
}


static bool
read_size(weir_str_t line, size_t *size)
{
    char    c;
    size_t  i, n;

    n = 0;

    for (i = 0; i < line.len && line.data[i] != ';'; i++) {
        c = lower(line.data[i]);

        if (i == 8 || !(is_digit(c) || (c >= 'a' && c <= 'f'))) {
            return false;
        }

        n = n << 4 | (size_t) (is_digit(c) ? c - '0' : c - 'a' + 10);
    }

    *size = n;

    return i != 0;
}


/* to NULL: only whether it is whole. */
static weir_rc_t
read_chunks(weir_str_t rest, char *to, size_t *total, const char **why)
{
    size_t      n, size;
    weir_str_t  line;

    n = 0;

    while (next_line(&rest, &line)) {
        if (!read_size(line, &size) || size > CLI_HTTP_BODY - n) {
            return refuse(why, "a chunk has no size, or is too large");
        }

        if (size == 0) {
            while (next_line(&rest, &line)) {
                if (line.len == 0) {
                    *total = n;
                    return rest.len ? refuse(why, "something follows it")
                                    : WEIR_OK;
                }
            }

            return WEIR_AGAIN;
        }

        if (rest.len < 2 || size > rest.len - 2) {
            return WEIR_AGAIN;
        }

        if (rest.data[size] != '\r' || rest.data[size + 1] != '\n') {
            return refuse(why, "a chunk is longer than it says");
        }

        if (to != NULL) {
            memmove(to + n, rest.data, size);
        }

        n += size;
        rest = weir_str(rest.data + size + 2, rest.len - size - 2);
    }

    return WEIR_AGAIN;
}


weir_rc_t
weir_cli_http_read(char *data, size_t len, bool ended, cli_answer_t *out,
    const char **why)
{
    int         status;
    char       *body;
    size_t      n;
    head_t      head;
    weir_rc_t   rc;
    weir_str_t  rest;

    memset(&head, 0, sizeof(head));

    n = 0;
    rest = weir_str(data, len);
    rc = read_head(&rest, &status, &head);
    body = data + (rest.data - data);

    if (rc != WEIR_OK) {
        *why = head.why;

    } else if (status == 204 || status == 304) {
        rc = rest.len ? refuse(why, "something follows it") : WEIR_OK;

    } else if (head.chunked) {
        rc = read_chunks(rest, NULL, &n, why);

        if (rc == WEIR_OK) {
            rc = read_chunks(rest, body, &n, why);
        }

    } else if (head.has_length) {
        n = head.length;

        if (n > CLI_HTTP_BODY) {
            rc = refuse(why, "it is too large");

        } else if (rest.len > n) {
            rc = refuse(why, "something follows it");

        } else {
            rc = rest.len == n ? WEIR_OK : WEIR_AGAIN;
        }

    } else {
        n = rest.len;
        rc = ended ? WEIR_OK : WEIR_AGAIN;
    }

    if (rc == WEIR_AGAIN && ended) {
        return refuse(why, "it is cut off");
    }

    if (rc == WEIR_OK) {
        out->status = status;
        out->body = weir_str(body, n);
    }

    return rc;
}
