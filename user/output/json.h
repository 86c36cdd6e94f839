/* json.h: appending JSON text on the hot path. Objects are written in order: js_key and the like put the
 * comma themselves. Text has to be UTF-8 already (wire bytes are escaped, process text is cleaned). */
#ifndef METSUKE_OUTPUT_JSON_H
#define METSUKE_OUTPUT_JSON_H

#include "observe/observation.h"
#include "support/buf.h"

/* "key":  with a comma in front unless it opens the object. The key is a literal. */
#define js_key(b, key) js_members(b, "\"" key "\":")

#define js_open(b, key) js_members(b, "\"" key "\":{")

#define js_close(b) buf_char((b), '}')

/* "key":"text" */
#define js_text(b, key, text)           \
	do {                            \
		js_key(b, key);         \
		js_put_text((b), (text)); \
	} while (0)

#define js_str(b, key, s)           \
	do {                        \
		js_key(b, key);     \
		js_cstr((b), (s));  \
	} while (0)

#define js_number(b, key, n)         \
	do {                         \
		js_key(b, key);      \
		buf_u64((b), (n));   \
	} while (0)

/* "key":"text" for text of our own that needs no escape. */
#define js_safe(b, key, s)                    \
	do {                                  \
		js_key(b, key);               \
		js_put_safe((b), (s));        \
	} while (0)

/* Several members as one literal. */
#define js_members(b, members) js_raw_key((b), members, sizeof(members) - 1)

/* Literal value, with its own quotes where it is a string. */
#define js_raw(b, key, value) js_members(b, "\"" key "\":" value)

static inline void js_raw_key(struct buf *b, const char *member, size_t len)
{
	char *to;

	if (!buf_room(b, len + 1))
		return;
	to = b->data + b->len;
	if (b->len && to[-1] != '{')
		*to++ = ',';
	memcpy(to, member, len);
	b->len = to + len - b->data;
}

/* The comma between array elements. */
static inline void js_element(struct buf *b)
{
	if (b->data[b->len - 1] != '[')
		buf_char(b, ',');
}

void js_string(struct buf *b, const char *s, size_t len);

static inline void js_cstr(struct buf *b, const char *s)
{
	js_string(b, s, strlen(s));
}

static inline void js_put_text(struct buf *b, struct text t)
{
	if (!t.plain) {
		js_string(b, t.at, t.len);
	} else if (buf_room(b, t.len + 2)) {
		char *to = b->data + b->len;

		*to++ = '"';
		memcpy(to, t.at, t.len);
		to[t.len] = '"';
		b->len += t.len + 2;
	}
}

static inline void js_put_safe(struct buf *b, const char *s)
{
	js_put_text(b, (struct text){ s, strlen(s), true });
}

/* Address of 16 bytes as text in quotes; ::ffff:a.b.c.d as a.b.c.d. */
void js_ip(struct buf *b, const uint8_t ip[16]);

/* Nanoseconds since 1970 as "YYYY-MM-DDTHH:MM:SS.ffffffZ" in quotes. */
void js_time(struct buf *b, uint64_t ns);

#endif
