/* explain_case.c: an alert's event to its case: who and what, the stages, the ways to another verdict, the list, and
 * what to do next. See explain.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/explain.h"
#include "support/buf.h"

const json_t *explain_at(const json_t *of, const char *path)
{
	char key[64];

	while (of && *path) {
		size_t len = strcspn(path, ".");

		if (len >= sizeof(key))
			return NULL;
		memcpy(key, path, len);
		key[len] = '\0';
		of = json_object_get(of, key);
		path += len + (path[len] == '.');
	}
	return of;
}

const char *explain_text(const json_t *of, const char *path)
{
	const char *s = json_string_value(explain_at(of, path));

	return s ? s : "";
}

double explain_number(const json_t *of, const char *path)
{
	const json_t *n = explain_at(of, path);

	return json_is_number(n) ? json_number_value(n) : (double)NAN;
}

static void set_text(json_t *to, const char *key, const struct buf *b)
{
	json_object_set_new(to, key, b->failed || !b->len ? json_null() : json_stringn(b->data, b->len));
}

static void copy(json_t *to, const char *key, const json_t *event, const char *path)
{
	const json_t *value = explain_at(event, path);

	if (value)
		json_object_set_new(to, key, json_deep_copy(value));
}

/* "program" where the sensor runs on the host, "address" behind a gateway; of a blocklist alert what it says. */
static const char *client_of(const json_t *event)
{
	const char *const paths[] = { "metsuke.anomaly.client.value", "process.executable", "source.ip" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (*explain_text(event, paths[i]))
			return explain_text(event, paths[i]);
	return "";
}

/* What it was about: the anomaly's entity, or the entry that matched. */
static const char *about(const json_t *event)
{
	const char *entity = explain_text(event, "metsuke.anomaly.entity.value");
	const json_t *enrichment = json_array_get(explain_at(event, "threat.enrichments"), 0);

	return *entity ? entity : explain_text(enrichment, "indicator.name");
}

static json_t *who(const json_t *event)
{
	json_t *to = json_object();

	json_object_set_new(to, "client", json_string(client_of(event)));
	copy(to, "client_type", event, "metsuke.anomaly.client.type");
	copy(to, "client_role", event, "metsuke.anomaly.client.role");
	copy(to, "address", event, "source.ip");
	copy(to, "mac", event, "source.mac");
	copy(to, "host", event, "host.name");
	copy(to, "process", event, "process.name");
	copy(to, "pid", event, "process.pid");
	copy(to, "executable", event, "process.executable");
	copy(to, "command_line", event, "process.command_line");
	copy(to, "parent", event, "process.parent.name");
	copy(to, "user", event, "user.name");
	copy(to, "container", event, "container.id");
	copy(to, "known_by", event, "metsuke.owner.quality");
	return to;
}

static void put_who(struct buf *b, const json_t *event)
{
	const char *name = explain_text(event, "process.name"), *user = explain_text(event, "user.name");
	double pid = explain_number(event, "process.pid");

	if (isfinite(pid)) {
		buf_printf(b, "%s (pid %.0f", *name ? name : explain_text(event, "process.executable"), pid);
		if (*user)
			buf_printf(b, ", user %s", user);
		buf_printf(b, ") at %s", explain_text(event, "source.ip"));
	} else {
		buf_printf(b, "%s", explain_text(event, "source.ip"));
	}
}

static void put_span(struct buf *b, double seconds)
{
	if (seconds >= 172800)
		buf_printf(b, "%.1f days", seconds / 86400);
	else if (seconds >= 7200)
		buf_printf(b, "%.1f hours", seconds / 3600);
	else if (seconds >= 120)
		buf_printf(b, "%.1f minutes", seconds / 60);
	else
		buf_printf(b, "%.4g seconds", seconds);
}

static const json_t *features_of(const json_t *event)
{
	return explain_at(event, "metsuke.anomaly.features");
}

static void put_anomaly(struct buf *b, const json_t *event)
{
	const struct explain_kind *kind = explain_kind(event);
	double n = explain_number(event, "metsuke.anomaly.sample_count"),
	       window = explain_number(event, "metsuke.anomaly.window_seconds"),
	       cv = explain_number(features_of(event), "gap_cv.value"),
	       dns_cv = explain_number(features_of(event), "dns_gap_cv.value"),
	       score = explain_number(event, "metsuke.anomaly.score");

	put_who(b, event);
	buf_printf(b, " %s", kind->does);
	if (kind->there)
		buf_printf(b, "%s%s", about(event), kind->there);
	if (isfinite(n) && isfinite(window)) {
		buf_printf(b, ": %.0f %s in ", n, kind->counts);
		put_span(b, window);
		cv = isfinite(cv) ? cv : dns_cv;
		if (n > 1 && isfinite(cv)) {
			buf_str(b, ", every ");
			buf_number(b, window / (n - 1), 4);
			buf_str(b, " s on average with a deviation of ");
			buf_number(b, cv * window / (n - 1), 3);
			buf_str(b, " s");
		}
	}
	if (*explain_text(event, "event.start"))
		buf_printf(b, ", since %.19sZ", explain_text(event, "event.start"));
	if (isfinite(score))
		buf_printf(b, "; score %.4g, of which an anomaly has %.4g or more", score,
			   explain_number(event, "metsuke.anomaly.threshold"));
	buf_char(b, '.');
}

static void put_listed(struct buf *b, const json_t *event)
{
	const json_t *enrichment = json_array_get(explain_at(event, "threat.enrichments"), 0);
	const char *matched = explain_text(enrichment, "matched.atomic"), *chain = explain_text(event, "metsuke.chain.domain");

	put_who(b, event);
	buf_printf(b, " named %s in a message to %s", *matched ? matched : "what a list holds",
		   explain_text(event, "destination.ip"));
	if (*chain)
		buf_printf(b, ", which was the answer to %s", chain);
	buf_printf(b, "; list %s holds %s", explain_text(event, "rule.ruleset"), about(event));
	if (*explain_text(enrichment, "indicator.description"))
		buf_printf(b, " (%s)", explain_text(enrichment, "indicator.description"));
	buf_char(b, '.');
}

static bool is_triggered(const json_t *event, const char *feature)
{
	const json_t *item;
	size_t i;

	json_array_foreach(explain_at(event, "metsuke.anomaly.triggered"), i, item)
		if (json_is_string(item) && !strcmp(json_string_value(item), feature))
			return true;
	return false;
}

/* Is the value beyond the limit, as the event says beyond is? */
static bool is_beyond(const json_t *feature)
{
	double value = explain_number(feature, "value"), limit = explain_number(feature, "threshold");

	return strcmp(explain_text(feature, "comparison"), "gt") ? value < limit : value > limit;
}

static json_t *stages(const json_t *event)
{
	const struct explain_kind *kind = explain_kind(event);
	json_t *all = json_array(), *feature;
	const char *name;

	for (int stage = 1; stage <= 9; stage++) {
		json_t *rows = json_array();

		json_object_foreach((json_t *)features_of(event), name, feature)
		{
			double said = explain_number(feature, "stage");
			json_t *row;

			if ((isfinite(said) ? said : 1) != stage || !json_is_object(feature))
				continue;
			row = json_pack("{s:s, s:b}", "feature", name, "beyond", is_triggered(event, name));
			json_object_update(row, feature);
			json_object_del(row, "stage");
			json_array_append_new(rows, row);
		}
		if (json_array_size(rows))
			json_array_append_new(all, json_pack("{s:i, s:s, s:O}", "stage", stage, "asks",
							     stage <= 2 ? kind->stages[stage - 1] : "", "features",
							     rows));
		json_decref(rows);
	}
	return all;
}

/* The limit that a value has to come to, for another verdict: in words where the feature's own are clearer. */
static void put_change(struct buf *b, const char *name, const json_t *feature)
{
	double value = explain_number(feature, "value"), limit = explain_number(feature, "threshold"),
	       samples = explain_number(feature, "samples");
	bool above = !strcmp(explain_text(feature, "comparison"), "gt");

	if (!strcmp(name, "clients"))
		buf_printf(b, "%.0f clients or more knew the domain (now %.0f of %.0f)", limit, round(value), samples);
	else if (!strcmp(name, "age_days"))
		buf_printf(b, "the network had known the domain for %.4g days (now %.3g)", limit, value);
	else if (!strcmp(name, "popularity") && value <= limit)
		buf_lit(b, "not everybody could put things below that popular name");
	else if (!strcmp(name, "popularity"))
		buf_printf(b, "its rank among popular domains were %.0f or better (now %.0f)", limit, value);
	else if (!strcmp(name, "companions") && value >= limit)
		buf_printf(b, "one of the %.0f other domains asked in the same go were others' as well", value);
	else if (!strcmp(name, "companions"))
		buf_printf(b, "%.0f other domains or more were asked in the same go, part of them others' as well (now %.0f)",
			   limit, value);
	else if (isfinite(limit))
		buf_printf(b, "%s were %s %.4g (now %.4g)", name, above ? "below" : "above", limit, value);
	else
		buf_printf(b, "%s were not as it is (now %.4g)", name, value);
}

/* Some limits are odd themselves and some are not, which an event does not say: beyond them, on the other side, none is.
 * Of these it is known. */
static const char *needed(const char *name, const json_t *feature)
{
	static const char *const at_limit[] = { "clients", "age_days", "companions" };

	for (size_t i = 0; i < sizeof(at_limit) / sizeof(at_limit[0]); i++)
		if (!strcmp(name, at_limit[i]))
			return "ge";
	if (!strcmp(name, "popularity"))
		return "le";
	return strcmp(explain_text(feature, "comparison"), "gt") ? "gt" : "lt";
}

static json_t *change_of(const char *name, const json_t *feature)
{
	json_t *change = json_pack("{s:s}", "feature", name);

	copy(change, "value", feature, "value");
	copy(change, "threshold", feature, "threshold");
	json_object_set_new(change, "needed", json_string(needed(name, feature)));
	return change;
}

/* One way: all of its features that are beyond their limits would have to be inside. Nothing where none is. */
static void put_way(json_t *to, const json_t *event, const char *verdict, const char *const *names, size_t n)
{
	json_t *changes = json_array();
	struct buf text = { 0 };

	for (size_t i = 0; i < n && names[i]; i++) {
		const json_t *feature = json_object_get(features_of(event), names[i]);

		if (!feature || !is_triggered(event, names[i]))
			continue;
		buf_str(&text, text.len ? ", and " : "if ");
		put_change(&text, names[i], feature);
		json_array_append_new(changes, change_of(names[i], feature));
	}
	if (json_array_size(changes)) {
		json_t *way = json_pack("{s:s, s:O}", "verdict", verdict, "changes", changes);

		set_text(way, "text", &text);
		json_array_append_new(to, way);
	}
	json_decref(changes);
	buf_free(&text);
}

static double exponent(double score)
{
	return score < 1 ? -log10(1 - score) : INFINITY;
}

/* The score, and which of its parts it needs: without one of them the rest says so much (docs/detectors.md: parts are
 * shares of the exponent). */
static void put_score(json_t *to, const json_t *event)
{
	double score = explain_number(event, "metsuke.anomaly.score"),
	       least = explain_number(event, "metsuke.anomaly.threshold"), all = exponent(score), need = exponent(least);
	struct buf text = { 0 };
	json_t *changes = json_array(), *feature;
	const char *name;

	if (isfinite(all) && isfinite(need)) {
		json_object_foreach((json_t *)features_of(event), name, feature)
		{
			double share = explain_number(feature, "share"), rest = all * (1 - share);

			if (!(share > 0) || rest >= need)
				continue;
			buf_printf(&text, "%s %s took no part (score %.3g)", text.len ? ", or" : "if",
				   name, 1 - pow(10, -rest));
			json_array_append_new(changes,
					      json_pack("{s:s, s:f}", "feature", name, "score", 1 - pow(10, -rest)));
		}
		if (!text.len)
			buf_printf(&text, "if the score, now %.4g, were below %.4g: no part of it alone decides that",
				   score, least);
		json_array_append_new(to, json_pack("{s:s, s:O, s:s#}", "verdict", "software", "changes", changes, "text",
						    text.data, (int)text.len));
	}
	json_decref(changes);
	buf_free(&text);
}

static json_t *otherwise(const json_t *event)
{
	const struct explain_kind *kind = explain_kind(event);
	json_t *to = json_array();
	const json_t *item;
	size_t i;

	for (const struct explain_way *way = kind->ways; way->verdict; way++) {
		const json_t *unless = way->unless ? json_object_get(features_of(event), way->unless) : NULL;

		if (!way->unless || (unless && !is_beyond(unless)))
			put_way(to, event, way->verdict, way->features, 2);
	}
	json_array_foreach(explain_at(event, "metsuke.anomaly.triggered"), i, item)
	{
		const char *name = json_string_value(item);

		if (!kind->ways->verdict && name)
			put_way(to, event, "less evidence", &name, 1);
	}
	put_score(to, event);
	return to;
}

/* For a shell: as it stands where it is plain, else in quotes. False: it holds what no terminal should be given. */
static bool put_word(struct buf *b, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/@%+=-,";

	if (*word && !word[strspn(word, plain)]) {
		buf_str(b, word);
		return true;
	}
	buf_char(b, '\'');
	for (; *word; word++) {
		if ((unsigned char)*word < 0x20 || (unsigned char)*word >= 0x7f)
			return false;
		if (*word == '\'')
			buf_lit(b, "'\\''");
		else
			buf_char(b, *word);
	}
	buf_char(b, '\'');
	return true;
}

/* words: up to NULL. */
static void put_step(json_t *to, const char *what, const char *const *words)
{
	struct buf command = { 0 };
	bool good = true;

	for (size_t i = 0; good && words[i]; i++) {
		if (i)
			buf_char(&command, ' ');
		good = put_word(&command, words[i]);
	}
	if (good && !command.failed)
		json_array_append_new(to, json_pack("{s:s, s:s#}", "what", what, "command", command.data,
						    (int)command.len));
	buf_free(&command);
}

/* Only for this client; of an alert about a client, for all that it does. */
static void put_allow(json_t *to, const char *client, const json_t *type, const char *entity, bool listed)
{
	bool about_client = type && strcmp(json_string_value(type) ? json_string_value(type) : "", "registered_domain") != 0;

	if (!*client || *entity == '-' || (!*entity && !about_client))
		return;
	if (about_client)
		put_step(to, "if all that it does is fine",
			 (const char *const[]){ "metsuke", "allow", "--until", "30d", "--why", "the reason", "--client",
						client, NULL });
	else if (listed)
		put_step(to, "if this is fine although a list holds it",
			 (const char *const[]){ "metsuke", "allow", "--also-listed", "--until", "30d", "--why",
						"the reason", "--client", client, entity, NULL });
	else
		put_step(to, "if this is fine",
			 (const char *const[]){ "metsuke", "allow", "--until", "30d", "--why", "the reason", "--client",
						client, entity, NULL });
}

static json_t *next(const json_t *event, const char *store)
{
	const char *client = client_of(event), *entity = about(event);
	bool listed = !strcmp(explain_text(event, "event.action"), "blocklist-match");
	bool about_domain = !strcmp(explain_text(event, "metsuke.anomaly.entity.type"), "registered_domain");
	json_t *to = json_array();

	if (store && about_domain)
		put_step(to, "what the client did there since",
			 (const char *const[]){ "metsuke", "profiles", "-S", store, "-C", client, "-d", entity, NULL });
	else if (store && !listed && *client)
		put_step(to, "what the client does",
			 (const char *const[]){ "metsuke", "profiles", "-S", store, "-C", client, NULL });
	if (store && *entity && (about_domain || listed))
		put_step(to, "who else asks for it",
			 (const char *const[]){ "metsuke", "profiles", "-S", store, "-d", entity, NULL });
	if (store)
		put_step(to, "the client's other alerts",
			 (const char *const[]){ "metsuke", "alerts", "-S", store, "-C",
						*explain_text(event, "source.ip") ? explain_text(event, "source.ip") :
										    client,
						NULL });
	put_allow(to, client, explain_at(event, "metsuke.anomaly.entity.type"), entity, listed);
	if (*entity && listed)
		put_step(to, "which lists hold it", (const char *const[]){ "metsuke", "intel", "query", entity, NULL });
	return to;
}

static json_t *list_of(const json_t *event)
{
	const json_t *enrichment = json_array_get(explain_at(event, "threat.enrichments"), 0);
	json_t *to = json_object();

	copy(to, "list", event, "rule.ruleset");
	copy(to, "category", event, "rule.category");
	copy(to, "generation", event, "metsuke.alert.generation");
	copy(to, "entry", enrichment, "indicator.name");
	copy(to, "entry_type", enrichment, "indicator.type");
	copy(to, "family", enrichment, "indicator.description");
	copy(to, "first_seen", enrichment, "indicator.first_seen");
	copy(to, "confidence", enrichment, "indicator.confidence");
	copy(to, "matched", enrichment, "matched.atomic");
	copy(to, "field", enrichment, "matched.field");
	copy(to, "match", event, "metsuke.alert.match");
	copy(to, "repeated", event, "metsuke.alert.repeated");
	copy(to, "chain_domain", event, "metsuke.chain.domain");
	copy(to, "chain_lookup", event, "metsuke.chain.lookup");
	return to;
}

json_t *explain_case(const json_t *event, const char *store)
{
	bool listed = !strcmp(explain_text(event, "event.action"), "blocklist-match");
	struct buf sentence = { 0 };
	json_t *of = json_object();

	copy(of, "id", event, "event.id");
	copy(of, "time", event, "@timestamp");
	copy(of, "kind", event, "event.action");
	copy(of, "severity", event, "event.severity");
	copy(of, "rule", event, "rule");
	if (listed)
		put_listed(&sentence, event);
	else
		put_anomaly(&sentence, event);
	set_text(of, "says", &sentence);
	buf_free(&sentence);
	json_object_set_new(of, "who", who(event));
	json_object_set_new(of, "about", json_string(about(event)));
	if (listed) {
		json_object_set_new(of, "list", list_of(event));
	} else {
		copy(of, "detector", event, "metsuke.anomaly.detector");
		copy(of, "score", event, "metsuke.anomaly.score");
		copy(of, "threshold", event, "metsuke.anomaly.threshold");
		json_object_set_new(of, "stages", stages(event));
		json_object_set_new(of, "otherwise", otherwise(event));
	}
	json_object_set_new(of, "next", next(event, store));
	return of;
}
