/* verdict.c: see verdict.h: which behaviours are looked at, and which of them counts. */
#include "detect/verdict.h"

#include "detect/behaviours.h"

const struct behaviour_kind behaviours[N_BEHAVIOURS] = {
	[BEHAVIOUR_CHECKINS] = { "anomaly-beacon", "two-stage" },
	[BEHAVIOUR_ROTATION] = { "anomaly-rotation", "two-stage" },
	[BEHAVIOUR_LOOKUPS] = { "anomaly-lookups", "lookup-timing" },
	[BEHAVIOUR_FAILING] = { "anomaly-failing", "lookup-timing" },
	[BEHAVIOUR_TUNNEL] = { "anomaly-tunnel", "dns-tunnel" },
	[BEHAVIOUR_FLUX] = { "anomaly-flux", "fast-flux" },
	[BEHAVIOUR_DGA] = { "anomaly-dga", "generated-names" },
	[BEHAVIOUR_NOWHERE] = { "anomaly-nowhere", "dns-tunnel" },
};

static void (*const others[])(struct judging *j) = { rotation_judge, lookups_judge, lookups_rotation_judge, tunnel_judge, flux_judge };

void verdict_judge(const struct verdict_options *options, const struct model *m, const struct profiles *profiles,
		   const struct pair_profile *pair, struct verdict *ret_verdict)
{
	struct judging checkins = { .options = options, .m = m, .profiles = profiles, .pair = pair };
	struct verdict other = { 0 };

	checkins.v = ret_verdict;
	checkins_judge(&checkins);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		struct judging j = { .options = options, .m = m, .profiles = profiles, .pair = pair, .v = &other };

		others[i](&j);
		if (other.judgement > ret_verdict->judgement ||
		    (other.judgement == ret_verdict->judgement && other.score > ret_verdict->score))
			*ret_verdict = other;
	}
}

void verdict_judge_client(const struct verdict_options *options, const struct model *m,
			  const struct profiles *profiles, const struct client_profile *client,
			  struct verdict *ret_verdict)
{
	struct judging dga = { .options = options, .m = m, .profiles = profiles, .v = ret_verdict };
	struct judging nowhere = dga;
	struct verdict other = { 0 };

	dga_judge(&dga, client);
	nowhere.v = &other;
	nowhere_judge(&nowhere, client);
	if (other.score > ret_verdict->score)
		*ret_verdict = other;
}

/* Early on at each check-in, later at every tenth part more of them; look-ups likewise. */
bool verdict_is_due(const struct verdict_options *options, const struct pair_profile *pair)
{
	return (pair->http.checkins >= options->min_checkins &&
		pair->http.checkins >= pair->state.next_checkins) ||
	       (pair->dns.messages >= options->min_checkins && pair->dns.messages >= pair->state.next_queries);
}

void verdict_done(const struct verdict_options *options, struct pair_profile *pair, const struct verdict *v,
		  uint64_t now_ns)
{
	/* What was not due yet is no later for the other's sake: look-ups come just before their check-in. */
	if (pair->http.checkins >= options->min_checkins && pair->http.checkins >= pair->state.next_checkins)
		pair->state.next_checkins = pair->http.checkins + 1 + pair->http.checkins / 10;
	if (pair->dns.messages >= options->min_checkins && pair->dns.messages >= pair->state.next_queries)
		pair->state.next_queries = pair->dns.messages + 1 + pair->dns.messages / 10;
	pair->state.judged_ns = now_ns;
	pair->state.score = v->score;
	pair->state.judgement = v->judgement;
}
