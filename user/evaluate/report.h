/* report.h: an evaluation for people, for programs, and as a page. */
#ifndef METSUKE_EVALUATE_REPORT_H
#define METSUKE_EVALUATE_REPORT_H

#include <stdio.h>

#include "evaluate/summary.h"

struct evaluation_report {
	const struct evaluation *e;
	const struct summary *all;
	enum split split;
	const struct summary *groups;
	size_t n_groups;
	unsigned int min_checkins;
};

extern const char *const row_kind_titles[N_ROW_KINDS], *const row_kind_ids[N_ROW_KINDS];

/* An alert's rows of one sensor: its targets and false alarms. */
struct sensor_sum {
	struct share due, few;
	size_t listed, alarms;
};
struct sensor_sum evaluation_sensor(const struct evaluation *e, uint32_t sensor);

void evaluation_text(const struct evaluation_report *r, FILE *to);

/* 0, or -errno. */
int evaluation_json(const struct evaluation_report *r, FILE *to);
int evaluation_html(const struct evaluation_report *r, FILE *to);

#endif
