/* SPDX-License-Identifier: MIT
 * The table of settings, and how its kinds of value are read. */
#undef NDEBUG
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "core/config/config.h"
#include "core/util/cleanup.h"

static void table_is_sound(void)
{
    for (size_t i = 0; i < config_count; i++) {
        const struct config_def *d = &config_table[i];
        char a[128], b[128];
        assert(i == 0 || strcmp(config_table[i - 1].key, d->key) < 0); /* for config_find() */
        assert(config_find(d->key) == (int)i);
        config_variable(d->key, a, sizeof(a));
        if (isnan(config_number(d, d->fallback)))
            fprintf(stderr, "the default of %s is refused\n", d->key);
        assert(!isnan(config_number(d, d->fallback)));
        assert(d->help && *d->help && (d->kind != CHOICE || d->choices));
        size_t n = strlen(d->key);
        assert(d->kind != SECRET || (n > 5 && strcmp(d->key + n - 5, "_file") == 0));
        for (size_t j = i + 1; j < config_count; j++) {
            config_variable(config_table[j].key, b, sizeof(b));
            if (strcmp(a, b) == 0)
                fprintf(stderr, "%s and %s share the variable %s\n", d->key, config_table[j].key,
                        a);
            assert(strcmp(a, b) != 0);
        }
        assert(strcmp(a, "DOCFS_CACHE") != 0 && strcmp(a, "DOCFS_CONFIG") != 0);
    }
    assert(config_find("") < 0 && config_find("search") < 0 && config_find("zzz") < 0);
}

static double number(enum config_kind kind, const char *v)
{
    struct config_def d = {"x.y_file", kind, "", 0, 1e13, "", 0, "red|green"};
    return config_number(&d, v);
}

static void kinds(void)
{
    assert(number(INTEGER, "12") == 12 && isnan(number(INTEGER, "1.5")));
    assert(isnan(number(INTEGER, " 1")) && isnan(number(INTEGER, "")));
    assert(isnan(number(INTEGER, "99999999999999999999")));
    assert(number(REAL, "0.25") == 0.25 && isnan(number(REAL, "nan")));
    assert(number(SWITCH, "On") == 1 && number(SWITCH, "false") == 0 && isnan(number(SWITCH, "1")));
    assert(number(CHOICE, "green") == 1 && isnan(number(CHOICE, "gre")));
    assert(isnan(number(CHOICE, "red|green")) && isnan(number(CHOICE, "")));
    assert(number(SIZE, "64M") == 67108864 && number(SIZE, "1.5k") == 1536);
    assert(number(SIZE, "2GiB") == 2147483648.0 && isnan(number(SIZE, "2Q")));
    assert(isnan(number(SIZE, "-1")) && isnan(number(SIZE, "1.0001K")));
    assert(number(DURATION, "250ms") == 250 && number(DURATION, "3") == 3000);
    assert(number(DURATION, "5 min") == 300000 && number(DURATION, "7d") == 604800000);
    assert(isnan(number(DURATION, "inf")) && isnan(number(DURATION, "")));
    assert(number(TEXT, "abc") == 3 && isnan(number(TEXT, "a\nb")));
}

static int parse(const char *text, struct config_entries *e, struct docfs_err *err)
{
    return config_parse("f.yaml", text, strlen(text), e, err);
}

static void refused(const char *text, const char *message)
{
    struct config_entries e = {0};
    struct docfs_err err = {0};
    assert(parse(text, &e, &err) == -EINVAL);
    if (!strstr(err.text, message))
        fprintf(stderr, "%s\nlacks: %s\n", err.text, message);
    assert(strstr(err.text, message) && e.n == 0);
}

static void yaml(void)
{
    struct config_entries e = {0};
    assert(parse("# c\na:\n  b: 1\n  c: [x, 'y']\nd.e: \"q r\"\n", &e, NULL) == 0 && e.n == 3);
    assert(!strcmp(e.item[0].key, "a.b") && !strcmp(e.item[0].value, "1") && e.item[0].line == 3);
    assert(!strcmp(e.item[1].key, "a.c") && !strcmp(e.item[1].value, "x,y"));
    assert(!strcmp(e.item[2].key, "d.e") && !strcmp(e.item[2].value, "q r") && e.item[2].line == 5);
    config_entries_fini(&e);
    assert(parse("", &e, NULL) == 0 && e.n == 0);
    assert(parse("# nothing\n---\n", &e, NULL) == 0 && e.n == 0);
    assert(parse("a: ''\n", &e, NULL) == 0 && e.n == 1 && !*e.item[0].value);
    config_entries_fini(&e);

    refused("a: 1\nb: 2\na: 3\n", "f.yaml:3: a is already set in line 1");
    refused("a:\n  b: 1\na.b: 2\n", "f.yaml:3: a.b is already set in line 2");
    refused("a: 1\nb:\n", "f.yaml:2: b has no value");
    refused("- a\n", "f.yaml:1: expected settings");
    refused("a: &x 1\nb: *x\n", "f.yaml:1: anchors");
    refused("a: 1\n b: 2\n", "f.yaml:2: this is not YAML");
    refused("a: !!int 1\n", "tags");
    refused("a: 1\n---\nb: 2\n", "second document");
    refused("a: [[1]]\n", "a list may hold plain values only");
    refused("a: ['1,2']\n", "holds a comma");
    refused("? [a]\n: 1\n", "a key must be a plain word");
    refused("a: \"x\\0y\"\n", "NUL");
    refused("a: {a: {a: {a: {a: {a: {a: {a: {a: 1}}}}}}}}\n", "nested too deeply");
    refused("\xff\xfe: 1\n", "not YAML");
}

static void secrets(void)
{
    struct config_def d = {"x.y_file", SECRET, "", 1, 4096, "", 0, NULL};
    struct docfs_err err = {0};
    char *s = NULL;
    FILE *f = fopen("secret", "w");
    assert(f && fputs("hush\n", f) >= 0 && fclose(f) == 0);
    assert(chmod("secret", 0644) == 0);
    assert(config_secret(&d, "secret", &s, &err) == -EPERM && strstr(err.text, "chmod 600 secret"));
    assert(chmod("secret", 0600) == 0);
    assert(config_secret(&d, "secret", &s, &err) == 0 && !strcmp(s, "hush"));
    free(s);
    assert(config_secret(&d, "missing", &s, &err) == -ENOENT);
    assert(config_secret(&d, ".", &s, &err) == -EINVAL);
    assert(config_secret(&d, "", &s, &err) == 0 && !*s);
    free(s);
    assert(setenv("DOCFS_X_Y", "direct", 1) == 0);
    assert(config_secret(&d, "secret", &s, &err) == 0 && !strcmp(s, "direct"));
    free(s);
    f = fopen("secret", "w");
    assert(f && fputs("two\nlines\n", f) >= 0 && fclose(f) == 0);
    assert(unsetenv("DOCFS_X_Y") == 0 && config_secret(&d, "secret", &s, &err) == -EINVAL);
    assert(remove("secret") == 0);
}

int main(void)
{
    table_is_sound();
    kinds();
    yaml();
    secrets();
    puts("4 passed, 0 failed");
    return 0;
}
