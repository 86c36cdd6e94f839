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

static int socket_address(const char *dir, struct sockaddr_un *to)
{
	memset(to, 0, sizeof(*to));
	to->sun_family = AF_UNIX;
	if (snprintf(to->sun_path, sizeof(to->sun_path), "%s/control.sock", dir) >= (int)sizeof(to->sun_path))
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

static int listen_control(struct instance *in)
{
	struct sockaddr_un address;
	int err = socket_address(in->dir, &address);

	if (!err) {
		in->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)unlink(address.sun_path); /* a leftover: the lock is ours */
		if (in->listen_fd < 0 || bind(in->listen_fd, (struct sockaddr *)&address, sizeof(address)) ||
		    chmod(address.sun_path, 0600) || listen(in->listen_fd, 8))
			err = -errno;
	}
	if (err)
		log_error("cannot open the control socket in %s: %s", in->dir, strerror(-err));
	return err;
}

int instance_open(struct instance *in, const char *dir)
{
	int err;

	in->lock_fd = in->listen_fd = -1;
	snprintf(in->dir, sizeof(in->dir), "%s", dir);
	if (mkdir(dir, 0755) && errno != EEXIST) {
		err = -errno;
		log_error("cannot make the runtime folder %s: %s", dir, strerror(-err));
		return err;
	}
	err = take_lock(in);
	if (!err)
		err = listen_control(in);
	if (err) {
		if (in->lock_fd >= 0)
			close(in->lock_fd);
		in->lock_fd = -1;
	}
	return err;
}

void instance_close(struct instance *in)
{
	struct sockaddr_un address;

	if (in->lock_fd < 0)
		return;
	if (!socket_address(in->dir, &address))
		(void)unlink(address.sun_path);
	close(in->listen_fd);
	close(in->lock_fd); /* the lock file stays: removing it would race with the next start */
	in->lock_fd = in->listen_fd = -1;
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

char *instance_ask(const char *dir)
{
	struct sockaddr_un address;
	struct buf answer = { 0 };
	int fd, err = socket_address(dir, &address);
	ssize_t n = 0;

	if (err) {
		errno = -err;
		return NULL;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return NULL;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		err = errno;
		close(fd);
		errno = err;
		return NULL;
	}
	while (answer.len < ANSWER_MAX && buf_room(&answer, 4097) &&
	       (n = read(fd, answer.data + answer.len, 4096)) > 0)
		answer.len += n;
	close(fd);
	buf_char(&answer, '\0');
	return answer.data;
}
