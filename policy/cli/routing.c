/*
 * routing.c: a router for the tool, and states of splits.
 */

#include <stdlib.h>

#include "cli/routing.h"

#define ALIGN  64
/* time stands still, so that no breaker ever opens */
#define CLOCK  INT64_C(3600000000000)


static weir_splits_t *
router_splits(void *host)
{
    const cli_request_t  *r;

    r = host;

    return r->splits;
}


static int64_t
router_clock(void *host)
{
    (void) host;

    return CLOCK;
}


static weir_str_t
router_draw(void *host)
{
    const cli_request_t  *r;

    r = host;

    return r->id.len ? r->id : weir_string("-");
}


const weir_router_t  weir_cli_router = {
    .splits = router_splits,
    .clock = router_clock,
    .draw = router_draw
};


bool
weir_cli_states(const weir_image_t *img, cli_states_t *out)
{
    memset(out, 0, sizeof(cli_states_t));

    if (img->n[WEIR_S_SPLITS] == 0) {
        return true;
    }

    out->size = (size_t) img->n[WEIR_S_SPLITS] * WEIR_SPLIT_BYTES;
    out->size += (ALIGN - out->size % ALIGN) % ALIGN;
    out->mem = aligned_alloc(ALIGN, out->size);

    if (out->mem == NULL) {
        return false;
    }

    weir_cli_states_clear(out);

    return out->table != NULL;
}


void
weir_cli_states_clear(cli_states_t *s)
{
    if (s->mem != NULL) {
        memset(s->mem, 0, s->size);
        s->table = weir_splits_init(s->mem, s->size);
    }
}


void
weir_cli_states_free(cli_states_t *s)
{
    free(s->mem);
    memset(s, 0, sizeof(cli_states_t));
}
