/* SPDX-License-Identifier: MIT
 * Addresses, URLs and dates of the HTTP client. */
#undef NDEBUG
#include "core/remote/address.h"
#include "core/remote/http.h"
#include "core/remote/url.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void address(const char *text, const char *expected)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    struct sockaddr_in6 b = {.sin6_family = AF_INET6};
    const char *got;
    if (inet_pton(AF_INET, text, &a.sin_addr) == 1)
        got = address_special((struct sockaddr *)&a, sizeof(a));
    else if (inet_pton(AF_INET6, text, &b.sin6_addr) == 1)
        got = address_special((struct sockaddr *)&b, sizeof(b));
    else
        abort();
    assert(expected ? got && strcmp(got, expected) == 0 : !got);
    assert(address_special_host(text) == got);
}

static void addresses(void)
{
    static const char *const special[][2] = {{"0.0.0.0", "special"},
                                             {"0.1.2.3", "special"},
                                             {"10.0.0.1", "private"},
                                             {"100.64.0.1", "private"},
                                             {"100.127.255.255", "private"},
                                             {"127.0.0.1", "loopback"},
                                             {"127.9.9.9", "loopback"},
                                             {"169.254.169.254", "link-local"},
                                             {"172.16.0.1", "private"},
                                             {"172.31.255.255", "private"},
                                             {"192.0.0.1", "special"},
                                             {"192.168.1.1", "private"},
                                             {"198.18.0.1", "special"},
                                             {"198.19.255.255", "special"},
                                             {"224.0.0.1", "multicast"},
                                             {"239.255.255.255", "multicast"},
                                             {"255.255.255.255", "special"},
                                             {"::", "special"},
                                             {"::1", "loopback"},
                                             {"::ffff:127.0.0.1", "loopback"},
                                             {"::ffff:10.1.1.1", "private"},
                                             {"::10.0.0.1", "private"},
                                             {"64:ff9b::169.254.169.254", "link-local"},
                                             {"64:ff9b:1::1", "private"},
                                             {"100::1", "special"},
                                             {"2001::1", "special"},
                                             {"2001:db8::1", "special"},
                                             {"2002:7f00:1::", "loopback"},
                                             {"2002:c0a8:101::", "private"},
                                             {"fc00::1", "private"},
                                             {"fdff::1", "private"},
                                             {"fe80::1", "link-local"},
                                             {"fec0::1", "private"},
                                             {"ff02::1", "multicast"}};
    for (size_t i = 0; i < sizeof(special) / sizeof(*special); i++)
        address(special[i][0], special[i][1]);
    static const char *const ok[] = {
        "1.1.1.1",        "11.0.0.1",        "100.63.255.255", "100.128.0.1",  "126.255.255.255",
        "128.0.0.1",      "172.15.0.1",      "172.32.0.1",     "192.167.1.1",  "198.17.0.1",
        "198.20.0.1",     "223.255.255.255", "2606:4700::1",   "2a00:1450::1", "::ffff:8.8.8.8",
        "2002:808:808::", "64:ff9b::8.8.8.8"};
    for (size_t i = 0; i < sizeof(ok) / sizeof(*ok); i++)
        address(ok[i], NULL);
    assert(strcmp(address_special_host("[::1]"), "loopback") == 0);
    assert(strcmp(address_special_host("[fe80::1%25eth0]"), "link-local") == 0);
    assert(strcmp(address_special_host("LOCALHOST."), "loopback") == 0);
    assert(strcmp(address_special_host("a.localhost"), "loopback") == 0);
    assert(!address_special_host("mylocalhost") && !address_special_host("example.org"));
    struct sockaddr other = {.sa_family = AF_UNIX};
    assert(address_special(&other, sizeof(other)));
}

static void resolved(const char *base, const char *ref, const char *expected, const char *fragment)
{
    char *got = NULL, *f = NULL;
    int r = url_resolve(base, ref, &got, &f, NULL);
    if (!expected) {
        assert(r == -EINVAL && !got && !f);
        return;
    }
    assert(r == 0 && strcmp(got, expected) == 0);
    assert(fragment ? f && strcmp(f, fragment) == 0 : !f);
    free(got);
    free(f);
}

static void urls(void)
{
    static const char *const normal[][2] = {
        {"HTTP://Example.ORG", "http://example.org/"},
        {"http://example.org:80/a/./b/../c", "http://example.org/a/c"},
        {"https://example.org:443/%7Euser/%e4%2f", "https://example.org/~user/%E4%2F"},
        {"http://example.org:8080?x=1", "http://example.org:8080/?x=1"},
        {"http://u:p@example.org/#top", "http://example.org/"},
        {"http://example.org/a b/\xc3\xa4", "http://example.org/a%20b/%C3%A4"},
        {"http://example.org/../../x/..", "http://example.org/"},
        {"http://example.org/100%", "http://example.org/100%25"},
        {"http://[::1]:8000/x", "http://[::1]:8000/x"},
        {"http://b\xc3\xbc"
         "cher.example/",
         "http://xn--bcher-kva.example/"},
        {"http://example.org/?", "http://example.org/?"},
        {"http://2130706433/", "http://127.0.0.1/"},
    };
    for (size_t i = 0; i < sizeof(normal) / sizeof(*normal); i++) {
        char *got = NULL;
        assert(url_normal(normal[i][0], &got, NULL) == 0);
        assert(strcmp(got, normal[i][1]) == 0);
        free(got);
    }
    static const char *const bad[] = {"",
                                      "example.org",
                                      "ftp://example.org/",
                                      "http://",

                                      "file:///etc/passwd",
                                      "http://exa mple.org/",
                                      "http://example.org:99999/",
                                      "javascript:alert(1)",
                                      "http://example.org\n.evil/"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        char *got = NULL;
        struct docfs_err err = {0};
        assert(url_normal(bad[i], &got, &err) == -EINVAL && !got && err.text[0]);
    }
    const char *base = "http://example.org/a/b/c.html?x=1";
    resolved(base, "#top", "http://example.org/a/b/c.html?x=1", "top");
    resolved(base, "", "http://example.org/a/b/c.html?x=1", NULL);
    resolved(base, "?y=2", "http://example.org/a/b/c.html?y=2", NULL);
    resolved(base, "../d.html#e", "http://example.org/a/d.html", "e");
    resolved(base, "/d", "http://example.org/d", NULL);
    resolved(base, "//other.org/x", "http://other.org/x", NULL);
    resolved(base, " \n https://other.org/ x\n ", "https://other.org/%20x", NULL);
    resolved(base, "d:e/f", NULL, NULL);
    resolved(base, "./d:e", "http://example.org/a/b/d:e", NULL);
    resolved(base, "mailto:x@example.org", NULL, NULL);
    resolved(base, "javascript:void(0)", NULL, NULL);
    resolved(base, "data:text/html,x", NULL, NULL);
    resolved("http://u:p@example.org/a", "b", "http://example.org/b", NULL);
    resolved("http://example.org/?q=/a/b", "c", "http://example.org/c", NULL);

    char *shown = url_display("http://user:secret@example.org/x@y");
    assert(strcmp(shown, "http://example.org/x@y") == 0);
    free(shown);
    assert(url_same_origin("http://a.org/x", "http://A.org:80/y"));
    assert(!url_same_origin("http://a.org/", "https://a.org/"));
    assert(!url_same_origin("http://a.org/", "http://a.org:81/"));
}

static void dates(void)
{
    assert(http_date("Sun, 06 Nov 1994 08:49:37 GMT") == 784111777);
    assert(http_date("yesterday") == -1);
}

int main(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {{"addresses", addresses}, {"URLs", urls}, {"dates", dates}};
    size_t n = sizeof(tests) / sizeof(*tests);
    for (size_t i = 0; i < n; i++) {
        fprintf(stderr, "%s\n", tests[i].name);
        tests[i].run();
    }
    printf("%zu passed, 0 failed\n", n);
    return 0;
}
