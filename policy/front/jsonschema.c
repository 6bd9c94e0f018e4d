/*
 * jsonschema.c: the table of schema.h as a JSON Schema (2020-12).
 */

#include <inttypes.h>
#include <stdio.h>

#include "front/schema.h"

#define MOST_OBJECTS  64u


typedef struct {
    FILE                 *out;
    const weir_object_t  *objects[MOST_OBJECTS];
    size_t                n;
} printer_t;


static void  print_type(printer_t *p, const weir_type_t *type);


static void
quote(FILE *out, const char *s)
{
    fputc('"', out);

    for ( /* void */ ; *s != '\0'; s++) {
        if (*s == '"' || *s == '\\') {
            fputc('\\', out);
        }

        fputc(*s, out);
    }

    fputc('"', out);
}


/* Every object that keys refer to is defined once, under its name. */
static void
refer(printer_t *p, const weir_object_t *object)
{
    size_t  i;

    for (i = 0; i < p->n && p->objects[i] != object; i++) {
        /* void */
    }

    if (i == p->n && p->n < MOST_OBJECTS) {
        p->objects[p->n++] = object;
    }

    fprintf(p->out, "\"$ref\": \"#/$defs/%s\"", object->name);
}


static void
print_words(FILE *out, const char *const *words)
{
    size_t  i;

    fputs("\"enum\": [", out);

    for (i = 0; words[i] != NULL; i++) {
        fputs(i > 0 ? ", " : "", out);

        if (strcmp(words[i], "true") == 0 || strcmp(words[i], "false") == 0) {
            fputs(words[i], out);
        } else {
            quote(out, words[i]);
        }
    }

    fputc(']', out);
}


static void
print_text(FILE *out, weir_form_t form)
{
    fputs("\"type\": \"string\"", out);

    if (weir_form_pattern(form) != NULL) {
        fputs(", \"pattern\": ", out);
        quote(out, weir_form_pattern(form));
    }
}


/* A word, or the map that may stand in its place. */
static void
print_choice(printer_t *p, const weir_type_t *type)
{
    if (type->object == NULL) {
        print_words(p->out, type->words);
        return;
    }

    fputs("\"anyOf\": [{", p->out);
    print_words(p->out, type->words);
    fputs("}, {", p->out);
    refer(p, type->object);
    fputs("}]", p->out);
}


static void
print_items(printer_t *p, const weir_type_t *type)
{
    fputs(", \"items\": {", p->out);
    print_type(p, type->item);
    fputc('}', p->out);

    if (type->min > 0) {
        fprintf(p->out, ", \"minItems\": %" PRId64, type->min);
    }

    if (type->max > 0) {
        fprintf(p->out, ", \"maxItems\": %" PRId64, type->max);
    }
}


/* The members of a type's schema; types nest as deep as the table writes. */
static void
print_type(printer_t *p, const weir_type_t *type)
{
    switch (type->form) {

    case WEIR_F_ANY:
        fputs("\"type\": [\"null\", \"boolean\", \"number\", \"string\", "
              "\"array\", \"object\"]", p->out);
        break;

    case WEIR_F_BOOL:
        fputs("\"type\": \"boolean\"", p->out);
        break;

    case WEIR_F_CEL:
        fputs("\"type\": [\"string\", \"boolean\", \"number\"]", p->out);
        break;

    case WEIR_F_INT:
        fprintf(p->out, "\"type\": \"integer\", \"minimum\": %" PRId64,
                type->min);

        if (type->max != INT64_MAX) {
            fprintf(p->out, ", \"maximum\": %" PRId64, type->max);
        }

        break;

    case WEIR_F_STATUS:
        fputs("\"type\": \"integer\", \"minimum\": 400, \"maximum\": 599",
              p->out);
        break;

    case WEIR_F_WEIGHT:
        fputs("\"anyOf\": [{\"type\": \"integer\", \"minimum\": 0, "
              "\"maximum\": 100}, {", p->out);
        print_text(p->out, type->form);
        fputs("}]", p->out);
        break;

    case WEIR_F_RATIO:
        fputs("\"type\": \"number\", \"exclusiveMinimum\": 1, "
              "\"maximum\": 100", p->out);
        break;

    case WEIR_F_ENUM:
        print_choice(p, type);
        break;

    case WEIR_F_SOME:
        fputs("\"type\": [\"string\", \"array\"]", p->out);
        print_items(p, type);
        break;

    case WEIR_F_LIST:
        fputs("\"type\": \"array\"", p->out);
        print_items(p, type);
        break;

    case WEIR_F_MAP:
        fputs("\"type\": \"object\", \"propertyNames\": {", p->out);
        print_text(p->out, type->key);
        fputs("}, \"additionalProperties\": {", p->out);
        print_type(p, type->item);
        fputc('}', p->out);
        break;

    case WEIR_F_OBJECT:
        refer(p, type->object);
        break;

    default:
        print_text(p->out, type->form);
    }
}


static void
print_required(FILE *out, const weir_object_t *object, const char *indent)
{
    size_t       i;
    const char  *comma;

    comma = "";

    for (i = 0; i < object->nkeys; i++) {
        if (object->keys[i].presence == WEIR_KEY_REQUIRED) {
            if (comma[0] == '\0') {
                fprintf(out, ",\n%s\"required\": [", indent);
            }

            fputs(comma, out);
            quote(out, object->keys[i].name);
            comma = ", ";
        }
    }

    fputs(comma[0] != '\0' ? "]" : "", out);

    if (object->one_of == NULL) {
        return;
    }

    fprintf(out, ",\n%s\"oneOf\": [", indent);

    for (i = 0; object->one_of[i] != NULL; i++) {
        fprintf(out, "%s{\"required\": [\"%s\"]}", i > 0 ? ", " : "",
                object->one_of[i]);
    }

    fputc(']', out);
}


static void
print_object(printer_t *p, const weir_object_t *object, const char *indent)
{
    size_t             i;
    const char        *comma;
    const weir_key_t  *key;

    fprintf(p->out, "%s\"type\": \"object\",\n", indent);
    fprintf(p->out, "%s\"additionalProperties\": false,\n", indent);
    fprintf(p->out, "%s\"properties\": {", indent);
    comma = "\n";

    for (i = 0; i < object->nkeys; i++) {
        key = &object->keys[i];

        fprintf(p->out, "%s%s  \"%s\": {", comma, indent, key->name);
        print_type(p, &key->type);
        fprintf(p->out, ",\n%s    \"description\": ", indent);
        quote(p->out, key->doc);
        fputc('}', p->out);
        comma = ",\n";
    }

    fprintf(p->out, "\n%s}", indent);
    print_required(p->out, object, indent);
}


weir_rc_t
weir_schema_print(FILE *out)
{
    size_t     i;
    printer_t  p;

    p.out = out;
    p.n = 0;

    fputs("{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\""
          ",\n  \"title\": \"Weir policy\",\n", out);
    print_object(&p, &weir_schema_policy, "  ");
    fputs(",\n  \"$defs\": {", out);

    /* objects that come up while printing are appended */
    for (i = 0; i < p.n; i++) {
        fprintf(out, "%s    \"%s\": {\n", i > 0 ? ",\n" : "\n",
                p.objects[i]->name);
        print_object(&p, p.objects[i], "      ");
        fputs("\n    }", out);
    }

    fputs("\n  }\n}\n", out);

    return ferror(out) ? WEIR_ERROR : WEIR_OK;
}
