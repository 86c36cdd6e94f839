/* sessions.c: bots that stay connected: one on a chat network, and one of small devices, which also looks for more
 * of them: it sends SYNs to telnet ports anywhere, whose sequence number is the address they go to. */
#include <stdio.h>

#include "kinds.h"

struct session {
	const struct name *name;
	enum deed deed;
	struct habit habit;
	double stays_s; /* median, before it loses its server */
	char nick[16], channel[16];
	double scan_s, rest_s, rate; /* it scans so long, so often, so many a second */
};

static void connect_to(struct lab *l, struct act *a, const struct session *s, __u64 now)
{
	__u32 ip = dns_resolve(l, a->host, s->name, &now);

	ledger_add(l->ledger, a->host->ip, s->name, s->deed, &s->habit, now);
	tcp_open(&a->tcp, l, a->host, ip, s->name->port, now);
	if (s->deed == DEED_IRC)
		irc_join(&a->tcp, s->name->text, s->nick, s->channel, "!http.update on");
	else
		tcp_say(&a->tcp, "\0\0\0\1\0", 5);
}

static void say_hello(struct act *a, const struct session *s)
{
	struct rng *r = &a->host->rng;

	if (s->deed != DEED_IRC) {
		tcp_say(&a->tcp, "\0\0", 2);
		tcp_hear(&a->tcp, "\0\0", 2);
	} else if (rng_chance(r, 0.03)) {
		irc_said(&a->tcp, "op", s->channel, "!scan 100 5 0 -r");
	} else {
		irc_ping(&a->tcp, s->name->text);
	}
}

/* left: it is connected; until: so long. */
static __u64 stay(struct lab *l, struct act *a, __u64 now)
{
	const struct session *s = a->plan;
	struct rng *r = &a->host->rng;
	__u64 later = pc_asleep(pc_of(a), l, now);

	if (later) {
		a->left = 0;
		return later + pc_seconds(3 + rng_exponential(r, 15));
	}
	if (a->left && now >= a->until) {
		a->tcp.now = now > a->tcp.now ? now : a->tcp.now;
		tcp_close(&a->tcp);
		a->left = 0;
		return a->tcp.now + pc_seconds(10 + rng_exponential(r, 60));
	}
	if (!a->left) {
		connect_to(l, a, s, now);
		a->left = 1;
		a->until = now + pc_seconds(rng_lognormal(r, s->stays_s, 0.8));
		return a->tcp.now + pc_seconds(s->habit.period_s);
	}
	if (a->tcp.now < now)
		a->tcp.now = now;
	say_hello(a, s);
	return a->tcp.now + pc_seconds(s->habit.period_s * (1 + s->habit.jitter * ground_between(r, -1, 1)));
}

/* left: SYNs of this round. */
static __u64 scan(struct lab *l, struct act *a, __u64 now)
{
	const struct session *s = a->plan;
	struct rng *r = &a->host->rng;
	__u64 later = pc_asleep(pc_of(a), l, now);
	__u32 ip = IP4(198, 19, rng_below(r, 256), rng_between(r, 1, 254));

	if (later) {
		a->left = 0;
		return later + pc_seconds(30 + rng_exponential(r, 60));
	}
	if (!a->left)
		a->left = 1 + (unsigned int)(s->scan_s * s->rate);
	tcp_probe(l, a->host, ip, rng_chance(r, 0.1) ? 2323 : 23, ip, rng_chance(r, 0.02), now);
	if (--a->left)
		return now + pc_seconds(rng_exponential(r, 1 / s->rate));
	return now + pc_seconds(rng_exponential(r, s->rest_s));
}

void sessions_start(struct infection *i)
{
	static const unsigned short ports[] = { 65520, 6667, 8080, 10324, 5190, 1863, 7763, 18067, 2293, 3938 },
				    devices[] = { 23, 48101, 1312, 3778, 5888, 666 };
	struct session *s = ground_keep(i->g, sizeof(*s));
	struct rng *r = &i->rng;
	__u64 at = ground_arrival(i->g->lab, &i->pc->host.rng);

	s->name = i->name;
	s->deed = i->deed;
	s->habit = (struct habit){
		i->deed == DEED_IRC ? rng_between(r, 45, 180) : 60, 0.02, "uniform", "-", "-", "-"
	};
	s->stays_s = ground_log_between(r, 3600, 86400);
	snprintf(s->nick, sizeof(s->nick), "%c%06u", 'a' + (char)rng_below(r, 26), rng_below(r, 1000000));
	snprintf(s->channel, sizeof(s->channel), "#%.8s", town_word(r));
	i->name->port = i->deed == DEED_IRC ? ports[rng_below(r, 10)] : devices[rng_below(r, 6)];
	ledger_expect(i->g->lab->ledger, i->pc->host.ip, i->name, i->deed, &s->habit);
	acts_add(i->g->acts, &i->pc->host, stay, at)->plan = s;
	if (i->deed != DEED_SCANNER)
		return;
	i->pc->machine = ALWAYS_ON;
	s->rate = ground_log_between(r, 3, 20);
	s->scan_s = rng_between(r, 5, 30);
	s->rest_s = rng_between(r, 120, 900);
	acts_add(i->g->acts, &i->pc->host, scan, at + pc_seconds(1))->plan = s;
}
