/* wire.c: see wire.h. */
#include "wire.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct frame {
	unsigned int len;
	__u8 data[];
};

int wire_open(struct wire *w, const char *path)
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);

	*w = (struct wire){ .pcap = pcap };
	w->dumper = pcap ? pcap_dump_open(pcap, path) : NULL;
	if (w->dumper)
		return 0;
	fprintf(stderr, "labgen: %s\n", pcap ? pcap_geterr(pcap) : "out of memory");
	if (pcap)
		pcap_close(pcap);
	return -1;
}

static int open_day(struct wire *w)
{
	const char *leaf = strrchr(w->daily, '/'), *dot = strrchr(leaf ? leaf : w->daily, '.');
	int stem = dot ? (int)(dot - w->daily) : (int)strlen(w->daily);
	char path[4096];

	snprintf(path, sizeof(path), "%.*s-%03u%s", stem, w->daily, ++w->days, dot ? dot : "");
	w->dumper = pcap_dump_open(w->pcap, path);
	if (!w->dumper)
		fprintf(stderr, "labgen: %s\n", pcap_geterr(w->pcap));
	return w->dumper ? 0 : -1;
}

int wire_open_daily(struct wire *w, const char *path, __u64 start)
{
	*w = (struct wire){ .pcap = pcap_open_dead(DLT_EN10MB, 65535),
			    .daily = path,
			    .day_ends = start + 24 * HOUR };
	if (w->pcap && !open_day(w))
		return 0;
	if (w->pcap)
		pcap_close(w->pcap);
	return -1;
}

/* Whether all of a capture is on the disk. */
static int unwritten(const struct wire *w)
{
	return pcap_dump_flush(w->dumper) || ferror(pcap_dump_file(w->dumper));
}

/* Days without a packet have a capture, too. */
static void turn_day(struct wire *w, __u64 at)
{
	while (w->daily && at >= w->day_ends && !w->failed) {
		w->failed = unwritten(w);
		pcap_dump_close(w->dumper);
		w->day_ends += 24 * HOUR;
		w->failed |= open_day(w);
	}
}

void wire_flush(struct wire *w, __u64 until)
{
	const struct heap_entry *first;

	while ((first = heap_first(&w->waiting)) && first->at < until) {
		__u64 at = first->at;
		struct frame *f = heap_take(&w->waiting);
		struct pcap_pkthdr head = { .caplen = f->len, .len = f->len };

		turn_day(w, at);
		head.ts.tv_sec = (time_t)(at / SEC);
		head.ts.tv_usec = (suseconds_t)(at % SEC);
		if (!w->failed)
			pcap_dump(w->dumper, &head, f->data);
		w->packets++;
		free(f);
	}
}

int wire_close(struct wire *w, const char *path)
{
	int failed = w->failed || unwritten(w);

	if (failed)
		perror(path);
	while (w->waiting.n)
		free(heap_take(&w->waiting));
	heap_free(&w->waiting);
	if (w->dumper)
		pcap_dump_close(w->dumper);
	pcap_close(w->pcap);
	return failed ? -1 : 0;
}

static void start_ip(struct pkt *p, struct end from, struct end to, int out, __u16 ip_id, int dont_fragment)
{
	memset(p, 0, offsetof(struct pkt, data));
	pkt_eth(p);
	/* The host's own address in its hardware address; the gateway has 1. */
	memcpy(p->data + (out ? 0 : 6), "\x02\x00\x00\x00\x00\x01", 6);
	memcpy(p->data + (out ? 6 : 0), "\x02\x01", 2);
	for (int i = 0; i < 4; i++)
		p->data[(out ? 8 : 2) + i] = (out ? from.ip : to.ip) >> (24 - 8 * i);
	pkt_ip4(p, 0);
	pkt_poke16(p, p->ip + 4, ip_id);
	pkt_poke16(p, p->ip + 6, dont_fragment ? 0x4000 : 0);
	pkt_poke8(p, p->ip + 8, out ? 64 : 52);
	pkt_poke16(p, p->ip + 12, from.ip >> 16);
	pkt_poke16(p, p->ip + 14, from.ip);
	pkt_poke16(p, p->ip + 16, to.ip >> 16);
	pkt_poke16(p, p->ip + 18, to.ip);
}

void wire_udp(struct pkt *p, struct end from, struct end to, int out, __u16 ip_id)
{
	start_ip(p, from, to, out, ip_id, 0);
	pkt_udp(p, from.port, to.port);
}

void wire_tcp(struct pkt *p, struct end from, struct end to, int out, __u16 ip_id, __u32 seq, __u32 ack,
	      unsigned int flags, unsigned int options)
{
	start_ip(p, from, to, out, ip_id, 1);
	pkt_tcp(p, from.port, to.port, seq, options);
	pkt_poke16(p, p->l4 + 8, ack >> 16);
	pkt_poke16(p, p->l4 + 10, ack);
	pkt_poke8(p, p->l4 + 13, flags);
}

static __u32 sum(const __u8 *at, unsigned int len, __u32 so_far)
{
	for (; len > 1; at += 2, len -= 2)
		so_far += at[0] << 8 | at[1];
	return len ? so_far + (at[0] << 8) : so_far;
}

static __u16 fold(__u32 sum32)
{
	while (sum32 >> 16)
		sum32 = (sum32 & 0xffff) + (sum32 >> 16);
	return ~sum32;
}

void wire_send(struct wire *w, struct pkt *p, __u64 at)
{
	unsigned int proto = p->data[p->ip + 9], len = p->len - p->l4;
	unsigned int field = p->l4 + (proto == 17 ? 6 : 16);
	struct frame *f = malloc(sizeof(*f) + p->len);
	__u16 l4_sum;

	if (!f) {
		fprintf(stderr, "labgen: out of memory\n");
		exit(1);
	}
	pkt_poke16(p, p->ip + 10, 0);
	pkt_poke16(p, p->ip + 10, fold(sum(p->data + p->ip, p->l4 - p->ip, 0)));
	pkt_poke16(p, field, 0);
	l4_sum = fold(sum(p->data + p->l4, len, sum(p->data + p->ip + 12, 8, proto + len)));
	pkt_poke16(p, field, proto == 17 && !l4_sum ? 0xffff : l4_sum);
	f->len = p->len;
	memcpy(f->data, p->data, p->len);
	heap_add(&w->waiting, at, f);
}
