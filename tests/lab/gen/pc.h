/* pc.h: a host of a mixed network, and when it is on and somebody sits there. */
#ifndef METSUKE_LAB_PC_H
#define METSUKE_LAB_PC_H

#include "acts.h"
#include "town.h"

#define FAVOURITES 8
#define DAY_PARTS 6

enum machine { ALWAYS_ON, DESKTOP, LAPTOP };

struct pc {
	struct host host; /* first: acts know their host */
	unsigned int id;
	enum machine machine;
	int system;
	double shift_h; /* comes earlier or later than others */
	const char *browser;
	const struct name *favourites[FAVOURITES];
	unsigned int n_favourites;
	/* The day that was looked at last: when somebody was there, in microseconds of it. */
	unsigned int day;
	int planned;
	unsigned int n_parts;
	__u64 from[DAY_PARTS], to[DAY_PARTS];
};

void pc_start(struct pc *pc, struct lab *l, unsigned int id, __u32 ip);
static inline struct pc *pc_of(const struct act *a)
{
	return (struct pc *)a->host;
}
/* 0: somebody sits there; otherwise when somebody will. */
__u64 pc_deserted(struct pc *pc, const struct lab *l, __u64 now);
/* 0: the machine runs; otherwise when it will. */
__u64 pc_asleep(struct pc *pc, const struct lab *l, __u64 now);
__u64 pc_seconds(double s);
/* Any of the browsers, as it calls itself. */
const char *pc_browser(struct rng *r);

/* What the person does. */
void surf_start(struct acts *acts, struct lab *l, struct pc *pc, const struct town *t);
/* What the machine does. */
void agents_start(struct acts *acts, struct lab *l, struct pc *pc, const struct town *t);
void agents_install(struct acts *acts, struct lab *l, struct pc *pc, const struct product *p);

#endif
