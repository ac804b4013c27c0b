//! `make release` with stand-ins for the compiler: archives that are the same each time, and lists of what is in them.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use budget_guard_tests::Failure;
use budget_guard_tests::emulator::venv_program;
use budget_guard_tests::folders::root;
use serde_json::Value;
use tempfile::TempDir;

const STATIC: [&str; 2] = ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"];

fn program(path: &Path, script: &str) -> Result<(), Failure> {
    fs::write(path, format!("#!/bin/sh\n{script}\n"))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// A machine with these targets, in a folder. Its `cargo build` writes small programs, all else is Cargo's own.
struct Machine(TempDir);

impl Machine {
    fn new(targets: &[&str]) -> Result<Self, Failure> {
        let machine = Self(tempfile::tempdir()?);
        for target in targets {
            fs::create_dir_all(machine.path(&format!("rust/lib/rustlib/{target}/lib")))?;
        }
        let rust = machine.path("rust").display().to_string();
        program(
            &machine.path("rustc"),
            &format!(
                "[ \"$*\" = '--print sysroot' ] && {{ echo {rust}; exit; }}\necho 'host: x86_64-unknown-linux-gnu'"
            ),
        )?;
        let build = r#"
            folder=$CARGO_TARGET_DIR/$(printf '%s\n' "$@" | sed -n '/^--target$/{n;p;}')/release
            mkdir -p "$folder"
            echo "bootstrap of $folder" > "$folder/bootstrap"
            echo "budget-guard of $folder" > "$folder/budget-guard"
            echo "$*" >> "$CARGO_TARGET_DIR/calls""#;
        let cargo = env!("CARGO");
        // Cargo asks the real compiler.
        let script =
            format!("[ \"$1\" = build ] && {{ {build}\nexit; }}\nunset RUSTC\nexec {cargo} --offline \"$@\"");
        program(&machine.path("cargo"), &script)?;
        fs::create_dir(machine.path("target"))?;
        Ok(machine)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn release(&self) -> Result<(bool, String), Failure> {
        let output = Command::new(venv_program("python")?)
            .args(["infra/release.py", "all"])
            .arg(self.path("out"))
            .env("CARGO", self.path("cargo"))
            .env("RUSTC", self.path("rustc"))
            .env("CARGO_TARGET_DIR", self.path("target"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .current_dir(root())
            .output()?;
        let told = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
        Ok((output.status.success(), told))
    }

    /// Names of the released files.
    fn files(&self) -> Result<BTreeSet<String>, Failure> {
        let entries = fs::read_dir(self.path("out"))?;
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    /// Output of a program in the folder of the release.
    fn run(&self, command: &str) -> Result<String, Failure> {
        let output = Command::new("sh").args(["-c", command]).current_dir(self.path("out")).output()?;
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }
}

#[test]
fn a_release_has_both_architectures_and_is_the_same_each_time() -> Result<(), Failure> {
    let machine = Machine::new(&[STATIC[0], STATIC[1], "x86_64-unknown-linux-gnu"])?;
    let (is_good, told) = machine.release()?;
    assert!(is_good && !told.contains("left out") && !told.contains("C library"), "{told}");
    let calls = fs::read_to_string(machine.path("target/calls"))?;
    assert_eq!(calls.lines().count(), 4, "{calls}");
    assert!(
        calls.lines().all(|call| call.contains("--release --locked") && call.contains("-musl")),
        "{calls}"
    );

    let expected = ["x86_64", "arm64"].map(|name| format!("budget-guard-stack-{name}"));
    let expected =
        expected.into_iter().chain(["x86_64", "aarch64"].map(|name| format!("budget-guard-{name}-linux")));
    let mut expected: BTreeSet<String> =
        expected.flat_map(|name| [format!("{name}.tar.gz"), format!("{name}.cdx.json")]).collect();
    expected.insert("SHA256SUMS".to_owned());
    assert_eq!(machine.files()?, expected);
    let sums = fs::read_to_string(machine.path("out/SHA256SUMS"))?;
    assert_eq!(machine.run("sha256sum --check --strict SHA256SUMS")?.lines().count(), 8);

    let listed = machine.run("tar -tvzf budget-guard-aarch64-linux.tar.gz")?;
    let command = listed.lines().find(|line| line.ends_with(" budget-guard/budget-guard"));
    assert!(command.is_some_and(|line| line.starts_with("-rwxr-xr-x 0/0")), "{listed}");
    let content = machine.run("tar -xOzf budget-guard-aarch64-linux.tar.gz budget-guard/budget-guard")?;
    assert!(content.contains("budget-guard of ") && content.contains(STATIC[1]), "{content}");

    // A file of an earlier release, which no sum covers.
    fs::write(machine.path("out/budget-guard-riscv64-linux.tar.gz"), "old")?;
    let (is_good, told) = machine.release()?;
    assert!(is_good, "{told}");
    assert_eq!(machine.files()?, expected);
    assert_eq!(fs::read_to_string(machine.path("out/SHA256SUMS"))?, sums);
    Ok(())
}

#[test]
fn a_release_says_what_it_leaves_out() -> Result<(), Failure> {
    let machine = Machine::new(&["x86_64-unknown-linux-gnu"])?;
    let (is_good, told) = machine.release()?;
    for expected in [
        "x86_64 is linked with the C library of this machine; static instead: rustup target add x86_64-unknown-linux-musl",
        "arm64 is left out: rustup target add aarch64-unknown-linux-musl",
    ] {
        assert!(is_good && told.contains(expected), "{told}missing: {expected}");
    }
    // The machine's own target lies in the folder that `make build` fills.
    let calls = fs::read_to_string(machine.path("target/calls"))?;
    assert!(!calls.contains("--target"), "{calls}");
    assert!(machine.files()?.iter().all(|name| !name.contains("arm64") && !name.contains("aarch64")));

    let (is_good, told) = Machine::new(&["aarch64-apple-darwin"])?.release()?;
    assert!(!is_good && told.contains("this machine has no target of Linux"), "{told}");
    Ok(())
}

#[test]
fn the_stack_of_a_release_needs_no_transform() -> Result<(), Failure> {
    let machine = Machine::new(&STATIC)?;
    let (is_good, told) = machine.release()?;
    assert!(is_good, "{told}");
    let template =
        machine.run("tar -xOzf budget-guard-stack-arm64.tar.gz budget-guard-stack/template.json")?;
    let template: Value = serde_json::from_str(&template)?;
    assert!(template.get("Transform").is_none());
    let architecture = &template["Parameters"]["Architecture"];
    assert_eq!(architecture["Default"], "arm64");
    assert_eq!(architecture["AllowedValues"], serde_json::json!(["arm64"]));
    let resources = template["Resources"].as_object().ok_or("no resources")?.values();
    let code: Vec<&Value> = resources
        .filter(|resource| resource["Type"] == "AWS::Lambda::Function")
        .map(|function| &function["Properties"]["Code"])
        .collect();
    // `aws cloudformation package` uploads such a file.
    assert_eq!(code, ["bootstrap.zip"; 2]);
    let listed = machine.run("tar -tvzf budget-guard-stack-arm64.tar.gz")?;
    for (name, mode) in [("install", "-rwxr-xr-x"), ("stackset", "-rwxr-xr-x"), ("bucket.sh", "-rw-r--r--")] {
        let line = listed.lines().find(|line| line.ends_with(&format!(" budget-guard-stack/{name}")));
        assert!(line.is_some_and(|line| line.starts_with(&format!("{mode} 0/0"))), "{listed}");
    }
    assert_eq!(
        machine.run("tar -xOzf budget-guard-stack-arm64.tar.gz budget-guard-stack/ARCHITECTURE")?,
        "arm64\n"
    );
    let zip = "tar -xOzf budget-guard-stack-arm64.tar.gz budget-guard-stack/bootstrap.zip > ../b.zip";
    machine.run(zip)?;
    let list = machine.run("python3 -m zipfile --list ../b.zip")?;
    assert!(list.contains("bootstrap ") && list.contains("1980-01-01"), "{list}");
    Ok(())
}

/// Packages in `cargo tree`, which are in the program.
fn linked(package: &str, target: &str) -> Result<BTreeSet<String>, Failure> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--prefix", "none", "--format", "{p}", "--package", package])
        .args(["--target", target, "--edges", "normal,no-proc-macro"])
        .current_dir(root())
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let names =
        text.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join("@").replace("@v", "@"));
    Ok(names.filter(|name| !name.is_empty()).collect())
}

/// Required fields, enumerations and patterns of the schema. Source: "bom-1.6.schema.json" (CycloneDX).
fn check_bill(bill: &Value) {
    assert_eq!(bill["bomFormat"], "CycloneDX");
    assert_eq!(bill["specVersion"], "1.6");
    assert_eq!(bill["version"], 1);
    let serial = bill["serialNumber"]
        .as_str()
        .and_then(|text| text.strip_prefix("urn:uuid:"))
        .expect("a serial number");
    let parts: Vec<usize> = serial.split('-').map(str::len).collect();
    assert_eq!(parts, [8, 4, 4, 4, 12], "{serial}");
    assert!(serial.chars().all(|c| c == '-' || c.is_ascii_digit() || ('a'..='f').contains(&c)), "{serial}");
    let known =
        ["bomFormat", "specVersion", "version", "serialNumber", "metadata", "components", "dependencies"];
    let keys: BTreeSet<&str> = bill.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(keys, BTreeSet::from(known));
    let root = &bill["metadata"]["component"];
    assert_eq!(root["type"], "application");
    let components = bill["components"].as_array().expect("components");
    let mut references = BTreeSet::new();
    for component in components.iter().chain([root]) {
        let text = |key: &str| component[key].as_str().unwrap_or_else(|| panic!("no {key}: {component}"));
        assert!(["application", "library"].contains(&text("type")), "{component}");
        let purl = format!("pkg:cargo/{}@{}", text("name"), text("version").replace('+', "%2B"));
        assert_eq!(text("purl"), purl);
        assert!(references.insert(text("bom-ref")), "twice: {component}");
        let licence = component["licenses"][0]["expression"].as_str();
        assert!(licence.is_some_and(|licence| !licence.is_empty() && !licence.contains('/')), "{component}");
        let is_own = licence == Some("Apache-2.0") && component["version"] == root["version"];
        let hash = &component["hashes"][0];
        let is_hash =
            hash["alg"] == "SHA-256" && hash["content"].as_str().is_some_and(|hash| hash.len() == 64);
        assert!(is_hash || (is_own && component.get("hashes").is_none()), "{component}");
    }
    let dependencies = bill["dependencies"].as_array().expect("dependencies");
    let of: BTreeSet<&str> = dependencies.iter().filter_map(|one| one["ref"].as_str()).collect();
    assert_eq!(of, references);
    for needed in dependencies.iter().flat_map(|one| one["dependsOn"].as_array().expect("a list")) {
        assert!(needed.as_str().is_some_and(|needed| references.contains(needed)), "{needed}");
    }
}

#[test]
fn bills_of_materials_name_what_is_linked_and_nothing_else() -> Result<(), Failure> {
    let machine = Machine::new(&STATIC)?;
    let (is_good, told) = machine.release()?;
    assert!(is_good, "{told}");
    for (file, package, target, unwanted) in [
        ("budget-guard-x86_64-linux", "budget-guard", STATIC[0], ["lambda_runtime", "insta"]),
        ("budget-guard-stack-arm64", "budget-guard-lambda", STATIC[1], ["clap", "proptest"]),
    ] {
        let bill: Value = serde_json::from_slice(&fs::read(machine.path(&format!("out/{file}.cdx.json")))?)?;
        check_bill(&bill);
        let components = bill["components"].as_array().ok_or("no components")?;
        let components = components.iter().chain([&bill["metadata"]["component"]]);
        let text = |component: &Value, key: &str| component[key].as_str().unwrap_or_default().to_owned();
        let names: BTreeSet<String> =
            components.map(|one| format!("{}@{}", text(one, "name"), text(one, "version"))).collect();
        assert_eq!(names, linked(package, target)?);
        assert!(names.len() > 100, "{}", names.len());
        for name in unwanted {
            assert!(!names.iter().any(|seen| seen.starts_with(&format!("{name}@"))), "{file} has {name}");
        }
        // Procedural macros run in the compiler.
        assert!(!names.iter().any(|seen| seen.starts_with("serde_derive@")), "{file}");
    }
    Ok(())
}

/// No engine for containers is needed: this reads what one would do.
#[test]
fn the_image_is_one_program_without_root() -> Result<(), Failure> {
    let text = fs::read_to_string(root().join("Containerfile"))?;
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let manifest = fs::read_to_string(root().join("Cargo.toml"))?;
    let rust = manifest.split("rust-version = \"").nth(1).and_then(|rest| rest.split('"').next());
    assert_eq!(lines[0], format!("FROM rust:{}-alpine AS build", rust.ok_or("no version of Rust")?));
    let last = lines.iter().rposition(|line| line.starts_with("FROM ")).ok_or("no stage")?;
    assert_eq!(lines[last], "FROM scratch");
    let of_last =
        |word: &str| lines[last..].iter().filter_map(|line| line.strip_prefix(word)).collect::<Vec<_>>();
    let [user] = of_last("USER ")[..] else { panic!("{text}") };
    assert!(user.split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id > 0)), "{user}");
    assert_eq!(of_last("ENTRYPOINT "), [r#"["/budget-guard"]"#]);
    assert!(of_last("RUN ").is_empty());
    for source in lines[..last].iter().filter_map(|line| line.strip_prefix("COPY ")) {
        let mut words: Vec<&str> = source.split(' ').collect();
        words.pop();
        assert!(!words.is_empty() && words.iter().all(|word| root().join(word).exists()), "{source}");
    }
    // Each member of the workspace has to be there for Cargo.
    let members =
        manifest.split("members = [").nth(1).and_then(|rest| rest.split(']').next()).ok_or("no members")?;
    for member in members.split('"').skip(1).step_by(2) {
        let folder = member.split('/').next().unwrap_or_default();
        assert!(lines[..last].contains(&format!("COPY {folder} {folder}").as_str()), "{member}");
    }
    Ok(())
}
