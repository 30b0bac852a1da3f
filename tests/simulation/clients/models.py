"""Holds what the simulated AWS answers against botocore's models of the services.

Every answer is looked at as it comes over the wire: no member that the model does not have, none
missing that it requires, each of its type, of its pattern, of its values. So is every error.
"""

import json
import re
import time
from xml.etree import ElementTree

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

# Where AWS itself answers otherwise than its model says: endpoints tell their state in lower case
# (terraform-provider-aws compares it without regard to case), and an internet gateway is not
# attached but "available" (`InternetGatewayAttachment` in the Amazon EC2 API Reference).
OTHERWISE = {("ec2", "State"), ("ec2", "AttachmentStatus")}


THROTTLES = {
    "RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequestsException",
}


class Checker:
    """Clients of one account, and what has been found wrong with their answers."""

    def __init__(self, url):
        self.url = url
        self.problems = []
        self.called = set()
        self.session = botocore.session.get_session()
        self.session.set_credentials("test", "test")

    def client(self, service):
        """A client that sends each call once."""
        config = Config(retries={"total_max_attempts": 1}, parameter_validation=True, read_timeout=30)
        client = self.session.create_client(
            service, region_name="us-east-1", endpoint_url=self.url, config=config
        )
        client.meta.events.register("before-parse", self._look, unique_id=f"look-{service}")
        return client

    def call(self, client, operation, **parameters):
        """A call that must succeed, within its rate."""
        while True:
            try:
                return getattr(client, operation)(**parameters)
            except ClientError as error:
                if error.response["Error"]["Code"] not in THROTTLES:
                    raise
                time.sleep(0.02)

    def refuse(self, client, operation, code, **parameters):
        """A call that must be refused, and by the exception that the model has for it."""
        try:
            self.call(client, operation, **parameters)
        except ClientError as error:
            told = error.response["Error"]["Code"]
            if told != code:
                self.problems.append(f"{operation} is refused with {told} instead of {code}: {error}")
            model = client.meta.service_model.operation_model(
                client.meta.method_to_api_mapping[operation]
            )
            modelled = [shape for shape in model.error_shapes if shape.error_code == told]
            if modelled and type(error) is not client.exceptions.from_code(told):
                self.problems.append(f"{operation}: {told} is not parsed as its exception")
            if not error.response["Error"].get("Message"):
                self.problems.append(f"{operation}: {told} says nothing")
            return
        self.problems.append(f"{operation} is not refused with {code}: {parameters}")

    def _look(self, operation_model, response_dict, **_):
        service = operation_model.service_model
        where = f"{service.service_name}.{operation_model.name}"
        self.called.add(f"{service.signing_name}:{operation_model.name}")
        before = len(self.problems)
        status, body = response_dict["status_code"], response_dict["body"]
        protocol = service.metadata["protocol"]
        if status >= 300:
            self._look_at_error(where, operation_model, response_dict)
            return
        wanted = operation_model.http.get("responseCode", 200)
        shape = operation_model.output_shape
        # An answer with a member for the status may have more than one.
        members = shape.members.values() if shape is not None else []
        is_told = any(one.serialization.get("location") == "statusCode" for one in members)
        if status != wanted and not is_told:
            self._problem(where, f"the status is {status} instead of {wanted}")
        if protocol in ("ec2", "query"):
            root = ElementTree.fromstring(body)
            if plain(root.tag) != f"{operation_model.name}Response":
                self._problem(where, f"the root is {root.tag}")
            if protocol == "query" and shape is not None:
                root = child(root, shape.serialization["resultWrapper"])
            if shape is not None:
                self._xml(where, shape, root, service.service_name, is_root=True)
        elif shape is None or not body:
            if body.strip() not in (b"", b"{}"):
                self._problem(where, f"an answer without members has a body: {body[:80]}")
            if shape is not None and shape.required_members:
                self._problem(where, "the answer is empty")
        else:
            self._json(where, shape, json.loads(body), service.service_name)
        if len(self.problems) > before:
            self.problems.append(f"  in {body[:2000]!r}")

    def _problem(self, where, what):
        self.problems.append(f"{where}: {what}")

    def _look_at_error(self, where, operation_model, response):
        """The errors of these protocols are modelled with their codes and statuses; EC2 has none."""
        service = operation_model.service_model
        protocol = service.metadata["protocol"]
        if protocol == "ec2":
            root = ElementTree.fromstring(response["body"])
            if [plain(one.tag) for one in root] != ["Errors", "RequestID"]:
                self._problem(where, f"an error of another form: {response['body']}")
            return
        if protocol == "query":
            code = child(child(ElementTree.fromstring(response["body"]), "Error"), "Code").text
        else:
            told = json.loads(response["body"])
            code = told.get("__type", "")
            if protocol == "rest-json":
                code = response["headers"].get("x-amzn-errortype", "")
            if not isinstance(told.get("message", told.get("Message")), str):
                self._problem(where, f"an error without a message: {told}")
        common = {"Throttling", "ThrottlingException", "ValidationException"}
        shapes = {shape.error_code: shape for shape in operation_model.error_shapes}
        if code not in shapes:
            if code not in common:
                self._problem(where, f"no error of it is {code}: {response['body'][:300]}")
            return
        status = shapes[code].metadata.get("error", {}).get("httpStatusCode")
        if protocol != "json" and status not in (None, response["status_code"]):
            self._problem(where, f"{code} has the status {response['status_code']}, not {status}")

    # JSON ---------------------------------------------------------------------------------------

    def _json(self, where, shape, value, service):
        kind = shape.type_name
        expected = {
            "structure": dict, "map": dict, "list": list, "string": str, "blob": str,
            "boolean": bool, "integer": int, "long": int,
        }.get(kind)
        if kind in ("float", "double"):
            expected = (int, float)
        if kind == "timestamp":
            text = shape.serialization.get("timestampFormat") == "iso8601"
            expected = str if text else (int, float)
        if kind == "structure" and shape.metadata.get("document"):
            return
        if not isinstance(value, expected) or isinstance(value, bool) and kind != "boolean":
            self._problem(where, f"{value!r} is no {kind}")
            return
        if kind == "structure":
            members = {
                member.serialization.get("name", name): (name, member)
                for name, member in shape.members.items()
                if member.serialization.get("location") not in ("header", "headers", "statusCode")
            }
            for key in value.keys() - members.keys():
                self._problem(where, f"there is no member {key} in {shape.name}")
            for name in shape.required_members:
                key = shape.members[name].serialization.get("name", name)
                if key not in value:
                    self._problem(where, f"{shape.name} has no {key}")
            if getattr(shape, "is_tagged_union", False) and len(value) != 1:
                self._problem(where, f"{shape.name} is a union of {len(value)} members")
            for key in value.keys() & members.keys():
                self._json(f"{where}.{key}", members[key][1], value[key], service)
        elif kind == "map":
            for key, item in value.items():
                self._json(f"{where}[{key}]", shape.key, key, service)
                self._json(f"{where}[{key}]", shape.value, item, service)
        elif kind == "list":
            self._bounds(where, shape, len(value))
            for item in value:
                self._json(f"{where}[]", shape.member, item, service)
        else:
            self._scalar(where, shape, value, service)

    # XML ----------------------------------------------------------------------------------------

    def _xml(self, where, shape, element, service, is_root=False):
        kind = shape.type_name
        if kind == "structure":
            # In EC2 the name in answers; elsewhere the member's own.
            members = {
                member.serialization.get("name", name): member for name, member in shape.members.items()
            }
            seen = set()
            for one in element:
                tag = plain(one.tag)
                if is_root and tag in ("requestId", "ResponseMetadata"):
                    continue
                if tag not in members:
                    self._problem(where, f"there is no member {tag} in {shape.name}")
                    continue
                if tag in seen:
                    self._problem(where, f"{tag} is there twice")
                seen.add(tag)
                self._xml(f"{where}.{tag}", members[tag], one, service)
            for name in shape.required_members:
                if shape.members[name].serialization.get("name", name) not in seen:
                    self._problem(where, f"{shape.name} has no {name}")
        elif kind == "list":
            name = shape.member.serialization.get("name", "member")
            for one in element:
                if plain(one.tag) != name:
                    self._problem(where, f"an item is called {one.tag} instead of {name}")
                self._xml(f"{where}[]", shape.member, one, service)
        elif len(element):
            self._problem(where, f"a {kind} has members")
        else:
            text = element.text or ""
            parse = {"integer": int, "long": int, "float": float, "double": float}.get(kind)
            try:
                value = parse(text) if parse else text
            except ValueError:
                self._problem(where, f"{text!r} is no {kind}")
                return
            if kind == "boolean" and text not in ("true", "false"):
                self._problem(where, f"{text!r} is no {kind}")
            if kind == "timestamp" and not re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", text):
                self._problem(where, f"{text!r} is no {kind}")
            self._scalar(where, shape, value, service)

    def _bounds(self, where, shape, size):
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if low is not None and size < low or high is not None and size > high:
            self._problem(where, f"{size} is not between {low} and {high}")

    def _scalar(self, where, shape, value, service):
        if isinstance(value, str) and shape.type_name == "string":
            if shape.enum and value not in shape.enum and (service, shape.name) not in OTHERWISE:
                self._problem(where, f"{value!r} is none of {shape.enum}")
            self._bounds(where, shape, len(value))
            pattern = shape.metadata.get("pattern")
            try:
                fits = pattern is None or re.fullmatch(pattern, value, re.DOTALL)
            except re.error:
                fits = True  # a pattern that only Java understands
            if not fits:
                self._problem(where, f"{value!r} does not fit {pattern}")
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            self._bounds(where, shape, value)


def plain(tag):
    return tag.rsplit("}", 1)[-1]


def child(element, name):
    return next(one for one in element if plain(one.tag) == name)
