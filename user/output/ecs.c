/* ecs.c: what is the same in every line of a run is written once and copied. */
#include "output/ecs.h"

#include <stdio.h>
#include <stdlib.h>

#include "capture/owner.h"
#include "output/ecs_line.h"
#include "support/interface.h"
#include "support/ip.h"

struct ecs *ecs_new(const struct ecs_identity *id)
{
	struct ecs *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	snprintf(e->ephemeral_id, sizeof(e->ephemeral_id), "%s", id->ephemeral_id);
	buf_lit(&e->id, ",\"module\":\"metsuke\",\"provider\":\"ebpf\",\"id\":\"");
	buf_str(&e->id, e->ephemeral_id);
	buf_char(&e->id, '-');
	js_open(&e->agent, "agent");
	js_raw(&e->agent, "type", "\"metsuke\"");
	js_raw(&e->agent, "version", "\"" METSUKE_VERSION "\"");
	js_str(&e->agent, "id", id->agent_id);
	js_str(&e->agent, "ephemeral_id", id->ephemeral_id);
	js_close(&e->agent);
	js_open(&e->host, "host");
	js_str(&e->host, "name", id->hostname);
	js_str(&e->host, "id", id->host_id);
	js_open(&e->observer, "observer");
	js_raw(&e->observer, "type", "\"sensor\"");
	js_raw(&e->observer, "vendor", "\"metsuke\"");
	js_raw(&e->observer, "product", "\"metsuke\"");
	js_raw(&e->observer, "version", "\"" METSUKE_VERSION "\"");
	js_str(&e->observer, "hostname", id->hostname);
	if (e->id.failed || e->agent.failed || e->host.failed || e->observer.failed) {
		ecs_free(e);
		return NULL;
	}
	return e;
}

void ecs_free(struct ecs *e)
{
	if (!e)
		return;
	buf_free(&e->id);
	buf_free(&e->agent);
	buf_free(&e->host);
	buf_free(&e->observer);
	free(e);
}

void ecs_open_event(struct ecs *e, struct buf *b, uint64_t time_ns, const char *head, size_t head_len)
{
	uint64_t n = ++e->sequence;

	buf_lit(b, "{\"@timestamp\":");
	js_time(b, time_ns);
	buf_lit(b, ",\"ecs\":{\"version\":\"9.4.0\"},\"event\":{");
	buf_put(b, head, head_len);
	buf_put(b, e->id.data, e->id.len);
	for (uint64_t least = 100000; least > n && least > 1; least /= 10)
		buf_char(b, '0'); /* six digits or more */
	buf_u64(b, n);
	buf_char(b, '"');
	js_number(b, "sequence", e->sequence);
}

void ecs_event_id(const struct ecs *e, uint64_t sequence, char *id, size_t size)
{
	snprintf(id, size, "%s-%06llu", e->ephemeral_id, (unsigned long long)sequence);
}

void ecs_put_constant(struct buf *b, const struct buf *text)
{
	buf_char(b, ',');
	buf_put(b, text->data, text->len);
}

void ecs_put_origin(const struct ecs *e, struct buf *b, uint32_t ifindex, bool with_host)
{
	const char *name = interface_label(ifindex);

	ecs_put_constant(b, &e->agent);
	if (with_host) {
		ecs_put_constant(b, &e->host);
		js_close(b);
	}
	ecs_put_constant(b, &e->observer);
	if (name) {
		js_open(b, "ingress");
		js_open(b, "interface");
		js_str(b, "name", name);
		js_key(b, "id");
		buf_char(b, '"');
		buf_u64(b, ifindex);
		buf_lit(b, "\"}}");
	}
	js_close(b);
}

const char *const ecs_mark_names[16] = {
#define X(name, bit, meaning) [bit] = #name,
	MARKS(X) DECODE_MARKS(X)
#undef X
};

void ecs_put_asker(struct buf *text, const struct observation *o)
{
	char ip[IP_TEXT] = "";

	if (o->process)
		buf_printf(text, "%s (pid %u)", o->process->name ? o->process->name : "?", o->process->pid);
	else
		buf_put(text, ip, ip_text(o->source.ip, ip));
}

void ecs_end_text(struct buf *b, struct buf *text)
{
	buf_char(text, '\0');
	if (text->failed)
		b->failed = true;
	else
		js_str(b, "message", text->data);
	buf_free(text);
}
