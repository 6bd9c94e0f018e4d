/*
 * fmt_scalar.c: scalars of the canonical form: quotes, and scalars of several
 * lines.
 */

#include "front/fmt_line.h"
#include "front/scalar.h"


static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}


static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}


/*
 * Whether the text can do without quotes, for every reader of YAML: words,
 * paths, hosts and the like; nothing that looks like an expression, a number
 * or a date.
 */
static bool
is_plain(const weir_node_t *node, bool flow)
{
    char         c;
    bool         word;
    size_t       i;
    weir_str_t   s;
    const char  *what;
    weir_node_t  copy;

    s = node->text.text;
    word = false;

    if (s.len == 0 || !(is_letter(s.data[0]) || is_digit(s.data[0])
                        || s.data[0] == '/' || s.data[0] == '_'))
    {
        return false;
    }

    for (i = 0; i < s.len; i++) {
        c = s.data[i];
        word = word || is_letter(c) || c == '/' || c == '%';

        if (is_letter(c) || is_digit(c)
            || (c != '\0' && strchr("/._-+@%~*", c) != NULL)
            || (c == ' ' && i + 1 < s.len && s.data[i - 1] != ' '))
        {
            continue;
        }

        if (flow || !(c == '{' || c == '}'
                      || (c == ':' && i + 1 < s.len && s.data[i + 1] != ' ')))
        {
            return false;
        }
    }

    copy = *node;
    copy.style = WEIR_STYLE_PLAIN;

    return word && weir_scalar_resolve(&copy, &what) == WEIR_OK
           && copy.kind == WEIR_T_STRING;
}


/*
 * Double quotes, single ones around what double ones would escape, and those
 * of the source where something is written as an escape.
 */
static void
quoted(weir_fmt_t *f, const weir_node_t *node, bool flow)
{
    bool        both;
    size_t      i;
    weir_str_t  s, source;

    s = node->text.text;
    source = weir_str(f->text.data + node->from, node->to - node->from);
    both = false;

    if (is_plain(node, flow)) {
        weir_fmt_put(f, s);
        return;
    }

    for (i = 0; i < s.len; i++) {
        both = both || s.data[i] == '"' || s.data[i] == '\\';

        if ((uint8_t) s.data[i] < 0x20 || (uint8_t) s.data[i] > 0x7e) {
            weir_fmt_put(f, source);
            return;
        }
    }

    if (both && s.len != 0 && memchr(s.data, '\'', s.len) != NULL) {
        weir_fmt_put(f, source);
        return;
    }

    weir_fmt_put(f, both ? weir_string("'") : weir_string("\""));
    weir_fmt_put(f, s);
    weir_fmt_put(f, both ? weir_string("'") : weir_string("\""));
}


/* The line at p, without its end; *next is behind that. */
static weir_str_t
next_line(const char *p, const char *end, const char **next)
{
    size_t       n;
    const char  *feed;

    feed = p < end ? memchr(p, '\n', (size_t) (end - p)) : NULL;
    n = (size_t) ((feed != NULL ? feed : end) - p);
    *next = feed != NULL ? feed + 1 : end;

    return weir_str(p, n > 0 && feed != NULL && p[n - 1] == '\r' ? n - 1 : n);
}


/*
 * A plain or quoted scalar over several lines: blanks around a line end mean
 * nothing, save one behind a backslash.
 */
static void
flow_lines(weir_fmt_t *f, const weir_node_t *node, unsigned indent)
{
    bool         first;
    size_t       n, slashes;
    weir_str_t   line;
    const char  *p, *end;

    p = f->text.data + node->from;
    end = f->text.data + node->to;

    for (first = true; p < end; first = false) {
        line = next_line(p, end, &p);

        while (!first && line.len > 0
               && (line.data[0] == ' ' || line.data[0] == '\t'))
        {
            line = weir_str(line.data + 1, line.len - 1);
        }

        n = line.len;

        while (n > 0 && (line.data[n - 1] == ' ' || line.data[n - 1] == '\t'))
        {
            n--;
        }

        for (slashes = 0; slashes < n && line.data[n - slashes - 1] == '\\';
             slashes++)
        {
            /* void */
        }

        if (node->style == WEIR_STYLE_DOUBLE && slashes % 2 == 1
            && n < line.len)
        {
            n++;
        }

        if (!first) {
            weir_fmt_line(f, n != 0 ? indent : 0);
        }

        weir_fmt_put(f, weir_str(line.data, n));
    }
}


/* "|", ">" and what follows in the line; returns the indentation, or 0. */
static unsigned
block_header(weir_fmt_t *f, const weir_node_t *node, weir_str_t header,
    bool *keep)
{
    char        chomp;
    size_t      i;
    unsigned    step;
    weir_str_t  s;

    s = node->text.text;
    chomp = '\0';
    step = 0;
    weir_fmt_put(f, weir_str(header.data, 1));

    for (i = 1; i < header.len && header.data[i] != ' '
                && header.data[i] != '\t'; i++)
    {
        if (is_digit(header.data[i])) {
            step = (unsigned) (header.data[i] - '0');
            weir_fmt_put(f, weir_string("2"));

        } else {
            chomp = header.data[i];
        }
    }

    /* the end of the file may end the line, but not here */
    if (s.len == 0 || s.data[s.len - 1] != '\n') {
        chomp = s.len != 0 ? '-' : chomp;
    }

    *keep = chomp == '+';

    if (chomp != '\0') {
        weir_fmt_put(f, weir_str(&chomp, 1));
    }

    while (i < header.len && header.data[i] != '#') {
        i++;
    }

    while (header.len > i && strchr(" \t", header.data[header.len - 1])) {
        header.len--;
    }

    if (i < header.len) {
        weir_fmt_comment(f, weir_str(header.data + i, header.len - i));
    }

    return step;
}


static size_t
blanks(weir_str_t line)
{
    size_t  n;

    for (n = 0; n < line.len && line.data[n] == ' '; n++) {
        /* void */
    }

    return n;
}


/* f->pos ends before the end of the last line that was put. */
static void
block_lines(weir_fmt_t *f, const weir_node_t *node, unsigned indent)
{
    bool         keep;
    size_t       depth, empty, n;
    weir_str_t   line;
    const char  *p, *end, *next;

    p = f->text.data + node->from;
    end = f->text.data + node->to;
    line = next_line(p, end, &p);
    f->pos = (size_t) (line.data - f->text.data) + line.len;
    depth = block_header(f, node, line, &keep);

    if (depth != 0) {
        depth += f->depth > 0 ? f->frames[f->depth - 1].col : 0;
    }

    for (next = p; depth == 0 && next < end; /* void */ ) {
        line = next_line(next, end, &next);
        depth = blanks(line) < line.len ? blanks(line) : 0;
    }

    /* empty lines at the end are none of the text, unless they are kept */

    for (empty = 0; p < end; /* void */ ) {
        line = next_line(p, end, &p);
        n = blanks(line) < depth ? blanks(line) : depth;

        if (n == line.len && !keep) {
            empty++;
            continue;
        }

        for ( /* void */ ; empty > 0; empty--) {
            weir_fmt_line(f, 0);
        }

        weir_fmt_line(f, n == line.len ? 0 : indent);
        weir_fmt_put(f, weir_str(line.data + n, line.len - n));
        f->pos = (size_t) (line.data - f->text.data) + line.len;
    }
}


void
weir_fmt_scalar(weir_fmt_t *f, const weir_node_t *node, const char *sep,
    unsigned indent, bool flow, bool cel)
{
    weir_str_t  source;

    if (node->from == node->to || f->why != NULL) {
        return;
    }

    weir_fmt_gap(f, indent);

    if (f->pos != node->from) {
        f->why = "it has more than keys, values and comments";
        return;
    }

    if (!f->begins) {
        weir_fmt_put(f, weir_cstr(sep));
    }

    f->open = f->depth;
    source = weir_str(f->text.data + node->from, node->to - node->from);

    if (node->style > WEIR_STYLE_DOUBLE) {
        block_lines(f, node, indent);
        return;
    }

    if (memchr(source.data, '\n', source.len) != NULL) {
        flow_lines(f, node, indent);

    } else if (node->style == WEIR_STYLE_PLAIN || cel) {
        weir_fmt_put(f, source);

    } else {
        quoted(f, node, flow);
    }

    f->pos = node->to;
}
