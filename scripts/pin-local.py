#!/usr/bin/env python3.10
"""Makes the hash-pinned requirements files again: of the emulators, and of the stacks' own tests.

    python3.10 scripts/pin-local.py [FILE...]

Run it after changing a version in ROOTS, and commit what it writes. It must run under the oldest
Python that the emulators support: versions that support the oldest support the newer ones too,
and the requirements that only the oldest has are then seen.

The versions are resolved by pip's public `install --dry-run --report`. pip has no command that
tells the hashes of a release's files for other platforms, so they are listed through pip's own
index client, in a scratch environment with the one pip whose internals this file knows. Nothing
but metadata is fetched. An index host is never written down: a user's mirror stays a user's choice.
"""

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from fnmatch import fnmatch
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent

# Each file, and what it is there for.
ROOTS = {
    "src/local/requirements.txt": ["ministack==1.5.33", "boto3"],
    "tests/support/moto-requirements.txt": [
        "moto[apigateway,awslambda,ec2,iam,logs,s3,sts]==5.2.5",
        "flask",
        "flask-cors",
    ],
    # Between Cairn and an emulator: delays, and answers that are lost.
    "tests/support/microburst-requirements.txt": [
        "microburst==0.10.0",
        "async-timeout",  # aiohttp needs it on Python 3.10 only.
    ],
    # The evaluators that Cairn's is compared with.
    "tests/oracle/requirements.txt": [
        "moto[apigateway,awslambda,ec2,iam,logs,s3,sts]==5.2.5",
        "cfn-lint==1.58.0",
    ],
    # The tests of the persona agent's function and notebook.
    "stacks/persona-agent/tests/requirements.txt": [
        # As in the local AWS.
        "boto3==1.43.106",
        "botocore==1.43.106",
        "hypothesis",
        "ipykernel",
        "nbclient",
        "requests",
        "appnope",  # ipykernel needs it on macOS, and pip resolves here.
    ],
}

PIP = "26.3"
PYTHONS = ["3.10", "3.11", "3.12", "3.13", "3.14"]
INTERPRETERS = {"py3", *("cp" + python.replace(".", "") for python in PYTHONS)}
NEWEST_MINOR = int(PYTHONS[-1].split(".")[1])
SYSTEMS = ["linux", "darwin"]
# Where Cairn runs, and Windows, whose files cost only lines.
PLATFORMS = (
    "any",
    "manylinux*_x86_64",
    "manylinux*_aarch64",
    "musllinux*_x86_64",
    "musllinux*_aarch64",
    "macosx_*",
    "win_amd64",
    "win_arm64",
)

# The argument that says the script already runs inside the scratch environment.
INSIDE = "--inside-the-scratch-environment"


def main(arguments):
    if ".".join(str(part) for part in sys.version_info[:2]) != PYTHONS[0]:
        raise SystemExit(f"run me with Python {PYTHONS[0]}, the oldest that is supported")
    if arguments[:1] == [INSIDE]:
        for file in arguments[1:] or ROOTS:
            print(file, file=sys.stderr)
            (PROJECT / file).write_text(pinned(ROOTS[file]), encoding="utf-8")
        return
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python = str(Path(folder) / "bin" / "python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", f"pip=={PIP}"], check=True)
        raise SystemExit(subprocess.run([python, __file__, INSIDE, *arguments]).returncode)


def pinned(roots):
    """The text of the requirements file."""
    packages = {canonical(one["name"]): one for one in resolved(roots)}
    conditions = conditions_of(roots, packages)
    lines = ["# Made by scripts/pin-local.py; do not edit.", f"# For: {', '.join(roots)}."]
    for name, files in listed(packages).items():
        version = packages[name]["version"]
        hashes = chosen(version, files)
        print(f"  {name} {version}{conditions[name]}: {len(hashes)} files", file=sys.stderr)
        lines.append(f"{name}=={version}{conditions[name]} \\")
        lines.append(" \\\n".join(f"    --hash=sha256:{one}" for one in hashes))
    return "\n".join(lines) + "\n"


def resolved(roots):
    """The metadata of every package that the roots need here, by name."""
    report = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--dry-run"),
            *("--ignore-installed", "--only-binary=:all:", "--report", "-", *roots),
        ],
        check=True,
        stdout=subprocess.PIPE,
    ).stdout
    packages = [one["metadata"] for one in json.loads(report)["install"]]
    return sorted(packages, key=lambda one: canonical(one["name"]))


def conditions_of(roots, packages):
    """Which Pythons need each package, as the marker that pip reads; empty if all do."""
    users = defaultdict(set)
    for python in PYTHONS:
        for system in SYSTEMS:
            for name in needed(roots, packages, environment(python, system)):
                users[name].add(python)
    conditions = {}
    for name in packages:
        using = [python for python in PYTHONS if python in users[name]]
        if using == PYTHONS:
            conditions[name] = ""
        elif using and using == PYTHONS[: len(using)]:
            conditions[name] = f' ; python_version < "{PYTHONS[len(using)]}"'
        else:
            raise SystemExit(f"`{name}` is needed by {using}: write a rule for such a marker")
    return conditions


def environment(python, system):
    return {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_system": system.title(),
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": system,
    }


def needed(roots, packages, environment):
    """The names that an environment needs, walking the requirements from the roots."""
    from pip._vendor.packaging.requirements import Requirement

    names, queue = defaultdict(set), [(root, {""}) for root in roots]
    while queue:
        text, extras = queue.pop()
        requirement = Requirement(text)
        marker, name = requirement.marker, canonical(requirement.name)
        if marker and not any(marker.evaluate({**environment, "extra": one}) for one in extras):
            continue
        if name in names and requirement.extras <= names[name]:
            continue
        if name not in packages:
            raise SystemExit(f"`{name}` is needed in {environment} and was not resolved")
        names[name] |= requirement.extras
        required = packages[name].get("requires_dist", [])
        queue += [(text, {"", *names[name]}) for text in required]
    return names


def listed(names):
    """Each name's files in the index, of all releases."""
    from pip._internal.commands import create_command
    from pip._internal.index.collector import parse_links
    from pip._internal.models.link import Link

    command = create_command("download")
    options, _ = command.parse_args(["pip"])
    with command.main_context():
        session = command.get_default_session(options)
        collector = command._build_package_finder(options, session)._link_collector
        return {
            name: [
                link
                for url in collector.search_scope.get_index_urls_locations(name)
                for link in parse_links(collector.fetch_response(Link(url)))
                if not link.is_yanked
            ]
            for name in names
        }


def chosen(version, links):
    """The hashes of a release's files: wheels, and the source where not every platform has one."""
    from pip._vendor.packaging.utils import parse_sdist_filename, parse_wheel_filename
    from pip._vendor.packaging.version import Version

    wheels, sources, universal = set(), set(), False
    for link in links:
        try:
            if link.is_wheel:
                _, of, _, tags = parse_wheel_filename(link.filename)
                if of == Version(version) and any(fits(tag) for tag in tags):
                    wheels.add(sha256(link))
                    universal |= any(str(tag) == "py3-none-any" for tag in tags)
            elif parse_sdist_filename(link.filename)[1] == Version(version):
                sources.add(sha256(link))
        except ValueError:
            pass  # A name from before names were regular: of no release that is wanted here.
    if not wheels:
        raise SystemExit(f"version {version} of {links[0].filename} has no wheel")
    return sorted(wheels if universal else wheels | sources)


def fits(tag):
    if not any(fnmatch(tag.platform, platform) for platform in PLATFORMS):
        return False
    if tag.abi == "abi3" and tag.interpreter.startswith("cp3"):
        return int(tag.interpreter[3:]) <= NEWEST_MINOR
    return tag.interpreter in INTERPRETERS and not tag.abi.endswith("t")


def sha256(link):
    if link.hash_name != "sha256":
        raise SystemExit(f"the index tells no sha256 of {link.filename}")
    return link.hash


def canonical(name):
    from pip._vendor.packaging.utils import canonicalize_name

    return canonicalize_name(name)


if __name__ == "__main__":
    main(sys.argv[1:])
