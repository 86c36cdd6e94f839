/* instance.h: one sensor per runtime folder, and how others ask it what it is doing. */
#ifndef METSUKE_CMD_INSTANCE_H
#define METSUKE_CMD_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>

struct instance {
	int lock_fd;
	int listen_fd; /* control socket: whoever connects is sent one JSON object */
	int command_fd; /* command socket: whoever connects says one thing and is answered */
	int caller_fd;	/* who has connected there and said nothing yet; -1: nobody */
	char dir[256];
};

/* Makes the folder, takes the lock, opens the control socket. Returns 0 or -errno, logged: -EBUSY when
 * another sensor has the folder. */
int instance_open(struct instance *in, const char *dir);
void instance_close(struct instance *in);

/* Answers everybody who is connecting right now with text[0..len); never waits for them. */
void instance_answer(struct instance *in, const char *text, size_t len);

/* Somebody connects to the command socket: from now on caller_fd is to be watched. One at a time: a caller that said
 * nothing yet makes room for the next. False: nobody came. */
bool instance_accept(struct instance *in);

/* What the caller says, NUL-terminated, without waiting for it; NULL: nothing, and mostly the caller is gone. */
const char *instance_hear(struct instance *in, char *room, size_t size);

/* Answers the caller, who is gone afterwards. */
void instance_reply(struct instance *in, const char *text);

/* Says something to the sensor that runs with this folder. Returns its answer, owned by the caller; NULL with errno:
 * there is none. */
char *instance_say(const char *dir, const char *text);

/* The answer of the sensor that runs with this folder, NUL-terminated, owned by the caller; NULL with
 * errno: there is none. */
char *instance_ask(const char *dir);

#endif
