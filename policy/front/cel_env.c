/*
 * cel_env.c: what a policy declares, and the stages of the CEL front in
 * their order.
 */

#include "front/cel_ast.h"


/* A name of a group, and what it is; WEIR_DECLINED: it was there. */
static weir_rc_t
declare(weir_cel_env_t *env, const char *group, weir_str_t name,
    weir_span_t span, size_t value)
{
    weir_str_t           full;
    weir_names_entry_t  *prev;

    full = weir_arena_printf(env->arena, "%s.%.*s", group, WEIR_STR(name));

    if (full.data == NULL) {
        return WEIR_NOMEM;
    }

    return weir_names_add(&env->names, full, span, (uint32_t) value, &prev);
}


static weir_rc_t
attr_types(weir_cel_env_t *env)
{
    unsigned     i;
    uint32_t     nvars;
    const char  *p;

    nvars = 0;

    for (i = 0; i < WEIR_A_COUNT; i++) {

        if (weir_attrs[i].kind != WEIR_T_LIST
            && weir_attrs[i].kind != WEIR_T_MAP)
        {
            env->attrs[i] = &weir_types[weir_attrs[i].kind];
            continue;
        }

        p = weir_attrs[i].type;
        env->attrs[i] = weir_type_parse(env->arena, &p, &nvars);

        if (env->attrs[i] == NULL) {
            return WEIR_NOMEM;
        }
    }

    return WEIR_OK;
}


/* The kind that the place needs, else an error in the request. */
static weir_ex_t *
as_wanted(weir_cel_t *c, weir_ex_t *root, unsigned want)
{
    weir_ex_t  *ex;

    ex = weir_ex_make(c, WEIR_X_AS, root->off, root->len, &root, 1);
    ex->u.kind = want;
    ex->kind = (uint8_t) want;
    ex->type = &weir_types[want];

    return ex;
}


/* The stages, until one refuses. */
static void
compile(weir_cel_t *c)
{
    unsigned    want;
    weir_ex_t  *root;

    if (c->site != NULL && c->site->template) {
        root = weir_cel_template(c);

    } else {
        root = weir_cel_parse(c);

        if (!c->nomem && !c->failed) {
            weir_cel_check(c, root);
        }
    }

    if (c->nomem || c->failed) {
        return;
    }

    want = c->site == NULL ? (c->flag != NULL ? WEIR_T_STRING : WEIR_T_DYN)
           : c->site->among != 0 ? root->type->kind : c->site->want;

    if (want != WEIR_T_DYN && root->type->kind == WEIR_T_DYN) {
        root = as_wanted(c, root, want);
    }

    root = weir_cel_fold(c, root);

    if (c->nomem || c->failed) {
        return;
    }

    weir_cel_plan(root);

    /* the verifier may know less than the checker */

    if (want != WEIR_T_DYN && root->kind != want) {
        root = as_wanted(c, root, want);
    }

    if (c->flag != NULL) {
        root = weir_cel_rollout(c, root);
    }

    if (c->nomem || c->failed) {
        return;
    }

    c->expr->root = root;
    c->expr->type = root->type;
    weir_cel_cost(c, root);

    if (!c->failed) {
        weir_cel_share(c, root);
    }
}


/* site NULL: a var, or the flag. */
static weir_rc_t
run(weir_cel_env_t *env, const weir_text_t *text, const weir_cel_site_t *site,
    const weir_cel_var_t *flag, weir_expr_t **out)
{
    weir_cel_t    c;
    weir_text_t  *copy;
    weir_expr_t  *e;

    if (text->text.len > WEIR_MAX_CEL_SOURCE) {
        return weir_fail(env->diags, WEIR_EBIG, text->span,
                         "an expression of %zu bytes; %d are allowed",
                         text->text.len, WEIR_MAX_CEL_SOURCE);
    }

    e = weir_arena_alloc(env->arena, sizeof(weir_expr_t));
    copy = weir_arena_alloc(env->arena, sizeof(weir_text_t));

    if (e == NULL || copy == NULL) {
        return WEIR_NOMEM;
    }

    *copy = *text;
    e->env = env;
    e->text = copy;

    memset(&c, 0, sizeof(c));
    c.env = env;
    c.arena = env->arena;
    c.diags = env->diags;
    c.infer.arena = env->arena;
    c.text = copy;
    c.site = site;
    c.flag = flag;
    c.expr = e;

    compile(&c);

    if (c.nomem || env->nomem) {
        env->nomem = true;
        return WEIR_NOMEM;
    }

    if (c.failed) {
        return WEIR_ERROR;
    }

    e->kind = (weir_kind_t) e->type->kind;
    *out = e;

    return WEIR_OK;
}


void
weir_cel_open_var(weir_cel_env_t *env, weir_cel_var_t *var)
{
    weir_rc_t         rc;
    weir_cel_var_t  **slot;

    slot = weir_vec_push(env->arena, &env->open);

    if (slot == NULL) {
        env->nomem = true;
        var->state = WEIR_VAR_BAD;
        return;
    }

    *slot = var;
    var->state = WEIR_VAR_OPEN;

    rc = run(env, var->text, NULL, var->flag ? var : NULL, &var->expr);

    var->state = rc == WEIR_OK ? WEIR_VAR_DONE : WEIR_VAR_BAD;
    env->open.len--;
}


/* A var or a flag, whose text is copied. */
static weir_rc_t
add(weir_cel_env_t *env, const weir_cel_var_t *from)
{
    weir_rc_t         rc;
    weir_text_t      *text;
    weir_cel_var_t   *var, **slot;

    rc = declare(env, from->group, from->name, from->span, env->vars.len);

    if (rc != WEIR_OK) {
        return rc;
    }

    var = weir_arena_alloc(env->arena, sizeof(weir_cel_var_t));
    text = weir_arena_alloc(env->arena, sizeof(weir_text_t));
    slot = weir_vec_push(env->arena, &env->vars);

    if (var == NULL || text == NULL || slot == NULL) {
        return WEIR_NOMEM;
    }

    *text = *from->text;
    *var = *from;
    var->text = text;
    *slot = var;

    return WEIR_OK;
}


weir_cel_env_t *
weir_cel_env(weir_arena_t *a, weir_diags_t *diags)
{
    weir_cel_env_t  *env;

    env = weir_arena_alloc(a, sizeof(weir_cel_env_t));

    if (env == NULL) {
        return NULL;
    }

    env->arena = a;
    env->diags = diags;
    env->names.arena = a;
    env->permissions.arena = a;
    env->zones = weir_zones_create(a);
    weir_cel_rows(env);

    if (env->zones == NULL || attr_types(env) != WEIR_OK) {
        return NULL;
    }

    return env;
}


void
weir_cel_set_mode(weir_cel_env_t *env, const weir_cel_mode_t *mode)
{
    env->mode = *mode;
}


weir_rc_t
weir_cel_declare(weir_cel_env_t *env, weir_str_t name, const char *type)
{
    uint32_t            nvars;
    weir_cel_decl_t    *decl;
    const weir_type_t  *t;

    nvars = 0;
    t = weir_type_parse(env->arena, &type, &nvars);

    if (t == NULL || *type != '\0') {
        return WEIR_ERROR;
    }

    decl = weir_vec_push(env->arena, &env->decls);

    if (decl == NULL) {
        return WEIR_NOMEM;
    }

    decl->name = name;
    decl->type = t;
    decl->nvars = nvars;

    return WEIR_OK;
}


weir_rc_t
weir_cel_declare_fn(weir_cel_env_t *env, weir_str_t name,
    const char *signature)
{
    weir_sig_t         sig;
    weir_cel_fdecl_t  *decl;

    memset(&sig, 0, sizeof(sig));

    if (!weir_cel_sig(env->arena, signature, &sig)) {
        return WEIR_ERROR;
    }

    decl = weir_vec_push(env->arena, &env->fdecls);

    if (decl == NULL) {
        return WEIR_NOMEM;
    }

    decl->name = name;
    decl->sig = sig;

    return WEIR_OK;
}


weir_rc_t
weir_cel_add_list(weir_cel_env_t *env, weir_str_t name, uint32_t index)
{
    weir_rc_t         rc;
    weir_span_t       nowhere;
    weir_cel_list_t  *list;

    memset(&nowhere, 0, sizeof(nowhere));
    rc = declare(env, "lists", name, nowhere, env->lists.len);

    if (rc != WEIR_OK) {
        return rc;
    }

    list = weir_vec_push(env->arena, &env->lists);

    if (list == NULL) {
        return WEIR_NOMEM;
    }

    list->name = name;
    list->index = index;

    return WEIR_OK;
}


weir_rc_t
weir_cel_add_var(weir_cel_env_t *env, weir_str_t name, weir_span_t span,
    const weir_text_t *text)
{
    weir_cel_var_t  var;

    memset(&var, 0, sizeof(var));
    var.group = "vars";
    var.name = name;
    var.span = span;
    var.text = text;

    return add(env, &var);
}


weir_rc_t
weir_cel_add_flag(weir_cel_env_t *env, const weir_cel_flag_t *flag)
{
    weir_cel_var_t  var;

    memset(&var, 0, sizeof(var));
    var.group = "flags";
    var.flag = true;
    var.name = flag->name;
    var.span = flag->span;
    var.text = flag->key;
    var.salt = *flag->salt;
    var.share = flag->share;

    return add(env, &var);
}


weir_rc_t
weir_cel_check_vars(weir_cel_env_t *env)
{
    size_t      i;
    weir_rc_t   rc;

    rc = WEIR_OK;

    for (i = 0; i < env->vars.len; i++) {

        if (env->vars.items[i]->state == WEIR_VAR_NEW) {
            weir_cel_open_var(env, env->vars.items[i]);
        }

        if (env->vars.items[i]->state != WEIR_VAR_DONE) {
            rc = WEIR_ERROR;
        }
    }

    return env->nomem ? WEIR_NOMEM : rc;
}


weir_rc_t
weir_cel_compile(weir_cel_env_t *env, const weir_text_t *text,
    const weir_cel_site_t *site, weir_expr_t **out)
{
    weir_rc_t  rc;

    rc = run(env, text, site, NULL, out);

    if (rc == WEIR_OK) {
        weir_cel_count((*out)->root);
    }

    return rc;
}


weir_phase_t
weir_expr_phase(const weir_expr_t *e)
{
    return e->phase;
}


weir_kind_t
weir_expr_kind(const weir_expr_t *e)
{
    return e->kind;
}


bool
weir_expr_is_bool(const weir_expr_t *e, bool *value)
{
    if (e->root->x != WEIR_X_CONST || e->root->value->kind != WEIR_T_BOOL) {
        return false;
    }

    *value = e->root->value->u.b;

    return true;
}


bool
weir_expr_is_int(const weir_expr_t *e, int64_t *value)
{
    if (e->root->x != WEIR_X_CONST || e->root->value->kind != WEIR_T_INT) {
        return false;
    }

    *value = e->root->value->u.i;

    return true;
}


bool
weir_expr_is_text(const weir_expr_t *e, weir_str_t *value)
{
    if (e->root->x != WEIR_X_CONST || e->root->value->kind != WEIR_T_STRING) {
        return false;
    }

    *value = e->root->value->s;

    return true;
}


weir_zones_t *
weir_cel_zones(const weir_cel_env_t *env)
{
    return env->zones;
}
