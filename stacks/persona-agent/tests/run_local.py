"""The whole way, from the notebook, from `cairn invoke` and from plain HTTP through API, function and stand-in, and back.

    python stacks/persona-agent/tests/run_local.py [--cairn target/debug/cairn] [--write]

It deploys with the binary to a local AWS of its own. The notebook is executed as it is, and must print what is stored in
it; `--write` stores what it printed. Then every script of the stand-in is played through the notebook's own code,
through plain requests, and through `cairn invoke`, which must come to the same end.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
import unittest
import uuid

import nbclient
import nbformat
import requests
from local_stack import PROJECT, STACK, LocalStack

NOTEBOOK = PROJECT / "stacks" / "persona-agent" / "client.ipynb"
SESSIONS = 200

# Every script that comes to an end, and its last words; `denied` answers a confirmation with no.
WORDS = {
    "text": "The kettle is on. Grüße vom Grat, sit down.",
    "one-function": "For the ridge I read: sun until noon. I would start early.",
    "two-functions": "The ridge: sun until noon. The hut: four are free.",
    "two-rounds": "The hut: four are free. The ridge: sun until noon.",
    "confirmation": "It is in the book: number 7.",
    "confirmation denied": "Then I keep them for others.",
    "confirmation-and-result": "It is in the book: number 7.",
    "confirmation-and-result denied": "Then I keep them for others.",
    "lost": "It is in the book: number 7.",
    "every-type": "You made of it: '7' 7 0.25 True ['a', 1].",
    "slow 2": "The kettle is on. Grüße vom Grat, sit down.",
    "drip 0.002": "The kettle is on. Grüße vom Grat, sit down.",
}

# Every script that fails, and what is answered. `Exception inside` comes in the middle of the stream.
PROBLEMS = {
    "cut": (502, "AgentUnreachable"),
    "garbled": (502, "AgentUnreachable"),
    "silent": (502, "AgentSilent"),
    "files": (501, "FilesNotSupported"),
    "no-such-script": (400, "ValidationException"),
}
for name, status in {
    "AccessDenied": 500,
    "BadGateway": 502,
    "Conflict": 409,
    "DependencyFailed": 502,
    "InternalServer": 502,
    "ModelNotReady": 503,
    "ResourceNotFound": 500,
    "ServiceQuotaExceeded": 429,
    "Throttling": 429,
    "Validation": 400,
}.items():
    script = f"{name[0].lower()}{name[1:]}Exception"
    PROBLEMS |= {script: (status, f"{name}Exception"), f"{script} inside": (status, f"{name}Exception")}

# What the scripts' functions answer, the same for the notebook and for plain requests.
ANSWERS = {"read_forecast": "sun until noon", "free_bunks": "four are free", "book_bunks": "number 7"}

# Run in the notebook after its last cell, with its own code.
PLAY = """
for name, text in ANSWERS.items():
    def constant(place: str = "", hours: int = 0, night: str = "", guests: int = 0, name: str = "", text=text):
        return text
    TOOLS[name] = constant

@tool
def every_type(word: str, count: int, share: float, yes: bool, list: list):
    return " ".join(repr(one) for one in (word, count, share, yes, list))

def play(script):
    name = script.removesuffix(" denied")
    persona = Persona(URL, API_KEY, confirm=lambda _: name == script, tries=2, show=lambda _: None)
    try:
        return persona.say(f"play: {name}")
    except PersonaError as error:
        return str(error)

played = {script: play(script) for script in SCRIPTS}
"""


class Caller:
    """Plain requests, as any program would send them."""

    def __init__(self, stack, session_id=None):
        self.stack = stack
        self.session_id = session_id or str(uuid.uuid4())

    def send(self, request, timeout=240):
        body = {"sessionId": self.session_id, **request}
        headers = {"x-api-key": self.stack.key}
        return requests.post(self.stack.url, json=body, headers=headers, timeout=timeout)

    def results(self, control, answers, confirm=True):
        results = []
        for one in control["invocationInputs"]:
            asked = one["functionInvocationInput"]
            result = {"actionGroup": asked["actionGroup"], "function": asked["function"]}
            kind = asked["actionInvocationType"]
            if kind != "RESULT":
                result["confirmationState"] = "CONFIRM" if confirm else "DENY"
            if kind == "RESULT" or (kind.endswith("RESULT") and confirm):
                result["responseBody"] = {"TEXT": {"body": answers[asked["function"]]}}
            results.append({"functionResult": result})
        return {"invocationId": control["invocationId"], "results": results}

    def say(self, prompt, answers, confirm=True):
        """The last answer; one that may be sent again is, once."""
        answer = self.send({"prompt": prompt})
        while answer.status_code == 200 and "returnControl" in answer.json():
            request = self.results(answer.json()["returnControl"], answers, confirm)
            answer = self.send(request)
            if answer.status_code != 200 and answer.json()["error"]["again"]:
                answer = self.send(request)
        return answer


class LocalTest(unittest.TestCase):
    stack = None
    write = False

    def test_1_the_notebook_prints_what_is_stored_in_it(self):
        """And its code plays every script to the words that plain requests come to."""
        stored = nbformat.read(NOTEBOOK, as_version=4)
        executed = nbformat.from_dict(json.loads(json.dumps(stored)))
        settings = f"ANSWERS = {ANSWERS!r}\nSCRIPTS = {[*WORDS, *PROBLEMS]!r}\n"
        more = [settings + PLAY, "import json\nprint(json.dumps(played))"]
        executed.cells += [nbformat.v4.new_code_cell(source) for source in more]
        variables = {"PERSONA_URL": self.stack.url, "PERSONA_API_KEY": self.stack.key, "PERSONA_CONFIRM": "yes"}
        os.environ |= variables
        nbclient.NotebookClient(executed, timeout=300, kernel_name="python3", coalesce_streams=True, record_timing=False).execute()
        played = json.loads(executed.cells.pop().outputs[0].text)
        executed.cells.pop()
        self.check_played(played)
        self.assertNotIn(self.stack.key, json.dumps(executed), "the key stays out of the notebook")
        if self.write:
            executed.metadata = stored.metadata
            nbformat.write(executed, NOTEBOOK)
        for now, then in zip(executed.cells, stored.cells, strict=True):
            if now.cell_type == "code" and not self.write:
                self.assertEqual(now.outputs, then.outputs, now.source)

    def check_played(self, played):
        for script, words in WORDS.items():
            self.assertEqual(played[script], words, script)
            name = script.removesuffix(" denied")
            answers = {**ANSWERS, "every_type": "'7' 7 0.25 True ['a', 1]"}
            answer = Caller(self.stack).say(f"play: {name}", answers, confirm=name == script)
            self.assertEqual((answer.status_code, answer.json().get("text")), (200, words), script)
        for script, (status, code) in PROBLEMS.items():
            self.assertTrue(played[script].startswith(f"{status} {code}: "), f"{script}: {played[script]}")
            caller = Caller(self.stack)
            answer = caller.say(f"play: {script}", ANSWERS)
            self.assertEqual((answer.status_code, answer.json()["error"]["code"]), (status, code), script)
            self.assertNotRegex(answer.text, "arn:|000000000000|Traceback")
            self.assertEqual(caller.say("play: text", ANSWERS).json()["text"], WORDS["text"], "the session goes on")

    def test_1_cairn_comes_to_the_same_words(self):
        """Through the API and, with `--direct`, past it; only functions of the template are run."""
        answers = self.stack.path / "answers.json"
        answers.write_text(json.dumps(ANSWERS))
        for script in WORDS.keys() - {"every-type"}:
            name = script.removesuffix(" denied")
            confirm = "yes" if name == script else "no"
            for direct in ([], ["--direct"]):
                said = self.stack.run(
                    *("invoke", STACK, "--prompt", f"play: {name}", "--confirm", confirm),
                    *("--answers", str(answers), *direct),
                )
                self.assertEqual(said.strip(), WORDS[script], f"{script} {direct}")
        refused = self.stack.run("invoke", STACK, "--prompt", "play: every-type", "--answers", str(answers), code=1)
        self.assertIn("every_type", refused)
        for script, (status, _) in PROBLEMS.items():
            said = self.stack.run("invoke", STACK, "--prompt", f"play: {script}", "--answers", str(answers), code=1)
            self.assertIn(f"the agent's API answered {status}: ", said, script)
            self.assertNotRegex(said, "arn:|000000000000|Traceback")
        self.cairn_gives_a_command_typed_arguments()

    def cairn_gives_a_command_typed_arguments(self):
        """With the function declared in the template, its command gets what the agent sent, in its own types."""
        template = self.stack.path / STACK / "stack.yaml"
        text = template.read_text(encoding="utf-8")
        first = "              - Name: read_forecast\n"
        self.assertEqual(text.count(first), 1)
        template.write_text(text.replace(first, f"              - Name: every_type\n{first}"), encoding="utf-8")
        command = f"{sys.executable} -c 'import json, sys; print(*map(repr, json.load(sys.stdin).values()))'"
        try:
            said = self.stack.run(
                "invoke", STACK, "--prompt", "play: every-type", "--tool", f"every_type={command}"
            )
        finally:
            template.write_text(text, encoding="utf-8")
        self.assertEqual(said.strip(), WORDS["every-type"])

    def test_2_no_key_no_answer(self):
        for headers in ({}, {"x-api-key": "wrong"}):
            answer = requests.post(self.stack.url, json={"prompt": "Hello"}, headers=headers, timeout=30)
            self.assertEqual(answer.status_code, 403)

    def test_3_an_answer_that_comes_twice_is_played_once(self):
        caller = Caller(self.stack)
        control = caller.send({"prompt": "play: one-function"}).json()["returnControl"]
        before = self.stack.counts()
        request = caller.results(control, ANSWERS)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: caller.send(request), range(4)))
        self.assertEqual({answer.json().get("text") for answer in answers}, {WORDS["one-function"]})
        after = self.stack.counts()
        self.assertEqual((after["played"] - before["played"], after["repeated"] - before["repeated"]), (1, 3))

    def test_4_a_killed_function_is_a_clean_error_and_the_session_goes_on(self):
        caller = Caller(self.stack)
        played = self.stack.counts()["played"]
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(caller.send({"prompt": "play: drip 1"})))
        waiting.start()
        until(lambda: self.stack.counts()["played"] > played)
        for pid in children(self.stack.pid):
            os.kill(pid, signal.SIGKILL)
        waiting.join(30)
        answer = answers[0]
        self.assertEqual(answer.status_code, 502, answer.text)
        self.assertEqual(list(answer.json()), ["message"])
        self.assertNotRegex(answer.text, "arn:|Traceback|kettle")
        answer = caller.say("play: two-functions", ANSWERS)
        self.assertEqual(answer.json()["text"], WORDS["two-functions"])

    def test_5_many_sessions_at_once_are_not_mixed_up(self):
        """Every session has answers of its own, and starts at the same moment as the others."""
        gate = threading.Barrier(SESSIONS)

        def converse(number):
            answers = {"free_bunks": f"{number} bunks", "read_forecast": f"{number} degrees"}
            caller = Caller(self.stack, f"session-{number}")
            gate.wait(60)
            answer = patiently(lambda: caller.send({"prompt": "play: two-functions"}))
            request = caller.results(answer["returnControl"], answers)
            answer = patiently(lambda: caller.send(request))
            return answer, {
                "sessionId": f"session-{number}",
                "text": f"The ridge: {number} degrees. The hut: {number} bunks.",
            }

        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(SESSIONS) as pool:
            for answer, expected in pool.map(converse, range(SESSIONS)):
                self.assertEqual(answer, expected)
        print(f"{SESSIONS} sessions at once, {2 * SESSIONS} legs: {time.monotonic() - began:.1f} s, {len(children(self.stack.pid))} processes")


def patiently(send):
    """Sends until it is neither too early nor too much: the key's plan and the machine have their limits."""
    deadline = time.monotonic() + 240
    while True:
        answer = send()
        if answer.status_code == 200:
            return answer.json()
        again = answer.status_code == 429 or answer.json().get("error", {}).get("again")
        assert again and time.monotonic() < deadline, f"{answer.status_code} {answer.text}"
        time.sleep(0.2)


def until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def children(parent):
    """The processes in which the server runs functions."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], text=True, capture_output=True, check=True).stdout
    pairs = [line.split() for line in listed.splitlines()]
    return [int(pid) for pid, of in pairs if int(of) == parent]


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cairn", default=PROJECT / "target" / "debug" / "cairn", type=pathlib.Path)
    arguments.add_argument("--write", action="store_true", help="store what the notebook printed")
    arguments = arguments.parse_args()
    LocalTest.write = arguments.write
    with LocalStack(arguments.cairn) as LocalTest.stack:
        result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromTestCase(LocalTest))
    sys.exit(not result.wasSuccessful())
