"""What a caller may send, and the words for what is wrong with it.

Everything that reaches the agent has passed through here, so a mistake of the caller's is found before the agent is
asked, is told with its place, and is always a 400. Nothing of the request is repeated but the names of its fields.
"""

import base64
import json
import re
import uuid

SESSION_ID = re.compile(r"[0-9a-zA-Z._:-]{2,100}")

MAX_BODY_BYTES = 262_144
MAX_PROMPT_CHARACTERS = 25_000
MAX_RESULT_CHARACTERS = 25_000
MAX_NAME_CHARACTERS = 200
MAX_RESULTS = 5


class Refused(Exception):
    """A request that cannot be carried out: the status, and what to tell the caller.

    `again` says whether the same request, sent again as it is, may succeed and does no harm.
    """

    def __init__(self, status, code, message, again=False):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.again = again


class Request:
    """A request that is well formed: its kind, and the arguments of InvokeAgent that it stands for."""

    def __init__(self, kind, session_id, arguments, trace):
        self.kind = kind
        self.session_id = session_id
        self.trace = trace
        self.arguments = {"sessionId": session_id, "enableTrace": trace, **arguments}


def parse(event):
    """The request in what API Gateway hands over."""
    fields = object_in(body_of(event))
    if "prompt" in fields:
        allow(fields, ("prompt", "sessionId", "trace"), "")
        prompt = text(fields["prompt"], "prompt", MAX_PROMPT_CHARACTERS)
        if not prompt.strip():
            raise invalid("`prompt` is empty")
        session_id = session_of(fields) if "sessionId" in fields else str(uuid.uuid4())
        return Request("prompt", session_id, {"inputText": prompt}, trace_of(fields))

    allow(fields, ("sessionId", "invocationId", "results", "trace"), "")
    missing = [name for name in ("sessionId", "invocationId", "results") if name not in fields]
    if missing:
        raise invalid("send `prompt`, or `sessionId`, `invocationId` and `results` together", missing[0])
    state = {
        "invocationId": name_in(fields, "invocationId", ""),
        "returnControlInvocationResults": results_of(fields["results"]),
    }
    return Request("results", session_of(fields), {"sessionState": state}, trace_of(fields))


def body_of(event):
    body = event.get("body") if isinstance(event, dict) else None
    if not isinstance(body, str) or not body:
        raise invalid("the request has no body: send a JSON object")
    try:
        data = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
        if len(data) > MAX_BODY_BYTES:
            raise Refused(413, "TooLarge", f"the body may have {MAX_BODY_BYTES} bytes at most")
        return data.decode()
    except ValueError:
        raise invalid("the body is not text in UTF-8") from None


def object_in(body):
    try:
        fields = json.loads(body, parse_constant=no_number)
    except (ValueError, RecursionError):
        raise invalid("the body is not JSON") from None
    if not isinstance(fields, dict):
        raise invalid("the body is not a JSON object")
    return fields


def no_number(name):
    raise ValueError(f"{name} is not JSON")


def allow(fields, known, place):
    unknown = sorted(set(fields) - set(known))
    if unknown:
        names = ", ".join(f"`{name}`" for name in known)
        raise invalid(f"`{place}{shortened(unknown[0])}` does not belong there; what may be there is {names}")


def session_of(fields):
    session_id = fields["sessionId"]
    if not isinstance(session_id, str) or not SESSION_ID.fullmatch(session_id):
        raise invalid("`sessionId` must be 2 to 100 letters, digits and . _ : -")
    return session_id


def trace_of(fields):
    trace = fields.get("trace", False)
    if not isinstance(trace, bool):
        raise invalid("`trace` must be true or false")
    return trace


def results_of(results):
    if not isinstance(results, list) or not 1 <= len(results) <= MAX_RESULTS:
        raise invalid(f"`results` must be a list of 1 to {MAX_RESULTS} results, one for each of `invocationInputs`")
    return [result_of(result, f"results[{index}]") for index, result in enumerate(results)]


def result_of(result, place):
    kinds = list(result) if isinstance(result, dict) else []
    if len(kinds) != 1 or kinds[0] not in ("functionResult", "apiResult"):
        raise invalid(f'`{place}` must be {{"functionResult": {{…}}}} or {{"apiResult": {{…}}}}')
    kind, fields, place = kinds[0], result[kinds[0]], f"{place}.{kinds[0]}."
    if not isinstance(fields, dict):
        raise invalid(f"`{place[:-1]}` must be an object")
    named = ["actionGroup", "function"] if kind == "functionResult" else ["actionGroup", "apiPath", "httpMethod"]
    common = ["responseBody", "confirmationState", "responseState", "agentId"]
    allow(fields, [*named, *common, *(["httpStatusCode"] if kind == "apiResult" else [])], place)
    checked = {name: name_in(fields, name, place) for name in named}
    if "agentId" in fields:
        checked["agentId"] = name_in(fields, "agentId", place)
    for name, choices in (("confirmationState", ("CONFIRM", "DENY")), ("responseState", ("FAILURE", "REPROMPT"))):
        if name in fields:
            checked[name] = choice(fields[name], choices, place + name)
    if "responseBody" in fields:
        checked["responseBody"] = response_body(fields["responseBody"], kind, f"{place}responseBody")
    if "httpStatusCode" in fields:
        checked["httpStatusCode"] = http_status(fields["httpStatusCode"], f"{place}httpStatusCode")
    if not checked.keys() & {"responseBody", "confirmationState", "responseState"}:
        raise invalid(f"`{place[:-1]}` says nothing: it needs `responseBody`, or `confirmationState` for a confirmation")
    return {kind: checked}


def response_body(body, kind, place):
    """Of a function its one type is `TEXT`; of an API it is a media type."""
    types = list(body) if isinstance(body, dict) else []
    if len(types) != 1 or (kind == "functionResult" and types != ["TEXT"]):
        name = "TEXT" if kind == "functionResult" else "application/json"
        raise invalid(f'`{place}` must be {{"{name}": {{"body": "…"}}}}')
    media_type, content = types[0], body[types[0]]
    text(media_type, f"{place}'s media type", MAX_NAME_CHARACTERS)
    if not isinstance(content, dict) or list(content) != ["body"]:
        raise invalid(f'the content in `{place}` must be {{"body": "…"}}')
    return {media_type: {"body": text(content["body"], f"{place} body", MAX_RESULT_CHARACTERS)}}


def http_status(value, place):
    if isinstance(value, bool) or not isinstance(value, int) or not 100 <= value <= 599:
        raise invalid(f"`{place}` must be a number from 100 to 599")
    return value


def choice(value, choices, place):
    if value not in choices:
        raise invalid(f"`{place}` must be {' or '.join(choices)}")
    return value


def name_in(fields, name, place):
    value = text(fields.get(name), place + name, MAX_NAME_CHARACTERS)
    if not value.strip():
        raise invalid(f"`{place}{name}` is empty")
    return value


def text(value, place, longest):
    if not isinstance(value, str):
        raise invalid(f"`{place}` must be a text")
    if len(value) > longest:
        raise invalid(f"`{place}` may have {longest} characters at most")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise invalid(f"`{place}` has half a character (a lone surrogate) in it") from None
    return value


def shortened(name):
    """A field's name as it may be repeated: short, and text whatever was sent."""
    return name[:40].encode("utf-8", "replace").decode()


def invalid(message, missing=None):
    said = f"{message}; `{missing}` is missing" if missing else message
    return Refused(400, "InvalidRequest", said)
