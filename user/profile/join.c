/* join.c: see join.h. */
#include "profile/join.h"

static int join_sets(struct distinct *to, const struct distinct *from, int err)
{
	int now = distinct_merge(to, from);

	return now ? now : err;
}

/* 0 is no time. */
static void join_times(uint64_t *first, uint64_t *last, uint64_t other_first, uint64_t other_last)
{
	if (other_first && (!*first || other_first < *first))
		*first = other_first;
	if (other_last > *last)
		*last = other_last;
}

static void join_told(uint64_t *to, uint64_t from)
{
	if (from > *to)
		*to = from;
}

/* A run of one sensor does not go on at another: the one that is further stands. */
static void join_walk(struct dga_walk *to, const struct dga_walk *from)
{
	uint64_t told = to->told_ns > from->told_ns ? to->told_ns : from->told_ns;

	if (from->walk > to->walk || (from->walk == to->walk && from->ns > to->ns))
		*to = *from;
	to->told_ns = told;
}

int join_client(struct client_profile *to, const struct client_profile *from)
{
	int err = 0;

	join_times(&to->first_ns, &to->last_ns, from->first_ns, from->last_ns);
	to->queries += from->queries;
	to->responses += from->responses;
	to->nxdomain += from->nxdomain;
	to->requests += from->requests;
	to->other_names += from->other_names;
	moments_merge(&to->name_length, &from->name_length);
	moments_merge(&to->nowhere_length, &from->nowhere_length);
	join_told(&to->nowhere_told_ns, from->nowhere_told_ns);
	join_walk(&to->dga, &from->dga);
	err = join_sets(&to->asked_by, &from->asked_by, err);
	err = join_sets(&to->fetches_for, &from->fetches_for, err);
	err = join_sets(&to->domains, &from->domains, err);
	err = join_sets(&to->nx_domains, &from->nx_domains, err);
	return join_sets(&to->nowhere, &from->nowhere, err);
}

int join_domain(struct domain_profile *to, const struct domain_profile *from)
{
	int err = 0;

	join_times(&to->first_ns, &to->last_ns, from->first_ns, from->last_ns);
	to->queries += from->queries;
	to->responses += from->responses;
	to->nxdomain += from->nxdomain;
	to->requests += from->requests;
	to->failed += from->failed;
	to->reversed += from->reversed;
	to->nowhere |= from->nowhere;
	for (unsigned int i = 0; i < N_ASKED; i++)
		to->asked[i] += from->asked[i];
	moments_merge(&to->name_length, &from->name_length);
	moments_merge(&to->addresses, &from->addresses);
	moments_merge(&to->fresh, &from->fresh);
	if (from->ttl.n && (!to->ttl.n || from->ttl_min < to->ttl_min))
		to->ttl_min = from->ttl_min;
	moments_merge(&to->ttl, &from->ttl);
	err = join_sets(&to->clients, &from->clients, err);
	err = join_sets(&to->names, &from->names, err);
	err = join_sets(&to->ips, &from->ips, err);
	err = join_sets(&to->networks, &from->networks, err);
	return join_sets(&to->systems, &from->systems, err);
}

/* What was judged last holds, but an alert is not told twice. */
static void join_state(struct profile_state *to, const struct profile_state *from)
{
	uint64_t told = to->told_ns > from->told_ns ? to->told_ns : from->told_ns;
	uint64_t evidence = to->told_evidence | from->told_evidence;
	double score = to->told_score > from->told_score ? to->told_score : from->told_score;

	if (from->judged_ns > to->judged_ns ||
	    (from->judged_ns == to->judged_ns && from->judgement > to->judgement))
		*to = *from;
	to->told_ns = told;
	to->told_evidence = evidence;
	to->told_score = score;
}

int join_pair(struct pair_profile *to, const struct pair_profile *from)
{
	int err = rhythm_merge(&to->http, &from->http), dns = rhythm_merge(&to->dns, &from->dns);

	err = err ? err : dns;
	moments_merge(&to->url_length, &from->url_length);
	to->get += from->get;
	to->post += from->post;
	to->other += from->other;
	to->no_agent += from->no_agent;
	to->browser_like += from->browser_like;
	persistence_merge(&to->persistence, &from->persistence);
	join_state(&to->state, &from->state);
	err = join_sets(&to->urls, &from->urls, err);
	return join_sets(&to->agents, &from->agents, err);
}
