/* summary.h: the numbers that are reported: of all, or of a group. */
#ifndef METSUKE_EVALUATE_SUMMARY_H
#define METSUKE_EVALUATE_SUMMARY_H

#include "evaluate/evaluation.h"
#include "evaluate/split.h"
#include "evaluate/stats.h"

struct share {
	size_t found, n;
};

/* One method over rows of one kind that had enough check-ins. */
struct line {
	struct stats_counts counts; /* at its own threshold */
	size_t unscored;	    /* rows that it cannot tell */
	size_t accused_clean;	    /* rows of clean clients */
	double roc_area, average_precision;
	double threshold; /* chosen on other rows, by F1; NaN: there was nothing to choose by */
	struct stats_counts tuned; /* with that, over rows that it was not chosen on */
};

#define DELAY_SHARE 0.9

struct delay {
	size_t n;
	double median, most; /* most: DELAY_SHARE of them are no longer */
};

struct cause {
	const char *kind, *rule;
	size_t n, clean;
};

#define MAP_PERIODS 7
#define MAP_JITTERS 6
extern const double map_periods[MAP_PERIODS + 1], map_jitters[MAP_JITTERS + 1];

struct summary {
	const struct group *group; /* NULL: all */
	struct share due, few, unseen; /* targets with enough check-ins, with fewer, never seen */
	struct share bots, bots_due;   /* of all; of those with enough check-ins at one of their domains */
	size_t by_list, by_both;	     /* of all targets */
	size_t by_anomaly;
	struct delay checkins, minutes;
	size_t anomalies;	  /* alerts, all of them */
	size_t alarms, clean_alarms; /* false ones, each client, domain and day once; about clean clients */
	size_t aside, again;
	size_t list_alarms; /* the same of lists */
	size_t list_clean_alarms;
	double host_days; /* of clean clients */
	struct cause *causes; /* most alarms first */
	size_t n_causes;
	struct share map[MAP_PERIODS][MAP_JITTERS]; /* bots with a period and enough check-ins */
	size_t rows[N_ROW_KINDS];
	struct line lines[N_ROW_KINDS][N_METHODS];
};

/* -ENOMEM. */
int summary_make(const struct evaluation *e, const struct group *g, struct summary *ret_summary);
void summary_free(struct summary *s);

/* A bot is what a client has of one family, however many servers that asks. */
bool summary_same_bot(const struct target *a, const struct target *b);

/* Was it found at any of them? */
bool summary_bot_found(const struct evaluation *e, const struct target *t);

/* Rows of one method, sorted for stats.h; to be freed. take NULL: all with enough check-ins that are neither aside nor
 * of another kind. -ENOMEM. */
int summary_scores(const struct evaluation *e, const struct group *g,
		   bool (*take)(const struct evaluation *e, const struct group *g, const struct row *r),
		   enum row_kind kind, enum method which, struct stats_row **ret_rows, size_t *ret_n);

#endif
