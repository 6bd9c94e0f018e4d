/*
 * counting.h: what limits count while the tool decides: a table in memory,
 * a clock that stands still until a verb moves it, and a store that answers
 * at once, as a healthy one does that this node alone asks.
 */

#ifndef WEIR_CLI_COUNTING_H
#define WEIR_CLI_COUNTING_H

#include "run/decide.h"

#define CLI_COUNT_ONE   ((size_t) 1 << 16)  /* bytes, for requests of one key */
#define CLI_COUNT_MANY  ((size_t) 1 << 26)  /* and of a log: a million keys */

#define CLI_COUNT_UNTIL INT64_C(7200000000) /* seconds since 1970: in 2198 */

typedef struct cli_counting_s  cli_counting_t;

/* Serves requests whose host_data begins with a cli_counting_t pointer. */
extern const weir_limiter_t  weir_cli_limiter;

/* Lives in the arena; NULL: memory is short. */
cli_counting_t *weir_cli_counting(weir_arena_t *a, size_t size);
/* Nothing is counted; now is seconds since 1970. */
void weir_cli_counting_begin(cli_counting_t *c, int64_t now);
/* Time passes; where until is over already, it does not. */
void weir_cli_counting_pass(cli_counting_t *c, int64_t ns);
void weir_cli_counting_until(cli_counting_t *c, int64_t until);

/* Decides; whoever must wait for the store has the answer. */
weir_rc_t weir_cli_counting_decide(weir_txn_t *txn, weir_decision_t *d);
/* Requests in flight are over. */
void weir_cli_counting_end(cli_counting_t *c, weir_txn_t *txn);
/* The same, and what the decision took is given back. */
void weir_cli_counting_undo(cli_counting_t *c, weir_txn_t *txn);

#endif
