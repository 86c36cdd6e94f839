/* instance.h: one sensor per runtime folder, and how others ask it what it is doing. */
#ifndef METSUKE_CMD_INSTANCE_H
#define METSUKE_CMD_INSTANCE_H

#include <stddef.h>

struct instance {
	int lock_fd;
	int listen_fd; /* control socket: whoever connects is sent one JSON object */
	char dir[256];
};

/* Makes the folder, takes the lock, opens the control socket. Returns 0 or -errno, logged: -EBUSY when
 * another sensor has the folder. */
int instance_open(struct instance *in, const char *dir);
void instance_close(struct instance *in);

/* Answers everybody who is connecting right now with text[0..len); never waits for them. */
void instance_answer(struct instance *in, const char *text, size_t len);

/* The answer of the sensor that runs with this folder, NUL-terminated, owned by the caller; NULL with
 * errno: there is none. */
char *instance_ask(const char *dir);

#endif
