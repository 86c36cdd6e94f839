/* model.h: what is ordinary: the limits, the scaling, the one-class SVM and the reference rows that verdicts are
 * measured against. A versioned text file (JSON), written by metsuke train and read as untrusted input. */
#ifndef METSUKE_DETECT_MODEL_H
#define METSUKE_DETECT_MODEL_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "detect/lof.h"
#include "detect/ocsvm.h"
#include "detect/odv.h"
#include "detect/scaling.h"
#include "detect/verdict.h"
#include "profile/features.h"

/* What the stages look at, one column each. METHODS 2.4: transform and side; 2.5: weights. */
enum criterion {
	CRITERION_GAP_CV,     /* timing: deviation of the gaps over their mean */
	CRITERION_GAP_SPREAD, /* timing: the same by medians, which a night asleep does not move */
	CRITERION_URLS,
	CRITERION_URL_LENGTH_SD,
	CRITERION_FRESH, /* addresses not seen before, an answer */
	CRITERION_NETWORKS,
	CRITERION_TTL_MIN,
	N_CRITERIA
};
#define N_HTTP_CRITERIA CRITERION_FRESH /* those of stage 1 come first: the columns of SVM and LOF */

struct criterion_kind {
	const char *name;
	enum feature_id feature;
	enum stage stage;
	struct odv_options odv; /* as trained by default */
	double weight;		/* of its -log10 p in the score; the two of timing share one: the greater counts */
};
extern const struct criterion_kind criteria[N_CRITERIA];

struct model {
	char id[17]; /* of its contents: rule.version of its alerts */
	char *note;  /* what it was trained on, as said by who trained it */
	size_t http_rows, dns_rows;
	struct odv odv[N_CRITERIA];
	struct scaling scaling; /* of the columns of stage 1 */
	struct ocsvm *svm;
	struct lof *lof;
	double lof_limit;
};

#define LEAST_GAPS 5 /* METHODS 2.4 */

/* NaN: not enough data. ret_n: observations behind it. */
double criterion_value(enum criterion which, const struct profiles *profiles, const struct pair_profile *pair,
		       uint64_t *ret_n);

/* path: a file; empty: the one that comes with the program. NULL with a message in error[0..size): file, what,
 * value, reason. */
struct model *model_load(const char *path, char *error, size_t size);
struct model *model_parse(const char *text, size_t len, char *error, size_t size);

/* As text that model_parse() takes; free() it. NULL: out of memory. */
char *model_text(const struct model *m);
void model_free(struct model *m);

#endif
