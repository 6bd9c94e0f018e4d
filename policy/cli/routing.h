/*
 * routing.h: what the tool is to the stages behind the verdict: who has no
 * key is drawn by the id of the request, and splits have the state that a test
 * gives them, or none.
 */

#ifndef WEIR_CLI_ROUTING_H
#define WEIR_CLI_ROUTING_H

#include "cli/cli.h"

/* Memory of the states of all splits of an image, nothing having happened. */
typedef struct {
    void           *mem;        /* of malloc() */
    size_t          size;
    weir_splits_t  *table;      /* NULL: there are no splits */
} cli_states_t;

/* false: memory is short. */
bool weir_cli_states(const weir_image_t *img, cli_states_t *out);
void weir_cli_states_clear(cli_states_t *s);
void weir_cli_states_free(cli_states_t *s);

#endif
