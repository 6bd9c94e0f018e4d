/*
 * fuzz.h: what fuzz targets share.
 *
 * Digests are those of any program but the fuzzers': SHA-256 would be most of
 * a run, and no input gets far by breaking it.  The fuzzers are linked with
 * --wrap for both functions below; a target includes this file once.
 */

#ifndef WEIR_TEST_FUZZ_H
#define WEIR_TEST_FUZZ_H

#include <stdint.h>
#include <stdlib.h>
#include <sanitizer/asan_interface.h>
#include "base/digest.h"
#include "base/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

weir_rc_t __wrap_weir_sha256(weir_str_t data, uint8_t out[WEIR_SHA256_LEN]);
weir_rc_t __wrap_weir_id_make(const char *kind, weir_str_t name,
    weir_id_t *id);


weir_rc_t
__wrap_weir_sha256(weir_str_t data, uint8_t out[WEIR_SHA256_LEN])
{
    uint64_t  hash;

    hash = weir_hash(data, data.len);
    memset(out, 0x5a, WEIR_SHA256_LEN);
    memcpy(out, &hash, sizeof(hash));

    return WEIR_OK;
}


weir_rc_t
__wrap_weir_id_make(const char *kind, weir_str_t name, weir_id_t *id)
{
    uint64_t  hash[2];

    hash[0] = weir_hash(name, weir_hash(weir_cstr(kind), 1));
    hash[1] = weir_hash(name, weir_hash(weir_cstr(kind), 2));
    memcpy(id->bytes, hash, sizeof(id->bytes));

    return WEIR_OK;
}


/*
 * Bytes of the fuzzer, taken one after another.  When they are used up: any
 * that the seed gives, or zeros where it is 0.
 */
typedef struct {
    const uint8_t  *data;
    size_t          left;
    uint64_t        seed;
} bytes_t;


static inline unsigned
take_byte(bytes_t *b)
{
    if (b->left == 0) {
        b->seed *= UINT64_C(6364136223846793005);
        return (unsigned) (b->seed >> 56);
    }

    b->left--;

    return *b->data++;
}


static inline void
must(bool ok)
{
    if (!ok) {
        abort();
    }
}


#define ROOM_SIZE  (1u << 20)

/* What is behind its open bytes is to be used by nobody. */
typedef struct {
    uint8_t  *mem;
    size_t    open;
} room_t;


/*
 * Memory of so many bytes and no more, of any content, until it is asked for
 * again: to allocate it each time takes longer than a request does.
 */
static inline void *
room_of(room_t *r, size_t size)
{
    size = (size + 15) & ~(size_t) 15;
    must(size <= ROOM_SIZE);

    if (r->mem == NULL) {
        r->mem = aligned_alloc(16, ROOM_SIZE);
        must(r->mem != NULL);
        r->open = ROOM_SIZE;
    }

    if (size > r->open) {
        ASAN_UNPOISON_MEMORY_REGION(r->mem + r->open, size - r->open);

    } else {
        ASAN_POISON_MEMORY_REGION(r->mem + size, r->open - size);
    }

    r->open = size;

    return r->mem;
}

#endif
