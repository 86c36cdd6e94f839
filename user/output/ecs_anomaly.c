/* ecs_anomaly.c: anomaly: a verdict with the evidence behind it. */
#include <math.h>
#include <string.h>

#include "capture/owner.h"
#include "output/ecs_line.h"
#include "output/odd.h"
#include "support/ip.h"

/* JSON knows neither infinity nor NaN: what is not known is not written. */
static void put_double(struct buf *b, const char *key, size_t key_len, double x)
{
	if (!isfinite(x))
		return;
	js_raw_key(b, key, key_len);
	buf_printf(b, "%.10g", x);
}

#define js_double(b, key, x) put_double((b), "\"" key "\":", sizeof("\"" key "\":") - 1, (x))

static void put_triggered(struct buf *b, const struct verdict *v)
{
	for (size_t i = 0; i < v->n; i++) {
		if (!v->evidence[i].triggered)
			continue;
		js_element(b);
		js_put_safe(b, v->evidence[i].name);
	}
}

static void put_features(struct buf *b, const struct verdict *v)
{
	js_open(b, "features");
	for (size_t i = 0; i < v->n; i++) {
		const struct evidence *e = &v->evidence[i];

		if (!e->known)
			continue;
		if (b->data[b->len - 1] != '{')
			buf_char(b, ',');
		buf_printf(b, "\"%s\":{", e->name);
		js_double(b, "value", e->value);
		js_double(b, "threshold", e->threshold);
		js_double(b, "baseline", e->baseline);
		js_safe(b, "comparison", e->above ? "gt" : "lt");
		js_double(b, "p", e->p);
		js_double(b, "share", e->share);
		js_number(b, "samples", e->samples);
		js_number(b, "stage", e->stage);
		js_close(b);
	}
	js_close(b);
}

static void put_own(struct buf *own, const struct anomaly *a)
{
	const struct verdict *v = a->verdict;

	buf_lit(own, "\"anomaly\":{");
	js_safe(own, "detector", behaviours[v->behaviour].detector);
	js_double(own, "score", v->score);
	js_double(own, "threshold", v->threshold);
	js_open(own, "entity");
	js_safe(own, "type", a->pair ? "registered_domain" : "client");
	js_str(own, "value", a->pair ? a->pair->domain->key : a->client->key);
	js_close(own);
	js_open(own, "client");
	js_safe(own, "type", a->client->kind == CLIENT_PROGRAM ? "program" : "address");
	js_str(own, "value", a->client->key);
	if (role_of(a->client) != ROLE_NONE)
		js_safe(own, "role", role_name(role_of(a->client)));
	js_close(own);
	js_number(own, "window_seconds", (v->end_ns - v->start_ns) / 1000000000);
	js_number(own, "sample_count", v->checkins);
	js_key(own, "triggered");
	buf_char(own, '[');
	put_triggered(own, v);
	buf_char(own, ']');
	put_features(own, v);
	js_close(own);
}

static void put_text(struct buf *b, const struct anomaly *a)
{
	struct buf text = { 0 };

	ecs_put_asker(&text, a->o);
	buf_char(&text, ' ');
	odd_put_deed(&text, a);
	buf_lit(&text, ": ");
	odd_put_facts(&text, a);
	buf_printf(&text, ": score %.3g over threshold %.3g", a->verdict->score, a->verdict->threshold);
	ecs_end_text(b, &text);
}

static const struct {
	const char *name, *description;
	const char *technique, *technique_name, *subtechnique, *subtechnique_name; /* MITRE ATT&CK, enterprise */
} rules[N_BEHAVIOURS] = {
	[BEHAVIOUR_CHECKINS] = { "Software that checks in at a rare domain",
				 "Requests as regular as software's and unlike a browser's, to a domain that few "
				 "clients know or whose addresses change",
				 "T1071", "Application Layer Protocol", "T1071.001", "Web Protocols" },
	[BEHAVIOUR_LOOKUPS] = { "Regular look-ups of a rare domain",
				"A domain that few clients know is looked up as regularly as software does, and no "
				"requests to it are to be seen",
				"T1071", "Application Layer Protocol", NULL, NULL },
	[BEHAVIOUR_FAILING] = { "Regular look-ups of a domain that does not answer",
				"A domain without a usable answer is looked up again and again at a fixed pace",
				"T1008", "Fallback Channels", NULL, NULL },
	[BEHAVIOUR_TUNNEL] = { "DNS tunnel",
			       "Many different names below a rare domain, which are long, or asked for by types whose "
			       "answers carry data",
			       "T1071", "Application Layer Protocol", "T1071.004", "DNS" },
	[BEHAVIOUR_FLUX] = { "Fast-flux domain",
			     "Answers for a rare domain keep bringing new addresses in many networks",
			     "T1568", "Dynamic Resolution", "T1568.001", "Fast Flux DNS" },
	[BEHAVIOUR_DGA] = { "Generated domain names",
			    "A client asks for domains that nobody asked for before, most of which do not exist",
			    "T1568", "Dynamic Resolution", "T1568.002", "Domain Generation Algorithms" },
	[BEHAVIOUR_NOWHERE] = { "DNS tunnel without a domain",
				"Many different long names below no top-level domain that there is",
				"T1071", "Application Layer Protocol", "T1071.004", "DNS" },
};

static void put_rule(struct buf *b, const struct anomaly *a)
{
	enum behaviour which = a->verdict->behaviour;

	js_open(b, "rule");
	js_safe(b, "id", behaviours[which].rule);
	js_safe(b, "name", rules[which].name);
	js_members(b, "\"category\":\"anomaly\",\"ruleset\":\"builtin\"");
	js_safe(b, "version", a->verdict->model);
	js_safe(b, "description", rules[which].description);
	js_close(b);
}

static void put_technique(struct buf *b, const char *id, const char *name)
{
	js_key(b, "id");
	buf_char(b, '[');
	js_element(b);
	js_put_safe(b, id);
	buf_char(b, ']');
	js_key(b, "name");
	buf_char(b, '[');
	js_element(b);
	js_put_safe(b, name);
	buf_char(b, ']');
}

static void put_threat(struct buf *b, enum behaviour which)
{
	js_members(b, "\"threat\":{\"framework\":\"MITRE ATT&CK\",\"tactic\":{\"id\":[\"TA0011\"],"
		      "\"name\":[\"Command and Control\"]}");
	js_open(b, "technique");
	put_technique(b, rules[which].technique, rules[which].technique_name);
	if (rules[which].subtechnique) {
		js_open(b, "subtechnique");
		put_technique(b, rules[which].subtechnique, rules[which].subtechnique_name);
		js_close(b);
	}
	js_close(b);
	js_close(b);
}

uint64_t ecs_anomaly(struct ecs *e, struct buf *b, const struct anomaly *a)
{
	const struct verdict *v = a->verdict;
	struct buf own = { 0 };

	if (a->o->denied)
		ecs_open_literal(e, b, a->o->time_ns,
				 EVENT_HEAD("alert", "\"network\",\"intrusion_detection\"",
					    "\"connection\",\"protocol\",\"denied\"", "anomaly", "alert"));
	else
		ecs_open_literal(e, b, a->o->time_ns,
				 EVENT_HEAD("alert", "\"network\",\"intrusion_detection\"",
					    "\"connection\",\"protocol\",\"info\"", "anomaly", "alert"));
	if (a->o->denied)
		js_raw(b, "outcome", "\"success\"");
	js_number(b, "severity", anomaly_severity(a));
	js_double(b, "risk_score", round(v->score * 1000) / 10);
	js_key(b, "start");
	js_time(b, v->start_ns);
	js_key(b, "end");
	js_time(b, v->end_ns);
	js_number(b, "duration", v->end_ns - v->start_ns);
	js_key(b, "reason");
	buf_char(b, '"');
	for (size_t i = 0, n = 0; i < v->n; i++)
		if (v->evidence[i].triggered)
			buf_printf(b, "%s%s %.4g %s %.4g", n++ ? ", " : "", v->evidence[i].name,
				   v->evidence[i].value, v->evidence[i].above ? "above" : "below",
				   v->evidence[i].threshold);
	buf_char(b, '"');
	js_close(b);
	put_own(&own, a);
	b->failed |= own.failed;
	ecs_put_message(e, b, a->o, &own);
	buf_free(&own);
	put_text(b, a);
	put_rule(b, a);
	put_threat(b, v->behaviour);
	buf_lit(b, "}\n");
	return e->sequence;
}
