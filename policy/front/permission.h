/*
 * permission.h: permissions, segments with colons between them, and what
 * roles grant of them: a segment "*" is any one, "**" at the end one or more.
 */

#ifndef WEIR_FRONT_PERMISSION_H
#define WEIR_FRONT_PERMISSION_H

#include "base/str.h"

/* without wildcards; what it is called in errors */
bool weir_permission_is(weir_str_t s);
#define WEIR_PERMISSION  "a permission as orders:read"

/* with or without */
bool weir_grant_is(weir_str_t s);

/* Whether who is granted that has the permission. */
bool weir_grant_covers(weir_str_t grant, weir_str_t permission);

#endif
