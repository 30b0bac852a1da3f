#!/usr/bin/env bash
# Cargo's RUSTC_WRAPPER: tells the compiler to note which branches are taken, in the code under test and nowhere else.
set -euo pipefail
case " $* " in
    *" --crate-name cairn "* | *" --crate-name granit_parser "* | *" --crate-name yaml_events "* | *" --crate-name template "*)
        exec "$@" -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
            -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
            -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing
        ;;
esac
exec "$@"
