/* methods.h: the detectors side by side: what each says of the same rows, which are clients at domains as their
 * profiles are in the end. The functions are those that the sensor uses. */
#ifndef METSUKE_EVALUATE_METHODS_H
#define METSUKE_EVALUATE_METHODS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detect/verdict.h"

struct model;

/* What the rows are about. Each method is compared over rows of one kind, on which it has something to say. */
enum row_kind { ROW_REQUESTS, ROW_LOOKUPS, ROW_CLIENT, N_ROW_KINDS };

enum method {
	METHOD_JOINT,	    /* the sensor's alerts; its verdict's score */
	METHOD_RAW_GENERAL, /* the second paper's, as written: raw values, two-sided, nothing known to be normal */
	METHOD_RAW_UNIMODAL,
	METHOD_RAW_VP,
	METHOD_RAW_STAGES, /* both stages, general bound; of look-ups the second alone */
	METHOD_LN_GENERAL, /* timing alone, with the transform, side and floor that the model has */
	METHOD_LN_UNIMODAL,
	METHOD_LN_VP,
	METHOD_MODEL_ODV, /* the model's own limits of timing */
	METHOD_SVM,	  /* learnt from the rows themselves */
	METHOD_SVM_MODEL,
	METHOD_LOF,
	METHOD_LOF_MODEL,
	METHOD_BEACON,	    /* RITA's timing score */
	METHOD_PERSISTENCE, /* share of hours, or of longer bins, with a check-in */
	METHOD_UNION,	    /* how many of the model's three accuse */
	N_METHODS
};

struct method_kind {
	const char *name, *id; /* for people; for programs and as a short title */
	unsigned int kinds;    /* bit per enum row_kind */
	const char *alarm;     /* when it accuses, by itself */
	bool drawn;	       /* among the curves */
};
extern const struct method_kind methods[N_METHODS];

struct method_scores {
	double score[N_METHODS]; /* more is more suspicious; NaN: it cannot tell */
	uint32_t accused;	 /* bit per enum method: at its own threshold */
};

/* Of n pairs of one kind, all but METHOD_JOINT, which is not touched. -ENOMEM. */
int methods_score(const struct model *m, const struct profiles *profiles, enum row_kind kind,
		  const struct pair_profile *const *pairs, size_t n, struct method_scores *scores);

#endif
