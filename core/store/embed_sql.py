#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""embed_sql.py SCHEMA.sql OUT.c: the schema as a C string, so that the library needs no file."""
import sys

with open(sys.argv[1], encoding="ascii") as f:
    lines = f.read().split("\n")
with open(sys.argv[2], "w", encoding="ascii") as out:
    out.write("/* Made from schema.sql by embed_sql.py. */\n")
    out.write('#include "core/store/internal.h"\n\nconst char store_schema_sql[] =\n')
    for line in lines:
        line = line.replace("\\", "\\\\").replace('"', '\\"')
        out.write(f'    "{line}\\n"\n')
    out.write("    ;\n")
