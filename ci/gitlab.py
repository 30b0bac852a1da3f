#!/usr/bin/env python3
"""The jobs of the GitLab template: `gitlab.py plan|deploy`.

Each job reads what GitLab says in `CI_*` and what the template was given in `CAIRN_CI_*`. Notes
and other jobs' artifacts need a token that a job does not have by itself: `CAIRN_GITLAB_TOKEN`, of
a project access token with the scope `api`.
"""

import hashlib
import json
import os
import posixpath
import sys
import tempfile
import urllib.parse
from pathlib import Path

import comment as comments
import plans
from api import Api, ApiError
from plans import Refused, setting

# What one file of a plan may have.
MOST_BYTES = 64 * 1024 * 1024
BY_HAND = "run a pipeline by hand with the variable CAIRN_DEPLOY=new"
# Where plans are in the project, and what a job keeps; beside them the report for the widget of a
# merge request.
FOLDER = ".cairn-plans"
REPORT = "codequality.json"


def main(job):
    root = Path(os.environ["CI_PROJECT_DIR"])
    os.environ["CAIRN_CI_FOLDER"] = str(root / FOLDER)
    try:
        os.chdir(root / setting("DIRECTORY", "."))
        return {"plan": plan, "deploy": deploy}[job]()
    except (Refused, ApiError, ValueError, OSError) as error:
        print(f"cairn: {error}", file=sys.stderr, flush=True)
        return 1


def credentials():
    """A role for Cairn from the token that GitLab made for this job, where one is asked for."""
    token = os.environ.get("CAIRN_ID_TOKEN")
    if not setting("ROLE") or not token:
        return {}
    file = Path(tempfile.mkdtemp(prefix="cairn-")) / "token"
    file.touch(mode=0o600)
    file.write_text(token)
    return {
        "AWS_ROLE_ARN": setting("ROLE"),
        "AWS_ROLE_SESSION_NAME": f"gitlab-{os.environ['CI_PROJECT_ID']}-{os.environ['CI_PIPELINE_ID']}",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(file),
    }


def plan():
    # Of a pipeline for merged results the commit is one that was made for it.
    head = os.environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or os.environ["CI_COMMIT_SHA"]
    told = plans.plan(head, credentials())
    code = plans.exitcode(told)
    (plans.folder() / REPORT).write_text(json.dumps(report(told), indent=2) + "\n")
    note(told)
    return code


def note(told):
    number = os.environ.get("CI_MERGE_REQUEST_IID")
    if not number:
        return
    if not os.environ.get("CAIRN_GITLAB_TOKEN"):
        print("there is no CAIRN_GITLAB_TOKEN: the plan is not written as a note", flush=True)
        return
    forge = GitLab(number)
    for entry in told["plans"]:
        text = (plans.folder() / entry["comment"]).read_text()
        whole = comments.body(entry["stack"], told["environment"], text, footer(told["head"]))
        place = (forge, entry["stack"], told["environment"])
        print(f"note on {entry['stack']}: {comments.put(*place, whole, comments.is_news(entry))}", flush=True)


def footer(head):
    return (
        f'Planned for {head[:8]} in <a href="{os.environ["CI_JOB_URL"]}">this job</a>, which has the plan, and '
        "a page of it for a browser, as artifacts. Deployed is exactly this plan, or nothing."
    )


def report(told):
    """What the plans say at places of files, as the widget of a merge request takes it."""
    found = []
    for entry in told["plans"]:
        if entry["file"] is None:
            continue
        log = json.loads(plans.shown(plans.folder() / entry["file"], "sarif"))
        for result in log["runs"][0]["results"]:
            place = result["locations"][0]["physicalLocation"]
            # In the repository, and not where the stacks are planned.
            uri = urllib.parse.unquote(place["artifactLocation"]["uri"])
            path = posixpath.normpath(posixpath.join(setting("DIRECTORY", "."), uri))
            text = result["message"]["text"]
            # Where it stands may change, what it says does not.
            mark = hashlib.sha256("\0".join((result["ruleId"], path, text)).encode()).hexdigest()
            found.append(
                {
                    "description": text.splitlines()[0],
                    "check_name": result["ruleId"],
                    "fingerprint": mark,
                    "severity": "critical" if result["level"] == "error" else "major",
                    "location": {"path": path, "lines": {"begin": place["region"]["startLine"]}},
                }
            )
    return list({one["fingerprint"]: one for one in found}.values())


def deploy():
    if os.environ.get("CAIRN_DEPLOY") == "new":
        code, told = plans.deploy_new(credentials())
    else:
        fetch()
        code, told = plans.deploy_reviewed(credentials())
        if code:
            print("what Cairn refused was not changed: " + plans.reviewed_hint(BY_HAND), flush=True)
    print("\n".join(told), flush=True)
    return code


def fetch():
    """Gets the plans that were made for the merge request this commit comes from."""
    if not os.environ.get("CAIRN_GITLAB_TOKEN"):
        raise Refused("there is no CAIRN_GITLAB_TOKEN to look for the reviewed plan with")
    sha, forge = os.environ["CI_COMMIT_SHA"], GitLab(None)
    merged = [
        one
        for one in forge.api.pages(f"{forge.project}/repository/commits/{sha}/merge_requests?per_page=100")
        if one["state"] == "merged"
        and one["target_branch"] == os.environ["CI_COMMIT_BRANCH"]
        and sha in (one.get("merge_commit_sha"), one.get("squash_commit_sha"), one.get("sha"))
    ]
    if not merged:
        raise Refused(f"no merge request was merged as {sha[:8]}: {plans.reviewed_hint(BY_HAND)}")
    number, head = merged[0]["iid"], merged[0]["sha"]
    job = newest(forge, number)
    if job is not None:
        forge.take(job, plans.LIST)
        told = plans.read()
        if told.get("head") == head:
            for entry in told["plans"]:
                if entry["file"] is not None and Path(entry["file"]).name == entry["file"]:
                    forge.take(job, entry["file"])
            print(f"the plans of !{number} for {head[:8]}, made in job {job}", flush=True)
            return
    raise Refused(
        f"there is no plan for {head[:8]}, the last commit of !{number} (any more): {plans.reviewed_hint(BY_HAND)}"
    )


def newest(forge, number):
    """The last job that planned for a merge request in this project itself; one that ran in a fork
    may have made anything. Whether it was for the last commit its list of plans says."""
    pipelines = [
        one
        for one in forge.api.pages(f"{forge.project}/merge_requests/{number}/pipelines?per_page=100")
        if str(one["project_id"]) == os.environ["CI_PROJECT_ID"] and one.get("source") == "merge_request_event"
    ]
    name = setting("JOB")
    for pipeline in sorted(pipelines, key=lambda one: one["id"], reverse=True):
        path = f"{forge.project}/pipelines/{pipeline['id']}/jobs?per_page=100"
        jobs = [one["id"] for one in forge.api.pages(path) if one["name"] == name]
        if jobs:
            return max(jobs)
    return None


class GitLab:
    """What there is to do with one merge request."""

    def __init__(self, number):
        self.project = f"/projects/{os.environ['CI_PROJECT_ID']}"
        self.notes = f"{self.project}/merge_requests/{number}/notes"
        self.user = None
        self.api = Api(os.environ["CI_API_V4_URL"], {"private-token": os.environ["CAIRN_GITLAB_TOKEN"]})

    def me(self):
        if self.user is None:
            self.user = self.api.get("/user")["id"]
        return self.user

    def comments(self):
        for one in self.api.pages(f"{self.notes}?per_page=100&sort=asc&order_by=created_at"):
            yield {"id": one["id"], "author": one["author"]["id"], "body": one["body"] or ""}

    def create(self, text):
        self.api.send("POST", self.notes, {"body": text})

    def update(self, identifier, text):
        self.api.send("PUT", f"{self.notes}/{identifier}", {"body": text})

    def take(self, job, name):
        """One file of a job's artifacts, into the folder of plans."""
        where = plans.folder()
        where.mkdir(parents=True, exist_ok=True)
        path = urllib.parse.quote(f"{FOLDER}/{name}")
        (where / name).write_bytes(self.api.download(f"{self.project}/jobs/{job}/artifacts/{path}", MOST_BYTES))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
