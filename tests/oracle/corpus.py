"""The templates: what a generator writes, and what the source distributions of cfn-lint and moto and packages of npm ship."""

import ast
import itertools
import json
import re

EXTENSIONS = "AWS::LanguageExtensions"

# Kinds of expressions that give a text: a literal of each kind, then each function over them.
TEXTS = {
    "plain": "text",
    "empty": "",
    "number": 42,
    "zero": "007",
    "truth": True,
    "parameter": {"Ref": "Text"},
    "count": {"Ref": "Count"},
    "region": {"Ref": "AWS::Region"},
    "account": {"Ref": "AWS::AccountId"},
    "partition": {"Ref": "AWS::Partition"},
    "stack": {"Ref": "AWS::StackName"},
    "stack-id": {"Ref": "AWS::StackId"},
    "suffix": {"Ref": "AWS::URLSuffix"},
    "resource": {"Ref": "Other"},
    "attribute": {"Fn::GetAtt": ["Other", "Name"]},
    "nested-attribute": {"Fn::GetAtt": ["Other", "Outputs.Deep"]},
    "mapped": {"Fn::FindInMap": ["Map", {"Ref": "AWS::Region"}, "Image"]},
    "mapped-by": {"Fn::FindInMap": ["Map", "eu-west-1", {"Ref": "Key"}]},
    "account-of-stack-id": {"Fn::Select": [4, {"Fn::Split": [":", {"Ref": "AWS::StackId"}]}]},
}
LISTS = {
    "literal": ["a", "b", "c"],
    "mixed": ["a", {"Ref": "Text"}, {"Ref": "Other"}],
    "parameter": {"Ref": "Texts"},
    "numbers": {"Ref": "Numbers"},
    "mapped": {"Fn::FindInMap": ["Map", "us-east-1", "Sizes"]},
    "split": {"Fn::Split": ["-", "a-b--c"]},
    "zones": {"Fn::GetAZs": ""},
    "cidr": {"Fn::Cidr": ["10.0.0.0/16", 4, 8]},
}
SUBS = [
    "no variable",
    "",
    "${Text}",
    "a${Text}b${Count}c",
    "${Other}-${Other.Name}-${Other.Outputs.Deep}",
    "arn:${AWS::Partition}:s3:::${AWS::AccountId}-${AWS::Region}.${AWS::URLSuffix}",
    "${!Text} and ${Text}",
    "${!Text}",
    "${!AWS::Region}/${AWS::Region}",
    "$ {Text} $Text $$ } {",
    "price: $5 ${Text}",
    "line one\nline two ${Text}\n",
    "é ${Text} 😀",
]
CIDRS = [
    ("10.0.0.0/16", 1, 8), ("10.0.0.0/16", 256, 8), ("10.0.3.7/16", 3, 4), ("192.168.0.0/24", 6, 5), ("10.0.0.0/28", 1, 4),
    ("0.0.0.0/0", 2, 31), ("255.255.255.0/24", 4, 6), ("10.0.0.0/30", 4, 0), ("2001:db8::/56", 3, 64), ("2001:db8::/32", 2, 96),
    ("fd00:0:0:1::/64", 4, 16), ("2001:db8:0:ff00::/56", 256, 64), ("10.0.0.0/16", "2", "8"), ("::/0", 2, 127),
]
PLAINS = {
    "on": "on", "Off": "Off", "Yes": "Yes", "no": "no", "y": "y", "n": "n", "true": "true", "date": "2010-09-09", "time": "2001-12-14t21:59:43.10-05:00",
    "minutes": "12:30:45", "octal": "0123", "octal-not": "0189", "account": "012345678901", "hex": "0x1F", "underscore": "1_000",
    "exponent": "1e3", "exponent-signed": "6.02e+23", "version": "1.10", "version-three": "1.2.3", "infinite": ".inf", "nan": ".NaN", "plus": "+1",
    "minus": "-0", "dot": ".5", "dot-behind": "5.", "tilde-in": "a~b", "equals": "a=b", "colon": "a:b", "url": "https://example.com/a?b=c#d",
}
PARAMETERS = {
    "Text": {"Type": "String", "Default": "ada"},
    "Key": {"Type": "String", "Default": "Image", "AllowedValues": ["Image", "Name"]},
    "Count": {"Type": "Number", "Default": 3},
    "Texts": {"Type": "CommaDelimitedList", "Default": "x,y,z"},
    "Numbers": {"Type": "List<Number>", "Default": "10,20"},
    "Zone": {"Type": "AWS::EC2::AvailabilityZone::Name", "Default": "us-east-1a"},
    "Subnets": {"Type": "List<AWS::EC2::Subnet::Id>", "Default": "subnet-1,subnet-2"},
    "Stage": {"Type": "String", "Default": "dev"},
}
MAPPINGS = {
    "Map": {
        "us-east-1": {"Image": "ami-1", "Name": "virginia", "Sizes": ["small", "large"]},
        "eu-west-1": {"Image": "ami-2", "Name": "ireland", "Sizes": ["large"]},
    }
}
CONDITIONS = {
    "Yes": {"Fn::Equals": ["a", "a"]},
    "No": {"Fn::Equals": ["a", "b"]},
    "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
    "Not": {"Fn::Not": [{"Condition": "IsProd"}]},
    "And": {"Fn::And": [{"Condition": "Yes"}, {"Condition": "Not"}]},
    "Or": {"Fn::Or": [{"Condition": "No"}, {"Condition": "IsProd"}, {"Condition": "And"}]},
    "OfMap": {"Fn::Equals": [{"Fn::FindInMap": ["Map", {"Ref": "AWS::Region"}, "Name"]}, "virginia"]},
    "OfJoin": {"Fn::Equals": [{"Fn::Join": ["", ["de", "v"]]}, {"Ref": "Stage"}]},
    "OfSelect": {"Fn::Equals": [{"Fn::Select": [1, {"Ref": "Texts"}]}, "y"]},
    "OfNumber": {"Fn::Equals": [{"Ref": "Count"}, "3"]},
    "OfTruth": {"Fn::Equals": [True, "true"]},
    "Case": {"Fn::Equals": ["Dev", {"Ref": "Stage"}]},
}
NO_VALUE = {"Ref": "AWS::NoValue"}


def parameters(declared):
    """A value for every parameter, as somebody would give it."""
    given = {}
    for name, parameter in declared.items():
        kind = str(parameter.get("Type", "String"))
        allowed = parameter.get("AllowedValues") or [None]
        value = parameter.get("Default", allowed[0])
        if value is None:
            value = sample(kind, parameter)
        given[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return given


def sample(kind, parameter):
    if "Number" in kind:
        return parameter.get("MinValue", 1)
    return "a" * max(int(parameter.get("MinLength", 1)), 1)


def template(properties, extended=True, **sections):
    """A template in which one resource has these properties."""
    written = {
        **({"Transform": EXTENSIONS} if extended else {}),
        "Parameters": PARAMETERS,
        "Mappings": MAPPINGS,
        "Conditions": CONDITIONS,
        "Resources": {"Other": {"Type": "Custom::Other"}, "Case": {"Type": "Custom::Case", "Properties": properties}},
    }
    for name, section in sections.items():
        written[name] = {**written.get(name, {}), **section}
    return json.dumps(written, indent=1, ensure_ascii=False)


def over_texts():
    """Each function over each text."""
    yield "texts", template(TEXTS, extended=False)
    yield "join", template({a + "-" + b: {"Fn::Join": ["/", [TEXTS[a], TEXTS[b]]]} for a, b in itertools.product(TEXTS, TEXTS)}, False)
    yield "base64", template({name: {"Fn::Base64": text} for name, text in TEXTS.items() if isinstance(text, (str, dict))}, False)
    yield "if", template({f"{name}-{which}": {"Fn::If": [which, text, "other"]} for name, text in TEXTS.items() for which in CONDITIONS}, False)
    yield "sub-own", template({name: {"Fn::Sub": ["<${X}|${Text}>", {"X": text}]} for name, text in TEXTS.items()}, False)
    yield "split", template({name: {"Fn::Split": ["-", text]} for name, text in TEXTS.items() if isinstance(text, (str, dict))}, False)
    yield "select-texts", template({name: {"Fn::Select": [1, ["no", text]]} for name, text in TEXTS.items()}, False)
    yield "json-texts", template({name: {"Fn::ToJsonString": {"key": text, "list": [text]}} for name, text in TEXTS.items()})
    yield "default-value", template({name: {"Fn::FindInMap": ["Map", "nowhere", "Image", {"DefaultValue": text}]} for name, text in TEXTS.items()})
    yield "output-texts", template({}, False, Outputs={f"Out{n}": {"Value": text} for n, text in enumerate(TEXTS.values())})
    for name, text in TEXTS.items():
        # The same expression everywhere that an expression can stand.
        yield f"places-{name}", template(
            {"Plain": text, "List": [text, [text]], "Map": {"Key": {"Deep": text}}, "Chosen": {"Fn::If": ["No", NO_VALUE, {"In": text}]}},
            False,
            Outputs={"One": {"Value": text, "Description": name}, "Two": {"Condition": "No", "Value": text}},
        )


def over_lists():
    """Each function over each list."""
    yield "lists", template(LISTS, extended=False)
    for index in (0, 1, "1"):
        yield f"select-{index!r}", template({name: {"Fn::Select": [index, items]} for name, items in LISTS.items()}, False)
    for number, by in enumerate(["", ",", "-", " and ", "\n"]):
        yield f"join-lists-{number}", template({name: {"Fn::Join": [by, items]} for name, items in LISTS.items()}, False)
    yield "length", template({name: {"Fn::Length": items} for name, items in LISTS.items()})
    yield "json-lists", template({name: {"Fn::ToJsonString": items} for name, items in LISTS.items()})
    yield "if-lists", template({f"{name}-{which}": {"Fn::If": [which, items, []]} for name, items in LISTS.items() for which in ("Yes", "No")}, False)
    yield "index-of-parameter", template({name: {"Fn::Select": [{"Ref": "Index"}, items]} for name, items in LISTS.items()}, False,
                                         Parameters={"Index": {"Type": "Number", "Default": 1}})
    for name, items in LISTS.items():
        joined = {"Fn::Join": ["|", items]}
        yield f"nested-{name}", template({
            "SplitOfJoin": {"Fn::Split": ["|", joined]},
            "SelectOfSplitOfJoin": {"Fn::Select": [1, {"Fn::Split": ["|", joined]}]},
            "JoinOfSplitOfSub": {"Fn::Join": ["+", {"Fn::Split": ["|", {"Fn::Sub": ["${X}", {"X": joined}]}]}]},
            "JoinOfIf": {"Fn::Join": [":", {"Fn::If": ["IsProd", ["nothing"], items]}]},
            "SelectOfIf": {"Fn::Select": [0, {"Fn::If": ["Not", items, ["nothing"]]}]},
            "Base64OfJoin": {"Fn::Base64": joined},
            "SubOfSelect": {"Fn::Sub": ["<${X}>", {"X": {"Fn::Select": [0, items]}}]},
        }, False)


def others():
    for number, text in enumerate(SUBS):
        yield f"sub-{number}", template({"Short": {"Fn::Sub": text}, "Long": {"Fn::Sub": [text, {"Unused": "x"}]}, "Over": {"Fn::Sub": [text, {"Text": "own"}]}}, False)
    for number, (block, count, bits) in enumerate(CIDRS):
        yield f"cidr-{number}", template({"All": {"Fn::Cidr": [block, count, bits]}, "Last": {"Fn::Select": [int(count) - 1, {"Fn::Cidr": [block, count, bits]}]}}, False)
    for name, condition in CONDITIONS.items():
        yield f"condition-{name}", template(
            {"If": {"Fn::If": [name, "then", "else"]}, "Gone": {"Fn::If": [name, "then", NO_VALUE]}, "Items": ["a", {"Fn::If": [name, "b", NO_VALUE]}, "c"],
             "Deep": {"Fn::If": [name, {"Fn::If": ["Yes", {"Ref": "Text"}, "x"]}, {"Fn::If": ["No", "y", {"Ref": "Count"}]}]}},
            False,
            Resources={"Maybe": {"Type": "Custom::Case", "Condition": name, "DependsOn": "Other", "Properties": {"Text": {"Ref": "Text"}}},
                       "After": {"Type": "Custom::Case", "DependsOn": ["Maybe"], "Properties": {"To": {"Fn::If": [name, {"Ref": "Maybe"}, "nobody"]}}}},
            Outputs={"Maybe": {"Condition": name, "Value": {"Fn::If": [name, {"Ref": "Maybe"}, "none"]}}},
        )
    for (name, declared) in PARAMETERS.items():
        yield f"parameter-{name}", template({"Ref": {"Fn::If": ["Yes", {"Ref": name}, ""]}, "Inside": [{"Ref": name}], "Sub": {"Fn::Sub": "x"}}, False)
    yield "no-value", template({"Gone": NO_VALUE, "Map": {"a": NO_VALUE, "b": 1}, "List": ["a", NO_VALUE, "b"], "Empty": [NO_VALUE], "EmptyMap": {"a": NO_VALUE},
                                "Nested": [[NO_VALUE], {"a": NO_VALUE}], "Kept": {"empty": {}, "none": [], "text": ""}}, False)
    yield "import", template({"Plain": {"Fn::ImportValue": "net-Vpc"}, "Sub": {"Fn::ImportValue": {"Fn::Sub": "${Text}-Vpc"}},
                              "Joined": {"Fn::Join": ["/", ["a", {"Fn::ImportValue": {"Fn::Join": ["-", ["net", {"Ref": "Stage"}]]}}]]}}, False)
    yield "find-in-map", template({
        "Default": {"Fn::FindInMap": ["Map", "nowhere", "Image", {"DefaultValue": "none"}]}, "NoSecond": {"Fn::FindInMap": ["Map", "us-east-1", "Nothing", {"DefaultValue": ["a"]}]},
        "Known": {"Fn::FindInMap": ["Map", "us-east-1", "Image", {"DefaultValue": "none"}]}, "Nested": {"Fn::FindInMap": ["Map", "us-east-1", {"Ref": "Key"}]},
        "DefaultNested": {"Fn::FindInMap": ["Map", "x", "y", {"DefaultValue": {"Fn::FindInMap": ["Map", "eu-west-1", "Name"]}}]}})
    scalars = "".join(f"      {name}: {text}\n" for name, text in PLAINS.items())
    yield "scalars", f"Resources:\n  Case:\n    Type: Custom::Case\n    Properties:\n{scalars}"
    quoted = "".join(f"      {name}: '{text}'\n" for name, text in PLAINS.items())
    yield "scalars-quoted", f"Resources:\n  Case:\n    Type: Custom::Case\n    Properties:\n{quoted}"
    subbed = "".join(f"      {name}: !Sub '<{text}>'\n" for name, text in PLAINS.items())
    yield "scalars-sub", f"Resources:\n  Case:\n    Type: Custom::Case\n    Properties:\n{subbed}"
    yield "blocks", """Resources:
  Case:
    Type: Custom::Case
    Properties:
      Literal: |
        one
          two

        three
      Strip: |-
        one
        two
      Keep: |+
        one

      Folded: >
        one
        two

        three
      FoldedStrip: >-
        one
        two
      Sub: !Sub |
        echo ${AWS::Region}
        echo ${!HOME}
      Join: !Join
        - "\\n"
        - - a
          - !Ref AWS::Region
      Plain: one
        two
      Double: "a\\tb\\u00e9\\
        c"
      Single: 'it''s'
      Alias: &alias {a: [1, 2]}
      Again: *alias
"""


def loops():
    bodies = {
        "resources": {"Resources": {"Fn::ForEach::Topics": ["Name", {"Ref": "Texts"}, {"Topic${Name}": {"Type": "Custom::Topic", "Properties": {"Name": {"Ref": "Name"}, "Text": {"Fn::Sub": "t-${Name}-${AWS::Region}"}}}}]}},
        "literal": {"Resources": {"Fn::ForEach::Topics": ["Name", ["A", "B"], {"Topic${Name}": {"Type": "Custom::Topic", "Properties": {"Name": {"Fn::Sub": "${Name}"}}}}]}},
        "ampersand": {"Resources": {"Fn::ForEach::Hosts": ["Host", ["a.b", "c-d"], {"Host&{Host}": {"Type": "Custom::Host", "Properties": {"Name": {"Ref": "Host"}}}}]}},
        "nested": {"Resources": {"Fn::ForEach::Outer": ["A", ["X", "Y"], {"Fn::ForEach::Inner": ["B", ["P", "Q"], {"R${A}${B}": {"Type": "Custom::R", "Properties": {"Both": {"Fn::Join": ["-", [{"Ref": "A"}, {"Ref": "B"}]]}}}}]}]}},
        "outputs": {"Outputs": {"Fn::ForEach::Out": ["Name", {"Ref": "Texts"}, {"Out${Name}": {"Value": {"Fn::Sub": "${Name}-${Text}"}}}]}},
        "conditions": {"Conditions": {"Fn::ForEach::Is": ["Name", ["dev", "prod"], {"Is${Name}": {"Fn::Equals": [{"Ref": "Stage"}, {"Ref": "Name"}]}}]},
                       "Resources": {"D": {"Type": "Custom::D", "Condition": "Isdev"}, "P": {"Type": "Custom::P", "Condition": "Isprod"}}},
        "properties": {"Resources": {"Case": {"Type": "Custom::Case", "Properties": {"Map": {"Fn::ForEach::Keys": ["Key1", ["a", "b"], {"Key${Key1}": {"Ref": "Key1"}}]},
                                                                                   "Fn::ForEach::Top": ["T", ["U", "V"], {"Top${T}": {"Fn::Sub": "is ${T}"}}]}}}},
        "attributes": {"Resources": {"Fn::ForEach::Things": ["Name", ["A", "B"], {"Thing${Name}": {"Type": "Custom::Thing"}}]},
                       "Outputs": {"Fn::ForEach::Names": ["Name", ["A", "B"], {"Name${Name}": {"Value": {"Fn::GetAtt": [{"Fn::Sub": "Thing${Name}"}, "Name"]}}}]}},
        "mapped": {"Resources": {"Fn::ForEach::Sizes": ["Size", {"Fn::FindInMap": ["Map", "us-east-1", "Sizes"]}, {"Size${Size}": {"Type": "Custom::Size", "Properties": {"Is": {"Ref": "Size"}}}}]}},
    }
    for name, sections in bodies.items():
        yield f"loop-{name}", template({"Text": "t"}, **sections)


def written():
    for generator in (over_texts, over_lists, others, loops):
        for name, text in generator():
            yield f"made/{name}", text


def shipped(sources):
    """Files that are templates, and templates that stand in tests as Python dictionaries and strings."""
    [fixtures] = sources.glob("cfn_lint-*/test/fixtures/templates")
    for path, text in files(fixtures):
        yield f"cfn-lint/{path}", text
    for package in sorted(sources.glob("*/package")):
        for path, text in files(package):
            yield f"npm/{package.parent.name}/{path}", text
    [tests] = sources.glob("moto-*/tests")
    for path in sorted(tests.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "Resources" in text:
            for line, found in in_python(text):
                yield f"moto/{path.relative_to(tests).with_suffix('')}-{line}", found


def files(folder):
    """The files that may be templates, without their endings."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".yaml", ".yml", ".json", ".template") and path.is_file() and path.stat().st_size < 200_000:
            text = path.read_bytes().decode("utf-8", errors="replace")
            if "Resources" in text:
                yield path.relative_to(folder).with_suffix(""), text


def in_python(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "Resources" in node.value and "Type" in node.value:
            # `{0}` is for Python's `format`.
            if not re.search(r"\{[0-9]\}", node.value):
                yield node.lineno, node.value
        elif isinstance(node, ast.Dict) and any(isinstance(key, ast.Constant) and key.value == "Resources" for key in node.keys):
            try:
                yield node.lineno, json.dumps(ast.literal_eval(node))
            except (ValueError, TypeError):
                continue


def templates(sources):
    yield from written()
    yield from shipped(sources)
