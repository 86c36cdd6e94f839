#!/bin/bash
# boot.sh: runs a program on one of the kernels of tests/kernels/list, in qemu.
#   boot.sh NAME PROGRAM [ARGS...]   its output, its exit status; 125: the guest did not get that far
#   boot.sh --fetch NAME             only gets the kernel; 77: the package could not be fetched
# The program may be a script for busybox sh. It starts in /test, beside it the files named in
# METSUKE_GUEST_FILES (FILE, or FILE:FOLDER for another place), the BPF objects in build/bpf (and $BPF_DIR).
# METSUKE_KERNEL_ARGS: more for the kernel's command line. No root needed.
# METSUKE_KERNELS: cache folder. METSUKE_BUILD: build. METSUKE_BOOT_TIMEOUT: seconds, 300. METSUKE_MIRROR:
# Debian mirror, if not the one of /etc/apt.
set -u
here=$(cd "$(dirname "$0")" && pwd)
cache=${METSUKE_KERNELS:-/var/cache/metsuke-kernels}
build=${METSUKE_BUILD:-$here/../../build}
mirror=${METSUKE_MIRROR:-$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null |
	grep -v '^ *#' | grep -oE 'https?://[^ ]*/debian/?( |$)' | head -1)}
modules="veth dummy sch_ingress cls_bpf act_bpf"
marker=METSUKE-GUEST-EXIT
work='' qemu=''
PATH=$PATH:/usr/sbin:/sbin

die() { echo "boot.sh: $2" >&2; exit "$1"; }
clean() { [ -z "$qemu" ] || kill "$qemu" 2>/dev/null; [ -z "$work" ] || rm -rf "$work"; }
trap clean EXIT
trap 'exit 130' INT TERM HUP

find_kernel() { # NAME: sets suite, package, kernel
	read -r suite package < <(awk -v n="$1" '$1 == n { print $2, $3 }' "$here/list") ||
		die 2 "no kernel $1 in $here/list"
	kernel=$cache/$1
}

# apt with sources and state of its own: the machine's stay as they are.
private_apt() {
	local tool=$1 state=$cache/apt-$suite
	shift
	"$tool" -qq -o Dir::State="$state" -o Dir::State::status=/dev/null -o Dir::Cache="$state/cache" \
		-o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o APT::Architecture=amd64 -o APT::Architectures=amd64 -o APT::Sandbox::User="$(id -un)" \
		-o APT::Update::Error-Mode=any -o Acquire::Languages=none -o Acquire::Retries=2 "$@"
}

fetch() {
	local state=$cache/apt-$suite keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	local image=$package deb version m n=0 file
	[ -n "$mirror" ] || die 77 "no Debian mirror in /etc/apt; METSUKE_MIRROR=URL names one"
	[ -f $keyring ] || die 77 "no $keyring"
	mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
	echo "deb [signed-by=$keyring] $mirror $suite main" >"$state/sources.list"
	private_apt apt-get update >&2 || die 77 "no package index of $suite from $mirror"
	case $package in
	linux-image-[0-9]*) ;;
	*) image=$(private_apt apt-cache depends "$package" | sed -n 's/^ *|*Depends: \(linux-image-[0-9].*\)/\1/p' | head -1) ;;
	esac
	[ -n "$image" ] || die 1 "$package in $suite depends on no linux-image-..."
	(cd "$work" && private_apt apt-get download "$image" >&2) || die 77 "no $image from $mirror"
	deb=$(echo "$work"/*.deb)
	dpkg-deb -x "$deb" "$work/root" || die 1 "cannot unpack $deb"
	[ -e "$work/root/lib" ] || ln -s usr/lib "$work/root/lib"
	version=$(basename "$work"/root/boot/vmlinuz-*)
	version=${version#vmlinuz-}
	mkdir -p "$work/kernel/modules"
	depmod -b "$work/root" "$version" || die 1 "no module list of $version"
	for m in $modules; do
		modprobe -d "$work/root" -S "$version" --show-depends "$m" 2>/dev/null
	done | awk '$1 == "insmod" && !seen[$2]++' | while read -r _ file; do
		file=${file%% *} n=$((n + 1))
		m=$work/kernel/modules/$(printf %02d $n)-$(basename "${file%.ko*}").ko
		case $file in
		*.xz) xz -dc "$file" ;;
		*.zst) zstd -qdc "$file" ;;
		*) cat "$file" ;;
		esac >"$m"
	done
	basename "$deb" .deb >"$work/kernel/package"
	cp "$work/root/boot/vmlinuz-$version" "$work/kernel/vmlinuz" || die 1 "no vmlinuz in $image"
	rm -rf "$kernel" "$work/root" "$deb"
	mv "$work/kernel" "$kernel"
}

fetch_once() {
	[ ! -s "$kernel/vmlinuz" ] || return 0
	mkdir -p "$cache" && [ -w "$cache" ] || die 1 "cannot write to $cache; METSUKE_KERNELS names another folder"
	(flock 9 && { [ -s "$kernel/vmlinuz" ] || fetch; }) 9>"$cache/lock" || exit
}

put() { # FILE FOLDER: into the initramfs, with the libraries it needs
	local lib
	mkdir -p "$root$2"
	cp -L "$1" "$root$2/" || die 1 "cannot copy $1"
	ldd "$1" 2>/dev/null | grep -o '/[^ ]*' | while read -r lib; do
		[ -e "$root$lib" ] || { mkdir -p "$root${lib%/*}" && cp -L "$lib" "$root$lib"; }
	done
}

initramfs() { # PROGRAM ARGS...
	local f program=$1
	root=$work/root
	mkdir -p "$root"/{proc,sys,dev,tmp,run,modules}
	put "$(command -v busybox)" /bin
	put "$program" /test
	for f in ${METSUKE_GUEST_FILES:-}; do
		case $f in
		*:*) put "${f%%:*}" "${f#*:}" ;;
		*) put "$f" /test ;;
		esac
	done
	for f in "$build"/bpf/*.bpf.o; do put "$f" /test/build/bpf; done
	cp "$kernel"/modules/*.ko "$root/modules/" 2>/dev/null
	shift
	cat >"$root/init" <<-EOF
		#!/bin/busybox sh
		/bin/busybox --install -s /bin
		export PATH=/sbin:/bin:/test HOME=/tmp BPF_DIR=/test/build/bpf
		mount -t devtmpfs dev /dev; mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t tmpfs tmp /tmp
		mount -t bpf bpf /sys/fs/bpf; mount -t cgroup2 none /sys/fs/cgroup
		exec </dev/null >/dev/ttyS0 2>&1
		for m in /modules/*.ko; do insmod \$m; done
		ip link set lo up
		cd /test
		stty -F /dev/ttyS1 -opost
		$(printf '%q ' "./$(basename "$program")" "$@") >/dev/ttyS1 2>&1
		echo "$marker \$?" >/dev/ttyS1
		poweroff -f
	EOF
	chmod +x "$root/init" "$root/test/$(basename "$program")"
	(cd "$root" && find . | cpio -o -H newc --quiet -R 0:0) >"$work/initramfs" || die 1 "no initramfs"
}

# The console on the first serial port, the program's output alone on the second. Always emulated: a virtual machine
# may offer a KVM that runs no guest. A plain processor is the quicker one to emulate.
boot() {
	local status why="ended early"
	touch "$work/console" "$work/out"
	timeout -k 5 "${METSUKE_BOOT_TIMEOUT:-300}" qemu-system-x86_64 -accel tcg -cpu Nehalem -smp 1 -m 1024 -display none \
		-no-reboot -nodefaults -net none -kernel "$kernel/vmlinuz" -initrd "$work/initramfs" \
		-append "console=ttyS0 quiet panic=-1 ${METSUKE_KERNEL_ARGS:-}" -serial "file:$work/console" -serial "file:$work/out" </dev/null &
	qemu=$!
	wait $qemu
	[ $? != 124 ] || why="took too long"
	qemu=''
	grep -v "^$marker " "$work/out"
	status=$(sed -n "s/^$marker //p" "$work/out" | tail -1)
	[ -z "$status" ] || return "$status"
	echo "boot.sh: the guest $why; the end of its console:" >&2
	tr -d '\r' <"$work/console" | tail -40 >&2
	return 125
}

[ $# -ge 2 ] || die 2 "usage: boot.sh NAME PROGRAM [ARGS...] | boot.sh --fetch NAME"
for tool in qemu-system-x86_64 busybox cpio depmod; do
	command -v $tool >/dev/null || die 1 "no $tool; run: sudo make deps"
done
work=$(mktemp -d "${TMPDIR:-/var/tmp}/metsuke-boot.XXXXXX") || exit 1
if [ "$1" = --fetch ]; then
	find_kernel "$2"
	fetch_once
	exit
fi
find_kernel "$1"
fetch_once
shift
initramfs "$@"
boot
