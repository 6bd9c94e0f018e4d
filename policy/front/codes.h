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
    C(EREAD,       101, "a file cannot be read")                              \
    C(ESYNTAX,     102, "malformed YAML")                                     \
    C(EENCODING,   103, "a byte that a source may not hold")                  \
    C(EEMPTY,      104, "a file with nothing in it")                          \
    C(EDOCUMENTS,  105, "more than one YAML document in a file")              \
    C(EALIAS,      106, "anchors and aliases")                                \
    C(ETAG,        107, "tags and directives")                                \
    C(ETAB,        108, "a tab outside of text")                              \
    C(EDEPTH,      109, "nested too deeply")                                  \
    C(EDUPKEY,     110, "the same key twice in one map")                      \
    C(EIMPLICIT,   111, "a value that readers of YAML take differently")      \
    C(EJSON,       112, "malformed JSON")                                     \
    C(EINCLUDE,    113, "an include that leads nowhere or in circles")        \
    C(ENUMBER,     114, "a number that does not fit")

#define WEIR_CODES_SCHEMA(C)                                                  \
    C(EKEY,        201, "unknown key")                                        \
    C(EMISSING,    202, "a required key is missing")                          \
    C(EKIND,       203, "a value of another kind than its key needs")         \
    C(EVALUE,      204, "a value that its key does not take")                 \
    C(ELATER,      205, "a value that this version does not support yet")     \
    C(ETWICE,      206, "a name that is defined twice")                       \
    C(EVERSION,    207, "another version of the source language")             \
    C(EUNKNOWN,    208, "a name that nothing defines")                        \
    C(EPLACE,      209, "keys that do not go together, or not here")          \
    C(EBOUND,      210, "more than the language allows")                      \
    C(ECIRCLE,     211, "roles that inherit each other")                      \
    C(EORIGIN,     212, "what is no origin of a page")                        \
    C(EHEADER,     213, "a header that no policy changes")

#define WEIR_CODES_CEL(C)                                                     \
    C(EUNDECLARED, 301, "undeclared name")                                    \
    C(ETYPE,       302, "an expression has another type than its place needs")\
    C(ESYNTAX_CEL, 303, "malformed CEL")                                      \
    C(ELITERAL,    304, "a literal that is malformed or does not fit")        \
    C(EOVERLOAD,   305, "an operator or function does not take these types")  \
    C(EFUNCTION,   306, "a function that does not exist")                     \
    C(EFIELD,      307, "a field of what has no such field")                  \
    C(EMACRO,      308, "a macro with arguments that it does not take")       \
    C(EUNSUPPORTED, 309, "a part of CEL that is not supported")               \
    C(EPATTERN,    310, "a pattern that is not constant")                     \
    C(EPARAM,      311, "a path parameter that the route does not have")      \
    C(ECYCLE,      312, "vars that need each other, or nest too deeply")      \
    C(EBIG,        313, "an expression that is too large")                    \
    C(EZONE,       314, "a time zone that the system does not have")          \
    C(EPERMISSION, 315, "a permission that is not constant, or has a wildcard")\
    C(EFORMAT,     316, "arguments that the text of format() does not take")  \
    C(EREGEX,      330, "a pattern that RE2 does not take, or a part of one")

#define WEIR_CODES_ROUTES(C)                                                  \
    C(ETIE,        401, "two routes tie on a request")                        \
    C(ETEMPLATE,   402, "a malformed path template")                          \
    C(EHOST,       403, "a malformed host or host pattern")                   \
    C(ETIES,       404, "too many alike routes to tell ties")                 \
    C(EPHASE,      412, "an attribute does not exist in this phase yet")      \
    C(ECOST,       413, "an expression may take too long")

#define WEIR_CODES_ADVICE(C)                                                  \
    C(WUNUSED,     901, "a name is never used")                               \
    C(WCLOSED,     902, "a route that lets nobody in")                        \
    C(WUNREACHED,  903, "a route that no request gets to")                    \
    C(WSHADOWED,   904, "a rule or an override that never decides")           \
    C(WCONSTANT,   905, "a condition that is always the same")                \
    C(WOPEN,       906, "a rule that lets everybody in")                      \
    C(WTENANT,     907, "a tenant that no request can name")                  \
    C(WAUDIENCE,   908, "an issuer whose tokens may be for anybody")          \
    C(WEXPIRED,    909, "an API key that has ended")                          \
    C(WNOROLE,     910, "a permission that no role has")                      \
    C(WUNBOUND,    911, "a credential that is good at every tenant")          \
    C(WARM,        912, "an arm of a split that gets nothing, or as another") \
    C(WORIGIN,     913, "an origin that any page can have")                   \
    C(WSUNSET,     914, "a version of an interface that has ended")           \
    C(WMETHOD,     915, "a method that browsers do not send for want of CORS")\
    C(WCOOKIE,     916, "splits that overwrite each other's cookie")          \
    C(WREDACT,     917, "a field to hash that the audit log does not have")

#define WEIR_CODES_CEL_ADVICE(C)                                              \
    C(WFAILS,      951, "a part of an expression that always fails")          \
    C(WCASE,       952, "a header name that is not in lower case")            \
    C(WQUERY,      953, "request.path, which has the query, against a path")  \
    C(WREGEX,      954, "a pattern that is plain text")                       \
    C(WABSENT,     955, "a deny rule that fails where a key is absent")       \
    C(WNOTENANT,   956, "a tenant or a plan that does not exist")

#define WEIR_CODES(C)                                                         \
    WEIR_CODES_SOURCE(C)                                                      \
    WEIR_CODES_SCHEMA(C)                                                      \
    WEIR_CODES_CEL(C)                                                         \
    WEIR_CODES_ROUTES(C)                                                      \
    WEIR_CODES_ADVICE(C)                                                      \
    WEIR_CODES_CEL_ADVICE(C)

enum {
#define C(name, number, text)  WEIR_##name = number,
    WEIR_CODES(C)
#undef C
    WEIR_CODE_END
};

#endif
