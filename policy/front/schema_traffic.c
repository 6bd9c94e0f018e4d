/*
 * schema_traffic.c: the keys that say which of several servers gets a request.
 */

#include "front/schema_table.h"
#include "image/bounds.h"
#include "image/format.h"

#define NUMBER(most)  { .form = WEIR_F_INT, .min = 1, .max = (most) }


static const weir_type_t  method = OF(METHOD);
static const weir_type_t  step = OF(STEP);


/* flags */

static const weir_key_t  flag_keys[] = {
    { "rollout", REQ, OF(PERCENT), "Share of keys that it is on for." },
    { "key", REQ, OF(CEL),
      "What it is on or off for, text, as principal.sub; for \"\" it is "
      "off." },
    { "salt", OPT, OF(TEXT),
      "Flags of one salt are on for the same keys; the name unless given." }
};

const weir_object_t  weir_schema_flag = {
    "flag", "a flag", KEYS(flag_keys), NULL
};


/* arms */

static const weir_key_t  breaker_keys[] = {
    { "failures", OPT, NUMBER(WEIR_MAX_BREAKER),
      "Failures one behind the other that cut the arm off." },
    { "error_rate", OPT, OF(PERCENT),
      "Share of failures, over \"window\", that cuts the arm off." },
    { "window", OPT, OF(DURATION),
      "Time over which error_rate is looked at; 10s unless given." },
    { "min_requests", OPT, NUMBER(WEIR_MAX_BREAKER),
      "Requests in the window without which error_rate says nothing; 20 "
      "unless given." },
    { "open", OPT, OF(DURATION),
      "How long the arm is cut off before it is tried again; 30s unless "
      "given." },
    { "probes", OPT, NUMBER(WEIR_MAX_BREAKER),
      "Requests that try it, which must succeed; 1 unless given." },
    { "fallback", OPT, OF(ID),
      "Arm that gets its requests meanwhile; unless given, or while that is "
      "cut off too, they are refused with 503 and Retry-After." }
};

static const weir_object_t  breaker = {
    "breaker", "a breaker", KEYS(breaker_keys), NULL
};

static const weir_key_t  arm_keys[] = {
    { "weight", REQ, OF(WEIGHT),
      "Share of the keys; those of a split add up to 100%." },
    { "upstream", REQ, OF(ID),
      "Name of the upstream block in nginx's configuration." },
    { "breaker", OPT, OBJ(breaker),
      "When the arm is cut off, on each node." }
};

static const weir_object_t  arm = {
    "arm", "an arm", KEYS(arm_keys), NULL
};

static const weir_type_t  arm_type = OBJ(arm);


/* splits */

static const weir_key_t  cookie_keys[] = {
    { "name", REQ, OF(COOKIE), "Name of the cookie." },
    { "max_age", OPT, OF(DURATION),
      "How long browsers keep it, up to 400d; until they end unless given." }
};

static const weir_object_t  cookie = {
    "pin_cookie", "\"cookie\"", KEYS(cookie_keys), NULL
};

static const weir_key_t  override_keys[] = {
    { "header", OPT, OF(HEADER), "A header that must be \"equals\"." },
    { "cookie", OPT, OF(COOKIE), "A cookie that must be \"equals\"." },
    { "equals", OPT, OF(TEXT), "The whole value." },
    { "when", OPT, OF(CEL),
      "Must be true, too; where it fails, the override does not match." },
    { "use", REQ, OF(ID), "The arm." }
};

static const weir_object_t  override = {
    "override", "an override", KEYS(override_keys), NULL
};

static const weir_type_t  override_type = OBJ(override);

static const char *const  actions[] = { "rollback", "report", NULL };

static const weir_key_t  guard_keys[] = {
    { "arm", REQ, OF(ID), "The arm that is watched." },
    { "versus", OPT, OF(ID),
      "The arm that it is compared with, and that gets its requests when it "
      "is rolled back; the other one of two unless given." },
    { "window", REQ, OF(DURATION),
      "Time over which answers are compared, from 1s to 24h." },
    { "min_requests", OPT, NUMBER(WEIR_MAX_GUARD_REQUESTS),
      "Answers of either arm in the window without which nothing is said; "
      "100 unless given." },
    { "error_rate", OPT, OF(PERCENT),
      "How much larger its share of errors may be." },
#define Q(id, text, below)                                                    \
    { text, OPT, OF(RATIO),                                                   \
      "How many times the other's " #id " latency it may have.  Times are "   \
      "whole milliseconds: what that may hide does not count." },
    WEIR_QUANTILES(Q)
#undef Q
    { "action", OPT, WORD(actions),
      "What becomes of an arm that is worse: its weight goes to \"versus\" "
      "(rollback, unless given), or it is only reported." },
    { "hold", OPT, OF(DURATION),
      "How long a rollback holds; unless given, until somebody resumes, or "
      "the split reads differently." }
};

static const weir_object_t  guard = {
    "guard", "\"guard\"", KEYS(guard_keys), NULL
};

static const weir_key_t  ramp_keys[] = {
    { "arm", REQ, OF(ID), "The guard's arm." },
    { "steps", REQ,
      { .form = WEIR_F_LIST, .item = &step, .min = 1,
        .max = WEIR_MAX_STEPS },
      "Shares of all requests, growing, each with the time after which the "
      "next one follows if the guard is content; the last has none." }
};

static const weir_object_t  ramp = {
    "ramp", "\"ramp\"", KEYS(ramp_keys), NULL
};

static const weir_key_t  mirror_keys[] = {
    { "upstream", REQ, OF(ID),
      "Name of the upstream block that gets copies, whose answers nobody "
      "waits for." },
    { "sample", OPT, OF(PERCENT),
      "Share of requests that are copied; 100% unless given." },
    { "methods", OPT,
      { .form = WEIR_F_LIST, .item = &method, .min = 1 },
      "Methods that are copied; GET and HEAD unless given." },
    { "timeout", OPT, OF(DURATION),
      "How long a copy may take, up to 1m; 5s unless given." }
};

static const weir_object_t  mirror = {
    "mirror", "\"mirror\"", KEYS(mirror_keys), NULL
};

static const weir_key_t  split_keys[] = {
    { "arms", REQ, MAP(ID, arm_type),
      "Two to eight arms by name, each a share of the keys." },
    { "sticky", OPT, OF(CEL),
      "The key, text, as principal.sub: one key has one arm on every node." },
    { "salt", OPT, OF(TEXT),
      "What else decides about a key's arm; the name unless given." },
    { "cookie", OPT, OBJ(cookie),
      "A cookie that gives a request without key its arm, signed: \"salt\" "
      "must be given, of 16 characters or more, and be kept secret." },
    { "override", OPT,
      { .form = WEIR_F_LIST, .item = &override_type,
        .max = WEIR_MAX_OVERRIDES },
      "Which requests get a certain arm; the first that matches decides." },
    { "guard", OPT, OBJ(guard),
      "When an arm is so much worse than another that it is rolled back." },
    { "ramp", OPT, OBJ(ramp),
      "How an arm gets more and more, as long as the guard is content." },
    { "mirror", OPT, OBJ(mirror), "Where copies of requests go." }
};

const weir_object_t  weir_schema_split = {
    "split", "a split", KEYS(split_keys), NULL
};
