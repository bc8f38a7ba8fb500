#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Files as C arrays: embed.py SYMBOL OUTPUT FILE..."""
import pathlib
import sys


def main():
    symbol, output, *names = sys.argv[1:]
    lines = ['#include "tools/sidecar/schemas.h"', ""]
    rows = []
    for i, name in enumerate(names):
        data = pathlib.Path(name).read_bytes()
        lines.append(f"static const char data_{i}[] = {{")
        for at in range(0, len(data), 24):
            lines.append("".join(f"{b if b < 128 else b - 256}," for b in data[at:at + 24]))
        lines += ["0};", ""]
        rows.append(f'    {{"{pathlib.Path(name).name}", data_{i}, sizeof(data_{i}) - 1}},')
    lines += [f"const struct schema_file {symbol}[] = {{", *rows, "};",
              f"const size_t n_{symbol} = {len(names)};", ""]
    pathlib.Path(output).write_text("\n".join(lines))


main()
