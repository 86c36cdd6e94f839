#!/bin/bash
# test_kernels.sh [NAME...]: for every kernel of the list (or those named) the table of packets and the
# verifier's word on the objects, in one boot. TAP. VERIFIER_LIMIT: instructions for a program.
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=${METSUKE_BUILD:-$here/../../build}
export METSUKE_BUILD=$build
limit=${VERIFIER_LIMIT:-1000000}
n=0 bad=0
errors=$(mktemp) || exit 1
trap 'rm -f "$errors"' EXIT
trap 'exit 130' INT TERM HUP

METSUKE_GUEST_FILES=$build/tests/verifier-budget
for test in "$build"/tests/bpf/test_{testrun,listed}; do
	if [ -e "$test" ]; then METSUKE_GUEST_FILES+=" $test"; else echo "# no $test: the programs are not run by it"; fi
done
export METSUKE_GUEST_FILES

notes() { tail -45 "$errors" | sed 's/^/# /'; }

run() { # NAME
	local name=$1 line verdict failed=0 status=0 fetched=0 began=$SECONDS
	"$here/boot.sh" --fetch "$name" 2>"$errors" || fetched=$?
	if [ $fetched = 77 ]; then
		echo "ok $((++n)) - kernel $name # SKIP $(tail -1 "$errors")"
		return
	elif [ $fetched != 0 ]; then
		echo "not ok $((++n)) - kernel $name: its package can be used"
		notes
		bad=1
		return
	fi
	while IFS= read -r line; do
		case $line in
		"status "*) status=${line#status } ;;
		"ok "* | "not ok "*)
			verdict=${line%%ok *}ok
			[ "$verdict" = ok ] || failed=1
			echo "$verdict $((++n)) - kernel $name: ${line#* - }"
			;;
		1..*) ;;
		"#"*) echo "$line" ;;
		*) echo "# $line" ;;
		esac
	done < <("$here/boot.sh" "$name" "$here/guest.sh" "$limit" 2>"$errors"; echo "status $?")
	if [ "$status" != 0 ] && { [ "$status" = 125 ] || [ $failed = 0 ]; }; then
		echo "not ok $((++n)) - kernel $name: the guest ends well (status $status)"
		notes
	fi
	[ "$status$failed" = 00 ] || bad=1
	echo "# kernel $name: $(cat "${METSUKE_KERNELS:-/var/cache/metsuke-kernels}/$name/package"), $((SECONDS - began)) s"
}

[ $# -gt 0 ] || mapfile -t all < <(awk '$1 !~ /^#/ && NF { print $1 }' "$here/list")
for name in "${@:-${all[@]}}"; do run "$name"; done
echo "1..$n"
exit $bad
