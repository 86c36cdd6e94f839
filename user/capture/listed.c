/* listed.c: see listed.h. The fingerprints are written to the map's own memory, which is let go of afterwards:
 * they belong to the kernel then. */
#include "capture/listed.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "intel/fingerprints.h"
#include "support/log.h"

struct trie {
	int fd;
	uint32_t n;
	int err;
};

static size_t page_up(size_t size)
{
	size_t page = sysconf(_SC_PAGESIZE);

	return (size + page - 1) / page * page;
}

static int make_fingerprints(const struct indicators *set, struct fingerprint_head *head)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_INNER_MAP | BPF_F_MMAPABLE);
	size_t n = fingerprints_lines(head), size = page_up(n * sizeof(struct fingerprint_line));
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "listed_names", sizeof(uint32_t), FINGERPRINT_LINE, n, &opts);
	struct fingerprint_line *lines;

	if (fd < 0)
		return -errno;
	lines = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (lines == MAP_FAILED) {
		int err = -errno;

		close(fd);
		return err;
	}
	fingerprints_fill(set, head, lines);
	munmap(lines, size);
	return fd;
}

/* Listed addresses stand among the names; those that are exceptions do not. */
static bool is_network(const struct indicator_match *m)
{
	return !m->entry && (m->bits < 128 || m->allow);
}

static void count_network(void *ctx, const struct indicator_match *m)
{
	((struct trie *)ctx)->n += is_network(m);
}

static void put_network(void *ctx, const struct indicator_match *m)
{
	struct trie *trie = ctx;
	struct network_key key = { .bits = 8 + m->bits, .kind = m->allow ? NETWORK_ALLOWED : NETWORK_LISTED };
	uint8_t there = 1;

	if (!is_network(m) || trie->err)
		return;
	memcpy(key.ip, m->ip, sizeof(key.ip));
	if (bpf_map_update_elem(trie->fd, &key, &there, BPF_ANY))
		trie->err = -errno;
}

static int make_networks(const struct indicators *set)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);
	struct trie trie = { 0 };

	indicators_walk(set, count_network, &trie);
	trie.fd = bpf_map_create(BPF_MAP_TYPE_LPM_TRIE, "listed_networks", sizeof(struct network_key), 1,
				 trie.n ? trie.n : 1, &opts);
	if (trie.fd < 0)
		return -errno;
	indicators_walk(set, put_network, &trie);
	if (!trie.err)
		return trie.fd;
	close(trie.fd);
	return trie.err;
}

/* The outer map keeps the inner one from now on. */
static int swap(int outer, int inner)
{
	uint32_t zero = 0;
	int err = 0;

	if (inner < 0)
		return inner;
	if (bpf_map_update_elem(outer, &zero, &inner, BPF_ANY))
		err = -errno;
	close(inner);
	return err;
}

int listed_put(const struct listed_maps *maps, const struct indicators *set, uint64_t generation)
{
	const uint32_t networks = FINGERPRINT_NETWORK | FINGERPRINT_ALLOW_NETWORK;
	struct fingerprint_head head;
	uint32_t zero = 0;
	int err = 0;

	fingerprints_plan(set, generation, &head);
	if (!head.n_entries && !(head.flags & (networks | FINGERPRINT_MARKED))) {
		(void)bpf_map_delete_elem(maps->fingerprints, &zero); /* there may be none */
		(void)bpf_map_delete_elem(maps->networks, &zero);
		return 0;
	}
	/* Networks first: the head of the other table says whether they are asked. */
	if (head.flags & networks)
		err = swap(maps->networks, make_networks(set));
	if (!err)
		err = swap(maps->fingerprints, make_fingerprints(set, &head));
	if (err)
		log_error(
			"cannot give the lists to the packet programs: %s; listed names are found all the same, later",
			strerror(-err));
	return err;
}
