"""What both forges do with Cairn itself: plan stacks into a folder, and deploy what is in one.

The folder has for each stack the saved plan, its page and its comment, and a list of them all,
`plans.json`. It is what is kept between the run that plans and the run that deploys.

Everything comes from the environment, so that no text of a user is ever part of a script:

    CAIRN_CI_BINARY       the `cairn` to run
    CAIRN_CI_STACKS       the stacks, with blanks or new lines between them
    CAIRN_CI_DIRECTORY    where the project is in the repository
    CAIRN_CI_ENVIRONMENT  the environment they are planned for
    CAIRN_CI_FOLDER       where plans are kept
    CAIRN_CI_PARAMETERS   NAME=VALUE, one a line
    CAIRN_CI_POLICIES     files with rules, one a line
    CAIRN_CI_FAIL_ON      the classes of `cairn plan --fail-on`
    CAIRN_CI_APPROVAL     the classes that a deploy without a reviewed plan refuses
    CAIRN_CI_MAX_AGE      how old a reviewed plan may be
"""

import hashlib
import json
import os
import posixpath
import re
import subprocess
import sys
import threading
from pathlib import Path

VERSION = 1
LIST = "plans.json"
# Exit codes of `cairn plan --detailed-exitcode`.
NOTHING, CHANGES, STOPPED = 0, 2, 3
# How much of what a failed command said is shown: enough for the reason, far below a comment's limit.
SAID_LINES, SAID_CHARACTERS = 120, 12_000


class Refused(Exception):
    """Why nothing is deployed, and what to do."""


def setting(name, default=""):
    return os.environ.get("CAIRN_CI_" + name, "").strip() or default


def lines(name):
    return [line.strip() for line in setting(name).splitlines() if line.strip()]


def stacks():
    found = setting("STACKS").split()
    if not found:
        raise Refused("no stacks were given: say which in `stacks`")
    return found


def folder():
    return Path(setting("FOLDER", ".cairn-plans"))


def identity():
    """What tells the plans of these stacks in this environment from others, for names of files."""
    environment = re.sub(r"[^A-Za-z0-9.-]+", "-", setting("ENVIRONMENT", "default"))
    places = " ".join(place(stack) for stack in stacks())
    return f"{environment}-{hashlib.sha256(places.encode()).hexdigest()[:8]}"


def place(stack):
    """Where a stack is in the repository."""
    return posixpath.normpath(posixpath.join(setting("DIRECTORY", "."), stack))


def common():
    """The arguments that planning and deploying share."""
    arguments = []
    for parameter in lines("PARAMETERS"):
        arguments += ["--parameter", parameter]
    for policy in lines("POLICIES"):
        arguments += ["--policy", policy]
    return arguments


def told(arguments):
    """Arguments for the log. The value of a parameter may be a secret."""
    last = None
    for argument in arguments:
        yield argument.partition("=")[0] + "=…" if last == "--parameter" else argument
        last = argument


def cairn(arguments, extra=None):
    """Runs Cairn in front of the reader of the log; its exit code, and what it said besides."""
    command = [setting("BINARY", "cairn"), *arguments]
    print("$ cairn " + " ".join(told(arguments)), flush=True)
    try:
        running = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, **(extra or {})}
        )
    except OSError as error:
        raise Refused(f"cannot run `{command[0]}`: {error}") from error
    said = []

    def listen():
        for line in iter(running.stderr.readline, b""):
            sys.stderr.buffer.write(line)
            sys.stderr.buffer.flush()
            text = line.decode(errors="replace").rstrip()
            # What is for the forge is none of the reader's.
            if not text.startswith("::"):
                said.append(text)

    ear = threading.Thread(target=listen)
    ear.start()
    code = running.wait()
    ear.join()
    return code, "\n".join(said[-SAID_LINES:])[-SAID_CHARACTERS:].strip()


def shown(file, form):
    """A saved plan in another form. An exit code of 3 says only that something is wrong with it."""
    command = [setting("BINARY", "cairn"), "plan", "show", str(file), "--format", form]
    ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if ran.returncode not in (NOTHING, STOPPED):
        raise Refused(f"`{' '.join(command)}` failed: {ran.stderr.decode(errors='replace').strip()}")
    return ran.stdout.decode()


def plan(head, extra=None):
    """Plans every stack; a list of what came out, which is written down too."""
    where = folder()
    where.mkdir(parents=True, exist_ok=True)
    made = [plan_one(number, stack, extra) for number, stack in enumerate(stacks(), start=1)]
    all_of_it = {
        "version": VERSION,
        "head": head,
        "environment": setting("ENVIRONMENT", "default"),
        "plans": made,
    }
    (where / LIST).write_text(json.dumps(all_of_it, indent=2) + "\n")
    return all_of_it


def plan_one(number, stack, extra):
    name = f"{number}-{re.sub(r'[^A-Za-z0-9]+', '-', stack).strip('-')}"
    file, page, comment = (folder() / (name + end) for end in (".cairn", ".html", ".md"))
    environment = setting("ENVIRONMENT", "default")
    arguments = ["plan", stack, "--env", environment, "--detailed-exitcode"]
    arguments += ["--out", str(file), "--out", str(page)]
    if setting("FAIL_ON"):
        arguments += ["--fail-on", setting("FAIL_ON")]
    code, said = cairn(arguments + common(), extra)
    entry = {"stack": stack, "exitcode": code, "has_changes": False, "risks": [], "findings": 0, "file": None}
    if code in (NOTHING, CHANGES, STOPPED) and file.is_file():
        made = json.loads(shown(file, "json"))
        entry["has_changes"] = made["has_changes"]
        entry["risks"] = sorted({risk["class"].lower() for risk in made["risks"]})
        entry["findings"] = len(made.get("findings", []))
        entry["file"] = file.name
        text = shown(file, "markdown")
        if code == STOPPED:
            why = [line for line in said.splitlines() if line.startswith("the plan of ")]
            text += "\n> [!CAUTION]\n" + "".join(f"> {line}\n" for line in why or ["the plan fails"])
    else:
        text = failure(stack, environment, code, said)
    comment.write_text(text)
    entry["comment"] = comment.name
    return entry


def failure(stack, environment, code, said):
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", said)), default=0))
    return (
        f"### `{stack}` · {environment}\n\n**There is no plan: `cairn plan` ended with {code}.**\n\n"
        f"{fence}text\n{said or 'It said nothing.'}\n{fence}\n"
    )


def exitcode(made):
    """The code for all stacks: an error before a plan that is not to pass, that before success."""
    codes = {entry["exitcode"] for entry in made["plans"]}
    errors = codes - {NOTHING, CHANGES, STOPPED}
    if errors:
        return max(errors)
    return STOPPED if STOPPED in codes else 0


def read():
    """The list of plans that were reviewed, held against what is asked for now."""
    try:
        made = json.loads((folder() / LIST).read_text())
        environment = made["environment"]
        reviewed = [entry["stack"] for entry in made["plans"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(f"the reviewed plans cannot be read: {error}") from error
    if made.get("version") != VERSION:
        raise Refused(f"the reviewed plans were written by another version ({made.get('version')})")
    if environment != setting("ENVIRONMENT", "default"):
        raise Refused(f"the reviewed plans are for the environment `{environment}`")
    if reviewed != stacks():
        raise Refused(f"the reviewed plans are of other stacks: {', '.join(reviewed)}")
    return made


def deploy_reviewed(extra=None):
    """Deploys exactly what was reviewed, stack after stack; Cairn refuses what no longer holds."""
    made = read()
    for entry in made["plans"]:
        if entry["exitcode"] not in (NOTHING, CHANGES):
            raise Refused(
                f"the plan of `{entry['stack']}` did not pass in its review (it ended with {entry['exitcode']})"
            )
        if entry["file"] is None or Path(entry["file"]).name != entry["file"]:
            raise Refused(f"there is no plan of `{entry['stack']}` among those that were reviewed")
    one = ["--yes", "--max-age", setting("MAX_AGE", "168h"), *common()]
    return deploy(made["plans"], lambda entry: cairn(["deploy", str(folder() / entry["file"]), *one], extra))


def deploy_new(extra=None):
    """Plans anew and deploys that, unless it is of a class that somebody has to approve."""
    approval = setting("APPROVAL", "broadening,destructive")
    one = ["--env", setting("ENVIRONMENT", "default"), "--yes", "--require-approval", approval]
    entries = [{"stack": stack, "has_changes": True} for stack in stacks()]
    return deploy(entries, lambda entry: cairn(["deploy", entry["stack"], *one, *common()], extra))


def deploy(entries, run):
    """Runs until one fails; the exit code, and a line for each stack."""
    code, ended = 0, []
    for entry in entries:
        if code:
            how = "not begun"
        elif not entry["has_changes"]:
            how = "the reviewed plan has nothing to do"
            print(f"{entry['stack']}: {how}", flush=True)
        else:
            code, said = run(entry)
            why = [line for line in said.splitlines() if line.startswith("error: ")]
            how = "deployed" if code == 0 else "failed: " + (why or ["error: see the log"])[0][7:]
        ended.append(f"`{entry['stack']}`: {how}")
    return code, ended


def reviewed_hint(how):
    return (
        "nothing is deployed but what was reviewed. Make a pull request that is planned again, or "
        f"{how}: it plans anew, and refuses what needs approval"
    )
