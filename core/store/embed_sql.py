#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""embed_sql.py OUT.c VERSION1.sql... -- VERSION2.sql...: the schema versions as C strings, so that
the library needs no file. The files of one version are applied in the order given."""
import sys

out, versions = sys.argv[1], [[]]
for name in sys.argv[2:]:
    if name == "--":
        versions.append([])
    else:
        versions[-1].append(name)

with open(out, "w", encoding="ascii") as f:
    f.write("/* Made by embed_sql.py. */\n")
    f.write('#include "core/store/internal.h"\n\n')
    f.write(f'_Static_assert(STORE_SCHEMA == {len(versions)}, "one list of files per version");\n')
    f.write("const char *const store_schema_sql[STORE_SCHEMA] = {\n")
    for files in versions:
        for name in files:
            for line in open(name, encoding="ascii").read().split("\n"):
                line = line.replace("\\", "\\\\").replace('"', '\\"')
                f.write(f'    "{line}\\n"\n')
        f.write("    ,\n")
    f.write("};\n")
