/* pack.c: profiles to bytes; see pack.h. */
#include "profile/pack.h"

#include <string.h>

static void put_byte(struct buf *b, uint8_t byte)
{
	buf_char(b, (char)byte);
}

static void put_number(struct buf *b, uint64_t n)
{
	uint8_t bytes[10];
	size_t len = 0;

	for (; n >= 0x80; n >>= 7)
		bytes[len++] = (n & 0x7f) | 0x80;
	bytes[len++] = n;
	buf_put(b, bytes, len);
}

static void put_u64(struct buf *b, uint64_t n)
{
	uint8_t bytes[8];

	for (unsigned int i = 0; i < 8; i++)
		bytes[i] = n >> 8 * i;
	buf_put(b, bytes, sizeof(bytes));
}

static void put_double(struct buf *b, double x)
{
	uint64_t bits;

	memcpy(&bits, &x, sizeof(bits));
	put_u64(b, bits);
}

static void put_moments(struct buf *b, const struct moments *m)
{
	put_number(b, m->n);
	if (!m->n)
		return;
	put_double(b, m->mean);
	put_double(b, m->m2);
}

static void put_distinct(struct buf *b, const struct distinct *d)
{
	const uint64_t *hashes = distinct_hashes(d);

	put_byte(b, d->n);
	if (!distinct_exact(d)) {
		buf_put(b, d->more, DISTINCT_REGISTERS);
		return;
	}
	for (uint32_t i = 0; i < d->n; i++)
		put_u64(b, hashes[i]);
}

static void put_persistence(struct buf *b, const struct persistence *p)
{
	for (unsigned int i = 0; i < N_SCALES; i++) {
		put_number(b, p->bins[i]);
		if (p->bins[i])
			put_number(b, p->newest[i]);
	}
}

static void put_rhythm(struct buf *b, const struct rhythm *r)
{
	uint32_t ms[RECENT_GAPS];
	unsigned int n = rhythm_recent(r, ms);

	put_number(b, r->messages);
	if (!r->messages)
		return;
	put_number(b, r->first_ns);
	put_number(b, r->last_ns);
	put_number(b, r->checkin_ns);
	put_number(b, r->checkins);
	put_number(b, r->backwards);
	put_moments(b, &r->gap_s);
	put_byte(b, n);
	for (unsigned int i = 0; i < n; i++)
		put_number(b, ms[i]);
	put_persistence(b, &r->persistence);
}

static void put_head(struct buf *b, enum pack_kind kind, uint64_t used)
{
	put_byte(b, PACK_VERSION);
	put_byte(b, kind);
	put_number(b, used);
}

void profile_pack_client(const struct client_profile *c, struct buf *b)
{
	put_head(b, PACK_CLIENT, client_of(c)->node.used);
	put_number(b, c->first_ns);
	put_number(b, c->last_ns);
	put_number(b, c->queries);
	put_number(b, c->responses);
	put_number(b, c->nxdomain);
	put_number(b, c->requests);
	put_number(b, c->other_names);
	put_distinct(b, &c->domains);
	put_distinct(b, &c->nx_domains);
	put_moments(b, &c->name_length);
	put_double(b, c->dga.walk);
	put_number(b, c->dga.ns);
	put_number(b, c->dga.since_ns);
	put_number(b, c->dga.names);
	put_number(b, c->dga.generated);
	put_number(b, c->dga.told_ns);
	put_distinct(b, &c->nowhere);
	put_moments(b, &c->nowhere_length);
	put_number(b, c->nowhere_told_ns);
	put_distinct(b, &c->asked_by);
	put_distinct(b, &c->fetches_for);
}

void profile_pack_domain(const struct domain_profile *d, struct buf *b)
{
	put_head(b, PACK_DOMAIN, domain_of(d)->node.used);
	put_number(b, d->first_ns);
	put_number(b, d->last_ns);
	put_number(b, d->queries);
	put_number(b, d->responses);
	put_number(b, d->nxdomain);
	put_number(b, d->requests);
	for (unsigned int i = 0; i < N_ASKED; i++)
		put_number(b, d->asked[i]);
	put_distinct(b, &d->clients);
	put_distinct(b, &d->names);
	put_moments(b, &d->name_length);
	put_moments(b, &d->addresses);
	put_moments(b, &d->fresh);
	put_moments(b, &d->ttl);
	put_number(b, d->ttl_min);
	put_distinct(b, &d->ips);
	put_distinct(b, &d->networks);
	put_distinct(b, &d->systems);
	put_number(b, d->failed);
	put_number(b, d->reversed);
	put_byte(b, d->nowhere);
}

static void put_state(struct buf *b, const struct profile_state *s)
{
	put_byte(b, s->judgement);
	put_number(b, s->judged_ns);
	put_number(b, s->told_ns);
	put_number(b, s->next_checkins);
	put_double(b, s->score);
	put_number(b, s->next_queries);
	put_byte(b, s->excuse);
	put_number(b, s->told_evidence);
	put_double(b, s->told_score);
}

void profile_pack_pair(const struct pair_profile *pair, struct buf *b)
{
	put_head(b, PACK_PAIR, pair_of(pair)->node.used);
	put_rhythm(b, &pair->http);
	put_rhythm(b, &pair->dns);
	put_moments(b, &pair->url_length);
	put_distinct(b, &pair->urls);
	put_distinct(b, &pair->agents);
	put_number(b, pair->get);
	put_number(b, pair->post);
	put_number(b, pair->other);
	put_number(b, pair->no_agent);
	put_number(b, pair->browser_like);
	put_persistence(b, &pair->persistence);
	put_state(b, &pair->state);
}

void profiles_pack_totals(const struct profiles *p, struct buf *b)
{
	put_head(b, PACK_TOTALS, p->clock);
	put_number(b, p->now_ns);
	put_number(b, p->since_ns);
	for (unsigned int i = 0; i < N_NODE_KINDS; i++)
		put_number(b, p->table[i].evicted);
	put_number(b, p->flagged_kept);
	put_number(b, p->own_evicted);
	put_number(b, p->backwards);
	put_number(b, p->other_names);
}
