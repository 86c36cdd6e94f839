/* odd.c: see odd.h. */
#include "output/odd.h"

void odd_put_deed(struct buf *b, const struct anomaly *a)
{
	static const struct {
		const char *before, *after;
	} deeds[N_BEHAVIOURS] = {
		[BEHAVIOUR_CHECKINS] = { "checks in at ", "" },
		[BEHAVIOUR_ROTATION] = { "checks in at several domains in turn, such as ", "" },
		[BEHAVIOUR_LOOKUPS] = { "looks up ", "" },
		[BEHAVIOUR_FAILING] = { "keeps asking for ", ", which does not answer" },
		[BEHAVIOUR_TUNNEL] = { "asks for names that look like data below ", "" },
		[BEHAVIOUR_FLUX] = { "asks for ", ", whose addresses keep changing" },
		[BEHAVIOUR_DGA] = { "asks for names that look generated", "" },
		[BEHAVIOUR_NOWHERE] = { "asks for names that look like data below no domain", "" },
	};
	enum behaviour which = a->verdict->behaviour;

	buf_str(b, deeds[which].before);
	if (a->pair)
		buf_str(b, a->pair->domain->key);
	buf_str(b, deeds[which].after);
}

static void put_rhythm(struct buf *b, const struct rhythm *r, const char *what)
{
	buf_printf(b, "%llu %s, every ", (unsigned long long)r->checkins, what);
	buf_number(b, r->gap_s.mean, 4);
	buf_str(b, " s with a deviation of ");
	buf_number(b, moments_sd(&r->gap_s), 3);
	buf_str(b, " s");
}

static void put_names(struct buf *b, double names, const struct moments *length)
{
	buf_printf(b, "%.0f names of %.3g bytes", names, length->mean);
}

/* Of a verdict about a domain. */
static void put_domain(struct buf *b, enum behaviour which, const struct pair_profile *pair)
{
	const struct domain_profile *d = pair->domain;

	if (which == BEHAVIOUR_CHECKINS || (which == BEHAVIOUR_ROTATION && pair->http.checkins))
		put_rhythm(b, &pair->http, "check-ins");
	else if (which == BEHAVIOUR_TUNNEL)
		put_names(b, distinct_count(&d->names), &d->name_length);
	else if (which == BEHAVIOUR_FLUX)
		buf_printf(b, "%.0f addresses in %.0f networks in %llu answers", distinct_count(&d->ips),
			   distinct_count(&d->networks), (unsigned long long)d->addresses.n);
	else
		put_rhythm(b, &pair->dns, "look-ups");
}

void odd_put_facts(struct buf *b, const struct anomaly *a)
{
	if (a->pair)
		put_domain(b, a->verdict->behaviour, a->pair);
	else if (a->verdict->behaviour == BEHAVIOUR_DGA)
		buf_printf(b, "%llu new names that do not exist", (unsigned long long)a->client->dga.names);
	else
		put_names(b, distinct_count(&a->client->nowhere), &a->client->nowhere_length);
}
