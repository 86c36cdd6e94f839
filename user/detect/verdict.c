/* verdict.c: see verdict.h. The rule (METHODS 3): ODV finds the timing odd and the SVM or LOF agrees that the row
 * is unlike a browser's, and stage 2 has nothing to explain it. */
#include "detect/verdict.h"

#include <math.h>
#include <string.h>

#include "detect/company.h"
#include "detect/model.h"

#define WEIGHT_RARE 0.4
#define FLUX_SHARE 0.1	  /* of the clients: what more of them know is a delivery network */
#define CLIENTS_LEAST 5	  /* of fewer, how many know a domain says nothing */
#define CLIENTS_MOST 1000 /* counted */
#define PAIR_OF_HOSTS 20  /* of so many, two infected ones are still few */
#define COMPANY 3	  /* so many domains asked in one go are a list that a program goes through */

struct judging {
	const struct verdict_options *options;
	const struct model *m;
	const struct profiles *profiles;
	const struct pair_profile *pair;
	struct verdict *v;
	double values[N_CRITERIA];
	struct evidence *base[2]; /* timing and rarity, where they are known */
	size_t n_base;
	double base_weights, more; /* of the score */
};

static struct evidence *add(struct judging *j, const char *name, enum stage stage)
{
	struct evidence *e = &j->v->evidence[j->v->n++];

	*e = (struct evidence){ .name = name, .stage = stage, .p = 1, .threshold = NAN, .baseline = NAN };
	return e;
}

static double surprise(const struct evidence *e)
{
	if (!e->known)
		return 0;
	if (e->p >= 1)
		return 0;
	return e->p > 0 ? fmin(-log10(e->p), ODV_SCORE_MOST) : ODV_SCORE_MOST;
}

/* The score's exponent: the mean of timing and rarity by their weights, as far as they are known; what the other
 * evidence says comes on top, so that having nothing to say takes nothing away. */
static void weigh(struct judging *j, struct evidence *e, double weight)
{
	e->share = weight * surprise(e);
	j->more += e->share;
}

static void weigh_base(struct judging *j, struct evidence *e, double weight)
{
	if (!e->known)
		return;
	e->share = weight * surprise(e);
	j->base[j->n_base++] = e;
	j->base_weights += weight;
}

static struct evidence *weigh_up(struct judging *j, enum criterion which)
{
	const struct criterion_kind *kind = &criteria[which];
	const struct odv *odv = &j->m->odv[which];
	struct evidence *e = add(j, kind->name, kind->stage);
	struct odv_verdict said;

	e->value = j->values[which] = criterion_value(which, j->profiles, j->pair, &e->samples);
	e->above = odv->options.side == ODV_UPPER;
	said = odv_judge(odv, e->value);
	e->known = !said.unknown;
	if (!e->known)
		return e;
	e->threshold = odv_untransform(&odv->options, e->above ? odv->pass[1].upper : odv->pass[1].lower);
	if (e->threshold < 0)
		e->threshold = NAN; /* nothing can be below */
	e->baseline = odv_untransform(&odv->options, odv->pass[1].mean);
	e->triggered = said.flagged;
	e->p = said.p;
	return e;
}

/* The two second opinions on the row as a whole; they weigh nothing in the score. */
static bool second_opinion(struct judging *j)
{
	struct evidence *svm = add(j, "ocsvm", STAGE_HTTP), *lof = add(j, "lof", STAGE_HTTP);
	const struct model *m = j->m;
	double row[N_HTTP_CRITERIA];

	svm->above = lof->above = true;
	if (scaling_apply(&m->scaling, j->values, row, NULL))
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

/* Software? Returns false with the judgement made where it is not, or nobody knows yet. */
static bool stage_http(struct judging *j)
{
	struct evidence *cv = weigh_up(j, CRITERION_GAP_CV), *spread = weigh_up(j, CRITERION_GAP_SPREAD);
	struct evidence *timing = spread->known && spread->p < cv->p ? spread : cv;

	weigh_base(j, timing, criteria[CRITERION_GAP_CV].weight);
	for (enum criterion i = CRITERION_URLS; i < N_HTTP_CRITERIA; i++)
		weigh(j, weigh_up(j, i), criteria[i].weight);
	if (j->v->checkins < j->options->min_checkins || !timing->known)
		return false;
	j->v->judgement = JUDGED_ORDINARY;
	if ((!cv->triggered && !spread->triggered) || !second_opinion(j))
		return false;
	j->v->judgement = JUDGED_SOFTWARE;
	j->v->stages |= 1U << STAGE_HTTP;
	return true;
}

/* How many of the network's clients know the domain: those of a day at least, or a network at night would be its few
 * servers. Of programs on one host that is always one, and of a handful of clients it says nothing. */
static struct evidence *rarity(struct judging *j)
{
	const struct domain_profile *d = j->pair->domain;
	uint64_t now = profiles_now(j->profiles), day = now > j->options->rare_ns ? now - j->options->rare_ns : 0;
	size_t clients =
		profiles_clients_since(j->profiles, d->first_ns < day ? d->first_ns : day, CLIENTS_MOST);
	struct evidence *e = add(j, "clients", STAGE_DNS);

	e->value = distinct_count(&d->clients);
	e->samples = clients;
	e->known = j->pair->client->kind == CLIENT_ADDRESS && clients >= CLIENTS_LEAST;
	e->threshold = floor(fmax(j->options->rare_share * clients, clients < PAIR_OF_HOSTS ? 1 : 2)) + 1;
	e->triggered = e->known && e->value < e->threshold;
	e->p = fmin(e->value / fmax(clients, 1), 1);
	return e;
}

static struct evidence *age(struct judging *j)
{
	const struct domain_profile *d = j->pair->domain;
	struct evidence *e = add(j, "age_days", STAGE_DNS);

	e->known = true;
	e->samples = d->queries + d->requests;
	e->value = (profiles_now(j->profiles) - d->first_ns) / 86400e9;
	e->threshold = j->options->old_ns / 86400e9;
	e->triggered = e->value < e->threshold;
	return e;
}

/* A bot asks a server or two; what goes through a list each time, part of it others' as well, is no bot. */
static struct evidence *company(struct judging *j)
{
	struct evidence *e = add(j, "companions", STAGE_DNS);
	unsigned int known;

	e->known = true;
	e->samples = j->pair->http.checkins;
	e->value = company_count(j->pair, &known);
	e->threshold = COMPANY;
	e->triggered = e->value < e->threshold || !known;
	return e;
}

/* Who else asks is known only after everybody had the time to. */
static bool too_early(const struct judging *j, const struct evidence *rare)
{
	uint64_t now = profiles_now(j->profiles), running = now - profiles_since(j->profiles);

	if (running < j->options->settle_ns)
		return true;
	if (rare->known)
		return now - j->pair->domain->first_ns < j->options->rare_ns;
	/* The others of what looks like a handful may still be asleep. */
	return j->pair->client->kind == CLIENT_ADDRESS && rare->samples > 1 && running < j->options->rare_ns;
}

/* Is there nothing about the domain that explains why software asks it? */
static void stage_dns(struct judging *j)
{
	struct evidence *rare = rarity(j), *young = age(j);
	bool flux = false;

	weigh_base(j, rare, WEIGHT_RARE);
	for (enum criterion i = N_HTTP_CRITERIA; i < N_CRITERIA; i++) {
		struct evidence *e = weigh_up(j, i);

		weigh(j, e, criteria[i].weight);
		flux |= e->triggered &&
			i != CRITERION_TTL_MIN; /* short TTLs alone are those of delivery networks */
	}
	if (!young->triggered)
		return;
	if (rare->known && !rare->triggered && !(flux && rare->p <= FLUX_SHARE))
		return;
	if (!company(j)->triggered)
		return;
	if (too_early(j, rare)) {
		j->v->judgement = JUDGED_UNKNOWN;
		return;
	}
	j->v->stages |= 1U << STAGE_DNS;
}

static void score(struct judging *j)
{
	double exponent = j->more;

	for (size_t i = 0; i < j->n_base; i++) {
		j->base[i]->share /= j->base_weights;
		exponent += j->base[i]->share;
	}
	for (size_t i = 0; i < j->v->n && exponent > 0; i++)
		j->v->evidence[i].share /= exponent;
	j->v->score = 1 - pow(10, -exponent);
}

void verdict_judge(const struct verdict_options *options, const struct model *m, const struct profiles *profiles,
		   const struct pair_profile *pair, struct verdict *ret_verdict)
{
	struct judging j = { options, m, profiles, pair, ret_verdict };

	*ret_verdict = (struct verdict){
		.start_ns = pair->http.first_ns,
		.end_ns = pair->http.last_ns,
		.checkins = pair->http.checkins,
		.threshold = options->min_score,
		.model = m->id,
	};
	if (!stage_http(&j))
		return; /* its score stays 0: nothing was found */
	stage_dns(&j);
	score(&j);
	if (ret_verdict->stages & 1U << STAGE_DNS && ret_verdict->score >= options->min_score)
		ret_verdict->judgement = JUDGED_SUSPICIOUS;
}

/* Early on at each check-in, later at every tenth part more of them. */
bool verdict_is_due(const struct verdict_options *options, const struct pair_profile *pair)
{
	return pair->http.checkins >= options->min_checkins && pair->http.checkins >= pair->state.next_checkins;
}

void verdict_done(struct pair_profile *pair, const struct verdict *v, uint64_t now_ns)
{
	pair->state.next_checkins = pair->http.checkins + 1 + pair->http.checkins / 10;
	pair->state.judged_ns = now_ns;
	pair->state.score = v->score;
	pair->state.judgement = v->judgement;
}
