"""Prints an HCL file as JSON: text without its quotes, references as they stand."""
import json
import sys

import hcl2


def plain(node):
    if isinstance(node, dict):
        return {plain(key): plain(value) for key, value in node.items() if not key.startswith("__")}
    if isinstance(node, list):
        return [plain(value) for value in node]
    if isinstance(node, str) and len(node) > 1 and node[0] == node[-1] == '"':
        return json.loads(node)
    return node


print(json.dumps(plain(hcl2.load(sys.stdin))))
