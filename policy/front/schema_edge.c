/*
 * schema_edge.c: the keys that say what becomes of requests and answers at
 * the edge: who else's pages may ask, what is rewritten, what is announced.
 */

#include "front/schema_table.h"
#include "image/bounds.h"


static const weir_type_t  text = OF(TEXT);
static const weir_type_t  filled = OF(FILLED);
static const weir_type_t  header = OF(HEADER);
static const weir_type_t  method = OF(METHOD);


/* cors */

static const weir_key_t  cors_keys[] = {
    { "origins", REQ,
      { .form = WEIR_F_LIST, .item = &text, .min = 1,
        .max = WEIR_MAX_ORIGINS },
      "Whose pages may read answers: https://app.example, "
      "https://*.app.example (one label or more), null, or * alone.  They "
      "mean what browsers write: capitals and a scheme's own port, as in "
      "https://App.Example:443, make no difference." },
    { "methods", OPT, { .form = WEIR_F_LIST, .item = &method, .min = 1 },
      "Methods that they may use besides GET, HEAD and POST; * is any." },
    { "headers", OPT, { .form = WEIR_F_LIST, .item = &header, .min = 1 },
      "Headers that they may send besides those of any form; * is any but "
      "Authorization." },
    { "expose", OPT, { .form = WEIR_F_LIST, .item = &header, .min = 1 },
      "Headers of an answer that they may read besides the usual ones; * is "
      "any." },
    { "credentials", OPT, OF(BOOL),
      "Whether requests with cookies or certificates are let in; false "
      "unless given.  Not with *, which then is no wildcard." },
    { "max_age", OPT, OF(DURATION),
      "How long a browser may keep what it was told; as it likes unless "
      "given." }
};

const weir_object_t  weir_schema_cors = {
    "cors", "an item of \"cors\"", KEYS(cors_keys), NULL
};


/* maintenance */

static const weir_key_t  maintenance_keys[] = {
    { "id", REQ, OF(ID), "Name of it in decisions and audit." },
    { "when", OPT, OF(CEL),
      "The request is turned away where this is true or fails; every one "
      "unless given." },
    { "status", OPT, OF(STATUS),
      "Status of the answer; 503 unless given." },
    { "retry_after", OPT, OF(DURATION),
      "When to come back: Retry-After." },
    { "message", OPT, OF(TEXT), "What the client is told." }
};

const weir_object_t  weir_schema_maintenance = {
    "maintenance", "an item of \"maintenance\"", KEYS(maintenance_keys), NULL
};


/* version */

static const weir_key_t  version_keys[] = {
    { "name", REQ, OF(ID), "Name of the version of the interface." },
    { "deprecated", OPT, OF(TIME),
      "Since when it should not be used any more: Deprecation (RFC 9745); a "
      "date is its first second, UTC." },
    { "sunset", OPT, OF(TIME),
      "When it goes: Sunset (RFC 8594); a date is its first second, UTC." },
    { "link", OPT, OF(TEXT),
      "URL of a page that says more: Link, of the relations deprecation and "
      "sunset." }
};

const weir_object_t  weir_schema_version = {
    "version", "\"version\"", KEYS(version_keys), NULL
};


/* transform */

#define OPS_KEYS                                                              \
    { "remove", OPT, LIST(header),                                            \
      "Headers that are taken out, before others are set." },                 \
    { "set", OPT, MAP(HEADER, filled),                                        \
      "Headers that there is one of, with this value; text with ${CEL} in "   \
      "it, and $${ for a literal ${." },                                      \
    { "add", OPT, MAP(HEADER, filled),                                        \
      "Headers that there is one more of, behind those that were set." }

static const weir_key_t  request_keys[] = {
    { "path", OPT, OF(FILLED),
      "What the upstream gets in the place of the path, with ${CEL} in it, as "
      "/api${request.url_path.substring(3)}, and escaped there; one with a dot "
      "segment, ; or a backslash is refused.  The query goes along." },
    OPS_KEYS
};

static const weir_object_t  request = {
    "transform_request", "\"request\"", KEYS(request_keys), NULL
};

static const weir_key_t  response_keys[] = { OPS_KEYS };

static const weir_object_t  response = {
    "transform_response", "\"response\"", KEYS(response_keys), NULL
};

static const weir_key_t  transform_keys[] = {
    { "request", OPT, OBJ(request),
      "Of what goes to the upstream, once it is allowed." },
    { "response", OPT, OBJ(response),
      "Of what comes back; expressions may use response.code and "
      "response.headers." }
};

const weir_object_t  weir_schema_transform = {
    "transform", "\"transform\"", KEYS(transform_keys), NULL
};
