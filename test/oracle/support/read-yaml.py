"""Reads YAML with PyYAML's safe loader: standard input is a JSON list of texts, standard output one of their values.

The loader in C reads all of them; the one in Python, which cloud-init uses and which is ten times slower, reads every
tenth, and must agree.
"""

import json
import sys

import yaml

values = []
for index, text in enumerate(json.load(sys.stdin)):
    value = yaml.load(text, Loader=yaml.CSafeLoader)
    if index % 10 == 0 and yaml.safe_load(text) != value:
        sys.exit(f"the two loaders disagree about text {index}")
    values.append(value)
json.dump(values, sys.stdout)
