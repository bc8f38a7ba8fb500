/* SPDX-License-Identifier: MIT
 * The list was taken from what git, ripgrep, fd, make, Emacs, Vim, npm, node, file managers and
 * coding agents were seen to look up in a mount. */
#include "fs/probes.h"
#include <string.h>

static const char *const exact[] = {
    "HEAD",
    "GNUmakefile",
    "makefile",
    "Makefile",
    "BSDmakefile",
    "RCS",
    "SCCS",
    "CVS",
    "_MTN",
    "_darcs",
    "_FOSSIL_",
    "package.json",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "node_modules",
    "tsconfig.json",
    "jsconfig.json",
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "tox.ini",
    "pytest.ini",
    "Cargo.toml",
    "go.mod",
    "CMakeLists.txt",
    "meson.build",
    "build.ninja",
    "compile_commands.json",
    "AGENTS.md",
    "CLAUDE.md",
    "GEMINI.md",
    "autorun.inf",
    "Autorun.inf",
    "AUTORUN.INF",
    "desktop.ini",
    "Desktop.ini",
    "Thumbs.db",
    "thumbs.db",
    "lost+found",
    "4913",
    "__init__.py",
    "__pycache__",
    "GPATH",
    "GTAGS",
    "TAGS",
    "tags",
};

static const char *const suffix[] = {"~", ".swp", ".swx", ".swo", ",v", ".lock"};

bool probe_name(const char *name, size_t len)
{
    if (len && (name[0] == '.' || (name[0] == '#' && name[len - 1] == '#')))
        return true;
    for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++)
        if (strlen(exact[i]) == len && !memcmp(exact[i], name, len))
            return true;
    for (size_t i = 0; i < sizeof(suffix) / sizeof(suffix[0]); i++) {
        size_t n = strlen(suffix[i]);
        if (len >= n && !memcmp(name + len - n, suffix[i], n))
            return true;
    }
    return false;
}
