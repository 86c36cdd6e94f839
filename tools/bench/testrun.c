/* testrun.c: what the packet programs cost, by the kernel's test-run, beside programs that do nothing and
 * programs that send a record of the same size and do nothing else. One JSON object a line.
 * usage: testrun BPF_DIR BENCH_OBJECT [ROUNDS]
 *
 * A round runs everything once, one after the other, and a ratio is taken within its round: what else the
 * machine does then weighs on both sides. Records are read between the calls by the same thread, or all the time
 * by one on another core; a call's records fill no more than half the ring, so that none is lost in either case.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "config.h"
#include "counters.h"
#include "packets.h"
#include "record.h"
#include "support/median.h"

#define MAX_ROUNDS 101
#define MAX_CASES 80
#define RING_BYTES (8 << 20)
#define PACKETS 2000000 /* that are not ours, a round */
#define RECORDS 200000

enum hook { XDP, TC, N_HOOKS };
/* When the ring is read. Between the calls: by the same thread, and its time counts too. Always: by another, in
 * its own time. */
enum reading { NONE, BETWEEN, POLLED };

static const char *const hook_names[] = { "xdp", "tc" };
static const char *const reading_names[] = { "", "consumed", "polled" };

struct run {
	const char *name;
	int fd;
	const struct pkt *packet;
	enum hook hook;
	enum reading reading;
	bool emits;   /* one record a packet */
	bool batches; /* ... BATCH of them as one */
	size_t record_len;
	struct run *base; /* NULL: it is one */
	double goal;	  /* of the ratio; 0: none */
	double ns[MAX_ROUNDS];
	double emit_ns[MAX_ROUNDS]; /* of that without the reader's share, where it is known */
	long long lost;
};

static struct run runs[MAX_CASES];
static unsigned int n_runs, n_rounds = 21;
static struct bpf_object *sensor;
static struct ring_buffer *rings;
static pthread_mutex_t reading = PTHREAD_MUTEX_INITIALIZER; /* who reads has it */
static volatile bool polling, stop;
static unsigned long long received;
static size_t last_len;
static size_t batched_len; /* of a record in a batch; 0: they come alone */

static void fail(const char *what)
{
	fprintf(stderr, "testrun: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* As much as any reader does: it looks at all bytes. */
static void take(const void *data, size_t len)
{
	static __u8 copy[RECORD_MAX];

	memcpy(copy, data, len < sizeof(copy) ? len : sizeof(copy));
	asm volatile("" ::"r"(copy) : "memory");
	__atomic_store_n(&received, received + 1, __ATOMIC_RELAXED);
	last_len = len;
}

static int on_record(void *ctx, void *data, size_t len)
{
	size_t step = batched_len ? (batched_len + 7) & ~7UL : len;

	(void)ctx;
	for (size_t at = 0; at < len; at += step)
		take((const __u8 *)data + at, batched_len ? batched_len : len);
	return 0;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	(void)pthread_setaffinity_np(pthread_self(), sizeof(set), &set); /* one core: they take turns */
}

static void *read_always(void *unused)
{
	pin(1);
	while (!stop) {
		pthread_mutex_lock(&reading);
		if (polling)
			ring_buffer__consume(rings);
		pthread_mutex_unlock(&reading);
		if (!polling)
			usleep(1000);
	}
	return unused;
}

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static __u32 test_run(const struct run *r, unsigned int repeat)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = r->packet->data, .data_size_in = r->packet->len,
		    .repeat = repeat);

	if (bpf_prog_test_run_opts(r->fd, &opts))
		fail(r->name);
	return opts.duration;
}

/* Nanoseconds for one packet that is not ours. The kernel's own figure is in whole ones, which is too coarse
 * here; what a call costs beside its runs (for XDP the dispatcher is patched, near a millisecond) is taken off. */
static double measure_other(const struct run *r)
{
	double start = cpu_ns(), middle;

	(void)test_run(r, 2);
	middle = cpu_ns();
	(void)test_run(r, PACKETS);
	return (cpu_ns() - middle - (middle - start)) / PACKETS;
}

/* Ten seconds: the reader may not get a core for long. */
static void wait_for(unsigned long long target)
{
	for (int i = 0; i < 100000 && __atomic_load_n(&received, __ATOMIC_RELAXED) < target; i++)
		usleep(100);
}

/* Nanoseconds for one packet with a record, as the kernel's clock has it (cut to whole ones, half of one lost on
 * average), and to read it, where this thread does. */
static void measure_ours(struct run *r, unsigned int round)
{
	unsigned int fit = RING_BYTES / 2 / (r->record_len + 16) & ~(BATCH - 1U);
	unsigned int calls = (RECORDS + fit - 1) / fit;
	double emitting = 0, reading_ns = 0;

	pthread_mutex_lock(&reading);
	batched_len = r->batches ? r->record_len : 0;
	polling = r->reading == POLLED;
	if (polling)
		pthread_mutex_unlock(&reading);
	for (unsigned int i = 0; i < calls; i++) {
		unsigned long long expected = received + fit;

		emitting += test_run(r, fit) + 0.5;
		if (polling) {
			wait_for(expected);
		} else {
			double start = cpu_ns();

			ring_buffer__consume(rings);
			reading_ns += (cpu_ns() - start) / fit;
		}
		r->lost += expected - received;
	}
	if (polling)
		pthread_mutex_lock(&reading);
	polling = false;
	pthread_mutex_unlock(&reading);
	r->emit_ns[round] = emitting / calls;
	r->ns[round] = (emitting + reading_ns) / calls;
}

static void measure_all(unsigned int round)
{
	for (struct run *r = runs; r < runs + n_runs; r++)
		if (r->emits)
			measure_ours(r, round);
		else
			r->ns[round] = measure_other(r);
}

static void print(struct run *r)
{
	double ratio[MAX_ROUNDS], sorted[MAX_ROUNDS];

	printf("{\"part\":\"kernel\",\"hook\":\"%s\",\"reading\":\"%s\",\"packet\":\"%s\"", hook_names[r->hook],
	       reading_names[r->reading], r->name);
	memcpy(sorted, r->ns, sizeof(sorted));
	printf(",\"ns\":%.1f", median(sorted, n_rounds));
	printf(",\"ns_min\":%.1f", sorted[0]);
	if (r->reading == BETWEEN) {
		memcpy(sorted, r->emit_ns, sizeof(sorted));
		printf(",\"emit_ns\":%.1f", median(sorted, n_rounds));
	}
	if (r->emits)
		printf(",\"record_bytes\":%zu,\"lost\":%lld", r->record_len, r->lost);
	if (r->base) {
		for (unsigned int i = 0; i < n_rounds; i++)
			ratio[i] = r->ns[i] / r->base->ns[i];
		printf(",\"base\":\"%s\",\"ratio\":%.3f", r->base->name, median(ratio, n_rounds));
		printf(",\"ratio_low\":%.3f,\"ratio_high\":%.3f", ratio[n_rounds / 4], ratio[n_rounds * 3 / 4]);
	}
	if (r->goal > 0)
		printf(",\"goal\":%.1f", r->goal);
	puts("}");
}

static struct bpf_object *load(const char *path, size_t record_len)
{
	struct bpf_object *obj = bpf_object__open_file(path, NULL);
	struct bpf_map *rodata = obj ? bpf_object__find_map_by_name(obj, ".rodata") : NULL;
	struct bench_settings value = { .record_bytes = record_len };
	int fd;

	if (!obj || (record_len && bpf_map__set_initial_value(rodata, &value, sizeof(value))) ||
	    bpf_object__load(obj))
		fail(path);
	fd = bpf_object__find_map_fd_by_name(obj, "bulk");
	if (!rings)
		rings = ring_buffer__new(fd, on_record, NULL, NULL);
	else if (ring_buffer__add(rings, fd, on_record, NULL))
		fail("ring");
	if (!rings)
		fail("ring");
	return obj;
}

static int program(struct bpf_object *obj, const char *name)
{
	struct bpf_program *p = bpf_object__find_program_by_name(obj, name);

	if (!p)
		fail(name);
	return bpf_program__fd(p);
}

static struct run *add(struct run r)
{
	if (n_runs == MAX_CASES)
		abort();
	runs[n_runs] = r;
	return &runs[n_runs++];
}

/* A packet that is not ours, beside the empty program. */
static void add_other(enum hook hook, const char *name, const struct pkt *packet, int fd, struct run *empty)
{
	add((struct run){ .name = name, .fd = fd, .packet = packet, .hook = hook, .base = empty, .goal = 1.5 });
}

static const char *const bare_programs[N_HOOKS][4] = {
	{ "xdp_empty", "xdp_reserve", "xdp_output", "xdp_batch" },
	{ "tc_empty", "tc_reserve", "tc_output", "tc_batch" },
};

/* A packet that gives a record, beside programs that only send one. */
static void add_ours(enum hook hook, const char *name, const struct pkt *packet, int fd, const char *bench,
		     double goal)
{
	struct run r = { .name = name, .fd = fd, .packet = packet, .hook = hook, .emits = true };
	struct bpf_object *bare;

	(void)test_run(&r, 1);
	if (ring_buffer__consume(rings) != 1)
		fail(name);
	r.record_len = last_len;
	bare = load(bench, last_len);
	for (r.reading = BETWEEN; r.reading <= POLLED; r.reading++) {
		struct run sends = r, ours = r;

		sends.name = "reserve+submit";
		sends.fd = program(bare, bare_programs[hook][1]);
		ours.base = add(sends);
		ours.goal = goal;
		add(ours);
		sends.name = "output";
		sends.fd = program(bare, bare_programs[hook][2]);
		sends.base = ours.base;
		add(sends);
		sends.name = "output, eight as one";
		sends.fd = program(bare, bare_programs[hook][3]);
		sends.batches = true;
		add(sends);
	}
}

static void start_ip4_tcp(struct pkt *p)
{
	pkt_ip4(p, 0);
	pkt_tcp(p, 40000, 443, 1000, 12);
}

static void dns(struct pkt *p, int answers)
{
	static const __u8 addr[4] = { 198, 51, 100, 7 };

	pkt_eth(p);
	pkt_ip4(p, 0);
	pkt_udp(p, answers ? 53 : 40000, answers ? 40000 : 53);
	pkt_dns(p, answers ? 0x8180 : 0x0100);
	pkt_question(p, "www.example.com", 1);
	for (int i = 0; i < answers; i++)
		pkt_record(p, PKT_ANSWER, 1, addr, 4);
	pkt_edns(p, 1232, 0, 0, 0);
}

static void http(struct pkt *p)
{
	pkt_eth(p);
	pkt_ip4(p, 0);
	pkt_tcp(p, 40000, 80, 1000, 12);
	pkt_text(p, "GET /assets/js/app-4f2a91.min.js?v=20260101 HTTP/1.1\r\nHost: www.example.com\r\n"
		    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
		    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
		    "Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate\r\n"
		    "Referer: http://www.example.com/\r\nConnection: keep-alive\r\n\r\n");
}

static struct pkt udp_other, ack, data, arp, ip6, vlan, query, response, request;

static void make_packets(void)
{
	pkt_eth(&udp_other);
	pkt_ip4(&udp_other, 0);
	pkt_udp(&udp_other, 40000, 443);
	pkt_fill(&udp_other, 0x41, 600);
	pkt_eth(&ack);
	start_ip4_tcp(&ack);
	pkt_eth(&data);
	start_ip4_tcp(&data);
	pkt_fill(&data, 0x17, 1200);
	pkt_eth(&arp);
	pkt_poke16(&arp, 12, 0x0806);
	pkt_fill(&arp, 0, 46);
	pkt_eth(&ip6);
	pkt_ip6(&ip6);
	pkt_tcp(&ip6, 40000, 443, 1000, 12);
	pkt_fill(&ip6, 0x17, 1200);
	pkt_eth(&vlan);
	pkt_vlan(&vlan, 0x8100, 42);
	start_ip4_tcp(&vlan);
	pkt_fill(&vlan, 0x17, 1200);
	dns(&query, 0);
	dns(&response, 4);
	http(&request);
}

static void add_hook(enum hook hook, const char *bench_path, struct bpf_object *bench)
{
	int fd = program(sensor, hook == XDP ? "metsuke_xdp" : "metsuke_tc");
	struct run *empty = add((struct run){ .name = "empty program",
					      .hook = hook,
					      .packet = &data,
					      .fd = program(bench, bare_programs[hook][0]) });

	add_other(hook, "UDP, other port", &udp_other, fd, empty);
	add_other(hook, "TCP ACK, no payload", &ack, fd, empty);
	add_other(hook, "TCP data", &data, fd, empty);
	add_other(hook, "ARP", &arp, fd, empty);
	add_other(hook, "TCP data over IPv6", &ip6, fd, empty);
	add_other(hook, "TCP data, VLAN tag", &vlan, fd, empty);
	add_ours(hook, "DNS query", &query, fd, bench_path, 1.5);
	add_ours(hook, "DNS response, 4 answers", &response, fd, bench_path, 1.8);
	add_ours(hook, "HTTP GET", &request, fd, bench_path, 0);
}

/* What the daemon would write by default. */
static void write_settings(void)
{
	struct bpf_map *map = bpf_object__find_map_by_name(sensor, ".data.settings");
	struct settings settings;
	struct config config;
	__u32 zero = 0;

	if (config_init(&config))
		fail("config");
	config_settings(&config, &settings);
	config_free(&config);
	if (!map || bpf_map_update_elem(bpf_map__fd(map), &zero, &settings, BPF_ANY))
		fail("settings");
}

/* The ledger's word on it: everything that was ours was counted as emitted or as lost. */
static void print_ledger(void)
{
	int n_cpus = libbpf_num_possible_cpus();
	struct counters *c = calloc(n_cpus, sizeof(*c)), sum = { 0 };
	__u32 zero = 0;

	if (!c || bpf_map_lookup_elem(bpf_object__find_map_fd_by_name(sensor, "counters"), &zero, c))
		fail("counters");
	for (int cpu = 0; cpu < n_cpus; cpu++)
		for (size_t i = 0; i < sizeof(sum) / sizeof(__u64); i++)
			((__u64 *)&sum)[i] += ((__u64 *)&c[cpu])[i];
	printf("{\"part\":\"ledger\",\"packets\":%llu,\"dns\":%llu,\"http\":%llu,\"lost_bulk\":%llu}\n",
	       sum.packets, sum.dns, sum.http, sum.lost_bulk);
	free(c);
}

int main(int argc, char **argv)
{
	struct bpf_object *bench;
	pthread_t reader;
	char path[4096];

	if (argc < 3) {
		fprintf(stderr, "usage: testrun BPF_DIR BENCH_OBJECT [ROUNDS]\n");
		return 2;
	}
	if (argc > 3)
		n_rounds = strtoul(argv[3], NULL, 10);
	if (n_rounds == 0 || n_rounds > MAX_ROUNDS)
		n_rounds = MAX_ROUNDS;
	snprintf(path, sizeof(path), "%s/sensor.bpf.o", argv[1]);
	sensor = load(path, 0);
	bench = load(argv[2], sizeof(struct record));
	write_settings();
	make_packets();
	for (enum hook hook = XDP; hook < N_HOOKS; hook++)
		add_hook(hook, argv[2], bench);
	pin(0);
	if (pthread_create(&reader, NULL, read_always, NULL))
		fail("thread");
	measure_all(0); /* warm */
	for (unsigned int round = 0; round < n_rounds; round++)
		measure_all(round);
	stop = true;
	pthread_join(reader, NULL);
	for (struct run *r = runs; r < runs + n_runs; r++)
		print(r);
	print_ledger();
	return 0;
}
