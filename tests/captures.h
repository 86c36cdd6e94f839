/* captures.h: the captures that ../shared (or $METSUKE_SHARED) lends to the tests; nothing is copied. */
#ifndef METSUKE_TESTS_CAPTURES_H
#define METSUKE_TESTS_CAPTURES_H

#include <linux/types.h>

#include "packet.h"

struct captures {
	unsigned int n;
	char **paths;
};

/* NULL: there are none; a skip with the reason was printed. */
const struct captures *captures_all(void);
const char *capture_name(const char *path);

/* Every frame of a capture to look(); it stops where look() says what is wrong. Returns that, or NULL.
 * *ret_frame is the frame's number. A link type that the parser does not know has no frames. */
const char *capture_each(const char *path,
			 const char *(*look)(void *ctx, enum link_type link, const __u8 *data, unsigned int len),
			 void *ctx, unsigned int *ret_frame);

#endif
