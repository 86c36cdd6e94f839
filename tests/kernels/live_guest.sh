#!/bin/sh
# live_guest.sh: what test_live.py runs in the guest, in busybox sh: the daemon started, killed and deprived in
# turn. Prints what was seen in sections, "== NAME" and lines; test_live.py judges.
#
# va and vc lead to the namespace far, where a server answers; another one answers here, over lo.
exec 2>&1
ip() { /sbin/ip "$@"; }
tc() { /sbin/tc "$@"; }
section() { echo "== $1"; }
lock=/sys/kernel/security/lockdown

setup() {
	hostname guest
	printf 'interfaces: [va, lo]\nlog:\n  level: debug\n' >metsuke.yaml
	cp peer client
	ip netns add far
	for link in "0 va vb" "1 vc vd"; do
		set -- $link
		ip link add $2 type veth peer name $3 netns far
		ip addr add 198.18.$1.1/24 dev $2
		ip addr add 2001:db8:$1::1/64 dev $2 nodad
		ip -n far addr add 198.18.$1.2/24 dev $3
		ip -n far addr add 2001:db8:$1::2/64 dev $3 nodad
		ip link set $2 up
		ip -n far link set $3 up
	done
	ip netns exec far ./peer serve &
	./peer serve &
	sleep 0.3
}

# traffic TAG NET: lookups and requests over the link of that number, and a lookup over lo. Names carry the tag.
traffic() {
	section "traffic $1"
	./client dns 198.18.$2.2 dns4.$1.lab.test
	./client dns 2001:db8:$2::2 nx.dns6.$1.lab.test
	./client http 198.18.$2.2 http4.$1.lab.test
	./client http 2001:db8:$2::2 http6.$1.lab.test
	./client dns 127.0.0.1 lo4.$1.lab.test
	./client dns ::1 nx.lo6.$1.lab.test
}

# start TAG ARGS...: up to the event that says so. Sets pid.
start() {
	local tag=$1
	shift
	./metsuke run -c metsuke.yaml -S /tmp/store.$tag "$@" -o file:/tmp/events.$tag >/tmp/log.$tag 2>&1 &
	pid=$!
	until grep -q metsuke-started /tmp/events.$tag 2>/dev/null || ! kill -0 $pid 2>/dev/null; do sleep 0.3; done
}

# stop TAG SIGNAL
stop() {
	section "exit $1"
	kill -$2 $pid
	wait $pid
	echo $?
	section "events $1"
	cat /tmp/events.$1
	section "log $1"
	cat /tmp/log.$1
}

# evil [BELOW]: a lookup of a listed name, out of the machine and over lo
evil() {
	./client dns 198.18.1.2 $1evil.lab.test 1000
	./client dns ::1 $1evil.lab.test 1000
}

show_tc() {
	local dev
	section "tc $1"
	for dev in va vc lo; do
		tc qdisc show dev $dev | sed "s/^/$dev /"
		tc filter show dev $dev egress | sed "s/^/$dev /"
	done
}

status() {
	section "status $1"
	./metsuke status --json
}

check() {
	section "check $1"
	./metsuke check -c metsuke.yaml
	echo "exit $?"
}

unprivileged() { # COMMAND
	su -s /bin/sh nobody -c "./metsuke $1"
	echo "exit $?"
}

setup
section kernel
uname -r

section unprivileged
chmod 644 metsuke.yaml
unprivileged "check -c metsuke.yaml"
unprivileged "run -c metsuke.yaml -i lo -R /tmp/r"

check plain

# first: the default folders; second: others, another interface, and lo together with the first.
tc qdisc add dev va clsact
start first
first=$pid
traffic first 0
status first
show_tc first
section busy
./metsuke run -c metsuke.yaml -i vc -o file:/tmp/events.busy
echo "exit $?"
section rival
./metsuke run -c metsuke.yaml -i va -R /run/m3 -P /sys/fs/bpf/m3 -o file:/tmp/events.rival
echo "exit $?"
echo evil.lab.test >evil.txt
start second -i vc -i lo -R /run/m2 -P /sys/fs/bpf/m2 -e listed -l evil.txt
second=$pid
traffic both 1
show_tc both
pid=$first
stop first TERM
show_tc first-gone
pid=$second
traffic second 1
section denied
evil; evil www.
sleep 1 # it has no chance to write what it holds
stop second KILL
show_tc second-killed
section pins
ls /sys/fs/bpf/m2
traffic nobody 1
section let-go
for i in 1 2 3 4 5 6 7 8 9 10; do evil | grep " answered" && break; sleep 1; done
start third -i vc -i lo -R /run/m2 -P /sys/fs/bpf/m2
show_tc third
traffic third 1
stop third TERM
show_tc third-gone
tc qdisc del dev va clsact
tc qdisc del dev vc clsact
tc qdisc del dev lo clsact

umount /sys/fs/bpf
umount /sys/fs/cgroup
start bare
traffic bare 0
status bare
show_tc bare
stop bare TERM
show_tc bare-gone

mkdir /tmp/empty
mount -o bind /tmp/empty /sys/kernel/btf
section "check bare" # nobody's: the programs are not loaded, which would take its time
unprivileged "check -c metsuke.yaml"
mount -t cgroup2 none /sys/fs/cgroup
start btf
traffic btf 0
status btf
stop btf TERM
umount /sys/kernel/btf

[ -e $lock ] || mount -t securityfs none /sys/kernel/security
section lockdown
grep -q '\[confidentiality\]' $lock || echo confidentiality >$lock
cat $lock
check locked
start locked
traffic locked 0
status locked
stop locked TERM
section end
cut -d' ' -f1 /proc/uptime
