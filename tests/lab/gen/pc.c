/* pc.c: see pc.h. An office: most come at eight or nine on workdays, go out for lunch and meetings, and few come
 * at the weekend. Laptops sleep whenever nobody is there. */
#include "pc.h"

#define DAY (24 * HOUR)

__u64 pc_seconds(double s)
{
	return (__u64)((s > 0 ? s : 0) * SEC) + 1;
}

const char *pc_browser(struct rng *r)
{
	static const char *const browsers[] = {
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0",
		"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
	};

	return browsers[rng_below(r, sizeof(browsers) / sizeof(browsers[0]))];
}

void pc_start(struct pc *pc, struct lab *l, unsigned int id, __u32 ip)
{
	struct rng *r = &pc->host.rng;
	double u;

	host_start(&pc->host, l, ip, 2000000 + id);
	pc->id = id;
	u = rng_below(r, 100);
	pc->machine = u < 25 ? ALWAYS_ON : u < 50 ? DESKTOP : LAPTOP;
	u = rng_below(r, 100);
	pc->system = u < 35 ? 0 : u < 80 ? 1 : 2;
	pc->shift_h = rng_lognormal(r, 1.2, 0.5) - 1.2;
	pc->browser = pc_browser(r);
	pc->n_favourites = rng_between(r, 4, FAVOURITES);
	for (unsigned int i = 0; i < pc->n_favourites; i++)
		pc->favourites[i] =
			rng_chance(r, 0.3)
				? &l->world.names[l->world.first[RARE] + id * RARE_EACH + rng_below(r, RARE_EACH)]
				: world_popular(&l->world, r, SITE);
}

static void add_part(struct pc *pc, double from_h, double to_h)
{
	if (to_h > 23.9)
		to_h = 23.9;
	if (from_h >= to_h || pc->n_parts == DAY_PARTS)
		return;
	pc->from[pc->n_parts] = (__u64)(from_h * HOUR);
	pc->to[pc->n_parts++] = (__u64)(to_h * HOUR);
}

/* The same whenever it is asked for. */
static void plan(struct pc *pc, const struct lab *l, unsigned int day)
{
	struct rng r = rng_start(l->seed ^ 0x6461797366726565ULL, (__u64)pc->id << 16 | day);
	int weekend = day % 7 >= 5;
	double from = 7.9 + pc->shift_h + rng_lognormal(&r, 0.4, 0.6), to, lunch, meeting;

	pc->day = day;
	pc->planned = 1;
	pc->n_parts = 0;
	if (!rng_chance(&r, weekend ? 0.15 : 0.93))
		return;
	if (weekend) {
		add_part(pc, from + 2, from + 2.5 + rng_exponential(&r, 2));
		return;
	}
	to = from + 7.5 + rng_lognormal(&r, 1, 0.5);
	lunch = 11.8 + rng_exponential(&r, 0.3);
	meeting = lunch + 1 + rng_exponential(&r, 2);
	add_part(pc, from, lunch < to ? lunch : to);
	lunch += 0.4 + rng_exponential(&r, 0.25);
	if (rng_chance(&r, 0.4)) {
		add_part(pc, lunch, meeting < to ? meeting : to);
		lunch = meeting + 0.4 + rng_exponential(&r, 0.4);
	}
	add_part(pc, lunch, to);
}

static __u64 absent(struct pc *pc, const struct lab *l, __u64 now, int with_breaks)
{
	__u64 midnight = l->start - l->start % DAY;
	unsigned int today = (now - midnight) / DAY;

	for (unsigned int day = today; day < today + 30; day++) {
		__u64 start = midnight + day * DAY;

		if (!pc->planned || pc->day != day)
			plan(pc, l, day);
		for (unsigned int i = 0; i < pc->n_parts; i++) {
			unsigned int last = with_breaks ? i : pc->n_parts - 1;

			if (now < start + pc->from[i])
				return start + pc->from[i];
			if (now < start + pc->to[last])
				return 0;
		}
	}
	return l->end;
}

__u64 pc_deserted(struct pc *pc, const struct lab *l, __u64 now)
{
	return absent(pc, l, now, 1);
}

__u64 pc_asleep(struct pc *pc, const struct lab *l, __u64 now)
{
	return pc->machine == ALWAYS_ON ? 0 : absent(pc, l, now, pc->machine == LAPTOP);
}
