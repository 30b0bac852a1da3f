"""What becomes of the agent's answers: first with the SDK's own stub, then with real event streams over HTTP."""

import os
import pathlib
import re
import socket
import threading
import time
import unittest
from unittest import mock

import boto3
from bench import STACK, Runtime, agent_runtime, ask, results_for
from botocore.stub import ANY, Stubber

import handler
import leg

SECRETS = ("arn:", "000000000000", "Traceback", "agent_runtime", "127.0.0.1")

STATUSES = {
    "accessDeniedException": (500, False),
    "badGatewayException": (502, True),
    "conflictException": (409, True),
    "dependencyFailedException": (502, False),
    "internalServerException": (502, True),
    "modelNotReadyException": (503, True),
    "resourceNotFoundException": (500, False),
    "serviceQuotaExceededException": (429, False),
    "throttlingException": (429, True),
    "validationException": (400, False),
}


class StubbedTest(unittest.TestCase):
    """The SDK checks the arguments and what comes back; no network."""

    def setUp(self):
        client = boto3.session.Session().client("bedrock-agent-runtime", region_name="us-east-1")
        self.stub = Stubber(client)
        self.stub.activate()
        patch = mock.patch.object(leg, "agent", mock.Mock(return_value=client))
        patch.start()
        self.addCleanup(patch.stop)

    def answers(self, *events, prompt="Hello"):
        expected = {"agentId": "AGENT", "agentAliasId": "ALIAS", "sessionId": ANY, "inputText": prompt}
        reply = {"completion": (event for event in events), "contentType": "application/json", "sessionId": "one"}
        with mock.patch.object(self.stub, "_validate_operation_response"):
            self.stub.add_response("invoke_agent", reply, {**expected, "enableTrace": ANY})
        answer = ask({"prompt": prompt, "trace": True})
        self.stub.assert_no_pending_responses()
        return answer

    def test_chunks_are_joined_before_they_are_decoded(self):
        data = "Grüße, 🏔".encode()
        for place in range(len(data) + 1):
            answer = self.answers({"chunk": {"bytes": data[:place]}}, {"chunk": {"bytes": data[place:]}})
            self.assertEqual(answer.body["text"], "Grüße, 🏔")

    def test_bytes_that_are_no_text_do_no_harm(self):
        answer = self.answers({"chunk": {"bytes": b"a\xffb"}}, {"chunk": {}})
        self.assertEqual((answer.status, answer.body["text"]), (200, "a\ufffdb"))

    def test_control_goes_before_words(self):
        control = {"invocationId": "i", "invocationInputs": [{"functionInvocationInput": {"actionGroup": "a"}}]}
        answer = self.answers({"chunk": {"bytes": b"Let me see."}}, {"returnControl": control})
        self.assertEqual(answer.body["returnControl"], control)
        self.assertNotIn("text", answer.body)
        self.assertEqual(answer.line["invocationId"], "i")

    def test_a_trace_is_names_and_times(self):
        secret = {"text": "arn:aws:bedrock:us-east-1:000000000000:agent/A"}
        events = [
            {"trace": {"agentId": "A", "trace": trace}}
            for trace in (
                {"orchestrationTrace": {"modelInvocationInput": secret}},
                {"guardrailTrace": {"action": "NONE"}},
                {"failureTrace": {"failureReason": secret["text"]}},
                {},
            )
        ]
        answer = self.answers(*events, {"chunk": {"bytes": b"a"}})
        names = [step["step"] for step in answer.body["trace"]]
        self.assertEqual(names, ["orchestrationTrace.modelInvocationInput", "guardrailTrace", "failureTrace", "unknown"])
        self.assertNotIn("arn:", answer.raw["body"])

    def test_an_answer_has_a_limit(self):
        answer = self.answers(*[{"chunk": {"bytes": b"a" * 1_000_000}}] * 6)
        self.assertEqual((answer.status, answer.code), (502, "AnswerTooLong"))
        control = {"invocationId": "i", "invocationInputs": [{"functionInvocationInput": {"actionGroup": "a" * 6_000_000}}]}
        self.assertEqual(self.answers({"returnControl": control}).code, "AnswerTooLong")

    def test_every_error_of_the_model_has_a_status(self):
        operation = self.stub.client.meta.service_model.operation_model("InvokeAgent")
        names = {shape.name.lower() for shape in operation.error_shapes}
        events = operation.get_event_stream_output().members
        names |= {name.lower() for name, shape in events.items() if shape.metadata.get("exception")}
        self.assertEqual(set(leg.BEDROCK_ERRORS), names)
        self.assertEqual({name.lower() for name in agent_runtime.ERRORS}, names)

    def test_an_unknown_error_is_a_502(self):
        self.stub.add_client_error("invoke_agent", "SomethingNew", "on arn:aws:bedrock:::x", 418)
        answer = ask({"prompt": "a"})
        self.assertEqual((answer.status, answer.code), (502, "SomethingNew"))
        self.assertNotIn("arn:", answer.raw["body"])
        self.assertIn("arn:aws:bedrock:::x", answer.logged, "whoever looks for the reason finds it")

    def test_a_mistake_of_ours_is_a_500_that_tells_nothing(self):
        with mock.patch.object(leg, "agent", side_effect=RuntimeError("SECRET")):
            answer = ask({"prompt": "a"})
        self.assertEqual((answer.status, answer.code), (500, "InternalError"))
        self.assertNotIn("SECRET", answer.raw["body"] + answer.logged)
        self.assertEqual(answer.line["cause"]["type"], "RuntimeError")
        self.assertTrue(any("leg.py" in place for place in answer.line["cause"]["at"]))

    def test_words_are_logged_when_asked_only(self):
        self.assertNotIn("SECRET", self.answers({"chunk": {"bytes": b"SECRET"}}, prompt="SECRET").logged)
        with mock.patch.object(handler, "LOG_WORDS", True):
            answer = self.answers({"chunk": {"bytes": b"Well."}}, prompt="SECRET")
        self.assertEqual((answer.line["request"], answer.line["reply"]["text"]), ("SECRET", "Well."))


class StreamTest(unittest.TestCase):
    """Over HTTP, with the stand-in that `cairn local` runs."""

    @classmethod
    def setUpClass(cls):
        runtime = Runtime()
        cls.runtime = runtime.__enter__()
        cls.addClassCleanup(runtime.__exit__)

    def setUp(self):
        self.runtime.forget()

    def play(self, script, **more):
        return ask({"prompt": f"play: {script}", **more})

    def converse(self, script, *texts, **more):
        """Plays a script to its end; each leg that returns control is answered with the next texts."""
        answer = self.play(script)
        for leg_texts in texts:
            self.assertEqual(answer.status, 200, answer.body)
            request = results_for(answer.control, *leg_texts, **more)
            answer = ask({"sessionId": answer.body["sessionId"], **request})
        return answer

    def test_pieces_become_one_text(self):
        answer = self.play("text", sessionId="one")
        self.assertEqual(answer.body, {"sessionId": "one", "text": "The kettle is on. Grüße vom Grat, sit down."})
        self.assertEqual((answer.line["status"], answer.line["kind"]), (200, "prompt"))

    def test_one_function(self):
        answer = self.converse("one-function", ["sun"])
        self.assertEqual(answer.body["text"], "For the ridge I read: sun. I would start early.")

    def test_two_functions_in_one_invocation(self):
        answer = self.converse("two-functions", ["sun", "four"])
        self.assertEqual(answer.body["text"], "The ridge: sun. The hut: four.")

    def test_two_rounds(self):
        answer = self.converse("two-rounds", ["four"], ["sun"])
        self.assertEqual(answer.body["text"], "The hut: four. The ridge: sun.")

    def test_confirmations(self):
        asked = self.play("confirmation")
        one = asked.control["invocationInputs"][0]["functionInvocationInput"]
        self.assertEqual(one["actionInvocationType"], "USER_CONFIRMATION")
        denied = self.converse("confirmation", [None], confirmationState="DENY")
        self.assertEqual(denied.body["text"], "Then I keep them for others.")
        asked = self.converse("confirmation", [None], confirmationState="CONFIRM")
        done = ask({"sessionId": asked.body["sessionId"], **results_for(asked.control, "number 7")})
        self.assertEqual(done.body["text"], "It is in the book: number 7.")
        both = self.converse("confirmation-and-result", ["number 7"], confirmationState="CONFIRM")
        self.assertEqual(both.body["text"], "It is in the book: number 7.")
        for state, text, status in (
            (None, "number 7", 400),
            ("CONFIRM", "number 7", 400),
            ("DENY", "number 7", 400),
            ("CONFIRM", None, 200),
            ("CONFIRM", "", 200),
        ):
            answer = self.converse("confirmation", [text], **({"confirmationState": state} if state else {}))
            self.assertEqual(answer.status, status, "a result is no confirmation")

    def test_every_error_becomes_a_status_and_tells_nothing_of_the_account(self):
        self.assertEqual(set(STATUSES), set(agent_runtime.ERRORS))
        for name, (status, again) in STATUSES.items():
            for script in (name, f"{name} inside"):
                with self.subTest(script):
                    answer = self.play(script, sessionId="one")
                    self.assertEqual((answer.status, answer.body["error"]["again"]), (status, again))
                    self.assertEqual(answer.code.lower(), name.lower())
                    self.assertEqual(answer.body["sessionId"], "one")
                    for secret in SECRETS:
                        self.assertNotIn(secret, answer.raw["body"])
                    self.assertIn("arn:aws:bedrock", answer.logged)
                    self.assertEqual("retry-after" in answer.raw["headers"], status in (429, 503))
        self.assertEqual(self.play("text", sessionId="one").status, 200, "the session goes on")

    def test_a_broken_stream_is_no_answer(self):
        for script in ("cut", "garbled"):
            answer = self.play(script, sessionId="one")
            self.assertEqual((answer.status, answer.code), (502, "AgentUnreachable"), script)
            self.assertIs(answer.body["error"]["again"], True)
            for secret in SECRETS:
                self.assertNotIn(secret, answer.raw["body"])
        self.assertEqual(self.play("text", sessionId="one").status, 200, "the session goes on")

    def test_files_and_silence_are_said(self):
        self.assertEqual((self.play("files").status, self.play("files").code), (501, "FilesNotSupported"))
        self.assertEqual((self.play("silent").status, self.play("silent").code), (502, "AgentSilent"))

    def test_a_trace_comes_when_asked(self):
        answer = self.play("one-function", trace=True)
        names = [step["step"] for step in answer.body["trace"]]
        self.assertEqual(names, ["orchestrationTrace.modelInvocationInput", "orchestrationTrace.rationale"])
        self.assertNotIn("Maren", answer.raw["body"], "the instruction is not the caller's")
        self.assertNotIn("trace", self.play("one-function").body)

    def test_a_slow_agent_is_given_up_in_time(self):
        for script in ("slow 20", "drip 0.2"):
            began = time.monotonic()
            answer = ask({"prompt": f"play: {script}"}, seconds=2.0)
            self.assertEqual((answer.status, answer.code), (504, "AgentTimeout"), script)
            self.assertLess(time.monotonic() - began, 1.9, script)
        self.assertEqual(self.play("text").status, 200, "the next request is not held up")

    def test_an_answer_that_was_lost_is_sent_again(self):
        asked = self.play("lost")
        request = {"sessionId": asked.body["sessionId"], **results_for(asked.control, "number 7")}
        lost = ask(request)
        self.assertEqual((lost.status, lost.body["error"]["again"]), (502, True))
        for _ in range(3):
            self.assertEqual(ask(request).body["text"], "It is in the book: number 7.")
        self.assertEqual(self.runtime.counts(), {"sessions": 1, "played": 2, "repeated": 3})

    def test_answers_sent_at_once_are_played_once(self):
        asked = self.play("one-function")
        body = {"sessionId": asked.body["sessionId"], **results_for(asked.control, "sun")}
        request = handler.parse({"body": handler.written(body)})
        replies = []
        threads = [threading.Thread(target=lambda: replies.append(leg.Leg(request).run(10))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual({reply["text"] for reply in replies}, {"For the ridge I read: sun. I would start early."})
        self.assertEqual(len(replies), 8)
        self.assertEqual(self.runtime.counts()["played"], 2)

    def test_answers_that_do_not_fit_are_refused_and_the_agent_goes_on_waiting(self):
        asked = self.play("two-functions")
        session, control = asked.body["sessionId"], asked.control
        right = results_for(control, "sun", "four")
        wrong = [
            {**right, "invocationId": "unknown"},
            {**right, "results": right["results"][:1]},
            {**right, "results": [right["results"][0]] * 2},
            results_for(control, "sun", "four", function="other"),
            results_for(control, "sun", "four", actionGroup="other"),
            results_for(control, "sun", "four", confirmationState="CONFIRM"),
        ]
        for request in wrong:
            answer = ask({"sessionId": session, **request})
            self.assertEqual((answer.status, answer.code), (400, "ValidationException"), request)
        answer = ask({"sessionId": session, **right, "results": right["results"][::-1]})
        self.assertEqual(answer.body["text"], "The ridge: sun. The hut: four.", "in any order")
        self.assertEqual(ask({"sessionId": "another", **right}).status, 400)

    def test_a_failed_tool_ends_the_turn(self):
        answer = self.converse("one-function", ["no signal"], responseState="FAILURE")
        self.assertEqual((answer.status, answer.code), (502, "DependencyFailedException"))
        again = self.converse("one-function", ["no signal"], responseState="REPROMPT")
        self.assertEqual(again.status, 200)

    def test_nobody_there_is_a_502(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
            with mock.patch.dict(os.environ, {"AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME": nobody}):
                leg.agent.cache_clear()
                answer = self.play("text")
            leg.agent.cache_clear()
        self.assertEqual((answer.status, answer.code), (502, "AgentUnreachable"))

    def test_the_keeper_of_the_hut(self):
        answer = ask({"prompt": "Is the ridge safe tomorrow afternoon?"})
        asked = answer.control["invocationInputs"][0]["functionInvocationInput"]
        self.assertEqual(asked["parameters"], [{"name": "place", "type": "string", "value": "the ridge"}])
        session = {"sessionId": answer.body["sessionId"]}
        answer = ask({**session, **results_for(answer.control, "thunder from 14:00")})
        self.assertIn("I would not take the ridge", answer.body["text"])
        for prompt, words in (
            ("Then book two bunks, please", "night"),
            ("2027-07-03", "name"),
        ):
            self.assertIn(words, ask({"prompt": prompt, **session}).body["text"])
        answer = ask({"prompt": "Ada Lovelace", **session})
        asked = answer.control["invocationInputs"][0]["functionInvocationInput"]
        values = {one["name"]: one["value"] for one in asked["parameters"]}
        self.assertEqual(values, {"night": "2027-07-03", "guests": "2", "name": "Ada Lovelace"})
        answer = ask({**session, **results_for(answer.control, None, confirmationState="DENY")})
        self.assertEqual(answer.body["text"], "Then I leave the page empty.")


class TimesTest(unittest.TestCase):
    """The times stand in the template, the function and its document, and have to fit."""

    def number(self, file, pattern):
        found = re.findall(pattern, pathlib.Path(STACK / file).read_text(encoding="utf-8"))
        self.assertEqual(len(found), 1, f"{pattern} in {file}")
        return float(found[0])

    def test_the_function_answers_before_the_api_gives_up(self):
        api = self.number("stack.yaml", r"TimeoutInMillis: (\d+)") / 1000
        function = self.number("stack.yaml", r"\n      Timeout: (\d+)")
        answer = self.number("stack.yaml", r'ANSWER_WITHIN_SECONDS: "(\d+)"')
        self.assertEqual(answer, self.number("lambda/leg.py", r'"ANSWER_WITHIN_SECONDS", "(\d+)"'))
        self.assertEqual(answer, self.number("README.md", r"gives up after (\d+) seconds"))
        self.assertEqual(api, self.number("README.md", r"API Gateway waits (\d+) seconds"))
        self.assertLessEqual(answer + 3, api, "a cold start and the way back")
        self.assertLess(answer + leg.RESERVE_SECONDS, function)


if __name__ == "__main__":
    unittest.main()
