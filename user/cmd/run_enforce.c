/* run_enforce.c: see run.h. What the packet programs drop, and who may say otherwise. */
#include <errno.h>
#include <stdio.h>

#include "capture/flagged.h"
#include "capture/links.h"
#include "capture/live.h"
#include "cmd/run.h"
#include "observe/networks.h"
#include "pipeline.h"
#include "support/log.h"

static void tell_programs(struct run *r)
{
	const struct enforcement *e = &r->enforcement;
	enum enforce_mode mode = enforcement_mode(e);

	live_enforce(r->live, mode, mode == ENFORCE_OFF ? 0 : run_clock_ns(CLOCK_BOOTTIME) + ENFORCE_LEASE_NS,
		     e->deadline_ns);
}

static void say(struct run *r, const char *message)
{
	log_info("%s", message);
	run_say_health(r, ECS_RELOADED, message, run_degraded(r));
}

static void say_state(struct run *r)
{
	const struct enforcement *e = &r->enforcement;
	char message[160];

	if (e->state == ENFORCE_STATE_TRIAL)
		snprintf(message, sizeof(message), "enforcement: %s, on trial for %llu s: 'metsuke enforce confirm' keeps it",
			 enforce_mode_name(e->wanted), (unsigned long long)(e->canary_ns / 1000000000));
	else
		snprintf(message, sizeof(message), "enforcement: %s%s", enforce_mode_name(e->wanted),
			 e->state == ENFORCE_STATE_UNDONE ? ", undone: nothing is dropped" : "");
	say(r, message);
}

int run_take_enforcement(struct run *r, const struct config *c)
{
	const struct enforcement before = r->enforcement;
	struct networks *spare = networks_new(&c->spare_networks);

	if (!spare)
		return -ENOMEM;
	networks_free(r->spare);
	r->spare = spare;
	run_put_flags_again(r);
	enforcement_configure(&r->enforcement, enforce_mode_of(c->enforce_mode), c->canary_seconds * 1000000000,
			      run_clock_ns(CLOCK_BOOTTIME));
	tell_programs(r);
	if (before.wanted != r->enforcement.wanted || before.state != r->enforcement.state ||
	    before.deadline_ns != r->enforcement.deadline_ns)
		say_state(r);
	return 0;
}

void run_renew_enforcement(struct run *r)
{
	bool ended = enforcement_tick(&r->enforcement, run_clock_ns(CLOCK_BOOTTIME));
	char message[160];

	tell_programs(r);
	if (!ended)
		return;
	snprintf(message, sizeof(message), "enforcement: %s undone: nobody confirmed it within %llu s",
		 enforce_mode_name(r->enforcement.wanted),
		 (unsigned long long)(r->enforcement.canary_ns / 1000000000));
	say(r, message);
}

void run_stop_enforcement(struct run *r)
{
	live_enforce(r->live, ENFORCE_OFF, 0, 0);
	networks_free(r->spare);
	r->spare = NULL;
}

void run_hear_command(struct run *r)
{
	char room[64], answer[160];
	const char *word = instance_hear(&r->instance, room, sizeof(room)), *why;

	if (!word)
		return;
	why = enforcement_command(&r->enforcement, word, run_clock_ns(CLOCK_BOOTTIME));
	tell_programs(r);
	if (!why)
		say_state(r);
	snprintf(answer, sizeof(answer), "%s%s", why ? "no: " : "enforcement: ",
		 why ? why : enforce_state_name(r->enforcement.state));
	instance_reply(&r->instance, answer);
}

/* The address of this machine stands for all its programs: those are blocked one by one. */
static bool spared(const struct run *r, const struct flagged_key *key)
{
	return key->type == FLAGGED_HOST &&
	       (links_is_local(r->links, key->ip) || (r->spare && networks_contain(r->spare, key->ip)));
}

void run_put_flag(struct run *r, const struct flagged_key *key, const struct flagged *f)
{
	struct flagged told;

	if (f && spared(r, key)) {
		told = *f;
		told.effect = EFFECT_TOLD;
		f = &told;
	}
	flagged_put(live_flagged_fd(r->live), key, f);
}

void run_put_flags_again(struct run *r)
{
	pipeline_flags_again(r->pipeline); /* by run_put_flag() */
}
