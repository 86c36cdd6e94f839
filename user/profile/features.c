/* features.c: see features.h. */
#include "profile/features.h"

#include <stdlib.h>
#include <string.h>

#include "profile/dga_walk.h"
#include "support/median.h"

#define NONE(samples) ((struct measure){ NAN, (samples) })

const struct feature features[N_FEATURES] = {
#define X(id, text, whose, in) [FEATURE_##id] = { .name = (text), .unit = (in), .of = OF_##whose },
	FEATURES(X)
#undef X
};

enum feature_id feature_find(const char *name)
{
	unsigned int id = 0;

	while (id < N_FEATURES && strcmp(features[id].name, name) != 0)
		id++;
	return id;
}

static struct measure count_of(double value, uint64_t n)
{
	return n ? (struct measure){ value, n } : NONE(0);
}

static struct measure share_of(uint64_t part, uint64_t n)
{
	return n ? (struct measure){ (double)part / n, n } : NONE(0);
}

static struct measure mean_of(const struct moments *m)
{
	return m->n ? (struct measure){ m->mean, m->n } : NONE(0);
}

static struct measure sd_of(const struct moments *m)
{
	return m->n > 1 ? (struct measure){ moments_sd(m), m->n } : NONE(m->n);
}

static struct measure cv_of(const struct moments *m)
{
	double cv = m->n > 1 && m->mean > 0 ? moments_sd(m) / m->mean : NAN;

	return isfinite(cv) ? (struct measure){ cv, m->n } : NONE(m->n);
}

static struct measure recent_median(const struct rhythm *r, bool deviation)
{
	uint32_t ms[RECENT_GAPS];
	unsigned int n = rhythm_recent(r, ms);
	double v[RECENT_GAPS], middle;

	if (!n || (deviation && n < 2))
		return NONE(n);
	for (unsigned int i = 0; i < n; i++)
		v[i] = ms[i] / 1e3;
	middle = median(v, n);
	if (!deviation)
		return (struct measure){ middle, n };
	for (unsigned int i = 0; i < n; i++)
		v[i] = fabs(v[i] - middle);
	return (struct measure){ median(v, n), n };
}

/* Deviation over mean by medians: 1.4826 MAD is a normal distribution's deviation. */
static struct measure recent_spread(const struct rhythm *r)
{
	struct measure middle = recent_median(r, false), mad = recent_median(r, true);

	return middle.value > 0 ? (struct measure){ 1.4826 * mad.value / middle.value, mad.n } : NONE(mad.n);
}

/* 0: nothing yet */
static uint64_t first_ns(const struct pair_profile *pair)
{
	const struct rhythm *http = &pair->http, *dns = &pair->dns;

	if (!http->messages)
		return dns->first_ns;
	return dns->messages && dns->first_ns < http->first_ns ? dns->first_ns : http->first_ns;
}

/* n: of the ten bins those that have come since the pair was first seen. */
static struct measure persistence_of(const struct pair_profile *pair, unsigned int scale)
{
	static const uint64_t hours[N_SCALES] = { 1, 4, 24 };
	const struct persistence *s = &pair->persistence;
	uint64_t first = first_ns(pair) / (3600000000000ULL * hours[scale]), n;

	if (!s->bins[scale])
		return NONE(0);
	n = s->newest[scale] >= first ? s->newest[scale] - first + 1 : 1;
	n = n < PERSISTENCE_BINS ? n : PERSISTENCE_BINS;
	return (struct measure){ (double)persistence_active(s, scale) / PERSISTENCE_BINS, n };
}

static struct measure longest_persistence(const struct pair_profile *pair)
{
	struct measure most = NONE(0), one;

	for (unsigned int scale = 0; scale < N_SCALES; scale++) {
		one = persistence_of(pair, scale);
		if (!(one.value <= most.value))
			most = one;
	}
	return most;
}

static struct measure age(uint64_t since, uint64_t n, const struct profiles *p)
{
	uint64_t now = profiles_now(p);

	return n ? (struct measure){ now > since ? (now - since) / 1e9 : 0, n } : NONE(0);
}

/* The clients that are known now; those who asked for the domain may have been pushed out since. */
static struct measure client_share(const struct domain_profile *d, const struct profiles *p)
{
	struct profile_counts counts;
	double share;

	profiles_counts(p, &counts);
	if (!counts.clients || !d->clients.n)
		return NONE(counts.clients);
	share = distinct_count(&d->clients) / counts.clients;
	return (struct measure){ share < 1 ? share : 1, counts.clients };
}

/* Of what stands below the domain, the dot between them not counted. */
static struct measure subdomain_length(const struct domain_profile *d)
{
	double length = d->name_length.mean - strlen(d->key) - 1;

	return d->name_length.n ? (struct measure){ length > 0 ? length : 0, d->name_length.n } : NONE(0);
}

struct measure feature_of_client(enum feature_id id, const struct client_profile *c, const struct profiles *p)
{
	switch (id) {
	case FEATURE_CLIENT_NXDOMAIN:
		return count_of(c->nxdomain, c->responses);
	case FEATURE_CLIENT_NX_DOMAINS:
		return count_of(distinct_count(&c->nx_domains), c->responses);
	case FEATURE_CLIENT_NX_SHARE:
		return share_of(c->nxdomain, c->responses);
	case FEATURE_CLIENT_DOMAINS:
		return count_of(distinct_count(&c->domains), c->queries + c->requests);
	case FEATURE_CLIENT_NAME_LENGTH:
		return mean_of(&c->name_length);
	case FEATURE_CLIENT_DGA_WALK:
		return count_of(dga_walk_at(&c->dga, profiles_now(p)), c->responses);
	case FEATURE_CLIENT_DGA_NAMES:
		return count_of(c->dga.names, c->responses);
	case FEATURE_CLIENT_DGA_GENERATED:
		return share_of(c->dga.generated, c->dga.names);
	case FEATURE_CLIENT_NOWHERE:
		return count_of(distinct_count(&c->nowhere), c->queries);
	case FEATURE_CLIENT_NOWHERE_LENGTH:
		return mean_of(&c->nowhere_length);
	default:
		return NONE(0);
	}
}

struct measure feature_of_domain(enum feature_id id, const struct domain_profile *d, const struct profiles *p)
{
	switch (id) {
	case FEATURE_ADDRESSES_MEAN:
		return mean_of(&d->addresses);
	case FEATURE_ADDRESSES_SD:
		return sd_of(&d->addresses);
	case FEATURE_FRESH_MEAN:
		return mean_of(&d->fresh);
	case FEATURE_IPS:
		return count_of(distinct_count(&d->ips), d->addresses.n);
	case FEATURE_NETWORKS:
		return count_of(distinct_count(&d->networks), d->addresses.n);
	case FEATURE_SYSTEMS: /* none known is not none */
		return count_of(distinct_count(&d->systems), d->systems.n ? d->addresses.n : 0);
	case FEATURE_TTL_MEAN:
		return mean_of(&d->ttl);
	case FEATURE_TTL_MIN:
		return count_of(d->ttl_min, d->ttl.n);
	case FEATURE_TTL_SD:
		return sd_of(&d->ttl);
	case FEATURE_CLIENTS:
		return count_of(distinct_count(&d->clients), d->queries + d->requests);
	case FEATURE_CLIENT_SHARE:
		return client_share(d, p);
	case FEATURE_AGE:
		return age(d->first_ns, d->queries + d->responses + d->requests, p);
	case FEATURE_NAMES:
		return count_of(distinct_count(&d->names), d->queries);
	case FEATURE_NAME_LENGTH_MEAN:
		return mean_of(&d->name_length);
	case FEATURE_SUBDOMAIN_LENGTH:
		return subdomain_length(d);
	case FEATURE_SUBDOMAIN_LENGTH_SD: /* the domain itself is as long each time */
		return sd_of(&d->name_length);
	case FEATURE_REVERSED_SHARE:
		return share_of(d->reversed, d->queries);
	case FEATURE_NX_SHARE:
		return share_of(d->nxdomain, d->responses);
	case FEATURE_FAILED_SHARE:
		return share_of(d->failed, d->responses);
	case FEATURE_TUNNEL_SHARE:
		return share_of(d->asked[ASKED_TXT] + d->asked[ASKED_NULL] + d->asked[ASKED_CNAME] +
					d->asked[ASKED_MX],
				d->queries);
	default:
		return NONE(0);
	}
}

struct measure feature_of_pair(enum feature_id id, const struct pair_profile *pair, const struct profiles *p)
{
	const struct rhythm *http = &pair->http, *dns = &pair->dns;

	switch (id) {
	case FEATURE_REQUESTS:
		return (struct measure){ http->messages, http->messages };
	case FEATURE_URLS:
		return count_of(distinct_count(&pair->urls), http->messages);
	case FEATURE_URL_LENGTH_MEAN:
		return mean_of(&pair->url_length);
	case FEATURE_URL_LENGTH_SD:
		return sd_of(&pair->url_length);
	case FEATURE_AGENTS:
		return count_of(distinct_count(&pair->agents), http->messages);
	case FEATURE_NO_AGENT_SHARE:
		return share_of(pair->no_agent, http->messages);
	case FEATURE_BROWSER_SHARE:
		return share_of(pair->browser_like, http->messages);
	case FEATURE_GET_SHARE:
		return share_of(pair->get, http->messages);
	case FEATURE_POST_SHARE:
		return share_of(pair->post, http->messages);
	case FEATURE_CHECKINS:
		return (struct measure){ http->checkins, http->messages };
	case FEATURE_GAP_MEAN:
		return mean_of(&http->gap_s);
	case FEATURE_GAP_SD:
		return sd_of(&http->gap_s);
	case FEATURE_GAP_CV:
		return cv_of(&http->gap_s);
	case FEATURE_GAP_MEDIAN:
		return recent_median(http, false);
	case FEATURE_GAP_SPREAD:
		return recent_spread(&pair->http);
	case FEATURE_GAP_MAD:
		return recent_median(http, true);
	case FEATURE_QUERIES:
		return (struct measure){ dns->messages, dns->messages };
	case FEATURE_DNS_CHECKINS:
		return (struct measure){ dns->checkins, dns->messages };
	case FEATURE_DNS_GAP_MEAN:
		return mean_of(&dns->gap_s);
	case FEATURE_DNS_GAP_SD:
		return sd_of(&dns->gap_s);
	case FEATURE_DNS_GAP_CV:
		return cv_of(&dns->gap_s);
	case FEATURE_DNS_GAP_MEDIAN:
		return recent_median(dns, false);
	case FEATURE_DNS_GAP_MAD:
		return recent_median(dns, true);
	case FEATURE_DNS_GAP_SPREAD:
		return recent_spread(dns);
	case FEATURE_PERSISTENCE:
		return longest_persistence(pair);
	case FEATURE_PERSISTENCE_HOUR:
		return persistence_of(pair, SCALE_HOUR);
	case FEATURE_PERSISTENCE_4_HOURS:
		return persistence_of(pair, SCALE_4_HOURS);
	case FEATURE_PERSISTENCE_DAY:
		return persistence_of(pair, SCALE_DAY);
	case FEATURE_PAIR_AGE:
		return age(first_ns(pair), http->messages + dns->messages, p);
	default:
		return features[id].of == OF_DOMAIN ? feature_of_domain(id, pair->domain, p)
						    : feature_of_client(id, pair->client, p);
	}
}
