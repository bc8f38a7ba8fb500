#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""embed_text.py OUT.c NAME FILE: the file as the C string NAME with NAME_len."""
import sys

out, name, path = sys.argv[1:]
data = open(path, "rb").read()
with open(out, "w", encoding="ascii") as f:
    f.write('/* Made by embed_text.py. */\n#include <stddef.h>\n')
    f.write(f"extern const char {name}[];\nextern const size_t {name}_len;\n")
    f.write(f"const size_t {name}_len = {len(data)};\nconst char {name}[] = {{\n")
    for i in range(0, len(data), 24):
        f.write("    " + ", ".join(str(b if b < 128 else b - 256) for b in data[i:i + 24]) + ",\n")
    f.write("    0,\n};\n")
