/*
 * verify.c: decide whether an image is safe to run.
 *
 * Input is hostile bytes.  After WEIR_OK whoever reads the image may assume,
 * without looking again:
 *   - every section is there that must be, aligned, whole, and alone in its
 *     bytes; one that is absent has no records;
 *   - every index and range of WEIR_IMAGE_REFS leads to records, strings are
 *     UTF-8, constants are what format.h says and nest no deeper than
 *     WEIR_MAX_VALUE_DEPTH;
 *   - edges of the tree of paths lead on and end within WEIR_MAX_SEGMENTS,
 *     address ranges are sorted, the slots of a hash name its records;
 *   - a route has each method once; tokens are of an issuer, which has a
 *     place for them, and algorithms that its sort of keys is for; a role has
 *     a bit for each permission; roles that have a tenant are those of its
 *     range; nobody has more than WEIR_MAX_ROLES from the image;
 *   - the numbers of a limit fit each other, and sums of a few do not
 *     overflow; its key is of values that can be hashed, and its programs run
 *     in its phase; those of a route have its PREAUTH ones first, and none of
 *     a plan;
 *   - a split has 2 to WEIR_MAX_ARMS arms whose weights make WEIR_BUCKETS, and
 *     a uid of its own; its overrides, guard and breakers name its arms, its
 *     steps grow and stay within what guard's arms have together;
 *   - origins are what they say, any of them alone; texts of CORS, versions
 *     and header_ops may be values of headers, a header_op has as many as it
 *     needs, its name is one that may be changed; programs run in the phases
 *     of what they are for;
 *   - names of time zones ascend; a zone has a shift for every moment, in
 *     their order, none further from UTC than 26 hours;
 *   - programs are as ops.h says: jumps land inside and forward, the stack
 *     stays within header.stack, operands exist, a value is of its static
 *     kind or an error, memos run one program deep into lower ones, and the
 *     cost is within WEIR_MAX_COST.
 * It may not assume that a policy makes sense.
 *
 * Time is linear in the length.  There is one allocation, freed on return.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "run/crypto.h"
#include "run/verify.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "images are read as they lie in memory");


weir_rc_t
weir_refuse(weir_refusal_t *why, weir_reject_t reason, const char *fmt, ...)
{
    va_list  args;

    why->reason = reason;

    va_start(args, fmt);
    vsnprintf(why->text, sizeof(why->text), fmt, args);
    va_end(args);

    return WEIR_ERROR;
}


weir_str_t
weir_image_signed_text(const uint8_t *base, uint8_t text[WEIR_SIGNED_MAX])
{
    size_t               len;
    weir_image_header_t  h;

    memcpy(&h, base, sizeof(h));
    len = sizeof(h) + h.sections * sizeof(weir_image_section_t);

    memset(h.digest, 0, sizeof(h.digest));
    memset(h.signature, 0, sizeof(h.signature));

    memcpy(text, base, len);
    memcpy(text, &h, sizeof(h));

    return weir_str((const char *) text, len);
}


static bool
is_zero(const uint8_t *p, size_t n)
{
    while (n > 0 && *p == 0) {
        p++;
        n--;
    }

    return n == 0;
}


/* Whether this is an image that this reader knows, all of it and no more. */
static weir_rc_t
check_frame(const weir_image_header_t *h, size_t len, weir_refusal_t *why)
{
    size_t  n;

    n = len < sizeof(h->magic) ? len : sizeof(h->magic);

    if (memcmp(h->magic, WEIR_IMAGE_MAGIC, n) != 0) {
        return weir_refuse(why, WEIR_REJECT_MAGIC,
                           "this is no policy image");
    }

    if (len < sizeof(weir_image_header_t)) {
        return weir_refuse(why, WEIR_REJECT_TRUNCATED,
                           "%zu bytes, less than a header", len);
    }

    if (h->major != WEIR_IMAGE_MAJOR) {
        return weir_refuse(why, WEIR_REJECT_VERSION,
                           "format %u.%u, this reader knows %u",
                           h->major, h->minor, WEIR_IMAGE_MAJOR);
    }

    if (h->required != 0) {
        return weir_refuse(why, WEIR_REJECT_FEATURE,
                           "requires features 0x%llx that this reader does "
                           "not know", (unsigned long long) h->required);
    }

    if (h->length > WEIR_MAX_IMAGE) {
        return weir_refuse(why, WEIR_REJECT_SIZE, "%llu bytes, at most %u",
                           (unsigned long long) h->length, WEIR_MAX_IMAGE);
    }

    if (len < h->length) {
        return weir_refuse(why, WEIR_REJECT_TRUNCATED, "%zu bytes of %llu",
                           len, (unsigned long long) h->length);
    }

    if (len > h->length) {
        return weir_refuse(why, WEIR_REJECT_LENGTH,
                           "%zu bytes, the header says %llu",
                           len, (unsigned long long) h->length);
    }

    if (h->sections > WEIR_MAX_SECTIONS
        || h->sections > (len - sizeof(weir_image_header_t))
                         / sizeof(weir_image_section_t))
    {
        return weir_refuse(why, WEIR_REJECT_SECTION,
                           "a table of %u sections does not fit",
                           h->sections);
    }

    return WEIR_OK;
}


static weir_rc_t
check_digest(const weir_image_header_t *h, const weir_public_key_t *key,
    weir_refusal_t *why)
{
    uint8_t     text[WEIR_SIGNED_MAX], id[8];
    uint8_t     digest[WEIR_SHA256_LEN];
    weir_str_t  s;

    s = weir_image_signed_text((const uint8_t *) h, text);

    if (weir_sha256(s, digest) != WEIR_OK
        || memcmp(digest, h->digest, sizeof(digest)) != 0)
    {
        return weir_refuse(why, WEIR_REJECT_DIGEST,
                           "the header does not have the digest it names");
    }

    if (key == NULL) {
        return WEIR_OK;
    }

    if (!(h->flags & WEIR_IMAGE_SIGNED)) {
        return weir_refuse(why, WEIR_REJECT_UNSIGNED,
                           "a key is configured and the image is not signed");
    }

    if (weir_key_id(key, id) != WEIR_OK
        || memcmp(id, h->key_id, sizeof(id)) != 0)
    {
        return weir_refuse(why, WEIR_REJECT_SIGNATURE,
                           "signed with another key than the configured one");
    }

    if (weir_signature_verify(key, s, h->signature) != WEIR_OK) {
        return weir_refuse(why, WEIR_REJECT_SIGNATURE,
                           "the signature is not of this image");
    }

    return WEIR_OK;
}


static weir_rc_t
check_header(const weir_image_header_t *h, weir_refusal_t *why)
{
    if (h->flags & ~(WEIR_IMAGE_HAS_SERIAL | WEIR_IMAGE_SIGNED)) {
        return weir_refuse(why, WEIR_REJECT_FEATURE,
                           "unknown flags 0x%x in the header", h->flags);
    }

    if (!is_zero(h->reserved, sizeof(h->reserved))
        || (!(h->flags & WEIR_IMAGE_HAS_SERIAL) && h->serial != 0)
        || (!(h->flags & WEIR_IMAGE_SIGNED)
            && (!is_zero(h->key_id, sizeof(h->key_id))
                || !is_zero(h->signature, sizeof(h->signature)))))
    {
        return weir_refuse(why, WEIR_REJECT_RECORD,
                           "the header has bytes that must be zero");
    }

    if (h->stack > WEIR_MAX_STACK || h->memo > WEIR_MAX_MEMO
        || h->scratch > WEIR_MAX_SCRATCH)
    {
        return weir_refuse(why, WEIR_REJECT_RECORD,
                           "needs %u values of stack, %u memos, %u bytes of "
                           "scratch; at most %u, %u, %u", h->stack, h->memo,
                           h->scratch, WEIR_MAX_STACK, WEIR_MAX_MEMO,
                           WEIR_MAX_SCRATCH);
    }

    return WEIR_OK;
}


/* Place and digest of section i, which begins at or behind end. */
static weir_rc_t
check_place(const weir_image_t *img, uint32_t i,
    const weir_image_section_t *s, uint64_t end, weir_refusal_t *why)
{
    uint64_t  len;
    uint8_t   digest[WEIR_SHA256_LEN];

    len = img->header->length;

    if (s->flags & ~WEIR_SECTION_OPTIONAL || s->reserved != 0) {
        return weir_refuse(why, WEIR_REJECT_SECTION,
                           "section %u has bits that must be zero", i);
    }

    if (s->offset > len || s->length > len - s->offset) {
        return weir_refuse(why, WEIR_REJECT_SECTION,
                           "section %u ends behind the image", i);
    }

    if (s->offset % 8 != 0 || s->offset < end || s->offset - end >= 8
        || !is_zero(img->base + end, s->offset - end))
    {
        return weir_refuse(why, WEIR_REJECT_SECTION,
                           "section %u begins at %llu, not at the next "
                           "multiple of 8 behind zeros from %llu", i,
                           (unsigned long long) s->offset,
                           (unsigned long long) end);
    }

    if (weir_sha256(weir_str((const char *) img->base + s->offset,
                             s->length), digest) != WEIR_OK
        || memcmp(digest, s->digest, sizeof(digest)) != 0)
    {
        return weir_refuse(why, WEIR_REJECT_DIGEST,
                           "section %u does not have the digest it names", i);
    }

    return WEIR_OK;
}


/* Whether this reader takes the section; takes it. */
static weir_rc_t
take_section(weir_image_t *img, const weir_image_section_t *s,
    weir_refusal_t *why)
{
    uint32_t  size;

    if (s->id >= WEIR_S_COUNT) {

        if (s->flags & WEIR_SECTION_OPTIONAL) {
            return WEIR_OK;
        }

        return weir_refuse(why, WEIR_REJECT_SECTION,
                           "section of unknown kind %u", s->id);
    }

    if (img->rec[s->id] != NULL) {
        return weir_refuse(why, WEIR_REJECT_SECTION, "section %s twice",
                           weir_sections[s->id].name);
    }

    size = weir_sections[s->id].size;

    if (s->length % size != 0) {
        return weir_refuse(why, WEIR_REJECT_SECTION,
                           "section %s of %llu bytes, records are of %u",
                           weir_sections[s->id].name,
                           (unsigned long long) s->length, size);
    }

    img->rec[s->id] = img->base + s->offset;
    img->n[s->id] = (uint32_t) (s->length / size);

    return WEIR_OK;
}


static weir_rc_t
check_sections(weir_image_t *img, weir_refusal_t *why)
{
    uint32_t                     i;
    uint64_t                     end;
    const weir_image_section_t  *s;

    s = (const weir_image_section_t *) (img->header + 1);
    end = (uint64_t) ((const uint8_t *) (s + img->header->sections)
                      - img->base);

    for (i = 0; i < img->header->sections; i++, s++) {

        if (check_place(img, i, s, end, why) != WEIR_OK
            || take_section(img, s, why) != WEIR_OK)
        {
            return WEIR_ERROR;
        }

        end = s->offset + s->length;
    }

    if (img->header->length != end) {
        return weir_refuse(why, WEIR_REJECT_LENGTH,
                           "bytes that no section has, from %llu on",
                           (unsigned long long) end);
    }

    for (i = 0; i < WEIR_S_ALWAYS; i++) {
        if (img->rec[i] == NULL) {
            return weir_refuse(why, WEIR_REJECT_SECTION,
                               "there is no section %s",
                               weir_sections[i].name);
        }
    }

    for ( /* void */ ; i < WEIR_S_COUNT; i++) {
        if (img->rec[i] == NULL) {
            img->rec[i] = img->base;        /* none of it will be read */
        }
    }

    return WEIR_OK;
}


static weir_rc_t
check_contents(weir_verify_t *v)
{
    size_t     size, n;
    weir_rc_t  rc;

    size = weir_verify_consts_size(&v->img);

    n = weir_verify_records_size(&v->img);
    size = n > size ? n : size;

    n = weir_verify_code_size(&v->img);
    size = n > size ? n : size;

    n = weir_verify_limits_size(&v->img);
    size = n > size ? n : size;

    n = weir_verify_edge_size(&v->img);
    size = n > size ? n : size;

    n = weir_verify_zones_size(&v->img);
    size = n > size ? n : size;

    v->mem = malloc(size);

    if (v->mem == NULL) {
        return weir_refuse(v->why, WEIR_REJECT_MEMORY,
                           "no memory to verify it: %zu bytes", size);
    }

    rc = weir_verify_consts(v);

    if (rc == WEIR_OK) {
        rc = weir_verify_records(v);
    }

    if (rc == WEIR_OK) {
        rc = weir_verify_identity(v);
    }

    if (rc == WEIR_OK) {
        rc = weir_verify_limits(v);
    }

    if (rc == WEIR_OK) {
        rc = weir_verify_splits(v);
    }

    if (rc == WEIR_OK) {
        rc = weir_verify_edge(v);
    }

    if (rc == WEIR_OK) {
        rc = weir_verify_zones(v);
    }

    if (rc == WEIR_OK) {
        rc = weir_verify_code(v);
    }

    free(v->mem);

    return rc;
}


weir_rc_t
weir_image_verify(const uint8_t *base, size_t len,
    const weir_public_key_t *key, weir_refusal_t *why)
{
    weir_verify_t               v;
    const weir_image_header_t  *h;

    h = (const weir_image_header_t *) base;

    if (check_frame(h, len, why) != WEIR_OK
        || check_digest(h, key, why) != WEIR_OK
        || check_header(h, why) != WEIR_OK)
    {
        return WEIR_ERROR;
    }

    memset(&v, 0, sizeof(v));
    v.why = why;
    v.img.base = base;
    v.img.header = h;

    if (check_sections(&v.img, why) != WEIR_OK) {
        return WEIR_ERROR;
    }

    return check_contents(&v);
}
