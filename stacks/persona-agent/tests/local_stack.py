"""The stack, deployed by the built `cairn` to a local AWS of its own, in a copy of the project.

Everything is in a temporary folder, the server's files too, so it disturbs nobody's own local AWS; only the virtual
environment of the server, which takes a while to make, is the user's.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent.parent
STACK = "stacks/persona-agent"

# As many as the tests send: the template's own limits are for a key that is given away.
PARAMETERS = ("RequestsAtOnce=200", "RequestsPerSecond=100", "RequestsPerDay=100000")


class LocalStack:
    def __init__(self, cairn):
        self.cairn = pathlib.Path(cairn).resolve()

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="persona-agent-")
        self.path = pathlib.Path(self.folder.name)
        for name in ("config", "stacks"):
            shutil.copytree(PROJECT / name, self.path / name)
        (self.path / "cache").mkdir()
        environments = users_cache() / "python"
        environments.mkdir(parents=True, exist_ok=True)
        (self.path / "cache" / "python").symlink_to(environments)
        try:
            parameters = [word for one in PARAMETERS for word in ("--parameter", one)]
            self.run("deploy", STACK, "--yes", *parameters)
            outputs = json.loads(self.run("outputs", STACK, "--json"))
            status = self.run("local", "status")
            self.aws, self.agent_runtime = re.findall(r"http://\S+", status)
            self.pid = int(re.search(r"process (\d+)", status)[1])
            api = outputs["InvokeUrl"].removeprefix("https://").split(".")[0]
            self.url = f"{self.aws}/restapis/{api}/local/_user_request_/invoke"
            self.key = json_at(f"{self.aws}/apikeys/{outputs['ApiKeyId']}?includeValue=true")["value"]
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.run("local", "stop")
        self.folder.cleanup()

    def run(self, *arguments, code=0):
        """Runs `cairn` in the copy and gives back what it printed, or complained about if it is to fail."""
        environment = {**os.environ, "CAIRN_ENV": "local", "CAIRN_CACHE_DIR": str(self.path / "cache")}
        command = [str(self.cairn), *arguments]
        done = subprocess.run(command, cwd=self.path, env=environment, text=True, capture_output=True, timeout=300)
        if done.returncode != code:
            sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
        return done.stderr if code else done.stdout

    def counts(self):
        """How many sessions the stand-in has, and how many legs it played and repeated."""
        return json_at(f"{self.agent_runtime}/_agent_runtime/health")


def users_cache():
    """Where `cairn` keeps its virtual environments."""
    if os.environ.get("CAIRN_CACHE_DIR"):
        return pathlib.Path(os.environ["CAIRN_CACHE_DIR"]).absolute()
    home = pathlib.Path.home()
    users = home / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    chosen = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or users)
    return (chosen if chosen.is_absolute() else users) / "cairn"


def json_at(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)
