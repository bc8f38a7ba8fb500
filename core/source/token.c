/* SPDX-License-Identifier: MIT */
#include "core/source/token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/remote/address.h"
#include "core/util/base64.h"
#include "core/util/buf.h"
#include "core/util/cleanup.h"

static const struct {
    const char *host, *variable[2];
} known[] = {
    {"github.com", {"GITHUB_TOKEN", "GH_TOKEN"}},
    {"gitlab.com", {"GITLAB_TOKEN", NULL}},
    {"codeberg.org", {"CODEBERG_TOKEN", NULL}},
};

static void own_variable(const char *host, char *out, unsigned size)
{
    unsigned n = (unsigned)snprintf(out, size, "DOCFS_TOKEN_");
    for (; *host && n + 1 < size; host++) {
        char c = *host;
        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        out[n++] = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '_';
    }
    out[n] = '\0';
}

void token_variable(const char *host, char *out, unsigned size)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (strcasecmp(known[i].host, host) == 0) {
            snprintf(out, size, "%s", known[i].variable[0]);
            return;
        }
    own_variable(host, out, size);
}

static const char *from_environment(const char *host)
{
    char name[300];
    own_variable(host, name, sizeof(name));
    const char *v = getenv(name);
    for (size_t i = 0; (!v || !*v) && i < sizeof(known) / sizeof(*known); i++)
        for (int k = 0; k < 2 && (!v || !*v); k++)
            if (strcasecmp(known[i].host, host) == 0 && known[i].variable[k])
                v = getenv(known[i].variable[k]);
    return v && *v ? v : NULL;
}

static int from_file(const char *host, const char *file, char **ret, struct docfs_err *err)
{
    _cleanup_close_ int fd = open(file, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_set(err, -errno, "cannot read %s (setting sources.token_file): %m", file);
    if (st.st_mode & 077)
        return err_set(err, -EACCES,
                       "%s (setting sources.token_file) can be read by others: chmod 600 it", file);
    struct buf text = {0};
    int r = buf_read_fd(&text, fd, 1 << 20);
    if (r < 0)
        r = err_set(err, r, "cannot read %s: %s", file, strerror(-r));
    char *save = NULL;
    for (char *line = r == 0 && text.data ? strtok_r(text.data, "\n", &save) : NULL; line && r == 0;
         line = strtok_r(NULL, "\n", &save)) {
        char *word = NULL, *name = strtok_r(line, " \t\r", &word);
        char *token = name && *name != '#' ? strtok_r(NULL, " \t\r", &word) : NULL;
        if (token && strcasecmp(name, host) == 0)
            r = (*ret = strdup(token)) ? 1 : err_oom(err);
    }
    if (text.data)
        explicit_bzero(text.data, text.cap);
    buf_fini(&text);
    return r;
}

int token_for_host(const char *host, const char *file, char **ret, struct docfs_err *err)
{
    const char *v = from_environment(host);
    if (v)
        return (*ret = strdup(v)) ? 1 : err_oom(err);
    return file && *file ? from_file(host, file, ret, err) : 0;
}

bool token_host_is_local(const char *host)
{
    size_t n = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    char name[64];
    if (n >= sizeof(name))
        return false;
    snprintf(name, sizeof(name), "%.*s", (int)n, host);
    const char *special = address_special_host(name);
    return strcasecmp(name, "localhost") == 0 || (special && strcmp(special, "loopback") == 0);
}

int token_header(const char *url, const char *file, char **ret, struct docfs_err *err)
{
    const char *p = strstr(url, "://");
    size_t n = p ? strcspn(p + 3, "/?#") : 0;
    char host[300], *token = NULL, *header = NULL;
    if (!n || n >= sizeof(host))
        return 0;
    snprintf(host, sizeof(host), "%.*s", (int)n, p + 3);
    int r = token_for_host(host, file, &token, err);
    if (r <= 0)
        return r;
    if (strncasecmp(url, "https://", 8) != 0 && !token_host_is_local(host)) {
        r = err_set(err, -EACCES,
                    "%s: the token of this host is not sent over plain http: use https", host);
    } else if (strchr(token, ':')) {
        size_t len = strlen(token);
        header = calloc(1, BASE64_LEN(len) + 32);
        if (header) {
            strcpy(header, "Authorization: Basic ");
            base64_encode(token, len, header + strlen(header));
        }
    } else if (asprintf(&header, "Authorization: Bearer %s", token) < 0) {
        header = NULL;
    }
    token_free(token);
    if (r > 0 && !header)
        return err_oom(err);
    *ret = header;
    return r;
}

void token_free(char *token)
{
    if (token)
        explicit_bzero(token, strlen(token));
    free(token);
}
