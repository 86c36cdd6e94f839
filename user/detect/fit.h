/* fit.h: a model from profiles that are held to be ordinary (semi-supervised, METHODS 2.4): stage 1 learns from
 * browsers, stage 2 from the domains of the software that stage 1 finds. */
#ifndef METSUKE_DETECT_FIT_H
#define METSUKE_DETECT_FIT_H

#include "detect/model.h"

struct fit_options {
	double browser_share;  /* of a pair's requests that look like a browser's: so many make it one */
	uint64_t min_checkins; /* a pair with fewer is left out */
	double nu, gamma;      /* one-class SVM; gamma 0: 1 / columns */
	unsigned int k_min, k_max;
	double lof_limit;
	size_t reference_rows; /* of LOF; a seeded sample where there are more */
	uint64_t seed;
	const char *note;
	/* One that takes no part: it is known to be good, or was said to be fine. */
	bool (*allowed)(void *ctx, const struct pair_profile *pair);
	void *ctx;
};

struct fit_report {
	size_t pairs;			    /* looked at */
	size_t allowed, odd;		    /* left out: allow-listed; suspicious or listed */
	size_t few;			    /* too few check-ins */
	size_t browsers, software, domains; /* rows: of stage 1; the others; of stage 2 */
	size_t disguised;		    /* of browsers: too regular for one, not for SVM and LOF to learn from */
	size_t swayed;			    /* clients left out of stage 1: each alone moved a limit (influence.h) */
	size_t beyond;			    /* left out, of both stages: of a client that has too many (quota.h) */
};

/* NULL with a message in error[0..size): too few rows, or out of memory. */
struct model *model_fit(struct profiles *profiles, const struct fit_options *options, struct fit_report *report,
			char *error, size_t size);

#endif
