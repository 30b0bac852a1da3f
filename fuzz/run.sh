#!/usr/bin/env bash
# Looks for a template that Cairn cannot take, for so many seconds: fuzz/run.sh SECONDS
#
# Building costs a minute of CPU. It needs a C++ compiler, and no nightly Rust: libFuzzer comes with its crate, and the notes on branches that it steers by
# are made by a pass of the stable compiler (wrapper.sh). The AWS SDK is taken from target/debug as the project's own tests
# built it. `cargo fuzz` builds the same target, and the whole SDK once more.
#
# What is found lies in target/fuzz/; `target/debug/template FILE` runs it again. Make it a unit test.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target=$(realpath "${CARGO_TARGET_DIR:-target}")
# The same versions as the project, or the SDK would be built again.
cp Cargo.lock fuzz/Cargo.lock
RUSTC_WRAPPER="$PWD/fuzz/wrapper.sh" cargo build --quiet --manifest-path fuzz/Cargo.toml --target-dir "$target"
mkdir -p "$target/fuzz/corpus"
"$target/debug/template" -max_total_time="${1:-30}" -timeout=10 -rss_limit_mb=1024 -max_len=20000 -use_value_profile=1 \
    -print_final_stats=1 -verbosity=0 -dict=fuzz/template.dict -artifact_prefix="$target/fuzz/" \
    "$target/fuzz/corpus" stacks tests/contract tests/golden/errors
