"""Checks live answers against the OpenAPI document that the server itself gives out."""
import json
import re

import jsonschema


class Contract:
    def __init__(self, document):
        self.document = document
        self.schemas = document["components"]["schemas"]
        self.routes = []
        for path, item in document["paths"].items():
            last = len(re.findall(r"\{", path)) - 1
            count = iter(range(last + 1))
            # The server lets the last parameter take slashes where it says so; be generous here.
            pattern = re.sub(r"\{[^}]*\}", lambda m: ".+" if next(count) == last else "[^/]+",
                             re.sub(r"([.+*?^$()\[\]|])", r"\\\1", path))
            for method, operation in item.items():
                self.routes.append((method.upper(), re.compile(pattern + r"\Z"), path, operation))
        # A literal path wins over one with parameters.
        self.routes.sort(key=lambda r: (r[2].count("{"), -len(r[2])))
        self.seen = set()

    def operation(self, method, path):
        method = "GET" if method == "HEAD" else method
        for m, pattern, template, operation in self.routes:
            if m == method and pattern.match(path):
                return operation
        return None

    def validate(self, schema, value):
        document = {"$schema": "https://json-schema.org/draft/2020-12/schema",
                    "components": {"schemas": self.schemas}, **schema}
        jsonschema.Draft202012Validator(document).validate(value)

    def check(self, method, target, answer):
        """Every answer of a documented path has a documented status, type and shape."""
        path = target.split("?")[0]
        operation = self.operation(method, path)
        if operation is None or method == "HEAD" or answer.status == 304:
            return
        self.seen.add(operation["operationId"])
        responses = operation["responses"]
        # Families with a wire form of their own (MCP, AnythingLLM, ...) have further answers and
        # types, and tests with the clients of their makers.
        own = "content" not in responses["4XX"]
        kind = answer.headers.get("Content-Type", "").split(";")[0]
        documented = responses.get(str(answer.status), {}).get("content", {})
        if own and kind not in documented:
            return
        key = next((k for k in (str(answer.status), f"{answer.status // 100}XX") if k in responses),
                   None)
        assert key, f"{method} {target}: status {answer.status} is not documented"
        content = responses[key].get("content")
        if not content:
            return
        assert kind in content, f"{method} {target}: {kind} is not documented"
        if kind.endswith("json"):
            self.validate(content[kind]["schema"], json.loads(answer.body))
