/* tcp.c: connections with real sequence numbers, acknowledgements, and a segment sent twice now and then. */
#include <stdlib.h>
#include <string.h>

#include "talk.h"

#define MSS 1460
#define TWICE 0.003

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

static void start_segment(struct tcp *t, struct pkt *p, int out, unsigned int flags, unsigned int options)
{
	if (out)
		wire_tcp(p, t->ours, t->theirs, 1, t->host->ip_id++, t->our_seq, flags & ACK ? t->their_seq : 0,
			 flags, options);
	else
		wire_tcp(p, t->theirs, t->ours, 0, t->their_seq >> 8, t->their_seq, t->our_seq, flags, options);
}

static void bare(struct tcp *t, int out, unsigned int flags)
{
	struct pkt p;

	start_segment(t, &p, out, flags, flags & SYN ? 4 : 0);
	if (flags & SYN) {
		pkt_poke16(&p, p.l4 + 20, 0x0204);
		pkt_poke16(&p, p.l4 + 22, MSS);
	}
	wire_send(&t->lab->wire, &p, t->now);
	if (flags & (SYN | FIN))
		*(out ? &t->our_seq : &t->their_seq) += 1;
}

static void start(struct tcp *t, struct lab *l, struct host *h, __u32 ip, __u16 port, __u64 at)
{
	*t = (struct tcp){ .lab = l, .host = h, .theirs = { ip, port }, .now = at };
	t->ours = (struct end){ h->ip, 49152 + h->port++ % 16384 };
	t->our_seq = rng_next(&h->rng);
	t->their_seq = rng_next(&h->rng);
	t->rtt = (4 + (ip * 2654435761u >> 24) % 90) * MSEC + rng_below(&h->rng, 3000);
}

void tcp_open(struct tcp *t, struct lab *l, struct host *h, __u32 ip, __u16 port, __u64 at)
{
	start(t, l, h, ip, port, at);
	bare(t, 1, SYN);
	t->now += t->rtt;
	bare(t, 0, SYN | ACK);
	t->now += 40;
	bare(t, 1, ACK);
	t->now += 100;
}

void tcp_refused(struct lab *l, struct host *h, __u32 ip, __u16 port, __u64 at)
{
	struct tcp t;

	start(&t, l, h, ip, port, at);
	for (int i = 0; i < 3; i++, t.our_seq--) {
		bare(&t, 1, SYN);
		t.now += (i ? 6 : 3) * SEC;
	}
}

void tcp_probe(struct lab *l, struct host *h, __u32 ip, __u16 port, __u32 seq, int denied, __u64 at)
{
	struct tcp t;

	start(&t, l, h, ip, port, at);
	t.our_seq = seq;
	bare(&t, 1, SYN);
	t.now += t.rtt;
	t.their_seq = 0;
	if (denied)
		bare(&t, 0, RST | ACK);
}

void tcp_denied(struct lab *l, struct host *h, __u32 ip, __u16 port, __u64 at)
{
	tcp_probe(l, h, ip, port, (__u32)rng_next(&h->rng), 1, at);
}

static void send_data(struct tcp *t, int out, const __u8 *data, unsigned int len)
{
	__u32 *seq = out ? &t->our_seq : &t->their_seq;
	struct pkt p;

	for (unsigned int n = 0; len; n++) {
		unsigned int part = len < MSS ? len : MSS;

		start_segment(t, &p, out, ACK | (part == len ? PSH : 0), 0);
		pkt_bytes(&p, data, part);
		wire_send(&t->lab->wire, &p, t->now);
		if (rng_chance(&t->host->rng, TWICE)) {
			t->now += 220 * MSEC;
			wire_send(&t->lab->wire, &p, t->now);
		}
		t->now += 120 + rng_below(&t->host->rng, 200);
		*seq += part;
		data += part;
		len -= part;
		if (!out && (n % 2 || !len))
			bare(t, 1, ACK);
	}
}

void tcp_say(struct tcp *t, const void *data, unsigned int len)
{
	send_data(t, 1, data, len);
}

void tcp_hear(struct tcp *t, const void *data, unsigned int len)
{
	t->now += t->rtt;
	send_data(t, 0, data, len);
}

void tcp_close(struct tcp *t)
{
	t->now += 300;
	bare(t, 1, FIN | ACK);
	t->now += t->rtt;
	bare(t, 0, FIN | ACK);
	t->now += 40;
	bare(t, 1, ACK);
}
