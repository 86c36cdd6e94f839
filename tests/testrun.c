/* testrun.c: see testrun.h. */
#include "testrun.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "capture/flagged.h"
#include "capture/frame.h"
#include "capture/listed.h"

const char *const hook_names[N_HOOKS] = { "xdp", "tc" };

struct testrun {
	struct bpf_object *obj;
	struct ring_buffer *ring;
	struct counters *per_cpu;
	struct settings *settings;
	struct head_table *heads;
	struct seen *seen; /* where the ring's next record goes */
	struct counters before;
	int n_cpus;
	int counters_fd;
	int watched_fd;
	int prog_fd[N_HOOKS][2];
	unsigned int linear; /* 0: as much as fits */
	bool stalled;
};

static int on_record(void *ctx, void *data, size_t len)
{
	struct testrun *t = ctx;

	if (t->seen)
		seen_record(t->seen, data, len);
	return 0;
}

static int read_counters(struct testrun *t, struct counters *sum)
{
	__u32 zero = 0;

	memset(sum, 0, sizeof(*sum));
	if (bpf_map_lookup_elem(t->counters_fd, &zero, t->per_cpu))
		return -errno;
	for (int cpu = 0; cpu < t->n_cpus; cpu++)
		for (size_t i = 0; i < sizeof(*sum) / sizeof(__u64); i++)
			((__u64 *)sum)[i] += ((__u64 *)&t->per_cpu[cpu])[i];
	return 0;
}

static void *map_global(struct bpf_object *obj, const char *section, size_t size)
{
	struct bpf_map *map = bpf_object__find_map_by_name(obj, section);
	void *at;

	if (!map)
		return NULL;
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
	return at == MAP_FAILED ? NULL : at;
}

static int open_maps(struct testrun *t)
{
	static const char *const progs[N_HOOKS][2] = {
		{ "metsuke_xdp", "metsuke_xdp_ip" },
		{ "metsuke_tc", "metsuke_tc_ip" },
	};

	for (int i = 0; i < 2 * N_HOOKS; i++) {
		struct bpf_program *prog = bpf_object__find_program_by_name(t->obj, progs[i / 2][i % 2]);

		t->prog_fd[i / 2][i % 2] = prog ? bpf_program__fd(prog) : -1;
	}
	t->counters_fd = bpf_object__find_map_fd_by_name(t->obj, "counters");
	t->watched_fd = bpf_object__find_map_fd_by_name(t->obj, "watched");
	t->n_cpus = libbpf_num_possible_cpus();
	t->per_cpu = calloc(t->n_cpus, sizeof(*t->per_cpu));
	t->settings = map_global(t->obj, ".data.settings", sizeof(*t->settings));
	t->heads = map_global(t->obj, ".bss", sizeof(*t->heads));
	t->ring = ring_buffer__new(bpf_object__find_map_fd_by_name(t->obj, "bulk"), on_record, t, NULL);
	if (t->ring && ring_buffer__add(t->ring, bpf_object__find_map_fd_by_name(t->obj, "urgent"), on_record, t))
		return -errno;
	return t->per_cpu && t->settings && t->heads && t->ring ? read_counters(t, &t->before) : -ENOENT;
}

struct testrun *testrun_new(unsigned int ring_bytes)
{
	const char *dir = getenv("BPF_DIR");
	struct testrun *t = calloc(1, sizeof(*t));
	struct bpf_map *bulk;
	char path[4096];

	if (!t)
		return NULL;
	snprintf(path, sizeof(path), "%s/sensor.bpf.o", dir ? dir : BPF_DIR);
	t->obj = bpf_object__open_file(path, NULL);
	if (!t->obj)
		goto fail;
	bulk = bpf_object__find_map_by_name(t->obj, "bulk");
	if (bulk && ring_bytes)
		bpf_map__set_max_entries(bulk, ring_bytes);
	if (bpf_object__load(t->obj) || open_maps(t))
		goto fail;
	return t;
fail:
	fprintf(stderr, "cannot load %s: %s\n", path, strerror(errno));
	testrun_free(t);
	return NULL;
}

void testrun_free(struct testrun *t)
{
	if (!t)
		return;
	ring_buffer__free(t->ring);
	bpf_object__close(t->obj);
	free(t->per_cpu);
	if (t->settings)
		munmap(t->settings, sizeof(*t->settings));
	if (t->heads)
		munmap(t->heads, sizeof(*t->heads));
	free(t);
}

bool testrun_takes(enum hook hook, const __u8 *data, unsigned int len)
{
	unsigned int type, header;

	if (len < TESTRUN_MIN || len > TESTRUN_MAX)
		return false;
	if (hook == HOOK_XDP)
		return true;
	if (len > TESTRUN_MAX_TC)
		return false;
	type = data[12] << 8 | data[13];
	header = type == ETHERTYPE_IP4 ? 20 : type == ETHERTYPE_IP6 ? 40 : 0;
	return len >= TESTRUN_MIN + header;
}

void testrun_reset(struct testrun *t, const struct settings *settings)
{
	*t->settings = *settings;
	settings_complete(t->settings);
	memset(t->heads, 0, sizeof(*t->heads));
}

int testrun_watch(struct testrun *t, unsigned int ifindex)
{
	__u32 one = 1;

	return bpf_map_update_elem(t->watched_fd, &ifindex, &one, BPF_ANY) ? -errno : 0;
}

int testrun_lists(struct testrun *t, const struct indicators *set)
{
	const struct listed_maps maps = {
		.fingerprints = bpf_object__find_map_fd_by_name(t->obj, "fingerprints"),
		.networks = bpf_object__find_map_fd_by_name(t->obj, "networks"),
	};

	t->settings->syn = indicators_count(set) > 0;
	return listed_put(&maps, set, 1);
}

void testrun_flag(struct testrun *t, const struct flagged_key *key, const struct flagged *f)
{
	flagged_put(bpf_object__find_map_fd_by_name(t->obj, "flagged"), key, f);
}

struct settings *testrun_settings(struct testrun *t)
{
	return t->settings;
}

void testrun_stall(struct testrun *t)
{
	t->stalled = true;
}

bool testrun_linear(struct testrun *t, unsigned int bytes)
{
	static const __u8 frame[128];
	static struct seen unused;

	t->linear = bytes;
	if (bytes && testrun_look(t, HOOK_XDP, LINK_ETHERNET, frame, sizeof(frame), 0, &unused))
		t->linear = 0;
	return t->linear == bytes;
}

const char *testrun_look(struct testrun *t, enum hook hook, enum link_type link, const __u8 *data,
			 unsigned int len, unsigned int ingress, struct seen *s)
{
	const __u32 pass = hook == HOOK_XDP ? XDP_PASS : (__u32)TC_ACT_UNSPEC;
	const __u32 drop = hook == HOOK_XDP ? XDP_DROP : TC_ACT_SHOT;
	struct __sk_buff skb = { .ingress_ifindex = ingress };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = data, .data_size_in = len, .repeat = 1);
	struct xdp_md xdp = { .data_end = t->linear };
	struct counters after;

	if (hook == HOOK_TC && ingress) {
		opts.ctx_in = &skb;
		opts.ctx_size_in = sizeof(skb);
	} else if (hook == HOOK_XDP && t->linear && t->linear < len) {
		opts.ctx_in = &xdp;
		opts.ctx_size_in = sizeof(xdp);
	}
	s->n_records = 0;
	s->len = 0;
	if (bpf_prog_test_run_opts(t->prog_fd[hook][link == LINK_IP], &opts))
		return "the kernel's test-run refused the frame";
	s->dropped = opts.retval == drop;
	if (opts.retval != pass && (t->settings->enforce == ENFORCE_OFF || !s->dropped))
		return hook == HOOK_XDP ? "did not return XDP_PASS" : "did not return TC_ACT_UNSPEC";
	t->seen = s;
	if (!t->stalled)
		ring_buffer__consume(t->ring);
	t->seen = NULL;
	if (read_counters(t, &after))
		return "cannot read the counters";
	seen_counters(s, &t->before, &after);
	t->before = after;
	return NULL;
}
