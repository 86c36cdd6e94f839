/* outcome.c: alerts against labels. Something malicious is found where an alert names its client and its domain, or its
 * client as a whole where that is what it is told by; an alert about anything else is a false one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate/trial.h"

const struct label *outcome_label(const struct evaluation *e, const struct sensor *s, const char *client,
				  const char *domain)
{
	const struct label *best = NULL;

	for (size_t i = 0; i < s->n_names; i++) {
		const struct label *l = *domain ? labels_find(e->labels, s->names[i], client, domain)
						: labels_find_client(e->labels, s->names[i], client);

		if (l && (!best || l->role > best->role))
			best = l;
		if (!e->labels->captures)
			break; /* they hold in all */
	}
	return best;
}

bool outcome_clean(const struct evaluation *e, const struct sensor *s, const char *client)
{
	for (size_t i = 0; i < s->n_names; i++)
		if (!labels_clean(e->labels, s->names[i], client))
			return false;
	return true;
}

static bool holds(const struct sensor *s, const struct label *l)
{
	for (size_t i = 0; i < s->n_names; i++)
		if (label_holds(l, s->names[i]))
			return true;
	return false;
}

/* Something malicious, told by what the client does as a whole. generated: what it asks for belongs to nobody. */
static const struct label *bad_of_client(const struct evaluation *e, const struct sensor *s, const char *client,
					 bool generated)
{
	const struct label *first;
	size_t n = labels_of_client(e->labels, client, &first);

	for (size_t i = 0; i < n; i++)
		if (first[i].role == LABEL_BAD && holds(s, &first[i]) && (generated ? first[i].whole : first[i].by_client))
			return &first[i];
	return NULL;
}

static const char *kind_of(const struct label *l)
{
	return l && l->role == LABEL_BENIGN ? l->kind : "unlabelled";
}

/* Whose alert it is. */
static void judge_finding(const struct evaluation *e, const struct sensor *s, struct finding *f)
{
	const struct label *l = outcome_label(e, s, f->client, f->domain), *bad = NULL;

	f->clean = outcome_clean(e, s, f->client);
	f->kind = kind_of(l);
	if (!*f->domain)
		bad = bad_of_client(e, s, f->client, false);
	else if (!l)
		bad = bad_of_client(e, s, f->client, true);
	if (bad || (l && l->role == LABEL_BAD)) {
		f->role = LABEL_BAD;
		return;
	}
	if (!l && *f->domain) /* of the client as a whole it may be said that it is neither */
		l = outcome_label(e, s, f->client, "");
	f->role = l && l->role == LABEL_ASIDE ? LABEL_ASIDE : LABEL_BENIGN;
}

static bool same(const struct finding *a, const struct finding *b)
{
	return a->listed == b->listed && a->role == b->role && !strcmp(a->client, b->client) &&
	       !strcmp(a->domain, b->domain) && a->time_ns / DAY_NS == b->time_ns / DAY_NS;
}

static void judge_findings(struct evaluation *e, const struct sensor *s, size_t first)
{
	for (size_t i = first; i < e->n_findings; i++) {
		struct finding *f = &e->findings[i];

		judge_finding(e, s, f);
		for (size_t k = first; k < i && !f->again; k++)
			f->again = same(&e->findings[k], f);
	}
}

static bool is_about(const struct evaluation *e, const struct finding *f, const struct label *l,
		     const struct sensor *s)
{
	if (strcmp(f->client, l->client) != 0)
		return false;
	if (!*f->domain)
		return l->by_client;
	if (*l->domain && !strcmp(f->domain, l->domain))
		return true;
	return l->whole && !outcome_label(e, s, f->client, f->domain);
}

static int by_row(const void *key, const void *row)
{
	const struct row *a = key, *b = row;
	int c = (int)a->kind - (int)b->kind;

	if (!c)
		c = strcmp(a->client, b->client);
	return c ? c : strcmp(a->domain, b->domain);
}

static const struct row *find_row(const struct evaluation *e, size_t first, enum row_kind kind, const char *client,
				  const char *domain)
{
	struct row key = { .kind = kind, .client = client, .domain = domain };

	return bsearch(&key, e->rows + first, e->n_rows - first, sizeof(key), by_row);
}

/* What a label says is there, as the sensor saw it. */
static void look(const struct evaluation *e, struct target *t, size_t first_row, size_t first_finding)
{
	const struct sensor *s = &e->sensors[t->sensor];
	const struct label *l = t->label;
	const struct row *r = NULL;

	if (l->whole)
		r = find_row(e, first_row, ROW_CLIENT, l->client, "");
	else
		for (enum row_kind kind = ROW_REQUESTS; !r && kind <= ROW_LOOKUPS; kind++)
			r = find_row(e, first_row, kind, l->client, l->domain);
	if (r) {
		t->seen = true;
		t->due = r->due;
		t->judgement = r->judgement;
		t->excuse = r->excuse;
		t->checkins = r->checkins;
		t->first_ns = r->first_ns;
	}
	t->found = NONE;
	for (size_t i = first_finding; i < e->n_findings; i++) {
		const struct finding *f = &e->findings[i];

		if (!is_about(e, f, l, s))
			continue;
		t->seen = true;
		if (f->listed)
			t->listed = true;
		else if (t->found == NONE)
			t->found = i;
	}
}

/* Labels that a row of the same place, which names the capture, takes the place of. */
static bool is_overruled(const struct evaluation *e, const struct sensor *s, const struct label *l)
{
	return *l->domain && !*l->capture && outcome_label(e, s, l->client, l->domain) != l;
}

static int add_targets(struct evaluation *e, size_t first_row, size_t first_finding)
{
	const struct sensor *s = &e->sensors[e->n_sensors - 1];

	for (size_t i = 0; i < e->labels->n; i++) {
		const struct label *l = &e->labels->rows[i];
		bool there = find_row(e, first_row, ROW_CLIENT, l->client, "");
		struct target *more;

		if (!holds(s, l))
			continue;
		e->label_seen[i] |= there || *l->capture;
		if (l->role != LABEL_BAD || l->inactive || is_overruled(e, s, l) || (!there && !*l->capture))
			continue;
		more = evaluation_more(e->targets, &e->room_targets, e->n_targets, sizeof(*more));
		if (!more)
			return -ENOMEM;
		e->targets = more;
		more[e->n_targets] = (struct target){ .sensor = (uint32_t)e->n_sensors - 1, .label = l };
		look(e, &more[e->n_targets++], first_row, first_finding);
	}
	return 0;
}

/* A client that makes up names is malicious as a whole. */
static void mark_clients(struct evaluation *e, size_t first_row)
{
	for (size_t i = first_row; i < e->n_rows; i++) {
		struct row *r = &e->rows[i];

		if (r->kind != ROW_CLIENT)
			continue;
		const struct label *bad = bad_of_client(e, &e->sensors[r->sensor], r->client, true);

		if (!bad)
			continue;
		r->label = bad;
		r->bad = true;
		r->aside = false;
	}
}

int outcome_judge(struct evaluation *e, size_t first_row, size_t first_finding)
{
	struct sensor *s = &e->sensors[e->n_sensors - 1];
	int err;

	if (!e->label_seen)
		e->label_seen = calloc(e->labels->n, sizeof(*e->label_seen));
	if (!e->label_seen)
		return -ENOMEM;
	judge_findings(e, s, first_finding);
	mark_clients(e, first_row);
	for (size_t i = first_row; i < e->n_rows; i++) {
		s->clients += e->rows[i].kind == ROW_CLIENT;
		s->clean += e->rows[i].kind == ROW_CLIENT && e->rows[i].clean;
	}
	err = add_targets(e, first_row, first_finding);
	return err;
}
