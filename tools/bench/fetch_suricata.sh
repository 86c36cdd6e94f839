#!/bin/bash
# fetch_suricata.sh: Suricata of Debian's backports, unpacked into a folder of the bench. What is installed stays as it is: apt runs
# with sources and state of its own, and no package's script runs. Exit status 77: not to be had here.
# METSUKE_BENCH_CACHE: that folder. METSUKE_MIRROR: Debian mirror, if not the one of /etc/apt.
set -u
cache=${METSUKE_BENCH_CACHE:-/var/cache/metsuke-bench}
suite=bookworm
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
mirror=${METSUKE_MIRROR:-$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null |
	grep -v '^ *#' | grep -oE 'https?://[^ ]*/debian/?( |$)' | head -1)}
state=$cache/apt

die() { echo "fetch_suricata.sh: $2" >&2; exit "$1"; }

# The machine's list of packages is read, so that only what is missing comes with it.
private_apt() {
	apt-get -qq -o Dir::State="$state" -o Dir::State::status=/var/lib/dpkg/status -o Dir::Cache="$state/cache" \
		-o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Debug::NoLocking=1 -o APT::Sandbox::User="$(id -un)" -o APT::Update::Error-Mode=any \
		-o Acquire::Languages=none -o Acquire::Retries=2 --no-install-recommends -y "$@"
}

[ ! -x "$cache/suricata/usr/bin/suricata" ] || exit 0
[ "$(. /etc/os-release && echo "${VERSION_CODENAME:-}")" = $suite ] || die 77 "the backport is one for Debian 12"
[ -n "$mirror" ] || die 77 "no Debian mirror in /etc/apt; METSUKE_MIRROR=URL names one"
[ -f $keyring ] || die 77 "no $keyring"
mkdir -p "$state/lists/partial" "$state/cache/archives/partial" && [ -w "$state" ] || die 1 "cannot write to $cache"
for s in $suite $suite-backports; do
	echo "deb [signed-by=$keyring] $mirror $s main"
done >"$state/sources.list"
private_apt update >&2 || die 77 "no package index from $mirror"
private_apt --download-only install suricata/$suite-backports >&2 || die 77 "no suricata in $suite-backports of $mirror"
rm -rf "$cache/suricata" "$cache/suricata.new"
for deb in "$state"/cache/archives/*.deb; do
	dpkg-deb -x "$deb" "$cache/suricata.new" || die 1 "cannot unpack $deb"
done
mv "$cache/suricata.new" "$cache/suricata"
rm -rf "$state"
