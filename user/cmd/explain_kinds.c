/* explain_kinds.c: the kinds of anomalies in words: what the client does, what the stages ask, and what decides. The rest
 * of explain reads the event's features as they are. */
#include <string.h>

#include "cmd/explain.h"

/* The rules of docs/detectors.md, turned round. */
static const struct explain_way checkins[] = {
	{ "ordinary", { "gap_cv", "gap_spread", "persistence_4h" } },
	{ "ordinary", { "gap_ts", "persistence_4h" } },
	{ "ordinary", { "ocsvm", "lof", "persistence_4h" } },
	{ "software", { "clients" } },
	/* Changing addresses only count where so many know the domain that it is not rare. */
	{ "software", { "fresh_addresses", "networks" }, "clients" },
	{ "software", { "age_days" } },
	{ "software", { "companions" } },
	{ "software", { "popularity" } },
	{ NULL },
};

static const struct explain_way rotation[] = {
	{ "ordinary", { "gap_cv", "gap_spread", "persistence_4h" } },
	{ "ordinary", { "gap_ts", "persistence_4h" } },
	{ "ordinary", { "ocsvm", "lof", "persistence_4h" } },
	{ "ordinary", { "domains_in_turn" } },
	{ "software", { "clients" } },
	{ "software", { "age_days" } },
	{ "software", { "companions" } },
	{ "software", { "popularity" } },
	{ NULL },
};

static const struct explain_way lookups[] = {
	{ "ordinary", { "dns_gap_cv", "dns_gap_spread" } },
	{ "ordinary", { "dns_gap_ts" } },
	{ "software", { "failing_share" } },
	{ "software", { "clients" } },
	{ "software", { "age_days" } },
	{ "software", { "companions" } },
	{ "software", { "popularity" } },
	{ NULL },
};

/* The pair is then what its check-ins have come to, and the client nothing. */
#define NO_ANOMALY "no anomaly"

static const struct explain_way tunnel[] = {
	{ NO_ANOMALY, { "tunnel_types_share", "subdomain_length_mean" } },
	{ NO_ANOMALY, { "names" } },
	{ NO_ANOMALY, { "reversed_share" } },
	{ NO_ANOMALY, { "clients" } },
	{ NO_ANOMALY, { "age_days" } },
	{ "software", { "popularity" } },
	{ NULL },
};

static const struct explain_way flux[] = {
	{ NO_ANOMALY, { "flux_score" } },
	{ NO_ANOMALY, { "networks" } },
	{ NO_ANOMALY, { "fresh_addresses" } },
	{ NO_ANOMALY, { "ttl_min" } },
	{ NO_ANOMALY, { "clients" } },
	{ NO_ANOMALY, { "age_days" } },
	{ "software", { "popularity" } },
	{ NULL },
};

static const struct explain_way generated[] = {
	{ NO_ANOMALY, { "client_dga_walk" } },
	{ NO_ANOMALY, { "client_dga_names" } },
	{ NULL },
};

static const struct explain_way nowhere[] = {
	{ NO_ANOMALY, { "client_nowhere" } },
	{ NO_ANOMALY, { "client_nowhere_length_mean" } },
	{ NULL },
};

#define WHOSE "whose software? (DNS, and who else asks)"

static const struct explain_kind kinds[] = {
	{ "anomaly-beacon", "checks in at ", "", "check-ins", { "software or people? (HTTP)", WHOSE }, checkins },
	{ "anomaly-rotation",
	  "checks in at several domains in turn, such as ",
	  "",
	  "check-ins",
	  { "software or people? (HTTP)", WHOSE },
	  rotation },
	{ "anomaly-lookups", "looks up ", "", "look-ups", { "software or people? (DNS)", WHOSE }, lookups },
	{ "anomaly-failing",
	  "keeps asking for ",
	  ", which does not answer",
	  "look-ups",
	  { "software or people? (DNS)", WHOSE },
	  lookups },
	{ "anomaly-tunnel", "asks for names that look like data below ", "", "look-ups", { "", "data in names?" }, tunnel },
	{ "anomaly-flux", "asks for ", ", whose addresses keep changing", "answers", { "", "a crowd of machines?" }, flux },
	{ "anomaly-dga", "asks for names that look generated", NULL, "names", { "", "generated names?" }, generated },
	{ "anomaly-nowhere",
	  "asks for names that look like data below no domain",
	  NULL,
	  "look-ups",
	  { "", "data in names?" },
	  nowhere },
};

static const struct explain_way none[] = { { NULL } };
static const struct explain_kind unknown = { "", "is odd at ", "", "observations", { "", "" }, none };

const struct explain_kind *explain_kind(const json_t *event)
{
	const char *rule = explain_text(event, "rule.id");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].rule, rule))
			return &kinds[i];
	return &unknown;
}
