/* fastflux.c: BEHAVIOUR_FLUX: answers that keep bringing new addresses, in many networks, to be asked for again soon:
 * what answers is a crowd of infected machines. */
#include <math.h>

#include "detect/behaviours.h"
#include "detect/flux.h"

#define TTL_MOST 1800	/* seconds: METHODS 4.1 has 300 for the variant on one answer; double flux has more */
#define NETWORKS 10	/* without a table of AS numbers: /16 and /48 stand in */
#define SYSTEMS 7	/* what FLUX_LIMIT takes with ten addresses: not addresses alone */
#define LIMIT (2 * FLUX_LIMIT) /* which is for two look-ups; of ten and more a delivery network's come to that */
#define ANSWERS 10	/* of fewer, nobody can tell whether they change */
#define FRESH 0.5	/* new addresses, an answer */
#define USUAL_FLUX 30	/* a delivery network with eight addresses in one AS: docs/detectors.md */
#define USUAL_NETWORKS 2
#define USUAL_FRESH 0.1

#define WEIGHT_FLUX 0.4
#define WEIGHT_FRESH 0.4
#define WEIGHT_RARE 0.4

void flux_judge(struct judging *j)
{
	const struct domain_profile *d = j->pair->domain;
	struct measure systems = feature_of_domain(FEATURE_SYSTEMS, d, j->profiles);
	double networks = distinct_count(&d->networks), addresses = distinct_count(&d->ips);
	struct evidence *flux, *fresh, *ttl, *rare, *young;
	bool spread = true;

	evidence_begin(j, BEHAVIOUR_FLUX, d->first_ns, d->last_ns, d->addresses.n);
	if (d->addresses.n < ANSWERS)
		return;
	if (isfinite(systems.value)) {
		flux = evidence_many(j, "flux_score", flux_score(addresses, systems.value, 0), LIMIT,
				     USUAL_FLUX, d->addresses.n);
		spread = evidence_rule(j, "systems", systems.value, SYSTEMS, true, d->addresses.n)->triggered;
	} else {
		flux = evidence_many(j, "networks", networks, NETWORKS, USUAL_NETWORKS, d->addresses.n);
	}
	fresh = evidence_many(j, "fresh_addresses", d->fresh.mean, FRESH, USUAL_FRESH, d->fresh.n);
	ttl = evidence_rule(j, "ttl_min", d->ttl_min, TTL_MOST, false, d->ttl.n);
	if (!flux->triggered || !spread || !fresh->triggered || !ttl->triggered)
		return;
	rare = evidence_rarity(j);
	young = evidence_age(j);
	evidence_weigh_base(j, flux, WEIGHT_FLUX);
	evidence_weigh_base(j, fresh, WEIGHT_FRESH);
	evidence_weigh_base(j, rare, WEIGHT_RARE);
	evidence_score(j);
	if (!young->triggered || (rare->known && !rare->triggered))
		return;
	if (evidence_too_early(j, rare, d->ttl.mean)) {
		j->v->judgement = JUDGED_UNKNOWN;
		return;
	}
	evidence_accuse(j);
}
