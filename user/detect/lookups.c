/* lookups.c: BEHAVIOUR_LOOKUPS, BEHAVIOUR_FAILING, BEHAVIOUR_ROTATION: a client whose requests are not to be seen (TLS, or none, for the
 * name does not answer) looks a domain up as regularly as software does. */
#include <math.h>

#include "detect/beacon.h"
#include "detect/behaviours.h"
#include "detect/rotation.h"
#include "profile/role.h"

#define TIMING_SCORE 0.8  /* of RITA's ts: METHODS 4.2, the gate */
#define ENOUGH_CLIENTS 40
#define FAILING 0.9	  /* of the responses */
#define USUAL_FAILING 0.05
#define WEIGHT_TIMING 0.6
#define WEIGHT_RARE 0.4

static struct measure at_least(struct measure m, uint64_t n)
{
	return m.n >= n ? m : (struct measure){ NAN, m.n };
}

static bool is_failing(const struct domain_profile *d, uint64_t least)
{
	return d->responses >= least && d->nxdomain + d->failed >= FAILING * d->responses;
}

/* As odd as software's gaps: the limits are those of people's requests. */
static bool judge_timing(struct judging *j)
{
	const struct pair_profile *pair = j->pair;
	struct measure cv = feature_of_pair(FEATURE_DNS_GAP_CV, pair, j->profiles);
	struct measure spread = feature_of_pair(FEATURE_DNS_GAP_SPREAD, pair, j->profiles);
	struct evidence *by_mean = evidence_odv(j, "dns_gap_cv", STAGE_HTTP, &j->m->odv[CRITERION_GAP_CV],
						at_least(cv, LEAST_GAPS));
	struct evidence *by_median = evidence_spread(j, "dns_gap_spread", STAGE_HTTP, at_least(spread, LEAST_GAPS));
	struct evidence *timing = by_median->known && by_median->p < by_mean->p ? by_median : by_mean;
	struct evidence *ts = evidence_rule(j, "dns_gap_ts", rhythm_timing_score(&pair->dns), TIMING_SCORE, true,
					    by_median->samples);

	ts->stage = STAGE_HTTP;
	evidence_weigh_base(j, timing, WEIGHT_TIMING);
	return timing->known && (by_mean->triggered || by_median->triggered) && ts->triggered;
}

/* Most of what speaks TLS is as regular and does nothing wrong: there have to be enough clients to tell that hardly any
 * of them knows the domain. */
static bool is_rare(const struct evidence *rare, bool failing)
{
	if (failing)
		return !rare->known || rare->triggered;
	return rare->known && rare->triggered && rare->samples >= ENOUGH_CLIENTS;
}

/* Everything but the timing. */
static void judge_domain(struct judging *j, bool failing)
{
	const struct rhythm *dns = &j->pair->dns;
	const struct domain_profile *d = j->pair->domain;
	struct evidence *rare = evidence_rarity(j), *young = evidence_age(j);
	bool program = evidence_peers(j, dns) || failing;
	struct evidence *company = evidence_company(j, dns);

	evidence_weigh_base(j, rare, WEIGHT_RARE);
	if (failing)
		evidence_weigh(j,
			       evidence_many(j, "failing_share",
					     (double)(d->nxdomain + d->failed) / d->responses, FAILING,
					     USUAL_FAILING, d->responses),
			       WEIGHT_RARE);
	evidence_score(j);
	if (!young->triggered || !company->triggered || !program || !is_rare(rare, failing))
		return;
	if (evidence_too_early(j, rare, dns->gap_s.mean)) {
		j->v->judgement = JUDGED_UNKNOWN;
		return;
	}
	evidence_accuse(j);
	evidence_periodicity(j, dns);
}

/* A resolver's look-ups are many clients', at the pace of their answers' TTLs. */
static bool is_judged(const struct judging *j)
{
	const struct pair_profile *pair = j->pair;

	return pair->dns.checkins >= j->options->min_checkins && !pair->http.messages && !pair->domain->nowhere &&
	       role_of(pair->client) != ROLE_RESOLVER;
}

void lookups_judge(struct judging *j)
{
	const struct rhythm *dns = &j->pair->dns;
	bool failing = is_failing(j->pair->domain, j->options->min_checkins);

	evidence_begin(j, failing ? BEHAVIOUR_FAILING : BEHAVIOUR_LOOKUPS, dns->first_ns, dns->last_ns,
		       dns->checkins);
	if (!is_judged(j))
		return;
	j->v->judgement = JUDGED_ORDINARY;
	if (!judge_timing(j))
		return;
	j->v->judgement = JUDGED_SOFTWARE;
	judge_domain(j, failing);
}

void lookups_rotation_judge(struct judging *j)
{
	const struct pair_profile *pair = j->pair;
	struct pair_profile joined = *pair;
	struct rotation rotation;

	evidence_begin(j, BEHAVIOUR_ROTATION, pair->dns.first_ns, pair->dns.last_ns, pair->dns.checkins);
	if (!is_judged(j) || distinct_count(&pair->domain->clients) > 1 ||
	    profiles_clients_since(j->profiles, 0, ENOUGH_CLIENTS) < ENOUGH_CLIENTS ||
	    !rotation_of_lookups(pair, &rotation))
		return;
	joined.dns = rotation.rhythm;
	j->pair = &joined;
	j->v->start_ns = joined.dns.first_ns;
	j->v->end_ns = joined.dns.last_ns;
	j->v->checkins = joined.dns.checkins;
	evidence_rule(j, "domains_in_turn", rotation.domains, 2, true, joined.dns.checkins);
	if (judge_timing(j)) {
		j->v->judgement = JUDGED_SOFTWARE;
		judge_domain(j, false);
	}
	if (rotation.told) /* that is this one's story, however long ago */
		j->v->company_told_ns = j->v->end_ns;
	j->pair = pair;
	rhythm_free(&rotation.rhythm);
}
