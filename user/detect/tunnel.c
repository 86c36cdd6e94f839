/* tunnel.c: BEHAVIOUR_TUNNEL and BEHAVIOUR_NOWHERE: names that are data. Each name of a tunnel is asked for once, and
 * is either long, or asked for by a type whose answers carry text. */
#include <math.h>

#include "detect/behaviours.h"

#define NAMES 15	   /* asked for below a domain, from which on its answers' types say something */
#define CARRIERS 20	   /* queries of such types */
#define CARRIER_SHARE 0.5  /* of the queries */
#define LONG_NAMES 50	   /* the same of their length */
#define LONG 30		   /* bytes in front of the domain (METHODS 4.1) */
#define REVERSED_SHARE 0.5 /* DNS blocklists ask so */
#define KEYS_LENGTH 20	   /* as long as a fingerprint of 80 bits and more, in hexadecimal digits */
#define KEYS_SD 0.5	   /* and all of one length, which data in pieces is not */
#define KEYS_A_DAY 2000	   /* of a client: more than the files that it sees */
#define STRONG 0.97	   /* a score that does not wait for others */
#define NOWHERE_LENGTH 40

/* What a domain of a clean network has on average: docs/detectors.md. */
#define USUAL_NAMES 3
#define USUAL_CARRIERS 0.05
#define USUAL_LENGTH 8
#define USUAL_NOWHERE 1
#define USUAL_NOWHERE_LENGTH 15

#define WEIGHT_NAMES 0.5
#define WEIGHT_SHAPE 0.5
#define WEIGHT_RARE 0.4

/* Programs against viruses look files up by fingerprints, each as long as the other. */
static bool are_keys(struct judging *j, double names, struct measure length)
{
	const struct domain_profile *d = j->pair->domain;
	struct measure sd = feature_of_domain(FEATURE_SUBDOMAIN_LENGTH_SD, d, j->profiles);
	double days = fmax((d->last_ns - d->first_ns) / 86400e9, 1) * fmax(distinct_count(&d->clients), 1);
	struct evidence *varied = evidence_rule(j, "subdomain_length_sd", sd.value, KEYS_SD, true, sd.n);

	return !varied->triggered && length.value >= KEYS_LENGTH && names / days < KEYS_A_DAY;
}

void tunnel_judge(struct judging *j)
{
	const struct domain_profile *d = j->pair->domain;
	const struct rhythm *dns = &j->pair->dns;
	struct measure length = feature_of_domain(FEATURE_SUBDOMAIN_LENGTH, d, j->profiles);
	struct measure carriers = feature_of_domain(FEATURE_TUNNEL_SHARE, d, j->profiles);
	struct measure reversed = feature_of_domain(FEATURE_REVERSED_SHARE, d, j->profiles);
	double names = distinct_count(&d->names);
	struct evidence *many, *by_type, *by_length, *plain, *rare, *young;

	evidence_begin(j, BEHAVIOUR_TUNNEL, dns->first_ns, dns->last_ns, dns->messages);
	if (names < NAMES)
		return;
	many = evidence_many(j, "names", names, NAMES, USUAL_NAMES, d->queries);
	by_type = evidence_many(j, "tunnel_types_share", carriers.value, CARRIER_SHARE, USUAL_CARRIERS,
				carriers.n);
	by_length = evidence_many(j, "subdomain_length_mean", length.value, LONG, USUAL_LENGTH, length.n);
	plain = evidence_rule(j, "reversed_share", reversed.value, REVERSED_SHARE, false, reversed.n);
	by_type->triggered &= carriers.value * carriers.n >= CARRIERS;
	by_length->triggered &= names >= LONG_NAMES;
	if (!plain->triggered || (!by_type->triggered && !by_length->triggered) || are_keys(j, names, length))
		return;
	rare = evidence_rarity(j);
	young = evidence_age(j);
	evidence_weigh_base(j, many, WEIGHT_NAMES);
	evidence_weigh_base(j, by_type->p < by_length->p ? by_type : by_length, WEIGHT_SHAPE);
	evidence_weigh_base(j, rare, WEIGHT_RARE);
	evidence_score(j);
	if (!young->triggered || (rare->known && !rare->triggered))
		return;
	/* On one host there is nobody to wait for. */
	if (rare->samples > 1 && j->v->score < STRONG && evidence_too_early(j, rare, 0)) {
		j->v->judgement = JUDGED_UNKNOWN;
		return;
	}
	evidence_accuse(j);
}

/* Names of a tunnel that was told a server's address needs no domain: dnscat2 does so on a local network. */
void nowhere_judge(struct judging *j, const struct client_profile *c)
{
	struct measure names = feature_of_client(FEATURE_CLIENT_NOWHERE, c, j->profiles);
	struct measure length = feature_of_client(FEATURE_CLIENT_NOWHERE_LENGTH, c, j->profiles);
	struct evidence *many, *is_long;

	evidence_begin(j, BEHAVIOUR_NOWHERE, c->first_ns, c->last_ns, c->nowhere_length.n);
	if (!(names.value >= NOWHERE_LEAST_NAMES))
		return;
	many = evidence_many(j, "client_nowhere", names.value, NOWHERE_LEAST_NAMES, USUAL_NOWHERE, c->nowhere_length.n);
	is_long = evidence_many(j, "client_nowhere_length_mean", length.value, NOWHERE_LENGTH, USUAL_NOWHERE_LENGTH,
				length.n);
	evidence_weigh_base(j, many, WEIGHT_NAMES);
	evidence_weigh_base(j, is_long, WEIGHT_SHAPE);
	evidence_score(j);
	if (is_long->triggered)
		evidence_accuse(j);
}
