/* allow.c: metsuke allow: adds, renews, lists and removes what somebody says is fine. The file is changed by line: what
 * a person or a tool wrote there besides stays as it is. */
#include "detect/allow.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/allow_check.h"
#include "cmd/allow_file.h"
#include "cmd/cmd.h"
#include "cmd/query_cell.h"
#include "intel/date.h"
#include "support/buf.h"
#include "support/log.h"

static const char usage[] =
	"usage: metsuke allow [--until WHEN] --why TEXT [--client CLIENT] [--also-listed] DOMAIN|ADDRESS\n"
	"       metsuke allow [--until WHEN] --why TEXT PROGRAM | --client CLIENT\n"
	"       metsuke allow --list [--json]\n"
	"       metsuke allow --remove ID\n"
	"\n"
	"This is fine: what a client does at a domain (and below it), at a server's address or network, or all that a\n"
	"program does, is no anomaly until then. A running sensor knows within seconds: who was flagged for it is so\n"
	"no more. What a list holds still alerts, unless --also-listed. Saying it again renews it.\n"
	"\n"
	"  -C, --client CLIENT  only this client: the path of a program, or an address or network\n"
	"  -u, --until WHEN     2026-12-24, 2026-12-24T18:00:00+01:00, a time from now (90m, 12h, 30d, 8w), or never\n"
	"                       (default 30d)\n"
	"  -y, --why TEXT       the reason, for who reads it next year\n"
	"  -L, --also-listed    what lists say of it is not told either\n"
	"  -W, --wide           also a top-level domain or public suffix (co.uk, github.io), or a network of that size\n"
	"  -E, --list           what is allowed, and what was; -j, --json: one object a line\n"
	"  -r, --remove ID      take an entry away\n"
	"  -a, --allow FILE     where it is kept (default detect.allow)\n"
	"  -S, --store FILE     where names are looked up, to warn of one that was never seen (default store.path)\n"
	"  -c, --config FILE    configuration (default " CONFIG_DEFAULT_PATH ", if it is there)\n"
	"  -h, --help\n"
	"\n"
	"Exit status: 0, 1 it could not be done, 2 usage.\n";

static const struct option options[] = { OPT_CONFIG,  OPT_CLIENT,      OPT_UNTIL,   OPT_WHY,   OPT_ALSO_LISTED,
					 OPT_WIDE,    OPT_ENTRIES,     OPT_JSON,    OPT_REMOVE, OPT_ALLOW,
					 OPT_STORE,   OPT_HELP,	       OPT_END };

#define DEFAULT_SECONDS (30 * 86400ULL)

static uint64_t now_ns(void)
{
	return (uint64_t)time(NULL) * 1000000000;
}

/* A time from now; 0: it is none. */
static uint64_t parse_span(const char *text)
{
	static const char units[] = "smhdw";
	static const uint32_t seconds[] = { 1, 60, 3600, 86400, 604800 };
	char *end;
	uint64_t n;
	const char *unit;

	if (*text < '0' || *text > '9')
		return 0;
	errno = 0;
	n = strtoull(text, &end, 10);
	unit = !*end || end[1] ? NULL : strchr(units, *end);
	return !unit || errno || n > 100ULL * 365 * 86400 / seconds[unit - units] ? 0 : n * seconds[unit - units];
}

/* False: said why. 0: never. */
static bool parse_until(const char *text, uint64_t *ret_ns)
{
	uint64_t span = text ? parse_span(text) : DEFAULT_SECONDS;
	uint32_t date;

	*ret_ns = 0;
	if (text && !strcmp(text, "never"))
		return true;
	if (span) {
		*ret_ns = now_ns() + span * 1000000000;
		return true;
	}
	if (!text || !date_parse(text, strlen(text), &date)) {
		log_error("--until: '%s' is neither a time (2026-12-24, 2026-12-24T18:00:00+01:00; UTC without an offset), "
			  "nor a time from now (90m, 12h, 30d, 8w), nor never",
			  text ? text : "");
		return false;
	}
	*ret_ns = date * 1000000000ULL;
	if (*ret_ns > now_ns())
		return true;
	log_error("--until: %s is over", text);
	return false;
}

/* What the entry is about, for people. */
static void put_about(struct buf *b, const struct allow_entry *e)
{
	char *line = allow_line(e);
	json_t *of = line ? json_loads(line, 0, NULL) : NULL;
	const char *client = json_string_value(json_object_get(of, "client")),
		   *server = json_string_value(json_object_get(of, "server"));

	if (e->domain || server)
		buf_printf(b, "%s", e->domain ? e->domain : server);
	if (client)
		buf_printf(b, "%s%s", b->len ? " by " : "all by ", client);
	json_decref(of);
	free(line);
}

static void put_until(struct buf *b, const struct allow_entry *e)
{
	if (e->until_ns)
		cell_time(b, (int64_t)e->until_ns);
	else
		buf_lit(b, "never");
}

static void say_entry(const struct allow_entry *e, const char *what)
{
	struct buf about = { 0 }, until = { 0 };

	put_about(&about, e);
	put_until(&until, e);
	if (!about.failed && !until.failed)
		printf("%s: %.*s %s%s%.*s\n", e->id, (int)about.len, about.data, what, e->until_ns ? " until " : ", for good",
		       e->until_ns ? (int)until.len : 0, until.data);
	buf_free(&about);
	buf_free(&until);
}

static bool fill(const struct cmd_options *o, const char *what, struct allow_entry *e)
{
	char why[ALLOW_REASON];

	e->wide = o->wide;
	e->listed = o->also_listed;
	e->said_ns = now_ns();
	e->who = allow_who();
	e->why = strdup(o->why ? o->why : "");
	if (!e->who || !e->why) {
		log_error("out of memory");
		return false;
	}
	if (!*e->why) {
		log_error("--why: a reason is needed, for who reads it next year");
		return false;
	}
	if (!parse_until(o->until, &e->until_ns))
		return false;
	if (!allow_about(e, what, o->client, why)) {
		log_error("%s%s", why, strstr(why, "everybody") ? " (--wide, if that is meant)" : "");
		return false;
	}
	return true;
}

static int add(const struct cmd_options *o, const char *what)
{
	struct allow_entry e = { 0 }, again = { 0 };
	char *line = NULL, why[ALLOW_REASON];
	bool renewed = false;
	int status = EXIT_USAGE;

	if (fill(o, what, &e)) {
		line = allow_line(&e);
		status = EXIT_FAILED;
		if (!line)
			log_error("out of memory");
		else if (!allow_parse(line, strlen(line), &again, why)) /* what the sensor would refuse */
			log_error("%s", why);
		else
			status = allow_file_change(o->config.allow_file, e.id, line, &renewed);
	}
	if (!status) {
		say_entry(&e, renewed ? "renewed, is no anomaly" : "is no anomaly");
		allow_warn(o, &e);
	}
	allow_entry_free(&e);
	allow_entry_free(&again);
	free(line);
	return status;
}

static void put_cell(struct buf *b, const char *text)
{
	cell_visible(b, text && *text ? text : "-");
	buf_char(b, '\0');
}

enum { ID, UNTIL, ABOUT, BY, SAID, WHY, N_CELLS };

static void put_cells(struct buf *b, const struct allow_entry *e)
{
	struct buf one = { 0 };

	put_cell(b, e->id);
	put_until(b, e);
	buf_str(b, allow_expired(e, now_ns()) ? " (over)" : "");
	buf_char(b, '\0');
	put_about(&one, e);
	buf_str(&one, e->listed ? ", also listed" : "");
	buf_char(&one, '\0');
	put_cell(b, one.failed ? "" : one.data);
	put_cell(b, e->who);
	cell_time(b, (int64_t)e->said_ns);
	buf_char(b, '\0');
	put_cell(b, e->why);
	buf_free(&one);
}

static void print_table(const struct allow *a)
{
	static const char *const titles[N_CELLS] = { "id", "until", "what", "by", "said", "why" };
	size_t width[N_CELLS], n = allow_count(a);
	struct buf cells = { 0 };
	const char *at;

	for (size_t i = 0; i < N_CELLS; i++)
		put_cell(&cells, titles[i]);
	for (size_t i = 0; i < n; i++)
		put_cells(&cells, allow_get(a, i));
	memset(width, 0, sizeof(width));
	at = cells.data;
	for (size_t i = 0; !cells.failed && i < (n + 1) * N_CELLS; i++, at += strlen(at) + 1)
		if (cell_width(at) > width[i % N_CELLS])
			width[i % N_CELLS] = cell_width(at);
	at = cells.data;
	for (size_t i = 0; !cells.failed && i < (n + 1) * N_CELLS; i++, at += strlen(at) + 1)
		printf("%s%*s", at, i % N_CELLS == WHY ? 0 : (int)(width[i % N_CELLS] - cell_width(at) + 2),
		       i % N_CELLS == WHY ? "\n" : "");
	buf_free(&cells);
}

static int print_json(const struct allow *a)
{
	for (size_t i = 0; i < allow_count(a); i++) {
		const struct allow_entry *e = allow_get(a, i);
		char *line = allow_line(e), *whole;
		json_t *of = line ? json_loads(line, 0, NULL) : NULL;

		json_object_set_new(of, "expired", json_boolean(allow_expired(e, now_ns())));
		whole = of ? json_dumps(of, JSON_COMPACT) : NULL;
		if (whole)
			puts(whole);
		else
			log_error("out of memory");
		json_decref(of);
		free(whole);
		free(line);
		if (!of)
			return EXIT_FAILED;
	}
	return 0;
}

static int list(const struct cmd_options *o)
{
	struct allow_report report;
	struct allow *a = allow_load(o->config.allow_file, &report);
	int status = 0;

	if (!a)
		return EXIT_FAILED;
	if (o->json)
		status = print_json(a);
	else if (allow_count(a))
		print_table(a);
	if (!status && fflush(stdout)) {
		log_error("standard output: %s", strerror(errno));
		status = EXIT_FAILED;
	}
	if (!allow_count(a))
		log_info("nothing is allowed by %s", o->config.allow_file);
	allow_free(a);
	return status || !report.refused ? status : EXIT_FAILED;
}

static int remove_entry(const struct cmd_options *o)
{
	bool found = false;
	int status = allow_file_change(o->config.allow_file, o->remove, NULL, &found);

	if (status)
		return status;
	if (!found) {
		log_error("no entry '%s' in %s; 'metsuke allow --list' shows them", o->remove, o->config.allow_file);
		return EXIT_FAILED;
	}
	printf("%s: removed\n", o->remove);
	return 0;
}

static int run(const struct cmd_options *o, int n, char **what)
{
	bool adds = n || o->client || o->why || o->until;

	if (n > 1 || adds + o->entries + !!o->remove != 1) {
		fputs("metsuke allow: expected a DOMAIN, ADDRESS or PROGRAM, or --client; or --list, or --remove ID\n"
		      "Try 'metsuke allow --help'.\n",
		      stderr);
		return EXIT_USAGE;
	}
	if (o->entries)
		return list(o);
	return o->remove ? remove_entry(o) : add(o, n ? what[0] : NULL);
}

int cmd_allow(int argc, char **argv)
{
	struct cmd_options o;
	int status = cmd_parse(argc, argv, options, usage, &o);

	if (status >= 0)
		return status;
	status = run(&o, argc - optind, argv + optind);
	cmd_options_free(&o);
	return status;
}
