"""One call of the agent, read to its end, within a time.

A turn is over when its stream has ended, so the stream is always read whole. Timeouts of a socket bound each wait and
not their sum, and a stream may say a byte every second for ever: so the call runs in a thread of its own, and whoever
wants its answer waits for the thread, but never longer than it has.
"""

import contextlib
import functools
import os
import re
import threading
import time

import boto3
import botocore.eventstream
import botocore.exceptions as sdk
import urllib3.exceptions as http
from botocore.config import Config

from request import Refused

# How long a leg may take. API Gateway waits 29 seconds (`TimeoutInMillis` in stack.yaml) and counts a cold start with
# its about 2 seconds; what remains is the way there and back.
ANSWER_WITHIN_SECONDS = float(os.environ.get("ANSWER_WITHIN_SECONDS", "25"))

# What is kept of the function's own time, so that it can still say that the agent was too slow.
RESERVE_SECONDS = 1.0

# Lambda gives back 6 MB at most.
MAX_ANSWER_BYTES = 5_000_000

# One attempt: a second one would not fit, and for a prompt the agent might do its work twice. Who may try again is the
# caller, who is told when that does no harm.
CLIENT_CONFIG = Config(
    connect_timeout=3, read_timeout=ANSWER_WITHIN_SECONDS, retries={"total_max_attempts": 1}, max_pool_connections=50
)

BEGIN_AGAIN = "The turn is over: go on in the same session with a new prompt."

# What the caller gets to know of Bedrock's errors: status, whether the same request may be sent again, and words. The
# service's own texts name ARNs and accounts: they go to the log. An error of the call and one inside the stream differ
# in the case of their code only.
BEDROCK_ERRORS = {
    "validationexception": (
        400,
        False,
        "The agent refused the request. Results must be for the invocation the session waits for, all of them together;"
        " one that was answered already is not taken again. Go on in the same session with a new prompt.",
    ),
    "conflictexception": (409, True, "The session is busy with another request: send this one again in a moment."),
    "throttlingexception": (429, True, "The agent has too many requests: send this one again in a moment."),
    "servicequotaexceededexception": (429, False, "The agent has reached a quota of its account: try again later."),
    "modelnotreadyexception": (503, True, "The model is warming up: send the same request again in a moment."),
    "dependencyfailedexception": (
        502,
        False,
        f"A tool was reported as failed, or something the agent depends on failed. {BEGIN_AGAIN}",
    ),
    "badgatewayexception": (502, True, "Something the agent depends on failed: send the same request again."),
    "internalserverexception": (502, True, "The agent failed: send the same request again."),
    "accessdeniedexception": (
        500,
        False,
        "The function may not use the agent: its role, the endpoint's policy, or the agent's access to its model is"
        " wrong. Whoever deployed it finds the reason in the function's log.",
    ),
    "resourcenotfoundexception": (
        500,
        False,
        "The function cannot find its agent or the agent's alias: the stack has to be deployed again.",
    ),
}
OTHER_BEDROCK_ERROR = (502, False, f"The agent failed. {BEGIN_AGAIN}")


# A connection that cannot be made, breaks, or brings something else than an event stream.
UNREACHABLE = (sdk.ConnectionError, sdk.HTTPClientError, http.HTTPError, OSError, botocore.eventstream.ParserError)


class Leg:
    """A call of the agent and what came of it."""

    def __init__(self, request):
        self.request = request
        self.began = time.monotonic()
        self.words = []
        self.size = 0
        self.return_control = None
        self.steps = []
        self.has_files = False
        self.abandoned = False
        self.failure = None

    def run(self, seconds):
        """The reply, or `Refused` when the time is over."""
        thread = threading.Thread(target=self.call, name="leg", daemon=True)
        thread.start()
        thread.join(seconds)
        if thread.is_alive():
            self.abandoned = True
            agent.cache_clear()
            raise Refused(
                504,
                "AgentTimeout",
                f"The agent did not answer within {seconds:.0f} seconds. It may still be at work: send the same request"
                " again in a moment.",
                again=True,
            )
        if self.failure:
            raise self.failure
        return self.reply()

    def call(self):
        try:
            self.read(agent().invoke_agent(**agent_ids(), **self.request.arguments)["completion"])
        except Exception as error:
            self.failure = refusal_of(error)

    def read(self, stream):
        with contextlib.closing(stream):
            for event in stream:
                if self.abandoned:
                    return
                self.take(event)

    def take(self, event):
        if "chunk" in event:
            self.words.append(event["chunk"].get("bytes", b""))
            self.size += len(self.words[-1])
            if self.size > MAX_ANSWER_BYTES:
                raise answer_too_long()
        elif "returnControl" in event:
            self.return_control = event["returnControl"]
        elif "trace" in event:
            self.steps.append(self.step(event["trace"].get("trace", {})))
        elif "files" in event:
            self.has_files = True

    def reply(self):
        reply = {"sessionId": self.request.session_id}
        if self.return_control:
            reply["returnControl"] = {
                "invocationId": self.return_control.get("invocationId"),
                "invocationInputs": self.return_control.get("invocationInputs", []),
            }
        elif self.has_files:
            message = f"The agent answered with files, which do not go through this API. {BEGIN_AGAIN}"
            raise Refused(501, "FilesNotSupported", message)
        elif not self.words:
            raise Refused(502, "AgentSilent", f"The agent ended its turn without a word. {BEGIN_AGAIN}")
        else:
            # A character may be cut in two by a chunk's end: joined first, decoded then.
            reply["text"] = b"".join(self.words).decode("utf-8", "replace")
        if self.request.trace:
            reply["trace"] = self.steps
        return reply

    def step(self, trace):
        """The name of a step, from the service's own words, and when it came. A trace also holds the instruction, the
        whole prompt, ARNs and accounts, which are not the caller's."""
        names = []
        while isinstance(trace, dict) and trace and len(names) < 2:
            # An orchestration step's id stands beside what happened in it.
            name = next((key for key in trace if isinstance(trace[key], dict)), None)
            if name is None:
                break
            names.append(name)
            trace = trace[name]
        return {"step": ".".join(names) or "unknown", "seconds": round(time.monotonic() - self.began, 3)}


def agent_ids():
    return {"agentId": os.environ["AGENT_ID"], "agentAliasId": os.environ["AGENT_ALIAS_ID"]}


def answer_too_long():
    return Refused(502, "AnswerTooLong", f"The agent's answer is too long for this API. {BEGIN_AGAIN}")


def refusal_of(error):
    """What the caller is told of an error; the error itself becomes its cause, for the log."""
    if isinstance(error, sdk.ClientError):
        code = error.response.get("Error", {}).get("Code", "Unknown")
        status, again, message = BEDROCK_ERRORS.get(code.lower(), OTHER_BEDROCK_ERROR)
        name = code[:1].upper() + code[1:] if re.fullmatch(r"\w{1,60}", code) else "AgentError"
        refusal = Refused(status, name, message, again)
    # The SDK's errors before the stream has begun, those of HTTP inside it.
    elif isinstance(error, (sdk.ReadTimeoutError, http.ReadTimeoutError)):
        message = "The agent did not answer in time. It may still be at work: send the same request again in a moment."
        refusal = Refused(504, "AgentTimeout", message, again=True)
    elif isinstance(error, UNREACHABLE):
        message = "The way to the agent broke, perhaps in the middle of its answer: send the same request again."
        refusal = Refused(502, "AgentUnreachable", message, again=True)
    else:
        # Also a refusal that was none of the service's.
        return error
    refusal.__cause__ = error
    return refusal


@functools.cache
def agent():
    """One client for all requests of this instance, made when the first one needs it."""
    return boto3.session.Session().client("bedrock-agent-runtime", config=CLIENT_CONFIG)
