/* checkins.c: BEHAVIOUR_CHECKINS and BEHAVIOUR_ROTATION, the two stages. The rule (METHODS 3): ODV finds the timing odd and the SVM or LOF
 * agrees that the row is unlike a browser's, or it goes on day and night, and stage 2 has nothing to explain it. */
#include <math.h>

#include "detect/beacon.h"
#include "detect/behaviours.h"
#include "detect/rotation.h"

#define TIMING_SCORE 0.45 /* of RITA's ts: what comes at random has 0.52, people's visits in bunches less */
#define TURNS_SCORE 0.8	  /* METHODS 4.2: several domains were tried for a rhythm */
#define WEIGHT_RARE 0.4
#define FLUX_SHARE 0.1 /* of the clients: what more of them know is a delivery network */

/* The two second opinions on the row as a whole; they weigh nothing in the score. */
static bool second_opinion(struct judging *j, const double *values)
{
	struct evidence *svm = evidence_add(j, "ocsvm", STAGE_HTTP), *lof = evidence_add(j, "lof", STAGE_HTTP);
	const struct model *m = j->m;
	double row[N_HTTP_CRITERIA];

	svm->above = lof->above = true;
	if (scaling_apply(&m->scaling, values, row, NULL))
		return false;
	svm->samples = lof->samples = m->http_rows;
	svm->value = -ocsvm_decision(m->svm, row) / m->svm->rho;
	svm->threshold = 0;
	svm->known = isfinite(svm->value);
	svm->triggered = svm->known && svm->value > 0;
	lof->threshold = m->lof_limit;
	lof->baseline = 1;
	lof->known = !lof_score(m->lof, row, &lof->value);
	lof->triggered = lof->known && lof->value > lof->threshold;
	return svm->triggered || lof->triggered;
}

/* Software? Returns false with the judgement made where it is not, or nobody knows yet. ret_rhythm: by its rhythm; else only
 * for it goes on day and night. */
static bool stage_http(struct judging *j, double least_score, bool *ret_rhythm)
{
	double values[N_CRITERIA];
	struct evidence *cv = evidence_criterion(j, CRITERION_GAP_CV, &values[CRITERION_GAP_CV]);
	struct evidence *spread = evidence_criterion(j, CRITERION_GAP_SPREAD, &values[CRITERION_GAP_SPREAD]);
	struct evidence *timing = spread->known && spread->p < cv->p ? spread : cv;
	struct evidence *ts = evidence_rule(j, "gap_ts", rhythm_timing_score(&j->pair->http), least_score, true,
					    spread->samples);
	struct evidence *persistent = evidence_persistence(j);
	bool odd = (cv->triggered || spread->triggered) && ts->triggered;

	ts->stage = STAGE_HTTP;
	for (enum criterion i = CRITERION_URLS; i < N_HTTP_CRITERIA; i++)
		evidence_weigh(j, evidence_criterion(j, i, &values[i]), criteria[i].weight);
	if (j->v->checkins < j->options->min_checkins || !timing->known)
		return false;
	j->v->judgement = JUDGED_ORDINARY;
	odd = odd && second_opinion(j, values);
	if (!odd && !persistent->triggered)
		return false;
	evidence_weigh_base(j, odd ? timing : persistent, criteria[CRITERION_GAP_CV].weight);
	*ret_rhythm = odd;
	j->v->judgement = JUDGED_SOFTWARE;
	j->v->stages |= 1U << STAGE_HTTP;
	return true;
}

/* Is there nothing about the domain that explains why software asks it? */
static bool stage_dns(struct judging *j, bool rhythm)
{
	struct evidence *rare = evidence_rarity(j), *young = evidence_age(j);
	bool flux = false, program = evidence_peers(j, &j->pair->http);
	double unused;

	evidence_weigh_base(j, rare, WEIGHT_RARE);
	for (enum criterion i = N_HTTP_CRITERIA; i < N_CRITERIA; i++) {
		struct evidence *e = evidence_criterion(j, i, &unused);

		evidence_weigh(j, e, criteria[i].weight);
		flux |= e->triggered && i == CRITERION_FRESH; /* many networks or short TTLs are delivery networks', too */
	}
	if (!young->triggered || !program)
		return false;
	if (!rhythm && !rare->known) /* on one host a page that stays open goes on, too */
		return false;
	if (rare->known && !rare->triggered && !(flux && rare->p <= FLUX_SHARE))
		return false;
	if (!evidence_company(j, &j->pair->http)->triggered)
		return false;
	if (evidence_too_early(j, rare, j->pair->http.gap_s.mean)) {
		j->v->judgement = JUDGED_UNKNOWN;
		return false;
	}
	return true;
}

static void judge_stages(struct judging *j, double least_score)
{
	bool odd, rhythm;

	if (!stage_http(j, least_score, &rhythm))
		return; /* its score stays 0: nothing was found */
	odd = stage_dns(j, rhythm);
	evidence_score(j);
	if (odd)
		evidence_accuse(j);
	evidence_periodicity(j, &j->pair->http);
}

void checkins_judge(struct judging *j)
{
	const struct rhythm *http = &j->pair->http;

	evidence_begin(j, BEHAVIOUR_CHECKINS, http->first_ns, http->last_ns, http->checkins);
	judge_stages(j, TIMING_SCORE);
}

/* The same two stages, of the check-ins at all of the domains; what else there is, is the pair's own. */
void rotation_judge(struct judging *j)
{
	const struct pair_profile *pair = j->pair;
	struct pair_profile joined = *pair;
	struct rotation rotation;

	evidence_begin(j, BEHAVIOUR_ROTATION, pair->http.first_ns, pair->http.last_ns, pair->http.checkins);
	if (pair->http.checkins < j->options->min_checkins || distinct_count(&pair->domain->clients) > 1 ||
	    !rotation_of_requests(pair, &rotation))
		return;
	joined.http = rotation.rhythm;
	j->pair = &joined;
	j->v->start_ns = joined.http.first_ns;
	j->v->end_ns = joined.http.last_ns;
	j->v->checkins = joined.http.checkins;
	evidence_rule(j, "domains_in_turn", rotation.domains, 2, true, joined.http.checkins);
	judge_stages(j, rotation.chosen ? TURNS_SCORE : TIMING_SCORE);
	if (rotation.told) /* that is this one's story, however long ago */
		j->v->company_told_ns = j->v->end_ns;
	j->pair = pair;
	rhythm_free(&rotation.rhythm);
}
