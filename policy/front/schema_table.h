/*
 * schema_table.h: how the tables of schema.h are written, and what one file
 * of them has for another.
 */

#ifndef WEIR_FRONT_SCHEMA_TABLE_H
#define WEIR_FRONT_SCHEMA_TABLE_H

#include "front/schema.h"

#define KEYS(k)  (k), sizeof(k) / sizeof((k)[0])
#define OF(f)    { .form = WEIR_F_##f }
#define OPT      WEIR_KEY_OPTIONAL
#define REQ      WEIR_KEY_REQUIRED

#define OBJ(o)   { .form = WEIR_F_OBJECT, .object = &(o) }
#define LIST(t)  { .form = WEIR_F_LIST, .item = &(t) }
#define WORD(w)  { .form = WEIR_F_ENUM, .words = (w) }
#define MAP(k, t)                                                             \
    { .form = WEIR_F_MAP, .key = WEIR_F_##k, .item = &(t) }

/* schema_identity.c: who callers are, and what a route asks of them */
extern const weir_object_t  weir_schema_issuer;
extern const weir_object_t  weir_schema_apikeys;
extern const weir_object_t  weir_schema_mtls;
extern const weir_object_t  weir_schema_auth;
extern const weir_object_t  weir_schema_mfa;

/* schema_limits.c: how much callers may use */
extern const weir_object_t  weir_schema_limit;
extern const weir_object_t  weir_schema_plan;

/* schema_traffic.c: which of several servers gets a request */
extern const weir_object_t  weir_schema_flag;
extern const weir_object_t  weir_schema_split;

/* schema_edge.c: what becomes of requests and answers at the edge */
extern const weir_object_t  weir_schema_cors;
extern const weir_object_t  weir_schema_maintenance;
extern const weir_object_t  weir_schema_version;
extern const weir_object_t  weir_schema_transform;

#endif
