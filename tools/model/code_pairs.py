#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Pairs from Python sources: the first sentence of a docstring -> the function; its name -> the
function without the name. Reads "SET<TAB>FILE" lines, writes lines as model-harvest does."""
import ast
import re
import sys
import warnings

warnings.simplefilter("ignore")
PER_FILE = 40
TEXT_MAX = 1400


def clean(text):
    return re.sub(r"\s+", " ", text).strip()


def words_of(name):
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return clean(name.replace("_", " ")).lower()


def first_sentence(doc):
    head = clean(doc.split("\n\n")[0])
    head = re.split(r"(?<=[a-z)\]])[.:]\s", head + " ")[0]
    head = re.sub(r":[a-z]+:`~?([^`]*)`", r"\1", head).replace("`", "")
    return head.strip(" .")


def function_pairs(source, node):
    doc = ast.get_docstring(node)
    if not doc or node.name.startswith("test"):
        return
    question = first_sentence(doc)
    n = len(question.split())
    if n < 3 or n > 30:
        return
    lines = source[node.lineno - 1:node.end_lineno]
    code = "\n".join(lines)
    body = node.body[0]
    bare = "\n".join(lines[:body.lineno - node.lineno] + lines[body.end_lineno - node.lineno + 1:])
    rest = clean(doc)[len(question):].strip(" .")
    if len(bare) > 80:
        yield "code", question, node.name, bare
    if len(rest) > 60:
        yield "doc", question, node.name, lines[0] + " " + rest
    name = words_of(node.name)
    if len(name.split()) >= 2 and len(code) > 100:
        yield "codename", name, "", clean(doc) + " " + bare.replace(node.name, "")


def main():
    for line in sys.stdin:
        name, path = line.rstrip("\n").split("\t")
        try:
            with open(path, encoding="utf-8") as f:
                text = f.read()
            if len(text) > 1 << 20:
                continue
            tree = ast.parse(text)
        except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        source, n = text.split("\n"), 0
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and n < PER_FILE:
                for kind, question, title, body in function_pairs(source, node):
                    n += 1
                    body = clean(body)[:TEXT_MAX]
                    print(name, kind, question, title, body, sep="\t")


main()
