/* explain_kinds.c: the detectors in words: what the client does, what each stage asks, and what decides. The rest of
 * explain reads the event's features as they are. */
#include <string.h>

#include "cmd/explain.h"

/* The rule of docs/detectors.md, turned round. */
static const struct explain_way two_stage[] = {
	{ "ordinary", { "gap_cv", "gap_spread" } },
	{ "ordinary", { "ocsvm", "lof" } },
	{ "software", { "clients" } },
	{ "software", { "fresh_addresses", "networks" } },
	{ "software", { "age_days" } },
	{ "software", { "companions" } },
	{ "software", { "popularity" } },
	{ NULL },
};

static const struct explain_kind kinds[] = {
	{ "two-stage",
	  "checks in at",
	  "check-ins",
	  { "software or people? (HTTP)", "whose software? (DNS, and who else asks)" },
	  two_stage },
};

static const struct explain_way none[] = { { NULL } };
static const struct explain_kind unknown = { "", "is odd at", "observations", { "", "" }, none };

const struct explain_kind *explain_kind(const json_t *event)
{
	const char *detector = explain_text(event, "metsuke.anomaly.detector");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].detector, detector))
			return &kinds[i];
	return &unknown;
}
