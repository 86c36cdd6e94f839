/* date.c: see date.h. */
#include "intel/date.h"

#include <string.h>
#include <time.h>

struct cursor {
	const char *at, *end;
};

static bool take(struct cursor *c, const char *any_of)
{
	if (c->at == c->end || !*c->at || !strchr(any_of, *c->at))
		return false;
	c->at++;
	return true;
}

static bool number(struct cursor *c, int digits, int least, int most, int *ret)
{
	int n = 0;

	if (c->end - c->at < digits)
		return false;
	for (int i = 0; i < digits; i++, c->at++) {
		if (*c->at < '0' || *c->at > '9')
			return false;
		n = n * 10 + *c->at - '0';
	}
	*ret = n;
	return n >= least && n <= most;
}

static bool time_of_day(struct cursor *c, struct tm *t)
{
	if (!number(c, 2, 0, 23, &t->tm_hour) || !take(c, ":") || !number(c, 2, 0, 59, &t->tm_min))
		return false;
	if (!take(c, ":"))
		return true;
	if (!number(c, 2, 0, 60, &t->tm_sec))
		return false;
	if (!take(c, ".,"))
		return true;
	if (!take(c, "0123456789"))
		return false;
	while (take(c, "0123456789"))
		;
	return true;
}

/* Seconds east of UTC. */
static bool offset(struct cursor *c, int *ret)
{
	int sign, hours, minutes = 0;

	*ret = 0;
	take(c, " ");
	if (c->at == c->end || take(c, "Zz"))
		return true;
	if (c->end - c->at == 3 && (!memcmp(c->at, "UTC", 3) || !memcmp(c->at, "GMT", 3))) {
		c->at = c->end;
		return true;
	}
	sign = *c->at == '-' ? -1 : 1;
	if (!take(c, "+-") || !number(c, 2, 0, 23, &hours))
		return false;
	if ((take(c, ":") || c->at < c->end) && !number(c, 2, 0, 59, &minutes))
		return false;
	*ret = sign * (hours * 3600 + minutes * 60);
	return true;
}

bool date_parse(const char *text, size_t len, uint32_t *ret_seconds)
{
	struct cursor c = { text, text + len };
	struct tm t = { 0 };
	int east = 0, day;
	time_t seconds;

	if (!number(&c, 4, 1970, 2105, &t.tm_year) || !take(&c, "-") || !number(&c, 2, 1, 12, &t.tm_mon) ||
	    !take(&c, "-") || !number(&c, 2, 1, 31, &t.tm_mday))
		return false;
	if (take(&c, "Tt ") && !(time_of_day(&c, &t) && offset(&c, &east)))
		return false;
	if (c.at != c.end)
		return false;
	t.tm_year -= 1900;
	t.tm_mon--;
	day = t.tm_mday;
	t.tm_sec -= t.tm_sec == 60; /* a leap second is no other day */
	seconds = timegm(&t);
	if (t.tm_mday != day || seconds < east)
		return false;
	*ret_seconds = seconds - east;
	return true;
}
