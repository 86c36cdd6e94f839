/* json.c: see json.h. */
#include "output/json.h"

#include <time.h>

#include "output/ip.h"

/* Characters that JSON wants escaped (RFC 8259 7). */
static bool plain(unsigned char c)
{
	return c >= 0x20 && c != '"' && c != '\\';
}

void js_string(struct buf *b, const char *s, size_t len)
{
	size_t from = 0;

	buf_char(b, '"');
	for (size_t i = 0; i < len; i++) {
		if (plain(s[i]))
			continue;
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

static void two(char *to, int n)
{
	to[0] = '0' + n / 10;
	to[1] = '0' + n % 10;
}

void js_time(struct buf *b, uint64_t ns)
{
	static __thread time_t cached = -1;
	static __thread char text[] = "\"0000-00-00T00:00:00.000000Z\"";
	time_t second = ns / 1000000000;
	uint32_t micro = ns % 1000000000 / 1000;

	if (second != cached) {
		struct tm tm;

		gmtime_r(&second, &tm);
		two(text + 1, (tm.tm_year + 1900) / 100 % 100);
		two(text + 3, (tm.tm_year + 1900) % 100);
		two(text + 6, tm.tm_mon + 1);
		two(text + 9, tm.tm_mday);
		two(text + 12, tm.tm_hour);
		two(text + 15, tm.tm_min);
		two(text + 18, tm.tm_sec);
		cached = second;
	}
	for (int i = 26; i > 20; i--) {
		text[i] = '0' + micro % 10;
		micro /= 10;
	}
	buf_put(b, text, sizeof(text) - 1);
}
