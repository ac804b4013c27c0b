#!/usr/bin/env bash
# Writes the findings to $SARIF, prints them, and ends with the exit code of `budget-guard lint`.
set -euo pipefail
root="$ACTION/../../.."
program="${PROGRAM:-${CARGO_TARGET_DIR:-$root/target}/release/budget-guard}"
# Patterns of files are expanded here, and nothing else of the input is.
IFS=$' \t\n' read -r -d '' -a patterns <<< "$FILES" || true
shopt -s nullglob globstar
files=()
for pattern in "${patterns[@]}"; do
  IFS= found=($pattern)
  [ "${#found[@]}" -gt 0 ] || { echo "no file: $pattern" >&2; exit 2; }
  files+=("${found[@]}")
done
code=0
"$program" lint --sarif -- "${files[@]}" > "$SARIF" || code=$?
"$program" lint --notes -- "${files[@]}" || true
exit "$code"
