/* trial.h: captures through the sensor's pipeline, and what the labels make of the outcome. */
#ifndef METSUKE_EVALUATE_TRIAL_H
#define METSUKE_EVALUATE_TRIAL_H

#include "config.h"
#include "evaluate/evaluation.h"

struct trial_options {
	const struct config *config; /* its lists: exceptions alone */
	const struct config *lists;  /* with lists that are asked about, beside it; NULL: none */
	bool progress;
};

/* One sensor over the captures, as one stream in the order of time; e->labels is set. Returns 0, or -1 where it cannot
 * be run (logged); what cannot be read to its end is logged, and e->failed set. */
int trial_run(struct evaluation *e, const struct trial_options *o, char *const *paths, size_t n);

/* For the files of this folder. */
struct profiles;

/* Room for one more; NULL: out of memory. */
void *evaluation_more(void *items, size_t *room, size_t n, size_t size);

/* Rows of all profiles of the newest sensor. -ENOMEM. */
int gather_rows(struct evaluation *e, struct profiles *p, const struct model *m, const struct verdict_options *o);

/* What the labels say of the newest sensor's clients, alerts and rows; findings from `first` on are its. -ENOMEM. */
int outcome_judge(struct evaluation *e, size_t first_row, size_t first_finding);

/* What is said of a client at a domain (""; as a whole) in any of the sensor's captures: malicious before aside before
 * benign. */
const struct label *outcome_label(const struct evaluation *e, const struct sensor *s, const char *client,
				  const char *domain);
bool outcome_clean(const struct evaluation *e, const struct sensor *s, const char *client);

#endif
