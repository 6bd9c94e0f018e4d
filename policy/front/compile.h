/*
 * compile.h: the whole front in two calls: source to model, model to image.
 */

#ifndef WEIR_FRONT_COMPILE_H
#define WEIR_FRONT_COMPILE_H

#include "base/diag.h"
#include "front/model.h"

/*
 * How the front reads files, so that tests and fuzzers need no disk.  A path
 * comes joined to the directory of the file that names it.  The text lives in
 * the arena; *why is one static phrase.  glob gives the regular files that
 * match, in byte order; a backslash in the pattern quotes the next byte.
 */
typedef struct {
    weir_rc_t  (*read)(void *data, weir_arena_t *a, weir_str_t path,
                       weir_str_t *text, const char **why);
    weir_rc_t  (*glob)(void *data, weir_arena_t *a, weir_str_t pattern,
                       weir_str_t **paths, size_t *n);
    void        *data;
} weir_loader_t;

/* Files of this machine. */
extern const weir_loader_t  weir_file_loader;

/* Reads path and all it includes.  Every error goes to diags. */
weir_rc_t weir_model_load(weir_arena_t *a, const weir_loader_t *loader,
    weir_str_t path, weir_diags_t *diags, weir_model_t **out);

/* Routes that tie, names unused, and so on: errors and, with lint, advice. */
weir_rc_t weir_model_check(const weir_model_t *m, weir_diags_t *diags,
    bool lint);

/* Emits, indexes, writes.  The bytes are in the arena. */
weir_rc_t weir_model_write(weir_arena_t *a, const weir_model_t *m,
    weir_diags_t *diags, weir_str_t *image);
/* The same image, and where its code comes from. */
weir_rc_t weir_model_write_traced(weir_arena_t *a, const weir_model_t *m,
    weir_diags_t *diags, weir_origins_t *origins, weir_str_t *image);

#endif
