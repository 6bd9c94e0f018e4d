/*
 * router.h: what the stages behind the verdict ask of the server.  host is
 * host_data of the request.
 */

#ifndef WEIR_RUN_ROUTER_H
#define WEIR_RUN_ROUTER_H

#include "run/splits.h"

typedef struct {
    /* NULL: there is none */
    weir_splits_t *(*splits)(void *host);
    /* ns of CLOCK_MONOTONIC */
    int64_t   (*clock)(void *host);
    /* a text that no other request has: what a request without a key is drawn
       by, and what a new pin is made of */
    weir_str_t  (*draw)(void *host);
} weir_router_t;

/* name in code, name in decisions: why a request has its arm */
#define WEIR_ARM_WHYS(W)                                                      \
    W(NONE,     "none")                                                       \
    W(KEY,      "key")          /* the bucket of its key */                   \
    W(COOKIE,   "cookie")       /* the bucket of its pin */                   \
    W(DRAWN,    "drawn")        /* it has no key: by chance */                \
    W(OVERRIDE, "override")                                                   \
    W(PINNED,   "pinned")       /* somebody ordered it */                     \
    W(ROLLBACK, "rollback")     /* its own was rolled back */                 \
    W(FALLBACK, "fallback")     /* its own is cut off by a breaker */

typedef enum {
#define W(name, text)  WEIR_ARM_##name,
    WEIR_ARM_WHYS(W)
#undef W
    WEIR_ARM_WHY_COUNT
} weir_arm_why_t;

const char *weir_arm_why_name(unsigned why);

/* What was decided about the arm of an allowed request. */
typedef struct {
    const weir_img_split_t  *split;     /* NULL: its route has none */
    uint32_t                 arm;       /* its place in the split */
    weir_arm_why_t           why;
    uint32_t                 bucket;    /* of KEY, COOKIE, DRAWN, ROLLBACK */
    uint32_t                 override;  /* of OVERRIDE: its place */
    bool                     weighed;   /* see weir_arm_result_t */
    char                     pin[WEIR_PIN_LEN];
    bool                     new_pin;   /* the client is to be given pin */
} weir_routing_t;

#endif
