#!/bin/bash
# test_verifier_budget.sh: the objects of every installed clang load, each program within the budget of verified
# instructions.
set -u
cd "$(dirname "$0")/../.." || exit 1

build=${METSUKE_BUILD:-build}
budget=${BUDGET:-350000}
n=0

for version in 14 15 16 17 18 19; do
	clang=clang-$version
	command -v $clang >/dev/null || continue
	dir=$build/tests/$clang
	n=$((n + 1))
	if ! make --no-print-directory BUILD="$dir" CLANG=$clang "$dir/bpf/sensor.bpf.o" "$dir/bpf/owner.bpf.o" \
		>"$dir.log" 2>&1; then
		echo "not ok $n - $clang: builds"
		tail -n 20 "$dir.log" | sed 's/^/# /'
		continue
	fi
	if "$build/tests/verifier-budget" "$budget" "$dir"/bpf/*.bpf.o >"$dir.log" 2>&1; then
		echo "ok $n - $clang: every program within $budget verified instructions"
	else
		echo "not ok $n - $clang: every program within $budget verified instructions"
	fi
	sed 's/^/# /' "$dir.log" | tail -n 40
done
[ $n != 0 ] || echo "ok 1 - no compiler to try # SKIP no clang-14 to clang-19 installed"
