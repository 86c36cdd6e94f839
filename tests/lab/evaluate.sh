#!/bin/bash
# evaluate.sh [-n NETWORKS] [-o FOLDER] [PART...]: the tables of docs/evaluation.md, by `metsuke evaluate`. Seeds from 1301 on, which
# nothing was chosen by. The parts:
#   beacons       networks of 50 hosts and 8 bots that beacon, for 72 h, with the paper's method beside ours
#   hard          the same with what is as regular as a bot and as rare
#   kinds         networks of 60 hosts, 26 bots of 16 kinds, and what is like them, for 72 h
#   map           bots of any period from 10 s to 8 h and any jitter up to 90 %
#   others        the other kinds of bots, and machines that are as regular and as alone as bots (build, monitor, backup, ...)
#   corpus        the real captures of ../shared/corpus, each by itself
#   transplanted  the same among the users of one network
# FOLDER (build/lab/evaluation) gets PART.txt, PART.json and PART.html. Captures are made there and removed: 5 GB at most at a time.
set -eu
cd "$(dirname "$0")/../.."
build=${METSUKE_BUILD:-build}
corpus=${METSUKE_SHARED:-../shared}/corpus
folder=$build/lab/evaluation networks=
metsuke=$build/metsuke labgen=$build/lab/labgen
beaconing=beacon,worktime,by-address,https,domains
near="wide-delivery,clock-pool,ad-block,blocklist,reputation,probe,suffix,reverse,discovery"
looking_up=flux,double-flux,dga,slow-dga,tunnel-raw,tunnel-hex,tunnel-out,tunnel-slow,txt-orders,no-name,no-answer

while getopts n:o: option; do
	case $option in
	n) networks=$OPTARG ;; # fewer, to try it out
	o) folder=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))

work=$folder/captures
mkdir -p "$work"
trap 'rm -rf "$work"' EXIT

# judge PART METSUKE-OPTIONS... : the captures of $work with the labels of $work/labels.tsv
judge() {
	local part=$1
	shift
	rm -f "$folder/$part.json"
	# 1: a capture was not read to its end, which the log says; the tables are there all the same
	"$metsuke" evaluate -q -b "$work/labels.tsv" -j "$folder/$part.json" -H "$folder/$part.html" "$@" |
		tee "$folder/$part.txt" || [ -s "$folder/$part.json" ]
	rm -rf "${work:?}"/*
}

# networks PART FIRST-SEED NUMBER LABGEN-OPTIONS...: captures and one file of labels that says which is of which
make_networks() {
	local part=$1 first=$2 n=${networks:-$3} seed name
	shift 3
	echo "== $part: $n networks, seeds $first to $((first + n - 1)): labgen mixed $*"
	for ((seed = first; seed < first + n; seed++)); do
		name=$part-$seed.pcap
		"$labgen" mixed --light -s "$seed" "$@" "$work/$name" >/dev/null
		awk -F '\t' -v OFS='\t' -v name="$name" -v first=$((seed == first)) '
			NR == 1 { sub(/^# */, ""); if (first) print "capture", $0; next }
			{ print name, $0 }' "$work/$name.labels.tsv" >>"$work/labels.tsv"
	done
}

beacons() {
	make_networks "$1" 1401 12 -n 50 -b 8 -t 72 ${2:+"$2"}
	judge "$1" -c /dev/null "$work"/*.pcap
}

with_networks() { # with the table of who announces the made-up addresses, as an operator would have it
	local part=$1
	shift
	printf 'networks:\n  prefix_tables: [%s]\n' "$(cd "$work" && ls *.pfx2as | head -n 1)" >"$work/networks.yaml"
	judge "$part" -c "$work/networks.yaml" "$@" "$work"/*.pcap
}

run() {
	case $1 in
	beacons) beacons beacons ;;
	hard) beacons hard --hard ;;
	kinds)
		make_networks kinds 1301 12 -n 60 -b 26 -t 72 --jitter 0:0.5 --kinds $beaconing,$looking_up --benign $near --pfx2as
		with_networks kinds --split family
		;;
	map)
		make_networks map 1331 8 -n 50 -b 50 -t 72 --period 10:28800 --jitter 0:0.9 --kinds beacon,worktime,by-address --benign $near --pfx2as
		with_networks map
		;;
	others)
		make_networks others 1351 4 -n 60 -b 26 -t 72 --kinds crowd,irc,scanner --benign all --pfx2as
		with_networks others
		;;
	corpus)
		cp "$corpus/labels.tsv" "$work/"
		echo "== corpus: $(ls "$corpus"/pcap/* | wc -l) real captures, each by itself"
		judge corpus -c /dev/null --split family "$corpus"/pcap/*
		;;
	transplanted)
		echo "== transplanted: the same in one network"
		tests/lab/transplanted.py --seed 1451 "$corpus" "$work/net.pcap" -- --benign all >"$folder/transplanted.log"
		mv "$work/net.pcap.labels.tsv" "$work/labels.tsv"
		judge transplanted -c /dev/null --split family "$work/net.pcap"
		;;
	*)
		echo "evaluate.sh: no part '$1'" >&2
		exit 2
		;;
	esac
}

[ $# -gt 0 ] || set -- beacons hard kinds map others corpus transplanted
for part; do run "$part"; done
