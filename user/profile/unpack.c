/* unpack.c: bytes to profiles, as untrusted as the file they come from; see pack.h. What no sensor would have
 * written is refused: a wrong number in silence is worse than a profile less. */
#include "profile/pack.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "profile/dga_walk.h"

void unpack_fail(struct unpack *u, int err)
{
	if (!err)
		return;
	if (!u->err)
		u->err = err;
	u->at = u->end;
}

const uint8_t *unpack_bytes(struct unpack *u, size_t n)
{
	const uint8_t *at = u->at;

	if ((size_t)(u->end - u->at) < n) {
		unpack_fail(u, -EINVAL);
		return NULL;
	}
	u->at += n;
	return at;
}

uint8_t unpack_byte(struct unpack *u)
{
	const uint8_t *at = unpack_bytes(u, 1);

	return at ? *at : 0;
}

uint64_t unpack_number(struct unpack *u)
{
	uint64_t n = 0;

	for (unsigned int shift = 0; shift < 64; shift += 7) {
		uint8_t byte = unpack_byte(u);

		if (shift == 63 && byte > 1)
			break;
		n |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			if (shift && !byte)
				break; /* longer than it needs to be */
			return u->err ? 0 : n;
		}
	}
	unpack_fail(u, -EINVAL);
	return 0;
}

uint64_t unpack_u64(struct unpack *u)
{
	const uint8_t *at = unpack_bytes(u, 8);
	uint64_t n = 0;

	for (unsigned int i = 0; at && i < 8; i++)
		n |= (uint64_t)at[i] << 8 * i;
	return n;
}

double unpack_double(struct unpack *u)
{
	uint64_t bits = unpack_u64(u);
	double x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

static void refuse_unless(struct unpack *u, bool sound)
{
	if (!sound)
		unpack_fail(u, -EINVAL);
}

static uint64_t count(struct unpack *u)
{
	uint64_t n = unpack_number(u);

	refuse_unless(u, n <= COUNT_MOST);
	return u->err ? 0 : n;
}

/* Far beyond what times and lengths can come to, and far below what a double can hold when they are joined. */
#define MEAN_MOST 1e18
#define M2_MOST 1e60

static void moments(struct unpack *u, struct moments *m, uint64_t most)
{
	m->n = count(u);
	if (!m->n)
		return;
	m->mean = unpack_double(u);
	m->m2 = unpack_double(u);
	refuse_unless(u, m->n <= most && m->mean >= 0 && m->mean <= MEAN_MOST && m->m2 >= 0 && m->m2 <= M2_MOST);
}

static void distinct(struct unpack *u, struct distinct *d)
{
	uint64_t hashes[DISTINCT_EXACT];
	uint8_t n = unpack_byte(u);
	const uint8_t *registers;

	if (n > DISTINCT_EXACT + 1) {
		unpack_fail(u, -EINVAL);
	} else if (n == DISTINCT_EXACT + 1) {
		registers = unpack_bytes(u, DISTINCT_REGISTERS);
		if (registers)
			unpack_fail(u, distinct_set_registers(d, registers));
	} else {
		for (unsigned int i = 0; i < n; i++)
			hashes[i] = unpack_u64(u);
		if (!u->err)
			unpack_fail(u, distinct_set_exact(d, hashes, n));
	}
}

static void persistence(struct unpack *u, struct persistence *p)
{
	for (unsigned int i = 0; i < N_SCALES; i++) {
		uint64_t bins = unpack_number(u);

		refuse_unless(u, bins < 1U << PERSISTENCE_BINS && (!bins || bins & 1));
		p->bins[i] = u->err ? 0 : bins;
		if (p->bins[i])
			p->newest[i] = count(u);
	}
}

static void recent(struct unpack *u, struct rhythm *r)
{
	uint32_t ms[RECENT_GAPS];
	uint8_t n = unpack_byte(u);

	refuse_unless(u, n <= RECENT_GAPS && n <= r->gap_s.n);
	for (unsigned int i = 0; !u->err && i < n; i++) {
		uint64_t gap = unpack_number(u);

		refuse_unless(u, gap <= UINT32_MAX);
		ms[i] = gap;
	}
	if (!u->err)
		unpack_fail(u, rhythm_set_recent(r, ms, n));
}

static void rhythm(struct unpack *u, struct rhythm *r)
{
	r->messages = count(u);
	if (!r->messages)
		return;
	r->first_ns = unpack_number(u);
	r->last_ns = unpack_number(u);
	r->checkin_ns = unpack_number(u);
	r->checkins = count(u);
	r->backwards = count(u);
	refuse_unless(u, r->first_ns <= r->checkin_ns && r->checkin_ns <= r->last_ns && r->checkins &&
				 r->checkins <= r->messages && r->backwards < r->messages);
	moments(u, &r->gap_s, r->checkins - 1);
	recent(u, r);
	persistence(u, &r->persistence);
}

bool unpack_head(struct unpack *u, enum pack_kind kind)
{
	uint8_t version = unpack_byte(u);

	if (!u->err && (!version || version > PACK_VERSION))
		unpack_fail(u, -EPROTO);
	u->version = version;
	refuse_unless(u, unpack_byte(u) == kind);
	return !u->err;
}

static void tail(struct unpack *u)
{
	refuse_unless(u, u->at == u->end);
}

/* Not in version 1. */
static void dga_walk(struct unpack *u, struct dga_walk *w)
{
	w->walk = unpack_double(u);
	refuse_unless(u, w->walk >= 0 && w->walk <= DGA_WALK_MOST);
	w->ns = unpack_number(u);
	w->since_ns = unpack_number(u);
	w->names = count(u);
	w->generated = count(u);
	w->told_ns = unpack_number(u);
	refuse_unless(u, w->generated <= w->names && w->since_ns <= w->ns);
}

void unpack_client(struct unpack *u, uint64_t *ret_used, struct client_profile *c)
{
	if (!unpack_head(u, PACK_CLIENT))
		return;
	*ret_used = count(u);
	c->first_ns = unpack_number(u);
	c->last_ns = unpack_number(u);
	refuse_unless(u, c->first_ns <= c->last_ns);
	c->queries = count(u);
	c->responses = count(u);
	c->nxdomain = count(u);
	c->requests = count(u);
	c->other_names = count(u);
	refuse_unless(u, c->nxdomain <= c->responses);
	distinct(u, &c->domains);
	distinct(u, &c->nx_domains);
	moments(u, &c->name_length, c->queries);
	if (u->version > 1) {
		dga_walk(u, &c->dga);
		distinct(u, &c->nowhere);
		moments(u, &c->nowhere_length, c->queries);
		c->nowhere_told_ns = unpack_number(u);
		distinct(u, &c->asked_by);
		distinct(u, &c->fetches_for);
	}
	tail(u);
}

static bool answers_fit(const struct domain_profile *d)
{
	return d->addresses.n == d->ttl.n && d->fresh.n <= d->addresses.n && d->addresses.n <= d->responses &&
	       (d->ttl.n || !d->ttl_min);
}

void unpack_domain(struct unpack *u, uint64_t *ret_used, struct domain_profile *d)
{
	uint64_t ttl_min;
	uint8_t nowhere;

	if (!unpack_head(u, PACK_DOMAIN))
		return;
	*ret_used = count(u);
	d->first_ns = unpack_number(u);
	d->last_ns = unpack_number(u);
	refuse_unless(u, d->first_ns <= d->last_ns);
	d->queries = count(u);
	d->responses = count(u);
	d->nxdomain = count(u);
	d->requests = count(u);
	refuse_unless(u, d->nxdomain <= d->responses);
	for (unsigned int i = 0; i < N_ASKED; i++)
		d->asked[i] = count(u);
	distinct(u, &d->clients);
	distinct(u, &d->names);
	moments(u, &d->name_length, d->queries);
	moments(u, &d->addresses, COUNT_MOST);
	moments(u, &d->fresh, COUNT_MOST);
	moments(u, &d->ttl, COUNT_MOST);
	ttl_min = unpack_number(u);
	refuse_unless(u, ttl_min <= UINT32_MAX);
	d->ttl_min = ttl_min;
	distinct(u, &d->ips);
	distinct(u, &d->networks);
	distinct(u, &d->systems);
	if (u->version > 1) {
		d->failed = count(u);
		d->reversed = count(u);
		nowhere = unpack_byte(u);
		refuse_unless(u, nowhere <= 1);
		d->nowhere = nowhere;
		refuse_unless(u, d->failed <= d->responses - d->nxdomain && d->reversed <= d->queries);
	}
	refuse_unless(u, answers_fit(d));
	tail(u);
}

static void state(struct unpack *u, struct profile_state *s)
{
	uint8_t judgement = unpack_byte(u);

	refuse_unless(u, judgement < N_JUDGEMENTS);
	s->judgement = u->err ? JUDGED_UNKNOWN : judgement;
	s->judged_ns = unpack_number(u);
	s->told_ns = unpack_number(u);
	s->next_checkins = unpack_number(u);
	s->score = unpack_double(u);
	if (u->version > 1) {
		s->next_queries = unpack_number(u);
		s->excuse = unpack_byte(u);
		s->told_evidence = unpack_number(u);
		s->told_score = unpack_double(u);
	}
	refuse_unless(u, isfinite(s->score) && isfinite(s->told_score));
}

void unpack_pair(struct unpack *u, uint64_t *ret_used, struct pair_profile *pair)
{
	if (!unpack_head(u, PACK_PAIR))
		return;
	*ret_used = count(u);
	rhythm(u, &pair->http);
	rhythm(u, &pair->dns);
	moments(u, &pair->url_length, pair->http.messages);
	distinct(u, &pair->urls);
	distinct(u, &pair->agents);
	pair->get = count(u);
	pair->post = count(u);
	pair->other = count(u);
	pair->no_agent = count(u);
	pair->browser_like = count(u);
	refuse_unless(u, pair->get <= pair->http.messages && pair->post <= pair->http.messages &&
				 pair->other <= pair->http.messages && pair->no_agent <= pair->http.messages &&
				 pair->browser_like <= pair->http.messages);
	persistence(u, &pair->persistence);
	state(u, &pair->state);
	tail(u);
}
