/* test_sink.c: every line arrives once, in order, or is counted as lost. */
#include "output/sink.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "unit.h"

static char dir[64];
static struct said said;

static const char *in_dir(const char *prefix, const char *name)
{
	static char room[4][256];
	static int next;
	char *path = room[next++ % 4];

	snprintf(path, 256, "%s%s/%s", prefix, dir, name);
	return path;
}

static struct sink *open_sink(const char *spec, struct sink_options options)
{
	char error[256] = "";
	struct sink *s;

	if (!options.queue_bytes)
		options.queue_bytes = 1 << 20;
	s = sink_open(spec, &options, error, sizeof(error));
	if (!s)
		fail_msg("%s", error);
	return s;
}

/* Lines "line 0000000 xxx...\n" of `len` bytes each, numbered from `from` on. */
static void push(struct sink *s, int from, int n, int len)
{
	char line[4096];

	for (int i = from; i < from + n; i++) {
		int at = snprintf(line, sizeof(line), "line %07d ", i);

		memset(line + at, 'x', len - at - 1);
		line[len - 1] = '\n';
		sink_push(s, line, len, 1);
	}
}

/* Every line in text is whole; returns how many there are, *next is the number after the last one, and
 * numbers only go up. */
static int check_lines(const char *text, size_t size, int len, int *next)
{
	int n = 0;

	assert_int_equal(size % len, 0);
	for (const char *at = text; at < text + size; at += len, n++) {
		assert_memory_equal(at, "line ", 5);
		assert_in_range(atoi(at + 5), *next, INT32_MAX);
		*next = atoi(at + 5) + 1;
		assert_int_equal(at[len - 1], '\n');
		assert_ptr_equal(memchr(at, '\n', len), at + len - 1);
	}
	return n;
}

static char *slurp(const char *path, size_t *ret_size)
{
	FILE *f = fopen(path, "re");
	char *text = malloc(8 << 20);

	if (!f) {
		free(text);
		return NULL;
	}
	*ret_size = fread(text, 1, 8 << 20, f);
	fclose(f);
	return text;
}

static int lines_of(const char *path, int len, int *next)
{
	size_t size;
	char *text = slurp(path, &size);
	int n;

	if (!text)
		return -1;
	n = check_lines(text, size, len, next);
	free(text);
	return n;
}

/* Until it is so, for five seconds at most. */
#define wait_until(condition)                                          \
	do {                                                           \
		for (int i = 0; i < 500 && !(condition); i++)          \
			usleep(10000);                                 \
		if (!(condition))                                      \
			fail_msg("never: %s", #condition);             \
	} while (0)

/* A socket to listen on; the backlog alone lets a client connect. */
static int listen_at(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(to.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

/* Reads a connection to its end, in another thread: the sink may be the one that waits. */
struct reader {
	pthread_t thread;
	int listen_fd;
	int pause_us; /* between two reads */
	size_t size;
	char text[8 << 20];
};

static void *read_all(void *arg)
{
	struct reader *r = arg;
	int fd = accept(r->listen_fd, NULL, NULL);
	ssize_t n;

	while (r->size < sizeof(r->text) && (n = read(fd, r->text + r->size, 65536)) > 0) {
		r->size += n;
		if (r->pause_us)
			usleep(r->pause_us);
	}
	close(fd);
	return NULL;
}

static struct reader reader;

static void start_reader(int listen_fd, int pause_us)
{
	reader.listen_fd = listen_fd;
	reader.pause_us = pause_us;
	reader.size = 0;
	assert_int_equal(pthread_create(&reader.thread, NULL, read_all, &reader), 0);
}

static void end_reader(void)
{
	pthread_join(reader.thread, NULL);
	close(reader.listen_fd);
}

static void test_specs(void **state)
{
	static const char *const bad[] = { "", "file:", "unix:", "tcp:1", "--", "file", "/tmp/x", "FILE:/tmp/x" };
	char path[300] = "unix:/", error[512];
	struct sink_options options = { .queue_bytes = 65536 };

	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_null(sink_open(bad[i], &options, error, sizeof(error)));
		assert_non_null(strstr(error, "expected -, file:PATH or unix:PATH"));
		assert_non_null(strstr(error, bad[i]));
	}
	memset(path + 6, 'x', 107); /* 108 characters: no room for the NUL */
	assert_null(sink_open(path, &options, error, sizeof(error)));
	assert_non_null(strstr(error, "at most 107 bytes"));
	path[5 + 107] = '\0';
	sink_close(open_sink(path, options), 0);
	assert_null(sink_open("file:/nonexistent/x", &options, error, sizeof(error)));
	assert_string_equal(error, "cannot open /nonexistent/x: No such file or directory");
}

static void test_file(void **state)
{
	struct sink *s = open_sink(in_dir("file:", "plain"), (struct sink_options){ 0 });
	const char *path = in_dir("", "plain");
	struct stat st;
	int next = 0;

	push(s, 0, 1000, 40);
	sink_close(s, 5);
	assert_int_equal(lines_of(path, 40, &next), 1000);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	s = open_sink(in_dir("file:", "plain"), (struct sink_options){ .wait = true }); /* adds to what is there */
	push(s, 1000, 10, 40);
	assert_int_equal(sink_stats(s).sent, 10);
	assert_int_equal(sink_stats(s).dropped, 0);
	sink_close(s, 5);
	next = 0;
	assert_int_equal(lines_of(path, 40, &next), 1010);
}

/* Rotated files from the oldest to the current one hold all lines in order, none of them too large. */
static void check_rotation(bool wait)
{
	struct sink *s = open_sink(in_dir("file:", "turn"),
				   (struct sink_options){ .wait = wait, .rotate_bytes = 1000, .keep = 500 });
	int next = 0, total = 0, files = 0;
	char name[32];

	push(s, 0, 3000, 60); /* 16 lines a file */
	if (!wait)
		wait_until(sink_stats(s).sent == 3000);
	assert_int_equal(sink_stats(s).sent, 3000);
	sink_close(s, 5);
	for (int i = 500; i >= 0; i--) {
		struct stat st;

		snprintf(name, sizeof(name), i ? "turn.%d" : "turn", i);
		if (stat(in_dir("", name), &st))
			continue;
		assert_in_range(st.st_size, 1, 1000);
		total += lines_of(in_dir("", name), 60, &next);
		assert_int_equal(next, total); /* no gap */
		unlink(in_dir("", name));
		files++;
	}
	assert_int_equal(total, 3000);
	assert_int_equal(files, 188);
}

static void test_rotation(void **state)
{
	check_rotation(false);
	check_rotation(true);
}

static void test_rotation_keeps_few(void **state)
{
	struct sink *s = open_sink(in_dir("file:", "few"),
				   (struct sink_options){ .wait = true, .rotate_bytes = 100, .keep = 2 });
	int next = 0;

	push(s, 0, 10, 50); /* two lines a file */
	sink_close(s, 5);
	assert_int_equal(lines_of(in_dir("", "few.2"), 50, &next), 2);
	assert_int_equal(lines_of(in_dir("", "few.1"), 50, &next), 2);
	assert_int_equal(lines_of(in_dir("", "few"), 50, &next), 2);
	assert_int_equal(next, 10);
	assert_int_equal(access(in_dir("", "few.3"), F_OK), -1);
	/* Nothing kept. */
	s = open_sink(in_dir("file:", "none"), (struct sink_options){ .wait = true, .rotate_bytes = 100 });
	push(s, 0, 5, 50);
	sink_close(s, 5);
	next = 0;
	assert_int_equal(lines_of(in_dir("", "none"), 50, &next), 1);
	assert_int_equal(next, 5);
	assert_int_equal(access(in_dir("", "none.1"), F_OK), -1);
}

/* A line longer than a file may be has one of its own. */
static void test_rotation_of_long_lines(void **state)
{
	struct sink *s = open_sink(in_dir("file:", "long"),
				   (struct sink_options){ .wait = true, .rotate_bytes = 100, .keep = 9 });
	int next = 0;

	push(s, 0, 3, 300);
	sink_close(s, 5);
	assert_int_equal(lines_of(in_dir("", "long.2"), 300, &next), 1);
	assert_int_equal(lines_of(in_dir("", "long.1"), 300, &next), 1);
	assert_int_equal(lines_of(in_dir("", "long"), 300, &next), 1);
}

static void test_rotation_by_time(void **state)
{
	struct sink *s = open_sink(in_dir("file:", "time"),
				   (struct sink_options){ .wait = true, .rotate_seconds = 1, .keep = 9 });
	int next = 0;

	push(s, 0, 2, 50);
	usleep(2100000);
	push(s, 2, 1, 50);
	sink_close(s, 5);
	assert_int_equal(lines_of(in_dir("", "time.1"), 50, &next), 2);
	assert_int_equal(lines_of(in_dir("", "time"), 50, &next), 1);
}

/* logrotate renames, then sends SIGHUP. */
static void test_reopen(void **state)
{
	struct sink *s = open_sink(in_dir("file:", "open"), (struct sink_options){ 0 });
	int next = 0;

	push(s, 0, 5, 50);
	wait_until(sink_stats(s).sent == 5);
	assert_int_equal(rename(in_dir("", "open"), in_dir("", "moved")), 0);
	push(s, 5, 5, 50);
	wait_until(sink_stats(s).sent == 10);
	assert_int_equal(access(in_dir("", "open"), F_OK), -1);
	sink_reopen(s);
	wait_until(access(in_dir("", "open"), F_OK) == 0);
	push(s, 10, 5, 50);
	sink_close(s, 5);
	assert_int_equal(lines_of(in_dir("", "moved"), 50, &next), 10);
	assert_int_equal(lines_of(in_dir("", "open"), 50, &next), 5);
	assert_int_equal(next, 15);
}

/* The disk is full in the middle of a line: what follows later still starts a line. */
static void test_full_disk(void **state)
{
	struct sink *s = open_sink(in_dir("file:", "full"), (struct sink_options){ .wait = true });
	struct rlimit limit, was;
	int next = 0;

	(void)signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &was);
	limit = was;
	limit.rlim_cur = 125; /* two and a half lines */
	setrlimit(RLIMIT_FSIZE, &limit);
	said_start(&said);
	push(s, 0, 4, 50);
	setrlimit(RLIMIT_FSIZE, &was);
	assert_int_equal(sink_stats(s).sent, 2);
	assert_int_equal(sink_stats(s).dropped, 2);
	assert_int_not_equal(sink_stats(s).errors, 0);
	assert_true(sink_stats(s).broken);
	push(s, 4, 2, 50);
	said_end(&said);
	assert_int_equal(sink_stats(s).sent, 4);
	assert_false(sink_stats(s).broken);
	sink_close(s, 5);
	assert_int_equal(lines_of(in_dir("", "full"), 50, &next), 4);
	assert_non_null(strstr(said.text, "File too large"));
	assert_non_null(strstr(said.text, "works again"));
}

static void test_unix(void **state)
{
	struct sink *s;
	int next = 0;

	start_reader(listen_at(in_dir("", "sock")), 0);
	s = open_sink(in_dir("unix:", "sock"), (struct sink_options){ 0 });
	push(s, 0, 2000, 60);
	sink_close(s, 5);
	end_reader();
	assert_int_equal(check_lines(reader.text, reader.size, 60, &next), 2000);
}

/* Nobody listens at first: the lines wait in the queue and arrive with the later ones. */
static void test_unix_that_appears_later(void **state)
{
	struct sink *s = open_sink(in_dir("unix:", "later"), (struct sink_options){ 0 });
	struct sink_stats stats;
	int next = 0, pushed = 10;

	said_start(&said);
	push(s, 0, 10, 50);
	wait_until(sink_stats(s).broken);
	assert_int_not_equal(sink_stats(s).errors, 0);
	start_reader(listen_at(in_dir("", "later")), 0);
	for (; pushed < 500 && !sink_stats(s).sent; pushed++) {
		push(s, pushed, 1, 50);
		usleep(10000);
	}
	push(s, pushed++, 1, 50);
	wait_until(sink_stats(s).queued == 0 && sink_stats(s).sent + sink_stats(s).dropped == (unsigned int)pushed);
	stats = sink_stats(s);
	sink_close(s, 5);
	said_end(&said);
	end_reader();
	assert_false(stats.broken);
	assert_int_equal(stats.dropped, 0);
	assert_int_equal(check_lines(reader.text, reader.size, 50, &next), pushed);
	assert_non_null(strstr(said.text, "works again"));
}

/* The other side goes away and comes back. */
static void test_unix_reconnects(void **state)
{
	int listen_fd = listen_at(in_dir("", "back")), fd, next = 0, pushed = 1;
	struct sink *s = open_sink(in_dir("unix:", "back"), (struct sink_options){ 0 });
	char line[64];

	said_start(&said);
	push(s, 0, 1, 50);
	fd = accept(listen_fd, NULL, NULL);
	assert_int_equal(read(fd, line, 50), 50);
	close(fd);
	start_reader(listen_fd, 0);
	for (; pushed < 300 && sink_stats(s).errors == 0; pushed++) {
		push(s, pushed, 1, 50);
		usleep(1000);
	}
	for (uint64_t sent = sink_stats(s).sent; pushed < 600 && sink_stats(s).sent == sent; pushed++) {
		push(s, pushed, 1, 50);
		usleep(10000);
	}
	sink_close(s, 5);
	said_end(&said);
	end_reader();
	assert_in_range(check_lines(reader.text, reader.size, 50, &next), 1, pushed);
	assert_int_equal(next, pushed);
}

/* Nobody reads: what fits waits, the newest lines are dropped. */
static void test_overflow_drops_the_newest(void **state)
{
	int listen_fd = listen_at(in_dir("", "slow")), next = 0;
	struct sink *s = open_sink(in_dir("unix:", "slow"), (struct sink_options){ .queue_bytes = 65536 });
	struct sink_stats stats;
	unsigned int kept;

	push(s, 0, 20000, 100);
	stats = sink_stats(s);
	assert_in_range(stats.queued, 60000, 65536);
	assert_in_range(stats.dropped, 1000, 19999);
	kept = 20000 - stats.dropped;
	start_reader(listen_fd, 0);
	said_start(&said);
	wait_until(sink_stats(s).sent == kept);
	assert_int_equal(sink_stats(s).dropped, stats.dropped);
	push(s, 20000, 1, 100); /* there is room again */
	sink_close(s, 5);
	said_end(&said);
	end_reader();
	assert_int_equal(check_lines(reader.text, reader.size, 100, &next), kept + 1);
	assert_int_equal(next, 20001);
	assert_memory_equal(reader.text, "line 0000000 ", 13);
	assert_non_null(strstr(said.text, "lines lost"));
}

/* Queued lines that nobody ever reads hold nobody up, and are counted. */
static void test_close_gives_up(void **state)
{
	int listen_fd = listen_at(in_dir("", "never"));
	struct sink *s = open_sink(in_dir("unix:", "never"), (struct sink_options){ 0 });
	struct timespec before, after;
	char expected[64];
	int arrived;

	push(s, 0, 8000, 100);
	said_start(&said);
	clock_gettime(CLOCK_MONOTONIC, &before);
	sink_close(s, 1);
	clock_gettime(CLOCK_MONOTONIC, &after);
	said_end(&said);
	assert_in_range(after.tv_sec - before.tv_sec, 0, 3);
	start_reader(listen_fd, 0); /* what arrived all the same is not called lost */
	end_reader();
	arrived = reader.size / 100;
	assert_in_range(arrived, 1, 7999);
	snprintf(expected, sizeof(expected), "never: %d lines lost", 8000 - arrived);
	assert_non_null(strstr(said.text, expected));
}

static void test_wait_loses_nothing(void **state)
{
	struct sink *s;
	int next = 0;

	start_reader(listen_at(in_dir("", "wait")), 2000);
	s = open_sink(in_dir("unix:", "wait"), (struct sink_options){ .queue_bytes = 65536, .wait = true });
	push(s, 0, 30000, 100);
	assert_int_equal(sink_stats(s).sent, 30000);
	assert_int_equal(sink_stats(s).dropped, 0);
	sink_close(s, 60);
	end_reader();
	assert_int_equal(check_lines(reader.text, reader.size, 100, &next), 30000);
}

/* Standard output whose reader has left never comes back. */
static void check_closed_stdout(bool wait)
{
	struct sink *s = open_sink("-", (struct sink_options){ .wait = wait });
	int ends[2], saved = dup(STDOUT_FILENO), i;
	bool gone;

	assert_int_equal(pipe(ends), 0);
	fflush(stdout);
	dup2(ends[1], STDOUT_FILENO);
	close(ends[0]);
	close(ends[1]);
	said_start(&said);
	for (i = 0; i < 100 && !sink_stats(s).gone; i++) {
		push(s, i, 1, 50);
		usleep(10000);
	}
	gone = sink_stats(s).gone;
	push(s, i, 1000, 50);
	assert_int_equal(sink_stats(s).sent, 0);
	assert_int_equal(sink_stats(s).dropped, i + 1000);
	sink_close(s, 5);
	said_end(&said);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	assert_true(gone);
	assert_non_null(strstr(said.text, "Broken pipe"));
}

static void test_closed_stdout(void **state)
{
	check_closed_stdout(false);
	check_closed_stdout(true);
}

static int set_up(void **state)
{
	strcpy(dir, "/tmp/metsuke-sink-XXXXXX");
	(void)signal(SIGPIPE, SIG_IGN);
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_specs),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_rotation),
		cmocka_unit_test(test_rotation_keeps_few),
		cmocka_unit_test(test_rotation_of_long_lines),
		cmocka_unit_test(test_rotation_by_time),
		cmocka_unit_test(test_reopen),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_unix),
		cmocka_unit_test(test_unix_that_appears_later),
		cmocka_unit_test(test_unix_reconnects),
		cmocka_unit_test(test_overflow_drops_the_newest),
		cmocka_unit_test(test_close_gives_up),
		cmocka_unit_test(test_wait_loses_nothing),
		cmocka_unit_test(test_closed_stdout),
	};

	return cmocka_run_group_tests_name("sink", tests, set_up, tear_down);
}
