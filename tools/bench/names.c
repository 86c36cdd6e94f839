/* names.c: what lists cost a DNS query: the packet program with no list, one name and a million, over queries
 * whose names all differ (a look-up of the same name again finds everything in cache), and what it costs to ask
 * whether they are to be dropped; none is. By the kernel's test-run; one JSON object a line.
 * usage: names BPF_DIR BENCH_OBJECT [ROUNDS] */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "capture/listed.h"
#include "config.h"
#include "packets.h"
#include "record.h"
#include "support/median.h"

#define MAX_ROUNDS 101
#define CALLS 8	       /* a round */
#define PER_CALL 20000 /* fewer than fill half the ring */

static const char vary[NAME_LABEL + 1] = "pppppppp"; /* xdp_vary writes there */

struct side {
	const char *name;
	unsigned int n_entries;
	enum enforce_mode enforce;
	int fd; /* xdp_vary in front of a sensor of its own */
	struct ring_buffer *rings;
	double ns[MAX_ROUNDS];
};

static struct side sides[] = { { .name = "no list" }, { "one name", 1 }, { "a million names", 1000000 },
			       { "a million, enforce: listed", 1000000, ENFORCE_LISTED },
			       { "a million, enforce: flagged", 1000000, ENFORCE_FLAGGED } };
#define N_SIDES (sizeof(sides) / sizeof(*sides))

static struct pkt query;
static unsigned long long received, urgent;

static void fail(const char *what)
{
	fprintf(stderr, "names: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int on_record(void *ctx, void *data, size_t len)
{
	(void)data;
	(void)len;
	received++;
	if (ctx)
		++*(unsigned long long *)ctx;
	return 0;
}

/* A bot's names, as lists have them; none of them is asked for. */
static struct indicators *make_set(unsigned int n)
{
	static const struct indicator_list list = { .name = "bench" };
	struct indicators *set = indicators_new();
	char name[64];

	if (!set || indicators_add_list(set, &list) < 0)
		fail("lists");
	for (unsigned int i = 0; i < n; i++) {
		int len = snprintf(name, sizeof(name), "c2-%u.n%u.example", i % 7, i);

		if (indicators_add_name(set, 0, name, len, INDICATOR_SELF | INDICATOR_CHILDREN, NULL) < 0)
			fail(name);
	}
	return set;
}

static int map_fd(struct bpf_object *obj, const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(obj, name);

	if (fd < 0)
		fail(name);
	return fd;
}

static int program_fd(struct bpf_object *obj, const char *name)
{
	struct bpf_program *p = bpf_object__find_program_by_name(obj, name);

	if (!p)
		fail(name);
	return bpf_program__fd(p);
}

static struct bpf_object *load_sensor(const char *folder, const struct settings *settings)
{
	struct bpf_object *obj;
	char path[4096];
	__u32 zero = 0;

	snprintf(path, sizeof(path), "%s/sensor.bpf.o", folder);
	obj = bpf_object__open_file(path, NULL);
	if (!obj || bpf_object__load(obj) ||
	    bpf_map_update_elem(map_fd(obj, ".data.settings"), &zero, settings, BPF_ANY))
		fail(path);
	return obj;
}

static int load_vary(const char *path, int next)
{
	const struct bench_settings told = { sizeof(struct record), query.payload + 12 + 1 + 4 };
	struct bpf_object *obj = bpf_object__open_file(path, NULL);
	__u32 zero = 0;

	if (!obj ||
	    bpf_map__set_initial_value(bpf_object__find_map_by_name(obj, ".rodata"), &told, sizeof(told)) ||
	    bpf_object__load(obj) || bpf_map_update_elem(map_fd(obj, "next_program"), &zero, &next, BPF_ANY))
		fail(path);
	return program_fd(obj, "xdp_vary");
}

static void make_query(struct pkt *p, const char *name)
{
	pkt_eth(p);
	pkt_ip4(p, 0);
	pkt_udp(p, 40000, 53);
	pkt_dns(p, 0x0100);
	pkt_question(p, name, 1);
	pkt_edns(p, 1232, 0, 0, 0);
}

/* A listed name goes by the urgent ring: the figures are of lists that work. */
static void check_side(const struct side *s, int fd)
{
	struct pkt listed = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = listed.data);

	make_query(&listed, "www.c2-0.n0.example");
	opts.data_size_in = listed.len;
	if (bpf_prog_test_run_opts(fd, &opts))
		fail(s->name);
	urgent = 0;
	if (ring_buffer__consume(s->rings) != 1 || urgent != (s->n_entries > 0)) {
		fprintf(stderr, "names: %s: a look-up for a listed name went by the wrong ring\n", s->name);
		exit(1);
	}
}

static void open_side(struct side *s, const char *folder, const char *bench, struct settings *settings)
{
	struct indicators *set = make_set(s->n_entries);
	struct bpf_object *sensor;
	struct listed_maps maps;

	settings->syn = s->n_entries > 0; /* there are lists */
	settings->enforce = s->enforce;
	settings->enforce_lease_ns = UINT64_MAX;
	sensor = load_sensor(folder, settings);
	maps.fingerprints = map_fd(sensor, "fingerprints");
	maps.networks = map_fd(sensor, "networks");
	if (listed_put(&maps, set, 1))
		exit(1); /* it said why */
	indicators_free(set);
	s->fd = load_vary(bench, program_fd(sensor, "metsuke_xdp"));
	s->rings = ring_buffer__new(map_fd(sensor, "bulk"), on_record, NULL, NULL);
	if (!s->rings || ring_buffer__add(s->rings, map_fd(sensor, "urgent"), on_record, &urgent))
		fail("rings");
	check_side(s, program_fd(sensor, "metsuke_xdp"));
}

/* Nanoseconds a packet, without those of the reader. */
static double measure(struct side *s)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = query.data, .data_size_in = query.len, .repeat = PER_CALL);
	double sum = 0;

	for (int i = 0; i < CALLS; i++) {
		unsigned long long before = received;

		if (bpf_prog_test_run_opts(s->fd, &opts))
			fail(s->name);
		sum += opts.duration + 0.5;
		ring_buffer__consume(s->rings);
		if (received - before != PER_CALL) {
			fprintf(stderr, "names: %s: %llu records of %d packets\n", s->name, received - before,
				PER_CALL);
			exit(1);
		}
	}
	return sum / CALLS;
}

static double middle(const double *v, unsigned int n)
{
	double sorted[MAX_ROUNDS];

	memcpy(sorted, v, n * sizeof(*v));
	return median(sorted, n);
}

static double ratio_to(const struct side *s, const struct side *base, unsigned int n)
{
	double ratio[MAX_ROUNDS];

	for (unsigned int i = 0; i < n; i++)
		ratio[i] = s->ns[i] / base->ns[i];
	return middle(ratio, n);
}

static void print(const struct side *s, unsigned int n)
{
	printf("{\"part\":\"names\",\"lists\":\"%s\",\"ns\":%.1f", s->name, middle(s->ns, n));
	printf(",\"ratio\":%.3f,\"ratio_to_one\":%.3f}\n", ratio_to(s, &sides[0], n), ratio_to(s, &sides[1], n));
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 3 ? strtoul(argv[3], NULL, 10) : 21;
	struct settings settings;
	struct config config;

	if (argc < 3 || config_init(&config)) {
		fprintf(stderr, "usage: names BPF_DIR BENCH_OBJECT [ROUNDS]\n");
		return 2;
	}
	if (rounds == 0 || rounds > MAX_ROUNDS)
		rounds = MAX_ROUNDS;
	config_settings(&config, &settings);
	make_query(&query, "www.pppppppp.com");
	if (memcmp(query.data + query.payload + 12 + 1 + 4, vary, sizeof(vary) - 1))
		abort();
	for (unsigned int i = 0; i < N_SIDES; i++) {
		open_side(&sides[i], argv[1], argv[2], &settings);
		(void)measure(&sides[i]); /* warm */
	}
	for (unsigned int round = 0; round < rounds; round++)
		for (unsigned int i = 0; i < N_SIDES; i++)
			sides[i].ns[round] = measure(&sides[i]);
	for (unsigned int i = 0; i < N_SIDES; i++)
		print(&sides[i], rounds);
	return 0;
}
