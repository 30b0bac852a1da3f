"""10,000 requests that nobody thought of: the function answers each in time, and never with a fault of its own.

The agent is real as far as the function can tell: a client of botocore on an event stream over HTTP.
"""

import base64
import json
import os
import re
import time
import unittest

from bench import Runtime, agent_runtime, send
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "10000"))

# What the agent of the test may rightly be blamed for.
OF_THE_AGENT = {"AgentUnreachable", "AgentSilent", "FilesNotSupported", "DependencyFailedException"}

SCRIPTS = [f"play: {name}" for name in agent_runtime.SCRIPTS if name not in ("slow", "drip")]
SESSION_ID = re.compile(r"[0-9a-zA-Z._:-]{2,9}", re.ASCII)
NASTY = [None, True, False, 0, -1, 1.5, 1e308, 10**400, "", " ", "\0", "\ud800", "é" * 300, "a" * 30_000, [], {}]
NASTY += [[[]], [None], [{}] * 7, {"": None}, {"\ud800": "\udfff"}, {"prompt": "a"}, [[[[[[{"a": [[]]}]]]]]], "NaN", "null"]

wild = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
# Building values is what takes the time here, and a value in the wrong place is mostly as good as another.
anything = some.sampled_from(NASTY) | some.text(max_size=10)
names = some.sampled_from(["hut-desk", "free_bunks", "read_forecast", "", "a" * 201]) | some.text(max_size=20)
prompts = some.one_of(
    some.text(max_size=60),
    some.sampled_from(SCRIPTS),
    some.sampled_from(["Is the ridge safe?", "book a bunk", "2027-07-03", "play: no such script", "a" * 25_001]),
)
sessions = some.sampled_from(["one", "two", "a.b", "x-1", "x" * 100, "a", "x" * 101, "\u0663\u0663\u0663"]) | some.from_regex(SESSION_ID, fullmatch=True)


def likely(strategy):
    """Mostly what it should be, and now and then anything."""
    return some.integers(0, 24).flatmap(lambda dice: anything if dice == 13 else strategy)


def result_of(named):
    fields = {
        "responseBody": likely(some.fixed_dictionaries({"TEXT": likely(some.fixed_dictionaries({"body": some.text(max_size=30)}))})),
        "confirmationState": likely(some.sampled_from(["CONFIRM", "DENY"])),
        "responseState": likely(some.sampled_from(["FAILURE", "REPROMPT"])),
        "agentId": likely(names),
        "httpStatusCode": likely(some.integers(0, 700)),
    }
    return some.fixed_dictionaries({name: likely(names) for name in named}, optional=fields)


results = some.lists(
    likely(
        some.fixed_dictionaries({"functionResult": likely(result_of(["actionGroup", "function"]))})
        | some.fixed_dictionaries({"apiResult": likely(result_of(["actionGroup", "apiPath", "httpMethod"]))})
    ),
    max_size=6,
)
requests = some.one_of(
    some.fixed_dictionaries(
        {"prompt": likely(prompts)}, optional={"sessionId": likely(sessions), "trace": likely(some.booleans())}
    ),
    some.fixed_dictionaries(
        {"sessionId": likely(sessions), "invocationId": likely(names), "results": likely(results)},
        optional={"trace": likely(some.booleans())},
    ),
    some.fixed_dictionaries({"prompt": prompts}),
    some.dictionaries(some.sampled_from(["prompt", "sessionId", "invocationId", "results", "other"]), anything),
    wild,
)


@some.composite
def events(draw):
    """What API Gateway may hand over; the body mostly JSON, sometimes spoilt."""
    body = json.dumps(draw(requests), ensure_ascii=draw(some.booleans()))
    kind = draw(some.sampled_from(["plain", "plain", "plain", "plain", "plain", "base64", "cut", "text", "bytes", "wild"]))
    if kind == "base64":
        return {"body": base64.b64encode(body.encode("utf-8", "replace")).decode(), "isBase64Encoded": True}
    if kind == "cut":
        return {"body": body[: draw(some.integers(0, len(body)))]}
    if kind == "text":
        return {"body": draw(some.text()), "isBase64Encoded": draw(some.booleans())}
    if kind == "bytes":
        return {"body": base64.b64encode(draw(some.binary())).decode(), "isBase64Encoded": True}
    if kind == "wild":
        return draw(wild | some.fixed_dictionaries({"body": anything}))
    return {"body": body, "isBase64Encoded": False, "headers": None}


class FuzzTest(unittest.TestCase):
    def test_every_request_is_answered(self):
        seen = {}

        # The seed is fixed, so that a change fails for what it changes.
        @settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
                  suppress_health_check=list(HealthCheck))  # fmt: skip
        @given(events())
        def every(event):
            began = time.monotonic()
            answer = send(event)
            self.assertLess(time.monotonic() - began, 10)
            seen[answer.status] = seen.get(answer.status, 0) + 1
            if answer.status == 200:
                self.assertLessEqual({"sessionId"}, set(answer.body))
                self.assertIn(len(answer.body.keys() & {"text", "returnControl"}), [1])
            else:
                self.assertTrue(answer.body["error"]["message"])
                self.assertTrue(answer.status < 500 or answer.code in OF_THE_AGENT, answer.body)

        with Runtime():
            every()
        print(f"{sum(seen.values())} requests: " + ", ".join(f"{n} × {status}" for status, n in sorted(seen.items())))
        self.assertGreaterEqual(sum(seen.values()), EXAMPLES * 0.99)
        self.assertLessEqual({200, 400, 501, 502}, set(seen), "every kind of answer was among them")


if __name__ == "__main__":
    unittest.main()
