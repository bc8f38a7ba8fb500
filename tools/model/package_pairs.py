#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Pairs from the package index: short description -> long description. Reads what
`apt-cache dumpavail` prints, writes lines as model-harvest does."""
import re
import sys


def emit(record):
    name, short, text = record.get("Package", ""), record.get("short", ""), record.get("long", [])
    if re.search(r"-(dev|dbg|dbgsym|data|common|doc)$|^lib(?!reoffice)|-l10n|-locale|^task-|^fonts-",
                 name) or not text:
        return
    text = " ".join(t for t in text if t != ".")
    if len(text) > 80 and len(short.split()) >= 3:
        print("packages", "package", short, name, text[:1400], sep="\t")


def main():
    record, where = {}, None
    for line in sys.stdin:
        line = line.rstrip("\n").replace("\t", " ")
        if not line:
            emit(record)
            record, where = {}, None
        elif line[0] == " " and where == "long":
            record["long"].append(line.strip())
        elif ": " in line and line[0] != " ":
            key, value = line.split(": ", 1)
            where = None
            if key == "Package":
                record["Package"] = value
            elif key in ("Description", "Description-en"):
                record.update(short=value, long=[])
                where = "long"
    emit(record)


main()
