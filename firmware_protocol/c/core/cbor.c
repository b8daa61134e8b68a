#include "cbor.h"

#include <assert.h>
#include <string.h>

enum { UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE };

/* --- writing ------------------------------------------------------------------------------- */

static void put(gl_cbor_out *out, const void *data, size_t size)
{
    assert(size <= out->size_max - out->size);
    memcpy(out->data + out->size, data, size);
    out->size += size;
}

static void put_head(gl_cbor_out *out, unsigned major, uint64_t argument)
{
    uint8_t head[9];
    size_t size = argument < 24           ? 0
                  : argument < 0x100      ? 1
                  : argument < 0x10000    ? 2
                  : argument <= 0xffffffff ? 4
                                          : 8;

    head[0] = (uint8_t)(major << 5);
    switch (size) {
    case 0: head[0] |= (uint8_t)argument; break;
    case 1: head[0] |= 24; break;
    case 2: head[0] |= 25; break;
    case 4: head[0] |= 26; break;
    default: head[0] |= 27; break;
    }
    for (size_t at = 0; at < size; at++)
        head[1 + at] = (uint8_t)(argument >> (8 * (size - 1 - at)));
    put(out, head, 1 + size);
}

void gl_cbor_map(gl_cbor_out *out, unsigned pair_count)
{
    put_head(out, MAP, pair_count);
}

void gl_cbor_unsigned(gl_cbor_out *out, unsigned key, uint64_t number)
{
    put_head(out, UNSIGNED, key);
    put_head(out, UNSIGNED, number);
}

void gl_cbor_bytes(gl_cbor_out *out, unsigned key, const uint8_t *data, size_t size)
{
    put_head(out, UNSIGNED, key);
    put_head(out, BYTES, size);
    put(out, data, size);
}

void gl_cbor_text(gl_cbor_out *out, unsigned key, const char *text)
{
    put_head(out, UNSIGNED, key);
    put_head(out, TEXT, strlen(text));
    put(out, text, strlen(text));
}

void gl_cbor_true(gl_cbor_out *out, unsigned key)
{
    static const uint8_t is_true = SIMPLE << 5 | 21;
    put_head(out, UNSIGNED, key);
    put(out, &is_true, 1);
}

/* --- reading ------------------------------------------------------------------------------- */

typedef struct {
    const uint8_t *at;
    const uint8_t *end;
} reader;

typedef struct {
    unsigned major;
    uint64_t argument;
} head;

/* Takes the head of an item; refuses indefinite lengths, tags, and heads that RFC 8949 reserves. */
static bool take_head(reader *in, head *found)
{
    if (in->at == in->end)
        return false;
    unsigned info = *in->at & 31;
    found->major = *in->at++ >> 5;
    found->argument = info;
    if (info > 27 || found->major == TAG)
        return false;
    if (info >= 24) {
        size_t size = (size_t)1 << (info - 24);
        if ((size_t)(in->end - in->at) < size)
            return false;
        found->argument = 0;
        while (size-- > 0)
            found->argument = found->argument << 8 | *in->at++;
    }
    return !(found->major == SIMPLE && info == 24 && found->argument < 32);
}

/* Takes one item with all that is in it. It counts what is still to come instead of calling itself,
 * so a deep nest costs no stack. */
static bool take_item(reader *in)
{
    for (uint64_t left = 1; left > 0; left--) {
        head found;
        if (!take_head(in, &found))
            return false;
        uint64_t rest = (uint64_t)(in->end - in->at);
        switch (found.major) {
        case BYTES:
        case TEXT:
            if (found.argument > rest)
                return false;
            in->at += found.argument;
            break;
        case ARRAY:
        case MAP:
            /* Each item is a byte at least, so a count beyond the rest is a lie. */
            if (found.argument > rest)
                return false;
            left += found.major == MAP ? 2 * found.argument : found.argument;
            break;
        default:
            break;
        }
    }
    return true;
}

/* Moves behind a key; the value is next. */
static bool take_key(reader *in, uint64_t *key)
{
    head found;
    if (!take_head(in, &found) || found.major != UNSIGNED)
        return false;
    *key = found.argument;
    return true;
}

static bool begin(reader *in, const uint8_t *body, size_t size, uint64_t *pair_count)
{
    head found;
    in->at = body;
    in->end = body + size;
    if (!take_head(in, &found) || found.major != MAP)
        return false;
    *pair_count = found.argument;
    return true;
}

/* Finds the value of a key among the first pairs. */
static bool find(const uint8_t *body, size_t size, uint64_t pair_count_max, uint64_t wanted,
                 reader *value)
{
    reader in;
    uint64_t pair_count, key;

    if (!begin(&in, body, size, &pair_count))
        return false;
    for (uint64_t pair = 0; pair < pair_count && pair < pair_count_max; pair++) {
        if (!take_key(&in, &key))
            return false;
        *value = in;
        if (key == wanted)
            return true;
        if (!take_item(&in))
            return false;
    }
    return false;
}

bool gl_cbor_is_map(const uint8_t *body, size_t size)
{
    reader in, earlier;
    uint64_t pair_count, key;

    if (!begin(&in, body, size, &pair_count))
        return false;
    for (uint64_t pair = 0; pair < pair_count; pair++) {
        if (!take_key(&in, &key) || find(body, size, pair, key, &earlier) || !take_item(&in))
            return false;
    }
    return in.at == in.end;
}

bool gl_cbor_has(const uint8_t *body, size_t size, unsigned key)
{
    reader value;
    return find(body, size, UINT64_MAX, key, &value);
}

bool gl_cbor_get_unsigned(const uint8_t *body, size_t size, unsigned key, uint64_t number_max,
                          uint64_t *number)
{
    reader value;
    head found;

    if (!find(body, size, UINT64_MAX, key, &value) || !take_head(&value, &found))
        return false;
    *number = found.argument;
    return found.major == UNSIGNED && found.argument <= number_max;
}

bool gl_cbor_get_bytes(const uint8_t *body, size_t size, unsigned key, uint8_t *data,
                       size_t data_size)
{
    reader value;
    head found;

    if (!find(body, size, UINT64_MAX, key, &value) || !take_head(&value, &found))
        return false;
    if (found.major != BYTES || found.argument != data_size)
        return false;
    memcpy(data, value.at, data_size);
    return true;
}

bool gl_cbor_is_text(const uint8_t *body, size_t size, unsigned key, size_t text_size_max)
{
    reader value;
    head found;

    if (!find(body, size, UINT64_MAX, key, &value) || !take_head(&value, &found))
        return false;
    if (found.major != TEXT || found.argument < 1 || found.argument > text_size_max)
        return false;
    for (size_t at = 0; at < found.argument; at++)
        if (value.at[at] < 0x20 || value.at[at] > 0x7e)
            return false;
    return true;
}
