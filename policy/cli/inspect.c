/*
 * inspect.c: weir inspect [--code] IMAGE: what an image is made of.
 */

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "cli/cli.h"
#include "image/disasm.h"


static void
print_hex(const char *name, const uint8_t *bytes, size_t n)
{
    size_t  i;

    printf("%-9s ", name);

    for (i = 0; i < n; i++) {
        printf("%02x", bytes[i]);
    }

    putchar('\n');
}


static void
print_header(const weir_image_t *img)
{
    weir_str_t                   s;
    const weir_image_header_t   *h;

    h = img->header;

    s = weir_img_str(img, h->name);
    printf("%-9s %.*s\n", "name", WEIR_STR(s));

    if (h->flags & WEIR_IMAGE_HAS_SERIAL) {
        printf("%-9s %" PRIu64 "\n", "serial", h->serial);
    }

    s = weir_img_str(img, h->compiler);
    printf("%-9s %.*s\n", "compiler", WEIR_STR(s));
    printf("%-9s %u.%u\n", "format", h->major, h->minor);
    printf("%-9s %" PRIu64 "\n", "bytes", h->length);
    print_hex("digest", h->digest, sizeof(h->digest));
    print_hex("source", h->source, sizeof(h->source));

    if (h->flags & WEIR_IMAGE_SIGNED) {
        print_hex("signed by", h->key_id, sizeof(h->key_id));
    }

    printf("%-9s stack %u, memo %u, scratch %u\n", "request", h->stack,
           h->memo, h->scratch);
}


static void
print_sections(const weir_image_t *img)
{
    size_t  i;

    printf("\n%-14s %10s %12s\n", "section", "records", "bytes");

    for (i = 0; i < WEIR_S_COUNT; i++) {
        printf("%-14s %10u %12" PRIu64 "\n", weir_sections[i].name, img->n[i],
               (uint64_t) img->n[i] * weir_sections[i].size);
    }
}


cli_exit_t
weir_cli_inspect(int argc, char **argv)
{
    int             c;
    bool            code;
    uint32_t        i;
    cli_exit_t      rc;
    cli_policy_t    policy;
    weir_disasm_t   disasm;

    static const struct option  options[] = {
        { "code", no_argument, NULL, 'c' },
        { NULL, 0, NULL, 0 }
    };

    code = false;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {

        if (c != 'c') {
            return weir_cli_usage("inspect");
        }

        code = true;
    }

    if (argc - optind != 1) {
        return weir_cli_usage("inspect");
    }

    rc = weir_cli_open("inspect", argv[optind], &policy);

    if (rc == CLI_OK && code) {

        disasm = (weir_disasm_t) { policy.image.rec, policy.image.n };

        for (i = 0; i < policy.image.n[WEIR_S_PROGS]; i++) {
            weir_disasm_prog(&disasm, i, stdout);
        }

    } else if (rc == CLI_OK) {
        print_header(&policy.image);
        print_sections(&policy.image);
    }

    weir_cli_close(&policy);

    return rc;
}
