/* excuse.c: see excuse.h. */
#include "detect/excuse.h"

#include <math.h>
#include <string.h>

#include "detect/allow.h"
#include "detect/builtin.h"
#include "intel/intel.h"

/* What a rank that explains nothing takes from the score: it joins the mean of timing and prevalence, which weigh 1
 * together, with nothing odd to say. */
#define WEIGHT_POPULARITY 0.2

const char *excuse_name(enum excuse e)
{
	static const char *const names[N_EXCUSES] = { NULL, "exception", "allowed", "update", "popular" };

	return (unsigned int)e < N_EXCUSES ? names[e] : NULL;
}

static struct text name_of(const struct observation *o)
{
	return o->kind == OBSERVED_HTTP_REQUEST ? o->http.host : o->dns.question;
}

static bool is_exception(const struct intel *intel, const struct observation *o, const char *domain)
{
	struct text name = name_of(o);
	struct indicator_match m;

	if (!intel)
		return false;
	return (name.len && indicators_match_name(intel->set, name.at, name.len, &m) && m.allow) ||
	       (indicators_match_name(intel->set, domain, strlen(domain), &m) && m.allow) ||
	       (o->kind == OBSERVED_HTTP_REQUEST && indicators_match_ip(intel->set, o->destination.ip, &m) && m.allow);
}

static bool is_allowed(const struct allow *allow, const struct observation *o, const struct pair_profile *pair)
{
	struct allow_question q;

	allow_question_of(&q, o);
	q.domain = pair->domain->key;
	return allow_match(allow, &q);
}

/* Anybody may write any name into a request: a name explains only what goes to an address that it was answered with. A
 * lookup is about the name itself. */
static bool is_what_it_says(const struct observation *o, const struct domain_profile *d)
{
	return o->kind != OBSERVED_HTTP_REQUEST || distinct_has(&d->ips, distinct_hash(o->destination.ip, 16));
}

static bool is_builtin(enum builtin which, const struct observation *o, const char *domain)
{
	struct text name = name_of(o);
	size_t len;

	return (name.len && builtin_match(which, name.at, name.len, &len)) ||
	       builtin_match(which, domain, strlen(domain), &len);
}

/* True: the rank explains. Else a rank weakens the score, which may then be too low. */
static bool is_popular(const struct excuses *x, const struct observation *o, const char *domain, struct verdict *v)
{
	uint32_t rank = x->intel ? popular_rank(x->intel->popular, domain, strlen(domain)) : 0;
	struct evidence *e;

	if (!rank || v->n == VERDICT_EVIDENCE)
		return false;
	e = &v->evidence[v->n++];
	*e = (struct evidence){ .name = "popularity",
				.stage = STAGE_DNS,
				.known = true,
				.above = true,
				.value = rank,
				.threshold = (double)x->popular_most,
				.baseline = NAN,
				.p = 1,
				.samples = 1 };
	e->triggered = rank > x->popular_most || is_builtin(BUILTIN_SHARED, o, domain);
	if (!e->triggered)
		return true;
	v->score = 1 - pow(1 - v->score, 1 / (1 + WEIGHT_POPULARITY));
	return v->score < v->threshold;
}

enum excuse excuse_of(const struct excuses *x, const struct observation *o, const struct pair_profile *pair,
		      struct verdict *v)
{
	const struct domain_profile *d = pair->domain;

	if (is_exception(x->intel, o, d->key))
		return EXCUSE_EXCEPTION;
	if (is_allowed(x->allow, o, pair))
		return EXCUSE_ALLOWED;
	if (!is_what_it_says(o, d))
		return EXCUSE_NONE;
	if (x->updates && is_builtin(BUILTIN_UPDATES, o, d->key))
		return EXCUSE_UPDATE;
	return is_popular(x, o, d->key, v) ? EXCUSE_POPULAR : EXCUSE_NONE;
}
