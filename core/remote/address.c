/* SPDX-License-Identifier: MIT */
#include "core/remote/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

struct range {
    unsigned char prefix[16];
    unsigned char bits;
    const char *what;
};

/* The special-purpose registries of IANA (RFC 6890 and successors), and multicast. */
static const struct range ranges4[] = {
    {{0}, 8, "special"},
    {{10}, 8, "private"},
    {{100, 64}, 10, "private"},
    {{127}, 8, "loopback"},
    {{169, 254}, 16, "link-local"},
    {{172, 16}, 12, "private"},
    {{192, 0, 0}, 24, "special"},
    {{192, 0, 2}, 24, "special"},
    {{192, 31, 196}, 24, "special"},
    {{192, 52, 193}, 24, "special"},
    {{192, 88, 99}, 24, "special"},
    {{192, 168}, 16, "private"},
    {{192, 175, 48}, 24, "special"},
    {{198, 18}, 15, "special"},
    {{198, 51, 100}, 24, "special"},
    {{203, 0, 113}, 24, "special"},
    {{224}, 4, "multicast"},
    {{240}, 4, "special"},
};
static const struct range ranges6[] = {
    {{[15] = 1}, 128, "loopback"},
    {{0}, 128, "special"},
    {{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48, "private"},
    {{0x01}, 64, "special"},
    {{0x20, 0x01}, 23, "special"},
    {{0x20, 0x01, 0x0d, 0xb8}, 32, "special"},
    {{0x3f, 0xff}, 20, "special"},
    {{0x5f}, 16, "special"},
    {{0xfc}, 7, "private"},
    {{0xfe, 0x80}, 10, "link-local"},
    {{0xfe, 0xc0}, 10, "private"},
    {{0xff}, 8, "multicast"},
};

static const char *find(const struct range *r, size_t n, const unsigned char *addr)
{
    for (; n--; r++) {
        size_t whole = r->bits / 8, rest = r->bits % 8;
        if (memcmp(addr, r->prefix, whole) == 0 &&
            (!rest || (addr[whole] ^ r->prefix[whole]) >> (8 - rest) == 0))
            return r->what;
    }
    return NULL;
}

static const char *special4(const unsigned char *a)
{
    return find(ranges4, sizeof(ranges4) / sizeof(*ranges4), a);
}

static const char *special6(const unsigned char *a)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const unsigned char nat64[12] = {0x00, 0x64, 0xff, 0x9b};
    static const unsigned char zero[12];
    const char *what = find(ranges6, sizeof(ranges6) / sizeof(*ranges6), a);
    if (what)
        return what;
    if (memcmp(a, mapped, 12) == 0 || memcmp(a, nat64, 12) == 0 || memcmp(a, zero, 12) == 0)
        return special4(a + 12);
    if (a[0] == 0x20 && a[1] == 0x02) /* 6to4 */
        return special4(a + 2);
    return NULL;
}

const char *address_special(const struct sockaddr *addr, size_t len)
{
    if (addr->sa_family == AF_INET && len >= sizeof(struct sockaddr_in))
        return special4((const unsigned char *)&((const struct sockaddr_in *)addr)->sin_addr);
    if (addr->sa_family == AF_INET6 && len >= sizeof(struct sockaddr_in6))
        return special6((const unsigned char *)&((const struct sockaddr_in6 *)addr)->sin6_addr);
    return "special";
}

const char *address_special_host(const char *host)
{
    unsigned char a[16];
    char bare[INET6_ADDRSTRLEN + 2];
    size_t len = strlen(host);
    while (len && host[len - 1] == '.')
        len--;
    if ((len == 9 || (len > 9 && host[len - 10] == '.')) &&
        strncasecmp(host + len - 9, "localhost", 9) == 0)
        return "loopback";
    if (len >= sizeof(bare))
        return NULL;
    memcpy(bare, host, len);
    bare[len] = '\0';
    if (inet_pton(AF_INET, bare, a) == 1)
        return special4(a);
    char *p = bare;
    if (*p == '[' && len > 2 && bare[len - 1] == ']') {
        bare[len - 1] = '\0';
        p++;
    }
    p[strcspn(p, "%")] = '\0'; /* zone of a link-local address */
    return inet_pton(AF_INET6, p, a) == 1 ? special6(a) : NULL;
}
