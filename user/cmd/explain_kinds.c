/* explain_kinds.c: the rules in words: what the client does, what each stage asks, and what decides. The rest of
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

static const struct explain_way lookups[] = {
	{ "ordinary", { "dns_gap_cv", "dns_gap_spread" } },
	{ "ordinary", { "dns_gap_ts" } },
	{ "ordinary", { "failing_share" } },
	{ "software", { "clients" } },
	{ "software", { "age_days" } },
	{ "software", { "companions" } },
	{ "software", { "popularity" } },
	{ NULL },
};

static const struct explain_way tunnel[] = {
	{ "ordinary", { "names" } },
	{ "ordinary", { "tunnel_types_share", "subdomain_length_mean" } },
	{ "ordinary", { "reversed_share" } },
	{ "ordinary", { "clients" } },
	{ "ordinary", { "age_days" } },
	{ "software", { "popularity" } },
	{ NULL },
};

static const struct explain_way flux[] = {
	{ "ordinary", { "flux_score" } },
	{ "ordinary", { "networks" } },
	{ "ordinary", { "fresh_addresses" } },
	{ "ordinary", { "ttl_min" } },
	{ "ordinary", { "clients" } },
	{ "ordinary", { "age_days" } },
	{ "software", { "popularity" } },
	{ NULL },
};

static const struct explain_way dga[] = {
	{ "unknown", { "client_dga_walk" } },
	{ "unknown", { "client_dga_names" } },
	{ NULL },
};

static const struct explain_way nowhere[] = {
	{ "unknown", { "client_nowhere" } },
	{ "unknown", { "client_nowhere_length_mean" } },
	{ NULL },
};

#define WHO_ELSE "what is asked for, and who else asks?"

static const struct explain_kind kinds[] = {
	{ "anomaly-beacon",
	  "checks in at",
	  "check-ins",
	  { "software or people? (HTTP)", "whose software? (DNS, and who else asks)" },
	  two_stage },
	{ "anomaly-lookups", "looks up", "look-ups", { "software or people? (look-ups)", WHO_ELSE }, lookups },
	{ "anomaly-failing", "keeps asking in vain for", "look-ups", { "software or people? (look-ups)", WHO_ELSE }, lookups },
	{ "anomaly-tunnel", "asks for names that look like data below", "look-ups", { "", WHO_ELSE }, tunnel },
	{ "anomaly-flux", "asks for the changing addresses of", "answers", { "", WHO_ELSE }, flux },
	{ "anomaly-dga", "asks for names that look generated", "new names that do not exist", { "", WHO_ELSE }, dga },
	{ "anomaly-nowhere", "asks for names that look like data below no domain", "look-ups", { "", WHO_ELSE }, nowhere },
};

static const struct explain_way none[] = { { NULL } };
static const struct explain_kind unknown = { "", "is odd at", "observations", { "", "" }, none };

const struct explain_kind *explain_kind(const json_t *event)
{
	const char *rule = explain_text(event, "rule.id");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].rule, rule))
			return &kinds[i];
	return &unknown;
}
