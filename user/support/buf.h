/* buf.h: a growing byte buffer for text. Appending never fails half-way: when memory runs out the
 * buffer stays as it was and `failed` says so. */
#ifndef METSUKE_SUPPORT_BUF_H
#define METSUKE_SUPPORT_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	char *data;
	size_t len;
	size_t cap;
	bool failed;
};

void buf_free(struct buf *b);
bool buf_grow(struct buf *b, size_t more);

static inline bool buf_room(struct buf *b, size_t more)
{
	return b->cap - b->len >= more || buf_grow(b, more);
}

static inline void buf_put(struct buf *b, const void *bytes, size_t len)
{
	if (!buf_room(b, len))
		return;
	memcpy(b->data + b->len, bytes, len);
	b->len += len;
}

static inline void buf_char(struct buf *b, char c)
{
	if (buf_room(b, 1))
		b->data[b->len++] = c;
}

static inline void buf_str(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

/* A string literal. */
#define buf_lit(b, s) buf_put((b), "" s, sizeof(s) - 1)

/* "00" to "99" */
extern const char buf_pairs[201];

void buf_u64(struct buf *b, uint64_t n);
/* To so many digits, without an exponent above them: 5470, not 5.47e+03. */
void buf_number(struct buf *b, double x, int digits);

void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
