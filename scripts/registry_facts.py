#!/usr/bin/env python3
"""Packs the facts of every AWS resource type into data/registry.zip, and where each is offered into data/regions.zip.

Usage: scripts/registry_facts.py [CRATE_DIRECTORY]

The facts are those of the JSON files inside the crate cloudformation-validate-data-source (AWS, Apache-2.0), which cargo
fetches unless its directory is given: the schemas of the CloudFormation registry as AWS patches them for validation,
and what Fn::GetAtt offers.

The first archive holds `types.txt`, every type a line in alphabetical order, and for each service a file, `AWS-S3.json`,
with one type a line, so that the program unpacks one service and parses one type. The second holds for each region a
file, `us-west-1.txt`, with the types that are offered elsewhere and not there: it is asked of every template, and most
ask the first for nothing. A line of a service has the form that the head of
scripts/schema_facts.py describes, with references resolved: a shape that holds itself is `any` the second time, and
so is what lies too deep in the few types that would fill megabytes. What JSON Schema says with alternatives is
loosened to what all of them share: a template that AWS takes must never be refused. Descriptions are left out.
"""
import json
import subprocess
import sys
import tempfile
import zipfile
from itertools import groupby
from pathlib import Path

VERSION = "1.14.0"
CRATE = "cloudformation-validate-data-source"
DATA = Path(__file__).resolve().parent.parent / "data"
OUTPUT = DATA / "registry.zip"
REGIONS = DATA / "regions.zip"

# A type whose line is longer is cut at a depth: only QuickSight's are.
LONGEST_LINE = 250_000
DEEPEST = 64

SCALARS = {"string", "integer", "number", "boolean"}
KINDS = {"object": "map", "array": "list"}
COMBINATORS = ("all_of", "any_of", "one_of")
# Formats that the program checks; the others only name a kind of id.
FORMATS = {"ipv4-network", "ipv6-network"}
# What the crate calls it, what a line does.
LIMITS = {
    "pattern": "pattern", "minimum": "minimum", "maximum": "maximum", "min_length": "minLength",
    "max_length": "maxLength", "min_items": "minItems", "max_items": "maxItems",
}
PATH_FACTS = {
    "create_only_properties": "createOnly", "conditional_create_only_properties": "conditionalCreateOnly",
    "read_only_properties": "readOnly", "write_only_properties": "writeOnly",
    "primary_identifier": "primaryIdentifier",
}


def whole(number):
    """30.0 as 30."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


def kinds_of(node):
    """The JSON types a node may have; none where it does not say."""
    types = node.get("type", [])
    kinds = [types] if isinstance(types, str) else [kind for kind in types if kind != "null"]
    if kinds:
        return kinds
    if "properties" in node or "pattern_properties" in node:
        return ["object"]
    return ["array"] if "items" in node else []


def named_groups(alternatives):
    """The names of which one has to be there, if that is all the alternatives say."""
    if len(alternatives) < 2 or any(set(one) != {"required"} or len(one["required"]) != 1 for one in alternatives):
        return None
    return [one["required"][0] for one in alternatives]


class Schema:
    """One type of the crate, with its references resolved on the way."""

    def __init__(self, schema, depth):
        self.definitions = schema["definitions"]
        self.depth = depth

    def resolve(self, node, stack):
        """The node without reference or combinator, and the references that led to it; {} is anything."""
        while "ref_name" in node:
            name = node["ref_name"]
            if name in stack:
                return {}, stack
            node, stack = self.definitions.get(name, {}), stack | {name}
        if not any(key in node for key in COMBINATORS):
            return node, stack
        plain = {key: value for key, value in node.items() if key not in COMBINATORS}
        for part in node.get("all_of", []):
            resolved, below = self.resolve(part, stack)
            plain, stack = self.both(plain, resolved), stack | below
        for key, group in (("any_of", "required_or"), ("one_of", "required_xor")):
            alternatives = node.get(key, [])
            names = named_groups(alternatives)
            if names:
                plain.setdefault(group, names)
            elif alternatives and "properties" not in plain:
                pairs = [self.resolve(one, stack) for one in alternatives]
                stack = stack.union(*(below for _, below in pairs))
                plain = {**self.either([one for one, _ in pairs]), **plain}
        return plain, stack

    def both(self, one, other):
        """What two nodes say that both hold."""
        merged = {**other, **one}
        for key in ("properties", "pattern_properties"):
            if key in one and key in other:
                merged[key] = {**other[key], **one[key]}
        if "required" in one and "required" in other:
            merged["required"] = list(dict.fromkeys(one["required"] + other["required"]))
        if "properties" in one and "properties" in other:
            # Each forbids the other's properties, which the schemas do not mean.
            merged.pop("additional_properties", None)
            if one.get("additional_properties") is other.get("additional_properties") is False:
                merged["additional_properties"] = False
        return merged

    def either(self, nodes):
        """What all of some alternatives share."""
        shared = {
            key: value for key, value in nodes[0].items()
            if all(other.get(key) == value for other in nodes[1:])
        }
        kinds = [kinds_of(node) for node in nodes]
        shared.pop("type", None)
        if all(kinds):
            shared["type"] = list(dict.fromkeys(kind for some in kinds for kind in some))
        if all("enum" in node for node in nodes):
            shared["enum"] = list(dict.fromkeys(value for node in nodes for value in node["enum"]))
        maps = [node for node in nodes if "object" in kinds_of(node)]
        if maps and all("properties" in node for node in maps):
            properties = {}
            for node in maps:
                for name, value in node["properties"].items():
                    same = properties.setdefault(name, value) == value
                    properties[name] = value if same else {}
            required = [set(node.get("required", [])) for node in maps]
            shared["properties"] = properties
            shared["required"] = sorted(set.intersection(*required))
            if all(node.get("additional_properties") is False for node in maps):
                shared["additional_properties"] = False
        return shared

    def shape(self, node, stack=frozenset(), depth=0):
        """The shape of a node, as a line has it."""
        node, stack = self.resolve(node, stack)
        kinds = kinds_of(node)
        if not kinds or depth > self.depth:
            return {"type": "any"}
        shape = {"type": "|".join(KINDS.get(kind, kind) for kind in kinds)}
        if "object" in kinds:
            shape.update(self.map_of(node, stack, depth))
        if "array" in kinds and isinstance(node.get("items"), dict):
            shape["items"] = self.shape(node["items"], stack, depth + 1)
        shape.update({name: whole(node[key]) for key, name in LIMITS.items() if key in node})
        if node.get("format") in FORMATS:
            shape["format"] = node["format"]
        if node.get("unique_items"):
            shape["unique"] = True
        if "enum_case_insensitive" in node:
            shape["enumAnyCase"] = node["enum_case_insensitive"]
        elif "enum" in node or "const" in node:
            shape["enum"] = node.get("enum", [node.get("const")])
        return shape

    def map_of(self, node, stack, depth):
        """What a shape says of a map."""
        below = lambda one: self.shape(one, stack, depth + 1)
        said = {}
        if node.get("properties"):
            said["properties"] = {name: below(one) for name, one in node["properties"].items()}
            said.update(groups(node, said["properties"]))
        values = [below(one) for one in node.get("pattern_properties", {}).values()]
        if values:
            said["values"] = values[0] if all(one == values[0] for one in values) else {"type": "any"}
        elif "properties" in said and node.get("additional_properties") is not False:
            said["values"] = {"type": "any"}
        return said


def groups(node, properties):
    """Which properties must be there."""
    names = {"required": "required", "required_or": "requiredOr", "required_xor": "requiredXor"}
    found = {name: node[key] for key, name in names.items() if node.get(key)}
    return {name: listed for name, listed in found.items() if all(one in properties for one in listed)}


def path_in(properties, dotted):
    """`A.*.B` as a line has it: `A[].B`, or None where the schema has no such path."""
    path, shape = "", {"type": "map", "properties": properties}
    for part in dotted.split("."):
        if part == "*":
            mark, key = ("[]", "items") if "items" in shape else ("{}", "values")
            path, shape = path + mark, shape.get(key)
        else:
            while shape and "properties" not in shape and ("items" in shape or "values" in shape):
                mark, key = ("[]", "items") if "items" in shape else ("{}", "values")
                path, shape = path + mark, shape[key]
            shape = (shape or {}).get("properties", {}).get(part)
            path = f"{path}.{part}" if path else part
        if shape is None:
            return None
    return path


def pack(schema, attributes, depth=DEEPEST):
    """One type as its line has it."""
    source = Schema(schema, depth)
    resource, _ = source.resolve({**schema, "properties": schema["properties"]}, frozenset())
    properties = {name: source.shape(one, depth=1) for name, one in schema["properties"].items()}
    packed = groups(resource, properties)
    for key, name in PATH_FACTS.items():
        paths = [path_in(properties, path) for path in schema.get(key) or []]
        listed = [path for path in dict.fromkeys(paths) if path]
        if listed:
            packed[name] = listed
    if attributes:
        packed["getAtt"] = attributes
    if schema.get("replacement_strategy") == "delete_then_create":
        packed["deleteFirst"] = True
    packed["properties"] = properties
    line = json.dumps(packed, separators=(",", ":"))
    return line if len(line) <= LONGEST_LINE or depth == 0 else pack(schema, attributes, min(depth, 16) - 1)


def fetch(folder):
    """The crate's directory, as cargo puts it there."""
    (folder / "src").mkdir()
    (folder / "src" / "lib.rs").touch()
    (folder / "Cargo.toml").write_text(
        f'[package]\nname = "facts"\nversion = "0.0.0"\nedition = "2024"\n[dependencies]\n{CRATE} = "={VERSION}"\n'
    )
    vendor = ["cargo", "vendor", "--versioned-dirs", "vendor"]
    subprocess.run(vendor, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return folder / "vendor" / f"{CRATE}-{VERSION}"


def add(archive, name, text):
    """Adds a file that is the same whenever it is made."""
    info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, text, compresslevel=9)


def main():
    if len(sys.argv) > 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        crate = Path(sys.argv[1]) if len(sys.argv) == 2 else fetch(Path(folder))
        read = lambda path: json.loads((crate / "generated" / path).read_text())
        schemas = read("schema-validator/compiled_schemas.json")
        attributes = read("data/getatt_attributes.json")["getatt_attributes"]
        regions = read("data/region_resource_types.json")["region_resource_types"]
    names = sorted(schemas)
    # What no region has is not told of any: a type of the schemas that the lists do not know yet.
    offered = [name for name in names if any(name in types for types in regions.values())]
    absences = {region: [name for name in offered if name not in regions[region]] for region in sorted(regions)}
    lines = {name: f'"{name}":{pack(schemas[name], attributes.get(name))}' for name in names}
    with zipfile.ZipFile(OUTPUT, "w") as archive:
        add(archive, "types.txt", "".join(name + "\n" for name in names))
        for service, types in groupby(names, key=lambda name: name.rpartition("::")[0]):
            body = ",\n".join(lines[name] for name in types)
            add(archive, service.replace("::", "-") + ".json", "{\n" + body + "\n}\n")
    with zipfile.ZipFile(REGIONS, "w") as archive:
        for region, absent in absences.items():
            add(archive, f"{region}.txt", "".join(name + "\n" for name in absent))
    size = sum(map(len, lines.values()))
    print(f"{len(lines)} types, {size} bytes, {OUTPUT.stat().st_size} packed -> {OUTPUT}", file=sys.stderr)


if __name__ == "__main__":
    main()
