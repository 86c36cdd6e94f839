#!/bin/bash
# deps.sh [build|run|test|bench]: installs what is missing to build, to build and run, (default) for all tests
# besides, or for what the bench compares with. Debian 12, Ubuntu 22.04 and 24.04; for Fedora and Arch it names the packages.
set -u
goal=${1:-test}
policy=/usr/sbin/policy-rc.d
unset ID ID_LIKE VERSION_ID
. /etc/os-release

die() { echo "deps.sh: $1" >&2; exit 1; }

case $goal in
build | run | test | bench) ;;
*) die "usage: deps.sh [build|run|test|bench]" ;;
esac

# a|b: either will do, a is installed
debian=(gcc make libc6-dev linux-libc-dev pkg-config clang libbpf-dev libelf-dev zlib1g-dev libjansson-dev libyaml-dev
	libpsl-dev libidn2-dev publicsuffix libssl-dev libpcap-dev libxxhash-dev libmnl-dev libcap-ng-dev
	libsqlite3-dev libsvm-dev libmaxminddb-dev)
debian_test=(libcmocka-dev python3 iproute2 ethtool util-linux procps bind9-dnsutils curl wget 'busybox-static|busybox'
	dnsmasq-base unbound nginx-light ngircd nftables socat tshark tcpdump jq qemu-system-x86 kmod cpio xz-utils zstd
	debian-archive-keyring cppcheck clang-tidy clang-format)
debian_bench=(python3 iproute2 util-linux procps tshark tcpdump dnscap httpry debian-archive-keyring)
fedora=(gcc make glibc-devel kernel-headers pkgconf-pkg-config clang libbpf-devel elfutils-libelf-devel zlib-devel
	jansson-devel libyaml-devel libpsl-devel libidn2-devel publicsuffix-list openssl-devel libpcap-devel xxhash-devel libmnl-devel
	libcap-ng-devel sqlite-devel libsvm-devel libmaxminddb-devel)
fedora_test=(libcmocka-devel python3 compiler-rt bpftool iproute iproute-tc ethtool util-linux procps-ng bind-utils curl wget
	busybox dnsmasq unbound nginx ngircd nftables socat wireshark-cli tcpdump jq qemu-system-x86-core kmod cpio xz zstd
	cppcheck clang-tools-extra)
arch=(gcc make glibc linux-api-headers pkgconf clang libbpf libelf zlib jansson libyaml libpsl libidn2 publicsuffix-list openssl
	libpcap xxhash libmnl libcap-ng sqlite libsvm libmaxminddb)
arch_test=(cmocka python compiler-rt bpf iproute2 ethtool util-linux procps-ng bind curl wget busybox dnsmasq unbound nginx
	ngircd nftables socat wireshark-cli tcpdump jq qemu-system-x86 kmod cpio xz zstd cppcheck)

# Sets missing: those of the named packages that are not installed.
missing_debs() {
	local names have want
	IFS='| ' read -ra names <<<"$*"
	have=" $(dpkg-query -W -f='${db:Status-Abbrev}${Package} ' "${names[@]}" 2>/dev/null) "
	missing=()
	for want in "$@"; do
		[[ $have == *"i ${want%|*} "* || $have == *"i ${want#*|} "* ]] || missing+=("${want%|*}")
	done
}

only_name() { # TOOL: the packages it misses on its standard input
	local names
	names=$(xargs)
	[ -z "$names" ] || die "missing: $names
run: sudo $1 $names"
}

# Servers that tests start by themselves must not run as services from now on.
no_services() {
	[ ! -e $policy ] || return
	trap 'rm -f $policy' EXIT
	trap 'exit 130' INT TERM HUP
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
}

install_debs() {
	local service apt="apt-get -y -q -o DPkg::Lock::Timeout=300 --no-install-recommends"
	[ "$(id -u)" = 0 ] || die "missing: ${missing[*]}
run: sudo apt-get update && sudo apt-get install --no-install-recommends ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
	echo "deps.sh: installing ${missing[*]}"
	no_services
	$apt -s install "${missing[@]}" >/dev/null 2>&1 || $apt update
	$apt install "${missing[@]}" || { $apt update && $apt install "${missing[@]}"; } || die "apt-get could not install all"
	for service in unbound nginx ngircd; do
		[[ " ${missing[*]}" != *" $service"* ]] || [ ! -d /run/systemd/system ] || systemctl -q disable $service
	done
}

case " $ID ${ID_LIKE:-} " in
*" debian "* | *" ubuntu "*)
	case $ID$VERSION_ID in
	ubuntu22.04) debian_test+=(libclang-common-14-dev linux-tools-common) ;;
	ubuntu24.04) debian_test+=(libclang-rt-18-dev linux-tools-common) ;;
	debian12) debian_test+=(libclang-rt-14-dev bpftool) ;;
	*) debian_test+=(libclang-rt-dev bpftool) ;;
	esac
	[ "$goal" != test ] || debian+=("${debian_test[@]}")
	[ "$goal" != bench ] || debian+=("${debian_bench[@]}")
	missing_debs "${debian[@]}"
	[ ${#missing[@]} = 0 ] || install_debs
	[ "$goal" != bench ] || "$(dirname "$0")/bench/fetch_suricata.sh" || echo "deps.sh: no Suricata; the bench leaves it out" >&2
	[ "$ID $goal" != "ubuntu test" ] || bpftool version >/dev/null 2>&1 ||
		echo "deps.sh: Ubuntu's bpftool wants the running kernel's package, linux-tools-$(uname -r)" >&2
	;;
*" fedora "* | *" rhel "*)
	[ "$goal" != test ] || fedora+=("${fedora_test[@]}")
	for p in "${fedora[@]}"; do rpm -q --quiet --whatprovides "$p" || echo "$p"; done | only_name "dnf install"
	;;
*" arch "*)
	[ "$goal" != test ] || arch+=("${arch_test[@]}")
	pacman -T "${arch[@]}" | only_name "pacman -S --needed"
	;;
*) echo "deps.sh: not known here: $ID. On Debian the packages are: ${debian[*]}" >&2 ;;
esac
