/*
 * sim.h: what limits did to the requests of a log.
 */

#ifndef WEIR_CLI_SIM_H
#define WEIR_CLI_SIM_H

#include "cli/limit_text.h"
#include "cli/log.h"

#define SIM_BAD   5             /* lines that are named */
#define SIM_MOST  1000          /* of --top */

/* A key of a limit that was refused, or would have been on trial. */
typedef struct {
    weir_limit_key_t   key;
    uint32_t           limit;
    weir_str_t         text;        /* its parts */
    uint64_t           refused;
    uint64_t           dry;
    int64_t            first;       /* ns since 1970 */
} sim_key_t;

typedef struct {
    uint64_t           asked;
    uint64_t           refused;
    uint64_t           dry;
    uint64_t           failed;      /* key or cost, or no room to count */
    uint64_t           keys;        /* that were refused, or on trial */
    int64_t            first;       /* ns since 1970, of a refusal */
} sim_limit_t;

typedef struct {
    size_t             line;
    weir_str_t         text;
} sim_bad_t;

typedef struct {
    weir_arena_t      *arena;
    cli_policy_t      *policy;
    cli_counting_t    *counting;
    cli_log_t          log;
    bool               nomem;
    size_t             top;
    uint64_t           passed;
    uint64_t           limited;
    uint64_t           others;      /* refused by something else */
    uint64_t           reasons[WEIR_REASON_COUNT];
    int64_t            from;        /* ns since 1970 */
    int64_t            to;
    sim_limit_t       *limits;      /* by index */
    sim_key_t         *keys;        /* by hash; refused and dry 0: none */
    size_t             room;        /* a power of two */
    size_t             used;
    size_t             nbad;
    sim_bad_t          bad[SIM_BAD];
} sim_t;

/* sim_print.c: sorts the keys. */
void weir_sim_print(sim_t *s, cli_format_t format);

#endif
