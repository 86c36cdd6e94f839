/* judge.c: see judge.h. */
#include "detect/judge.h"

#include <stdlib.h>
#include <string.h>

#include "detect/model.h"
#include "intel/intel.h"
#include "support/ip.h"

/* Verdicts in one second of the records' time: some 10 us each, so that a host that makes a thousand rhythms
 * cannot take the reader's time. What is over waits for its next check-in. */
#define MOST_A_SECOND 2000

struct judge {
	struct model *model;
	struct verdict_options options;
	uint64_t window_ns;
	uint64_t second, left;
	struct judge_counts counts;
	struct verdict verdict;
};

struct judge *judge_new(const struct config *c, struct model *model)
{
	struct judge *j = calloc(1, sizeof(*j));

	if (j)
		judge_set_model(j, c, model);
	return j;
}

void judge_free(struct judge *j)
{
	if (!j)
		return;
	model_free(j->model);
	free(j);
}

void judge_set_model(struct judge *j, const struct config *c, struct model *model)
{
	model_free(j->model);
	j->model = model;
	j->options = (struct verdict_options){ .min_checkins = c->min_checkins,
					       .rare_share = c->rare_percent / 100.0,
					       .min_score = c->min_score_percent / 100.0,
					       .settle_ns = c->settle_minutes * 60000000000,
					       .rare_ns = c->rare_hours * 3600000000000,
					       .old_ns = c->old_days * 86400000000000 };
	j->window_ns = c->anomaly_window_seconds * 1000000000;
}

static bool has_turn(struct judge *j, uint64_t time_ns)
{
	uint64_t second = time_ns / 1000000000;

	if (second != j->second) {
		j->second = second;
		j->left = MOST_A_SECOND;
	}
	if (!j->left) {
		j->counts.postponed++;
		return false;
	}
	j->left--;
	return true;
}

static bool is_allowed(const struct intel *intel, const struct observation *o, const char *domain)
{
	struct indicator_match m;
	struct text name = o->kind == OBSERVED_HTTP_REQUEST ? o->http.host : o->dns.question;

	if (!intel)
		return false;
	return (name.len && indicators_match_name(intel->set, name.at, name.len, &m) && m.allow) ||
	       (indicators_match_name(intel->set, domain, strlen(domain), &m) && m.allow) ||
	       (o->kind == OBSERVED_HTTP_REQUEST && indicators_match_ip(intel->set, o->destination.ip, &m) &&
		m.allow);
}

static bool was_told(const struct judge *j, uint64_t told_ns, uint64_t now_ns)
{
	return told_ns && now_ns - told_ns < j->window_ns;
}

enum judge_result judge_message(struct judge *j, struct profiles *profiles, struct pair_profile *pair,
			  const struct observation *o, const struct intel *intel, struct anomaly *ret_anomaly)
{
	if (o->kind == OBSERVED_DNS_RESPONSE || !j->model || pair->state.judgement == JUDGED_LISTED ||
	    !verdict_is_due(&j->options, pair) || !has_turn(j, o->time_ns))
		return JUDGE_NOTHING;
	verdict_judge(&j->options, j->model, profiles, pair, &j->verdict);
	j->counts.judged++;
	if (j->verdict.judgement == JUDGED_SUSPICIOUS && is_allowed(intel, o, pair->domain->key))
		j->verdict.judgement = JUDGED_SOFTWARE;
	j->counts.verdicts[j->verdict.judgement]++;
	verdict_done(pair, &j->verdict, o->time_ns);
	profiles_touch_pair(profiles, pair);
	/* What goes through several servers each time is one story. */
	if (j->verdict.judgement != JUDGED_SUSPICIOUS || was_told(j, pair->state.told_ns, o->time_ns) ||
	    was_told(j, j->verdict.company_told_ns, o->time_ns))
		return JUDGE_QUIET;
	pair->state.told_ns = o->time_ns;
	*ret_anomaly = (struct anomaly){ o, pair->client, pair, &j->verdict };
	return JUDGE_TELL;
}

/* What a verdict about a client can come from, and whether one was told lately. */
static uint64_t *told_of(struct client_profile *c, const struct observation *o)
{
	if (o->kind == OBSERVED_DNS_RESPONSE)
		return c->dga.names >= DGA_LEAST_NAMES ? &c->dga.told_ns : NULL;
	return o->kind == OBSERVED_DNS_QUERY && !o->dns.domain.listed &&
			       distinct_count(&c->nowhere) >= NOWHERE_LEAST_NAMES
		       ? &c->nowhere_told_ns
		       : NULL;
}

enum judge_result judge_client(struct judge *j, struct profiles *profiles, struct client_profile *c,
			       const struct observation *o, struct anomaly *ret_anomaly)
{
	uint64_t *told_ns = told_of(c, o);

	if (!j->model || !told_ns || was_told(j, *told_ns, o->time_ns) || !has_turn(j, o->time_ns))
		return JUDGE_NOTHING;
	verdict_judge_client(&j->options, j->model, profiles, c, &j->verdict);
	j->counts.judged++;
	j->counts.verdicts[j->verdict.judgement]++;
	if (j->verdict.judgement != JUDGED_SUSPICIOUS)
		return JUDGE_QUIET;
	*told_ns = o->time_ns;
	*ret_anomaly = (struct anomaly){ o, c, NULL, &j->verdict };
	return JUDGE_TELL;
}

const struct model *judge_model(const struct judge *j)
{
	return j->model;
}

void judge_listed(struct judge *j, struct profiles *profiles, struct pair_profile *pair, uint64_t time_ns)
{
	if (pair->state.judgement == JUDGED_LISTED)
		return;
	j->counts.verdicts[JUDGED_LISTED]++;
	pair->state.judgement = JUDGED_LISTED;
	pair->state.judged_ns = time_ns;
	pair->state.score = 1;
	profiles_touch_pair(profiles, pair);
}

struct judge_counts judge_counts(const struct judge *j)
{
	return j->counts;
}
