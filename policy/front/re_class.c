/*
 * re_class.c: sets of code points, and the classes that have names.
 */

#include <stdlib.h>
#include "front/re.h"

#define SURROGATE_LO  0xd800u
#define SURROGATE_HI  0xdfffu

#define LONG_S        0x17fu            /* folds with s */
#define KELVIN        0x212au           /* folds with k */

#define MAX_PAIRS     6

typedef struct {
    const char  *name;
    uint8_t      pairs;
    uint8_t      ranges[MAX_PAIRS][2];
} group_t;

static const group_t  groups[] = {
    { "d",      1, { { '0', '9' } } },
    { "s",      3, { { '\t', '\n' }, { '\f', '\r' }, { ' ', ' ' } } },
    { "w",      4, { { '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' } } },
    { "alnum",  3, { { '0', '9' }, { 'A', 'Z' }, { 'a', 'z' } } },
    { "alpha",  2, { { 'A', 'Z' }, { 'a', 'z' } } },
    { "ascii",  1, { { 0x00, 0x7f } } },
    { "blank",  2, { { '\t', '\t' }, { ' ', ' ' } } },
    { "cntrl",  2, { { 0x00, 0x1f }, { 0x7f, 0x7f } } },
    { "digit",  1, { { '0', '9' } } },
    { "graph",  1, { { '!', '~' } } },
    { "lower",  1, { { 'a', 'z' } } },
    { "print",  1, { { ' ', '~' } } },
    { "punct",  4, { { '!', '/' }, { ':', '@' }, { '[', '`' }, { '{', '~' } } },
    { "space",  2, { { '\t', '\r' }, { ' ', ' ' } } },
    { "upper",  1, { { 'A', 'Z' } } },
    { "word",   4, { { '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' } } },
    { "xdigit", 3, { { '0', '9' }, { 'A', 'F' }, { 'a', 'f' } } },
};

#define CATEGORIES(P)                                                         \
    P(Cc) P(Cf) P(Co) P(Cs) P(L) P(Ll) P(Lm) P(Lo) P(Lt) P(Lu) P(M) P(Mc)     \
    P(Me) P(Mn) P(N) P(Nd) P(Nl) P(No) P(P) P(Pc) P(Pd) P(Pe) P(Pf) P(Pi)     \
    P(Po) P(Ps) P(S) P(Sc) P(Sk) P(Sm) P(So) P(Z) P(Zl) P(Zp) P(Zs)

#define SCRIPTS(P)                                                            \
    P(Adlam) P(Ahom) P(Anatolian_Hieroglyphs) P(Arabic) P(Armenian)           \
    P(Avestan) P(Balinese) P(Bamum) P(Bassa_Vah) P(Batak) P(Bengali)          \
    P(Bhaiksuki) P(Bopomofo) P(Brahmi) P(Braille) P(Buginese) P(Buhid)        \
    P(Canadian_Aboriginal) P(Carian) P(Caucasian_Albanian) P(Chakma) P(Cham)  \
    P(Cherokee) P(Chorasmian) P(Common) P(Coptic) P(Cuneiform) P(Cypriot)     \
    P(Cypro_Minoan) P(Cyrillic) P(Deseret) P(Devanagari) P(Dives_Akuru)       \
    P(Dogra) P(Duployan) P(Egyptian_Hieroglyphs) P(Elbasan) P(Elymaic)        \
    P(Ethiopic) P(Georgian) P(Glagolitic) P(Gothic) P(Grantha) P(Greek)       \
    P(Gujarati) P(Gunjala_Gondi) P(Gurmukhi) P(Han) P(Hangul)                 \
    P(Hanifi_Rohingya) P(Hanunoo) P(Hatran) P(Hebrew) P(Hiragana)             \
    P(Imperial_Aramaic) P(Inherited) P(Inscriptional_Pahlavi)                 \
    P(Inscriptional_Parthian) P(Javanese) P(Kaithi) P(Kannada) P(Katakana)    \
    P(Kayah_Li) P(Kharoshthi) P(Khitan_Small_Script) P(Khmer) P(Khojki)       \
    P(Khudawadi) P(Lao) P(Latin) P(Lepcha) P(Limbu) P(Linear_A) P(Linear_B)   \
    P(Lisu) P(Lycian) P(Lydian) P(Mahajani) P(Makasar) P(Malayalam)           \
    P(Mandaic) P(Manichaean) P(Marchen) P(Masaram_Gondi) P(Medefaidrin)       \
    P(Meetei_Mayek) P(Mende_Kikakui) P(Meroitic_Cursive)                      \
    P(Meroitic_Hieroglyphs) P(Miao) P(Modi) P(Mongolian) P(Mro) P(Multani)    \
    P(Myanmar) P(Nabataean) P(Nandinagari) P(New_Tai_Lue) P(Newa) P(Nko)      \
    P(Nushu) P(Nyiakeng_Puachue_Hmong) P(Ogham) P(Ol_Chiki) P(Old_Hungarian)  \
    P(Old_Italic) P(Old_North_Arabian) P(Old_Permic) P(Old_Persian)           \
    P(Old_Sogdian) P(Old_South_Arabian) P(Old_Turkic) P(Old_Uyghur) P(Oriya)  \
    P(Osage) P(Osmanya) P(Pahawh_Hmong) P(Palmyrene) P(Pau_Cin_Hau)           \
    P(Phags_Pa) P(Phoenician) P(Psalter_Pahlavi) P(Rejang) P(Runic)           \
    P(Samaritan) P(Saurashtra) P(Sharada) P(Shavian) P(Siddham)               \
    P(SignWriting) P(Sinhala) P(Sora_Sompeng) P(Soyombo) P(Sundanese)         \
    P(Syloti_Nagri) P(Syriac) P(Tagalog) P(Tagbanwa) P(Tai_Le) P(Tai_Tham)    \
    P(Tai_Viet) P(Takri) P(Tamil) P(Tangsa) P(Tangut) P(Telugu) P(Thaana)     \
    P(Thai) P(Tibetan) P(Tifinagh) P(Tirhuta) P(Toto) P(Ugaritic) P(Vai)      \
    P(Vithkuqi) P(Wancho) P(Warang_Citi) P(Yezidi) P(Yi) P(Zanabazar_Square)

/*
 * C of RE2 has no unassigned code points in it, that of PCRE2 has.  sc: asks
 * PCRE2 for the script alone, without its extensions.
 */
static const weir_re_prop_t  props[] = {
    { "C", "\\p{Cc}\\p{Cf}\\p{Co}\\p{Cs}",
      "\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}\\p{Z}\\p{Cn}" },
#define P(name)  { #name, "\\p{" #name "}", "\\P{" #name "}" },
    CATEGORIES(P)
#undef P
#define P(name)  { #name, "\\p{sc:" #name "}", "\\P{sc:" #name "}" },
    SCRIPTS(P)
#undef P
};


static int
by_lo(const void *x, const void *y)
{
    const weir_re_range_t  *a = x, *b = y;

    return (a->lo > b->lo) - (a->lo < b->lo);
}


static bool
holds(const weir_re_ranges_t *r, uint32_t c)
{
    size_t  i;

    for (i = 0; i < r->len; i++) {
        if (r->items[i].lo <= c && c <= r->items[i].hi) {
            return true;
        }
    }

    return false;
}


bool
weir_re_add(weir_arena_t *a, weir_re_ranges_t *r, uint32_t lo, uint32_t hi)
{
    weir_re_range_t  *p;

    if (lo < SURROGATE_LO && hi > SURROGATE_HI) {
        return weir_re_add(a, r, lo, SURROGATE_LO - 1)
               && weir_re_add(a, r, SURROGATE_HI + 1, hi);
    }

    if (lo >= SURROGATE_LO && lo <= SURROGATE_HI) {
        lo = SURROGATE_HI + 1;
    }

    if (hi >= SURROGATE_LO && hi <= SURROGATE_HI) {
        hi = SURROGATE_LO - 1;
    }

    if (lo > hi) {
        return true;
    }

    p = weir_vec_push(a, r);

    if (p == NULL) {
        return false;
    }

    *p = (weir_re_range_t) { lo, hi };

    return true;
}


/* Neighbours on the two sides of the surrogates stay two ranges. */
void
weir_re_settle(weir_re_ranges_t *r)
{
    size_t            i, n;
    weir_re_range_t  *v;

    v = r->items;

    if (r->len == 0) {
        return;
    }

    qsort(v, r->len, sizeof(*v), by_lo);

    for (i = 1, n = 0; i < r->len; i++) {
        if (v[i].lo <= v[n].hi + 1) {
            if (v[i].hi > v[n].hi) {
                v[n].hi = v[i].hi;
            }

        } else {
            v[++n] = v[i];
        }
    }

    r->len = n + 1;
}


bool
weir_re_invert(weir_arena_t *a, weir_re_ranges_t *r)
{
    size_t            i;
    uint32_t          next;
    weir_re_ranges_t  out = { 0 };

    next = 0;

    for (i = 0; i < r->len; i++) {
        if (r->items[i].lo > next
            && !weir_re_add(a, &out, next, r->items[i].lo - 1))
        {
            return false;
        }

        next = r->items[i].hi + 1;
    }

    if (next <= WEIR_RE_MAX_CHAR
        && !weir_re_add(a, &out, next, WEIR_RE_MAX_CHAR))
    {
        return false;
    }

    *r = out;

    return true;
}


bool
weir_re_fold(weir_arena_t *a, weir_re_ranges_t *r)
{
    size_t    i, n;
    bool      ok;
    uint32_t  lo, hi;

    ok = true;
    n = r->len;

    for (i = 0; i < n; i++) {
        lo = r->items[i].lo > 'A' ? r->items[i].lo : 'A';
        hi = r->items[i].hi < 'Z' ? r->items[i].hi : 'Z';

        if (lo <= hi) {
            ok = ok && weir_re_add(a, r, lo | 0x20, hi | 0x20);
        }

        lo = r->items[i].lo > 'a' ? r->items[i].lo : 'a';
        hi = r->items[i].hi < 'z' ? r->items[i].hi : 'z';

        if (lo <= hi) {
            ok = ok && weir_re_add(a, r, lo & ~0x20u, hi & ~0x20u);
        }
    }

    if (holds(r, 's') || holds(r, LONG_S)) {
        ok = ok && weir_re_add(a, r, 's', 's') && weir_re_add(a, r, 'S', 'S')
             && weir_re_add(a, r, LONG_S, LONG_S);
    }

    if (holds(r, 'k') || holds(r, KELVIN)) {
        ok = ok && weir_re_add(a, r, 'k', 'k') && weir_re_add(a, r, 'K', 'K')
             && weir_re_add(a, r, KELVIN, KELVIN);
    }

    weir_re_settle(r);

    return ok;
}


weir_rc_t
weir_re_add_group(weir_arena_t *a, weir_re_ranges_t *r, weir_str_t name,
    bool negated, bool fold)
{
    size_t            i, k;
    const group_t    *g;
    weir_re_ranges_t  set = { 0 };

    for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        g = &groups[i];

        if (!weir_str_eq(name, weir_cstr(g->name))) {
            continue;
        }

        for (k = 0; k < g->pairs; k++) {
            if (!weir_re_add(a, &set, g->ranges[k][0], g->ranges[k][1])) {
                return WEIR_NOMEM;
            }
        }

        if ((fold && !weir_re_fold(a, &set))
            || (negated && !weir_re_invert(a, &set)))
        {
            return WEIR_NOMEM;
        }

        for (k = 0; k < set.len; k++) {
            if (!weir_re_add(a, r, set.items[k].lo, set.items[k].hi)) {
                return WEIR_NOMEM;
            }
        }

        return WEIR_OK;
    }

    return WEIR_DECLINED;
}


const weir_re_prop_t *
weir_re_prop(weir_str_t name)
{
    size_t  i;

    for (i = 0; i < sizeof(props) / sizeof(props[0]); i++) {
        if (weir_str_eq(name, weir_cstr(props[i].name))) {
            return &props[i];
        }
    }

    return NULL;
}
