/* evidence.c: see evidence.h. */
#include "detect/evidence.h"

#include <math.h>

#include "detect/beacon.h"
#include "detect/company.h"
#include "detect/gaps.h"
#include "detect/peers.h"

#define COMPANY 3	  /* so many domains asked in one go are a list that a program goes through */
#define CLIENTS_LEAST 5	  /* of fewer, how many know a domain says nothing */
#define CLIENTS_MOST 1000 /* counted */
#define OTHERS 22	  /* 0.9^22 = 0.1 */
#define TURNS 2		  /* of the pair's gaps */
#define FIRST_DAY_TURNS 8 /* for who came just now may ask soon */
#define SAME_RHYTHM 0.5
#define MARGIN 0.4
#define GOOD_TIMER 0.9	/* RITA's ts: jitter of a fifth has less */
#define PERIODIC_P 0.01
#define PERIODIC_LAGGED 0.25 /* four times the 95 % of white noise over 256 bins, 2/sqrt(n) */
#define PERSISTENT 0.9	/* of ten bins */
#define USUAL_PERSISTENCE 0.6 /* the most that a person has at a site: docs/detectors.md */
#define PAIR_OF_HOSTS 20  /* of so many, two infected ones are still few */

void evidence_begin(struct judging *j, enum behaviour behaviour, uint64_t start_ns, uint64_t end_ns, uint64_t n)
{
	*j->v = (struct verdict){
		.behaviour = behaviour,
		.start_ns = start_ns,
		.end_ns = end_ns,
		.checkins = n,
		.threshold = j->options->min_score,
		.model = j->m->id,
	};
}

struct evidence *evidence_add(struct judging *j, const char *name, enum stage stage)
{
	struct evidence *e = &j->v->evidence[j->v->n++];

	*e = (struct evidence){ .name = name, .stage = stage, .p = 1, .threshold = NAN, .baseline = NAN };
	return e;
}

struct evidence *evidence_rule(struct judging *j, const char *name, double value, double limit, bool above,
			       uint64_t samples)
{
	struct evidence *e = evidence_add(j, name, STAGE_DNS);

	e->known = isfinite(value);
	e->above = above;
	e->value = value;
	e->threshold = limit;
	e->samples = samples;
	e->triggered = e->known && (above ? value >= limit : value <= limit);
	return e;
}

struct evidence *evidence_many(struct judging *j, const char *name, double value, double limit, double usual,
			       uint64_t samples)
{
	struct evidence *e = evidence_rule(j, name, value, limit, true, samples);

	e->baseline = usual;
	e->p = e->known && value > usual ? usual / value : 1;
	return e;
}

/* The chance of k of n or more where each comes with p. */
static double at_least_so_many(unsigned int k, unsigned int n, double p)
{
	double sum = 0;

	for (unsigned int i = k; i <= n; i++)
		sum += exp(lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) + i * log(p) + (n - i) * log1p(-p));
	return fmin(sum, 1);
}

struct evidence *evidence_persistence(struct judging *j)
{
	struct measure m = feature_of_pair(FEATURE_PERSISTENCE_4_HOURS, j->pair, j->profiles);
	struct evidence *e = evidence_rule(j, "persistence_4h", m.n < PERSISTENCE_BINS ? NAN : m.value, PERSISTENT, true,
					   m.n);

	e->stage = STAGE_HTTP;
	e->baseline = USUAL_PERSISTENCE;
	if (e->known)
		e->p = at_least_so_many((unsigned int)lround(m.value * PERSISTENCE_BINS), PERSISTENCE_BINS,
					USUAL_PERSISTENCE);
	return e;
}

struct evidence *evidence_odv(struct judging *j, const char *name, enum stage stage, const struct odv *odv,
			      struct measure value)
{
	struct evidence *e = evidence_add(j, name, stage);
	struct odv_verdict said;

	e->value = value.value;
	e->samples = value.n;
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

/* By how much medians of so few may be off, in part: their standard error is about 1.2/sqrt(n) of the value. What is
 * below the limit by less than a third of that is not told from people. */
static double margin(uint64_t n)
{
	return 1 + MARGIN / sqrt((double)n);
}

struct evidence *evidence_spread(struct judging *j, const char *name, enum stage stage, struct measure value)
{
	const struct odv *odv = &j->m->odv[CRITERION_GAP_SPREAD];
	struct measure off = { value.value * margin(value.n), value.n };
	struct evidence *e = evidence_odv(j, name, stage, odv, off);

	if (value.n) {
		e->value = value.value;
		e->threshold /= margin(value.n);
	}
	return e;
}

struct evidence *evidence_criterion(struct judging *j, enum criterion which, double *ret_value)
{
	const struct criterion_kind *kind = &criteria[which];
	struct measure value = { 0 };

	*ret_value = value.value = criterion_value(which, j->profiles, j->pair, &value.n);
	if (which == CRITERION_GAP_SPREAD)
		return evidence_spread(j, kind->name, kind->stage, value);
	return evidence_odv(j, kind->name, kind->stage, &j->m->odv[which], value);
}

/* Of all clients those of a day at least, or a network at night would be its few servers. Of programs on one host
 * that is always one, and of a handful of clients it says nothing. */
struct evidence *evidence_rarity(struct judging *j)
{
	const struct domain_profile *d = j->pair->domain;
	uint64_t now = profiles_now(j->profiles), day = now > j->options->rare_ns ? now - j->options->rare_ns : 0;
	size_t clients =
		profiles_clients_since(j->profiles, d->first_ns < day ? d->first_ns : day, CLIENTS_MOST);
	struct evidence *e = evidence_add(j, "clients", STAGE_DNS);

	e->value = distinct_count(&d->clients);
	e->samples = clients;
	e->known = j->pair->client->kind == CLIENT_ADDRESS && clients >= CLIENTS_LEAST;
	e->threshold = floor(fmax(j->options->rare_share * clients, clients < PAIR_OF_HOSTS ? 1 : 2)) + 1;
	e->triggered = e->known && e->value < e->threshold;
	e->p = fmin(e->value / fmax(clients, 1), 1);
	return e;
}

struct evidence *evidence_age(struct judging *j)
{
	const struct domain_profile *d = j->pair->domain;
	struct evidence *e = evidence_add(j, "age_days", STAGE_DNS);

	e->known = true;
	e->samples = d->queries + d->requests;
	e->value = (profiles_now(j->profiles) - d->first_ns) / 86400e9;
	e->threshold = j->options->old_ns / 86400e9;
	e->triggered = e->value < e->threshold;
	return e;
}

struct evidence *evidence_company(struct judging *j, const struct rhythm *r)
{
	struct evidence *e = evidence_add(j, "companions", STAGE_DNS);
	struct company company = company_of(j->pair, r);

	e->known = true;
	e->samples = r->checkins;
	e->value = company.n;
	e->threshold = COMPANY;
	e->triggered = e->value < e->threshold || !company.known;
	j->v->company_told_ns = company.told_ns;
	return e;
}

bool evidence_peers(struct judging *j, const struct rhythm *r)
{
	struct peers peers = peers_of(j->pair, r);
	struct evidence *e = evidence_rule(j, "same_rhythm", peers.n ? (double)peers.same / peers.n : NAN,
					   SAME_RHYTHM, true, peers.n);

	return !e->known || e->triggered || rhythm_timing_score(r) >= GOOD_TIMER;
}

/* Of these who could have asked, n gaps long, nobody did: were the domain known to a tenth of all, that would be less
 * likely than one in ten for 22 clients beside one that asks. */
static bool others_had_time(const struct judging *j, const struct evidence *rare, double period_s, double n)
{
	uint64_t first = j->pair->domain->first_ns, turns = (uint64_t)(n * period_s * 1e9);
	size_t others = profiles_clients_since(j->profiles, first + turns, CLIENTS_MOST);

	return profiles_now(j->profiles) - first > turns && others >= rare->value * (1 + OTHERS);
}

bool evidence_too_early(const struct judging *j, const struct evidence *rare, double period_s)
{
	uint64_t now = profiles_now(j->profiles), running = now - profiles_since(j->profiles);

	if (running < j->options->settle_ns)
		return true;
	if (rare->known && now - j->pair->domain->first_ns >= j->options->rare_ns)
		return false;
	if (running >= j->options->rare_ns)
		return rare->known && !others_had_time(j, rare, period_s, TURNS);
	if (j->pair->client->kind != CLIENT_ADDRESS || rare->samples <= 1)
		return false;
	/* On the first day every domain is new. */
	return running < j->options->rare_ns / 2 || !rare->known ||
	       !others_had_time(j, rare, period_s, FIRST_DAY_TURNS);
}

static double surprise(const struct evidence *e)
{
	if (!e->known || e->p >= 1)
		return 0;
	return e->p > 0 ? fmin(-log10(e->p), ODV_SCORE_MOST) : ODV_SCORE_MOST;
}

void evidence_weigh(struct judging *j, struct evidence *e, double weight)
{
	e->share = weight * surprise(e);
	j->more += e->share;
}

void evidence_weigh_base(struct judging *j, struct evidence *e, double weight)
{
	if (!e->known)
		return;
	j->base[j->n_base] = e;
	j->base_weight[j->n_base++] = weight;
}

void evidence_score(struct judging *j)
{
	double exponent = j->more, weights = 0;

	for (size_t i = 0; i < j->n_base; i++)
		weights += j->base_weight[i];
	for (size_t i = 0; i < j->n_base; i++) {
		j->base[i]->share = j->base_weight[i] * surprise(j->base[i]) / weights;
		exponent += j->base[i]->share;
	}
	for (size_t i = 0; i < j->v->n && exponent > 0; i++)
		j->v->evidence[i].share /= exponent;
	j->v->score = 1 - pow(10, -exponent);
}

void evidence_accuse(struct judging *j)
{
	j->v->stages |= 1U << STAGE_DNS;
	if (j->v->score >= j->options->min_score)
		j->v->judgement = JUDGED_SUSPICIOUS;
}

void evidence_periodicity(struct judging *j, const struct rhythm *r)
{
	struct evidence *g, *autocorrelation;
	struct fisher fisher;
	double lagged;

	if (j->v->judgement != JUDGED_SUSPICIOUS || gaps_periodicity(r, &fisher, &lagged))
		return;
	/* The g that white noise exceeds once in a hundred: the first term of its p. */
	g = evidence_rule(j, "fisher_g", fisher.g, 1 - pow(PERIODIC_P / fisher.q, 1.0 / (fisher.q - 1)), true,
			  fisher.q);
	g->p = fisher.p;
	autocorrelation = evidence_rule(j, "autocorrelation", lagged, PERIODIC_LAGGED, true, fisher.q);
	g->stage = autocorrelation->stage = STAGE_HTTP;
}
