/* SPDX-License-Identifier: MIT */
#include "core/embed/words.h"

#include <string.h>

#include "core/text/token.h"

/* Words that documentation and the people who ask about it use for the same thing. A word stands in
 * one group only, the one where it helps most. */
static const char *const groups[] = {
    "remove delete erase unlink rm discard drop purge",
    "create make new build construct generate produce",
    "directory folder dir",
    "copy duplicate clone cp replicate",
    "move rename mv relocate",
    "show display print output list view dump",
    "error exception failure fault problem fail",
    "find search locate lookup seek query",
    "start begin launch initiate boot startup",
    "stop terminate kill end halt abort shutdown quit exit",
    "change modify alter update edit adjust",
    "replace substitute swap exchange",
    "join concatenate merge combine append unite",
    "split divide separate partition chop",
    "sort order arrange rank",
    "reverse invert backwards",
    "compare diff difference differ",
    "convert transform translate cast turn",
    "count number amount quantity total",
    "sum add addition plus",
    "multiply product times",
    "subtract minus decrease decrement reduce",
    "increase increment grow raise",
    "big large huge great",
    "small little tiny short",
    "fast quick rapid speed performance",
    "slow delay lag latency",
    "wait sleep pause suspend block",
    "run execute invoke call perform",
    "install setup deploy",
    "configure configuration settings option preference",
    "permission access right privilege mode",
    "user account login owner",
    "password credential secret passphrase",
    "encrypt cipher crypt encipher",
    "decrypt decipher",
    "compress archive zip pack gzip tar",
    "decompress extract unzip unpack uncompress",
    "download fetch retrieve get pull",
    "upload send push transfer transmit",
    "network internet net",
    "connect connection link attach socket",
    "disconnect detach",
    "address ip host hostname",
    "machine computer system",
    "process task job program",
    "thread concurrent parallel simultaneous",
    "function method procedure routine subroutine",
    "argument parameter",
    "variable name identifier",
    "array vector sequence",
    "dictionary map mapping hash associative dict",
    "string text character",
    "integer int numeric",
    "float decimal real double",
    "boolean bool true false",
    "null none nil empty blank",
    "random shuffle",
    "date time timestamp calendar clock",
    "year month day week",
    "round truncate",
    "maximum max largest biggest highest",
    "minimum min smallest lowest",
    "average mean",
    "first initial beginning",
    "last final",
    "repeat loop iterate cycle",
    "condition if conditional test",
    "check verify validate",
    "match pattern regex regexp regular",
    "filter select choose pick",
    "group cluster category class",
    "table relation",
    "column field attribute",
    "row record tuple entry",
    "index key",
    "database db",
    "backup snapshot",
    "restore recover recovery",
    "transaction commit",
    "image picture photo",
    "sound audio",
    "video movie film",
    "screen terminal console",
    "window gui",
    "keyboard input",
    "mouse pointer",
    "memory ram heap",
    "disk drive storage volume",
    "size length width",
    "free available space",
    "cpu processor core",
    "version release revision",
    "package module library",
    "import include load",
    "document documentation manual help",
    "write save store",
    "close shut",
    "path location",
    "web http url site website",
    "server daemon service",
    "message mail email",
    "log journal trace",
    "debug diagnose",
    "monitor watch observe",
    "schedule cron timer periodic",
    "lock mutex semaphore",
    "cache buffer",
    "allow permit enable grant",
    "deny forbid disable prevent refuse revoke",
    "hide conceal invisible",
    "unique distinct",
    "equal same identical",
    "parse analyze analyse",
    "format layout",
    "escape quote",
    "encode encoding charset",
    "signal interrupt",
    "child subprocess fork spawn",
    "inherit subclass derive extend",
    "object instance",
    "undo revert rollback reset",
    "temporary temp tmp",
    "recursive recursively nested",
    "default standard",
    "environment env",
    "shell bash prompt",
    "remote ssh",
    "certificate ssl tls",
};

void word_groups_init(struct word_groups *g)
{
    memset(g, 0, sizeof(*g));
    for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
        for (const char *s = groups[i]; *s;) {
            char stem[TOKEN_MAX];
            size_t len = strcspn(s, " ");
            memcpy(stem, s, len);
            uint64_t h = word_hash(stem, token_stem(stem, len));
            size_t k = h % GROUP_SLOTS;
            while (g->hash[k] && g->hash[k] != h)
                k = (k + 1) % GROUP_SLOTS;
            g->hash[k] = h;
            g->group[k] = (uint16_t)(i + 1);
            s += len + (s[len] == ' ');
        }
    }
}

unsigned word_group(const struct word_groups *g, uint64_t hash)
{
    for (size_t i = hash % GROUP_SLOTS; g->hash[i]; i = (i + 1) % GROUP_SLOTS)
        if (g->hash[i] == hash)
            return g->group[i];
    return 0;
}
