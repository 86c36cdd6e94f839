/* allow_check.c: see allow_check.h. */
#include "cmd/allow_check.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "intel/intel.h"
#include "store/schema.h"
#include "support/log.h"

#define NAME_NEAR 3 /* changed, left out, added or swapped characters that a mistake may have */
#define SHOWN 3

/* Edits between two names, swaps of neighbours among them, as far as that is below NAME_NEAR. */
static unsigned int edits(const char *a, const char *b)
{
	unsigned int row[3][NAME_MOST + 1];
	size_t n = strlen(a), m = strlen(b);

	if (n > NAME_MOST || m > NAME_MOST || (n > m ? n - m : m - n) >= NAME_NEAR)
		return NAME_NEAR;
	for (size_t j = 0; j <= m; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		unsigned int *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3], least;

		least = now[0] = i;
		for (size_t j = 1; j <= m; j++) {
			unsigned int cost = last[j - 1] + (a[i - 1] != b[j - 1]);

			cost = cost < last[j] + 1 ? cost : last[j] + 1;
			cost = cost < now[j - 1] + 1 ? cost : now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < cost)
				cost = before[j - 2] + 1;
			now[j] = cost;
			least = cost < least ? cost : least;
		}
		if (least >= NAME_NEAR)
			return NAME_NEAR;
	}
	return row[n % 3][m] < NAME_NEAR ? row[n % 3][m] : NAME_NEAR;
}

/* The domains of the store, those last seen first: the entry's own, or one above or below it; else near ones. */
static void look_up(sqlite3 *db, const char *name)
{
	char near[SHOWN][NAME_MOST + 1] = { "" };
	unsigned int distance[SHOWN] = { NAME_NEAR, NAME_NEAR, NAME_NEAR };
	size_t len = strlen(name);
	sqlite3_stmt *stmt;
	int code = sqlite3_prepare_v2(db, "SELECT domain FROM domains ORDER BY last_ns DESC", -1, &stmt, NULL);

	while (!code && sqlite3_step(stmt) == SQLITE_ROW) {
		const char *domain = (const char *)sqlite3_column_text(stmt, 0);
		size_t n = domain ? strlen(domain) : 0, at = 0;
		unsigned int d;

		if (!n || n > NAME_MOST)
			continue;
		if (!strcmp(domain, name) || (n < len && !strcmp(name + len - n, domain) && name[len - n - 1] == '.') ||
		    (n > len && !strcmp(domain + n - len, name) && domain[n - len - 1] == '.')) {
			sqlite3_finalize(stmt);
			return;
		}
		d = edits(domain, name);
		while (at < SHOWN && distance[at] <= d)
			at++;
		if (at == SHOWN || d >= NAME_NEAR)
			continue;
		memmove(&distance[at + 1], &distance[at], (SHOWN - at - 1) * sizeof(distance[0]));
		memmove(&near[at + 1], &near[at], (SHOWN - at - 1) * sizeof(near[0]));
		distance[at] = d;
		memcpy(near[at], domain, n + 1);
	}
	sqlite3_finalize(stmt);
	if (code)
		return;
	log_warning("%s was never asked for as far as the store knows%s%s%s%s%s%s", name, *near[0] ? "; did you mean " : "",
		    near[0], *near[1] ? ", " : "", near[1], *near[2] ? ", " : "", near[2]);
}

/* The store is only asked where there is one. */
static void warn_unknown(const struct cmd_options *o, const struct allow_entry *e)
{
	char why[STORE_WHY];
	sqlite3 *db;

	if (!e->domain || !o->config.store_enabled || access(o->config.store_path, R_OK))
		return;
	if (schema_open_reader(o->config.store_path, &db, why)) {
		log_warning("the store cannot be read, so that nobody knows whether %s was ever seen: %s", e->domain, why);
		return;
	}
	look_up(db, e->domain);
	sqlite3_close(db);
}

static void warn_listed(const struct cmd_options *o, const struct allow_entry *e)
{
	struct indicator_match m;
	struct intel *in;

	if (!e->domain || e->listed || !o->config.lists.n)
		return;
	log_set_level(LOG_LEVEL_ERROR); /* what is wrong with a list is the sensor's business */
	in = intel_load(&o->config, 1);
	log_set_level(LOG_LEVEL_WARNING);
	if (in && indicators_match_name(in->set, e->domain, strlen(e->domain), &m) && !m.allow)
		log_warning("list %s holds %.*s: that still alerts; with --also-listed it does not", m.list->name,
			    (int)m.entry_len, m.entry);
	intel_free(in);
}

static void warn_program(const struct allow_entry *e)
{
	static const char *const runs_others[] = { "python", "perl", "ruby", "php",  "node", "java", "bash", "dash", "sh",
						   "zsh",    "busybox", "pwsh", "curl", "wget", "svchost" };
	const char *base = e->program ? strrchr(e->program, '/') + 1 : NULL;

	if (!base || e->domain || e->server)
		return;
	for (size_t i = 0; i < sizeof(runs_others) / sizeof(runs_others[0]); i++) {
		size_t len = strlen(runs_others[i]);

		if (strncmp(base, runs_others[i], len) != 0 || (base[len] && !strchr("0123456789.", base[len])))
			continue;
		log_warning("%s does what others tell it: that allows every script; name the domain, too", e->program);
		return;
	}
}

void allow_warn(const struct cmd_options *o, const struct allow_entry *e)
{
	warn_program(e);
	warn_unknown(o, e);
	warn_listed(o, e);
}
