"""The notebook's own code, without a server: what it makes of texts, of errors, and of questions to a person."""

import contextlib
import datetime
import io
import json
import os
import unittest
from unittest import mock

import requests
from bench import STACK

SETTINGS = {"PERSONA_URL": "http://persona", "PERSONA_API_KEY": "key"}


def notebook():
    """What its cells define, up to the first one that talks."""
    cells = json.loads((STACK / "client.ipynb").read_text(encoding="utf-8"))["cells"]
    names = {"__name__": "notebook"}
    with mock.patch.dict(os.environ, SETTINGS):
        for cell in cells:
            source = "".join(cell["source"])
            if source.startswith("## Talk"):
                break
            if cell["cell_type"] == "code":
                exec(compile(source, "client.ipynb", "exec"), names)
    return names


def answer(status, body, **headers):
    made = requests.Response()
    made.status_code = status
    made._content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    made.headers.update(headers)
    return made


def asks(*inputs, kind="RESULT"):
    """An answer that returns control; an input is a function's name and its arguments as texts."""
    described = [
        {
            "functionInvocationInput": {
                "actionGroup": "hut-desk",
                "function": name,
                "actionInvocationType": kind,
                "parameters": [{"name": key, "type": "string", "value": value} for key, value in values.items()],
            }
        }
        for name, values in inputs
    ]
    return answer(200, {"sessionId": "s", "returnControl": {"invocationId": "i", "invocationInputs": described}})


def refusal(status, code, again):
    return answer(status, {"error": {"code": code, "message": "What to do.", "again": again}, "sessionId": "s"})


DONE = answer(200, {"sessionId": "s", "text": "Done."})


class NotebookTest(unittest.TestCase):
    def setUp(self):
        self.names = notebook()
        self.pauses = []
        # The notebook's own name for the module: other tests' servers sleep, too, and some are still at it.
        clock = mock.Mock(wraps=self.names["time"])
        clock.sleep = self.pauses.append
        patch = mock.patch.dict(self.names, {"time": clock})
        patch.start()
        self.addCleanup(patch.stop)

    def say(self, *answers, confirm=None):
        """What the persona says, or what went wrong, when the API answers so; and what was sent."""
        persona = self.names["Persona"]("http://persona", "key", confirm=confirm, show=lambda _: None)
        with mock.patch.object(requests, "post", side_effect=answers) as post:
            try:
                said = persona.say("Hello")
            except self.names["PersonaError"] as error:
                said = error
        self.assertEqual(post.call_count, len(answers), "every answer was used")
        return said, [call.kwargs["json"] for call in post.call_args_list]

    def results(self, *answers, **more):
        """The results of the tools, as they were sent."""
        said, sent = self.say(*answers, DONE, **more)
        self.assertEqual(said, "Done.")
        return [one["functionResult"] for one in sent[-1]["results"]]

    def test_a_text_becomes_what_the_hint_says(self):
        typed = self.names["typed"]
        for value, hint, expected in (
            ("7", str, "7"),
            ("7", int, 7),
            ("0.5", float, 0.5),
            ("True", bool, True),
            ("false", bool, False),
            ('["a", 1]', list, ["a", 1]),
            ("[a, b]", list[str], ["a", "b"]),
            ("[1, 2]", list[int], [1, 2]),
            ("[]", list[int], []),
            ("7", int | None, 7),
            ("2027-07-03", datetime.date, datetime.date(2027, 7, 3)),
        ):
            self.assertEqual(typed(value, hint), expected, (value, hint))
        for value, hint in (("seven", int), ("7.5", int), ("yes", bool), ("{}", list), ("[a]", list[int])):
            self.assertRaises(ValueError, typed, value, hint)

    def test_all_inputs_are_answered_together(self):
        results = self.results(asks(("free_bunks", {"night": "2027-07-03"}), ("read_forecast", {"place": "x"})))
        self.assertEqual([one["function"] for one in results], ["free_bunks", "read_forecast"])
        self.assertTrue(all("responseState" not in one for one in results))

    def test_what_a_tool_cannot_do_the_agent_hears(self):
        for name, values, words in (
            ("book_bunks", {"night": "2027-07-03", "guests": "many", "name": "Ada"}, "guests: invalid literal"),
            ("book_bunks", {"night": "2027-07-03", "guests": "99", "name": "Ada"}, "only 12 bunks"),
            ("book_bunks", {"night": "2027-07-03"}, "guests, name missing"),
            ("free_bunks", {"night": "2027-07-03", "room": "1"}, "there is no argument room"),
            ("open_door", {}, "there is no tool open_door"),
        ):
            (result,) = self.results(asks((name, values)))
            self.assertEqual(result["responseState"], "REPROMPT")
            self.assertIn(words, result["responseBody"]["TEXT"]["body"])

    def test_a_confirmation_is_no_result(self):
        asked = ("book_bunks", {"night": "2027-07-03", "guests": "2", "name": "Ada"})
        for kind, agreed, state, booked in (
            ("USER_CONFIRMATION", True, "CONFIRM", 0),
            ("USER_CONFIRMATION", False, "DENY", 0),
            ("USER_CONFIRMATION_AND_RESULT", False, "DENY", 0),
            ("USER_CONFIRMATION_AND_RESULT", True, "CONFIRM", 1),
        ):
            questions = []
            confirm = lambda question: questions.append(question) or agreed  # noqa: B023, E731
            (result,) = self.results(asks(asked, kind=kind), confirm=confirm)
            self.assertEqual(result["confirmationState"], state)
            self.assertEqual("responseBody" in result, booked == 1)
            self.assertEqual(len(self.names["BOOK"]), booked, kind)
            self.assertEqual(len(questions), 1)
            self.assertIn("guests=2", questions[0])

    def test_a_person_is_asked_until_it_is_yes_or_no(self):
        with mock.patch("builtins.input", side_effect=["", "perhaps", "YES"]), contextlib.redirect_stdout(io.StringIO()):
            self.assertIs(self.names["ask_person"]("Book?"), True)

    def test_an_answer_that_was_lost_is_sent_again_and_no_tool_runs_twice(self):
        asked = asks(("book_bunks", {"night": "2027-07-03", "guests": "2", "name": "Ada"}))
        for lost in (
            requests.ConnectionError(),
            requests.Timeout(),
            refusal(502, "AgentUnreachable", True),
            refusal(504, "AgentTimeout", True),
            answer(502, {"message": "Internal server error"}),
            answer(504, "<html>"),
        ):
            self.names["BOOK"].clear()
            said, sent = self.say(asked, lost, lost, DONE)
            self.assertEqual(said, "Done.")
            self.assertEqual(sent[1], sent[2])
            self.assertEqual(sent[1], sent[3])
            self.assertEqual(sent[1]["invocationId"], "i")
            self.assertEqual(len(self.names["BOOK"]), 1)

    def test_a_prompt_is_sent_again_only_if_it_was_not_heard(self):
        for busy in (
            refusal(429, "ThrottlingException", True),
            refusal(409, "ConflictException", True),
            refusal(503, "ModelNotReadyException", True),
            answer(429, {"message": "Too Many Requests"}),
        ):
            said, sent = self.say(busy, DONE)
            self.assertEqual((said, len(sent)), ("Done.", 2))
            self.assertEqual(sent[0], sent[1])
        for lost in (requests.ConnectionError(), refusal(504, "AgentTimeout", True), answer(502, {"message": "no"})):
            said, _ = self.say(lost)
            self.assertIsInstance(said, self.names["PersonaError"])

    def test_errors_have_words(self):
        for one, words in (
            (answer(403, {"message": "Forbidden"}), "the key is not accepted"),
            (answer(429, {"message": "Limit Exceeded"}), "used up"),
            (answer(404, "nothing"), "does not belong to the persona"),
            (refusal(400, "ValidationException", False), "400 ValidationException: What to do."),
            (refusal(500, "AccessDeniedException", False), "500 AccessDeniedException: What to do."),
        ):
            said, _ = self.say(one)
            self.assertIsInstance(said, self.names["PersonaError"])
            self.assertIn(words, str(said))

    def test_patience_has_an_end(self):
        busy = answer(503, {"error": {"code": "x", "message": "y", "again": True}}, **{"retry-after": "3"})
        said, _ = self.say(busy, busy, busy, busy)
        self.assertIn("503 x: y", str(said))
        self.assertEqual(self.pauses, [3, 3, 4])
        said, _ = self.say(*[asks(("free_bunks", {"night": "2027-07-03"}))] * 21)
        self.assertIn("without an end", str(said))


if __name__ == "__main__":
    unittest.main()
