"""What is refused before the agent is asked, and how that is said."""

import base64
import json
import unittest
from unittest import mock

from bench import ask, send

import leg

RESULT = {"actionGroup": "hut-desk", "function": "free_bunks", "responseBody": {"TEXT": {"body": "four"}}}


def answered(**changes):
    """A request with one result, which is changed; `None` takes a field away."""
    result = {name: value for name, value in {**RESULT, **changes}.items() if value is not None}
    return {"sessionId": "one", "invocationId": "two", "results": [{"functionResult": result}]}


# Each with what the message must name.
REFUSED = [
    ([], "not a JSON object"),
    ("text", "not a JSON object"),
    ({}, "`sessionId` is missing"),
    ({"sessionId": "one"}, "`invocationId` is missing"),
    ({"sessionId": "one", "invocationId": "two"}, "`results` is missing"),
    ({"prompt": ""}, "`prompt` is empty"),
    ({"prompt": " \n"}, "`prompt` is empty"),
    ({"prompt": None}, "`prompt` must be a text"),
    ({"prompt": 7}, "`prompt` must be a text"),
    ({"prompt": ["a"]}, "`prompt` must be a text"),
    ({"prompt": "a" * 25_001}, "25000 characters"),
    ({"prompt": "\ud800"}, "half a character"),
    ({"prompt": "a", "sessionId": None}, "`sessionId` must be"),
    ({"prompt": "a", "sessionId": "a"}, "`sessionId` must be"),
    ({"prompt": "a", "sessionId": "a" * 101}, "`sessionId` must be"),
    ({"prompt": "a", "sessionId": "a b"}, "`sessionId` must be"),
    ({"prompt": "a", "sessionId": "é" * 5}, "`sessionId` must be"),
    ({"prompt": "a", "sessionId": "abc\n"}, "`sessionId` must be"),
    ({"prompt": "a", "session": "abc"}, "`session` does not belong there"),
    ({"prompt": "a", "\ud800": 1}, "`?` does not belong there"),
    ({"prompt": "a", "trace": 1}, "`trace` must be true or false"),
    ({"prompt": "a", "results": []}, "`results` does not belong there"),
    ({**answered(), "prompt": "a"}, "`invocationId` does not belong there"),
    ({**answered(), "results": []}, "1 to 5 results"),
    ({**answered(), "results": {}}, "1 to 5 results"),
    ({**answered(), "results": answered()["results"] * 6}, "1 to 5 results"),
    ({**answered(), "results": ["four"]}, "`results[0]` must be"),
    ({**answered(), "results": [{}]}, "`results[0]` must be"),
    ({**answered(), "results": [RESULT]}, "`results[0]` must be"),
    ({**answered(), "results": [{"functionResult": 1}]}, "`results[0].functionResult` must be"),
    ({**answered(), "invocationId": ""}, "`invocationId` is empty"),
    ({**answered(), "invocationId": 7}, "`invocationId` must be a text"),
    ({**answered(), "invocationId": "a" * 201}, "200 characters"),
    (answered(actionGroup=None), "`results[0].functionResult.actionGroup` must be a text"),
    (answered(function=7), "`results[0].functionResult.function` must be a text"),
    (answered(apiPath="/a"), "`results[0].functionResult.apiPath` does not belong there"),
    (answered(responseBody=None), "says nothing"),
    (answered(responseBody="four"), "`results[0].functionResult.responseBody` must be"),
    (answered(responseBody={}), "`results[0].functionResult.responseBody` must be"),
    (answered(responseBody={"text/plain": {"body": "four"}}), "`results[0].functionResult.responseBody` must be"),
    (answered(responseBody={"TEXT": "four"}), "the content in `results[0].functionResult.responseBody`"),
    (answered(responseBody={"TEXT": {"body": 4}}), "`results[0].functionResult.responseBody body` must be a text"),
    (answered(responseBody={"TEXT": {"body": "a" * 25_001}}), "25000 characters"),
    (answered(confirmationState="YES"), "CONFIRM or DENY"),
    (answered(confirmationState=["CONFIRM"]), "CONFIRM or DENY"),
    (answered(responseState="SUCCESS"), "FAILURE or REPROMPT"),
    (
        {**answered(), "results": [{"apiResult": {"actionGroup": "a", "apiPath": "/a", "httpMethod": "GET"}}]},
        "says nothing",
    ),
    (
        {**answered(), "results": [{"apiResult": {**RESULT, "apiPath": "/a", "httpMethod": "GET"}}]},
        "`results[0].apiResult.function` does not belong there",
    ),
]


class RequestTest(unittest.TestCase):
    def setUp(self):
        called = mock.patch.object(leg, "agent", side_effect=AssertionError("the agent was asked"))
        called.start()
        self.addCleanup(called.stop)

    def test_a_wrong_request_is_a_400_that_names_the_place(self):
        for request, words in REFUSED:
            with self.subTest(request=str(request)[:100]):
                answer = ask(request)
                self.assertEqual(answer.status, 400, answer.body)
                self.assertEqual(answer.code, "InvalidRequest")
                self.assertIs(answer.body["error"]["again"], False)
                self.assertIn(words, answer.body["error"]["message"])

    def test_what_is_no_json_is_a_400(self):
        deep = "[" * 100_000
        bodies = [None, "", "{", "{'prompt': 'a'}", '{"prompt": NaN}', deep, '{"prompt":' + deep, "1" * 5000, {}, 7]
        events = [{"body": body} for body in bodies]
        events += [None, [], "", {}, {"body": "a", "isBase64Encoded": True}]
        events += [{"body": base64.b64encode(b"\xff").decode(), "isBase64Encoded": True}, {"body": "\ud800"}]
        for event in events:
            with self.subTest(event=str(event)[:50]):
                self.assertEqual(send(event).status, 400)

    def test_a_body_has_a_limit(self):
        self.assertEqual(ask({"prompt": "a" * 300_000}).status, 413)
        self.assertEqual(ask({"prompt": "é" * 90_000}).status, 413, "counted in bytes")

    def test_a_line_is_logged_and_says_nothing_of_the_words(self):
        answer = ask({"prompt": "SECRET" * 5000})
        self.assertEqual(answer.line["status"], 400)
        self.assertEqual(answer.line["code"], "InvalidRequest")
        self.assertEqual(answer.line["requestId"], "request")
        self.assertNotIn("SECRET", answer.logged)


class AcceptedTest(unittest.TestCase):
    """What reaches the agent, as the SDK was asked to send it."""

    def sent(self, request, encoded=False):
        client = mock.Mock()
        client.invoke_agent.return_value = {"completion": (event for event in [{"chunk": {"bytes": b"Well."}}])}
        body = json.dumps(request)
        if encoded:
            body = base64.b64encode(body.encode()).decode()
        with mock.patch.object(leg, "agent", return_value=client):
            answer = send({"body": body, "isBase64Encoded": encoded})
        self.assertEqual(answer.status, 200, answer.body)
        arguments = client.invoke_agent.call_args.kwargs
        self.assertEqual(arguments.pop("sessionId"), answer.body["sessionId"])
        self.assertEqual((arguments.pop("agentId"), arguments.pop("agentAliasId")), ("AGENT", "ALIAS"))
        return arguments, answer

    def test_a_prompt(self):
        for encoded in (False, True):
            arguments, answer = self.sent({"prompt": "Grüße"}, encoded)
            self.assertEqual(arguments, {"inputText": "Grüße", "enableTrace": False})
            self.assertEqual(len(answer.body["sessionId"]), 36)
        arguments, answer = self.sent({"prompt": "a", "sessionId": "a.b:c-D_0", "trace": True})
        self.assertEqual(arguments, {"inputText": "a", "enableTrace": True})
        self.assertEqual(answer.body["sessionId"], "a.b:c-D_0")

    def test_results(self):
        api = {
            "actionGroup": "desk",
            "apiPath": "/bunks",
            "httpMethod": "GET",
            "httpStatusCode": 404,
            "responseBody": {"application/json": {"body": "{}"}},
        }
        results = [
            *answered(confirmationState="CONFIRM", agentId="AGENT")["results"],
            *answered(responseBody=None, confirmationState="DENY")["results"],
            *answered(responseState="REPROMPT")["results"],
            *answered(responseBody=None, responseState="FAILURE")["results"],
            {"apiResult": api},
        ]
        arguments, _ = self.sent({"sessionId": "one", "invocationId": "two", "results": results})
        state = {"invocationId": "two", "returnControlInvocationResults": results}
        self.assertEqual(arguments, {"sessionState": state, "enableTrace": False})


if __name__ == "__main__":
    unittest.main()
