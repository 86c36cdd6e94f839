/* dns.c: hosts, and their lookups. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "talk.h"

enum { A = 1, NS = 2, CNAME = 5, SOA = 6, AAAA = 28 };

struct lookup {
	const struct name *name; /* NULL: it does not exist */
	char text[NAME_TEXT];	 /* as it is asked for */
	unsigned int type, turn;
	int recalled; /* turn says which address comes first */
	__u32 ttl;
	__u16 id, port;
};

void host_start(struct host *h, const struct lab *l, __u32 ip, __u64 n)
{
	*h = (struct host){ .ip = ip, .rng = rng_start(l->seed, n) };
	h->ip_id = rng_next(&h->rng);
	h->port = rng_below(&h->rng, 16384);
	h->asks6 = rng_chance(&h->rng, 0.7);
}

static void answer(struct pkt *p, unsigned int owner, unsigned int type, __u32 ttl, const void *data,
		   unsigned int len)
{
	pkt_count(p, PKT_ANSWER);
	pkt_pointer(p, owner);
	pkt_put16(p, type);
	pkt_put16(p, 1);
	pkt_put32(p, ttl);
	pkt_put16(p, len);
	pkt_bytes(p, data, len);
}

/* Returns where the target's name stands in the message. */
static unsigned int answer_alias(struct pkt *p, unsigned int owner, __u32 ttl, const char *target)
{
	answer(p, owner, CNAME, ttl, "", 0);
	pkt_poke16(p, p->len - 2, strlen(target) + 2);
	pkt_name(p, target);
	return p->len - p->payload - strlen(target) - 2;
}

static void no_such_record(struct pkt *p)
{
	static const __u32 numbers[] = { 2026010101, 7200, 3600, 1209600, 300 };

	pkt_count(p, PKT_AUTHORITY);
	pkt_name(p, "test");
	pkt_put16(p, SOA);
	pkt_put16(p, 1);
	pkt_put32(p, 300);
	pkt_put16(p, 9 + 11 + 20);
	pkt_name(p, "ns.test");
	pkt_name(p, "root.test");
	for (int i = 0; i < 5; i++)
		pkt_put32(p, numbers[i]);
}

/* What a resolver with a memory of its own answers: the same addresses until the TTL has run down. Returns what is
 * left of it. */
static __u32 recall(struct lab *l, struct host *h, const struct name *n, __u64 at, unsigned int *turn)
{
	struct kept *kept = &l->kept[n - l->world.names];

	if (at >= kept->until) {
		kept->until = at + n->ttl * SEC;
		kept->turn = rng_below(&h->rng, n->zone ? ZONE_TURNS : n->n_addrs);
	}
	*turn = kept->turn;
	if (at + n->ttl * SEC < kept->until) /* asked a moment before whoever made it fetch the name */
		return n->ttl;
	return (kept->until - at + SEC - 1) / SEC;
}

static unsigned int shown(const struct name *n)
{
	return n->shown ? n->shown : n->n_addrs;
}

static void name_server(struct pkt *p, enum pkt_section section, const char *domain, unsigned int i, __u32 ttl,
			__u32 ip)
{
	char text[NAME_TEXT + 8];

	snprintf(text, sizeof(text), "ns%u.%s", i + 1, domain);
	pkt_count(p, section);
	pkt_name(p, section == PKT_AUTHORITY ? domain : text);
	pkt_put16(p, section == PKT_AUTHORITY ? NS : A);
	pkt_put16(p, 1);
	pkt_put32(p, ttl);
	pkt_put16(p, section == PKT_AUTHORITY ? strlen(text) + 2 : 4);
	if (section == PKT_AUTHORITY)
		pkt_name(p, text);
	else
		pkt_put32(p, ip);
}

static void name_servers(struct pkt *p, const struct name *n, __u32 ttl, unsigned int turn)
{
	const struct zone *z = n->zone;
	const char *domain = world_domain(n->text);

	for (unsigned int i = 0; i < z->n_ns; i++)
		name_server(p, PKT_AUTHORITY, domain, i, z->ns_moves ? ttl : 86400, 0);
	for (unsigned int i = 0; i < z->n_ns; i++)
		name_server(p, PKT_ADDITIONAL, domain, i, z->ns_moves ? ttl : 86400,
			    z->ns_moves ? world_address(n, turn, shown(n) + i) : z->addrs[i]);
}

static void answers(struct pkt *p, struct host *h, const struct lookup *q)
{
	const struct name *n = q->name;
	unsigned int owner = 12, turn;

	for (unsigned int i = 0; n && i < n->n_aliases; i++)
		owner = answer_alias(p, owner, n->ttl * 4, n->aliases[i]);
	if (!n || (q->type == AAAA && !n->has6)) {
		no_such_record(p);
	} else if (q->type == AAAA) {
		answer(p, owner, AAAA, q->ttl, n->addr6, 16);
	} else {
		turn = q->recalled ? q->turn : rng_below(&h->rng, n->n_addrs);
		for (unsigned int i = 0; i < shown(n); i++) {
			__u32 ip = world_address(n, turn, i);
			const __u8 data[4] = { ip >> 24, ip >> 16, ip >> 8, ip };

			answer(p, owner, A, q->ttl, data, 4);
		}
		if (n->zone)
			name_servers(p, n, q->ttl, turn);
	}
}

static void message(struct lab *l, struct host *h, const struct lookup *q, int response, __u64 at)
{
	struct end ours = { h->ip, q->port }, resolver = { RESOLVER, 53 };
	struct pkt p;

	if (response)
		wire_udp(&p, resolver, ours, 0, 0);
	else
		wire_udp(&p, ours, resolver, 1, h->ip_id++);
	pkt_dns(&p, !response ? 0x0100 : q->name ? 0x8180 : 0x8183);
	pkt_poke16(&p, p.payload, q->id);
	pkt_question(&p, q->text, q->type);
	if (response)
		answers(&p, h, q);
	wire_send(&l->wire, &p, at);
}

/* Returns the time of the answer. */
static __u64 ask(struct lab *l, struct host *h, const struct name *n, const char *text, unsigned int type,
		 __u64 at)
{
	struct lookup q = { .name = n, .type = type, .id = rng_next(&h->rng) };

	q.port = 32768 + rng_below(&h->rng, 28000);
	snprintf(q.text, sizeof(q.text), "%s", text);
	for (char *c = q.text; h->mixed_case && *c; c++)
		if (rng_chance(&h->rng, 0.5))
			*c = toupper(*c);
	message(l, h, &q, 0, at);
	if (rng_chance(&h->rng, 0.004)) { /* lost on its way */
		at += 5 * SEC;
		message(l, h, &q, 0, at);
	}
	at += (__u64)rng_lognormal(&h->rng, 12, 0.8) * MSEC + rng_below(&h->rng, 1000) + 300;
	if (n)
		q.ttl = n->ttl;
	if (n && l->kept) {
		q.ttl = recall(l, h, n, at, &q.turn);
		q.recalled = 1;
	}
	message(l, h, &q, 1, at);
	return at;
}

static void ask_both(struct lab *l, struct host *h, const struct name *n, const char *text, __u64 *at)
{
	__u64 four = ask(l, h, n, text, A, *at), six = 0;

	if (h->asks6)
		six = ask(l, h, n, text, AAAA, *at + 60);
	*at = (four > six ? four : six) + 100;
}

__u32 dns_resolve(struct lab *l, struct host *h, const struct name *n, __u64 *at)
{
	__u64 *cached = table_at(&h->cached, n - l->world.names);
	unsigned int turn;

	if (*at >= *cached >> 8) { /* the low byte: which address came first */
		ask_both(l, h, n, n->text, at);
		turn = l->kept ? l->kept[n - l->world.names].turn : 0;
		*cached = (l->kept ? l->kept[n - l->world.names].until : *at + n->ttl * SEC) << 8 | turn;
	}
	turn = *cached & 255;
	return world_address(n, turn, rng_below(&h->rng, shown(n)));
}

void dns_missing(struct lab *l, struct host *h, const char *text, __u64 *at)
{
	ask_both(l, h, NULL, text, at);
}
