#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""embed.py IN.json OUT.c SYMBOL: a JSON file as a C string, checked and without its blanks."""
import json
import sys

source, output, symbol = sys.argv[1:]
text = json.dumps(json.load(open(source, encoding="utf-8")), separators=(",", ":"))
with open(output, "w", encoding="ascii") as f:
    f.write(f"extern const char {symbol}[];\nconst char {symbol}[] =\n")
    for at in range(0, len(text), 80):
        part = text[at:at + 80].replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?")
        f.write(f'    "{part}"\n')
    f.write("    ;\n")
