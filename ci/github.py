#!/usr/bin/env python3
"""The steps of the GitHub action: `github.py begin|install|plan|comment|fetch|deploy`.

Each step reads what the runner says in `GITHUB_*` and what the action was given in `CAIRN_CI_*`.
"""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import comment as comments
import plans
from api import Api, ApiError
from plans import Refused, setting

HOME = Path(__file__).resolve().parent.parent
# What plans of one run may have together, packed and unpacked.
MOST_BYTES = 256 * 1024 * 1024
FORBIDDEN = "Resource not accessible by integration"
BY_HAND = "run this workflow by hand with `command: deploy-new`"


def main(step):
    steps = {
        "begin": begin,
        "install": install,
        "plan": plan,
        "comment": comment,
        "fetch": fetch,
        "deploy": deploy,
    }
    try:
        return steps[step]()
    except (Refused, ApiError, ValueError, OSError) as error:
        say("error", str(error))
        return 1


def say(kind, message, title="Cairn"):
    message = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    print(f"::{kind} title={title}::{message}", flush=True)


def output(**values):
    """For later steps. What they read is one line each."""
    with open(os.environ["GITHUB_OUTPUT"], "a", encoding="utf-8") as file:
        for name, value in values.items():
            file.write(f"{name.replace('_', '-')}={' '.join(str(value).split())}\n")


def summarize(text):
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(text.rstrip() + "\n\n")


def event():
    path = os.environ.get("GITHUB_EVENT_PATH")
    return json.loads(Path(path).read_text(encoding="utf-8")) if path else {}


def begin():
    """Decides what is to be done, and where its files are."""
    command = setting("COMMAND", "auto")
    if command not in ("auto", "plan", "deploy", "deploy-new"):
        raise Refused(f"`command` is auto, plan, deploy or deploy-new, not `{command}`")
    if command == "auto":
        command = "deploy" if os.environ.get("GITHUB_EVENT_NAME") == "push" else "plan"
    identity = plans.identity()
    key = f"cairn-{os.environ.get('RUNNER_OS', '')}-{os.environ.get('RUNNER_ARCH', '')}-{sources()}"
    tools = Path(os.environ["RUNNER_TOOL_CACHE"]) / "cairn" / key
    given = setting("BINARY")
    output(
        command=command,
        artifact=f"cairn-plan-{identity}",
        folder=Path(os.environ["RUNNER_TEMP"]) / f"cairn-plan-{identity}",
        cache=tools,
        cache_key=key,
        build="false" if given else "true",
        binary=Path(given).resolve() if os.sep in given else given or tools / "bin" / "cairn",
    )
    return 0


def sources():
    """A digest of what Cairn is built from."""
    files = [HOME / "Cargo.toml", HOME / "Cargo.lock", HOME / "build.rs"]
    for directory in ("src", "data"):
        files += sorted(path for path in (HOME / directory).rglob("*") if path.is_file())
    digest = hashlib.sha256()
    for file in files:
        digest.update(str(file.relative_to(HOME)).encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def install():
    """Builds Cairn from the sources of this action, unless a cache had it."""
    binary = Path(setting("BINARY"))
    if binary.is_file():
        print(f"{binary} is there already", flush=True)
        return 0
    if shutil.which("cargo") is None:
        raise Refused("there is no `cargo` to build Cairn with: install Rust, or give `binary`")
    root = str(binary.parent.parent)
    command = ["cargo", "install", "--locked", "--path", str(HOME), "--root", root]
    return subprocess.run(command, check=False).returncode


def plan():
    head = event().get("pull_request", {}).get("head", {}).get("sha") or os.environ["GITHUB_SHA"]
    told = plans.plan(head)
    code = plans.exitcode(told)
    for entry in told["plans"]:
        if entry["file"] is None:
            # Cairn writes the summary of what it has planned.
            summarize((plans.folder() / entry["comment"]).read_text())
    risks = sorted({risk for entry in told["plans"] for risk in entry["risks"]})
    output(
        exitcode=code,
        has_changes="true" if any(entry["has_changes"] for entry in told["plans"]) else "false",
        risks=",".join(risks),
        plan=plans.folder(),
    )
    return code


def comment():
    pull = event().get("pull_request")
    if pull is None:
        print("this is no pull request: there is nothing to comment on", flush=True)
        return 0
    if not (plans.folder() / plans.LIST).is_file():
        print("nothing was planned: there is nothing to comment on", flush=True)
        return 0
    told = json.loads((plans.folder() / plans.LIST).read_text())
    try:
        forge = GitHub(pull["number"])
        for entry in told["plans"]:
            text = (plans.folder() / entry["comment"]).read_text()
            whole = comments.body(entry["stack"], told["environment"], text, footer(told["head"]))
            place = (forge, entry["stack"], told["environment"])
            print(f"comment on {entry['stack']}: {comments.put(*place, whole, comments.is_news(entry))}", flush=True)
    except ApiError as error:
        if error.status == 403 and FORBIDDEN in str(error):
            return forbidden(pull, error)
        say("error", f"the plan could not be written as a comment: {error}\nIt is in the summary of this job.")
        return 1
    return 0


def forbidden(pull, error):
    """A token that may only read: forks and Dependabot have no other."""
    theirs = (pull["head"].get("repo") or {}).get("full_name")
    is_foreign = theirs != os.environ["GITHUB_REPOSITORY"] or os.environ.get("GITHUB_ACTOR") == "dependabot[bot]"
    if is_foreign:
        say("notice", "the token of this run may not comment: the plan is in the summary of the job")
        return 0
    say("error", f"the token may not comment: {error}\nGive the job `permissions: pull-requests: write`.")
    return 1


def footer(head):
    get = os.environ.get
    run = f"{get('GITHUB_SERVER_URL')}/{get('GITHUB_REPOSITORY')}/actions/runs/{get('GITHUB_RUN_ID')}"
    return (
        f'Planned for {head[:7]} in <a href="{run}">this run</a>, which has the plan, and a page of it '
        "for a browser, as an artifact. Deployed is exactly this plan, or nothing."
    )


def fetch():
    """Gets the plans that were made for the pull request this commit comes from."""
    sha, forge = os.environ["GITHUB_SHA"], GitHub(None)
    merged = [
        pull
        for pull in forge.api.pages(f"{forge.repository}/commits/{sha}/pulls?per_page=100")
        if pull.get("merged_at")
        and pull.get("merge_commit_sha") == sha
        and pull["base"]["ref"] == os.environ["GITHUB_REF_NAME"]
    ]
    if not merged:
        raise Refused(f"no pull request was merged as {sha[:7]}: {plans.reviewed_hint(BY_HAND)}")
    pull = merged[0]
    head = pull["head"]["sha"]
    found = newest(forge, head)
    if found is None:
        raise Refused(
            f"there is no plan for {head[:7]}, the last commit of pull request #{pull['number']} (any more): "
            + plans.reviewed_hint(BY_HAND)
        )
    unpack(forge.api.download(f"{forge.repository}/actions/artifacts/{found['id']}/zip", MOST_BYTES))
    if plans.read().get("head") != head:
        raise Refused(f"the plans are of another commit than {head[:7]}")
    print(f"the plans of pull request #{pull['number']} for {head[:7]}, made in run {found['workflow_run']['id']}")
    return 0


def newest(forge, head):
    """The last artifact of plans for a commit that a run of this repository itself made: one that
    a fork's run made may have anything in it."""
    name = setting("ARTIFACT")
    found = []
    for artifact in forge.artifacts(name):
        run = artifact.get("workflow_run") or {}
        theirs = run.get("head_repository_id")
        is_ours = theirs is not None and theirs == run.get("repository_id")
        is_named = artifact["name"] == name and not artifact["expired"]
        if is_named and is_ours and run.get("head_sha") == head:
            found.append(artifact)
    for artifact in sorted(found, key=lambda one: one["id"], reverse=True):
        run = forge.api.get(f"{forge.repository}/actions/runs/{artifact['workflow_run']['id']}")
        if run.get("event") == "pull_request":
            return artifact
    return None


def unpack(packed):
    """Files beside each other and nothing else: names in an archive may lead anywhere."""
    where = plans.folder()
    where.mkdir(parents=True, exist_ok=True)
    try:
        archive = zipfile.ZipFile(io.BytesIO(packed))
    except zipfile.BadZipFile as error:
        raise Refused(f"the artifact is no archive: {error}") from error
    if sum(entry.file_size for entry in archive.infolist()) > MOST_BYTES:
        raise Refused(f"the artifact has more than {MOST_BYTES} bytes")
    for entry in archive.infolist():
        if Path(entry.filename).name != entry.filename or entry.is_dir():
            raise Refused(f"the artifact has a file where none should be: {entry.filename}")
        (where / entry.filename).write_bytes(archive.read(entry))


def deploy():
    reviewed = setting("COMMAND") == "deploy"
    code, told = plans.deploy_reviewed() if reviewed else plans.deploy_new()
    summarize("### Deploy to " + setting("ENVIRONMENT", "default") + "\n\n" + "\n".join(f"- {one}" for one in told))
    output(exitcode=code)
    if code and reviewed:
        say("notice", "what Cairn refused was not changed: " + plans.reviewed_hint(BY_HAND))
    return code


class GitHub:
    """What there is to do with one pull request."""

    def __init__(self, number):
        self.repository = "/repos/" + os.environ["GITHUB_REPOSITORY"]
        self.number = number
        self.login = None
        token = setting("TOKEN")
        if not token:
            raise Refused("there is no token for GitHub's API: give `token`")
        self.api = Api(
            os.environ["GITHUB_API_URL"],
            {
                "authorization": f"Bearer {token}",
                "accept": "application/vnd.github+json",
                "x-github-api-version": "2022-11-28",
            },
        )

    def me(self):
        """Who the token is. A workflow's own token may ask so, and not `GET /user`."""
        if self.login is None:
            answer = self.api.ask(os.environ["GITHUB_GRAPHQL_URL"], {"query": "query { viewer { login } }"})
            try:
                self.login = answer["data"]["viewer"]["login"]
            except (KeyError, TypeError) as error:
                raise ApiError(f"who the token is was not told: {answer}") from error
        return self.login

    def comments(self):
        for one in self.api.pages(f"{self.repository}/issues/{self.number}/comments?per_page=100"):
            author = (one.get("user") or {}).get("login")
            yield {"id": one["id"], "author": author, "body": one.get("body") or ""}

    def create(self, text):
        self.api.send("POST", f"{self.repository}/issues/{self.number}/comments", {"body": text})

    def update(self, identifier, text):
        self.api.send("PATCH", f"{self.repository}/issues/comments/{identifier}", {"body": text})

    def artifacts(self, name):
        return self.api.pages(f"{self.repository}/actions/artifacts?per_page=100&name={name}", "artifacts")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
