/* SPDX-License-Identifier: MIT
 * A command of the program: one cmd_<name>.c with one `const struct cmd`, and one line in the
 * table of commands.c. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "core/docfs.h"
#include "tools/cli/opt.h"
#include "tools/cli/out.h"
#include "tools/wire/wire.h"

/* Exit codes, documented in docfs(1). */
enum cmd_exit {
    CMD_OK = 0,
    CMD_NOTHING = 1,       /* nothing found; it is no error */
    CMD_USAGE = 2,         /* unknown option, bad value, bad query */
    CMD_CACHE = 3,         /* the cache cannot be opened, is damaged, busy, full or newer */
    CMD_FILES = 4,         /* some files failed, or warnings (with --strict) */
    CMD_MISSING = 5,       /* no such document, collection, source or setting */
    CMD_SYSTEM = 6,        /* refused by the system: mount, permission, lost output, a host */
    CMD_INTERRUPTED = 130, /* by a signal; what was committed stays */
};

/* The cache a command wants open before it runs. */
enum cmd_needs {
    NEEDS_NOTHING,  /* none, or it opens one itself */
    NEEDS_CACHE,    /* an existing one; read-only is enough */
    NEEDS_WRITABLE, /* an existing one, for writing */
    NEEDS_CREATE,   /* one for writing, made when missing */
};

struct cmd_context;

struct cmd {
    const char *name;
    int (*run)(struct cmd_context *c); /* returns an enum cmd_exit */
    enum cmd_needs needs;
    unsigned min_words, max_words; /* arguments that are no options; max 0 = none */
    const char *summary;           /* one line, no full stop */
    const char *usage;             /* what follows "docfs NAME" */
    const char *text;              /* a paragraph for --help, "" for none */
    const char *examples;          /* lines, each ending in a newline */
    const struct opt *options;     /* NULL = none */
    size_t args_size;              /* of the struct the options fill */
};

struct cmd_context {
    const struct cmd *cmd;
    const char *program;
    const char *cache;      /* --cache, or NULL for the default */
    const char *const *set; /* --set KEY=VALUE, NULL-terminated, or NULL */
    struct out out;
    struct docfs *d; /* open when cmd->needs says so */
    void *args;      /* zero-initialised struct of args_size bytes, filled by the options */
    char **word;
    unsigned n_words;
};

#define CMD_MANY 1000000u /* any number of words */

/* The table, in the order of the help; ends with NULL. */
extern const struct cmd *const commands[];
extern const struct opt global_options[];
const struct cmd *cmd_find(const char *name);

/* Prints the error once and returns the exit code it stands for. */
int cmd_fail(struct cmd_context *c, const struct docfs_err *err);
/* The same for the command's own message. */
int cmd_fail_with(struct cmd_context *c, enum cmd_exit exit, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Opens c->cache into c->d; 0 or an exit code after the error was printed. */
int cmd_open(struct cmd_context *c, enum cmd_needs needs);
/* Writes one JSON message (taken) and returns exit, or the code of the failure. */
int cmd_json(struct cmd_context *c, json_t *message, enum cmd_exit exit);
/* Works on the queue until nothing is due, or with stay until interrupted (cmd_jobs.c). */
int cmd_jobs_run(struct cmd_context *c, unsigned slots, bool stay);
/* Puts a job into the queue and says so. */
int cmd_queue(struct cmd_context *c, const struct docfs_job_new *job);
/* The words joined by blanks; NULL only when memory is out. Caller frees. */
char *cmd_join(struct cmd_context *c, unsigned first);

/* Cleanup of core's results. */

/* help.c */
struct help_topic {
    const char *name; /* of docfs-NAME(section); docfs.yaml for "yaml" */
    int section;
};
extern const struct help_topic help_topics[]; /* ends with name NULL */
void help_short(FILE *f);
void help_command(const struct cmd *cmd, FILE *f);
/* manpage.c: as mdoc(7). */
void help_man(const struct cmd *cmd, FILE *f);
