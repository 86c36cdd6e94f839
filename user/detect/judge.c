/* judge.c: see judge.h. */
#include "detect/judge.h"

#include <stdlib.h>
#include <string.h>

#include "detect/allow.h"
#include "detect/model.h"
#include "support/hash.h"

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
	const struct allow *allow; /* NULL: nothing was allowed */
	uint64_t popular_most;
	bool updates;
};

struct verdict_options judge_options(const struct config *c)
{
	return (struct verdict_options){ .min_checkins = c->min_checkins,
					 .rare_share = c->rare_percent / 100.0,
					 .min_score = c->min_score_percent / 100.0,
					 .settle_ns = c->settle_minutes * 60000000000,
					 .rare_ns = c->rare_hours * 3600000000000,
					 .old_ns = c->old_days * 86400000000000 };
}

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
	j->options = judge_options(c);
	j->window_ns = c->anomaly_window_seconds * 1000000000;
	j->popular_most = c->popular_most;
	j->updates = c->updates;
}

void judge_set_allow(struct judge *j, const struct allow *allow)
{
	j->allow = allow;
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

/* A bit for each feature of the score that is beyond its limit, by its name, so that it means the same in every
 * version. Two names that share one hide a new reason in 64 from each other, no more. */
static uint64_t evidence_bits(const struct verdict *v)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < v->n; i++) {
		const struct evidence *e = &v->evidence[i];

		if (e->triggered && e->share > 0)
			bits |= 1ULL << (hash_bytes(e->name, strlen(e->name), 0) & 63);
	}
	return bits;
}

/* Told already: is there reason to tell it again? A feature of the score that was not beyond its limit then, or a
 * joint p that is a tenth of what was told; and not so soon. */
static bool is_news(const struct judge *j, const struct profile_state *s, uint64_t bits, uint64_t time_ns)
{
	if (!s->told_ns)
		return true;
	if (time_ns < s->told_ns || time_ns - s->told_ns < j->window_ns)
		return false;
	return bits & ~s->told_evidence || 1 - j->verdict.score <= (1 - s->told_score) / 10;
}

/* What somebody allowed is told, when that is over, as if for the first time. */
static void forget_told(struct profile_state *s)
{
	s->told_ns = s->told_evidence = 0;
	s->told_score = 0;
}

static bool was_told(const struct judge *j, uint64_t told_ns, uint64_t now_ns)
{
	return told_ns && now_ns - told_ns < j->window_ns;
}

/* Returns whether the verdict is to be told. */
static bool conclude(struct judge *j, struct profile_state *s, enum excuse excuse, uint64_t time_ns)
{
	uint64_t bits = evidence_bits(&j->verdict);

	s->excuse = excuse;
	j->counts.excused[excuse]++;
	if (excuse == EXCUSE_ALLOWED)
		forget_told(s);
	/* What asks several servers in one go is one story. */
	if (j->verdict.judgement != JUDGED_SUSPICIOUS || !is_news(j, s, bits, time_ns) ||
	    (!s->told_ns && was_told(j, j->verdict.company_told_ns, time_ns)))
		return false;
	s->told_ns = time_ns;
	s->told_evidence |= bits;
	if (j->verdict.score > s->told_score)
		s->told_score = j->verdict.score;
	return true;
}

enum judge_result judge_message(struct judge *j, struct profiles *profiles, struct pair_profile *pair,
			  const struct observation *o, const struct intel *intel, struct anomaly *ret_anomaly)
{
	enum excuse excuse = EXCUSE_NONE;
	bool tell;

	if (o->kind == OBSERVED_DNS_RESPONSE || !j->model || pair->state.judgement == JUDGED_LISTED ||
	    !verdict_is_due(&j->options, pair) || !has_turn(j, o->time_ns))
		return JUDGE_NOTHING;
	verdict_judge(&j->options, j->model, profiles, pair, &j->verdict);
	j->counts.judged++;
	if (j->verdict.judgement == JUDGED_SUSPICIOUS) {
		const struct excuses x = { intel, j->allow, j->popular_most, j->updates };

		excuse = excuse_of(&x, o, pair, &j->verdict);
		if (excuse)
			j->verdict.judgement = JUDGED_SOFTWARE;
	}
	j->counts.verdicts[j->verdict.judgement]++;
	verdict_done(&j->options, pair, &j->verdict, o->time_ns);
	tell = conclude(j, &pair->state, excuse, o->time_ns);
	profiles_touch_pair(profiles, pair);
	if (!tell)
		return JUDGE_QUIET;
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

/* Whatever it asks for: an entry about a domain says nothing of the others. */
static bool is_client_allowed(const struct allow *allow, const struct observation *o)
{
	struct allow_question q;

	allow_question_of(&q, o);
	q.name = (struct text){ 0 };
	q.server = NULL;
	return allow_match(allow, &q);
}

enum judge_result judge_client(struct judge *j, struct profiles *profiles, struct client_profile *c,
			       const struct observation *o, struct anomaly *ret_anomaly)
{
	uint64_t *told_ns = told_of(c, o);

	if (!j->model || !told_ns || was_told(j, *told_ns, o->time_ns) || !has_turn(j, o->time_ns))
		return JUDGE_NOTHING;
	verdict_judge_client(&j->options, j->model, profiles, c, &j->verdict);
	j->counts.judged++;
	if (j->verdict.judgement == JUDGED_SUSPICIOUS && is_client_allowed(j->allow, o))
		j->verdict.judgement = JUDGED_SOFTWARE;
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

void judge_allowed(struct profiles *profiles, struct pair_profile *pair)
{
	pair->state.judgement = JUDGED_SOFTWARE;
	pair->state.excuse = EXCUSE_ALLOWED;
	forget_told(&pair->state);
	profiles_touch_pair(profiles, pair);
}

struct judge_counts judge_counts(const struct judge *j)
{
	return j->counts;
}
