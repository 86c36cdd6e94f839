/* instance.c: see instance.h. */
#include "cmd/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/buf.h"
#include "support/log.h"

#define ANSWER_MAX (1 << 20)
#define REPLY_MAX 512

#define CONTROL "control.sock"
#define COMMAND "command.sock"

static int socket_address(const char *dir, const char *name, struct sockaddr_un *to)
{
	memset(to, 0, sizeof(*to));
	to->sun_family = AF_UNIX;
	if (snprintf(to->sun_path, sizeof(to->sun_path), "%s/%s", dir, name) >= (int)sizeof(to->sun_path))
		return -ENAMETOOLONG;
	return 0;
}

static int take_lock(struct instance *in)
{
	char path[300], pid[16] = "";
	int n;

	snprintf(path, sizeof(path), "%s/lock", in->dir);
	in->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (in->lock_fd < 0) {
		log_error("cannot open %s: %s", path, strerror(errno));
		return -errno;
	}
	if (flock(in->lock_fd, LOCK_EX | LOCK_NB)) {
		n = read(in->lock_fd, pid, sizeof(pid) - 1);
		pid[n > 0 ? n : 0] = '\0';
		pid[strcspn(pid, "\n")] = '\0';
		log_error("another metsuke (pid %s) runs with %s; a second one needs its own --runtime-dir and --pin-dir",
			  *pid ? pid : "unknown", in->dir);
		return -EBUSY;
	}
	n = snprintf(pid, sizeof(pid), "%d\n", getpid());
	if (ftruncate(in->lock_fd, 0) || pwrite(in->lock_fd, pid, n, 0) != n)
		log_warning("cannot write %s: %s", path, strerror(errno));
	return 0;
}

static int listen_at(const struct instance *in, const char *name, int type, int *ret_fd)
{
	struct sockaddr_un address;
	int err = socket_address(in->dir, name, &address);

	if (!err) {
		*ret_fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)unlink(address.sun_path); /* a leftover: the lock is ours */
		if (*ret_fd < 0 || bind(*ret_fd, (struct sockaddr *)&address, sizeof(address)) ||
		    chmod(address.sun_path, 0600) || listen(*ret_fd, 8))
			err = -errno;
	}
	if (err)
		log_error("cannot open the socket %s in %s: %s", name, in->dir, strerror(-err));
	return err;
}

int instance_open(struct instance *in, const char *dir)
{
	int err;

	in->lock_fd = in->listen_fd = in->command_fd = in->caller_fd = -1;
	snprintf(in->dir, sizeof(in->dir), "%s", dir);
	if (mkdir(dir, 0755) && errno != EEXIST) {
		err = -errno;
		log_error("cannot make the runtime folder %s: %s", dir, strerror(-err));
		return err;
	}
	err = take_lock(in);
	if (!err)
		err = listen_at(in, CONTROL, SOCK_STREAM, &in->listen_fd);
	if (!err)
		err = listen_at(in, COMMAND, SOCK_SEQPACKET, &in->command_fd);
	if (err) {
		if (in->lock_fd >= 0)
			close(in->lock_fd);
		in->lock_fd = -1;
	}
	return err;
}

static void close_at(const struct instance *in, const char *name, int fd)
{
	struct sockaddr_un address;

	if (!socket_address(in->dir, name, &address))
		(void)unlink(address.sun_path);
	close(fd);
}

static void hang_up(struct instance *in)
{
	if (in->caller_fd >= 0)
		close(in->caller_fd);
	in->caller_fd = -1;
}

void instance_close(struct instance *in)
{
	if (in->lock_fd < 0)
		return;
	hang_up(in);
	close_at(in, CONTROL, in->listen_fd);
	close_at(in, COMMAND, in->command_fd);
	close(in->lock_fd); /* the lock file stays: removing it would race with the next start */
	in->lock_fd = in->listen_fd = in->command_fd = -1;
}

bool instance_accept(struct instance *in)
{
	int fd = accept4(in->command_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return false;
	hang_up(in);
	in->caller_fd = fd;
	return true;
}

const char *instance_hear(struct instance *in, char *room, size_t size)
{
	ssize_t n = recv(in->caller_fd, room, size - 1, 0);

	if (n < 0 && errno == EAGAIN) /* the one before has gone, and this one has its number */
		return NULL;
	if (n <= 0) {
		hang_up(in);
		return NULL;
	}
	room[n] = '\0';
	return room;
}

void instance_reply(struct instance *in, const char *text)
{
	(void)!send(in->caller_fd, text, strlen(text), MSG_NOSIGNAL); /* one that does not wait gets none */
	hang_up(in);
}

void instance_answer(struct instance *in, const char *text, size_t len)
{
	int fd, room = len + 4096;

	while ((fd = accept4(in->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
		(void)!send(fd, text, len, MSG_NOSIGNAL); /* one that does not read gets less */
		close(fd);
	}
}

/* The descriptor, or -1 with errno. */
static int connect_to(const char *dir, const char *name, int type)
{
	struct sockaddr_un address;
	int fd, err = socket_address(dir, name, &address);

	if (err) {
		errno = -err;
		return -1;
	}
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		err = errno;
		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

char *instance_say(const char *dir, const char *text)
{
	int fd = connect_to(dir, COMMAND, SOCK_SEQPACKET);
	char *answer = fd < 0 ? NULL : calloc(1, REPLY_MAX + 1);
	int err;

	if (answer && (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0 || recv(fd, answer, REPLY_MAX, 0) <= 0)) {
		free(answer);
		answer = NULL;
	}
	err = errno;
	if (fd >= 0)
		close(fd);
	errno = err;
	return answer;
}

char *instance_ask(const char *dir)
{
	int fd = connect_to(dir, CONTROL, SOCK_STREAM);
	struct buf answer = { 0 };
	ssize_t n = 0;

	if (fd < 0)
		return NULL;
	while (answer.len < ANSWER_MAX && buf_room(&answer, 4097) &&
	       (n = read(fd, answer.data + answer.len, 4096)) > 0)
		answer.len += n;
	close(fd);
	buf_char(&answer, '\0');
	return answer.data;
}
