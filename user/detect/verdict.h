/* verdict.h: what is made of one client at one domain, or of a client as a whole. Check-ins over HTTP are judged in
 * two stages (Yan, Koide, Sakurai, figure 6): stage 1 tells software from people by its requests; what it finds odd
 * goes to stage 2, which looks at the domain's DNS answers and at who else knows it. What the paper leaves open is
 * judged by DNS alone: one behaviour each. Each piece of evidence is kept, so that anybody can compute it again. */
#ifndef METSUKE_DETECT_VERDICT_H
#define METSUKE_DETECT_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detect/severity.h"
#include "profile/profile.h"
#include "profile/role.h"

enum stage { STAGE_HTTP = 1, STAGE_DNS = 2 };

enum behaviour {
	BEHAVIOUR_CHECKINS, /* requests as regular as software's */
	BEHAVIOUR_ROTATION, /* the same of several domains, in turn */
	BEHAVIOUR_LOOKUPS,  /* the same of look-ups, where requests are not to be seen */
	BEHAVIOUR_FAILING,  /* a name that does not answer, asked for again and again */
	BEHAVIOUR_TUNNEL,   /* data in names and answers */
	BEHAVIOUR_FLUX,	    /* addresses that change all the time, in many networks */
	BEHAVIOUR_DGA,	    /* of a client: generated names, most of which do not exist */
	BEHAVIOUR_NOWHERE,  /* of a client: data in names below no top-level domain, straight to a server */
	N_BEHAVIOURS
};

struct behaviour_kind {
	const char *rule; /* rule.id */
	const char *detector;
};
extern const struct behaviour_kind behaviours[N_BEHAVIOURS];

/* Values, limits and baselines are in the feature's own unit, not in the transformed one of the computation. */
struct evidence {
	const char *name;
	enum stage stage;
	bool known;	/* enough data behind it */
	bool triggered; /* value is beyond threshold */
	bool above;	/* beyond means above; else below */
	double value;
	double threshold;
	double baseline; /* what the training rows have in the middle */
	double p;	 /* bound on the share of ordinary rows that are as far out */
	double share;	 /* of the score, 0 to 1; 0 for what only agrees or disagrees */
	uint64_t samples;
};

#define VERDICT_EVIDENCE 24

struct verdict {
	enum behaviour behaviour;
	enum judgement judgement;
	unsigned int stages; /* that it came through: bit per enum stage */
	double score;	     /* 0 to 1 */
	double threshold;    /* of the score */
	uint64_t start_ns, end_ns;
	uint64_t checkins; /* or of what else it is about: look-ups, names */
	uint64_t company_told_ns; /* the last alert about a domain that is asked in the same go; 0: none */
	const char *model; /* id of the model that it was measured against */
	size_t n;
	struct evidence evidence[VERDICT_EVIDENCE];
};

struct verdict_options {
	uint64_t min_checkins; /* before that, it is unknown */
	double rare_share;     /* of all clients: a domain that no more know is rare; one client always is */
	double min_score;
	uint64_t settle_ns; /* after the first message of all, before anything is suspicious */
	uint64_t rare_ns;   /* a domain that was known for less is not known to be rare */
	uint64_t old_ns;    /* a domain that was known for so long is not suspicious for being rare */
};

struct model;

/* Of all behaviours of a pair the one that is suspicious and has the highest score; where none is, what its
 * check-ins have come to. Pure: the same profiles and model, the same verdict. */
void verdict_judge(const struct verdict_options *options, const struct model *m, const struct profiles *profiles,
		   const struct pair_profile *pair, struct verdict *ret_verdict);

/* Of a client as a whole. */
void verdict_judge_client(const struct verdict_options *options, const struct model *m,
			  const struct profiles *profiles, const struct client_profile *client,
			  struct verdict *ret_verdict);

/* Of fewer names nothing is said. */
#define DGA_LEAST_NAMES 10
#define NOWHERE_LEAST_NAMES 20

/* Whether the pair has enough new evidence to be judged again, and when the next time will be. */
bool verdict_is_due(const struct verdict_options *options, const struct pair_profile *pair);
void verdict_done(const struct verdict_options *options, struct pair_profile *pair, const struct verdict *v,
		  uint64_t now_ns);

/* A verdict that is told. */
struct anomaly {
	const struct observation *o; /* the message that brought it about */
	const struct client_profile *client;
	const struct pair_profile *pair; /* NULL: it is about the client */
	const struct verdict *verdict;
};

/* event.severity. Who speaks for others (profile/role.h) is one step lower: who it was is somebody behind it. */
static inline unsigned int anomaly_severity(const struct anomaly *a)
{
	unsigned int severity = severity_of_score(a->verdict->score);

	return role_of(a->client) == ROLE_NONE ? severity : severity_lowered(severity);
}

#endif
