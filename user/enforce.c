/* enforce.c: see enforce.h. */
#include "enforce.h"

#include <string.h>

static const char *const modes[] = { "off", "listed", "flagged" };

static void begin(struct enforcement *e, uint64_t now_ns)
{
	e->deadline_ns = 0;
	e->state = e->wanted == ENFORCE_OFF ? ENFORCE_STATE_OFF : ENFORCE_STATE_ON;
	if (e->state == ENFORCE_STATE_OFF || !e->canary_ns)
		return;
	e->state = ENFORCE_STATE_TRIAL;
	e->deadline_ns = now_ns + e->canary_ns;
}

void enforcement_configure(struct enforcement *e, enum enforce_mode wanted, uint64_t canary_ns, uint64_t now_ns)
{
	if (wanted == e->wanted && canary_ns == e->canary_ns)
		return;
	if (wanted == e->wanted && e->state == ENFORCE_STATE_ON && !canary_ns) {
		e->canary_ns = 0; /* the trial is over and its time no longer given: nothing changes */
		return;
	}
	e->wanted = wanted;
	e->canary_ns = canary_ns;
	begin(e, now_ns);
}

static void undo(struct enforcement *e)
{
	e->state = ENFORCE_STATE_UNDONE;
	e->deadline_ns = 0;
}

bool enforcement_tick(struct enforcement *e, uint64_t now_ns)
{
	if (e->state != ENFORCE_STATE_TRIAL || now_ns < e->deadline_ns)
		return false;
	undo(e);
	return true;
}

const char *enforcement_command(struct enforcement *e, const char *word, uint64_t now_ns)
{
	if (e->wanted == ENFORCE_OFF)
		return "enforcement is off in the configuration";
	(void)enforcement_tick(e, now_ns);
	if (!strcmp(word, "confirm")) {
		if (e->state == ENFORCE_STATE_UNDONE)
			return "it was undone already; 'metsuke enforce retry' begins anew";
		e->state = ENFORCE_STATE_ON;
		e->deadline_ns = 0;
		return NULL;
	}
	if (!strcmp(word, "undo")) {
		undo(e);
		return NULL;
	}
	if (strcmp(word, "retry"))
		return "unknown command";
	if (e->state != ENFORCE_STATE_UNDONE)
		return "it was not undone";
	begin(e, now_ns);
	return NULL;
}

enum enforce_mode enforcement_mode(const struct enforcement *e)
{
	return e->state == ENFORCE_STATE_TRIAL || e->state == ENFORCE_STATE_ON ? e->wanted : ENFORCE_OFF;
}

const char *enforce_mode_name(enum enforce_mode mode)
{
	return modes[mode];
}

const char *enforce_state_name(enum enforce_state state)
{
	static const char *const states[] = { "off", "trial", "on", "undone" };

	return states[state];
}

enum enforce_mode enforce_mode_of(const char *name)
{
	for (int i = ENFORCE_FLAGGED; i > ENFORCE_OFF; i--)
		if (!strcmp(name, modes[i]))
			return i;
	return ENFORCE_OFF;
}
