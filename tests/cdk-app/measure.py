"""What synthesizing the persona agent costs: Cairn beside the CDK, in seconds of CPU and in memory.

    python3 tests/cdk-app/measure.py --cairn target/release/cairn [--modules DIRECTORY] [--runs 5]

The CDK is the one that the tests install below target/cdk; run them first, or give another node_modules. Nothing here
needs an account or the network. Prints JSON.
"""

import argparse
import glob
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def measured(command, directory, environment):
    """Seconds of CPU, seconds, and MiB at most, of one run and all it starts."""
    # The shell's `time` does not tell memory, and a process tells only of all its children together: so one for each.
    code = (
        "import json, resource, subprocess, sys, time\n"
        "began = time.monotonic()\n"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)\n"
        "use = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "if done.returncode: sys.exit(done.stderr.decode())\n"
        "print(json.dumps([use.ru_utime + use.ru_stime, time.monotonic() - began, use.ru_maxrss / 1024]))\n"
    )
    run = ["python3", "-c", code, *map(str, command)]
    return json.loads(subprocess.check_output(run, cwd=directory, env=os.environ | environment))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--cairn", type=pathlib.Path, default=ROOT / "target/release/cairn")
    arguments.add_argument("--modules", type=pathlib.Path)
    arguments.add_argument("--runs", type=int, default=5)
    given = arguments.parse_args()
    installed = sorted(glob.glob(str(ROOT / "target/cdk/*/node_modules")))
    modules = given.modules or (pathlib.Path(installed[-1]) if installed else None)
    if modules is None:
        arguments.error("no CDK is installed: run `cargo test --test it cdk_apps::`, or give --modules")
    cairn, stack = given.cairn.resolve(), ROOT / "stacks/persona-agent"
    context = {"code": str(stack / "lambda")}
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        for name in ("app.js", "cdk.json"):
            shutil.copy(HERE / name, scratch / name)
        (scratch / "node_modules").symlink_to(modules.resolve())
        app = {
            "CDK_OUTDIR": str(scratch / "app.out"),
            "CDK_CONTEXT_JSON": json.dumps(context),
            "CDK_CLI_ASM_VERSION": "55.0.0",
            "CDK_CLI_VERSION": "2.1148.1",
        }
        quiet = {"CDK_DISABLE_CLI_TELEMETRY": "true", "CI": "true"}
        commands = {
            "cairn synth --out": ([cairn, "synth", stack, "--env", "local", "--out", scratch / "cairn.out"], {}),
            "cairn validate": ([cairn, "validate", stack, "--env", "local"], {}),
            "node app.js": (["node", "app.js"], app),
            "node app.js, not validated": (["node", "app.js"], app | {"CDK_VALIDATION": "false"}),
            "cdk synth": (
                ["node", modules / "aws-cdk/bin/cdk", "synth", "--quiet", "--no-notices", "--output", scratch / "cdk.out"]
                + ["--context", f"code={context['code']}"],
                quiet,
            ),
        }
        told = {}
        for name, (command, environment) in commands.items():
            runs = [measured(command, scratch, environment) for _ in range(given.runs)]
            cpu, wall, memory = (statistics.median(column) for column in zip(*runs))
            told[name] = {"cpu_s": round(cpu, 4), "wall_s": round(wall, 4), "max_mib": round(memory, 1)}
        ours = told["cairn synth --out"]["cpu_s"]
        for row in told.values():
            row["times_cairn_synth"] = round(row["cpu_s"] / ours, 1)
    print(json.dumps({"runs": given.runs, "cairn": str(given.cairn), "measured": told}, indent=2))


if __name__ == "__main__":
    main()
