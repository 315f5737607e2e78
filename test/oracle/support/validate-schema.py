"""Checks cloud-configs against a JSON Schema of draft 4.

usage: validate-schema.py SCHEMA FILE...      prints each fault; nothing where there is none
"""

import json
import sys

import jsonschema
import yaml

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
jsonschema.Draft4Validator.check_schema(schema)
validator = jsonschema.Draft4Validator(schema)
for path in sys.argv[2:]:
    with open(path, encoding="utf-8") as file:
        config = yaml.safe_load(file)
    for fault in validator.iter_errors(config):
        where = "/".join(str(step) for step in fault.absolute_path)
        print(f"{path}: {where}: {fault.message[:200]}")
