"""Software bill of materials of one program, in CycloneDX JSON: exactly the packages that are linked into it.

`cargo tree` resolves the features of that package alone, and leaves out build scripts, tests and procedural macros.
Source of the format: "CycloneDX v1.6 JSON Reference" (OWASP).
"""

import json
import os
import re
import shlex
import subprocess
import tomllib
import uuid
from pathlib import Path

ROOT = Path(__file__).parents[1]
LINE = re.compile(r"(\d+)\|(\S+) v(\S+)( [^|]*)?\|(.*)")


def cargo():
    return shlex.split(os.environ.get("CARGO") or "cargo")


def linked(package, target):
    """Packages by (name, version), each with its licence and the packages that it depends on. The first is the root."""
    command = [*cargo(), "tree", "--locked", "--package", package, "--target", target]
    command += ["--edges", "normal,no-proc-macro", "--prefix", "depth", "--format", "|{p}|{l}"]
    lines = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    packages, path = {}, []
    for line in filter(None, lines):
        found = LINE.fullmatch(line)
        if not found:
            raise SystemExit(f"cargo tree printed a line that is not understood: {line}")
        depth, name, version, _, licence = found.groups()
        key = (name, version)
        # A package that comes again is marked so, and has its dependencies at its first place.
        known = packages.setdefault(key, {"licence": licence.removesuffix(" (*)"), "needs": set()})
        known["licence"] = known["licence"] or licence.removesuffix(" (*)")
        del path[int(depth) :]
        if path:
            packages[path[-1]]["needs"].add(key)
        path.append(key)
    return packages


def checksums():
    """SHA-256 of the sources of each package, from Cargo.lock. Packages of this repository have none."""
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text(encoding="utf-8"))
    return {(one["name"], one["version"]): one.get("checksum") for one in lock["package"]}


def purl(key):
    return f"pkg:cargo/{key[0]}@{key[1].replace('+', '%2B')}"


def component(key, package, checksum, kind):
    body = {"type": kind, "bom-ref": purl(key), "name": key[0], "version": key[1], "purl": purl(key)}
    if package["licence"]:
        # A slash is Cargo's old way to write OR.
        body["licenses"] = [{"expression": re.sub(r"\s*/\s*", " OR ", package["licence"])}]
    if checksum:
        body["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    return body


def bill(package, target):
    """The document as text. The same packages give the same text: no clock, and the serial number is of the content."""
    packages, sums = linked(package, target), checksums()
    root = next(iter(packages))
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": component(root, packages[root], None, "application"),
            "properties": [{"name": "budget-guard:target", "value": target}],
        },
        "components": [
            component(key, packages[key], sums.get(key), "library") for key in sorted(packages) if key != root
        ],
        "dependencies": [
            {"ref": purl(key), "dependsOn": sorted(map(purl, packages[key]["needs"]))} for key in sorted(packages)
        ],
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(document, sort_keys=True))
    return json.dumps({**document, "serialNumber": f"urn:uuid:{serial}"}, indent=1) + "\n"
