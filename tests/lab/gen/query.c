/* query.c: see query.h. */
#include "query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void query_start(struct query *q, unsigned int type)
{
	q->text[0] = 0;
	q->type = type;
	q->rcode = RCODE_OK;
	q->edns = 0;
	q->far = 0;
	q->n = 0;
}

struct record *query_record(struct query *q, unsigned int type, __u32 ttl)
{
	struct record *r = &q->records[q->n];

	if (q->n == QUERY_RECORDS)
		abort();
	q->n++;
	r->type = type;
	r->ttl = ttl;
	r->len = 0;
	r->target[0] = 0;
	return r;
}

void record_address(struct record *r, __u32 ip)
{
	for (int i = 0; i < 4; i++)
		r->data[r->len++] = ip >> (24 - 8 * i);
}

void record_text(struct record *r, const void *data, unsigned int len)
{
	const __u8 *from = data;

	do {
		unsigned int part = len < 255 ? len : 255;

		if (r->len + 1 + part > sizeof(r->data))
			abort();
		r->data[r->len++] = part;
		memcpy(r->data + r->len, from, part);
		r->len += part;
		from += part;
		len -= part;
	} while (len);
}

/* Who says so: the zone that the name would be in. */
static void put_authority(struct pkt *p, const char *text)
{
	static const __u32 numbers[] = { 2026010101, 7200, 3600, 1209600, 300 };
	const char *suffix = strrchr(text, '.');
	char server[80], person[80];

	suffix = suffix ? suffix + 1 : "";
	snprintf(server, sizeof(server), "ns%s%.60s", *suffix ? "." : "", suffix);
	snprintf(person, sizeof(person), "root%s%.60s", *suffix ? "." : "", suffix);
	pkt_count(p, PKT_AUTHORITY);
	pkt_name(p, suffix);
	pkt_put16(p, RR_SOA);
	pkt_put16(p, 1);
	pkt_put32(p, 300);
	pkt_put16(p, strlen(server) + 2 + strlen(person) + 2 + 20);
	pkt_name(p, server);
	pkt_name(p, person);
	for (int i = 0; i < 5; i++)
		pkt_put32(p, numbers[i]);
}

static void put_record(struct pkt *p, const struct record *r)
{
	pkt_count(p, PKT_ANSWER);
	pkt_pointer(p, 12);
	pkt_put16(p, r->type);
	pkt_put16(p, 1);
	pkt_put32(p, r->ttl);
	pkt_put16(p, r->len + (*r->target ? strlen(r->target) + 2 : 0));
	pkt_bytes(p, r->data, r->len);
	if (*r->target)
		pkt_name(p, r->target);
}

static void message(struct lab *l, struct host *h, const struct query *q, __u16 id, __u16 port, int response,
		    __u64 at)
{
	struct end ours = { h->ip, port }, resolver = { RESOLVER, 53 };
	struct pkt p;

	if (response)
		wire_udp(&p, resolver, ours, 0, 0);
	else
		wire_udp(&p, ours, resolver, 1, h->ip_id++);
	pkt_dns(&p, response ? 0x8180 | q->rcode : 0x0100);
	pkt_poke16(&p, p.payload, id);
	pkt_question(&p, q->text, q->type);
	for (unsigned int i = 0; response && i < q->n; i++)
		put_record(&p, &q->records[i]);
	if (response && !q->n && q->rcode != RCODE_SERVFAIL)
		put_authority(&p, q->text);
	if (q->edns)
		pkt_edns(&p, 1232, 0, 0, 0);
	wire_send(&l->wire, &p, at);
}

__u64 query_ask(struct lab *l, struct host *h, const struct query *q, __u64 at)
{
	struct rng *r = &h->rng;
	__u16 id = rng_next(r), port = 32768 + rng_below(r, 28000);

	message(l, h, q, id, port, 0, at);
	if (rng_chance(r, 0.004)) { /* lost on its way */
		at += 5 * SEC;
		message(l, h, q, id, port, 0, at);
	}
	at += (__u64)rng_lognormal(r, q->far ? 45 : 12, q->far ? 0.5 : 0.8) * MSEC + rng_below(r, 1000) + 300;
	message(l, h, q, id, port, 1, at);
	return at + 100;
}

__u64 query_missing(struct lab *l, struct host *h, const char *text, int both, __u64 at)
{
	struct query q;
	__u64 four, six = 0;

	query_start(&q, RR_A);
	q.rcode = RCODE_NXDOMAIN;
	snprintf(q.text, sizeof(q.text), "%s", text);
	four = query_ask(l, h, &q, at);
	if (both && h->asks6) {
		q.type = RR_AAAA;
		six = query_ask(l, h, &q, at + 60);
	}
	return four > six ? four : six;
}
