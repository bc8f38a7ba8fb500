/* SPDX-License-Identifier: MIT
 * Secrets by the form their issuers give them. Documentation is full of examples, so a match counts
 * only when its random part looks random. */
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/text/hygiene_internal.h"

enum alphabet { UPPER_DIGIT, ALNUM, URL_SAFE, LOWER_HEX };

static const struct {
    const char *prefix, *what;
    enum alphabet alphabet;
    unsigned char min, max; /* characters after the prefix */
} kinds[] = {
    {"AKIA", "AWS access key", UPPER_DIGIT, 16, 16},
    {"ASIA", "AWS temporary access key", UPPER_DIGIT, 16, 16},
    {"ghp_", "GitHub personal token", ALNUM, 36, 36},
    {"gho_", "GitHub OAuth token", ALNUM, 36, 36},
    {"ghu_", "GitHub user token", ALNUM, 36, 36},
    {"ghs_", "GitHub server token", ALNUM, 36, 36},
    {"ghr_", "GitHub refresh token", ALNUM, 36, 76},
    {"github_pat_", "GitHub personal token", URL_SAFE, 60, 90},
    {"glpat-", "GitLab personal token", URL_SAFE, 20, 20},
    {"AIza", "Google API key", URL_SAFE, 35, 35},
    {"xoxb-", "Slack bot token", URL_SAFE, 40, 80},
    {"xoxp-", "Slack user token", URL_SAFE, 40, 90},
    {"sk_live_", "Stripe secret key", ALNUM, 24, 110},
    {"rk_live_", "Stripe restricted key", ALNUM, 24, 110},
    {"sk-ant-", "Anthropic API key", URL_SAFE, 80, 120},
    {"sk-proj-", "OpenAI API key", URL_SAFE, 80, 180},
    {"npm_", "npm access token", ALNUM, 36, 36},
    {"pypi-AgEIcHlwaS5vcmc", "PyPI token", URL_SAFE, 50, 200},
    {"hf_", "Hugging Face token", ALNUM, 34, 34},
    {"dop_v1_", "DigitalOcean token", LOWER_HEX, 64, 64},
    {"SG.", "SendGrid API key", URL_SAFE, 66, 66},
};
#define KINDS (sizeof(kinds) / sizeof(*kinds))
_Static_assert(KINDS <= 32, "a set of kinds is 32 bits");

static bool in_alphabet(unsigned char c, enum alphabet a)
{
    switch (a) {
    case UPPER_DIGIT:
        return isupper(c) || isdigit(c);
    case ALNUM:
        return isalnum(c);
    case URL_SAFE:
        return isalnum(c) || c == '-' || c == '_' || c == '.';
    case LOWER_HEX:
        return isdigit(c) || (c >= 'a' && c <= 'f');
    }
    return false;
}

/* Many different characters, of two classes, no long run, and no word of an example in it. */
static bool looks_random(const char *p, size_t len)
{
    bool seen[256] = {false}, digit = false, letter = false;
    size_t distinct = 0, run = 1, steps = 1;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)p[i];
        distinct += !seen[c];
        seen[c] = true;
        digit = digit || isdigit(c);
        letter = letter || isalpha(c);
        run = i && p[i - 1] == p[i] ? run + 1 : 1;
        steps = i && p[i - 1] + 1 == p[i] ? steps + 1 : 1;
        if (run >= 4 || steps >= 5)
            return false;
    }
    static const char *const words[] = {"EXAMPLE", "example", "REDACTED", "TOKEN", "token",
                                        "secret",  "SECRET",  "your",     "YOUR",  "xxx"};
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (memmem(p, len, words[i], strlen(words[i])))
            return false;
    return digit && letter && distinct >= (len < 20 ? len / 2 : 10);
}

/* "-----BEGIN ... PRIVATE KEY-----" with lines of base64 behind it, not "...". */
static bool is_private_key(const char *p, const char *end)
{
    const char *eol = memchr(p, '\n', (size_t)(end - p));
    size_t head = (size_t)((eol ? eol : end) - p);
    if (head > 80 || !memmem(p, head, "PRIVATE KEY", 11))
        return false;
    size_t base64 = 0;
    char last = 0;
    bool varied = false;
    for (p = eol ? eol : end; p < end && base64 < 200; p++) {
        if (isalnum((unsigned char)*p) || *p == '+' || *p == '/') {
            base64++;
            varied = varied || (last && last != *p && isdigit((unsigned char)*p));
            last = *p;
        } else if (*p == ':' || *p == '.' || *p == '-' || *p == '<') {
            break; /* header lines of old formats, "...", the end */
        }
    }
    return base64 >= 200 && varied;
}

/* What the token at p is, NULL for none; may: the kinds that begin with its first byte. */
static const char *token_kind(const char *p, const char *end, uint32_t may)
{
    for (size_t i = 0; may; i++, may >>= 1) {
        if (!(may & 1) || p[1] != kinds[i].prefix[1])
            continue;
        size_t n = strlen(kinds[i].prefix), k = 0;
        if ((size_t)(end - p) < n + kinds[i].min || memcmp(p, kinds[i].prefix, n) != 0)
            continue;
        while (p + n + k < end && in_alphabet((unsigned char)p[n + k], kinds[i].alphabet))
            k++;
        if (k >= kinds[i].min && k <= kinds[i].max && looks_random(p + n, k))
            return kinds[i].what;
    }
    return NULL;
}

void hygiene_secrets(const char *md, size_t len, struct hygiene *h)
{
    uint32_t begins[256] = {0}; /* set of kinds by first byte */
    for (size_t i = 0; i < KINDS; i++)
        begins[(unsigned char)kinds[i].prefix[0]] |= UINT32_C(1) << i;
    const char *end = md + len;
    uint32_t line = 1;
    const char *counted = md;
    for (const char *p = md; end - p > 2; p++) {
        unsigned char c = (unsigned char)*p;
        const char *what = NULL;
        if (c == '-') {
            if (end - p > 40 && p[1] == '-' && memcmp(p, "-----BEGIN ", 11) == 0)
                what = is_private_key(p, end) ? "private key" : NULL;
        } else if (begins[c] && (p == md || !isalnum((unsigned char)p[-1]))) {
            what = token_kind(p, end, begins[c]);
        }
        if (!what)
            continue;
        for (; counted < p; counted++)
            line += *counted == '\n';
        hygiene_found(h, HYGIENE_SECRET, line, what);
    }
}
