#!/bin/bash
# test_vectors.sh: the detectors give what the test vectors say: those kept here, and those that are lent. And a wrong
# expectation is found.
set -u
cd "$(dirname "$0")/../.." || exit 1
program=${METSUKE_BUILD:-build}/tests/vectors
lent=${METSUKE_SHARED:-../shared}/vectors
status=0

"$program" tests/vectors/data || status=1
if [ -d "$lent" ]; then
	"$program" "$lent" || status=1
else
	echo "ok - the lent vectors # SKIP $lent is not there"
fi

work=$(mktemp -d) || exit 1
trap 'rm -r "$work"' EXIT

# wrong WHAT FROM TO: with FROM changed to TO in a copy, exactly one case fails.
wrong() {
	sed "s/$2/$3/" tests/vectors/data/chebyshev.json >"$work/chebyshev.json"
	if "$program" "$work" >"$work/out"; then
		echo "not ok - $1: nothing failed"
		status=1
	elif ! grep -q ' 1 failed, ' "$work/out"; then
		echo "not ok - $1"
		sed 's/^/# /' "$work/out"
		status=1
	else
		echo "ok - $1"
	fi
}

wrong "a limit that is 2e-9 off is found" 5.83503419072 5.83503420239
wrong "a row that is not the flagged one is found" '"flagged":\[9\]' '"flagged":[8]'
wrong "a limit where there is none is found" '"odv_l":null,"odv_u":2.561' '"odv_l":-1e9,"odv_u":2.561'
exit $status
