/* profile.c: see profile.h: one message into the profiles it belongs to. */
#include "profile/profile.h"

#include <stdlib.h>
#include <string.h>

#include "capture/owner.h"
#include "observe/prefixes.h"
#include "profile/dga_walk.h"
#include "profile/role.h"
#include "profile/site.h"
#include "profile/table.h"
#include "support/ip.h"

#define NOERROR 0
#define NXDOMAIN 3

static const char *const judgements[N_JUDGEMENTS] = {
	[JUDGED_UNKNOWN] = "unknown",	    [JUDGED_ORDINARY] = "ordinary", [JUDGED_SOFTWARE] = "software",
	[JUDGED_SUSPICIOUS] = "suspicious", [JUDGED_LISTED] = "listed",
};

const char *judgement_name(enum judgement j)
{
	return j < N_JUDGEMENTS ? judgements[j] : NULL;
}

static int make_table(struct profiles *p, struct table *t, size_t size, size_t limit)
{
	t->pool.size = size;
	t->limit = limit ? limit : 1;
	t->n_buckets = 16;
	while (t->n_buckets < 2 * t->limit)
		t->n_buckets *= 2;
	t->bucket = calloc(t->n_buckets, sizeof(struct node *));
	p->bytes += t->n_buckets * sizeof(struct node *);
	return t->bucket ? 0 : -1;
}

struct profiles *profiles_new(const struct profile_limits *limits, const struct prefixes *prefixes)
{
	struct profiles *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->prefixes = prefixes;
	p->seed = hash_seed();
	p->most_bytes = limits->bytes;
	p->bytes = sizeof(*p);
	if (make_table(p, &p->table[NODE_CLIENT], sizeof(struct client), limits->clients) ||
	    make_table(p, &p->table[NODE_DOMAIN], sizeof(struct domain), limits->domains) ||
	    make_table(p, &p->table[NODE_PAIR], sizeof(struct pair), limits->pairs)) {
		profiles_free(p);
		return NULL;
	}
	return p;
}

void profiles_free(struct profiles *p)
{
	if (!p)
		return;
	profiles_track_changes(p, false);
	for (int kind = NODE_PAIR; kind >= 0; kind--)
		table_drop(&p->table[kind]);
	changes_free(p);
	free(p);
}

size_t client_heap(const struct client_profile *c)
{
	return distinct_bytes(&c->domains) + distinct_bytes(&c->nx_domains) + distinct_bytes(&c->nowhere) +
	       distinct_bytes(&c->asked_by) + distinct_bytes(&c->fetches_for);
}

void client_heap_free(struct client_profile *c)
{
	distinct_free(&c->domains);
	distinct_free(&c->nx_domains);
	distinct_free(&c->nowhere);
	distinct_free(&c->asked_by);
	distinct_free(&c->fetches_for);
}

size_t domain_heap(const struct domain_profile *d)
{
	return distinct_bytes(&d->clients) + distinct_bytes(&d->names) + distinct_bytes(&d->ips) +
	       distinct_bytes(&d->networks) + distinct_bytes(&d->systems);
}

void domain_heap_free(struct domain_profile *d)
{
	distinct_free(&d->clients);
	distinct_free(&d->names);
	distinct_free(&d->ips);
	distinct_free(&d->networks);
	distinct_free(&d->systems);
}

size_t pair_heap(const struct pair_profile *pair)
{
	return rhythm_bytes(&pair->http) + rhythm_bytes(&pair->dns) + distinct_bytes(&pair->urls) +
	       distinct_bytes(&pair->agents);
}

void pair_heap_free(struct pair_profile *pair)
{
	rhythm_free(&pair->http);
	rhythm_free(&pair->dns);
	distinct_free(&pair->urls);
	distinct_free(&pair->agents);
}

static struct key client_key(const struct profiles *p, const struct observation *o, char address[IP_TEXT])
{
	const struct process *process = o->process;
	const char *program = process ? (process->executable ? process->executable : process->name) : NULL;

	if (program && *program)
		return table_key(p, CLIENT_PROGRAM, program, strlen(program));
	return table_key(p, CLIENT_ADDRESS, address, ip_text(o->source.ip, address));
}

static struct client *get_client(struct profiles *p, const struct finding *f, const struct observation *o)
{
	struct client *c = f->client ? f->client : table_find_client(p, f->client_key);

	if (c)
		table_use(p, &c->node);
	else
		c = table_add_client(p, f->client_key);
	if (!c) {
		p->refused++;
		return NULL;
	}
	if (!c->profile.first_ns || o->time_ns < c->profile.first_ns)
		c->profile.first_ns = o->time_ns;
	if (o->time_ns > c->profile.last_ns)
		c->profile.last_ns = o->time_ns;
	if (!o->process) {
		p->last_client = c;
		memcpy(p->last_ip, o->source.ip, 16);
	}
	return c;
}

/* Room for a client takes no domain away: what was found before it is there. */
static struct domain *get_domain(struct profiles *p, const struct finding *f, struct client *c, uint64_t ns)
{
	struct domain *d = f->domain ? f->domain : table_find_domain(p, f->domain_key);

	if (d)
		table_use(p, &d->node);
	else
		d = table_add_domain(p, f->domain_key, c, ns);
	if (!d) {
		p->refused++;
		return NULL;
	}
	if (!d->profile.first_ns || ns < d->profile.first_ns)
		d->profile.first_ns = ns;
	if (ns > d->profile.last_ns)
		d->profile.last_ns = ns;
	p->last_domain = d;
	return d;
}

static struct pair *get_pair(struct profiles *p, struct client *c, struct domain *d, uint64_t ns)
{
	struct pair *pair = table_find_pair(p, c, d);

	if (pair) {
		table_use(p, &pair->node);
	} else {
		pair = table_add_pair(p, c, d, ns);
		if (!pair) {
			p->refused++;
			return NULL;
		}
		table_distinct_add(p, &c->profile.domains, d->id);
		if (role_of(&c->profile) == ROLE_NONE) /* else it is known to those who asked it */
			table_distinct_add(p, &d->profile.clients, c->id);
	}
	persistence_add(&pair->profile.persistence, ns);
	return pair;
}

static void add_time(struct profiles *p, struct rhythm *r, uint64_t ns)
{
	unsigned int room = r->recent_room;
	size_t before = rhythm_bytes(r);

	p->backwards += !rhythm_add(r, ns);
	if (r->recent_room != room)
		p->bytes += rhythm_bytes(r) - before;
}

static unsigned int asked_of(uint16_t type)
{
	switch (type) {
	case 1:
		return ASKED_A;
	case 5:
		return ASKED_CNAME;
	case 10:
		return ASKED_NULL;
	case 15:
		return ASKED_MX;
	case 16:
		return ASKED_TXT;
	case 28:
		return ASKED_AAAA;
	case 65:
		return ASKED_HTTPS;
	default:
		return ASKED_OTHER;
	}
}

static bool asks_address(uint16_t type)
{
	unsigned int asked = asked_of(type);

	return asked == ASKED_A || asked == ASKED_AAAA || asked == ASKED_HTTPS;
}

/* Below .arpa addresses are turned into names, and below .local the neighbours answer: no domain that anybody
 * could register. */
static bool is_profiled(const struct domain_parts *parts)
{
	struct text suffix = parts->suffix;

	for (size_t i = suffix.len; i > 0; i--) {
		if (suffix.at[i - 1] == '.') {
			suffix = (struct text){ suffix.at + i, suffix.len - i };
			break;
		}
	}
	return parts->registered.len && !text_is(suffix, "arpa") && !text_is(suffix, "local");
}

static void add_query(struct profiles *p, struct client *c, struct domain *d, struct pair *pair,
		      const struct observation *o)
{
	struct text name = o->dns.question;

	c->profile.queries++;
	moments_add(&c->profile.name_length, name.len);
	d->profile.queries++;
	d->profile.asked[asked_of(o->dns.type)]++;
	moments_add(&d->profile.name_length, name.len);
	table_distinct_add(p, &d->profile.names, distinct_hash(name.at, name.len));
	d->profile.reversed += name_is_reversed_address(o->dns.domain.subdomain.at, o->dns.domain.subdomain.len);
	d->profile.nowhere = !o->dns.domain.listed;
	if (d->profile.nowhere) {
		table_distinct_add(p, &c->profile.nowhere, d->id);
		moments_add(&c->profile.nowhere_length, name.len);
	}
	add_time(p, &pair->profile.dns, o->time_ns);
}

/* The address as it travels: 16 bytes. */
static void widen(const struct dns_answer *a, uint8_t ip[16])
{
	static const uint8_t v4[12] = { [10] = 0xff, [11] = 0xff };

	if (a->type == 28) {
		memcpy(ip, a->addr, 16);
	} else {
		memcpy(ip, v4, 12);
		memcpy(ip + 12, a->addr, 4);
	}
}

static uint64_t as_hash(uint32_t as)
{
	uint8_t bytes[4] = { as, as >> 8, as >> 16, as >> 24 }; /* the same on every machine */

	return distinct_hash(bytes, sizeof(bytes));
}

/* What is beyond the prefix becomes 0. */
static void mask_address(uint8_t ip[16], unsigned int bits)
{
	unsigned int whole = bits / 8;

	if (whole >= 16)
		return;
	ip[whole] &= ~(0xff >> bits % 8);
	memset(ip + whole + 1, 0, 15 - whole);
}

static bool add_address(struct profiles *p, struct domain_profile *d, const uint8_t ip[16])
{
	struct {
		uint8_t ip[16], bits;
	} network;
	struct prefix prefix;
	bool fresh = table_distinct_add(p, &d->ips, distinct_hash(ip, 16));

	if (!fresh && distinct_exact(&d->ips)) /* its network was looked up then */
		return false;
	prefix = prefixes_find(p->prefixes, ip);
	memcpy(network.ip, ip, 16);
	network.bits = prefix.bits;
	mask_address(network.ip, prefix.bits);
	table_distinct_add(p, &d->networks, distinct_hash(&network, sizeof(network)));
	if (prefix.as)
		table_distinct_add(p, &d->systems, as_hash(prefix.as));
	return fresh;
}

static void add_answers(struct profiles *p, struct domain_profile *d, const struct dns_observation *dns)
{
	unsigned int n = 0, fresh = 0;
	uint32_t ttl = UINT32_MAX;
	uint8_t ip[16];

	for (unsigned int i = 0; i < dns->n_answers; i++) {
		const struct dns_answer *a = &dns->answers[i];

		if (!a->addr)
			continue;
		widen(a, ip);
		n++;
		fresh += add_address(p, d, ip);
		ttl = a->ttl < ttl ? a->ttl : ttl;
	}
	if (!n)
		return;
	if (d->addresses.n)
		moments_add(&d->fresh, fresh);
	d->ttl_min = d->ttl.n && d->ttl_min < ttl ? d->ttl_min : ttl;
	moments_add(&d->ttl, ttl);
	moments_add(&d->addresses, n);
}

/* The first response about a domain that nobody else has asked for. Names below it (an advertiser's that a resolver
 * denies, search suffixes) say nothing about whether the domain exists; servers that look for where mail goes
 * (MX) meet many that do not. */
static void step(struct dga_walk *walk, const struct observation *o, const struct domain_profile *d)
{
	const struct dns_observation *dns = &o->dns;
	struct text below = dns->domain.subdomain;

	if (distinct_count(&d->clients) > 1)
		return;
	if (dns->rcode == NOERROR)
		dga_walk_step(walk, false, NULL, 0, o->time_ns);
	else if (dns->rcode == NXDOMAIN && dns->domain.listed && asks_address(dns->type) &&
		 (!below.len || text_is(below, "www")))
		dga_walk_step(walk, true, d->key, dns->domain.registered.len - dns->domain.suffix.len - 1,
			      o->time_ns);
}

static void add_response(struct profiles *p, struct client *c, struct domain *d, const struct observation *o)
{
	c->profile.responses++;
	d->profile.responses++;
	if (d->profile.responses == 1)
		step(&c->profile.dga, o, &d->profile);
	d->profile.failed += o->dns.rcode != NOERROR && o->dns.rcode != NXDOMAIN;
	if (o->dns.rcode == NXDOMAIN) {
		c->profile.nxdomain++;
		d->profile.nxdomain++;
		table_distinct_add(p, &c->profile.nx_domains, d->id);
	}
	add_answers(p, &d->profile, &o->dns);
}

static struct pair_profile *add_lookup(struct profiles *p, const struct observation *o)
{
	const struct finding *f = &p->found;
	struct client *c;
	struct domain *d;
	struct pair *pair;

	if (!is_profiled(&o->dns.domain)) {
		c = get_client(p, f, o);
		if (c)
			c->profile.other_names++;
		p->other_names++;
		return NULL;
	}
	c = get_client(p, f, o);
	d = c ? get_domain(p, f, c, o->time_ns) : NULL;
	if (!d)
		return NULL;
	if (o->kind == OBSERVED_DNS_RESPONSE) {
		add_response(p, c, d, o);
		pair = table_find_pair(p, c, d);
	} else {
		pair = get_pair(p, c, d, o->time_ns);
		if (pair)
			add_query(p, c, d, pair, o);
	}
	return pair ? &pair->profile : NULL;
}

static void find(struct profiles *p, const struct observation *o, struct finding *f)
{
	struct text site = o->kind == OBSERVED_HTTP_REQUEST ? site_of(o, f->site) : o->dns.domain.registered;
	const struct domain *d;

	table_shrink(p); /* after which nothing leaves that is found */
	d = p->last_domain;
	f->client = !o->process && !memcmp(p->last_ip, o->source.ip, 16) ? p->last_client : NULL;
	f->domain = d && d->key_len == site.len && !memcmp(d->key, site.at, site.len) ? p->last_domain : NULL;
	if (!f->client)
		f->client_key = client_key(p, o, f->text);
	if (!f->domain)
		f->domain_key = table_key(p, 0, site.at, site.len);
}

static bool is_profiled_kind(const struct observation *o)
{
	return o->kind == OBSERVED_HTTP_REQUEST || observed_dns(o->kind);
}

void profiles_fetch(struct profiles *p, const struct observation *o)
{
	struct finding *f = &p->found;
	uint64_t client, domain;

	f->valid = is_profiled_kind(o);
	if (!f->valid)
		return;
	find(p, o, f);
	if (f->client && f->domain)
		return;
	client = f->client ? f->client->node.hash : f->client_key.hash;
	domain = f->domain ? f->domain->node.hash : f->domain_key.hash;
	table_fetch(p, client, domain);
	table_fetch_nodes(p, client, domain);
}

static bool begins(struct text t, const char *with, size_t len)
{
	return t.len >= len && !memcmp(t.at, with, len);
}

static void add_request_fields(struct profiles *p, struct pair_profile *pair, const struct http_observation *http)
{
	static const char browser[] = "Mozilla/5.0 (";
	uint64_t host = distinct_hash(http->host.at, http->host.len);

	/* The same target at another host is another URL. */
	table_distinct_add(p, &pair->urls, hash_bytes(http->target.at, http->target.len, host));
	moments_add(&pair->url_length, http->target.len);
	table_distinct_add(p, &pair->agents, http->has_agent ? distinct_hash(http->agent.at, http->agent.len) : 0);
	pair->no_agent += !http->has_agent;
	pair->browser_like += http->has_agent && begins(http->agent, browser, sizeof(browser) - 1);
	if (text_is(http->method, "GET"))
		pair->get++;
	else if (text_is(http->method, "POST"))
		pair->post++;
	else
		pair->other++;
}

static struct pair_profile *add_request(struct profiles *p, const struct observation *o)
{
	const struct finding *f = &p->found;
	struct client *c;
	struct domain *d;
	struct pair *pair;

	c = get_client(p, f, o);
	d = c ? get_domain(p, f, c, o->time_ns) : NULL;
	pair = d ? get_pair(p, c, d, o->time_ns) : NULL;
	if (!pair)
		return NULL;
	c->profile.requests++;
	d->profile.requests++;
	add_time(p, &pair->profile.http, o->time_ns);
	add_request_fields(p, &pair->profile, &o->http);
	return &pair->profile;
}

struct pair_profile *profiles_add(struct profiles *p, const struct observation *o)
{
	struct pair_profile *pair;

	if (!is_profiled_kind(o))
		return NULL;
	if (!p->found.valid)
		find(p, o, &p->found);
	p->found.valid = false;
	if (o->time_ns > p->now_ns)
		p->now_ns = o->time_ns;
	if (!p->since_ns || o->time_ns < p->since_ns)
		p->since_ns = o->time_ns;
	pair = o->kind == OBSERVED_HTTP_REQUEST ? add_request(p, o) : add_lookup(p, o);
	role_note(p, o);
	table_fetch_oldest(p);
	return pair;
}

void profiles_touch_pair(struct profiles *p, struct pair_profile *profile)
{
	struct node *n = &pair_of(profile)->node;

	table_classify(p, n);
	changes_mark(p, n);
}

uint64_t profiles_now(const struct profiles *p)
{
	return p->now_ns;
}

uint64_t profiles_since(const struct profiles *p)
{
	return p->since_ns;
}

void profiles_counts(const struct profiles *p, struct profile_counts *counts)
{
	*counts = (struct profile_counts){
		.pairs = p->table[NODE_PAIR].n,
		.domains = p->table[NODE_DOMAIN].n,
		.clients = p->table[NODE_CLIENT].n,
		.pairs_evicted = p->table[NODE_PAIR].evicted,
		.domains_evicted = p->table[NODE_DOMAIN].evicted,
		.clients_evicted = p->table[NODE_CLIENT].evicted,
		.flagged_kept = p->flagged_kept,
		.own_evicted = p->own_evicted,
		.backwards = p->backwards,
		.other_names = p->other_names,
		.refused = p->refused,
		.bytes = p->bytes,
	};
}

struct client_profile *profiles_find_client(struct profiles *p, enum client_kind kind, const char *client)
{
	struct client *c = table_find_client(p, table_key(p, kind, client, strlen(client)));

	return c ? &c->profile : NULL;
}

struct domain_profile *profiles_find_domain(struct profiles *p, const char *domain)
{
	struct domain *d = table_find_domain(p, table_key(p, 0, domain, strlen(domain)));

	return d ? &d->profile : NULL;
}

struct pair_profile *profiles_find_pair(struct profiles *p, enum client_kind kind, const char *client,
					const char *domain)
{
	struct client_profile *c = profiles_find_client(p, kind, client);
	struct domain_profile *d = profiles_find_domain(p, domain);
	struct pair *pair = c && d ? table_find_pair(p, client_of(c), domain_of(d)) : NULL;

	return pair ? &pair->profile : NULL;
}

/* The orders of the classes, merged by use. What the callee touches goes to an end that is newer than when the
 * walk began, where the walk stops. */
static void each_node(struct profiles *p, enum node_kind kind, bool (*each)(void *ctx, struct node *n), void *ctx)
{
	struct order *order = p->table[kind].order;
	uint64_t until = p->clock;
	struct node *at[N_CLASSES];

	for (unsigned int i = 0; i < N_CLASSES; i++)
		at[i] = order[i].oldest;
	for (;;) {
		struct node *first = NULL;

		for (unsigned int i = 0; i < N_CLASSES; i++)
			if (at[i] && (!first || at[i]->used < first->used))
				first = at[i];
		if (!first || first->used > until)
			return;
		at[first->class] = first->newer;
		if (!each(ctx, first))
			return;
	}
}

size_t profiles_clients_since(const struct profiles *p, uint64_t since_ns, size_t most)
{
	const struct order *order = p->table[NODE_CLIENT].order;
	size_t n = 0;

	for (unsigned int i = 0; i < N_CLASSES; i++)
		for (const struct node *at = order[i].newest; at && n < most; at = at->older, n++)
			if (container_of(at, struct client, node)->profile.last_ns < since_ns)
				break;
	return n;
}

struct each_pair {
	bool (*each)(void *ctx, struct pair_profile *pair);
	void *ctx;
};

static bool on_pair(void *ctx, struct node *n)
{
	struct each_pair *e = ctx;

	return e->each(e->ctx, &container_of(n, struct pair, node)->profile);
}

void profiles_each_pair(struct profiles *p, bool (*each)(void *ctx, struct pair_profile *pair), void *ctx)
{
	each_node(p, NODE_PAIR, on_pair, &(struct each_pair){ each, ctx });
}

struct each_domain {
	bool (*each)(void *ctx, struct domain_profile *domain);
	void *ctx;
};

static bool on_domain(void *ctx, struct node *n)
{
	struct each_domain *e = ctx;

	return e->each(e->ctx, &container_of(n, struct domain, node)->profile);
}

void profiles_each_domain(struct profiles *p, bool (*each)(void *ctx, struct domain_profile *domain), void *ctx)
{
	each_node(p, NODE_DOMAIN, on_domain, &(struct each_domain){ each, ctx });
}

struct each_client {
	bool (*each)(void *ctx, struct client_profile *client);
	void *ctx;
};

static bool on_client(void *ctx, struct node *n)
{
	struct each_client *e = ctx;

	return e->each(e->ctx, &container_of(n, struct client, node)->profile);
}

void profiles_each_client(struct profiles *p, bool (*each)(void *ctx, struct client_profile *client), void *ctx)
{
	each_node(p, NODE_CLIENT, on_client, &(struct each_client){ each, ctx });
}

void profiles_each_pair_of(const struct client_profile *c, bool (*each)(void *ctx, const struct pair_profile *pair),
			   void *ctx)
{
	for (const struct pair *pair = client_of(c)->newest; pair && each(ctx, &pair->profile);)
		pair = pair->older;
}

void profiles_each_pair_at(const struct domain_profile *d, bool (*each)(void *ctx, const struct pair_profile *pair),
			   void *ctx)
{
	for (const struct pair *pair = domain_of(d)->pairs; pair && each(ctx, &pair->profile);)
		pair = pair->next;
}
