#!/usr/bin/env python3
"""Writes src/construct/level1/: one file for each resource type that Cairn can deploy.

    python3 scripts/level1.py            writes the files
    python3 scripts/level1.py --check    only says whether they are as it would write them

What it writes follows from two files: src/resource/registry.rs names the types by their handlers, and
data/schemas.json has their properties. Run it when a type is added or the schemas change. It needs Python 3.10 or
newer and nothing else.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "src" / "construct" / "level1"
HEAD = "// Written by scripts/level1.py from data/schemas.json: change that, and run it again.\n\n"
KEYWORDS = {"type", "ref", "match", "use", "mod", "move", "in", "for", "loop", "where", "static", "self", "build"}
SCALARS = {"string": "String", "integer": "i64", "number": "f64", "boolean": "bool"}
# What a schema says otherwise than CloudFormation takes it; the reasons stand in src/schema/amend.rs.
AMENDED = {
    ("AWS::ApiGateway::Method", "MethodResponses[].ResponseParameters{}"): "boolean",
    ("AWS::ApiGateway::Method", "RequestParameters{}"): "boolean",
    ("AWS::Lambda::Function", "Environment.Variables{}"): "string",
}


def types():
    """The types of the registry, each from its handler's file."""
    registry = (ROOT / "src/resource/registry.rs").read_text()
    for module in re.findall(r"Typed::<(\w+)::", registry):
        source = (ROOT / f"src/resource/{module}.rs").read_text()
        yield re.search(r'const TYPE: &\'static str = "([^"]+)"', source).group(1)


def snake(name):
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    return text + "_" if text in KEYWORDS else text


def pascal(text):
    words = [word for word in re.split(r"[^A-Za-z0-9]+", re.sub(r"(?<=\d)\.(?=\d)", "", text)) if word]
    if text.isupper() or "_" in text:
        words = [word.capitalize() for word in words]
    name = "".join(word[0].upper() + word[1:] for word in words)
    return "Any" if name in ("Self", "") else name


def singular(name):
    if name.endswith("ies"):
        return name[:-3] + "y"
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name


class Type:
    """One resource type, as the text of its file."""

    def __init__(self, type_name, facts):
        self.type_name, self.facts = type_name, facts
        self.names, self.texts = {}, []
        self.own = "Cfn" + type_name.split("::")[-1]

    def name(self, shape, parent, name):
        """A name for a nested shape: that of its property, with its parent's before it where that is taken."""
        text = json.dumps(shape, sort_keys=True)
        for candidate in (name, parent.removeprefix("Cfn") + name, parent + name + "Property"):
            if self.names.setdefault(candidate, text) == text and candidate not in ("Option", "Vec", "String"):
                return candidate, candidate in [made for made, _ in self.texts]
        raise SystemExit(f"{self.type_name}: no name for {name}")

    def rust(self, shape, parent, name, path):
        """The Rust type of a shape; what it needs is written on the way."""
        kind = AMENDED.get((self.type_name, path), shape.get("type", "any"))
        if kind == "list":
            items = self.rust(shape.get("items", {}), parent, singular(name), path + "[]")
            return f"Vec<{items}>"
        if kind == "map" and shape.get("properties"):
            named, made = self.name(shape, parent, name)
            if not made:
                self.texts.append((named, None))
                place = len(self.texts) - 1
                self.texts[place] = (named, self.property(named, shape, path))
            return named
        if kind == "map" and "values" in shape:
            values = self.rust(shape["values"], parent, singular(name), path + "{}")
            return f"MapOf<{values}>"
        if kind == "string" and len(shape.get("enum", [])) > 0:
            named, made = self.name({"enum": shape["enum"]}, parent, name)
            if not made:
                variants = "".join(f'    {pascal(text)} "{text}";\n' for text in shape["enum"])
                doc = f"/// What `{path}` may be.\n"
                self.texts.append((named, f"choice! {{\n{indent(doc)}    {named} {{\n{indent(variants)}    }}\n}}\n"))
            return named
        return SCALARS.get(kind, "Json")

    def fields(self, parent, shape, required, path):
        read_only = set(self.facts.get("readOnly", []))
        lines = {"required": "", "optional": ""}
        for name, inner in shape.get("properties", {}).items():
            below = f"{path}.{name}" if path else name
            if below in read_only:
                continue
            rust = self.rust(inner, parent, name, below)
            doc = ""
            if below in self.facts.get("createOnly", []):
                doc = "    #[doc = \"A change replaces the resource.\"]\n"
            # A required property is also a parameter of its builder's type, and would hide a type of its name.
            rust = re.sub(r"\w+", lambda word: f"self::{word[0]}" if word[0] in required else word[0], rust)
            key = "required" if name in required else "optional"
            lines[key] += f"{doc}    {name} {snake(name)}: {rust};\n"
        return "".join(f"{key} {{\n{text}}}\n" if text else f"{key} {{}}\n" for key, text in lines.items())

    def property(self, name, shape, path):
        fields = self.fields(name, shape, set(shape.get("required", [])), path)
        doc = f"/// `{path}` of `{self.type_name}`.\n"
        return f"property! {{\n{indent(doc)}    {name} {name}Builder\n{indent(fields)}}}\n"

    def attributes(self):
        lines = ""
        for attribute in self.facts.get("getAtt", []):
            shape = self.facts
            for part in attribute.split("."):
                shape = shape.get("properties", {}).get(part, {})
            kind = shape.get("type", "string")
            rust = {"list": "Vec<String>", "map": "Json"}.get(kind, SCALARS.get(kind, "String"))
            lines += f'    "{attribute}" attr_{snake(attribute.replace(".", "")).rstrip("_")}: {rust};\n'
        return f"attributes {{\n{lines}}}\n" if lines else "attributes {}\n"

    def text(self):
        fields = self.fields(self.own, self.facts, set(self.facts.get("required", [])), "")
        head = f"/// `{self.type_name}`.\n{self.own} {self.own}Builder \"{self.type_name}\"\n"
        body = f"resource! {{\n{indent(head + fields + self.attributes())}}}\n"
        body += "".join("\n" + text for _, text in self.texts)
        uses = []
        if "MapOf<" in body:
            uses.append("use crate::construct::MapOf;")
        macros = [name for name in ("builder", "choice", "property", "resource") if f"{name}! {{" in body or name == "builder"]
        uses.append(f"use crate::construct::typed::{{{', '.join(macros)}}};")
        if re.search(r"\bJson\b", body):
            uses.insert(0, "use serde_json::Value as Json;\n")
        head = f"//! `{self.type_name}`.\n\n"
        return HEAD + head + "\n".join(uses) + "\n\n" + body


def indent(text):
    return "".join("    " + line + "\n" if line else "\n" for line in text.splitlines())


def module(type_name):
    _, service, name = type_name.split("::")
    return f"{service.lower()}_{snake(name).rstrip('_')}"


def index(made):
    """The file that names the others, service by service."""
    names = sorted({name for made_type in made for name in made_type.facts.get("required", [])}
                   | {name for made_type in made for text in made_type.texts
                      for name in re.findall(r"^ {8}(?:#.*\n {8})?(\w+) \w+: ", required_of(text[1]), re.M)})
    services = {}
    for made_type in made:
        services.setdefault(made_type.type_name.split("::")[1], []).append(made_type)
    text = HEAD + (
        "//! Level 1: one construct for each resource type, with every property it has.\n//!\n"
        "//! ```compile_fail\n"
        "//! # use cairn::construct::{App, Stack, level1::ec2::CfnSubnet};\n"
        "//! # let stack = Stack::new(&App::new(), \"Service\");\n"
        "//! // the required property `VpcId` is missing\n"
        "//! CfnSubnet::builder().cidr_block(\"10.0.0.0/24\").build(&stack, \"Subnet\");\n"
        "//! ```\n//!\n"
        "//! ```\n"
        "//! # use cairn::construct::{App, Stack, level1::ec2::CfnSubnet};\n"
        "//! # let stack = Stack::new(&App::new(), \"Service\");\n"
        "//! CfnSubnet::builder().vpc_id(\"vpc-1\").cidr_block(\"10.0.0.0/24\").build(&stack, \"Subnet\");\n"
        "//! ```\n\n"
        "use super::typed::missing;\n\n"
    )
    text += "missing! {\n" + "".join(f"    {name}\n" for name in names) + "}\n\n"
    text += "".join(f"pub mod {module(one.type_name)};\n" for one in sorted(made, key=lambda one: module(one.type_name)))
    for service, members in sorted(services.items()):
        text += f"\n/// The types of `AWS::{service}`.\npub mod {service.lower()} {{\n"
        for one in sorted(members, key=lambda one: module(one.type_name)):
            text += f"    pub use super::{module(one.type_name)}::{one.own};\n"
        text += "}\n"
    text += "\n/// Every type there is a construct for, with the properties it takes.\n"
    text += "pub const TYPES: &[(&str, &[&str])] = &[\n"
    for one in made:
        path = f"{one.type_name.split('::')[1].lower()}::{one.own}"
        text += f"    ({path}::TYPE, {path}::PROPERTIES),\n"
    return text + "];\n"


def required_of(text):
    found = re.search(r"^ {4}required \{\n(.*?)^ {4}\}", text or "", re.M | re.S)
    return found.group(1) if found else ""


def main():
    schemas = json.loads((ROOT / "data/schemas.json").read_text())
    made = [Type(name, schemas[name]) for name in types()]
    files = {f"{module(one.type_name)}.rs": one.text() for one in made}
    files["mod.rs"] = index(made)
    there = {path.name for path in OUT.glob("*.rs")}
    wrong = [name for name, text in files.items() if name not in there or (OUT / name).read_text() != text]
    wrong += sorted(there - files.keys())
    if "--check" in sys.argv:
        if wrong:
            raise SystemExit(f"not as scripts/level1.py writes them: {', '.join(sorted(wrong))}")
        return
    for name in there - files.keys():
        (OUT / name).unlink()
    for name, text in files.items():
        (OUT / name).write_text(text)


main()
