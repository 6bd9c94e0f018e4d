/*
 * schema_limits.c: the keys that say how much callers may use.
 */

#include "front/schema_table.h"
#include "image/bounds.h"
#include "image/format.h"

#define UNITS  { .form = WEIR_F_INT, .min = 1, .max = WEIR_MAX_UNITS }


static const weir_type_t  cel = OF(CEL);


/* what limits and plans share */

static const char *const  scopes[] = { "local", "cluster", NULL };

static const char *const  failures[] = {
#define F(name, text)  text,
    WEIR_STORE_FAILURES(F)
#undef F
    NULL
};

#define OVERAGE_KEY                                                           \
    { "overage", OPT, OF(PERCENT),                                            \
      "Share of a quota that may be used beyond it, said in the quota or "    \
      "beside it; none unless given." }

static const weir_key_t  quota_keys[] = {
    { "day", OPT, UNITS, "Units of a day." },
    { "week", OPT, UNITS, "Units of a week, from Monday on." },
    { "month", OPT, UNITS, "Units of a month." },
    OVERAGE_KEY
};

static const weir_object_t  quota = {
    "quota", "\"quota\"", KEYS(quota_keys), NULL
};

#define QUOTA_KEYS                                                            \
    { "quota", OPT, OBJ(quota),                                               \
      "Units of a period of the calendar; each that is given is a limit of "  \
      "its own, as NAME.day." },                                              \
    { "time_zone", OPT, OF(TEXT),                                             \
      "Where a quota's periods begin, as Europe/Dublin; UTC unless given." }, \
    OVERAGE_KEY

#define CONCURRENCY_KEY                                                       \
    { "concurrency", OPT,                                                     \
      { .form = WEIR_F_INT, .min = 1, .max = WEIR_MAX_CONCURRENCY },          \
      "Requests in flight at once, on this node." }

#define FAILURE_KEY                                                           \
    { "on_store_failure", OPT, WORD(failures),                                \
      "What becomes of requests while the store does not answer: local takes "\
      "this node's share, and is what holds unless given." }


/* limits */

static const char *const  algorithms[] = {
    "gcra", "sliding_window", "fixed_window", NULL
};

static const char *const  answers[] = { "deny", "allow", NULL };
static const char *const  charges[] = { "request", "response", NULL };
static const char *const  phases[] = { "preauth", "access", NULL };

static const char *const  limit_one[] = {
    "rate", "quota", "concurrency", NULL
};

static const weir_key_t  limit_keys[] = {
    { "key", REQ,
      { .form = WEIR_F_LIST, .item = &cel, .min = 1,
        .max = WEIR_MAX_KEY_PARTS },
      "What is counted apart: text, numbers, addresses.  The tenant is in it "
      "only as tenant.id." },
    { "rate", OPT, OF(RATE),
      "Units in a time, up to a day, and up to 1000000000 a second." },
    { "burst", OPT, UNITS,
      "Units that a rate lets pass at once; those of a second unless given, "
      "at least 1." },
    { "algorithm", OPT, WORD(algorithms),
      "How a rate counts: evenly, with a burst (gcra), in any window, or in "
      "windows one behind the other; gcra unless given." },
    QUOTA_KEYS,
    CONCURRENCY_KEY,
    { "scope", OPT, WORD(scopes),
      "Whether each node counts for itself or all of them in the store; "
      "local unless given." },
    FAILURE_KEY,
    { "lease", OPT,
      { .form = WEIR_F_INT, .min = 1, .max = WEIR_MAX_LEASE },
      "Units that a node asks the store for at once; by demand unless given.  "
      "1 asks for every request." },
    { "on_full", OPT, WORD(answers),
      "What becomes of requests that the node's table has no room for; they "
      "are refused with 503 unless given." },
    { "cost", OPT, OF(CEL), "Units of a request, a whole number; 1 unless "
      "given." },
    { "charge", OPT, WORD(charges),
      "response: the cost is known and charged when the response is out; a "
      "request needs only that something is left." },
    { "default_cost", OPT, UNITS,
      "Units of a response whose cost fails or is negative; 1 unless given." },
    { "phase", OPT, WORD(phases),
      "preauth: before callers prove who they are; access, once they may "
      "pass, unless given." },
    { "status", OPT, OF(STATUS), "Status of the refusal; 429 unless given." },
    { "message", OPT, OF(TEXT), "What the client is told." },
    { "dry_run", OPT, OF(BOOL),
      "Counts and reports, but lets the request go on." }
};

const weir_object_t  weir_schema_limit = {
    "limit", "a limit", KEYS(limit_keys), limit_one
};


/* plans */

static const weir_key_t  plan_keys[] = {
    QUOTA_KEYS,
    CONCURRENCY_KEY,
    { "scope", OPT, WORD(scopes),
      "Whether each node counts quotas for itself or all of them in the "
      "store; local unless given." },
    FAILURE_KEY
};

const weir_object_t  weir_schema_plan = {
    "plan", "a plan", KEYS(plan_keys), NULL
};
