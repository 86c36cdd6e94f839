/* frame.h: the native half of what include/extract.h asks for: a frame is a flat buffer. */
#ifndef METSUKE_CAPTURE_FRAME_H
#define METSUKE_CAPTURE_FRAME_H

#include <string.h>

struct frame {
	const unsigned char *data;
	unsigned int len; /* bytes that were captured */
};

static inline int frame_load(struct frame *f, unsigned int off, void *to, unsigned int len)
{
	if (off > f->len || len > f->len - off)
		return -1;
	/* Knowing the bound, gcc 12 copies in place with rep movs, which costs more than the whole of a short
	 * message's walk. */
	asm("" : "+r"(len));
	memcpy(to, f->data + off, len);
	return 0;
}

static inline unsigned int frame_len(struct frame *f)
{
	return f->len;
}

static inline int frame_may_go_on(struct frame *f)
{
	(void)f;
	return 0;
}

#include "extract.h"

#endif
