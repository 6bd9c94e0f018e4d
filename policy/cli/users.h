/*
 * users.h: what of an image runs its programs.
 */

#ifndef WEIR_CLI_USERS_H
#define WEIR_CLI_USERS_H

#include "base/arena.h"
#include "run/image.h"

/*
 * Numbers of users, ascending: rules have those of their records, and others
 * follow.
 */
typedef weir_vec_t(uint32_t)  cli_users_t;

typedef struct {
    const char  *what;          /* "route" and so on; NULL: it is a rule */
    const char  *effect;        /* as JSON has it: what the program is for */
    uint32_t     id;            /* strs */
    uint32_t     file;
    uint32_t     line;
} cli_user_t;

/*
 * For each program who runs it, directly or by another one; NULL: memory is
 * short.
 */
cli_users_t *weir_cli_users(const weir_image_t *img, weir_arena_t *arena);

cli_user_t weir_cli_user(const weir_image_t *img, uint32_t user);

#endif
