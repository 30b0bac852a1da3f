"""Evaluates templates with moto's CloudFormation parser and with cfn-lint, for tests/oracle.rs.

    evaluate.py SOURCES ATTRIBUTES ANSWERS

SOURCES is a folder with the source distributions and npm packages that ship templates, ATTRIBUTES a JSON file of the list attributes of each
type, and ANSWERS the JSON file that is written: each template with its parameters and what either evaluator makes of it.
Nothing is deployed. What AWS would tell is told alike to all three: `ref-Id` for `Ref`, `att-Id.Attribute` for `Fn::GetAtt`.
"""

import ipaddress
import json
import logging
import sys
import tarfile
import tempfile
import warnings
from pathlib import Path

from cfnlint.config import ConfigMixIn
from cfnlint.context import create_context_for_template
from cfnlint.decode import decode
from cfnlint.helpers import is_function
from cfnlint.jsonschema import CfnTemplateValidator
from cfnlint.jsonschema import _resolvers_cfn as resolvers
from cfnlint.template import Template
from cfnlint.template.transforms._language_extensions import language_extension
from moto.cloudformation import parsing

import corpus

REGION = "us-east-1"
STACK = "teststack"
STACK_ID = f"arn:aws:cloudformation:{REGION}:123456789012:stack/{STACK}/51af3dc0-da77-11e4-872e-1234567db123"
PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::NotificationARNs": [],
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackId": STACK_ID,
    "AWS::StackName": STACK,
    "AWS::URLSuffix": "amazonaws.com",
}
NO_VALUE = {"Ref": "AWS::NoValue"}


class NoAnswer(Exception):
    """The evaluator does not say what this expression gives."""


class Told:
    """What AWS tells of a resource."""

    def __init__(self, name, lists):
        self.physical_resource_id = f"ref-{name}"
        self.name = name
        self.lists = lists

    def get_cfn_attribute(self, attribute):
        text = f"att-{self.name}.{attribute}"
        return [text] if attribute in self.lists else text


class AnyExport:
    """An export of whatever name is asked for."""

    def __init__(self, asked):
        self.asked = asked
        self.name = self

    def __eq__(self, name):
        self.asked.add(name)
        self.value = f"import-{name}"
        return True

    __hash__ = None


class MotoMap(parsing.ResourceMap):
    """moto's own map, in which no resource is ever made."""

    def __init__(self, template, parameters, lists, asked):
        exports = {"any": AnyExport(asked)}
        super().__init__(STACK_ID, STACK, parameters, {}, REGION, PSEUDO["AWS::AccountId"], template, exports)
        self._parsed_resources["AWS::NotificationARNs"] = []
        self.lists = lists
        self.load_mapping()
        self.load_parameters()
        self.load_conditions()

    def __getitem__(self, key):
        if key in self._parsed_resources:
            return self._parsed_resources[key]
        declared = self._resource_json_map[key]
        condition = declared.get("Condition")
        if condition and not self.lazy_condition_map[condition]:
            raise NoAnswer(f"{key} does not exist")
        return Told(key, self.lists.get(declared["Type"], ()))


def cidr(block, count, bits):
    """Fn::Cidr, which neither evaluator knows, by Python's own ipaddress."""
    network = ipaddress.ip_network(block, strict=False)
    blocks = network.subnets(new_prefix=network.max_prefixlen - int(bits))
    return [str(next(blocks)) for _ in range(int(count))]


def clean_json(node, resources, clean=parsing.clean_json):
    """moto's function, with what it does not have beside it."""
    if isinstance(node, dict) and len(node) == 1:
        if "Fn::Cidr" in node:
            return cidr(*clean_json(node["Fn::Cidr"], resources))
        if "Fn::Length" in node:
            return len(clean_json(node["Fn::Length"], resources))
    return clean(node, resources)


parsing.clean_json = clean_json


def attempt(function, *arguments):
    """`{"value": …}`, or `{"error": …}`: an evaluator that fails has no answer."""
    try:
        return {"value": function(*arguments)}
    except Exception as error:  # noqa: BLE001: whatever it is, it is no answer
        return {"error": f"{type(error).__name__}: {error}"[:200]}


def parts(template, holds):
    """Each property of a resource that exists, and each output: its name and the node."""
    for name, declared in (template.get("Resources") or {}).items():
        if isinstance(declared, dict) and holds(declared.get("Condition")):
            yield f"Resources/{name}", {}
            properties = declared.get("Properties") or {}
            if is_function(properties)[0] is not None:
                # Which properties there are is what a function says.
                yield f"Resources/{name}/*", properties
                continue
            for key, node in properties.items():
                yield f"Resources/{name}/{key}", node
    for name, declared in (template.get("Outputs") or {}).items():
        if isinstance(declared, dict) and holds(declared.get("Condition")):
            yield f"Outputs/{name}", declared.get("Value", {})


def moto(template, parameters, lists, asked):
    resources = MotoMap(template, parameters, lists, asked)
    holds = lambda name: name is None or resources.lazy_condition_map[name]  # noqa: E731
    value = lambda node: clean_json(node, resources)  # noqa: E731
    return {"parts": evaluated(parts(template, holds), value), "conditions": dict(resources.lazy_condition_map)}


def evaluated(nodes, evaluate):
    """What each part gives: a list of one value, or of none where the property is not there."""
    found = {}
    for name, node in nodes:
        answer = attempt(evaluate, node)
        if name.endswith("/*") and "value" in answer:
            properties = answer["value"] or {}
            found.update({name[:-1] + key: {"value": [value]} for key, value in properties.items()})
        elif "value" in answer:
            found[name] = {"value": [] if answer["value"] is None else [answer["value"]]}
        else:
            found[name] = answer
    return found


def typed(declared, text):
    """What `Ref` of a parameter gives, for cfn-lint, which would try every value otherwise."""
    kind = declared.get("Type", "String")
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        return [item.strip() for item in text.split(",")]
    return text


class Lint:
    """cfn-lint's resolvers with every parameter and condition settled."""

    def __init__(self, cfn, parameters, conditions, lists):
        holds = lambda declared: conditions.get(declared.get("Condition"), True)  # noqa: E731
        resources = cfn.template["Resources"].items()
        self.resources = {name: declared for name, declared in resources if holds(declared)}
        self.lists = lists
        declared = cfn.template.get("Parameters", {})
        told = dict(PSEUDO)
        told.update({name: f"ref-{name}" for name in self.resources})
        told.update({name: typed(declared[name], text) for name, text in parameters.items()})
        context = create_context_for_template(cfn)
        context = context.evolve(
            regions=[REGION], ref_values=told, conditions=context.conditions.evolve(conditions)
        )
        resolvers.fn_resolvers["Fn::GetAtt"] = self.attribute
        # It has lists of its own.
        resolvers.fn_resolvers["Fn::GetAZs"] = resolvers.unresolvable
        self.validator = CfnTemplateValidator(schema={}, cfn=cfn, context=context)

    def attribute(self, validator, instance):
        name, attribute = instance.split(".", 1) if isinstance(instance, str) else instance
        if isinstance(attribute, dict):
            attribute = self.value(attribute)
        told = Told(name, self.lists.get(self.resources[name]["Type"], ()))
        yield told.get_cfn_attribute(attribute), validator, None

    def value(self, node):
        if node == NO_VALUE:
            return None
        if isinstance(node, dict) and is_function(node)[0] is not None:
            found = []
            for value, _, error in self.validator.resolve_value(node):
                if error is None and value not in found:
                    found.append(value)
            if len(found) != 1:
                raise NoAnswer(f"{len(found)} values of {json.dumps(node)[:100]}")
            return self.value(found[0])
        if isinstance(node, dict):
            values = ((key, self.value(item)) for key, item in node.items())
            return {key: value for key, value in values if value is not None}
        if isinstance(node, list):
            return [value for value in map(self.value, node) if value is not None]
        return node


def lint(cfn, parameters, conditions, lists):
    resolver = Lint(cfn, parameters, conditions, lists)
    holds = lambda name: name is None or conditions[name]  # noqa: E731
    return {"parts": evaluated(parts(cfn.template, holds), resolver.value)}


def is_json(text):
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def plain(node):
    """Without cfn-lint's own classes."""
    return json.loads(json.dumps(node, default=str))


def skipped(template, text):
    """Why a template cannot be evaluated without a service, if so."""
    if not isinstance(template, dict) or not isinstance(template.get("Resources"), dict):
        return "not a template"
    transforms = template.get("Transform") or []
    others = [name for name in ([transforms] if isinstance(transforms, str) else transforms) if name != corpus.EXTENSIONS]
    if others or "Fn::Transform" in text:
        return "another transform"
    if "{{resolve:" in text:
        return "dynamic references"
    for parameter in (template.get("Parameters") or {}).values():
        if str(parameter.get("Type", "")).startswith("AWS::SSM::"):
            return "parameters from SSM"
    return None


def without_bootstrap(template):
    """Takes out the CDK's question after the version of its bootstrap stack, of which nothing is made."""
    parameters = template.get("Parameters") if isinstance(template, dict) else None
    asked = (parameters or {}).get("BootstrapVersion")
    if asked and "/cdk-bootstrap/" in str(asked.get("Default")):
        del parameters["BootstrapVersion"]
        template.get("Rules", {}).pop("CheckBootstrapVersion", None)


def evaluate(name, text, attributes, folder):
    suffix = "json" if text.lstrip().startswith("{") else "yaml"
    if suffix == "json" and not is_json(text):
        return {"skipped": "begins with a brace and is not JSON"}
    path = Path(folder) / f"template.{suffix}"
    path.write_text(text, encoding="utf-8")
    template, matches = decode(str(path))
    if template is None:
        return {"skipped": "cfn-lint cannot read it"}
    without_bootstrap(template)
    why = skipped(template, text)
    if why:
        return {"skipped": why}
    given = corpus.parameters(plain(template.get("Parameters") or {}))
    case = {"name": f"{name}.{suffix}", "text": text, "parameters": given}
    # cfn-lint's Template puts the arguments of some functions in another order.
    untouched = plain(template)
    cfn = Template(str(path), template, [REGION])
    if corpus.EXTENSIONS in (template.get("Transform") or []):
        # The values of parameters that loops are made from are its defaults.
        source = decode(str(path))[0]
        for key, value in given.items():
            source["Parameters"][key]["Default"] = value
        matches, expanded = language_extension(Template(str(path), source, [REGION]))
        if expanded is None:
            return {**case, "moto": {"error": str(matches)}, "cfn-lint": {"error": str(matches)}}
        untouched = plain(expanded)
        cfn = Template(str(path), expanded, [REGION])
    asked = set()
    case["moto"] = attempt(moto, untouched, given, attributes, asked)
    conditions = case["moto"].get("value", {}).get("conditions")
    if conditions is None:
        case["cfn-lint"] = {"error": "the conditions are not settled"}
    else:
        case["cfn-lint"] = attempt(lint, cfn, given, conditions, attributes)
    case["imports"] = sorted(name for name in asked if isinstance(name, str))
    return case


def main(sources, attributes, answers):
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    attributes = json.loads(Path(attributes).read_text(encoding="utf-8"))
    cases = []
    with tempfile.TemporaryDirectory() as folder:
        for archive in sorted(Path(sources).glob("*.t*gz")):
            # What is in a package of npm is in one folder, always called `package`.
            own = archive.stem if archive.suffix == ".tgz" else "."
            with tarfile.open(archive) as opened:
                opened.extractall(Path(folder) / own, filter="data")
        for name, text in corpus.templates(Path(folder)):
            try:
                case = evaluate(name, text, attributes, folder)
            except Exception as error:  # noqa: BLE001: some templates are wrong on purpose
                case = {"skipped": f"an evaluator fails: {type(error).__name__}"}
            cases.append({"name": name, **case})
    Path(answers).write_text(json.dumps(cases, default=str), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
