/* dga.c: BEHAVIOUR_DGA: a client that asks for names that nobody asked for before, most of which do not exist. */
#include <math.h>

#include "detect/behaviours.h"
#include "profile/dga_walk.h"

/* ln((1 - b)/a): of a clean client at most a = 0.0001 of the runs come so far, of a generator all but b = 0.01
 * (Wald). */
#define WALK 9.2
#define GENERATED 0.5
#define USUAL_GENERATED 0.1
#define WEIGHT_GENERATED 0.2

void dga_judge(struct judging *j, const struct client_profile *c)
{
	struct measure walk = feature_of_client(FEATURE_CLIENT_DGA_WALK, c, j->profiles);
	struct measure share = feature_of_client(FEATURE_CLIENT_DGA_GENERATED, c, j->profiles);
	struct evidence *test, *many, *generated;

	evidence_begin(j, BEHAVIOUR_DGA, c->dga.since_ns, c->dga.ns, c->dga.names);
	if (!c->dga.names)
		return;
	test = evidence_rule(j, "client_dga_walk", walk.value, WALK, true, walk.n);
	test->p = exp(-fmax(walk.value, 0)); /* of a likelihood ratio (Ville's inequality) */
	many = evidence_rule(j, "client_dga_names", c->dga.names, DGA_LEAST_NAMES, true, walk.n);
	generated = evidence_many(j, "client_dga_generated_share", share.value, GENERATED, USUAL_GENERATED, share.n);
	evidence_weigh_base(j, test, 1);
	evidence_weigh(j, generated, WEIGHT_GENERATED);
	if (!test->triggered || !many->triggered)
		return;
	evidence_score(j);
	if (profiles_now(j->profiles) - profiles_since(j->profiles) < j->options->settle_ns && !generated->triggered)
		return; /* at first every name is new */
	evidence_accuse(j);
}
