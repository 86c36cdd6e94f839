/* split.h: the rows in groups, so that no method's threshold is chosen on what it is tried on (METHODS 7, honest
 * splits). */
#ifndef METSUKE_EVALUATE_SPLIT_H
#define METSUKE_EVALUATE_SPLIT_H

#include "evaluate/evaluation.h"

enum split { SPLIT_NONE, SPLIT_FAMILY, SPLIT_HOST, SPLIT_TIME, SPLIT_CAPTURE, N_SPLITS };
extern const char *const split_names[N_SPLITS];

/* SPLIT_FAMILY: what is malicious of one family, beside all that is not; SPLIT_HOST: a client with something
 * malicious, or (client NULL) all others together; SPLIT_TIME: what began on one day; SPLIT_CAPTURE: one sensor. */
struct group {
	enum split by;
	const char *family, *client;
	uint32_t sensor;
	uint64_t day;
	char title[128];
};

/* ret_groups: to be freed. -ENOMEM. */
int split_groups(const struct evaluation *e, enum split by, struct group **ret_groups, size_t *ret_n);

/* Is it in the group? g NULL: everything is. */
bool group_has_row(const struct evaluation *e, const struct group *g, const struct row *r);
bool group_has_finding(const struct evaluation *e, const struct group *g, const struct finding *f);
bool group_has_target(const struct group *g, const struct target *t);
double group_host_days(const struct evaluation *e, const struct group *g);

/* A row to choose thresholds for the group by, or one to try them on: never both. Of families the rows of nothing
 * malicious belong to none: clients are halved. Of days the earlier ones come before. */
bool group_trains(const struct evaluation *e, const struct group *g, const struct row *r);
bool group_tries(const struct evaluation *e, const struct group *g, const struct row *r);

#endif
