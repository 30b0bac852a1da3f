"""Holds plans against docs/plan.schema.json, and sees that the schema refuses what is no plan.

    check_plans.py SCHEMA PLAN.json...

Needs jsonschema. A file may hold several plans, one after the other: the plans of an app's stacks.
"""

import copy
import json
import sys

import jsonschema


def plans(path):
    """The documents of a file."""
    with open(path, encoding="utf-8") as file:
        text = file.read().strip()
    decoder = json.JSONDecoder()
    while text:
        plan, end = decoder.raw_decode(text)
        yield plan
        text = text[end:].lstrip()


# What makes a plan something else: each is a path, and what is put there; `None` takes it away.
WRONG = [
    (("version",), 2),
    (("version",), "1"),
    (("version",), None),
    (("steps",), None),
    (("risks",), None),
    (("purpose",), "Wish"),
    (("account",), "twelve"),
    (("summary", "create"), -1),
    (("steps", 0, "action"), "Explode"),
    (("steps", 0, "operation"), {"Explode": {"token": "t"}}),
    (("steps", 0, "operation"), {"Create": {}}),
    (("steps", 3, "operation"), {"Update": {"token": "t"}}),
    (("steps", 3, "changes", 0, "why"), "Whim"),
    (("steps", 3, "changes", 0, "known"), None),
    (("steps", 9, "moved_from"), 3),
    (("steps", 10, "operation", "Adopt", "properties"), None),
    (("steps", 10, "operation", "Adopt", "tagging"), "Perhaps"),
    (("steps", 6, "drifted", 0, "why"), "Whim"),
    (("renames", 0, "line"), None),
    (("renames", 0, "from"), 1),
    (("risks", 0, "class"), "Harmless"),
    (("risks", 0, "what"), None),
    (("findings", 0, "severity"), "loud"),
    (("findings", 0, "message"), None),
    (("findings", 1, "place", "line"), 0),
    (("outputs", "Name", "known"), "perhaps"),
]


def spoiled(plan, path, value):
    plan = copy.deepcopy(plan)
    inner = plan
    for key in path[:-1]:
        inner = inner[key]
    if value is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return plan


def main(schema_path, *paths):
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    failures = []
    count = 0
    golden = None
    for path in paths:
        for plan in plans(path):
            count += 1
            errors = [f"{path}: {error.json_path}: {error.message}" for error in validator.iter_errors(plan)]
            failures.extend(errors)
            if path.endswith("everything.json"):
                golden = plan
    if golden is None:
        failures.append("there is no everything.json among the plans: what the schema refuses was not tried")
    else:
        failures.extend(
            f"the schema takes {value!r} at {'.'.join(map(str, path))}"
            for path, value in WRONG
            if validator.is_valid(spoiled(golden, path, value))
        )
    for failure in failures[:20]:
        print(failure, file=sys.stderr)
    print(f"{count} plans, {len(WRONG)} that are none: {len(failures)} failures")
    return 1 if failures or not count else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
