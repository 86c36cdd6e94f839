/* identity.h: who is speaking: names and ids that stand in every event. */
#ifndef METSUKE_IDENTITY_H
#define METSUKE_IDENTITY_H

#include "config.h"
#include "output/ecs.h"

struct identity {
	char hostname[256];
	char host_id[33];
	char agent_id[64];
	char ephemeral_id[24];
};

/* run_id: tells this run from others; it becomes the first part of event.id. */
void identity_fill(struct identity *id, const struct config *c, uint64_t run_id);

struct ecs_identity identity_ecs(const struct identity *id);

#endif
