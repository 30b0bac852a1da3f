"""One leg of a conversation with the agent.

API Gateway hands over a request, this hands it to the agent and returns what the agent made of it. There are two kinds
of request:

    {"prompt": "...", "sessionId": "..."}
    {"sessionId": "...", "invocationId": "...", "results": [...]}

The first one says something (without a session id it begins a session), the second brings the results of the tools the
agent asked for. There are two kinds of answer:

    {"sessionId": "...", "text": "..."}
    {"sessionId": "...", "returnControl": {"invocationId": "...", "invocationInputs": [...]}}

The second answer means: run these tools, or ask the user to confirm them, and come back with all the results, in the
form in which InvokeAgent takes `returnControlInvocationResults`. With `"trace": true` in the request an answer also has
`"trace"`: the names of the agent's steps and when they came. Anything else is

    {"error": {"code": "...", "message": "...", "again": true | false}, "sessionId": "..."}

with a matching status, where `again` says whether the same request may be sent again as it is.

The function keeps nothing and runs no tool, so a request that comes twice does no harm here: the invocation id goes to
the agent as it came, and the agent decides.
"""

import json
import os
import sys
import time
import traceback

from botocore.exceptions import ParamValidationError

from leg import ANSWER_WITHIN_SECONDS, MAX_ANSWER_BYTES, RESERVE_SECONDS, Leg, answer_too_long
from request import Refused, parse

# Prompts, results and answers are the guests' own words: they are logged only when this says so.
LOG_WORDS = os.environ.get("LOG_WORDS", "false").lower() == "true"

# Seconds after which a request that failed for the moment is worth another try.
RETRY_AFTER = "2"


def handler(event, context):
    """What Lambda calls."""
    began = time.monotonic()
    line = {"event": "leg", "requestId": getattr(context, "aws_request_id", None)}
    try:
        status, body = 200, run(event, context, line)
    except Refused as refusal:
        status, body = refusal.status, problem(refusal.code, refusal.message, refusal.again, line)
        if refusal.__cause__:
            line["cause"] = cause_of(refusal.__cause__)
    except Exception as error:
        status, body = 500, problem("InternalError", "The function failed; its log says why.", False, line)
        line["cause"] = cause_of(error)
    line |= {"status": status, "seconds": round(time.monotonic() - began, 3)}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    if status in (429, 503):
        headers["retry-after"] = RETRY_AFTER
    return {"statusCode": status, "headers": headers, "body": written(body)}


def run(event, context, line):
    request = parse(event)
    line |= {"kind": request.kind, "sessionId": request.session_id}
    if LOG_WORDS:
        line["request"] = request.arguments.get("inputText") or request.arguments.get("sessionState")
    leg = Leg(request)
    try:
        reply = leg.run(seconds_left(context))
    finally:
        line["bytes"] = leg.size
    if len(written(reply).encode()) > MAX_ANSWER_BYTES:
        raise answer_too_long()
    control = reply.get("returnControl")
    if control:
        line |= {"invocationId": control["invocationId"], "tools": len(control["invocationInputs"])}
    if LOG_WORDS:
        line["reply"] = {name: reply[name] for name in ("text", "returnControl") if name in reply}
    return reply


def seconds_left(context):
    """Until the answer must be on its way: API Gateway's time or the function's own, whichever ends first."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    if remaining is None:
        return ANSWER_WITHIN_SECONDS
    return max(0.1, min(ANSWER_WITHIN_SECONDS, remaining() / 1000 - RESERVE_SECONDS))


def problem(code, message, again, line):
    line["code"] = code
    body = {"error": {"code": code, "message": message, "again": again}}
    return body | ({"sessionId": line["sessionId"]} if "sessionId" in line else {})


def cause_of(error):
    """An error for the log, on one line. What Bedrock or the network said is kept, with its ARNs; a text of Python's, or
    of the SDK's about arguments, may repeat what a guest said."""
    foreign = type(error).__module__.startswith(("botocore", "urllib3")) and not isinstance(error, ParamValidationError)
    frames = traceback.extract_tb(error.__traceback__)
    cause = {
        "type": type(error).__name__,
        "at": [f"{os.path.basename(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames],
    }
    return cause | ({"text": str(error)[:2000]} if foreign or LOG_WORDS else {})


def written(body):
    """As JSON that can be sent: half a character, which JSON can carry, is none in UTF-8."""
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace").decode()
