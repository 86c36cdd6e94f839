/* evidence.h: how a verdict is put together: evidence by evidence, each with its weight in the score. For the files
 * of this folder. */
#ifndef METSUKE_DETECT_EVIDENCE_H
#define METSUKE_DETECT_EVIDENCE_H

#include "detect/model.h"
#include "detect/verdict.h"

struct judging {
	const struct verdict_options *options;
	const struct model *m;
	const struct profiles *profiles;
	const struct pair_profile *pair; /* NULL: it is about a client as a whole */
	struct verdict *v;
	struct evidence *base[4]; /* whose mean is taken, where they are known */
	double base_weight[4];
	size_t n_base;
	double more; /* what comes on top */
};

/* A verdict of nothing yet. */
void evidence_begin(struct judging *j, enum behaviour behaviour, uint64_t start_ns, uint64_t end_ns, uint64_t n);

struct evidence *evidence_add(struct judging *j, const char *name, enum stage stage);

/* A count or a share that is odd from `limit` on (below it: from `limit` down). Of a value that is never negative and
 * `usual` on average, at most usual/value of ordinary ones are so large (Markov's inequality). */
struct evidence *evidence_many(struct judging *j, const char *name, double value, double limit, double usual,
			       uint64_t samples);

/* A condition without a p: it takes part in the rule, not in the score. */
struct evidence *evidence_rule(struct judging *j, const char *name, double value, double limit, bool above,
			       uint64_t samples);

/* persistence_4h: contact in nine of ten neighbouring bins of four hours, or all of them, which is more than people's
 * working days have. It needs no rhythm. */
struct evidence *evidence_persistence(struct judging *j);

/* A feature against the model's limits. */
struct evidence *evidence_odv(struct judging *j, const char *name, enum stage stage, const struct odv *odv,
			      struct measure value);
/* The same of a spread by medians, whose limit is the lower the fewer there are. */
struct evidence *evidence_spread(struct judging *j, const char *name, enum stage stage, struct measure value);
struct evidence *evidence_criterion(struct judging *j, enum criterion which, double *ret_value);

/* How many of the network's clients know the domain, and for how long it has been known. */
struct evidence *evidence_rarity(struct judging *j);
struct evidence *evidence_age(struct judging *j);

/* A bot asks a server or two; what goes through a list each time, part of it others' as well, is no bot. */
struct evidence *evidence_company(struct judging *j, const struct rhythm *r);

/* Of the other clients that know the domain, as many as come in the pair's rhythm. What several hosts have in one rhythm
 * is a program's; what one comes to as if by a timer and others now and then is a site, unless the timer is a good one.
 * Returns false for the latter. */
bool evidence_peers(struct judging *j, const struct rhythm *r);

/* Who else asks is known only after everybody had the time to. period_s: between the pair's check-ins; whoever runs
 * the same program asks about as often. */
bool evidence_too_early(const struct judging *j, const struct evidence *rare, double period_s);

/* The score's exponent: the mean of the base by their weights, as far as they are known; what the other evidence says
 * comes on top, so that having nothing to say takes nothing away. */
void evidence_weigh_base(struct judging *j, struct evidence *e, double weight);
void evidence_weigh(struct judging *j, struct evidence *e, double weight);
void evidence_score(struct judging *j);

/* Suspicious where the score is high enough. */
void evidence_accuse(struct judging *j);

/* Of what is suspicious: fisher_g and autocorrelation of the newest check-ins. They take no part in the score: whoever
 * reads the alert sees how clear the rhythm is. */
void evidence_periodicity(struct judging *j, const struct rhythm *r);

#endif
