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
form in which InvokeAgent takes `returnControlInvocationResults`. Anything else is
{"error": {"code": "...", "message": "..."}} with a matching status.
"""

import base64
import functools
import json
import logging
import os
import re
import uuid

import boto3
import botocore.exceptions as sdk
import urllib3.exceptions as http
from botocore.config import Config

log = logging.getLogger(__name__)
log.setLevel(logging.INFO)

SESSION_ID = re.compile(r"[0-9a-zA-Z._:-]{2,100}")
MAX_PROMPT_CHARACTERS = 25_000
MAX_RESULTS = 5
RESULT_KINDS = ("functionResult", "apiResult")

# Below the function's timeout of 90 seconds, so that there is time to answer. One attempt: a second one would not fit,
# and the agent might do its work twice.
CLIENT_CONFIG = Config(connect_timeout=5, read_timeout=80, retries={"total_max_attempts": 1})

# What the caller gets to know of Bedrock's errors. The service's own texts name ARNs and accounts: they go to the log.
BEDROCK_ERRORS = {
    "validationexception": (400, "The agent refused the request: the session or the results do not fit."),
    "conflictexception": (409, "The session is busy with another request."),
    "throttlingexception": (429, "Too many requests: try again in a moment."),
    "servicequotaexceededexception": (429, "The agent has reached a quota: try again later."),
    "modelnotreadyexception": (503, "The model is warming up: try again in a moment."),
    "dependencyfailedexception": (502, "Something the agent depends on failed."),
    "badgatewayexception": (502, "Something the agent depends on failed."),
    "accessdeniedexception": (500, "This function may not use the agent."),
    "resourcenotfoundexception": (500, "This function cannot find its agent."),
}
OTHER_BEDROCK_ERROR = (502, "The agent failed.")


class Refused(Exception):
    """A request that cannot be carried out: the status and what to tell the caller."""

    def __init__(self, status, code, message):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def handler(event, context):
    """What Lambda calls."""
    try:
        return answer(200, run_leg(parse(event)))
    except Refused as refusal:
        return answer(refusal.status, {"error": {"code": refusal.code, "message": refusal.message}})
    except Exception:
        log.exception("leg failed")
        return answer(500, {"error": {"code": "InternalError", "message": "The leg failed."}})


def answer(status, body):
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", "cache-control": "no-store"},
        "body": json.dumps(body, ensure_ascii=False),
    }


def parse(event):
    """The arguments of InvokeAgent that the request stands for."""
    request = body_of(event)
    fields = set(request)
    if "prompt" in fields:
        allow(fields, {"prompt", "sessionId"})
        prompt = request["prompt"]
        if not isinstance(prompt, str) or not prompt.strip():
            raise invalid("`prompt` must be a text that is not empty")
        if len(prompt) > MAX_PROMPT_CHARACTERS:
            raise invalid(f"`prompt` may have {MAX_PROMPT_CHARACTERS} characters at most")
        session_id = session_of(request) if "sessionId" in fields else str(uuid.uuid4())
        return {"sessionId": session_id, "inputText": prompt}

    allow(fields, {"sessionId", "invocationId", "results"})
    invocation_id = request.get("invocationId")
    if not isinstance(invocation_id, str) or not invocation_id:
        raise invalid("either `prompt`, or `sessionId`, `invocationId` and `results` are needed")
    return {
        "sessionId": session_of(request),
        "sessionState": {
            "invocationId": invocation_id,
            "returnControlInvocationResults": results_of(request),
        },
    }


def body_of(event):
    body = event.get("body") or ""
    try:
        if event.get("isBase64Encoded"):
            body = base64.b64decode(body, validate=True).decode()
        request = json.loads(body)
    except ValueError:
        raise invalid("the body is not JSON") from None
    if not isinstance(request, dict):
        raise invalid("the body is not a JSON object")
    return request


def allow(fields, known):
    unknown = sorted(fields - known)
    if unknown:
        names = ", ".join(f"`{name}`" for name in sorted(known))
        raise invalid(f"`{unknown[0]}` does not belong here: the fields of this kind of request are {names}")


def session_of(request):
    session_id = request.get("sessionId")
    if not isinstance(session_id, str) or not SESSION_ID.fullmatch(session_id):
        raise invalid("`sessionId` must be 2 to 100 letters, digits and . _ : -")
    return session_id


def results_of(request):
    results = request.get("results")
    if not isinstance(results, list) or not 1 <= len(results) <= MAX_RESULTS:
        raise invalid(f"`results` must be a list of 1 to {MAX_RESULTS} results, one for each tool asked for")
    for result in results:
        kinds = list(result) if isinstance(result, dict) else []
        if len(kinds) != 1 or kinds[0] not in RESULT_KINDS or not isinstance(result[kinds[0]], dict):
            raise invalid('each of `results` must be {"functionResult": {...}} or {"apiResult": {...}}')
    return results


def invalid(message):
    return Refused(400, "InvalidRequest", message)


def run_leg(arguments):
    """Calls the agent and reads its stream to the end: only then is the turn over."""
    words, return_control = [], None
    try:
        reply = agent().invoke_agent(
            agentId=os.environ["AGENT_ID"], agentAliasId=os.environ["AGENT_ALIAS_ID"], **arguments
        )
        for event in reply["completion"]:
            if "chunk" in event:
                words.append(event["chunk"].get("bytes", b""))
            elif "returnControl" in event:
                return_control = event["returnControl"]
    except sdk.ParamValidationError as error:
        log.info("arguments refused: %s", error)
        raise invalid("`results` do not have the form of returnControlInvocationResults") from None
    except sdk.ClientError as error:
        raise refused_by_bedrock(error) from error
    # The SDK's errors before the stream has begun, those of HTTP inside it.
    except (sdk.ReadTimeoutError, http.ReadTimeoutError) as error:
        log.error("no answer in time: %s", error)
        raise Refused(504, "AgentTimeout", "The agent did not answer in time.") from error
    except (sdk.BotoCoreError, http.HTTPError) as error:
        log.error("no connection: %s", error)
        raise Refused(502, "AgentUnreachable", "The agent cannot be reached.") from error

    if return_control:
        return {"sessionId": arguments["sessionId"], "returnControl": return_control}
    # A character may be cut in two by a chunk's end: joined first, decoded then.
    return {"sessionId": arguments["sessionId"], "text": b"".join(words).decode("utf-8", "replace")}


def refused_by_bedrock(error):
    """An error of the call and one inside the stream differ in the case of their code only."""
    code = error.response.get("Error", {}).get("Code", "Unknown")
    log.error("%s: %s", code, error)
    status, message = BEDROCK_ERRORS.get(code.lower(), OTHER_BEDROCK_ERROR)
    return Refused(status, code[:1].upper() + code[1:], message)


@functools.cache
def agent():
    """One client for all requests of this instance, made when the first one needs it."""
    return boto3.client("bedrock-agent-runtime", config=CLIENT_CONFIG)
