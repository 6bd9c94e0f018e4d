/*
 * ngx_http_weir_split_sync.h: what becomes of splits, agreed upon by nodes and
 * kept for a restart.
 *
 *     _split_sync.c      who, when, and what follows from it
 *     _split_store.c     the store: what all nodes know
 *     _split_disk.c      weir_state_file: what this node knew
 *
 * Of each split the store has the greatest word that any node had, under
 * PREFIX:split:UID, in decimal.  One worker of the node reads all of the
 * current policy several times a second, and writes what is greater here until
 * the store has it: two nodes that write at once overwrite each other, but who
 * has the greater word sees that, and whoever reads it has it from then on.
 */

#ifndef NGX_HTTP_WEIR_SPLIT_SYNC_H
#define NGX_HTTP_WEIR_SPLIT_SYNC_H

#include "ngx_http_weir.h"
#include "run/splits.h"

#define NGX_HTTP_WEIR_SPLIT_KEPT  1024      /* lines of the state file */
#define NGX_HTTP_WEIR_SPLIT_NAME  64        /* bytes of a name in logs */
#define NGX_HTTP_WEIR_SPLIT_WORD  64        /* and of a word */

/*
 * In shared memory, each word with __atomic builtins.  All zero: nothing was
 * read yet.
 */
struct ngx_http_weir_split_shared_s {
    uint64_t             generation;    /* of the policy whose splits, all of
                                           them, were read */
    uint64_t             read;          /* ms, ngx_current_msec: when that
                                           began */
    uint64_t             restored;      /* the state file was read */
    uint64_t             reads;         /* of all splits */
    uint64_t             failures;
    uint64_t             passed;        /* values that are no words */
    uint64_t             published;     /* words */
    uint64_t             why;           /* of the last failure: a result of the
                                           store; OK: it went well */
};

/* What is known of a split of the policy beside it. */
typedef struct {
    weir_id_t            uid;
    uint32_t             arms;
    uint32_t             steps;
    weir_split_word_t    kept;          /* in the state file */
    size_t               len;           /* of the name, cut */
    u_char               name[NGX_HTTP_WEIR_SPLIT_NAME];
} ngx_http_weir_split_id_t;

/* A line of the state file. */
typedef struct {
    weir_id_t            uid;
    weir_split_word_t    word;
    time_t               seen;          /* the policy had it */
} ngx_http_weir_split_kept_t;

/* Of the worker that leads; and alone, while a word is on its way. */
typedef struct {
    ngx_http_weir_split_sync_t   *sync;
    ngx_http_weir_split_id_t      id;
    ngx_http_weir_call_t          call;
    weir_str_t                    key;
    weir_split_word_t             word;     /* that is on its way */
    u_char                        value[NGX_INT64_LEN];
    unsigned                      bad:1;    /* its value, and said so */
    u_char                        text[];   /* of the key */
} ngx_http_weir_split_item_t;

/* Of this worker. */
struct ngx_http_weir_split_sync_s {
    ngx_http_weir_main_conf_t       *wmcf;
    ngx_log_t                       *log;
    weir_splits_t                   *table;     /* NULL: no room for one */
    ngx_http_weir_split_shared_t    *shared;
    ngx_str_t                        file;      /* weir_state_file, or empty */

    ngx_event_t                      timer;
    uint64_t                         generation;    /* that items are of */
    ngx_http_weir_split_item_t      *items;
    ngx_uint_t                       nitems;

    /* a round: every split is read once */
    ngx_uint_t                       open;      /* of its calls */
    ngx_uint_t                       result;    /* the worst so far */
    ngx_msec_t                       began;
    ngx_msec_t                       next;      /* not before */
    ngx_msec_t                       renew;     /* keys live on, from then */
    ngx_msec_t                       logged;
    unsigned                         complained:1;
    unsigned                         renews:1;  /* this round sees to it */

    /* what the file has, and what is known of splits of other policies */
    ngx_http_weir_split_kept_t      *kept;      /* KEPT of them; or NULL */
    ngx_uint_t                       nkept;
    ngx_msec_t                       write;     /* not before */
    time_t                           written;
    unsigned                         loaded:1;
    unsigned                         unwritten:1;   /* and said so */

    unsigned                         started:1;
};


/* _split_sync.c */

ngx_http_weir_split_sync_t *ngx_http_weir_split_sync_create(ngx_conf_t *cf,
    ngx_http_weir_main_conf_t *wmcf);
/* After limits were started, and ended before they are. */
ngx_int_t ngx_http_weir_split_sync_init_process(
    ngx_http_weir_split_sync_t *sync, ngx_cycle_t *cycle);
void ngx_http_weir_split_sync_exit_process(ngx_http_weir_split_sync_t *sync);

/*
 * For a tick of the splits of a generation of the policy: the clocks, and
 * whether what other nodes know is known.
 */
void ngx_http_weir_split_now(ngx_http_weir_split_sync_t *sync,
    uint64_t generation, weir_splits_now_t *now);
/* Whether other nodes know within a moment what is changed here. */
ngx_uint_t ngx_http_weir_split_reached(ngx_http_weir_split_sync_t *sync);
/* Its word was changed here: other nodes are told at once. */
void ngx_http_weir_split_changed(ngx_http_weir_split_sync_t *sync,
    const weir_image_t *img, const weir_img_split_t *s);

/* The member of weir_status; there is room for 300 bytes. */
u_char *ngx_http_weir_split_sync_status(ngx_http_weir_split_sync_t *sync,
    u_char *p, u_char *end);

/* Seconds since 1970, of the store where there is one. */
uint32_t ngx_http_weir_split_clock(ngx_http_weir_split_sync_t *sync);
/* Whether a word can be one of a split, wherever it came from. */
ngx_uint_t ngx_http_weir_split_word_ok(const ngx_http_weir_split_id_t *id,
    weir_split_word_t word, uint32_t now);
/* For logs: what it says of its split. */
u_char *ngx_http_weir_split_word_text(u_char *p, u_char *end,
    const ngx_http_weir_split_id_t *id, weir_split_word_t word);
/* The number that a whole text is, without signs, blanks, or zeros before. */
ngx_int_t ngx_http_weir_split_word_read(const u_char *text, size_t len,
    weir_split_word_t *word);
/* Why the store could not be read; "" = it was. */
const char *ngx_http_weir_split_why(uint64_t why);

/* _split_store.c */

/* Those of an image; NGX_ERROR: no memory. */
ngx_int_t ngx_http_weir_split_items(ngx_http_weir_split_sync_t *sync,
    const weir_image_t *img);
void ngx_http_weir_split_drop(ngx_http_weir_split_sync_t *sync);
/* By its place among items. */
ngx_http_weir_split_id_t *ngx_http_weir_split_item(
    ngx_http_weir_split_sync_t *sync, ngx_uint_t i);
void ngx_http_weir_split_name(ngx_http_weir_split_id_t *id,
    const weir_image_t *img, const weir_img_split_t *s);
/* Reads all of them; none is under way. */
void ngx_http_weir_split_round(ngx_http_weir_split_sync_t *sync);
/* Writes the word that is here. */
void ngx_http_weir_split_publish(ngx_http_weir_split_sync_t *sync,
    const ngx_http_weir_split_id_t *id);

/* _split_disk.c */

char *ngx_http_weir_set_state_file(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
/* Reads the file, unless that was done. */
void ngx_http_weir_split_load(ngx_http_weir_split_sync_t *sync);
void ngx_http_weir_split_unload(ngx_http_weir_split_sync_t *sync);
/* What it said of items becomes theirs. */
void ngx_http_weir_split_restore(ngx_http_weir_split_sync_t *sync);
/* Writes it where something has changed. */
void ngx_http_weir_split_save(ngx_http_weir_split_sync_t *sync);

#endif
