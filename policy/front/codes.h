/*
 * codes.h: every diagnostic of the compiler, one row each: name in code,
 * number, what it means.  docs/errors.md is made from this table.  A number
 * is never used for another meaning.
 *
 * 01xx files and syntax of YAML and JSON      02xx schema: keys and values
 * 03xx CEL                                     04xx routes, phases, cost
 * 09xx advice (W)
 */

#ifndef WEIR_FRONT_CODES_H
#define WEIR_FRONT_CODES_H

#define WEIR_CODES_SOURCE(C)                                                  \
    C(EREAD,       101, "a file cannot be read")

#define WEIR_CODES_SCHEMA(C)                                                  \
    C(EKEY,        201, "unknown key")

#define WEIR_CODES_CEL(C)                                                     \
    C(EUNDECLARED, 301, "undeclared name")                                    \
    C(ETYPE,       302, "an expression has another type than its place needs")

#define WEIR_CODES_ROUTES(C)                                                  \
    C(ETIE,        401, "two routes tie on a request")                        \
    C(EPHASE,      412, "an attribute does not exist in this phase yet")

#define WEIR_CODES_ADVICE(C)                                                  \
    C(WUNUSED,     901, "a name is never used")

#define WEIR_CODES(C)                                                         \
    WEIR_CODES_SOURCE(C)                                                      \
    WEIR_CODES_SCHEMA(C)                                                      \
    WEIR_CODES_CEL(C)                                                         \
    WEIR_CODES_ROUTES(C)                                                      \
    WEIR_CODES_ADVICE(C)

enum {
#define C(name, number, text)  WEIR_##name = number,
    WEIR_CODES(C)
#undef C
    WEIR_CODE_END
};

#endif
