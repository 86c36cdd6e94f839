#!/bin/bash
# test_lint.sh: `make lint` finds nothing, the build has no warning, every file is within the house's length.
set -u
n=0

check() { # DESCRIPTION COMMAND...
	local what=$1 out
	shift
	n=$((n + 1))
	if out=$("$@" 2>&1); then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		sed 's/^/# /' <<<"$out" | tail -n 60
	fi
}

no_long_files() {
	local long
	long=$(git ls-files '*.c' '*.h' | xargs wc -l | awk '$2 != "total" && $1 > 700')
	echo "$long"
	[ -z "$long" ]
}

echo "1..4"
check "no warnings" make --no-print-directory -B CI=1 BUILD="${METSUKE_BUILD:-build}/warnings" all
check "cppcheck" make --no-print-directory lint-cppcheck
check "clang-tidy" make --no-print-directory lint-tidy
if git rev-parse 2>/dev/null; then
	check "no file above 700 lines" no_long_files
else
	echo "ok 4 - no file above 700 lines # SKIP not a git work tree"
fi
