#!/bin/bash
# fresh-machine.sh [COMMAND...]: tries the work tree on a fresh Debian 12, by hand and as root: debootstrap in
# ${METSUKE_FRESH:-/var/tmp/fresh} when that folder is missing (a minimal system, git, make, ca-certificates),
# the tree copied to /metsuke in it, COMMAND run there. Default: deps and build, then deps for the tests and
# a look whether every command they need is there; `fresh-machine.sh make test` runs all tests. Remove the folder for
# a machine that is fresh again.
set -u
root=${METSUKE_FRESH:-/var/tmp/fresh}
tree=$(cd "$(dirname "$0")/.." && pwd)

die() { echo "fresh-machine.sh: $1" >&2; exit 1; }

[ "$(id -u)" = 0 ] || die "needs root"
if [ "${METSUKE_FRESH_INSIDE:-}" != 1 ]; then
	# The mounts end with this namespace. No namespace of pids: the sensor says the kernel's.
	METSUKE_FRESH_INSIDE=1 exec unshare --mount --propagation private "$0" "$@"
fi

if [ ! -e "$root/etc/debian_version" ]; then
	command -v debootstrap >/dev/null || die "no debootstrap; run: apt-get install debootstrap"
	mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null |
		grep -v '^ *#' | grep -oE 'https?://[^ ]*/debian/?( |$)' | head -1)
	[ -n "$mirror" ] || die "no Debian mirror in /etc/apt"
	rm -rf "$root.new"
	debootstrap --variant=minbase --include=git,make,ca-certificates bookworm "$root.new" "$mirror" || die "no debootstrap"
	mv "$root.new" "$root"
fi

printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
cp /etc/resolv.conf "$root/etc/"
rm -rf "$root/metsuke"
mkdir "$root/metsuke"
tar -C "$tree" --exclude=./build -c . | tar -C "$root/metsuke" -x
# The folder becomes the root, not a chroot: the kernel's paths of programs are then what tests expect.
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
mount -t tmpfs run "$root/run"
if [ -d "$tree/../shared" ]; then
	mkdir -p "$root/shared"
	mount --bind "$tree/../shared" "$root/shared"
fi

if [ $# -eq 0 ]; then
	set -- bash -c '
		set -e
		tools/deps.sh build
		make
		build/metsuke --version
		tools/deps.sh run
		tools/deps.sh test
		for c in gcc make clang pkg-config python3 ip tc ss ethtool nsenter unshare setpriv ps sysctl dig nslookup \
			curl wget busybox dnsmasq unbound nginx nft socat tshark tcpdump jq qemu-system-x86_64 depmod modprobe \
			cpio xz zstd bpftool cppcheck clang-tidy clang-format flock timeout; do
			command -v $c >/dev/null || { echo "not there: $c"; bad=1; }
		done
		for a in wget nslookup insmod stty poweroff; do
			busybox --list | grep -qx $a || { echo "no busybox $a"; bad=1; }
		done
		for f in fuzzer address undefined; do
			main="int main(void) { return 0; }"
			[ $f != fuzzer ] || main="int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return 0; }"
			echo "$main" | clang -fsanitize=$f -xc - -o /tmp/$f || { echo "no sanitizer: $f"; bad=1; }
		done
		[ -z "${bad:-}" ] && echo "fresh machine: all there"'
fi
mkdir -p "$root/outside"
cd "$root" && pivot_root . outside && umount -l /outside && cd /metsuke || die "cannot make $root the root"
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb CI="${CI:-}" "$@"
