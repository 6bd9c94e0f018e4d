/*
 * tables.c: the tables of this room as data, each expanded once.
 */

#include "image/attrs.h"
#include "image/bounds.h"
#include "image/format.h"
#include "image/functions.h"
#include "image/types.h"

#define N_OF(a)  (sizeof(a) / sizeof((a)[0]))

/* the kinds of a row of arguments: up to four, the rest UNSET */
enum {
    K_ = WEIR_T_UNSET,
#define K(name, cel)  K_##name = WEIR_T_##name,
    WEIR_KINDS(K)
#undef K
    K_COUNT
};

#define KINDS(...)               KINDS4(__VA_ARGS__, , , , )
#define KINDS4(a, b, c, d, ...)  { K_##a, K_##b, K_##c, K_##d }
#define COUNT(...)               COUNT4(__VA_ARGS__, , , , )
#define COUNT4(a, b, c, d, ...)                                               \
    ((K_##a != K_) + (K_##b != K_) + (K_##c != K_) + (K_##d != K_))

enum { LEN = WEIR_COST_LEN };
enum { HOST, ENGINE };


static const char *const  kind_names[] = {
#define K(name, cel)  cel,
    WEIR_KINDS(K)
#undef K
};

static const char *const  eval_error_names[] = {
#define E(name, text)  text,
    WEIR_EVAL_ERRORS(E)
#undef E
};

static const char *const  phase_names[] = {
#define P(name, text)  text,
    WEIR_PHASES(P)
#undef P
};

static const char *const  limit_kind_names[WEIR_LIMIT_COUNT] = {
#define K(id, text)  text,
    WEIR_LIMIT_KINDS(K)
#undef K
};

static const char *const  period_names[WEIR_PERIOD_COUNT] = {
#define P(id, text)  text,
    WEIR_PERIODS(P)
#undef P
};

static const char *const  store_failure_names[WEIR_STORE_FAILURE_COUNT] = {
#define F(id, text)  text,
    WEIR_STORE_FAILURES(F)
#undef F
};

static const char *const  op_names[] = {
#define OP(name, operand, pops, pushes, cost)  #name,
    WEIR_OPS(OP)
#undef OP
};

static const char *const  fn_names[] = {
#define N(name, cel, doc)  cel,
    WEIR_FN_NAMES(N)
#undef N
};

const weir_attr_info_t  weir_attrs[WEIR_A_COUNT] = {
#define A(id, cel, kind_, type_, phase_, max_, by, doc_)                      \
    { .name = cel, .type = type_, .doc = doc_, .kind = WEIR_T_##kind_,        \
      .phase = WEIR_PHASE_##phase_, .max = max_, .engine = by },
    WEIR_ATTRS(A)
#undef A
};

const weir_fn_info_t  weir_fns[WEIR_FN_COUNT] = {
#define F(id_, name_, result_, args_, cost_, generic_)                        \
    { .id = #id_, .generic = generic_, .name = WEIR_N_##name_,                \
      .result = WEIR_T_##result_, .nargs = COUNT args_, .args = KINDS args_,  \
      .cost = cost_ },
    WEIR_FUNCTIONS(F)
#undef F
};

const weir_section_info_t  weir_sections[WEIR_S_COUNT] = {
#define S(id, type, text)  { .size = sizeof(type), .name = text },
    WEIR_SECTIONS(S)
#undef S
};

const weir_image_ref_t  weir_image_refs[] = {
#define R(section_, type, field, rule_, arg_)                                 \
    { .section = WEIR_S_##section_, .offset = offsetof(type, field),          \
      .width = sizeof(((type *) 0)->field), .rule = WEIR_REF_##rule_,         \
      .arg = arg_, .name = #field },
    WEIR_IMAGE_REFS(R)
#undef R
};

const size_t  weir_image_nrefs = N_OF(weir_image_refs);


/* the layout is the format: no compiler may change it */
_Static_assert(sizeof(weir_image_header_t) == 256, "header");
_Static_assert(sizeof(weir_image_section_t) == 64, "section table");
_Static_assert(sizeof(weir_img_const_t) == 16, "consts");
_Static_assert(sizeof(weir_insn_t) == 8, "code");
_Static_assert(sizeof(weir_img_prog_t) == 24, "progs");
_Static_assert(sizeof(weir_img_rule_t) == 48, "rules");
_Static_assert(sizeof(weir_img_hash_t) == 24, "hashes");
_Static_assert(sizeof(weir_img_tenant_t) == 40, "tenants");
_Static_assert(sizeof(weir_img_resolve_t) == 32, "resolves");
_Static_assert(sizeof(weir_img_node_t) == 32, "nodes");
_Static_assert(sizeof(weir_img_edge_t) == 16, "edges");
_Static_assert(sizeof(weir_img_route_t) == 152, "routes");
_Static_assert(sizeof(weir_img_limit_t) == 112, "limits");
_Static_assert(sizeof(weir_img_policy_t) == 76, "policy");
_Static_assert(sizeof(weir_img_split_t) == 88, "splits");
_Static_assert(sizeof(weir_img_guard_t) == 44, "guards");
_Static_assert(sizeof(weir_img_cors_t) == 32, "cors");
_Static_assert(sizeof(weir_img_maintenance_t) == 32, "maintenance");
_Static_assert(sizeof(weir_img_issuer_t) == 176, "issuers");
_Static_assert(sizeof(weir_img_apikey_t) == 56, "apikeys");
_Static_assert(sizeof(weir_img_zone_t) == 12, "zones");
_Static_assert(sizeof(weir_img_shift_t) == 16, "shifts");


static const char *
name_of(const char *const *names, size_t n, unsigned i)
{
    return i < n ? names[i] : "unknown";
}


const char *
weir_kind_name(unsigned kind)
{
    return name_of(kind_names, N_OF(kind_names), kind);
}


const char *
weir_eval_error_name(unsigned error)
{
    return name_of(eval_error_names, N_OF(eval_error_names), error);
}


const char *
weir_phase_name(unsigned phase)
{
    return name_of(phase_names, N_OF(phase_names), phase);
}


const char *
weir_limit_kind_name(unsigned kind)
{
    return name_of(limit_kind_names, N_OF(limit_kind_names), kind);
}


const char *
weir_period_name(unsigned period)
{
    return name_of(period_names, N_OF(period_names), period);
}


const char *
weir_store_failure_name(unsigned failure)
{
    return name_of(store_failure_names, N_OF(store_failure_names), failure);
}


const char *
weir_op_name(unsigned op)
{
    return name_of(op_names, N_OF(op_names), op);
}


const char *
weir_fn_name(unsigned name)
{
    return name_of(fn_names, N_OF(fn_names), name);
}
