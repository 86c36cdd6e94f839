/* judge.h: when a client at a domain is judged, and what of it is told: at check-ins that bring new evidence, in a
 * bounded number a second, once in a window. */
#ifndef METSUKE_DETECT_JUDGE_H
#define METSUKE_DETECT_JUDGE_H

#include "config.h"
#include "detect/excuse.h"
#include "detect/verdict.h"

struct judge;
struct intel;
struct model;

struct judge_counts {
	uint64_t judged, postponed;
	uint64_t verdicts[N_JUDGEMENTS]; /* by what they came to; of those that a list holds: pairs */
	uint64_t excused[N_EXCUSES];	 /* by what explained them; [EXCUSE_NONE]: all others */
};

/* What the configuration says of verdicts. */
struct verdict_options judge_options(const struct config *c);

/* model: the judge frees it; NULL: nothing is judged. NULL: out of memory. */
struct judge *judge_new(const struct config *c, struct model *model);
void judge_free(struct judge *j);
void judge_set_model(struct judge *j, const struct config *c, struct model *model);

/* What was allowed: borrowed until the next call. NULL: nothing. */
void judge_set_allow(struct judge *j, const struct allow *allow);

enum judge_result {
	JUDGE_NOTHING, /* nothing new, or no turn */
	JUDGE_QUIET,
	JUDGE_TELL, /* to be told */
};

/* After message o was added to the pair. JUDGE_TELL: *ret_anomaly is it; it points into the arguments and the
 * judge until the next call. intel: its exceptions are not judged; may be NULL. */
enum judge_result judge_message(struct judge *j, struct profiles *profiles, struct pair_profile *pair,
			  const struct observation *o, const struct intel *intel,
			  struct anomaly *ret_anomaly);

/* The same of the client as a whole. */
enum judge_result judge_client(struct judge *j, struct profiles *profiles, struct client_profile *client,
			       const struct observation *o, struct anomaly *ret_anomaly);

/* A list holds what the pair did. */
void judge_listed(struct judge *j, struct profiles *profiles, struct pair_profile *pair, uint64_t time_ns);

/* Somebody said that the pair is fine: if that ends, it is told as if for the first time. */
void judge_allowed(struct profiles *profiles, struct pair_profile *pair);

struct judge_counts judge_counts(const struct judge *j);

/* NULL: nothing is judged. Valid until judge_set_model(). */
const struct model *judge_model(const struct judge *j);

#endif
