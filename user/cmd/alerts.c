/* alerts.c: metsuke alerts. */
#include <stdio.h>

#include "cmd/query.h"

static const char usage[] =
	"usage: metsuke alerts [-S FILE] [-k KIND] [-C CLIENT] [-d DOMAIN] [-t SINCE] [-n N] [--json]\n"
	"\n"
	"The alerts in the store, the newest last; also while a sensor runs. 'metsuke explain ID' says all of one.\n"
	"\n"
	"  -S, --store FILE     the store (default store.path of the configuration)\n"
	"  -k, --kind KIND      blocklist-match or anomaly\n"
	"  -C, --client CLIENT  of this address, process name or executable; * and ? stand for any characters\n"
	"  -d, --domain DOMAIN  about this domain or a name below it; the same\n"
	"  -t, --since TIME     since: 2026-11-25T10:00:00+01:00 (UTC without an offset), or 90s, 30m, 12h, 7d ago\n"
	"  -n, --most N         the newest N; 0: all (default 50 on a terminal, else all)\n"
	"  -j, --json           the events, as they went out\n"
	"  -c, --config FILE    configuration (default " CONFIG_DEFAULT_PATH ", if it is there)\n"
	"  -h, --help\n"
	"\n"
	"Exit status: 0, 1 the store cannot be read, 2 usage.\n";

static const struct option options[] = { OPT_CONFIG, OPT_STORE, OPT_KIND, OPT_CLIENT, OPT_DOMAIN,
					 OPT_SINCE,  OPT_MOST,	OPT_JSON, OPT_HELP,   OPT_END };

static const struct query_column columns[] = {
	{ "event", "event", NULL, SHOW_LINE },
	{ "time", "time_ns", "time", SHOW_TIME },
	{ "id", "event_id", "id", SHOW_ID },
	{ "kind", "kind", "kind", SHOW_TEXT },
	{ "severity", "severity", "severity", SHOW_COUNT },
	{ "client", "client", "client", SHOW_NAME },
	{ "process", "process", "process", SHOW_TEXT },
	{ "pid", "pid", "pid", SHOW_COUNT },
	{ "domain", "domain", "domain", SHOW_NAME },
	{ "list", "list", "list", SHOW_TEXT },
	{ "message", "message", "message", SHOW_TEXT },
	{ NULL },
};

static const struct query query = {
	.table = "alerts",
	.columns = columns,
	.time = "time_ns",
	.client = "client = ?1 OR process = ?1 OR executable = ?1 OR client GLOB ?1 OR process GLOB ?1 OR "
		  "executable GLOB ?1",
	.domain = "domain = ?2 OR domain GLOB ?2 OR domain GLOB '*.' || ?2",
	.keys = "id",
};

int cmd_alerts(int argc, char **argv)
{
	return query_command(argc, argv, options, usage, &query);
}
