/* domains.c: metsuke domains. */
#include <stdio.h>

#include "cmd/query.h"

static const char usage[] =
	"usage: metsuke domains [-S FILE] [-d DOMAIN] [-t SINCE] [-s COLUMN] [-n N] [--json]\n"
	"\n"
	"What each registrable domain did over all clients, as the store has it; also while a sensor runs.\n"
	"\n"
	"  -S, --store FILE     the store (default store.path of the configuration)\n"
	"  -d, --domain DOMAIN  this one; * and ? stand for any characters\n"
	"  -t, --since TIME     last seen since: 2026-11-25T10:00:00+01:00 (UTC without an offset), or 90s, 30m, 12h,\n"
	"                       7d ago\n"
	"  -s, --sort COLUMN    of the JSON's names; text from a to z, numbers from the largest (default last)\n"
	"  -n, --most N         the first N rows; 0: all (default 50 on a terminal, else all)\n"
	"  -j, --json           one JSON object a line, with every column\n"
	"  -c, --config FILE    configuration (default " CONFIG_DEFAULT_PATH ", if it is there)\n"
	"  -h, --help\n"
	"\n"
	"Exit status: 0, 1 the store cannot be read, 2 usage.\n";

static const struct option options[] = { OPT_CONFIG, OPT_STORE, OPT_DOMAIN, OPT_SINCE, OPT_SORT,
					 OPT_MOST,   OPT_JSON,	OPT_HELP,   OPT_END };

static const struct query_column columns[] = {
	{ "domain", "domain", "domain", SHOW_NAME },
	{ "clients", "clients", "clients", SHOW_COUNT },
	{ "queries", "queries", "queries", SHOW_COUNT },
	{ "responses", "responses", NULL, SHOW_COUNT },
	{ "nxdomain", "nxdomain", "nxdomain", SHOW_COUNT },
	{ "requests", "requests", "requests", SHOW_COUNT },
	{ "names", "names", "names", SHOW_COUNT },
	{ "name_length_mean", "name_length_mean", NULL, SHOW_REAL },
	{ "addresses_mean", "addresses_mean", NULL, SHOW_REAL },
	{ "fresh_mean", "fresh_mean", NULL, SHOW_REAL },
	{ "ips", "ips", "ips", SHOW_COUNT },
	{ "networks", "networks", "networks", SHOW_COUNT },
	{ "systems", "systems", NULL, SHOW_COUNT },
	{ "ttl_mean_s", "ttl_mean", "ttl s", SHOW_REAL },
	{ "ttl_sd_s", "ttl_sd", NULL, SHOW_REAL },
	{ "ttl_min_s", "ttl_min", NULL, SHOW_COUNT },
	{ "first", "first_ns", "first", SHOW_TIME },
	{ "last", "last_ns", "last", SHOW_TIME },
	{ NULL },
};

static const struct query query = {
	.table = "domains",
	.columns = columns,
	.time = "last_ns",
	.domain = "domain = ?2 OR domain GLOB ?2",
	.sort = "last",
	.keys = "domain",
};

int cmd_domains(int argc, char **argv)
{
	return query_command(argc, argv, options, usage, &query);
}
