/* explain.c: metsuke explain: finds the alert, has its case made, prints it. */
#include "cmd/explain.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/query.h"
#include "cmd/query_cell.h"
#include "store/schema.h"
#include "support/buf.h"
#include "support/log.h"

#define LINE_MOST (4 << 20) /* of a file with an alert */
#define SHOWN 5		    /* alerts, where one had to be meant */

static const char usage[] =
	"usage: metsuke explain [-S STORE] [-m MODEL] [-n N] [--json] ALERT\n"
	"\n"
	"The whole case of one alert: who did what, each stage with each feature against its limit, what would have\n"
	"to change for another verdict, and whom the client was most like; of a listed name the list and its entry.\n"
	"Then what to do about it. Reads the store, also while a sensor runs.\n"
	"\n"
	"ALERT is an alert's event.id (metsuke alerts shows them) or the beginning of one, 'last' for the newest,\n"
	"or a file with the alert's line of JSON (- for standard input).\n"
	"\n"
	"  -S, --store FILE     the store (default store.path of the configuration); none: do without neighbours\n"
	"  -m, --model MODEL    that neighbours are compared by, in place of detect.model\n"
	"  -n, --most N         neighbours of each group (default 5; 0: none)\n"
	"  -j, --json           the case as one JSON object\n"
	"  -c, --config FILE    configuration (default " CONFIG_DEFAULT_PATH ", if it is there)\n"
	"  -h, --help\n"
	"\n"
	"Exit status: 0, 1 there is no such alert or the store cannot be read, 2 usage.\n";

static const struct option options[] = { OPT_CONFIG, OPT_STORE, OPT_MODEL, OPT_MOST, OPT_JSON, OPT_HELP, OPT_END };

static bool is_alert(const json_t *event)
{
	return !strcmp(explain_text(event, "event.kind"), "alert");
}

/* The one alert among the lines; other events are passed over. */
static json_t *only_alert(char *text, size_t len, const char *name)
{
	json_t *found = NULL;
	json_error_t why = { 0 };
	size_t n = 0, bad = 0;

	for (char *line = text, *end; line < text + len; line = end + 1) {
		json_t *event;

		end = memchr(line, '\n', text + len - line);
		end = end ? end : text + len;
		if (line + strspn(line, " \t\r\n") >= end)
			continue;
		event = json_loadb(line, end - line, JSON_REJECT_DUPLICATES, &why);
		bad += !event;
		if (!event || !is_alert(event) || n++) {
			json_decref(event);
			continue;
		}
		found = event;
	}
	if (n == 1)
		return found;
	json_decref(found);
	if (n)
		log_error("%s: %zu alerts, where one was expected", name, n);
	else if (bad)
		log_error("%s: no alert: %s", name, why.text);
	else
		log_error("%s: no alert (event.kind is not \"alert\")", name);
	return NULL;
}

static json_t *from_file(const char *path)
{
	bool standard = !strcmp(path, "-");
	FILE *file = standard ? stdin : fopen(path, "re");
	char *text = file ? malloc(LINE_MOST + 1) : NULL;
	json_t *event = NULL;
	size_t len;

	if (!text) {
		log_error("%s: %s", path, strerror(errno));
	} else {
		len = fread(text, 1, LINE_MOST + 1, file);
		if (ferror(file))
			log_error("%s: %s", path, strerror(errno));
		else if (len > LINE_MOST)
			log_error("%s: larger than %d bytes", path, LINE_MOST);
		else {
			text[len < LINE_MOST ? len : LINE_MOST] = '\0';
			event = only_alert(text, len, standard ? "standard input" : path);
		}
	}
	free(text);
	if (file && !standard)
		(void)fclose(file); /* read only */
	return event;
}

static sqlite3_stmt *ask(sqlite3 *db, const char *sql, const char *text)
{
	sqlite3_stmt *stmt;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL)) {
		log_error("the store cannot be read: %s", sqlite3_errmsg(db));
		return NULL;
	}
	if (text)
		(void)sqlite3_bind_text(stmt, 1, text, -1, SQLITE_STATIC);
	return stmt;
}

/* One line for each row: id, time, message. */
static void say_rows(sqlite3 *db, const char *sql, const char *text)
{
	sqlite3_stmt *stmt = ask(db, sql, text);

	for (int i = 0; stmt && i < SHOWN && sqlite3_step(stmt) == SQLITE_ROW; i++) {
		struct buf line = { 0 };

		cell_text(&line, stmt, 0, SHOW_ID);
		buf_lit(&line, "  ");
		cell_text(&line, stmt, 1, SHOW_TIME);
		buf_lit(&line, "  ");
		cell_text(&line, stmt, 2, SHOW_TEXT);
		if (!line.failed)
			fprintf(stderr, "  %.*s\n", (int)line.len, line.data);
		buf_free(&line);
	}
	sqlite3_finalize(stmt);
}

/* What might have been meant: the ids that agree the longest with what was given. */
static void say_none(sqlite3 *db, const char *path, const char *id, uint64_t retention_days)
{
	char start[64];
	size_t len = strlen(id);
	int64_t n = schema_number(db, "SELECT count(*) FROM alerts");

	if (n < 0) {
		log_error("the store cannot be read: %s", sqlite3_errmsg(db));
		return;
	}
	if (!n) {
		log_error("there is no alert in %s yet", path);
		return;
	}
	if (retention_days)
		log_error("no alert '%s' in %s (which keeps them for %llu days)", id, path,
			  (unsigned long long)retention_days);
	else
		log_error("no alert '%s' in %s", id, path);
	for (len = len < sizeof(start) ? len : sizeof(start) - 1; len > 3; len--) {
		sqlite3_stmt *stmt;
		bool some;

		snprintf(start, sizeof(start), "%.*s", (int)len, id);
		stmt = ask(db, "SELECT 1 FROM alerts WHERE substr(event_id, 1, length(?1)) = ?1", start);
		some = stmt && sqlite3_step(stmt) == SQLITE_ROW;
		sqlite3_finalize(stmt);
		if (!some)
			continue;
		fputs("the nearest:\n", stderr);
		say_rows(db,
			 "SELECT event_id, time_ns, message FROM alerts WHERE substr(event_id, 1, length(?1)) = ?1 "
			 "ORDER BY time_ns DESC, id DESC",
			 start);
		return;
	}
	fputs("the newest:\n", stderr);
	say_rows(db, "SELECT event_id, time_ns, message FROM alerts ORDER BY time_ns DESC, id DESC", NULL);
}

static json_t *take_event(sqlite3_stmt *stmt)
{
	const char *line = (const char *)sqlite3_column_text(stmt, 0);
	json_error_t why;
	json_t *event = line ? json_loadb(line, sqlite3_column_bytes(stmt, 0), 0, &why) : NULL;

	if (!event)
		log_error("the alert's line in the store is damaged");
	return event;
}

static json_t *from_store(sqlite3 *db, const char *id, const char *path, uint64_t retention_days)
{
	bool last = !strcmp(id, "last");
	sqlite3_stmt *stmt =
		ask(db,
		    last ? "SELECT event FROM alerts ORDER BY time_ns DESC, id DESC LIMIT 1" :
			   "SELECT event FROM alerts WHERE substr(event_id, 1, length(?1)) = ?1 ORDER BY event_id <> ?1 "
			   "LIMIT 2",
		    last ? NULL : id);
	json_t *event = NULL;
	int code = stmt ? sqlite3_step(stmt) : SQLITE_ERROR;

	if (stmt && code == SQLITE_DONE) {
		say_none(db, path, id, retention_days);
	} else if (stmt && code != SQLITE_ROW) {
		log_error("the store cannot be read: %s", sqlite3_errmsg(db));
	} else if (stmt) {
		event = take_event(stmt);
		/* The whole id stands first; of a beginning there has to be one only. */
		if (event && !last && strcmp(explain_text(event, "event.id"), id) != 0 &&
		    sqlite3_step(stmt) == SQLITE_ROW) {
			log_error("'%s' is the beginning of several; name one:", id);
			say_rows(db,
				 "SELECT event_id, time_ns, message FROM alerts WHERE substr(event_id, 1, length(?1)) = ?1 "
				 "ORDER BY time_ns DESC, id DESC",
				 id);
			json_decref(event);
			event = NULL;
		}
	}
	sqlite3_finalize(stmt);
	return event;
}

/* A path, and not an id or the beginning of one. */
static bool is_file(const char *what)
{
	struct stat st;

	return !strcmp(what, "-") || strchr(what, '/') || !stat(what, &st);
}

static bool parse_most(const char *text, size_t *ret)
{
	char *end;
	unsigned long n;

	*ret = SHOWN;
	if (!text)
		return true;
	errno = 0;
	n = strtoul(text, &end, 10);
	if (end == text || *end || *text == '-' || errno || n > 1000) {
		log_error("--most: '%s' is not within 0 to 1000", text);
		return false;
	}
	*ret = n;
	return true;
}

static int print(const json_t *of, bool as_json)
{
	if (as_json)
		(void)json_dumpf(of, stdout, JSON_REAL_PRECISION(12)); /* told by fflush() below */
	else
		explain_print(of);
	if (as_json)
		putchar('\n');
	if (!fflush(stdout))
		return 0;
	log_error("standard output: %s", strerror(errno));
	return EXIT_FAILED;
}

static int explain(const struct cmd_options *o, const char *what)
{
	const struct config *c = &o->config;
	bool file = is_file(what), stored = c->store_enabled && (!file || o->store_given);
	sqlite3 *db = NULL;
	json_t *event = NULL, *of;
	size_t most;
	int status = 0;

	if (!parse_most(o->most, &most))
		return EXIT_USAGE;
	if (!file)
		status = query_open_store(o, &db);
	if (!status)
		event = file ? from_file(what) : from_store(db, what, c->store_path, c->retention_days);
	sqlite3_close(db);
	if (!event)
		return status ? status : EXIT_FAILED;
	of = explain_case(event, stored ? c->store_path : NULL);
	if (!of) {
		log_error("out of memory");
		status = EXIT_FAILED;
	}
	if (!status && stored && most)
		status = explain_neighbours(of, event, c, most);
	if (!status)
		status = print(of, o->json);
	json_decref(of);
	json_decref(event);
	return status;
}

int cmd_explain(int argc, char **argv)
{
	struct cmd_options o;
	int status = cmd_parse(argc, argv, options, usage, &o);

	if (status >= 0)
		return status;
	if (optind + 1 != argc) {
		fprintf(stderr, "%s: expected one ALERT\nTry '%s --help'.\n", argv[0], argv[0]);
		status = EXIT_USAGE;
	} else {
		status = explain(&o, argv[optind]);
	}
	cmd_options_free(&o);
	return status;
}
