/* SPDX-License-Identifier: MIT */
#include "core/text/name.h"

#include <string.h>
#include <utf8proc.h>

#include "core/util/utf8.h"

/* ---- slugs ---- */

static bool slug_keeps(utf8proc_int32_t c, bool after_letter)
{
    if (c < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '+';
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
        return true;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
        return after_letter;
    default:
        return false;
    }
}

/* Appends one folded code point; false when the slug is full. */
static bool slug_add(char out[static SLUG_MAX + 1], size_t *n, bool *dash, utf8proc_int32_t c)
{
    if (!slug_keeps(c, *n && !*dash)) {
        *dash = *n > 0;
        return true;
    }
    if (!*n && c == '.')
        return true;
    utf8proc_uint8_t piece[4];
    size_t add = (size_t)utf8proc_encode_char(c, piece);
    if (*n + *dash + add > SLUG_MAX)
        return false;
    if (*dash)
        out[(*n)++] = '-';
    *dash = false;
    memcpy(out + *n, piece, add);
    *n += add;
    return true;
}

void name_slug(const char *title, size_t len, char out[SLUG_MAX + 1])
{
    size_t n = 0;
    bool dash = false, room = true; /* a '-' is written only before what follows it */
    for (size_t i = 0; i < len && room;) {
        uint32_t c;
        i += utf8_decode(title + i, len - i, &c);
        utf8proc_int32_t fold[8];
        int last_class = 0;
        utf8proc_ssize_t k =
            utf8proc_decompose_char((utf8proc_int32_t)c, fold, 8, UTF8PROC_CASEFOLD, &last_class);
        if (k > 8)
            k = 0;
        for (utf8proc_ssize_t j = 0; j < k && room; j++)
            room = slug_add(out, &n, &dash, fold[j]);
    }
    while (n && (out[n - 1] == '.' || out[n - 1] == '-'))
        n--;
    out[n] = '\0';
    if (!n)
        strcpy(out, "untitled");
}

/* ---- document ids ---- */

/* Two rounds of xor-shift and multiplication by an odd number are a permutation of 40-bit numbers
 * that scatters neighbouring rows. Ids outlive the program: these constants never change. */
#define ID_BITS (5 * DOC_ID_LEN)
#define ID_MASK ((UINT64_C(1) << ID_BITS) - 1)
#define ID_ROW_MAX (INT64_C(1) << 39)
#define ID_ROUNDS 3
static const uint64_t id_mul[ID_ROUNDS] = {0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f,
                                           0xd6e8feb86659fd93};
#define ID_SHIFT 20 /* half of the bits, so that x ^= x >> ID_SHIFT undoes itself */

static const char id_alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

static uint64_t id_permute(uint64_t x)
{
    for (int i = 0; i < ID_ROUNDS; i++) {
        x ^= x >> ID_SHIFT;
        x = x * id_mul[i] & ID_MASK;
    }
    return x ^ x >> ID_SHIFT;
}

/* Inverse of an odd number modulo 2^64 (Newton: each step doubles the right bits). */
static uint64_t odd_inverse(uint64_t a)
{
    uint64_t x = a;
    for (int i = 0; i < 5; i++)
        x *= 2 - a * x;
    return x;
}

static uint64_t id_unpermute(uint64_t x)
{
    for (int i = ID_ROUNDS - 1; i >= 0; i--) {
        x ^= x >> ID_SHIFT;
        x = x * odd_inverse(id_mul[i]) & ID_MASK;
    }
    return x ^ x >> ID_SHIFT;
}

static bool id_has_letter(uint64_t x)
{
    for (int i = 0; i < DOC_ID_LEN; i++, x >>= 5)
        if ((x & 31) < 26)
            return true;
    return false;
}

/* Spellings without a letter are stepped over ("cycle walking"). That stays a permutation because
 * every valid row is itself such a number: its top digit is below 17. */
void name_doc_id(int64_t document, char out[DOC_ID_LEN + 1])
{
    out[0] = '\0';
    if (document < 1 || document > ID_ROW_MAX)
        return;
    uint64_t x = id_permute((uint64_t)document);
    while (!id_has_letter(x))
        x = id_permute(x);
    for (int i = DOC_ID_LEN - 1; i >= 0; i--, x >>= 5)
        out[i] = id_alphabet[x & 31];
    out[DOC_ID_LEN] = '\0';
}

int64_t name_doc_row(const char *s, size_t len)
{
    if (len != DOC_ID_LEN)
        return 0;
    uint64_t x = 0;
    for (size_t i = 0; i < len; i++) {
        char c = s[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c | 0x20);
        if (c >= 'a' && c <= 'z')
            x = x << 5 | (uint64_t)(c - 'a');
        else if (c >= '2' && c <= '7')
            x = x << 5 | (uint64_t)(c - '2' + 26);
        else
            return 0;
    }
    if (!id_has_letter(x))
        return 0;
    x = id_unpermute(x);
    while (!id_has_letter(x))
        x = id_unpermute(x);
    return x >= 1 && x <= (uint64_t)ID_ROW_MAX ? (int64_t)x : 0;
}
