/* json.c: see json.h. */
#include "output/json.h"

#include <time.h>

#include "support/ip.h"

/* Characters that JSON wants escaped (RFC 8259 7). */
static bool plain(unsigned char c)
{
	return c >= 0x20 && c != '"' && c != '\\';
}

#define EACH(c) (0x0101010101010101ULL * (uint8_t)(c))

/* High bit set somewhere when one of the eight bytes is not plain; may also be set by a byte above
 * 0x7f, which the slow way then looks at. */
static uint64_t odd_bytes(uint64_t w)
{
	uint64_t quote = w ^ EACH('"'), backslash = w ^ EACH('\\');

	return ((w - EACH(0x20)) | (quote - EACH(1)) | (backslash - EACH(1)) | w) & EACH(0x80);
}

/* How many bytes from the start need no escape. */
static size_t plain_run(const char *s, size_t len)
{
	size_t i = 0;
	uint64_t w;

	while (i + 8 <= len) {
		memcpy(&w, s + i, 8);
		if (odd_bytes(w))
			break;
		i += 8;
	}
	while (i < len && plain(s[i]))
		i++;
	return i;
}

void js_string(struct buf *b, const char *s, size_t len)
{
	size_t from = 0, run = plain_run(s, len);

	if (run == len) {
		js_put_text(b, (struct text){ s, len, true });
		return;
	}
	buf_char(b, '"');
	for (size_t i = run; i < len; i += 1 + plain_run(s + i + 1, len - i - 1)) {
		buf_put(b, s + from, i - from);
		from = i + 1;
		if (s[i] == '"' || s[i] == '\\') {
			buf_char(b, '\\');
			buf_char(b, s[i]);
		} else {
			buf_printf(b, "\\u%04x", (unsigned char)s[i]);
		}
	}
	buf_put(b, s + from, len - from);
	buf_char(b, '"');
}

void js_ip(struct buf *b, const uint8_t ip[16])
{
	if (!buf_room(b, IP_TEXT + 2))
		return;
	b->data[b->len++] = '"';
	b->len += ip_text(ip, b->data + b->len);
	b->data[b->len++] = '"';
}

static void two(char *to, unsigned int n)
{
	memcpy(to, &buf_pairs[2 * n], 2);
}

void js_time(struct buf *b, uint64_t ns)
{
	static __thread time_t day = -1, second = -1; /* since 1970, those in the text */
	static __thread char text[] = "\"0000-00-00T00:00:00.000000Z\"";
	time_t now = ns / 1000000000;
	unsigned int micro = ns % 1000000000 / 1000;
	char *to;

	if (now / 86400 != day) {
		struct tm tm;

		gmtime_r(&now, &tm);
		two(text + 1, (tm.tm_year + 1900) / 100 % 100);
		two(text + 3, (tm.tm_year + 1900) % 100);
		two(text + 6, tm.tm_mon + 1);
		two(text + 9, tm.tm_mday);
		day = now / 86400;
	}
	if (now != second) {
		unsigned int of_day = now % 86400;

		two(text + 12, of_day / 3600);
		two(text + 15, of_day / 60 % 60);
		two(text + 18, of_day % 60);
		second = now;
	}
	if (!buf_room(b, sizeof(text) - 1))
		return;
	to = b->data + b->len;
	memcpy(to, text, sizeof(text) - 1);
	two(to + 21, micro / 10000); /* not into text: to copy what was just written stalls */
	two(to + 23, micro / 100 % 100);
	two(to + 25, micro % 100);
	b->len += sizeof(text) - 1;
}
