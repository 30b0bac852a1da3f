#!/usr/bin/env python3
"""Packs what Cairn uses of the CloudFormation schemas into data/schemas.json.

Usage: scripts/schema_facts.py FACTS.json [OUT.json]     (OUT: data/schemas.json)

FACTS.json holds, for each resource type, what the CloudFormation registry says of it (the schemas
that cfn-lint ships, references resolved):

  required, requiredOr, requiredXor    names of top-level properties
  createOnly, conditionalCreateOnly,
  readOnly, writeOnly                  property paths: `A.B`, `A[].B` (items), `A{}` (values of a map)
  getAtt                               names that Fn::GetAtt offers
  primaryIdentifier                    property paths
  replacementStrategy                  "delete_then_create" or null
  tagging                              {"taggable": bool, "tagProperty": "/properties/Tags"}
  properties                           {name: type}
  nested                               {path: {"type", "enum", "pattern", "minimum", ...}}

A type is `string`, `integer`, `number`, `boolean`, `object`, `json` (an object of any content),
`any`, `recursive`, `array<T>`, `map<T>`, or some of them joined by `|`.

OUT.json holds one type a line, so that a new schema reads as a diff of that line and the program
can find a type without parsing the others. Properties are a tree of shapes; `type` is one or more
of `string integer number boolean list map any`, joined by `|`. Left out is what goes without
saying: constraints of read-only properties, the order of a list that matters.
"""
import json
import sys
from pathlib import Path

DEFAULT_OUTPUT = Path(__file__).resolve().parent.parent / "data" / "schemas.json"

# Copied as they are when they say something.
TYPE_FACTS = [
    "required", "requiredOr", "requiredXor", "createOnly", "conditionalCreateOnly", "readOnly",
    "writeOnly", "getAtt", "primaryIdentifier",
]
SHAPE_FACTS = [
    "enum", "pattern", "format", "minimum", "maximum", "minLength", "maxLength", "minItems",
    "maxItems", "required", "default",
]
KINDS = {"object": "map", "json": "map", "array": "list", "recursive": "any"}


def inner(type_name, outer):
    """`T` of `outer<T>`, or None."""
    prefix = outer + "<"
    if type_name.startswith(prefix) and type_name.endswith(">"):
        return type_name[len(prefix):-1]
    return None


def shape_of(path, type_name, nested, read_only):
    """The shape of the property at `path`."""
    facts = nested.get(path, {})
    shape = {}
    item_type, value_type = inner(type_name, "array"), inner(type_name, "map")
    if item_type:
        shape["type"] = "list"
        shape["items"] = shape_at(path + "[]", item_type, nested, read_only)
    elif value_type:
        shape["type"] = "map"
        shape["values"] = shape_at(path + "{}", value_type, nested, read_only)
    else:
        shape["type"] = "|".join(KINDS.get(kind, kind) for kind in type_name.split("|"))
        properties = children(path, nested, read_only)
        if properties and "map" in shape["type"].split("|"):
            shape["properties"] = properties
    if path not in read_only:
        shape.update({key: facts[key] for key in SHAPE_FACTS if key in facts})
        # A path of the facts says nothing of a string inside a list of strings: its pattern and
        # lengths are the list's own, where a schema has put them by mistake.
        if shape["type"] == "list":
            for key in ("pattern", "minLength", "maxLength"):
                shape.pop(key, None)
        # CloudFormation's default for insertionOrder is true, but a list declared as a set is
        # one unless its order is said to matter.
        if facts.get("insertionOrder") is False:
            shape["unordered"] = True
        elif facts.get("uniqueItems") and facts.get("insertionOrder") is not True:
            shape["unordered"] = True
        if facts.get("uniqueItems"):
            shape["unique"] = True
    elif "properties" in shape:
        del shape["properties"]
    return shape


def shape_at(path, type_name, nested, read_only):
    """The shape of items or values: the facts name their type only where they say more."""
    return shape_of(path, nested.get(path, {}).get("type", type_name), nested, read_only)


def children(path, nested, read_only):
    """The properties directly below `path` ("" for the resource itself)."""
    prefix = path + "." if path else ""
    found = {}
    for key, facts in nested.items():
        name = key[len(prefix):]
        if key.startswith(prefix) and name and not set(name) & set(".[{"):
            found[name] = shape_of(key, facts["type"], nested, read_only)
    return found


def tagging(facts):
    """Where tags go and in what form, or None."""
    name = (facts["tagging"].get("tagProperty") or "").removeprefix("/properties/")
    if not facts["taggable"] or name not in facts["properties"]:
        return None
    kind = "list" if facts["properties"][name].startswith("array<") else "map"
    return {"property": name, "kind": kind}


def pack(facts):
    """What Cairn keeps of one type."""
    packed = {key: facts[key] for key in TYPE_FACTS if facts[key]}
    if facts["replacementStrategy"] == "delete_then_create":
        packed["deleteFirst"] = True
    tags = tagging(facts)
    if tags:
        packed["tags"] = tags
    packed["properties"] = children("", facts["nested"], set(facts["readOnly"]))
    return packed


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    output = Path(sys.argv[2]) if len(sys.argv) == 3 else DEFAULT_OUTPUT
    types = json.loads(Path(sys.argv[1]).read_text())
    lines = [
        f"{json.dumps(name)}:{json.dumps(pack(facts), separators=(',', ':'))}"
        for name, facts in sorted(types.items())
    ]
    output.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{len(lines)} types, {output.stat().st_size} bytes -> {output}", file=sys.stderr)


if __name__ == "__main__":
    main()
