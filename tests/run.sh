#!/bin/bash
# run.sh: runs test suites and adds up their TAP lines. usage: tests/run.sh [-k PATTERN] [SUITE...]
#
# A suite is a folder below tests/; its programs are build/tests/SUITE/test_* and the executable scripts
# tests/SUITE/test_*.{sh,py}. -k runs only programs whose name matches the shell pattern *PATTERN*.
set -u
cd "$(dirname "$0")/.." || exit 1

build=${METSUKE_BUILD:-build}
export METSUKE_BUILD=$build BPF_DIR=$build/bpf CMOCKA_MESSAGE_OUTPUT=TAP
log=$build/tests/log
pattern=
passed=0 failed=0 skipped=0 skips= beside=()

while getopts k: option; do
	case $option in
	k) pattern=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
suites=${*:-lint unit parse fuzz replay bpf net kernels}

# Prints a program's failures with their details, and its skips.
show() {
	awk '/^not ok/ { show = 1; print; next }
	     /^ok.*# SKIP/ { show = 0; print; next }
	     /^#/ { if (show) print; next }
	     { show = 0 }' "$1"
}

count() {
	grep -cE "$1" "$2"
}

# measure NAME PROGRAM: one program, its output to the log; beside it, how it ended: "OK NOT_OK SKIPPED SECONDS STATUS".
measure() {
	local out="$log/${1//\//-}" start=$SECONDS rc ok not_ok skip

	"$2" >"$out" 2>"$out.err" </dev/null
	rc=$?
	skip=$(count '^(not )?ok .*# SKIP' "$out") # cmocka 1.1.5 prints a skip as not ok
	ok=$(($(count '^ok ' "$out") - $(count '^ok .*# SKIP' "$out")))
	not_ok=$(($(count '^not ok ' "$out") - $(count '^not ok .*# SKIP' "$out")))
	echo "$ok $not_ok $skip $((SECONDS - start)) $rc" >"$out.end"
}

# report NAME: what measure() left, to the sums and to the reader.
report() {
	local name=$1 out="$log/${1//\//-}" ok not_ok skip seconds rc note=

	read -r ok not_ok skip seconds rc <"$out.end"
	show "$out"
	if [ "$not_ok" = 0 ] && { [ "$rc" != 0 ] || [ $((ok + skip)) = 0 ]; }; then
		not_ok=1
		note=" (exit status $rc)"
		tail -n 30 "$out.err"
		tail -n 3 "$out"
	fi
	printf '%-32s %5d passed %3d failed %3d skipped %4d s%s\n' "$name" "$ok" "$not_ok" "$skip" "$seconds" "$note"
	passed=$((passed + ok)) failed=$((failed + not_ok)) skipped=$((skipped + skip))
	[ "$skip" = 0 ] || skips+=$(grep -E '^(not )?ok .*# SKIP' "$out" | sed -E "s%^(not )?ok [0-9]* *-* *%SKIPPED $name: %")$'\n'
}

mkdir -p "$log"
for suite in $suites; do
	if [ ! -d "tests/$suite" ]; then
		[ $# = 0 ] || { echo "no suite tests/$suite" >&2; failed=$((failed + 1)); }
		continue
	fi
	if ! make --no-print-directory BUILD="$build" "build-tests-$suite" >"$log/$suite-build" 2>&1; then
		tail -n 30 "$log/$suite-build"
		printf '%-32s does not build\n' "$suite"
		failed=$((failed + 1))
		continue
	fi
	for program in "$build/tests/$suite"/test_* "tests/$suite"/test_*.sh "tests/$suite"/test_*.py; do
		name=${program##*/}
		# A program whose source is gone is not run; -d files belong to the compiler.
		[[ -x $program && ! -d $program && $name == *$pattern* && $name != *.d ]] || continue
		case $suite in
		lint) # reads the sources only and takes longest: beside the others, and behind them
			(renice -n 19 $BASHPID >/dev/null; measure "$suite/$name" "$program") &
			beside+=("$suite/$name")
			;;
		kernels) # each emulates one processor: side by side
			measure "$suite/$name" "$program" &
			beside+=("$suite/$name")
			;;
		*)
			measure "$suite/$name" "$program"
			report "$suite/$name"
			;;
		esac
	done
done
wait
for name in "${beside[@]}"; do
	report "$name"
done

printf '%s' "$skips"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
