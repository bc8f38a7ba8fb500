/* SPDX-License-Identifier: MIT
 * Every call of git goes through here: no prompts, no hooks, no other protocols than asked for, no
 * submodules, bounded in time and size. What the machine's own git configuration says (proxies,
 * certificates, credential helpers) holds, because it is the user's. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/remote/address.h"
#include "core/remote/url.h"
#include "core/source/git.h"
#include "core/source/token.h"
#include "core/util/base64.h"
#include "core/util/child.h"
#include "core/util/cleanup.h"

#define OUTPUT_MAX (256ll << 20)
#define ENV_MAX 40

struct environment {
    char *item[ENV_MAX + 1];
    size_t n;
};

static void env_fini(struct environment *e)
{
    for (size_t i = 0; i < e->n; i++)
        token_free(e->item[i]);
}

static void env_add(struct environment *e, const char *name, const char *value)
{
    if (value && e->n < ENV_MAX && asprintf(&e->item[e->n], "%s=%s", name, value) >= 0)
        e->n++;
}

static void env_base(struct environment *e, const struct source_env *env, const char *dir)
{
    static const char *const passed[] = {
        "HOME",        "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "SSH_AUTH_SOCK",      "http_proxy",
        "https_proxy", "all_proxy",       "no_proxy",          "HTTPS_PROXY",        "ALL_PROXY",
        "NO_PROXY",    "GIT_SSL_CAINFO",  "GIT_SSL_CAPATH",    "GIT_CONFIG_NOSYSTEM"};
    static const char *const fixed[][2] = {
        {"GIT_TERMINAL_PROMPT", "0"},
        {"GIT_ASKPASS", "true"}, /* answers nothing: a login fails at once */
        {"GIT_PROTOCOL_FROM_USER", "0"},
        {"GIT_NO_REPLACE_OBJECTS", "1"},
        {"GIT_OPTIONAL_LOCKS", "0"},
        {"GIT_HTTP_LOW_SPEED_LIMIT", "200"},
        {"GIT_HTTP_LOW_SPEED_TIME", "60"},
        {"GIT_SSH_COMMAND", "ssh -oBatchMode=yes -oConnectTimeout=20"},
    };
    for (size_t i = 0; i < sizeof(passed) / sizeof(*passed); i++)
        env_add(e, passed[i], getenv(passed[i]));
    for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
        env_add(e, fixed[i][0], fixed[i][1]);
    env_add(e, "GIT_ALLOW_PROTOCOL", env->remote_caller ? "https:http" : "https:http:ssh:git:file");
    env_add(e, "GIT_DIR", dir);
}

/* A token travels in the environment of the child: an argument could be seen by every user. */
static int env_token(struct environment *e, const struct git_call *c, struct docfs_err *err)
{
    char host[300];
    char *token = NULL;
    git_url_host(c->url, host, sizeof(host));
    bool https = strncasecmp(c->url, "https://", 8) == 0;
    bool http = strncasecmp(c->url, "http://", 7) == 0;
    if (!*host || (!https && !http))
        return 0;
    int r = token_for_host(host, c->env->token_file, &token, err);
    if (r <= 0)
        return r;
    if (http && !token_host_is_local(host)) {
        token_free(token);
        return err_set(err, -EACCES,
                       "%s: the token of this host is not sent over plain http: use https", host);
    }
    _cleanup_free_ char *key = NULL;
    char *pair = NULL, *value = NULL;
    r = -ENOMEM;
    /* GitHub, GitLab and Gitea take any user name before a token; "user:token" is taken whole. */
    if (asprintf(&pair, "%s%s", strchr(token, ':') ? "" : "x-access-token:", token) >= 0 &&
        asprintf(&key, "http.%s://%s/.extraHeader", https ? "https" : "http", host) >= 0) {
        size_t n = strlen(pair);
        value = calloc(1, BASE64_LEN(n) + 32);
        if (value) {
            strcpy(value, "Authorization: Basic ");
            base64_encode(pair, n, value + strlen(value));
            env_add(e, "GIT_CONFIG_COUNT", "1");
            env_add(e, "GIT_CONFIG_KEY_0", key);
            env_add(e, "GIT_CONFIG_VALUE_0", value);
            r = 0;
        }
    }
    token_free(value);
    token_free(pair);
    token_free(token);
    return r < 0 ? err_oom(err) : 0;
}

/* ---- complaints of git, in plain words ---- */

static bool says(const struct buf *text, const char *what)
{
    return text->data && strcasestr(text->data, what);
}

static int needs_login(const char *url, struct docfs_err *err)
{
    char host[300], variable[300];
    git_url_host(url, host, sizeof(host));
    if (strncasecmp(url, "http", 4) != 0)
        return err_set(err, -EACCES,
                       "%s lets nobody in without a key: check the name, and that ssh %s works "
                       "without a question (ssh-add)",
                       url, host);
    token_variable(host, variable, sizeof(variable));
    return err_set(err, -EACCES,
                   "%s asks for a login: the name is misspelt, or it is private. For a private "
                   "one set %s, or put a line \"%s TOKEN\" into the file named by the setting "
                   "sources.token_file",
                   url, variable, host);
}

/* The first line that git marks as the reason: the later ones are what came of it. */
static const char *reason(const struct buf *text, char *out, size_t size)
{
    const char *all = buf_text(text), *best = strstr(all, "fatal: ");
    best = best ? best + 7 : all;
    size_t n = strcspn(best, "\n");
    while (n &&
           (best[n - 1] == ' ' || best[n - 1] == '\r')) /* git wipes its progress with blanks */
        n--;
    snprintf(out, size, "%.*s", (int)n, best);
    return out;
}

static int explain(const struct git_call *c, const struct buf *text, struct docfs_err *err)
{
    char host[300], why[300];
    const char *url = c->url;
    git_url_host(url, host, sizeof(host));
    snprintf(why, sizeof(why), "died of signal %d", SIGXFSZ);
    if (says(text, why) || says(text, "File too large"))
        return err_set(err, -EFBIG, "%s is larger than %lld bytes (setting sources.max_bytes)", url,
                       (long long)c->env->limits.max_bytes);
    if (says(text, "Cannot allocate memory") || says(text, "out of memory") ||
        says(text, "mmap failed"))
        return err_set(err, -ENOMEM,
                       "git needs more than %zu bytes of memory for %s (setting "
                       "sources.max_memory)",
                       c->env->limits.max_memory, url);
    if (says(text, "could not read Username") || says(text, "could not read Password") ||
        says(text, "Authentication failed") || says(text, "returned error: 401") ||
        says(text, "Permission denied") || says(text, "terminal prompts disabled"))
        return needs_login(url, err);
    if (says(text, "returned error: 403"))
        return err_set(err, -EACCES,
                       "%s is forbidden (403): the token lacks the right to read it, or the host "
                       "refuses this many requests; try later or with a token",
                       url);
    if (says(text, "Could not resolve host") || says(text, "unable to look up") ||
        says(text, "Could not resolve hostname") || says(text, "Name or service not known"))
        return err_set(err, -EHOSTUNREACH,
                       "the host %s is unknown: check its spelling, the network and the proxy",
                       host);
    if (says(text, "Connection refused") || says(text, "Failed to connect") ||
        says(text, "Couldn't connect") || says(text, "unable to connect"))
        return err_set(err, -ECONNREFUSED,
                       "%s does not answer: check the address and its port, or try later", host);
    if (says(text, "timed out") || says(text, "Operation too slow"))
        return err_set(err, -ETIMEDOUT, "%s is too slow or does not answer: try later", host);
    if (says(text, "SSL certificate") || says(text, "certificate verification"))
        return err_set(err, -EACCES,
                       "the certificate of %s is not trusted here: install its authority "
                       "(http.sslCAInfo of git)",
                       host);
    if (says(text, "not found") || says(text, "does not appear to be a git repository") ||
        says(text, "does not exist") || says(text, "not exported") ||
        says(text, "access denied or repository") || says(text, "returned error: 404")) {
        if (strncmp(url, "file://", 7) == 0 && access(url + 7, F_OK) < 0)
            return err_set(err, -ENOENT,
                           "%s is not there any more: put it back, or remove the collection (docfs "
                           "remove) and add it from its new place",
                           url + 7);
        return err_set(err, -ENOENT,
                       "%s is no git repository: check the address; a web site is added with "
                       "--kind web",
                       url);
    }
    if (says(text, "repository corruption") || says(text, "object file is empty"))
        return err_set(err, -EIO,
                       "%s is damaged: git there cannot hand out all files (%s); git fsck in it "
                       "tells more",
                       url, reason(text, why, sizeof(why)));
    if (says(text, "dubious ownership"))
        return err_set(err, -EACCES,
                       "%s belongs to another user, and git does not trust it: git config --global "
                       "--add safe.directory DIR",
                       url);
    if (says(text, "transport '") && says(text, "not allowed"))
        return err_set(err, -EACCES, "%s: this protocol is not allowed", url);
    return err_set(err, -EIO, "%s: git says: %s", url, reason(text, why, sizeof(why)));
}

/* ---- calls ---- */

static const char *const fixed_args[] = {"git",
                                         "-c",
                                         "core.hooksPath=/dev/null",
                                         "-c",
                                         "core.fsmonitor=false",
                                         "-c",
                                         "protocol.ext.allow=never",
                                         "-c",
                                         "submodule.recurse=false",
                                         "-c",
                                         "fetch.recurseSubmodules=false",
                                         "-c",
                                         "gc.auto=0",
                                         "-c",
                                         "maintenance.auto=false",
                                         "-c",
                                         "init.templateDir=",
                                         "-c",
                                         "init.defaultBranch=main",
                                         "-c",
                                         "advice.detachedHead=false"};
#define N_FIXED (sizeof(fixed_args) / sizeof(*fixed_args))

int git_run(const struct git_call *c, struct docfs_err *err)
{
    _cleanup_free_ char *origin = NULL;
    if (c->url && asprintf(&origin, "remote.origin.url=%s", c->url) < 0)
        return err_oom(err);
    _cleanup_free_ char *pin = NULL;
    if (c->pin && asprintf(&pin, "http.curloptResolve=%s", c->pin) < 0)
        return err_oom(err);
    const char *argv[N_FIXED + 64];
    size_t n = 0;
    for (; n < N_FIXED; n++)
        argv[n] = fixed_args[n];
    if (origin) {
        argv[n++] = "-c";
        argv[n++] = origin;
    }
    if (c->env->remote_caller) {
        argv[n++] = "-c";
        argv[n++] = "http.followRedirects=false";
    }
    if (pin) {
        argv[n++] = "-c";
        argv[n++] = pin;
    }
    for (size_t i = 0; c->args[i]; i++) {
        if (n + 1 >= sizeof(argv) / sizeof(*argv))
            return err_set(err, -E2BIG, "too many arguments for git");
        argv[n++] = c->args[i];
    }
    argv[n] = NULL;

    _cleanup_(env_fini) struct environment e = {0};
    env_base(&e, c->env, c->dir);
    int r = c->url ? env_token(&e, c, err) : 0;
    if (r < 0)
        return r;
    _cleanup_buf_ struct buf none = {0};
    _cleanup_buf_ struct buf complaints = {0};
    int64_t bytes = c->env->limits.max_bytes, output = bytes < OUTPUT_MAX ? bytes : OUTPUT_MAX;
    struct child_limits lim = {.timeout_ms = c->env->limits.timeout_ms,
                               .max_output = (size_t)output,
                               .max_memory = c->env->limits.max_memory,
                               .max_file = c->env->limits.max_bytes,
                               .env = (const char *const *)e.item,
                               .stderr_text = &complaints,
                               .stop = c->env->stop,
                               .stop_arg = c->env->stop_arg};
    r = child_run(argv, c->in, c->in_len, &lim, c->out ? c->out : &none, err);
    if (r == -EIO && c->url)
        return explain(c, &complaints, err);
    if (r == -EFBIG)
        return err_set(err, r,
                       "the repository lists more than %lld bytes of names: refused (setting "
                       "sources.max_bytes; at most 256 MiB)",
                       (long long)output);
    if (r == -ETIMEDOUT)
        return err_set(err, r,
                       "%s took longer than %u ms: given up; try later, or raise the setting "
                       "sources.timeout",
                       c->url ? c->url : "git", c->env->limits.timeout_ms);
    if (r == -ENOENT)
        return err_set(err, -ENOSYS, "git repositories need the program git: install it");
    return r;
}

int git_pin(const struct source_env *env, const char *url, char **ret, struct docfs_err *err)
{
    *ret = NULL;
    if (!env->remote_caller || env->allow_private)
        return 0;
    struct url u = {0};
    int r = url_parse(url, &u, err);
    if (r < 0)
        return r;
    char port[16], text[INET6_ADDRSTRLEN];
    snprintf(port, sizeof(port), "%d", u.port);
    const char *why = address_special_host(u.host);
    struct addrinfo *all = NULL, hints = {.ai_socktype = SOCK_STREAM};
    if (!why && getaddrinfo(u.host, port, &hints, &all) != 0)
        r = err_set(err, -EHOSTUNREACH,
                    "the host %s is unknown: check its spelling, the network and the proxy",
                    u.host);
    for (struct addrinfo *a = all; a && !why; a = a->ai_next)
        why = address_special(a->ai_addr, a->ai_addrlen);
    if (why)
        r = err_set(err, -EPERM,
                    "%s has a %s address, which is not fetched for callers over the network "
                    "(setting sources.allow_private)",
                    u.host, why);
    if (r == 0 && all &&
        getnameinfo(all->ai_addr, all->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST) ==
            0) {
        bool six = all->ai_family == AF_INET6;
        if (asprintf(ret, "%s:%d:%s%s%s", u.host, u.port, six ? "[" : "", text, six ? "]" : "") < 0)
            r = err_oom(err);
    }
    if (all)
        freeaddrinfo(all);
    url_fini(&u);
    return r;
}

int git_cat_start(const struct source_env *env, const char *dir, struct child **ret,
                  struct docfs_err *err)
{
    static const char *const argv[] = {"git",      "-c",      "core.fsmonitor=false",
                                       "cat-file", "--batch", NULL};
    _cleanup_(env_fini) struct environment e = {0};
    env_base(&e, env, dir);
    struct child_limits lim = {.timeout_ms = env->limits.timeout_ms,
                               .max_memory = env->limits.max_memory,
                               .env = (const char *const *)e.item};
    return child_start(argv, &lim, ret, err);
}
