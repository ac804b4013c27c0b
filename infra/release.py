"""Builds what a release has: both programs for each architecture that this machine has a target of, in archives.

    python infra/release.py zip BINARY ARCHIVE    # the deployment package of a function
    python infra/release.py all FOLDER            # needs aws-sam-translator; `make venv` installs it

The same binary gives the same archives, byte for byte: no clock, no owner, no mode of the day. CARGO and RUSTC in the
environment name the programs.
"""

import gzip
import hashlib
import io
import os
import shlex
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import sbom

# Lambda's name of each architecture, with its targets: the first is linked statically, and taken where it is installed.
TARGETS = {
    "x86_64": ("x86_64-unknown-linux-musl", "x86_64-unknown-linux-gnu"),
    "arm64": ("aarch64-unknown-linux-musl", "aarch64-unknown-linux-gnu"),
}
EXECUTABLE, PLAIN = 0o755, 0o644


def zipped(binary):
    """Deployment package of a function: the binary alone, as `bootstrap`."""
    entry = zipfile.ZipInfo("bootstrap", (1980, 1, 1, 0, 0, 0))
    entry.create_system = 3
    entry.external_attr = (0o100000 | EXECUTABLE) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr(entry, binary, compresslevel=9)
    return archive.getvalue()


def tarred(folder, files):
    """A .tar.gz of one folder. `files` has pairs of mode and content by name."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as out:
        for name, (mode, content) in sorted(files.items()):
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.mode, entry.size = mode, len(content)
            out.addfile(entry, io.BytesIO(content))
    return gzip.compress(archive.getvalue(), compresslevel=9, mtime=0)


def rustc(*arguments):
    command = [*shlex.split(os.environ.get("RUSTC") or "rustc"), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def installed():
    """Targets that have a standard library on this machine."""
    libraries = Path(rustc("--print", "sysroot").strip()) / "lib/rustlib"
    return {folder.name for folder in libraries.glob("*/") if (folder / "lib").is_dir()}


def chosen():
    """Target by architecture. Says what is left out, and what is not linked statically."""
    here, targets = installed(), {}
    for architecture, (static, dynamic) in TARGETS.items():
        advice = f"rustup target add {static}, with a C compiler and linker for it"
        if static in here:
            targets[architecture] = static
        elif dynamic in here:
            targets[architecture] = dynamic
            print(f"{architecture} is linked with the C library of this machine; static instead: {advice}")
        else:
            print(f"{architecture} is left out: {advice}")
    if not targets:
        sys.exit("there is nothing to build: this machine has no target of Linux")
    return targets


def built(target):
    """The two programs for this target, one after the other: together they would have each other's features."""
    # The machine's own target shares its folder with `make build`.
    is_host = f"host: {target}\n" in rustc("-vV")
    folder = Path(os.environ.get("CARGO_TARGET_DIR") or sbom.ROOT / "target") / ("" if is_host else target) / "release"
    for package in ("budget-guard-lambda", "budget-guard"):
        command = [*sbom.cargo(), "build", "--release", "--locked", "--package", package]
        subprocess.run(command + ([] if is_host else ["--target", target]), cwd=sbom.ROOT, check=True)
    return (folder / "bootstrap").read_bytes(), (folder / "budget-guard").read_bytes()


def version():
    manifest = tomllib.loads((sbom.ROOT / "Cargo.toml").read_text(encoding="utf-8"))
    return manifest["workspace"]["package"]["version"]


def stack(architecture, bootstrap):
    """Files of the stack: what an account needs, without SAM and Rust."""
    # For this alone a package of others is needed.
    from expand import for_all_accounts, packaged

    def script(name, mode):
        return (mode, (sbom.ROOT / "infra" / name).read_bytes())

    return {
        "bootstrap.zip": (PLAIN, zipped(bootstrap)),
        "template.json": (PLAIN, packaged("bootstrap.zip", architecture).encode()),
        "ARCHITECTURE": (PLAIN, f"{architecture}\n".encode()),
        "install": script("install", EXECUTABLE),
        "stackset": script("stackset", EXECUTABLE),
        "stackset.json": (PLAIN, for_all_accounts(architecture).encode()),
        "bucket.sh": script("bucket.sh", PLAIN),
    }


def release(folder):
    common = {
        "LICENSE": (PLAIN, (sbom.ROOT / "LICENSE").read_bytes()),
        "VERSION": (PLAIN, f"{version()}\n".encode()),
    }
    files = {}
    for architecture, target in chosen().items():
        bootstrap, command = built(target)
        system = target.partition("-")[0] + "-linux"
        own = {"budget-guard": (EXECUTABLE, command)}
        files[f"budget-guard-{system}.tar.gz"] = tarred("budget-guard", common | own)
        files[f"budget-guard-{system}.cdx.json"] = sbom.bill("budget-guard", target).encode()
        own = stack(architecture, bootstrap)
        files[f"budget-guard-stack-{architecture}.tar.gz"] = tarred("budget-guard-stack", common | own)
        files[f"budget-guard-stack-{architecture}.cdx.json"] = sbom.bill("budget-guard-lambda", target).encode()
    sums = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items())]
    files["SHA256SUMS"] = "".join(sums).encode()
    folder.mkdir(parents=True, exist_ok=True)
    # What an earlier run made of another target would be in no list of sums.
    for old in folder.glob("budget-guard-*"):
        old.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    print(f"budget-guard {version()} in {folder}: {', '.join(sorted(files))}")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments[:1] == ["zip"] and len(arguments) == 3:
        Path(arguments[2]).write_bytes(zipped(Path(arguments[1]).read_bytes()))
    elif arguments[:1] == ["all"] and len(arguments) == 2:
        release(Path(arguments[1]))
    else:
        sys.exit(__doc__)
