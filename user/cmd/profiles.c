/* profiles.c: metsuke profiles. */
#include <stdio.h>

#include "cmd/query.h"

static const char usage[] =
	"usage: metsuke profiles [-S FILE] [-C CLIENT] [-d DOMAIN] [-J JUDGEMENT] [-t SINCE] [-s COLUMN] [-n N]\n"
	"                        [--json]\n"
	"\n"
	"What each client did at each domain, as the store has it; also while a sensor runs. A client is a program\n"
	"on this host, or an address behind a gateway.\n"
	"\n"
	"  -S, --store FILE          the store (default store.path of the configuration)\n"
	"  -C, --client CLIENT       of this client; * and ? stand for any characters\n"
	"  -d, --domain DOMAIN       at this domain; the same\n"
	"  -J, --judgement JUDGEMENT unknown, ordinary, software, suspicious or listed\n"
	"  -t, --since TIME          last seen since: 2026-11-25T10:00:00+01:00 (UTC without an offset), or 90s, 30m,\n"
	"                            12h, 7d ago\n"
	"  -s, --sort COLUMN         of the JSON's names; text from a to z, numbers from the largest (default last)\n"
	"  -n, --most N              the first N rows; 0: all (default 50 on a terminal, else all)\n"
	"  -j, --json                one JSON object a line, with every column\n"
	"  -c, --config FILE         configuration (default " CONFIG_DEFAULT_PATH ", if it is there)\n"
	"  -h, --help\n"
	"\n"
	"Exit status: 0, 1 the store cannot be read, 2 usage.\n";

static const struct option options[] = { OPT_CONFIG, OPT_STORE, OPT_CLIENT, OPT_DOMAIN, OPT_JUDGEMENT, OPT_SINCE,
					 OPT_SORT,   OPT_MOST,	OPT_JSON,   OPT_HELP,	OPT_END };

static const struct query_column columns[] = {
	{ "client", "client", "client", SHOW_NAME },
	{ "client_kind", "kind", NULL, SHOW_TEXT },
	{ "domain", "domain", "domain", SHOW_NAME },
	{ "judgement", "judgement", "judgement", SHOW_TEXT },
	{ "score", "score", "score", SHOW_REAL },
	{ "requests", "requests", "requests", SHOW_COUNT },
	{ "checkins", "checkins", "check-ins", SHOW_COUNT },
	{ "gap_mean_s", "gap_mean_s", "gap s", SHOW_REAL },
	{ "gap_sd_s", "gap_sd_s", NULL, SHOW_REAL },
	{ "gap_cv", "gap_cv", "cv", SHOW_REAL },
	{ "queries", "queries", "queries", SHOW_COUNT },
	{ "dns_checkins", "dns_checkins", NULL, SHOW_COUNT },
	{ "dns_gap_mean_s", "dns_gap_mean_s", NULL, SHOW_REAL },
	{ "dns_gap_sd_s", "dns_gap_sd_s", NULL, SHOW_REAL },
	{ "dns_gap_cv", "dns_gap_cv", NULL, SHOW_REAL },
	{ "urls", "urls", "urls", SHOW_COUNT },
	{ "url_length_mean", "url_length_mean", NULL, SHOW_REAL },
	{ "url_length_sd", "url_length_sd", NULL, SHOW_REAL },
	{ "agents", "agents", "agents", SHOW_COUNT },
	{ "get", "get", NULL, SHOW_COUNT },
	{ "post", "post", NULL, SHOW_COUNT },
	{ "other", "other", NULL, SHOW_COUNT },
	{ "browser_like", "browser_like", NULL, SHOW_COUNT },
	{ "no_agent", "no_agent", NULL, SHOW_COUNT },
	{ "first", "first_ns", NULL, SHOW_TIME },
	{ "last", "last_ns", "last", SHOW_TIME },
	{ "judged", "judged_ns", NULL, SHOW_TIME },
	{ "told", "told_ns", NULL, SHOW_TIME },
	{ NULL },
};

static const struct query query = {
	.table = "pairs",
	.columns = columns,
	.time = "last_ns",
	.client = "client = ?1 OR client GLOB ?1",
	.domain = "domain = ?2 OR domain GLOB ?2",
	.sort = "last",
	.keys = "domain, client, kind",
};

int cmd_profiles(int argc, char **argv)
{
	return query_command(argc, argv, options, usage, &query);
}
