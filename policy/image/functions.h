/*
 * functions.h: every overload of every CEL operator and function, one row
 * each.  Checker, emitter, verifier, evaluator, disassembler and the
 * reference expand the same table.
 *
 * Columns: overload, name, result kind, argument kinds, cost, generic
 * signature ("" where the kinds say it all).
 *
 * Names of operators are those of the CEL specification (_+_).  A name that
 * begins with a dot is a method; its receiver is the first argument.
 * Signatures use list<A>, map<A, B>, optional_type<A>, type<A>, and are
 * written args:result; dyn among the arguments is met by dyn alone.  CALLD
 * takes the first row whose kinds fit: rows of an overload that takes more
 * kinds come later.  Rows stand in the order of their names.
 *
 * Cost is per call, in steps of about a nanosecond; LEN marks a function
 * whose cost grows with its input: the compiler multiplies it by the declared
 * largest input over ten, as cel-go does for strings.
 */

#ifndef WEIR_IMAGE_FUNCTIONS_H
#define WEIR_IMAGE_FUNCTIONS_H

/* name in code, name in CEL, what it gives */
#define WEIR_FN_NAMES(N)                                                      \
    N(NOT,          "!_",                                                     \
      "not")                                                                  \
    N(NEG,          "-_",                                                     \
      "the negative; an error where it does not fit")                         \
    N(EQ,           "_==_",                                                   \
      "equal: numbers across their kinds, lists and maps by content")         \
    N(NE,           "_!=_",                                                   \
      "not equal")                                                            \
    N(LT,           "_<_",                                                    \
      "less: numbers across their kinds, false before true")                  \
    N(LE,           "_<=_",                                                   \
      "less or equal")                                                        \
    N(GT,           "_>_",                                                    \
      "greater")                                                              \
    N(GE,           "_>=_",                                                   \
      "greater or equal")                                                     \
    N(ADD,          "_+_",                                                    \
      "sum, concatenation, a later time; an error where it does not fit")     \
    N(SUB,          "_-_",                                                    \
      "difference, an earlier time; an error where it does not fit")          \
    N(MUL,          "_*_",                                                    \
      "product; an error where it does not fit")                              \
    N(DIV,          "_/_",                                                    \
      "quotient, of integers toward zero; an error when dividing an "         \
      "integer by 0")                                                         \
    N(MOD,          "_%_",                                                    \
      "remainder, with the sign of the left side; an error by 0")             \
    N(IN,           "@in",                                                    \
      "whether a list has the element, or a map the key")                     \
    N(INDEX,        "_[_]",                                                   \
      "the element or the value; an error where there is none; what is "      \
      "inside an optional, as an optional")                                   \
    N(OPT_INDEX,    "_[?_]",                                                  \
      "the same as an optional: none where there is no such element or "      \
      "key")                                                                  \
    N(SIZE,         "size",                                                   \
      "characters, bytes, elements or entries")                               \
    N(M_SIZE,       ".size",                                                  \
      "the same as a method")                                                 \
    N(CONTAINS,     ".contains",                                              \
      "whether a part is in the text, or an address in a list of the "        \
      "policy; text that is no address is in no list")                        \
    N(STARTS_WITH,  ".startsWith",                                            \
      "whether the text begins so")                                           \
    N(ENDS_WITH,    ".endsWith",                                              \
      "whether the text ends so")                                             \
    N(MATCHES,      "matches",                                                \
      "whether the pattern, in RE2's syntax and constant, is found in "       \
      "the text")                                                             \
    N(M_MATCHES,    ".matches",                                               \
      "the same as a method")                                                 \
    N(LOWER_ASCII,  ".lowerAscii",                                            \
      "A to Z in lower case, the rest as it is")                              \
    N(UPPER_ASCII,  ".upperAscii",                                            \
      "a to z in upper case, the rest as it is")                              \
    N(BOOL,         "bool",                                                   \
      "of text: \"true\", \"True\", \"TRUE\", \"t\", \"1\" and their "        \
      "opposites")                                                            \
    N(INT,          "int",                                                    \
      "whole number: of a double toward zero, of a time its seconds "         \
      "since 1970; an error where it does not fit")                           \
    N(UINT,         "uint",                                                   \
      "the same without sign")                                                \
    N(DOUBLE,       "double",                                                 \
      "number with fraction")                                                 \
    N(STRING,       "string",                                                 \
      "as text; of bytes an error where they are no UTF-8")                   \
    N(BYTES,        "bytes",                                                  \
      "the bytes of UTF-8")                                                   \
    N(TYPE,         "type",                                                   \
      "the type of a value, as in type(x) == string")                         \
    N(DYN,          "dyn",                                                    \
      "the value, with its type left to the evaluation")                      \
    N(TIMESTAMP,    "timestamp",                                              \
      "of RFC 3339 text, or of seconds since 1970; years 1 to 9999")          \
    N(DURATION,     "duration",                                               \
      "of text as \"1h30m\", \"1.5s\", \"250ms\"")                            \
    N(FULL_YEAR,    ".getFullYear",                                           \
      "year, in UTC or the zone")                                             \
    N(MONTH,        ".getMonth",                                              \
      "month, from 0")                                                        \
    N(DATE,         ".getDate",                                               \
      "day of the month, from 1")                                             \
    N(DAY_OF_MONTH, ".getDayOfMonth",                                         \
      "day of the month, from 0")                                             \
    N(DAY_OF_WEEK,  ".getDayOfWeek",                                          \
      "day of the week, Sunday is 0")                                         \
    N(DAY_OF_YEAR,  ".getDayOfYear",                                          \
      "day of the year, from 0")                                              \
    N(HOURS,        ".getHours",                                              \
      "hour of the day; of a duration all its hours")                         \
    N(MINUTES,      ".getMinutes",                                            \
      "minute of the hour; of a duration all its minutes")                    \
    N(SECONDS,      ".getSeconds",                                            \
      "second of the minute; of a duration all its seconds")                  \
    N(MILLISECONDS, ".getMilliseconds",                                       \
      "milliseconds of the second, of a duration too")                        \
    N(OPT_OF,       "optional.of",                                            \
      "an optional with this value")                                          \
    N(OPT_NON_ZERO, "optional.ofNonZeroValue",                                \
      "the same; none where the value is empty, 0, false or null")            \
    N(OPT_NONE,     "optional.none",                                          \
      "an optional without value")                                            \
    N(HAS_VALUE,    ".hasValue",                                              \
      "whether it has one")                                                   \
    N(VALUE,        ".value",                                                 \
      "its value; an error where it has none")                                \
    N(OR_VALUE,     ".orValue",                                               \
      "its value, else the other")                                            \
    N(OR_OPT,       ".or",                                                    \
      "itself where it has a value, else the other")                          \
    N(IP,           "ip",                                                     \
      "an address from text; an error for what is none, has a zone, or "      \
      "is IPv4 inside IPv6")                                                  \
    N(CIDR,         "cidr",                                                   \
      "a prefix from text, its length written; it may have bits behind "      \
      "its length")                                                           \
    N(CONTAINS_IP,  ".containsIP",                                            \
      "whether the address is in the prefix")                                 \
    N(CHAR_AT,      ".charAt",                                                \
      "the character at a position from 0; \"\" at the very end, an "         \
      "error beyond it")                                                      \
    N(INDEX_OF,     ".indexOf",                                               \
      "position of the first occurrence, from a position on if given; "       \
      "-1: none")                                                             \
    N(LAST_INDEX_OF, ".lastIndexOf",                                          \
      "position of the last occurrence, up to a position if given; -1: "      \
      "none")                                                                 \
    N(JOIN,         ".join",                                                  \
      "the elements one behind the other, with the text between them")        \
    N(REPLACE,      ".replace",                                               \
      "with each occurrence replaced, or the first n of them")                \
    N(SPLIT,        ".split",                                                 \
      "the parts between the separators, n parts at most if given")           \
    N(SUBSTRING,    ".substring",                                             \
      "from a position, up to but without another if given")                  \
    N(TRIM,         ".trim",                                                  \
      "without white space at both ends")                                     \
    N(REVERSE,      ".reverse",                                               \
      "the characters in reverse")                                            \
    N(QUOTE,        "strings.quote",                                          \
      "as a literal in double quotes, with escapes")                          \
    N(FORMAT,       ".format",                                                \
      "the text with each %s %d %f %e %b %o %x %X replaced by the next "      \
      "element; %.3f has 3 places")                                           \
    N(GREATEST,     "math.greatest",                                          \
      "the greatest of its arguments, of which there may be more, or of"      \
      " a list")                                                              \
    N(LEAST,        "math.least",                                             \
      "the least, likewise")                                                  \
    N(CEIL,         "math.ceil",                                              \
      "up to the next whole number")                                          \
    N(FLOOR,        "math.floor",                                             \
      "down to the next whole number")                                        \
    N(ROUND,        "math.round",                                             \
      "to the nearest whole number, halves away from 0")                      \
    N(TRUNC,        "math.trunc",                                             \
      "toward 0")                                                             \
    N(ABS,          "math.abs",                                               \
      "without its sign; an error where it does not fit")                     \
    N(SIGN,         "math.sign",                                              \
      "-1, 0 or 1 of the same type")                                          \
    N(SQRT,         "math.sqrt",                                              \
      "square root; NaN of a negative number")                                \
    N(IS_NAN,       "math.isNaN",                                             \
      "whether it is not a number")                                           \
    N(IS_INF,       "math.isInf",                                             \
      "whether it is infinite")                                               \
    N(IS_FINITE,    "math.isFinite",                                          \
      "whether it is neither")                                                \
    N(BIT_AND,      "math.bitAnd",                                            \
      "bits that both have")                                                  \
    N(BIT_OR,       "math.bitOr",                                             \
      "bits that one has")                                                    \
    N(BIT_XOR,      "math.bitXor",                                            \
      "bits that one alone has")                                              \
    N(BIT_NOT,      "math.bitNot",                                            \
      "all bits turned")                                                      \
    N(SHIFT_LEFT,   "math.bitShiftLeft",                                      \
      "bits moved up; 0 from 64 on; an error by a negative number")           \
    N(SHIFT_RIGHT,  "math.bitShiftRight",                                     \
      "bits moved down, zeros follow; 0 from 64 on; an error by a "           \
      "negative number")                                                      \
    N(BASE64_ENCODE, "base64.encode",                                         \
      "in base64 with padding")                                               \
    N(BASE64_DECODE, "base64.decode",                                         \
      "from base64, with padding or without; an error for what is none")      \
    N(IS_IP,        "isIP",                                                   \
      "whether ip() takes the text")                                          \
    N(IS_CANONICAL, "ip.isCanonical",                                         \
      "whether the address is written in its shortest form; an error "        \
      "for what is no address")                                               \
    N(IS_CIDR,      "isCIDR",                                                 \
      "whether cidr() takes the text")                                        \
    N(FAMILY,       ".family",                                                \
      "4 or 6")                                                               \
    N(IS_UNSPECIFIED, ".isUnspecified",                                       \
      "whether it is 0.0.0.0 or ::")                                          \
    N(IS_LOOPBACK,  ".isLoopback",                                            \
      "whether it is of 127.0.0.0/8, or ::1")                                 \
    N(IS_LINK_MULTICAST, ".isLinkLocalMulticast",                             \
      "whether it is of 224.0.0.0/24 or ff02::/16")                           \
    N(IS_LINK_UNICAST, ".isLinkLocalUnicast",                                 \
      "whether it is of 169.254.0.0/16 or fe80::/10")                         \
    N(IS_GLOBAL_UNICAST, ".isGlobalUnicast",                                  \
      "whether it is none of these, nor any multicast or the broadcast "      \
      "address")                                                              \
    N(CONTAINS_CIDR, ".containsCIDR",                                         \
      "whether the other prefix lies within this one")                        \
    N(M_IP,         ".ip",                                                    \
      "the address of a prefix, as written")                                  \
    N(MASKED,       ".masked",                                                \
      "the prefix without bits behind its length")                            \
    N(PREFIX_LENGTH, ".prefixLength",                                         \
      "the length of a prefix")                                               \
    N(HAS_PERMISSION, "hasPermission",                                        \
      "whether a role of the caller has the permission, a constant without "  \
      "wildcard; from phase access on, and false of an anonymous caller")     \
    N(ROLLOUT,      "@rollout",                                               \
      "whether a flag is on for a key; what flags.NAME becomes")

typedef enum {
#define N(name, cel, doc)  WEIR_N_##name,
    WEIR_FN_NAMES(N)
#undef N
    WEIR_N_COUNT
} weir_fn_name_t;

#define WEIR_ORDERED(F, NAME)                                                 \
    F(NAME##_BOOL,      NAME, BOOL, (BOOL, BOOL), 1, "")                      \
    F(NAME##_INT,       NAME, BOOL, (INT, INT), 1, "")                        \
    F(NAME##_UINT,      NAME, BOOL, (UINT, UINT), 1, "")                      \
    F(NAME##_DOUBLE,    NAME, BOOL, (DOUBLE, DOUBLE), 1, "")                  \
    F(NAME##_STRING,    NAME, BOOL, (STRING, STRING), LEN, "")                \
    F(NAME##_BYTES,     NAME, BOOL, (BYTES, BYTES), LEN, "")                  \
    F(NAME##_TIMESTAMP, NAME, BOOL, (TIMESTAMP, TIMESTAMP), 1, "")            \
    F(NAME##_DURATION,  NAME, BOOL, (DURATION, DURATION), 1, "")              \
    F(NAME##_INT_UINT,  NAME, BOOL, (INT, UINT), 1, "")                       \
    F(NAME##_INT_DOUBLE, NAME, BOOL, (INT, DOUBLE), 1, "")                    \
    F(NAME##_UINT_INT,  NAME, BOOL, (UINT, INT), 1, "")                       \
    F(NAME##_UINT_DOUBLE, NAME, BOOL, (UINT, DOUBLE), 1, "")                  \
    F(NAME##_DOUBLE_INT, NAME, BOOL, (DOUBLE, INT), 1, "")                    \
    F(NAME##_DOUBLE_UINT, NAME, BOOL, (DOUBLE, UINT), 1, "")

#define WEIR_TIME_PART(F, NAME)                                               \
    F(NAME##_UTC,  NAME, INT, (TIMESTAMP), 5, "")                             \
    F(NAME##_ZONE, NAME, INT, (TIMESTAMP, STRING), 50, "")

#define WEIR_EXTREME(F, NAME)                                                 \
    F(NAME##_INT,       NAME, INT, (INT), 1, "")                              \
    F(NAME##_UINT,      NAME, UINT, (UINT), 1, "")                            \
    F(NAME##_DOUBLE,    NAME, DOUBLE, (DOUBLE), 1, "")                        \
    F(NAME##_INTS,      NAME, DYN, (LIST), LEN, "list<int>:int")              \
    F(NAME##_UINTS,     NAME, DYN, (LIST), LEN, "list<uint>:uint")            \
    F(NAME##_DOUBLES,   NAME, DYN, (LIST), LEN, "list<double>:double")        \
    F(NAME##_INT_INT,   NAME, INT, (INT, INT), 1, "")                         \
    F(NAME##_UINT_UINT, NAME, UINT, (UINT, UINT), 1, "")                      \
    F(NAME##_DOUBLE_DOUBLE, NAME, DOUBLE, (DOUBLE, DOUBLE), 1, "")            \
    F(NAME##_INT_UINT,  NAME, DYN, (INT, UINT), 1, "int,uint:dyn")            \
    F(NAME##_INT_DOUBLE, NAME, DYN, (INT, DOUBLE), 1, "int,double:dyn")       \
    F(NAME##_UINT_INT,  NAME, DYN, (UINT, INT), 1, "uint,int:dyn")            \
    F(NAME##_UINT_DOUBLE, NAME, DYN, (UINT, DOUBLE), 1, "uint,double:dyn")    \
    F(NAME##_DOUBLE_INT, NAME, DYN, (DOUBLE, INT), 1, "double,int:dyn")       \
    F(NAME##_DOUBLE_UINT, NAME, DYN, (DOUBLE, UINT), 1, "double,uint:dyn")

#define WEIR_BITS(F, NAME)                                                    \
    F(NAME##_INT,       NAME, INT, (INT, INT), 1, "")                         \
    F(NAME##_UINT,      NAME, UINT, (UINT, UINT), 1, "")

#define WEIR_FUNCTIONS(F)                                                     \
    F(NOT_BOOL,     NOT,  BOOL, (BOOL), 1, "")                                \
    F(NEG_INT,      NEG,  INT, (INT), 1, "")                                  \
    F(NEG_DOUBLE,   NEG,  DOUBLE, (DOUBLE), 1, "")                            \
    /* typed ones first: the checker takes the first that fits */             \
    F(EQ_BOOL,      EQ,   BOOL, (BOOL, BOOL), 1, "")                          \
    F(EQ_INT,       EQ,   BOOL, (INT, INT), 1, "")                            \
    F(EQ_STRING,    EQ,   BOOL, (STRING, STRING), LEN, "")                    \
    F(EQ_ANY,       EQ,   BOOL, (DYN, DYN), LEN, "A,A:bool")                  \
    F(NE_BOOL,      NE,   BOOL, (BOOL, BOOL), 1, "")                          \
    F(NE_INT,       NE,   BOOL, (INT, INT), 1, "")                            \
    F(NE_STRING,    NE,   BOOL, (STRING, STRING), LEN, "")                    \
    F(NE_ANY,       NE,   BOOL, (DYN, DYN), LEN, "A,A:bool")                  \
    WEIR_ORDERED(F, LT)                                                       \
    WEIR_ORDERED(F, LE)                                                       \
    WEIR_ORDERED(F, GT)                                                       \
    WEIR_ORDERED(F, GE)                                                       \
    F(ADD_INT,      ADD,  INT, (INT, INT), 1, "")                             \
    F(ADD_UINT,     ADD,  UINT, (UINT, UINT), 1, "")                          \
    F(ADD_DOUBLE,   ADD,  DOUBLE, (DOUBLE, DOUBLE), 1, "")                    \
    F(ADD_STRING,   ADD,  STRING, (STRING, STRING), LEN, "")                  \
    F(ADD_BYTES,    ADD,  BYTES, (BYTES, BYTES), LEN, "")                     \
    F(ADD_LIST,     ADD,  LIST, (LIST, LIST), LEN,                            \
      "list<A>,list<A>:list<A>")                                              \
    F(ADD_TIME_DUR, ADD,  TIMESTAMP, (TIMESTAMP, DURATION), 1, "")            \
    F(ADD_DUR_TIME, ADD,  TIMESTAMP, (DURATION, TIMESTAMP), 1, "")            \
    F(ADD_DURATION, ADD,  DURATION, (DURATION, DURATION), 1, "")              \
    F(SUB_INT,      SUB,  INT, (INT, INT), 1, "")                             \
    F(SUB_UINT,     SUB,  UINT, (UINT, UINT), 1, "")                          \
    F(SUB_DOUBLE,   SUB,  DOUBLE, (DOUBLE, DOUBLE), 1, "")                    \
    F(SUB_TIME,     SUB,  DURATION, (TIMESTAMP, TIMESTAMP), 1, "")            \
    F(SUB_TIME_DUR, SUB,  TIMESTAMP, (TIMESTAMP, DURATION), 1, "")            \
    F(SUB_DURATION, SUB,  DURATION, (DURATION, DURATION), 1, "")              \
    F(MUL_INT,      MUL,  INT, (INT, INT), 1, "")                             \
    F(MUL_UINT,     MUL,  UINT, (UINT, UINT), 1, "")                          \
    F(MUL_DOUBLE,   MUL,  DOUBLE, (DOUBLE, DOUBLE), 1, "")                    \
    F(DIV_INT,      DIV,  INT, (INT, INT), 1, "")                             \
    F(DIV_UINT,     DIV,  UINT, (UINT, UINT), 1, "")                          \
    F(DIV_DOUBLE,   DIV,  DOUBLE, (DOUBLE, DOUBLE), 1, "")                    \
    F(MOD_INT,      MOD,  INT, (INT, INT), 1, "")                             \
    F(MOD_UINT,     MOD,  UINT, (UINT, UINT), 1, "")                          \
    F(IN_LIST,      IN,   BOOL, (DYN, LIST), LEN, "A,list<A>:bool")           \
    F(IN_MAP,       IN,   BOOL, (DYN, MAP), LEN, "A,map<A, B>:bool")          \
    F(INDEX_LIST,   INDEX, DYN, (LIST, INT), 1, "list<A>,int:A")              \
    F(INDEX_LIST_ANY, INDEX, DYN, (LIST, DYN), 1, "list<A>,dyn:A")            \
    F(INDEX_MAP,    INDEX, DYN, (MAP, DYN), LEN, "map<A, B>,A:B")             \
    /* an optional passes on to the list or map it holds; none stays none */  \
    F(INDEX_OPT,    INDEX, OPTIONAL, (OPTIONAL, DYN), LEN,                    \
      "optional_type<map<A, B>>,A:optional_type<B>")                          \
    F(INDEX_OPT_LIST, INDEX, OPTIONAL, (OPTIONAL, INT), 1,                    \
      "optional_type<list<A>>,int:optional_type<A>")                          \
    F(OPT_INDEX_LIST, OPT_INDEX, OPTIONAL, (LIST, INT), 1,                    \
      "list<A>,int:optional_type<A>")                                         \
    F(OPT_INDEX_MAP, OPT_INDEX, OPTIONAL, (MAP, DYN), LEN,                    \
      "map<A, B>,A:optional_type<B>")                                         \
    F(OPT_INDEX_OPT, OPT_INDEX, OPTIONAL, (OPTIONAL, DYN), LEN,               \
      "optional_type<map<A, B>>,A:optional_type<B>")                          \
    F(OPT_INDEX_OPT_LIST, OPT_INDEX, OPTIONAL, (OPTIONAL, INT), 1,            \
      "optional_type<list<A>>,int:optional_type<A>")                          \
    F(SIZE_STRING,  SIZE, INT, (STRING), LEN, "")                             \
    F(SIZE_BYTES,   SIZE, INT, (BYTES), 1, "")                                \
    F(SIZE_LIST,    SIZE, INT, (LIST), 1, "list<A>:int")                      \
    F(SIZE_MAP,     SIZE, INT, (MAP), 1, "map<A, B>:int")                     \
    F(M_SIZE_STRING, M_SIZE, INT, (STRING), LEN, "")                          \
    F(M_SIZE_BYTES, M_SIZE, INT, (BYTES), 1, "")                              \
    F(M_SIZE_LIST,  M_SIZE, INT, (LIST), 1, "list<A>:int")                    \
    F(M_SIZE_MAP,   M_SIZE, INT, (MAP), 1, "map<A, B>:int")                   \
    F(CONTAINS_STRING, CONTAINS, BOOL, (STRING, STRING), LEN, "")             \
    F(CONTAINS_CIDRS, CONTAINS, BOOL, (CIDRS, IP), 10, "")                    \
    F(CONTAINS_CIDRS_S, CONTAINS, BOOL, (CIDRS, STRING), 40, "")              \
    F(STARTS_WITH_S, STARTS_WITH, BOOL, (STRING, STRING), LEN, "")            \
    F(ENDS_WITH_S,  ENDS_WITH, BOOL, (STRING, STRING), LEN, "")               \
    /* the emitter puts a compiled pattern in the place of a constant one */  \
    F(MATCHES_S,    MATCHES, BOOL, (STRING, STRING), LEN, "")                 \
    F(MATCHES_RE,   MATCHES, BOOL, (STRING, REGEX), LEN, "")                  \
    F(M_MATCHES_S,  M_MATCHES, BOOL, (STRING, STRING), LEN, "")               \
    F(M_MATCHES_RE, M_MATCHES, BOOL, (STRING, REGEX), LEN, "")                \
    F(LOWER_ASCII_S, LOWER_ASCII, STRING, (STRING), LEN, "")                  \
    F(UPPER_ASCII_S, UPPER_ASCII, STRING, (STRING), LEN, "")                  \
    F(BOOL_BOOL,    BOOL, BOOL, (BOOL), 1, "")                                \
    F(BOOL_STRING,  BOOL, BOOL, (STRING), 1, "")                              \
    F(INT_INT,      INT,  INT, (INT), 1, "")                                  \
    F(INT_UINT,     INT,  INT, (UINT), 1, "")                                 \
    F(INT_DOUBLE,   INT,  INT, (DOUBLE), 1, "")                               \
    F(INT_STRING,   INT,  INT, (STRING), 5, "")                               \
    F(INT_TIMESTAMP, INT, INT, (TIMESTAMP), 1, "")                            \
    F(UINT_UINT,    UINT, UINT, (UINT), 1, "")                                \
    F(UINT_INT,     UINT, UINT, (INT), 1, "")                                 \
    F(UINT_DOUBLE,  UINT, UINT, (DOUBLE), 1, "")                              \
    F(UINT_STRING,  UINT, UINT, (STRING), 5, "")                              \
    F(DOUBLE_DOUBLE, DOUBLE, DOUBLE, (DOUBLE), 1, "")                         \
    F(DOUBLE_INT,   DOUBLE, DOUBLE, (INT), 1, "")                             \
    F(DOUBLE_UINT,  DOUBLE, DOUBLE, (UINT), 1, "")                            \
    F(DOUBLE_STRING, DOUBLE, DOUBLE, (STRING), 20, "")                        \
    F(STRING_STRING, STRING, STRING, (STRING), 1, "")                         \
    F(STRING_BOOL,  STRING, STRING, (BOOL), 1, "")                            \
    F(STRING_INT,   STRING, STRING, (INT), 10, "")                            \
    F(STRING_UINT,  STRING, STRING, (UINT), 10, "")                           \
    F(STRING_DOUBLE, STRING, STRING, (DOUBLE), 100, "")                       \
    F(STRING_BYTES, STRING, STRING, (BYTES), LEN, "")                         \
    F(STRING_TIMESTAMP, STRING, STRING, (TIMESTAMP), 50, "")                  \
    F(STRING_DURATION, STRING, STRING, (DURATION), 50, "")                    \
    F(STRING_IP,    STRING, STRING, (IP), 50, "")                             \
    F(STRING_CIDR,  STRING, STRING, (CIDR), 50, "")                           \
    F(BYTES_BYTES,  BYTES, BYTES, (BYTES), 1, "")                             \
    F(BYTES_STRING, BYTES, BYTES, (STRING), 1, "")                            \
    F(TYPE_ANY,     TYPE, TYPE, (DYN), 1, "A:type<A>")                        \
    F(DYN_ANY,      DYN,  DYN, (DYN), 1, "A:dyn")                             \
    F(TIMESTAMP_TIMESTAMP, TIMESTAMP, TIMESTAMP, (TIMESTAMP), 1, "")          \
    F(TIMESTAMP_STRING, TIMESTAMP, TIMESTAMP, (STRING), 30, "")               \
    F(TIMESTAMP_INT, TIMESTAMP, TIMESTAMP, (INT), 1, "")                      \
    F(DURATION_DURATION, DURATION, DURATION, (DURATION), 1, "")               \
    F(DURATION_STRING, DURATION, DURATION, (STRING), 30, "")                  \
    WEIR_TIME_PART(F, FULL_YEAR)                                              \
    WEIR_TIME_PART(F, MONTH)                                                  \
    WEIR_TIME_PART(F, DATE)                                                   \
    WEIR_TIME_PART(F, DAY_OF_MONTH)                                           \
    WEIR_TIME_PART(F, DAY_OF_WEEK)                                            \
    WEIR_TIME_PART(F, DAY_OF_YEAR)                                            \
    WEIR_TIME_PART(F, HOURS)                                                  \
    F(HOURS_DURATION, HOURS, INT, (DURATION), 1, "")                          \
    WEIR_TIME_PART(F, MINUTES)                                                \
    F(MINUTES_DURATION, MINUTES, INT, (DURATION), 1, "")                      \
    WEIR_TIME_PART(F, SECONDS)                                                \
    F(SECONDS_DURATION, SECONDS, INT, (DURATION), 1, "")                      \
    WEIR_TIME_PART(F, MILLISECONDS)                                           \
    F(MILLISECONDS_DURATION, MILLISECONDS, INT, (DURATION), 1, "")            \
    F(OPT_OF_ANY,   OPT_OF, OPTIONAL, (DYN), 1, "A:optional_type<A>")         \
    F(OPT_NON_ZERO_ANY, OPT_NON_ZERO, OPTIONAL, (DYN), 1,                     \
      "A:optional_type<A>")                                                   \
    F(OPT_NONE_,    OPT_NONE, OPTIONAL, (), 1, ":optional_type<A>")           \
    F(HAS_VALUE_OPT, HAS_VALUE, BOOL, (OPTIONAL), 1,                          \
      "optional_type<A>:bool")                                                \
    F(VALUE_OPT,    VALUE, DYN, (OPTIONAL), 1, "optional_type<A>:A")          \
    F(OR_VALUE_OPT, OR_VALUE, DYN, (OPTIONAL, DYN), 1,                        \
      "optional_type<A>,A:A")                                                 \
    F(OR_OPT_OPT,   OR_OPT, OPTIONAL, (OPTIONAL, OPTIONAL), 1,                \
      "optional_type<A>,optional_type<A>:optional_type<A>")                   \
    F(IP_STRING,    IP,   IP, (STRING), 30, "")                               \
    F(CIDR_STRING,  CIDR, CIDR, (STRING), 30, "")                             \
    F(CONTAINS_IP_IP, CONTAINS_IP, BOOL, (CIDR, IP), 5, "")                   \
    F(CONTAINS_IP_S, CONTAINS_IP, BOOL, (CIDR, STRING), 30, "")               \
    F(CHAR_AT_INT,  CHAR_AT, STRING, (STRING, INT), LEN, "")                  \
    F(INDEX_OF_S,   INDEX_OF, INT, (STRING, STRING), LEN, "")                 \
    F(INDEX_OF_FROM, INDEX_OF, INT, (STRING, STRING, INT), LEN, "")           \
    F(LAST_INDEX_OF_S, LAST_INDEX_OF, INT, (STRING, STRING), LEN, "")         \
    F(LAST_INDEX_OF_FROM, LAST_INDEX_OF, INT, (STRING, STRING, INT), LEN, "") \
    F(JOIN_LIST,    JOIN, STRING, (LIST), LEN, "list<string>:string")         \
    F(JOIN_SEP,     JOIN, STRING, (LIST, STRING), LEN,                        \
      "list<string>,string:string")                                           \
    F(REPLACE_ALL,  REPLACE, STRING, (STRING, STRING, STRING), LEN, "")       \
    F(REPLACE_N,    REPLACE, STRING, (STRING, STRING, STRING, INT), LEN, "")  \
    F(SPLIT_ALL,    SPLIT, LIST, (STRING, STRING), LEN,                       \
      "string,string:list<string>")                                           \
    F(SPLIT_N,      SPLIT, LIST, (STRING, STRING, INT), LEN,                  \
      "string,string,int:list<string>")                                       \
    F(SUBSTRING_FROM, SUBSTRING, STRING, (STRING, INT), LEN, "")              \
    F(SUBSTRING_RANGE, SUBSTRING, STRING, (STRING, INT, INT), LEN, "")        \
    F(TRIM_S,       TRIM, STRING, (STRING), LEN, "")                          \
    F(REVERSE_S,    REVERSE, STRING, (STRING), LEN, "")                       \
    F(QUOTE_S,      QUOTE, STRING, (STRING), LEN, "")                         \
    F(FORMAT_LIST,  FORMAT, STRING, (STRING, LIST), LEN,                      \
      "string,list<A>:string")                                                \
    WEIR_EXTREME(F, GREATEST)                                                 \
    WEIR_EXTREME(F, LEAST)                                                    \
    F(CEIL_DOUBLE,  CEIL, DOUBLE, (DOUBLE), 1, "")                            \
    F(FLOOR_DOUBLE, FLOOR, DOUBLE, (DOUBLE), 1, "")                           \
    F(ROUND_DOUBLE, ROUND, DOUBLE, (DOUBLE), 1, "")                           \
    F(TRUNC_DOUBLE, TRUNC, DOUBLE, (DOUBLE), 1, "")                           \
    F(ABS_INT,      ABS,  INT, (INT), 1, "")                                  \
    F(ABS_UINT,     ABS,  UINT, (UINT), 1, "")                                \
    F(ABS_DOUBLE,   ABS,  DOUBLE, (DOUBLE), 1, "")                            \
    F(SIGN_INT,     SIGN, INT, (INT), 1, "")                                  \
    F(SIGN_UINT,    SIGN, UINT, (UINT), 1, "")                                \
    F(SIGN_DOUBLE,  SIGN, DOUBLE, (DOUBLE), 1, "")                            \
    F(SQRT_INT,     SQRT, DOUBLE, (INT), 5, "")                               \
    F(SQRT_UINT,    SQRT, DOUBLE, (UINT), 5, "")                              \
    F(SQRT_DOUBLE,  SQRT, DOUBLE, (DOUBLE), 5, "")                            \
    F(IS_NAN_DOUBLE, IS_NAN, BOOL, (DOUBLE), 1, "")                           \
    F(IS_INF_DOUBLE, IS_INF, BOOL, (DOUBLE), 1, "")                           \
    F(IS_FINITE_DOUBLE, IS_FINITE, BOOL, (DOUBLE), 1, "")                     \
    WEIR_BITS(F, BIT_AND)                                                     \
    WEIR_BITS(F, BIT_OR)                                                      \
    WEIR_BITS(F, BIT_XOR)                                                     \
    F(BIT_NOT_INT,  BIT_NOT, INT, (INT), 1, "")                               \
    F(BIT_NOT_UINT, BIT_NOT, UINT, (UINT), 1, "")                             \
    F(SHIFT_LEFT_INT, SHIFT_LEFT, INT, (INT, INT), 1, "")                     \
    F(SHIFT_LEFT_UINT, SHIFT_LEFT, UINT, (UINT, INT), 1, "")                  \
    F(SHIFT_RIGHT_INT, SHIFT_RIGHT, INT, (INT, INT), 1, "")                   \
    F(SHIFT_RIGHT_UINT, SHIFT_RIGHT, UINT, (UINT, INT), 1, "")                \
    F(BASE64_ENCODE_BYTES, BASE64_ENCODE, STRING, (BYTES), LEN, "")           \
    F(BASE64_DECODE_S, BASE64_DECODE, BYTES, (STRING), LEN, "")               \
    F(IS_IP_S,      IS_IP, BOOL, (STRING), 30, "")                            \
    F(IS_CANONICAL_S, IS_CANONICAL, BOOL, (STRING), 60, "")                   \
    F(IS_CIDR_S,    IS_CIDR, BOOL, (STRING), 30, "")                          \
    F(FAMILY_IP,    FAMILY, INT, (IP), 1, "")                                 \
    F(IS_UNSPECIFIED_IP, IS_UNSPECIFIED, BOOL, (IP), 5, "")                   \
    F(IS_LOOPBACK_IP, IS_LOOPBACK, BOOL, (IP), 5, "")                         \
    F(IS_LINK_MULTICAST_IP, IS_LINK_MULTICAST, BOOL, (IP), 5, "")             \
    F(IS_LINK_UNICAST_IP, IS_LINK_UNICAST, BOOL, (IP), 5, "")                 \
    F(IS_GLOBAL_UNICAST_IP, IS_GLOBAL_UNICAST, BOOL, (IP), 10, "")            \
    F(CONTAINS_CIDR_CIDR, CONTAINS_CIDR, BOOL, (CIDR, CIDR), 5, "")           \
    F(CONTAINS_CIDR_S, CONTAINS_CIDR, BOOL, (CIDR, STRING), 30, "")           \
    F(M_IP_CIDR,    M_IP, IP, (CIDR), 1, "")                                  \
    F(MASKED_CIDR,  MASKED, CIDR, (CIDR), 20, "")                             \
    F(PREFIX_LENGTH_CIDR, PREFIX_LENGTH, INT, (CIDR), 1, "")                  \
    F(HAS_PERMISSION_S, HAS_PERMISSION, BOOL, (STRING), 1, "")                \
    /* of the caller's roles, the index among permissions: the compiler's */  \
    F(HAS_PERMISSION_OF, HAS_PERMISSION, BOOL, (LIST, INT), 2000,             \
      "list<string>,int:bool")                                                \
    /* of a key, the two halves of the salt's id, the share in 1/10000 */     \
    F(ROLLOUT_OF,   ROLLOUT, BOOL, (STRING, INT, INT, INT), LEN, "")

typedef enum {
#define F(id, name, result, args, cost, sig)  WEIR_FN_##id,
    WEIR_FUNCTIONS(F)
#undef F
    WEIR_FN_COUNT
} weir_fn_t;

#define WEIR_COST_LEN  0xffff

typedef struct {
    const char     *id;         /* "ADD_INT", in disassembly */
    const char     *generic;    /* "" or args:result */
    unsigned        name;       /* weir_fn_name_t */
    unsigned        result;     /* weir_kind_t; DYN = as the generic says */
    unsigned        nargs;
    unsigned char   args[4];    /* weir_kind_t; DYN takes any */
    unsigned        cost;       /* WEIR_COST_LEN = grows with the input */
} weir_fn_info_t;

extern const weir_fn_info_t  weir_fns[WEIR_FN_COUNT];

/* The CEL name of a weir_fn_name_t. */
const char *weir_fn_name(unsigned name);

#endif
