/* allow_file.c: see allow_file.h. */
#include "cmd/allow_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "detect/allow.h"
#include "support/buf.h"
#include "support/log.h"

#define MODE 0640 /* it says who visits what */

char *allow_who(void)
{
	const char *sudo = getenv("SUDO_USER"), *sudo_uid = getenv("SUDO_UID");
	const struct passwd *p = getpwuid(getuid());
	char *who;
	int n;

	if (!getuid() && sudo && sudo_uid)
		n = asprintf(&who, "%.64s (uid %.20s, by sudo)", sudo, sudo_uid);
	else
		n = asprintf(&who, "%.64s (uid %u)", p ? p->pw_name : "?", (unsigned int)getuid());
	if (n < 0)
		return NULL;
	for (char *c = who; *c; c++) /* an environment can hold anything */
		if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
			*c = '?';
	return who;
}

static bool is_of(const char *line, size_t len, const char *id)
{
	char why[ALLOW_REASON];
	struct allow_entry e;
	bool is = allow_parse(line, len, &e, why) && !strcmp(e.id, id);

	allow_entry_free(&e);
	return is;
}

/* 0 or -errno. */
static int read_file(const char *path, struct buf *text, mode_t *mode)
{
	char chunk[65536];
	struct stat st;
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &st))
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = -EINVAL;
	else
		*mode = st.st_mode & 0777;
	while (!err && (n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_put(text, chunk, n);
	if (!err && n < 0)
		err = -errno;
	if (!err && text->len > ALLOW_BYTES)
		err = -EFBIG;
	close(fd);
	return text->failed ? -ENOMEM : err;
}

static void change(const struct buf *from, struct buf *to, const char *id, const char *line, bool *ret_found)
{
	const char *at = from->data, *end = at + from->len;

	while (at < end) {
		const char *stop = memchr(at, '\n', end - at);

		stop = stop ? stop : end;
		if (is_of(at, stop - at, id)) {
			*ret_found = true;
		} else {
			buf_printf(to, "%.*s\n", (int)(stop - at), at);
		}
		at = stop + 1;
	}
	if (line)
		buf_printf(to, "%s\n", line);
}

static int write_all(int fd, const struct buf *text)
{
	for (size_t at = 0; at < text->len;) {
		ssize_t n = write(fd, text->data + at, text->len - at);

		if (n < 0 && errno != EINTR)
			return -errno;
		at += n > 0 ? n : 0;
	}
	return fsync(fd) ? -errno : 0;
}

/* Beside it, then in its place: a sensor that reads meanwhile sees the old file or the new one. A link stays a link. */
static int replace(const char *path, const struct buf *text, mode_t mode)
{
	char *target = realpath(path, NULL), *beside;
	int fd, err;

	if (asprintf(&beside, "%s.new", target ? target : path) < 0) {
		free(target);
		return -ENOMEM;
	}
	fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
	err = fd < 0 ? -errno : write_all(fd, text);
	if (!err && fchmod(fd, mode))
		err = -errno;
	if (fd >= 0 && close(fd) && !err)
		err = -errno;
	if (!err && rename(beside, target ? target : path))
		err = -errno;
	if (err && fd >= 0)
		(void)unlink(beside); /* nothing came of it */
	free(beside);
	free(target);
	return err;
}

/* The folder, locked; -errno. It is made where it is the last part that is missing. */
static int lock_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, slash == path ? 1 : slash - path) : strdup(".");
	int fd, err;

	if (!folder)
		return -ENOMEM;
	(void)mkdir(folder, 0750); /* it is there, or opening it says why not */
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = fd < 0 ? -errno : flock(fd, LOCK_EX) ? -errno : 0;
	free(folder);
	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

int allow_file_change(const char *path, const char *id, const char *line, bool *ret_found)
{
	struct buf from = { 0 }, to = { 0 };
	mode_t mode = MODE;
	int folder = lock_folder(path), err = folder < 0 ? folder : 0;

	*ret_found = false;
	if (!err)
		err = read_file(path, &from, &mode);
	if (!err)
		change(&from, &to, id, line, ret_found);
	if (!err && to.failed)
		err = -ENOMEM;
	if (!err && (line || *ret_found))
		err = replace(path, &to, mode);
	if (folder >= 0)
		close(folder);
	buf_free(&from);
	buf_free(&to);
	if (err == -EACCES || err == -EPERM)
		log_error("not permitted to change %s; use sudo", path);
	else if (err)
		log_error("%s: %s", path, strerror(-err));
	return err ? EXIT_FAILED : 0;
}
