#!/bin/sh
# guest.sh LIMIT: what test_kernels.sh runs in the guest, in busybox sh. TAP lines without numbers.
bad=0
for test in test_testrun test_listed; do
	[ -e $test ] || continue
	./$test
	status=$?
	[ $status = 0 ] || bad=1
	[ $status -le 1 ] || echo "not ok - $test: exit status $status"
done
for object in sensor owner; do
	if ./verifier-budget "$1" build/bpf/$object.bpf.o >/tmp/log 2>&1; then
		echo "ok - $object.bpf.o loads, at most $1 instructions verified for a program"
	else
		echo "not ok - $object.bpf.o loads, at most $1 instructions verified for a program"
		bad=1
	fi
	sed 's/^/# /' /tmp/log
done
exit $bad
