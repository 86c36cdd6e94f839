/* ecs_line.h: what every line of ECS has, shared by the files that write them. */
#ifndef METSUKE_OUTPUT_ECS_LINE_H
#define METSUKE_OUTPUT_ECS_LINE_H

#include "output/ecs.h"
#include "output/json.h"

struct ecs {
	uint64_t sequence;
	char ephemeral_id[32];
	struct buf id;	     /* what stands in every event.* between what its kind has and the number in its id */
	struct buf agent;    /* "agent":{...} */
	struct buf host;     /* "host":{...}, unclosed */
	struct buf observer; /* "observer":{... unclosed */
};

/* The line's first members; event.* is left open for what belongs to the kind. */
void ecs_open_event(struct ecs *e, struct buf *b, uint64_t time_ns, const char *head, size_t head_len);

#define EVENT_HEAD(kind, category, type, action, dataset)                                               \
	"\"kind\":\"" kind "\",\"category\":[" category "],\"type\":[" type "],\"action\":\"" action \
	"\",\"dataset\":\"metsuke." dataset "\""

#define ecs_open_literal(e, b, ns, head) ecs_open_event((e), (b), (ns), head, sizeof(head) - 1)

/* One of the constant parts of struct ecs, with its comma. */
void ecs_put_constant(struct buf *b, const struct buf *text);

/* agent, host and observer; ifindex 0: no interface to name. */
void ecs_put_origin(const struct ecs *e, struct buf *b, uint32_t ifindex, bool with_host);

/* Everything of a message behind event.*; more: members of our own object, or NULL. */
struct observation;
void ecs_put_message(struct ecs *e, struct buf *b, const struct observation *o, const struct buf *more);

/* For the text of an alert: the process with its pid, or the client's address. */
void ecs_put_asker(struct buf *text, const struct observation *o);

/* "message" from the text, which is freed. */
void ecs_end_text(struct buf *b, struct buf *text);

/* Names of the marks by bit; NULL where there is none. */
extern const char *const ecs_mark_names[16];

#endif
