/* links.h: what the machine's network looks like now: interfaces that come and go, its own addresses,
 * the interface of the default route. */
#ifndef METSUKE_CAPTURE_LINKS_H
#define METSUKE_CAPTURE_LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct links;

/* NULL with errno. */
struct links *links_new(void);
void links_free(struct links *l);

/* Readable when something changed. */
int links_fd(const struct links *l);

/* Empties the descriptor and reads the machine's addresses again. */
void links_read(struct links *l);

bool links_is_local(const struct links *l, const uint8_t ip[16]);

/* Name of the interface with the default route (IPv4 first) into name; false: there is none. */
bool links_default_interface(char *name, size_t size);

/* Does the resolver configuration name an address of this machine's loopback? */
bool links_stub_resolver(void);

#endif
