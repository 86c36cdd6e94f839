/* http.h: the head of an HTTP/1 request (RFC 9112 3 and 5): request line and the header fields that
 * somebody reads. Eight bytes a step; nothing is copied here, fields come out as offset and length.
 *
 * The head stands at msg[0..end), inside an array of at least MESSAGE_BYTES. Loads are
 * little-endian words at any address, which the supported machines allow. */
#ifndef METSUKE_HTTP_H
#define METSUKE_HTTP_H

#include "bounded.h"
#include "counters.h"
#include "record.h"

#define HTTP_STEPS 1024 /* HTTP_MAX / 8 words and as many line ends */
#define HTTP_WORDS 8 /* looked at in a step: a step costs as much as a few words */
#define HTTP_NO_VERSION 255

struct http_span {
	__u16 off;
	__u16 len;
};

/* Kept in map memory by the BPF build. */
struct http_walk {
	__u64 pos;
	__u64 end;
	__u64 line_start;
	struct http_span field[N_HTTP_FIELDS];
	__u32 head_len; /* with the blank line; 0 until it is seen */
	__u16 have;	/* bit per http_field */
	__u16 marks;
	__u8 minor;
	__u8 chunked;
	__u8 lines;
	__u8 not_http; /* the first line is no request line */
	__u8 carry;    /* continuation: the current line had bytes in the segment before */
};

struct http_step_ctx {
	struct http_walk *walk;
	const __u8 *msg;
};

/* Word constant of up to eight characters, first one lowest. */
#define WORD4(a, b, c, d) \
	((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24)
#define WORD8(a, b, c, d, e, f, g, h) (WORD4(a, b, c, d) | WORD4(e, f, g, h) << 32)

static __always_inline __u64 http_load(const __u8 *msg, __u64 at)
{
	BOUND(at, MESSAGE_MASK);
	return *(const loose64 *)(msg + at);
}

/* High bit of each byte of w that equals c; exact for the lowest such byte, which is all that is used. */
static __always_inline __u64 http_find(__u64 w, __u8 c)
{
	w ^= 0x0101010101010101ULL * c;
	return (w - 0x0101010101010101ULL) & ~w & 0x8080808080808080ULL;
}

/* Number of the lowest byte that http_find() marked. */
static __always_inline __u32 http_first(__u64 found)
{
	return (((found - 1) & 0x0101010101010101ULL) * 0x0101010101010101ULL >> 56) - 1;
}

/* Does the payload begin like a request? Three capital letters open every method in use (RFC 9110 9,
 * the IANA registry); the rest is decided on the whole line. */
static __always_inline int http_may_start(__u32 first4)
{
	__u32 upper = first4 & 0xffffff;

	/* Each byte in 'A'..'Z': adding 0x3f sets the high bit from 'A' on, adding 0x25 from '[' on. */
	return !(upper & 0x808080) && ((upper + 0x3f3f3f) & 0x808080) == 0x808080 &&
	       !((upper + 0x252525) & 0x808080);
}

/* One of the methods of RFC 9110 9.3 and RFC 5789, by its first bytes and the space behind it: these
 * are taken for requests even before the version is seen. */
static __always_inline int http_known_method(__u64 w)
{
	__u64 w4 = w & 0xffffffff, w5 = w & 0xffffffffffULL, w6 = w & 0xffffffffffffULL;
	__u64 w7 = w & 0xffffffffffffffULL;

	return w4 == WORD4('G', 'E', 'T', ' ') || w5 == WORD8('P', 'O', 'S', 'T', ' ', 0, 0, 0) ||
	       w5 == WORD8('H', 'E', 'A', 'D', ' ', 0, 0, 0) || w4 == WORD4('P', 'U', 'T', ' ') ||
	       w7 == WORD8('D', 'E', 'L', 'E', 'T', 'E', ' ', 0) ||
	       w == WORD8('O', 'P', 'T', 'I', 'O', 'N', 'S', ' ') ||
	       w == WORD8('C', 'O', 'N', 'N', 'E', 'C', 'T', ' ') ||
	       w6 == WORD8('T', 'R', 'A', 'C', 'E', ' ', 0, 0) ||
	       w6 == WORD8('P', 'A', 'T', 'C', 'H', ' ', 0, 0);
}

/* Length of the method at the start of the message: up to the first space in its first 32 bytes, or 0. */
static __always_inline __u32 http_method_len(const __u8 *msg)
{
	for (__u32 i = 0; i < 4; i++) {
		__u64 found = http_find(*(const loose64 *)(msg + 8 * i), ' ');

		if (found)
			return 8 * i + http_first(found);
	}
	return 0;
}

/* Does the message msg[0..len) begin with a known method and its space? Not with what lies behind it. */
static __always_inline int http_known_start(const __u8 *msg, __u64 len)
{
	return http_method_len(msg) < len && http_known_method(http_load(msg, 0));
}

/* The first line, msg[0..len) without its line end. */
static __always_inline void http_request_line(struct http_walk *w, const __u8 *msg, __u64 len)
{
	__u32 method = http_method_len(msg);
	__u64 version, at = len - 8;

	if (method < 3 || method > HTTP_METHOD_MAX || len <= method + 1) {
		w->not_http = 1;
		return;
	}
	w->field[HTTP_METHOD].off = 0;
	w->field[HTTP_METHOD].len = method;
	w->field[HTTP_TARGET].off = method + 1;
	w->have = 1 << HTTP_METHOD | 1 << HTTP_TARGET;
	version = http_load(msg, at);
	if (len >= method + 10 &&
	    (version & 0xffffffffffffffULL) == WORD8('H', 'T', 'T', 'P', '/', '1', '.', 0) &&
	    (version >> 56) >= '0' && (version >> 56) <= '9' && (http_load(msg, at - 1) & 0xff) == ' ') {
		w->minor = (version >> 56) - '0';
		w->field[HTTP_TARGET].len = len - method - 10;
	} else if (http_known_method(http_load(msg, 0))) {
		w->marks |= MARK_no_version;
		w->field[HTTP_TARGET].len = len - method - 1;
	} else {
		w->not_http = 1;
	}
}

static __always_inline void http_set(struct http_walk *w, __u32 field, __u64 off, __u64 end)
{
	if (w->have & 1 << field)
		return; /* the first one counts; RFC 9112 3.2 refuses a second Host anyway */
	w->have |= 1 << field;
	w->field[field].off = off;
	w->field[field].len = end - off;
}

/* Letters without case; what is no letter has to be the same byte. */
#define LOWER8(a, b, c, d, e, f, g, h) WORD8(LOW(a), LOW(b), LOW(c), LOW(d), LOW(e), LOW(f), LOW(g), LOW(h))
#define LOW(c) ((c) >= 'a' && (c) <= 'z' ? 0x20 : 0)
#define SAME8(w, ...) (((w) | LOWER8(__VA_ARGS__)) == WORD8(__VA_ARGS__))

/* A header field line, msg[start..end) without its line end; names compare without case. */
static __always_inline void http_header_line(struct http_walk *w, const __u8 *msg, __u64 start, __u64 end)
{
	__u64 first = http_load(msg, start), next = http_load(msg, start + 8);

	if (end - start < 5)
		return;
	if (SAME8(first & 0xffffffffffULL, 'h', 'o', 's', 't', ':', 0, 0, 0)) {
		http_set(w, HTTP_HOST, start + 5, end);
	} else if (end - start < 8) {
		return;
	} else if (SAME8(first, 'r', 'e', 'f', 'e', 'r', 'e', 'r', ':')) {
		http_set(w, HTTP_REFERRER, start + 8, end);
	} else if (end - start < 11) {
		return;
	} else if (SAME8(first, 'u', 's', 'e', 'r', '-', 'a', 'g', 'e')) {
		if (SAME8(next & 0xffffff, 'n', 't', ':', 0, 0, 0, 0, 0))
			http_set(w, HTTP_AGENT, start + 11, end);
	} else if (end - start >= 15 && SAME8(first, 'c', 'o', 'n', 't', 'e', 'n', 't', '-')) {
		if (SAME8(next & 0xffffffffffffffULL, 'l', 'e', 'n', 'g', 't', 'h', ':', 0))
			http_set(w, HTTP_LENGTH, start + 15, end);
	} else if (end - start >= 18 && SAME8(first, 't', 'r', 'a', 'n', 's', 'f', 'e', 'r')) {
		if (SAME8(next, '-', 'e', 'n', 'c', 'o', 'd', 'i', 'n') &&
		    SAME8(http_load(msg, start + 16) & 0xffff, 'g', ':', 0, 0, 0, 0, 0, 0))
			w->chunked = 1;
	}
}

/* Eight bytes on, or to the end of the line that ends in them. */
static long http_step(__u32 index, void *ctx)
{
	struct http_step_ctx *c = ctx;
	struct http_walk *w = c->walk;
	const __u8 *msg = c->msg;
	__u64 pos = w->pos, start = w->line_start, line_end, found = 0;

	(void)index;
	if (pos >= w->end)
		return 1;
	for (__u32 i = 0; i < HTTP_WORDS; i++, pos += 8) {
		found = http_find(http_load(msg, pos), '\n');
		if (found)
			break;
	}
	if (!found) {
		w->pos = pos;
		return 0;
	}
	line_end = pos + http_first(found);
	if (line_end >= w->end) /* it stands in what lies behind the message */
		return 1;
	w->pos = line_end + 1;
	w->line_start = line_end + 1;
	if (line_end > start && (http_load(msg, line_end - 1) & 0xff) == '\r')
		line_end--;
	if (line_end == start && !w->carry) {
		w->head_len = w->pos;
		return 1;
	}
	w->carry = 0;
	if (w->lines == 0) {
		w->lines = 1;
		http_request_line(w, msg, line_end);
		return w->not_http ? 1 : 0;
	}
	http_header_line(w, msg, start, line_end);
	return 0;
}

static __always_inline void http_walk_clear(struct http_walk *w, __u64 len)
{
	w->pos = 0;
	w->end = len;
	w->line_start = 0;
	for (__u32 i = 0; i < N_HTTP_FIELDS; i++)
		w->field[i] = (struct http_span){ 0, 0 };
	w->head_len = 0;
	w->have = 0;
	w->marks = 0;
	w->minor = HTTP_NO_VERSION;
	w->chunked = 0;
	w->lines = 0;
	w->not_http = 0;
	w->carry = 0;
}

/* Walks a head that starts at msg[0]. Afterwards: not_http set = no request; lines == 0 = not even the
 * request line is whole; head_len == 0 = the head goes on beyond the message. */
static __always_inline void http_walk_head(struct http_walk *w, const __u8 *msg, __u64 len)
{
	struct http_step_ctx ctx = { .walk = w, .msg = msg };

	http_walk_clear(w, len);
	LOOP(HTTP_STEPS, http_step, &ctx);
}

/* Walks a later segment of a head only to find its end. carry: the line that is going on has bytes in
 * the segment before. Leaves head_len, and carry for the segment after. */
static __always_inline void http_walk_more(struct http_walk *w, const __u8 *msg, __u64 len, int carry)
{
	struct http_step_ctx ctx = { .walk = w, .msg = msg };

	http_walk_clear(w, len);
	w->lines = 1;
	w->carry = carry;
	LOOP(HTTP_STEPS, http_step, &ctx);
}

/* After either walk: does the line that the message ends in have bytes? A lone CR counts as none: its
 * LF opens the next segment. */
static __always_inline int http_carry(const struct http_walk *w, const __u8 *msg)
{
	__u64 len = w->end - w->line_start;

	if (len == 1 && (http_load(msg, w->line_start) & 0xff) == '\r')
		len = 0;
	return len > 0 || w->carry;
}

#endif
