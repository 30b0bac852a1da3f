#!/usr/bin/env python3
"""Lists the AWS services that VPC endpoints reach in data/endpoint-services.txt.

Usage: scripts/endpoint_services.py

AWS has no public list that is made for programs. The CDK keeps one, as constants of aws-cdk-lib (Apache-2.0); npm
fetches the package, and of its source only the names are taken. A line is a name, with `{region}` where that of the
endpoint stands, and the types of endpoint that reach it.
"""
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VERSION = "2.276.0"
MEMBER = "package/aws-ec2/lib/vpc-endpoint.js"
OUTPUT = Path(__file__).resolve().parent.parent / "data" / "endpoint-services.txt"
# new InterfaceVpcEndpointAwsService("notebook","aws.sagemaker",void 0,{global:!0})
CONSTANT = re.compile(r'new (Gateway|Interface)VpcEndpointAwsService\("([^"]+)"(?:,"([^"]*)")?([^)]*)\)')


def main():
    with tempfile.TemporaryDirectory() as folder:
        package = ["npm", "pack", "--silent", f"aws-cdk-lib@{VERSION}"]
        subprocess.run(package, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
            source = archive.extractfile(MEMBER).read().decode()
    services = {}
    for kind, name, prefix, options in CONSTANT.findall(source):
        region = "" if "global" in options else "{region}."
        services.setdefault(f"{prefix or 'com.amazonaws'}.{region}{name}", set()).add(kind)
    lines = [f"{name} {' '.join(sorted(kinds))}" for name, kinds in sorted(services.items())]
    OUTPUT.write_text("\n".join(lines) + "\n")
    print(f"{len(lines)} services -> {OUTPUT}", file=sys.stderr)


if __name__ == "__main__":
    main()
