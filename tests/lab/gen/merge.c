/* merge.c: several captures as one, by time. Each keeps its own order: where its clock jumps back, so does the
 * whole. usage: labgen merge OUT IN... */
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

#include "heap.h"
#include "transplant.h"

struct source {
	const char *path;
	pcap_t *pcap;
	struct pcap_pkthdr *head;
	const u_char *frame;
};

/* Puts it back by its next frame. 0, or -1 with a message printed. */
static int next(struct heap *h, struct source *s)
{
	int got = pcap_next_ex(s->pcap, &s->head, &s->frame);

	if (got == 1)
		heap_add(h, (__u64)s->head->ts.tv_sec * 1000000 + (__u64)s->head->ts.tv_usec, s);
	else if (got == PCAP_ERROR)
		fprintf(stderr, "labgen: merge: %s: %s\n", s->path, pcap_geterr(s->pcap));
	return got == PCAP_ERROR ? -1 : 0;
}

static int open_all(struct source *all, int n, char **paths)
{
	char error[PCAP_ERRBUF_SIZE];

	for (int i = 0; i < n; i++) {
		all[i].path = paths[i];
		all[i].pcap = pcap_open_offline(paths[i], error);
		if (!all[i].pcap) {
			fprintf(stderr, "labgen: merge: %s: %s\n", paths[i], error);
			return -1;
		}
		if (pcap_datalink(all[i].pcap) != DLT_EN10MB) {
			fprintf(stderr, "labgen: merge: %s: not Ethernet: transplant it first\n", paths[i]);
			return -1;
		}
	}
	return 0;
}

static int merge(struct source *all, int n, const char *path)
{
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, 262144);
	pcap_dumper_t *out = dead ? pcap_dump_open(dead, path) : NULL;
	unsigned long long frames = 0;
	struct heap h = { 0 };
	int err = 0;

	if (!out) {
		fprintf(stderr, "labgen: merge: %s\n", dead ? pcap_geterr(dead) : "out of memory");
		err = -1;
	}
	for (int i = 0; !err && i < n; i++)
		err = next(&h, &all[i]);
	while (!err && h.n) {
		struct source *s = heap_take(&h);

		pcap_dump((u_char *)out, s->head, s->frame);
		frames++;
		err = next(&h, s);
	}
	if (out) {
		if (pcap_dump_flush(out) || ferror(pcap_dump_file(out))) {
			perror(path);
			err = -1;
		}
		pcap_dump_close(out);
	}
	if (dead)
		pcap_close(dead);
	heap_free(&h);
	if (!err)
		printf("%s: %llu frames of %d captures\n", path, frames, n);
	return err;
}

int merge_main(int argc, char **argv)
{
	int n = argc - 2, err;
	struct source *all;

	if (n < 1) {
		fprintf(stderr, "usage: labgen merge OUT IN...\n");
		return 2;
	}
	all = calloc((size_t)n, sizeof(*all));
	err = !all || open_all(all, n, argv + 2) || merge(all, n, argv[1]);
	for (int i = 0; all && i < n; i++)
		if (all[i].pcap)
			pcap_close(all[i].pcap);
	free(all);
	return err;
}
