/*
 * cel_macros.h: the macros, one row each: name in code, how they are written,
 * what they give.  Messages and the reference show the same rows.
 */

#ifndef WEIR_FRONT_CEL_MACROS_H
#define WEIR_FRONT_CEL_MACROS_H

#define WEIR_MACROS(M)                                                        \
    M(HAS, "has(map.key)",                                                    \
      "whether the map has the key")                                          \
    M(ALL, "all(x, condition), or all(i, x, condition)",                      \
      "whether it holds for each element of a list or key of a map; with "    \
      "two variables, index and element or key and value")                    \
    M(EXISTS, "exists(x, condition), or exists(i, x, condition)",             \
      "whether it holds for one of them, or more")                            \
    M(ONE, "exists_one(x, condition), or existsOne(i, x, condition)",         \
      "whether it holds for exactly one; an error in any round is one")       \
    M(MAP, "map(x, result), or map(x, condition, result)",                    \
      "a list of the results, of those for which the condition holds")        \
    M(FILTER, "filter(x, condition)",                                         \
      "a list of the elements, or keys, for which it holds")                  \
    M(LIST, "transformList(i, x, result), or (i, x, condition, result)",      \
      "a list of the results, with index or key")                             \
    M(TOMAP, "transformMap(k, v, result), or (k, v, condition, result)",      \
      "a map with the same keys and other values")                            \
    M(ENTRY, "transformMapEntry(k, v, {key: result}), or "                    \
             "(k, v, condition, {key: result})",                              \
      "a map of the entries; the same key twice is an error")                 \
    M(BIND, "cel.bind(x, value, expression)",                                 \
      "the expression, in which x is the value, worked out once at most")     \
    M(OPT_MAP, "optMap(x, expression)",                                       \
      "of an optional: the expression of its value, as an optional; none "    \
      "stays none")                                                           \
    M(OPT_FLAT, "optFlatMap(x, expression)",                                  \
      "the same, where the expression is an optional itself")

enum {
#define M(name, usage, doc)  WEIR_MACRO_##name,
    WEIR_MACROS(M)
#undef M
    WEIR_MACRO_COUNT
};

#endif
