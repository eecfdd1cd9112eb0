"""Validate documents: {"schema": …, "documents": […]} in, a list of mistakes for each out."""
import json
import sys

import jsonschema

told = json.load(sys.stdin)
jsonschema.Draft202012Validator.check_schema(told["schema"])
validator = jsonschema.Draft202012Validator(told["schema"])
json.dump([[error.message for error in validator.iter_errors(document)]
           for document in told["documents"]], sys.stdout)
