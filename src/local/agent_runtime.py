"""A stand-in for bedrock-agent-runtime: InvokeAgent with real event streams, sessions, and returned control.

MiniStack's own InvokeAgent repeats the prompt and never returns control. This one is a server beside it, in the same
process, so that it begins and ends with it; functions in MiniStack find it through
AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME. It needs nothing but Python.

There is no model in it. A prompt `play: NAME` plays the script of that name in SCRIPTS, below; any other prompt is
answered by the keeper of the hut in persona.md, who knows the three functions of the stack and reads a few English
words. No agent is looked up: every agent and alias id is as good as another, and a session is one agent's, alias's and
id's.

It is as strict as the service's documents, so that a caller who passes here does not fail there: all inputs of an
invocation are answered together, under the same invocation id and names, a confirmation with a confirmation and
nothing else with one. In one thing it is kinder: an answer that comes twice is given the same reply again, and nothing
is played twice.
"""

import base64
import json
import re
import select
import socket
import struct
import sys
import threading
import time
import uuid
import zlib
from collections import OrderedDict
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

GROUP = "hut-desk"

# What a script plays, one leg after the other:
#   call     control is returned with these inputs, and the next leg begins with the results: `{0}` is the text of the
#            turn's first result, `{1}` of its second. An input is {function, parameters}, with `confirm` as "only" (the caller is
#            asked for a confirmation, the result comes with the next leg) or "too" (for both in one).
#   say      the turn ends with this text, in these pieces; `denied` is said instead when a confirmation was denied
#   error    the turn ends with this error, as the answer to the call, or with `inside` in the stream after a first piece
#   and beside one of them: `wait` seconds before anything is answered, `drip` the seconds between two bytes of the
#   stream, `cut` and `garble` for a stream that ends in the middle or fails its checksum, `lost` for an answer that is
#   cut the first time it is sent, `files` for a file in the stream.
FORECAST = {"function": "read_forecast", "parameters": {"place": "the ridge", "hours": 12}}
BUNKS = {"function": "free_bunks", "parameters": {"night": "2027-07-03"}}
BOOKING = {"function": "book_bunks", "parameters": {"night": "2027-07-03", "guests": 2, "name": "Ada"}}
KETTLE = ["The kettle is on. ", "Grüße vom Grat, ", "sit down."]

SCRIPTS = {
    "text": [{"say": KETTLE}],
    "one-function": [{"call": [FORECAST]}, {"say": ["For the ridge I read: {0}. ", "I would start early."]}],
    "two-functions": [
        {"call": [FORECAST, BUNKS]},
        {"say": ["The ridge: {0}. ", "The hut: {1}."]},
    ],
    "two-rounds": [
        {"call": [BUNKS]},
        {"call": [FORECAST]},
        {"say": ["The hut: {0}. ", "The ridge: {1}."]},
    ],
    "confirmation": [
        {"call": [{**BOOKING, "confirm": "only"}]},
        {"call": [BOOKING], "denied": ["Then I keep them for others."]},
        {"say": ["It is in the book: {0}."]},
    ],
    "confirmation-and-result": [
        {"call": [{**BOOKING, "confirm": "too"}]},
        {"say": ["It is in the book: {0}."], "denied": ["Then I keep them for others."]},
    ],
    "every-type": [
        {
            "call": [
                {
                    "function": "every_type",
                    "parameters": {"word": "7", "count": 7, "share": 0.25, "yes": True, "list": ["a", 1]},
                }
            ]
        },
        {"say": ["You made of it: {0}."]},
    ],
    "lost": [{"call": [BOOKING]}, {"say": ["It is in the book: {0}."], "lost": True}],
    "cut": [{"say": KETTLE, "cut": True}],
    "garbled": [{"say": KETTLE, "garble": True}],
    "silent": [{"say": []}],
    "files": [{"say": KETTLE, "files": True}],
    # As long as a slow leg of a real agent; the number may be given: `play: slow 3`.
    "slow": [{"say": KETTLE, "wait": 40}],
    "drip": [{"say": KETTLE, "drip": 0.5}],
}

# The errors of InvokeAgent and their statuses. Each has two scripts: `play: throttlingException` is the answer to the
# call, `play: throttlingException inside` comes in the stream.
ERRORS = {
    "accessDeniedException": 403,
    "badGatewayException": 502,
    "conflictException": 409,
    "dependencyFailedException": 424,
    "internalServerException": 500,
    "modelNotReadyException": 424,
    "resourceNotFoundException": 404,
    "serviceQuotaExceededException": 400,
    "throttlingException": 429,
    "validationException": 400,
}

# The service's texts name such things, and nobody's caller should see them.
ERROR_TEXT = "{code} on arn:aws:bedrock:us-east-1:000000000000:agent/AGENT of account 000000000000"

MAX_BODY_BYTES = 10_000_000
MAX_SESSIONS = 10_000
LONGEST_WAIT_SECONDS = 300

PATH = re.compile(r"/agents/([0-9a-zA-Z]{1,10})/agentAliases/([0-9a-zA-Z]{1,10})/sessions/([^/]+)/text")
SESSION_ID = re.compile(r"[0-9a-zA-Z._:-]{2,100}")


class Failed(Exception):
    """An error of the service, as the answer to the call."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def validate(condition, message):
    if not condition:
        raise Failed("validationException", message)


# ----------------------------------------------------------------------------------------------------------------------
# Sessions and what is played in them.
# ----------------------------------------------------------------------------------------------------------------------


class Session:
    """What one session remembers. Its lock is held while a leg is played, so legs of a session never overlap."""

    def __init__(self):
        self.lock = threading.Lock()
        self.pending = None
        self.replies = OrderedDict()
        self.keeper = Keeper()
        self.played = 0
        self.repeated = 0

    def reply(self, request):
        """The leg that answers a request."""
        state = request.get("sessionState") or {}
        validate(isinstance(state, dict), "sessionState is not an object")
        results = state.get("returnControlInvocationResults")
        if results is not None or state.get("invocationId") is not None:
            return self.take_results(state.get("invocationId"), results)
        prompt = request.get("inputText")
        validate(isinstance(prompt, str) and prompt, "inputText is missing")
        self.pending = None
        return self.play(script_for(prompt, self.keeper), [], [])

    def take_results(self, invocation_id, results):
        validate(isinstance(results, list) and 1 <= len(results) <= 5, "1 to 5 results are needed")
        validate(isinstance(invocation_id, str) and invocation_id, "invocationId is missing")
        digest = json.dumps(results, sort_keys=True)
        if invocation_id in self.replies:
            known, leg = self.replies[invocation_id]
            validate(known == digest, f"invocation {invocation_id} was answered otherwise before")
            self.repeated += 1
            return {**leg, "lost": False, "wait": 0}
        waits = self.pending is not None and self.pending[0] == invocation_id
        validate(waits, f"the session does not wait for invocation {invocation_id}")
        _, inputs, rest, texts = self.pending
        results = matched(inputs, results)
        self.pending = None
        if any(result.get("responseState") == "FAILURE" for result in results):
            leg = self.play([{"error": "dependencyFailedException"}], [], [])
        else:
            leg = self.play(rest, results, [*texts, *filter(None, map(text_of, results))])
        self.replies[invocation_id] = (digest, leg)
        while len(self.replies) > 20:
            self.replies.popitem(last=False)
        return leg

    def play(self, legs, results, texts):
        """The first of the legs, with what the results bring; the others wait for its results."""
        self.played += 1
        leg, rest = legs[0], legs[1:]
        if callable(leg):
            leg = leg(results)
        if "denied" in leg and any(result.get("confirmationState") == "DENY" for result in results):
            leg = {"say": leg["denied"]}
        if "call" in leg:
            inputs = [asked(call) for call in leg["call"]]
            invocation_id = str(uuid.uuid4())
            self.pending = (invocation_id, inputs, rest, texts)
            return {**leg, "control": {"invocationId": invocation_id, "invocationInputs": inputs}}
        if "say" in leg:
            return {**leg, "say": [filled(piece, texts) for piece in leg["say"]]}
        return leg


def asked(call):
    """An input as the service writes it: every value is a text."""
    types = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array"}
    kinds = {None: "RESULT", "only": "USER_CONFIRMATION", "too": "USER_CONFIRMATION_AND_RESULT"}
    parameters = [
        {"name": name, "type": types[type(value)], "value": value if isinstance(value, str) else json.dumps(value)}
        for name, value in call["parameters"].items()
    ]
    return {
        "functionInvocationInput": {
            "actionGroup": GROUP,
            "function": call["function"],
            "parameters": parameters,
            "actionInvocationType": kinds[call.get("confirm")],
        }
    }


def matched(inputs, results):
    """The results in the order of the inputs, each the answer to one of them."""
    left = []
    for result in results:
        known = isinstance(result, dict) and isinstance(result.get("functionResult"), dict)
        validate(known, "a result is no functionResult, and functions were asked for")
        left.append(result["functionResult"])
    validate(len(left) == len(inputs), f"{len(inputs)} results are needed together, {len(left)} came")
    ordered = []
    for one in inputs:
        one = one["functionInvocationInput"]
        names = (one["actionGroup"], one["function"])
        found = next((r for r in left if (r.get("actionGroup"), r.get("function")) == names), None)
        validate(found is not None, f"there is no result of {one['actionGroup']} {one['function']}")
        left.remove(found)
        check(one["actionInvocationType"], found)
        ordered.append(found)
    return ordered


def check(kind, result):
    state, text = result.get("confirmationState"), text_of(result)
    validate(state in (None, "CONFIRM", "DENY"), "confirmationState is neither CONFIRM nor DENY")
    validate(result.get("responseState") in (None, "FAILURE", "REPROMPT"), "responseState is unknown")
    if kind == "RESULT":
        validate(state is None, "a confirmation was not asked for")
        validate(text is not None or result.get("responseState"), "responseBody is missing")
    else:
        validate(state is not None, "confirmationState is missing")
        # Some callers always send a body: an empty one is no result.
        validate(kind == "USER_CONFIRMATION_AND_RESULT" or not text, "a result was not asked for")
        needed = kind == "USER_CONFIRMATION_AND_RESULT" and state == "CONFIRM"
        validate(text is not None or not needed, "responseBody is missing")


def text_of(result):
    body = result.get("responseBody")
    validate(body is None or isinstance(body, dict), "responseBody is not an object")
    content = (body or {}).get("TEXT", {})
    validate(isinstance(content, dict), "responseBody.TEXT is not an object")
    text = content.get("body")
    validate(body is None or isinstance(text, str), "responseBody.TEXT.body is not a text")
    return text


def filled(piece, texts):
    """Only the marks of the script are replaced, not what looks like one in a result."""
    return re.sub(r"\{(\d)\}", lambda mark: (texts[int(mark[1]) : int(mark[1]) + 1] or [""])[0] or "", piece)


def script_for(prompt, keeper):
    asked_for = re.fullmatch(r"\s*play:\s*([\w-]+)(?:\s+([\w.]+))?\s*", prompt)
    if not asked_for:
        return keeper.hear(prompt)
    name, option = asked_for.groups()
    if name in ERRORS:
        return [{"error": name, "inside": option == "inside"}]
    validate(name in SCRIPTS, f"there is no script {name}")
    legs = SCRIPTS[name]
    if option:
        validate(re.fullmatch(r"\d+(\.\d+)?", option) and name in ("slow", "drip"), f"{name} takes no {option}")
        key = "wait" if name == "slow" else "drip"
        legs = [{**legs[0], key: min(float(option), LONGEST_WAIT_SECONDS)}, *legs[1:]]
    return legs


# ----------------------------------------------------------------------------------------------------------------------
# The keeper of the hut: what he asks for, looks up, and says.
# ----------------------------------------------------------------------------------------------------------------------

NUMBERS = {word: index + 1 for index, word in enumerate("one two three four five six seven eight nine ten".split())}
STORM = re.compile(r"thunder|storm|lightning|gale|gust|snow|ice", re.IGNORECASE)


class Keeper:
    """Remembers of a booking what was said so far, and asks for the rest, one question at a time."""

    def __init__(self):
        self.booking = None

    def hear(self, prompt):
        words = prompt.lower()
        if re.search(r"\b(hurt|injured|lost|stuck|bleeding|fell)\b", words):
            return said("Call 112 now, say where you are, and stay there. Then tell me what you see around you.")
        if self.booking is None and re.search(r"\b(book|reserve)", words):
            self.booking = {}
        if self.booking is not None:
            return self.book(prompt)
        if re.search(r"\b(bunks?|beds?|sleep|free|room)\b", words):
            night = night_in(words)
            if night is None:
                return said("For which night? Give me the date.")
            return [called("free_bunks", night=night), self.tell_bunks]
        if re.search(r"\b(weather|forecast|storms?|rain|wind|snow|safe|sunny?|ridge|pass|summit)\b", words):
            hours = re.search(r"(\d+) hours?", words)
            place = place_in(words)
            if place is None:
                return said("For which place? A summit, a pass, a valley.")
            more = {"hours": int(hours[1])} if hours else {}
            self.place = place
            return [called("read_forecast", place=place, **more), self.tell_weather]
        return said("Come in from the wind. ", "I can read you the forecast, or see whether a bunk is free.")

    def tell_weather(self, results):
        forecast = text_of(results[0])
        if STORM.search(forecast):
            advice = f"I would not take {self.place} in that. Turn back early: the mountain is there tomorrow as well."
        else:
            advice = "I would go early and be back for soup."
        return {"say": [f"The forecast for {self.place}: {{0}}. ", advice]}

    def tell_bunks(self, _results):
        free = "I looked in the book: {0}. "
        return {"say": [free, "Tell me how many you are and a name, and I book it."]}

    def book(self, prompt):
        words, booking = prompt.lower(), self.booking
        if re.search(r"\b(never mind|forget it|cancel)\b", words):
            self.booking = None
            return said("As you like. The bunk is there tomorrow as well.")
        booking.setdefault("night", night_in(words))
        guests = re.search(r"\b(\d{1,2}|" + "|".join(NUMBERS) + r")\b(?!-)", re.sub(r"\d{4}-\d\d-\d\d", "", words))
        if guests:
            booking.setdefault("guests", NUMBERS.get(guests[1]) or int(guests[1]))
        name = re.search(r"(?:name of|name is|under|for) ((?:[A-ZÀ-Þ][\w'’-]*)(?: [A-ZÀ-Þ][\w'’-]*)*)", prompt)
        alone = re.fullmatch(r"\s*([A-ZÀ-Þ][\w'’-]*(?: [A-ZÀ-Þ][\w'’-]*)*)\.?\s*", prompt)
        if name or (alone and "asked" in booking):
            booking.setdefault("name", (name or alone)[1])
        booking = self.booking = {key: value for key, value in booking.items() if value is not None}
        for key, question in (
            ("night", "For which night? Give me the date."),
            ("guests", "How many of you?"),
            ("name", "In whose name?"),
        ):
            if key not in booking:
                booking["asked"] = key
                return said(question)
        self.booking = None
        known = {key: booking[key] for key in ("night", "guests", "name")}
        call = {"function": "book_bunks", "parameters": known, "confirm": "too"}
        return [
            {"call": [call]},
            {"say": ["Done: {0}. ", "Boots off at the door."], "denied": ["Then I leave the page empty."]},
        ]


def said(*pieces):
    return [{"say": list(pieces)}]


def called(function, **parameters):
    return {"call": [{"function": function, "parameters": parameters}]}


def night_in(words):
    written = re.search(r"\d{4}-\d\d-\d\d", words)
    if written:
        return written[0]
    for word, days in (("tonight", 0), ("today", 0), ("tomorrow", 1)):
        if word in words:
            return (date.today() + timedelta(days=days)).isoformat()
    return None


def place_in(words):
    named = re.search(r"\b(?:the )?((?:\w+ )?(?:ridge|pass|summit|peak|valley|hut|lake|glacier))\b", words)
    if not named:
        return None
    last = named[1].split()
    articles = {"the", "is", "on", "at", "for", "up", "to", "over"}
    return "the " + " ".join(word for word in last if word not in articles)


# ----------------------------------------------------------------------------------------------------------------------
# Event streams: application/vnd.amazon.eventstream.
# ----------------------------------------------------------------------------------------------------------------------


def message(kind, name, payload):
    """A frame: lengths, their checksum, headers, payload, and the checksum of it all."""
    headers = b""
    for key, value in ((":message-type", kind), (f":{kind}-type", name), (":content-type", "application/json")):
        headers += struct.pack("!B", len(key)) + key.encode() + struct.pack("!BH", 7, len(value)) + value.encode()
    data = json.dumps(payload).encode()
    prelude = struct.pack("!II", 12 + len(headers) + len(data) + 4, len(headers))
    frame = prelude + struct.pack("!I", zlib.crc32(prelude)) + headers + data
    return frame + struct.pack("!I", zlib.crc32(frame))


def chunk(data):
    return message("event", "chunk", {"bytes": base64.b64encode(data).decode()})


def stream_of(leg, ids, trace):
    """The frames of a leg."""
    frames = []
    if trace:
        steps = [{"modelInvocationInput": {"type": "ORCHESTRATION", "text": "You are Maren, keeper of the Cairn Hut."}}]
        if "control" in leg:
            steps.append({"rationale": {"text": "The guest needs the desk.", "traceId": "0"}})
        for step in steps:
            frames.append(message("event", "trace", {**ids, "agentVersion": "1", "trace": {"orchestrationTrace": step}}))
    if leg.get("files"):
        one = {"name": "map.txt", "type": "text/plain", "bytes": base64.b64encode(b"map").decode()}
        frames.append(message("event", "files", {"files": [one]}))
    if "error" in leg:
        code = leg["error"]
        frames += [chunk(b"Let me see. "), message("exception", code, {"message": ERROR_TEXT.format(code=code)})]
    elif "control" in leg:
        frames.append(message("event", "returnControl", leg["control"]))
    else:
        # The pieces are cut a byte later than they were written, so a cut may go through a character.
        data = "".join(leg["say"]).encode()
        ends = [len("".join(leg["say"][: count + 1]).encode()) + 3 for count in range(len(leg["say"]))]
        starts = [0, *ends[:-1]] if ends else []
        frames += [chunk(data[start:end]) for start, end in zip(starts, ends) if data[start:end]]
    return frames


# ----------------------------------------------------------------------------------------------------------------------
# The server.
# ----------------------------------------------------------------------------------------------------------------------


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, port, token):
        super().__init__(("127.0.0.1", port), Connection)
        self.token = token
        self.lock = threading.Lock()
        self.sessions = OrderedDict()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def session(self, key):
        with self.lock:
            session = self.sessions.setdefault(key, Session())
            self.sessions.move_to_end(key)
            while len(self.sessions) > MAX_SESSIONS:
                self.sessions.popitem(last=False)
            return session

    def forget(self, key=None):
        with self.lock:
            if key is None:
                self.sessions.clear()
            else:
                self.sessions.pop(key, None)

    def counts(self):
        with self.lock:
            sessions = list(self.sessions.values())
        played, repeated = (sum(getattr(one, name) for one in sessions) for name in ("played", "repeated"))
        return {"sessions": len(sessions), "played": played, "repeated": repeated}

    def handle_error(self, request, client_address):
        """A client that went away is none of this server's errors; others are logged as usual."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    disable_nagle_algorithm = True

    def log_message(self, format, *arguments):
        pass

    def do_GET(self):
        if self.path == "/_agent_runtime/health":
            return self.send({"token": self.server.token, **self.server.counts()})
        self.send({"message": "not found"}, 404)

    def do_POST(self):
        length = int(self.headers.get("content-length") or 0)
        if length > MAX_BODY_BYTES:
            self.close_connection = True
            return self.send({"message": "too long"}, 413)
        body = self.rfile.read(length)
        if self.path == "/_agent_runtime/reset":
            self.server.forget()
            return self.send({})
        try:
            self.invoke(body)
        except Failed as failure:
            self.send_failure(failure.code, str(failure))

    def invoke(self, body):
        path = PATH.fullmatch(self.path.split("?")[0])
        if path is None:
            return self.send({"message": "this server knows InvokeAgent only"}, 404)
        agent, alias, session_id = path[1], path[2], unquote(path[3])
        validate(SESSION_ID.fullmatch(session_id), "sessionId is not one")
        try:
            request = json.loads(body or b"{}")
        except (ValueError, RecursionError):
            raise Failed("validationException", "the body is not JSON") from None
        validate(isinstance(request, dict), "the body is not an object")
        key = (agent, alias, session_id)
        if request.get("endSession") is True:
            self.server.forget(key)
            leg = {"say": []}
        else:
            session = self.server.session(key)
            leg = self.play(session, request)
        if "error" in leg and not leg.get("inside"):
            raise Failed(leg["error"], ERROR_TEXT.format(code=leg["error"]))
        ids = {"agentId": agent, "agentAliasId": alias, "sessionId": session_id}
        self.send_stream(session_id, stream_of(leg, ids, request.get("enableTrace") is True), leg)

    def play(self, session, request):
        """One leg at a time: results wait for their turn, because they may be a repetition of those that run."""
        if not session.lock.acquire(blocking=bool(request.get("sessionState"))):
            raise Failed("conflictException", "the session is busy")
        try:
            leg = session.reply(request)
            self.wait(leg.get("wait", 0))
            return leg
        finally:
            session.lock.release()

    def wait(self, seconds):
        """Waits as long as the client does."""
        readable, _, _ = select.select([self.connection], [], [], seconds) if seconds else ([], [], [])
        if readable and not self.connection.recv(1, socket.MSG_PEEK):
            raise ConnectionAbortedError("the client went away")

    def send_stream(self, session_id, frames, leg):
        self.send_response(200)
        self.send_header("content-type", "application/vnd.amazon.eventstream")
        self.send_header("x-amzn-bedrock-agent-content-type", "application/json")
        self.send_header("x-amz-bedrock-agent-session-id", session_id)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        data = b"".join(frames)
        if leg.get("garble"):
            data = data[:-1] + bytes([data[-1] ^ 1])
        if leg.get("cut") or leg.get("lost"):
            self.send_piece(data[: len(data) // 2])
            return self.break_off()
        if leg.get("drip"):
            for byte in data:
                self.send_piece(bytes([byte]))
                time.sleep(leg["drip"])
        else:
            for frame in frames[:-1] if not leg.get("garble") else []:
                self.send_piece(frame)
                data = data[len(frame) :]
            if data:
                self.send_piece(data)
        self.wfile.write(b"0\r\n\r\n")

    def send_piece(self, data):
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def break_off(self):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def send_failure(self, code, text):
        name = code[0].upper() + code[1:]
        self.send({"message": text}, ERRORS[code], {"x-amzn-errortype": name})

    def send(self, body, status=200, headers=None):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


def serve(port, token):
    """Serves from a thread that ends with the process."""
    server = Server(port, token)
    threading.Thread(target=server.serve_forever, name="agent-runtime", daemon=True).start()
    return server
