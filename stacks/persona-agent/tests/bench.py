"""What the tests of the function share: requests as API Gateway hands them over, and an agent to talk to."""

import contextlib
import io
import json
import os
import pathlib
import sys

STACK = pathlib.Path(__file__).resolve().parent.parent
PROJECT = STACK.parent.parent

sys.path[:0] = [str(STACK / "lambda"), str(PROJECT / "src" / "local")]
os.environ |= {
    "AGENT_ID": "AGENT",
    "AGENT_ALIAS_ID": "ALIAS",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}

import agent_runtime  # noqa: E402
import handler  # noqa: E402
import leg  # noqa: E402


class Context:
    """What Lambda hands over beside the event."""

    aws_request_id = "request"

    def __init__(self, seconds=30.0):
        self.seconds = seconds

    def get_remaining_time_in_millis(self):
        return int(self.seconds * 1000)


class Answer:
    """An answer of the function, and the line it logged."""

    def __init__(self, raw, logged):
        self.raw = raw
        self.status = raw["statusCode"]
        self.body = json.loads(raw["body"])
        self.logged = logged
        self.line = json.loads(logged)

    @property
    def code(self):
        return self.body["error"]["code"]

    @property
    def control(self):
        return self.body["returnControl"]


def send(event, seconds=30.0):
    """Calls the function as Lambda does."""
    log = io.StringIO()
    with contextlib.redirect_stdout(log):
        raw = handler.handler(event, Context(seconds))
    json.dumps(raw).encode()
    raw["body"].encode()
    assert log.getvalue().count("\n") == 1, log.getvalue()
    return Answer(raw, log.getvalue())


def ask(request, seconds=30.0):
    """Sends a request that is JSON."""
    return send({"body": json.dumps(request), "isBase64Encoded": False}, seconds)


def results_for(control, *texts, **more):
    """The answer to a returned control: one text for each input, in the order of the inputs."""
    results = []
    for one, text in zip(control["invocationInputs"], texts, strict=True):
        asked = one["functionInvocationInput"]
        result = {"actionGroup": asked["actionGroup"], "function": asked["function"], **more}
        if text is not None:
            result["responseBody"] = {"TEXT": {"body": text}}
        results.append({"functionResult": result})
    return {"invocationId": control["invocationId"], "results": results}


class Runtime:
    """The stand-in for bedrock-agent-runtime, over HTTP, and the function led to it."""

    def __enter__(self):
        self.server = agent_runtime.serve(0, "token")
        os.environ["AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME"] = self.server.url
        leg.agent.cache_clear()
        return self.server

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        del os.environ["AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME"]
        leg.agent.cache_clear()
