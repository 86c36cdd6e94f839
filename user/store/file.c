/* file.c: see file.h. */
#include "store/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define APPLICATION_AT 68
#define DAMAGED_KEPT 9 /* the last number is used again: a bad disk must not fill itself */

static enum store_fault fault_of_errno(int err)
{
	switch (err) {
	case ENOSPC:
	case EDQUOT:
		return STORE_FULL;
	case EACCES:
	case EPERM:
	case EROFS:
	case ENOENT:
	case ENOTDIR:
		return STORE_UNWRITABLE;
	default:
		return STORE_FAILED;
	}
}

/* The folder alone, not those above it. */
static void make_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];

	if (!slash || slash == path || (size_t)(slash - path) >= sizeof(folder))
		return;
	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
	(void)mkdir(folder, 0750); /* it is there, or opening the file says why not */
}

static enum store_fault take_lock(struct store_file *f, char why[STORE_WHY])
{
	char name[PATH_MAX], holder[32] = "";
	ssize_t n;
	int err;

	if (f->lock_fd >= 0)
		return STORE_FINE;
	snprintf(name, sizeof(name), "%s.lock", f->path);
	f->lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (f->lock_fd < 0) {
		err = errno;
		snprintf(why, STORE_WHY, "cannot open %.400s: %s", name, strerror(err));
		return fault_of_errno(err);
	}
	if (!flock(f->lock_fd, LOCK_EX | LOCK_NB)) {
		n = snprintf(holder, sizeof(holder), "%d\n", getpid());
		(void)!ftruncate(f->lock_fd, 0); /* for people only */
		(void)!pwrite(f->lock_fd, holder, n, 0);
		return STORE_FINE;
	}
	n = pread(f->lock_fd, holder, sizeof(holder) - 1, 0);
	holder[n > 0 ? n : 0] = '\0';
	holder[strcspn(holder, "\n")] = '\0';
	snprintf(why, STORE_WHY,
		 "%.350s belongs to another metsuke (pid %s); give this one a store.path (-S) of its own", f->path,
		 *holder ? holder : "?");
	file_release(f);
	return STORE_LOCKED;
}

enum store_fault file_claim(struct store_file *f, char why[STORE_WHY])
{
	enum store_fault fault;
	struct stat st;
	int fd, err;

	make_folder(f->path);
	fault = take_lock(f, why);
	if (fault)
		return fault;
	/* O_NONBLOCK: a FIFO must not hold us up. */
	fd = open(f->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);
	if (fd < 0 || fstat(fd, &st)) {
		err = errno;
		snprintf(why, STORE_WHY, "cannot open %.400s: %s", f->path, strerror(err));
		if (fd >= 0)
			close(fd);
		return fault_of_errno(err);
	}
	close(fd);
	if (!S_ISREG(st.st_mode)) {
		snprintf(why, STORE_WHY, "%.450s is not a regular file", f->path);
		return STORE_FAILED;
	}
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	return STORE_FINE;
}

void file_release(struct store_file *f)
{
	if (f->lock_fd >= 0)
		close(f->lock_fd);
	f->lock_fd = -1;
}

bool file_is_same(const struct store_file *f)
{
	struct stat st;

	return !stat(f->path, &st) && st.st_dev == f->dev && st.st_ino == f->ino;
}

int file_move_aside(const struct store_file *f, char *to, size_t size)
{
	static const char *const beside[] = { "-wal", "-shm", "-journal" };
	char from[PATH_MAX], name[PATH_MAX];
	int n = 1;

	do {
		snprintf(to, size, "%s.damaged-%d", f->path, n);
	} while (!access(to, F_OK) && n++ < DAMAGED_KEPT);
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		snprintf(from, sizeof(from), "%s%s", f->path, beside[i]);
		snprintf(name, sizeof(name), "%s%s", to, beside[i]);
		if (rename(from, name) && errno != ENOENT)
			return -errno; /* the next database must not find the log of this one */
	}
	return rename(f->path, to) ? -errno : 0;
}

bool file_was_store(const char *path, int32_t application)
{
	static const char mark[16] = "SQLite format 3", zeros[APPLICATION_AT + 4];
	uint8_t head[APPLICATION_AT + 4] = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : pread(fd, head, sizeof(head), 0);
	uint32_t id;

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return false;
	memcpy(&id, head + APPLICATION_AT, sizeof(id));
	return !memcmp(head, mark, sizeof(mark)) || ntohl(id) == (uint32_t)application ||
	       !memcmp(head, zeros, sizeof(zeros));
}

uint64_t file_wal_bytes(const char *path)
{
	char name[PATH_MAX];
	struct stat st;

	snprintf(name, sizeof(name), "%s-wal", path);
	return stat(name, &st) ? 0 : st.st_size;
}
