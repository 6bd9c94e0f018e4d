/*
 * import_text.c: text of manifests, judged and quoted.
 *
 * What the is-functions take holds no quote, no backslash, no '$', ';', brace
 * or control character, unless one says so: it cannot end a directive of
 * nginx or begin a variable.
 */

#include "cli/import.h"
#include "front/regex.h"

#define MAX_ID  100u


weir_str_t
weir_imp_printf(imp_t *imp, const char *fmt, ...)
{
    va_list     args;
    weir_str_t  s;

    va_start(args, fmt);
    s = weir_arena_vprintf(imp->arena, fmt, args);
    va_end(args);

    if (s.data == NULL) {
        imp->nomem = true;
        return weir_string("");
    }

    return s;
}


void
weir_imp_note(imp_t *imp, imp_fate_t fate, const imp_object_t *o,
    weir_span_t span, weir_str_t what, const char *fmt, ...)
{
    va_list      args;
    weir_str_t   text;
    imp_note_t  *note;

    va_start(args, fmt);
    text = weir_arena_vprintf(imp->arena, fmt, args);
    va_end(args);

    note = weir_vec_push(imp->arena, &imp->notes);

    if (note == NULL || text.data == NULL) {
        imp->nomem = true;
        return;
    }

    note->span = span;
    note->fate = fate;
    note->object = o != NULL ? o->label : weir_string("");
    note->what = what;
    note->text = text;
}


void
weir_imp_single(imp_t *imp, weir_str_t *first, const imp_object_t *o,
    weir_span_t span, const char *what, weir_str_t name)
{
    if (first->len == 0) {
        *first = name;

    } else if (!weir_str_eq(*first, name)) {
        weir_imp_note(imp, IMP_LEFT, o, span, weir_cstr(what), "others are of "
                      "%.*s: who reached those alone reaches this one now; "
                      "import them apart, unless everybody reached both",
                      weir_imp_is_host(*first, false) ? (int) first->len : 0,
                      first->data);
    }
}


weir_str_t
weir_imp_lower(imp_t *imp, weir_str_t s)
{
    char    *q;
    size_t   i;

    q = weir_arena_alloc(imp->arena, s.len + 1);
    if (q == NULL) {
        imp->nomem = true;
        return weir_string("");
    }

    for (i = 0; i < s.len; i++) {
        q[i] = (char) (s.data[i] >= 'A' && s.data[i] <= 'Z'
                       ? s.data[i] | 0x20 : s.data[i]);
    }

    return weir_str(q, s.len);
}


static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}


weir_str_t
weir_imp_trim(weir_str_t s)
{
    while (s.len > 0 && is_blank(s.data[0])) {
        s.data++;
        s.len--;
    }

    while (s.len > 0 && is_blank(s.data[s.len - 1])) {
        s.len--;
    }

    return s;
}


bool
weir_imp_word(weir_str_t *s, const char *separators, weir_str_t *word)
{
    size_t  i;

    while (s->len > 0) {

        for (i = 0; i < s->len && strchr(separators, s->data[i]) == NULL;
             i++) { }

        *word = weir_imp_trim(weir_str(s->data, i));
        i += i < s->len;
        *s = weir_str(s->data + i, s->len - i);

        if (word->len > 0) {
            return true;
        }
    }

    return false;
}


bool
weir_imp_is_one_of(weir_str_t s, const char *words)
{
    weir_str_t  list, word;

    list = weir_cstr(words);

    while (weir_imp_word(&list, " ", &word)) {
        if (weir_str_eq(word, s)) {
            return true;
        }
    }

    return false;
}


bool
weir_imp_number(weir_str_t s, uint32_t *n)
{
    size_t    i;
    uint32_t  v;

    v = 0;

    for (i = 0; i < s.len; i++) {

        if (s.data[i] < '0' || s.data[i] > '9') {
            return false;
        }

        v = v * 10 + (uint32_t) (s.data[i] - '0');
    }

    if (s.len == 0 || s.len > 9) {
        return false;
    }

    *n = v;

    return true;
}


static bool
is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9');
}


/* Letters, digits and these. */
static bool
is_made_of(weir_str_t s, const char *more)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (!is_alnum(s.data[i])
            && (s.data[i] == '\0' || strchr(more, s.data[i]) == NULL))
        {
            return false;
        }
    }

    return s.len > 0;
}


bool
weir_imp_bool(weir_str_t s, bool *out)
{
    *out = weir_imp_is_one_of(s, "1 t T true TRUE True");

    return *out || weir_imp_is_one_of(s, "0 f F false FALSE False");
}


bool
weir_imp_is_plain(weir_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] < 0x20 || s.data[i] > 0x7e) {
            return false;
        }
    }

    return true;
}


bool
weir_imp_is_words(weir_str_t s)
{
    return is_made_of(s, " _.:/=+-!@%");
}


bool
weir_imp_is_location(weir_str_t s)
{
    return is_made_of(s, "/_.~-") && s.data[0] == '/';
}


/*
 * Besides what stands for itself, the variables that a client cannot break a
 * line with: they are as sent.
 */
bool
weir_imp_is_url(weir_str_t s)
{
    size_t  i, n;

    static const char *const  variables[] = {
        "request_uri", "scheme", "host", "args"
    };

    /* a word that begins with '#' is a comment */
    if (s.len == 0 || s.len > 2048 || s.data[0] == '#') {
        return false;
    }

    while (s.len > 0) {

        if (s.data[0] != '$') {

            if (!is_made_of(weir_str(s.data, 1), "/:?&=._~%+,@!*()-#")) {
                return false;
            }

            s = weir_str(s.data + 1, s.len - 1);
            continue;
        }

        s = weir_str(s.data + 1, s.len - 1);

        for (n = 0; n < s.len && (is_alnum(s.data[n]) || s.data[n] == '_');
             n++) { }

        for (i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
            if (weir_str_eq(weir_str(s.data, n), weir_cstr(variables[i]))) {
                break;
            }
        }

        if (i == sizeof(variables) / sizeof(variables[0])) {
            return false;
        }

        s = weir_str(s.data + n, s.len - n);
    }

    return true;
}


bool
weir_imp_is_label(weir_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (!((s.data[i] >= 'a' && s.data[i] <= 'z')
              || (s.data[i] >= '0' && s.data[i] <= '9')
              || (s.data[i] == '-' && i > 0 && i + 1 < s.len)))
        {
            return false;
        }
    }

    return s.len > 0 && s.len <= 63;
}


bool
weir_imp_is_host(weir_str_t s, bool wildcard)
{
    size_t      n;
    weir_str_t  rest;

    rest = s;

    if (wildcard && weir_str_starts(rest, weir_string("*."))) {
        rest = weir_str(s.data + 2, s.len - 2);
    }

    if (s.len > 253 || rest.len == 0) {
        return false;
    }

    for ( ;; ) {

        for (n = 0; n < rest.len && rest.data[n] != '.'; n++) { }

        if (!weir_imp_is_label(weir_str(rest.data, n))) {
            return false;
        }

        if (n == rest.len) {
            return true;
        }

        rest = weir_str(rest.data + n + 1, rest.len - n - 1);
    }
}


bool
weir_imp_is_header(weir_str_t s)
{
    return is_made_of(s, "-_") && s.len <= 128;
}


static weir_str_t
quote(imp_t *imp, weir_str_t s, const char *escaped)
{
    char    *q, *p;
    size_t   i;

    q = weir_arena_array(imp->arena, s.len + 2, 2);
    if (q == NULL) {
        imp->nomem = true;
        return weir_string("\"\"");
    }

    p = q;
    *p++ = '"';

    for (i = 0; i < s.len; i++) {

        if (strchr(escaped, s.data[i]) != NULL) {
            *p++ = '\\';
        }

        *p++ = s.data[i];
    }

    *p++ = '"';

    return weir_str(q, (size_t) (p - q));
}


weir_str_t
weir_imp_yaml(imp_t *imp, weir_str_t s)
{
    return quote(imp, s, "\"\\");
}


weir_str_t
weir_imp_cel(imp_t *imp, weir_str_t s)
{
    return quote(imp, s, "\"\\");
}


weir_str_t
weir_imp_template(imp_t *imp, weir_str_t s)
{
    char    *q, *p;
    size_t   i;

    q = weir_arena_array(imp->arena, s.len + 1, 2);
    if (q == NULL) {
        imp->nomem = true;
        return weir_string("");
    }

    p = q;

    for (i = 0; i < s.len; i++) {

        if (s.data[i] == '$' && i + 1 < s.len && s.data[i + 1] == '{') {
            *p++ = '$';
        }

        *p++ = s.data[i];
    }

    return weir_str(q, (size_t) (p - q));
}


weir_str_t
weir_imp_id(imp_t *imp, weir_names_t *taken, weir_str_t wish)
{
    char                *q;
    size_t               i, n;
    weir_str_t           id;
    weir_span_t          none;
    weir_names_entry_t  *e;

    memset(&none, 0, sizeof(none));
    n = wish.len < MAX_ID ? wish.len : MAX_ID;
    q = weir_arena_alloc(imp->arena, n + 1);

    if (q == NULL) {
        imp->nomem = true;
        return weir_string("");
    }

    for (i = 0; i < n; i++) {
        q[i] = is_alnum(wish.data[i]) || strchr("._-", wish.data[i]) != NULL
               ? wish.data[i] : '-';
    }

    /* ids begin with a letter */
    id = n > 0 && is_alnum(q[0]) ? weir_str(q, n)
                                 : weir_imp_printf(imp, "r%.*s", (int) n, q);

    switch (weir_names_add(taken, id, none, 1, &e)) {

    case WEIR_OK:
        return id;

    case WEIR_DECLINED:
        break;

    default:
        imp->nomem = true;
        return id;
    }

    /* the entry counts how many were called so: no search from the start */
    for ( ;; ) {
        n = ++e->value;
        wish = weir_imp_printf(imp, "%.*s-%zu", WEIR_STR(id), n);

        if (imp->nomem || weir_names_find(taken, wish) == NULL) {
            break;
        }
    }

    imp->nomem |= weir_names_add(taken, wish, none, 1, &e) != WEIR_OK;

    return wish;
}


weir_str_t
weir_imp_item(imp_t *imp, imp_section_t *s, weir_str_t wish, weir_str_t body)
{
    imp_item_t          *item;
    weir_span_t          none;
    weir_names_entry_t  *e;

    e = weir_names_find(&s->bodies, body);

    if (e != NULL) {
        return s->list.items[e->value].name;
    }

    if (s->max != 0 && s->list.len >= s->max) {
        return weir_string("");
    }

    memset(&none, 0, sizeof(none));
    item = weir_vec_push(imp->arena, &s->list);

    if (item == NULL
        || weir_names_add(&s->bodies, body, none,
                          (uint32_t) s->list.len - 1, &e) != WEIR_OK)
    {
        imp->nomem = true;
        return weir_string("");
    }

    item->body = body;
    item->name = weir_imp_id(imp, &s->names, wish);

    return item->name;
}


bool
weir_imp_is_regex(imp_t *imp, weir_str_t s)
{
    weir_rc_t         rc;
    weir_text_t       text;
    weir_diags_t      diags;
    const weir_re_t  *re;

    memset(&diags, 0, sizeof(diags));
    memset(&text, 0, sizeof(text));
    diags.arena = imp->arena;
    text.text = s;

    if (s.len == 0 || s.len > WEIR_MAX_REGEX) {
        return false;
    }

    rc = weir_re_parse(imp->arena, &diags, &text, 0, s.len, &re);
    imp->nomem |= rc == WEIR_NOMEM;

    return rc == WEIR_OK && diags.errors == 0;
}
