/* verifier-budget.c: loads BPF objects and prints how many instructions the verifier walked for each
 * program; with a refusal, the end of its log. usage: verifier-budget LIMIT OBJECT...
 * VLOG=1 or 2: the verifier's log level for that */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_BYTES (16 << 20)
#define LOG_TAIL 6000
#define MAX_PROGRAMS 32

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

/* The verifier's own words: "processed N insns (limit 1000000) ...". */
static long processed(const char *log)
{
	const char *last = NULL, *at = log;

	while ((at = strstr(at, "processed ")))
		last = at++;
	return last ? strtol(last + strlen("processed "), NULL, 10) : -1;
}

static int check(const char *path, long limit)
{
	struct bpf_object *obj = bpf_object__open_file(path, NULL);
	char *logs[MAX_PROGRAMS] = { 0 };
	struct bpf_program *prog;
	int n = 0, last = 0, err, bad = 0;

	if (!obj)
		return 1;
	bpf_object__for_each_program(prog, obj) {
		if (n == MAX_PROGRAMS)
			break;
		logs[n] = calloc(1, LOG_BYTES);
		if (!logs[n])
			return 1;
		bpf_program__set_log_level(prog, getenv("VLOG") ? atoi(getenv("VLOG")) | 4 : 4);
		bpf_program__set_log_buf(prog, logs[n++], LOG_BYTES);
	}
	err = bpf_object__load(obj);
	n = 0;
	bpf_object__for_each_program(prog, obj) {
		long insns = processed(logs[n]);

		if (insns >= 0)
			printf("%-20s %8ld instructions verified, budget %ld\n", bpf_program__name(prog),
			       insns, limit);
		bad |= insns > limit;
		if (*logs[n])
			last = n;
		n++;
	}
	if (err && n) { /* the last that has a log is the one refused */
		size_t len = strlen(logs[last]);

		fputs(logs[last] + (len > LOG_TAIL ? len - LOG_TAIL : 0), stderr);
	}
	while (n)
		free(logs[--n]);
	bpf_object__close(obj);
	return err || bad;
}

int main(int argc, char **argv)
{
	long limit = argc > 2 ? strtol(argv[1], NULL, 10) : 0;
	int bad = 0;

	if (limit <= 0) {
		fprintf(stderr, "usage: verifier-budget LIMIT OBJECT...\n");
		return 2;
	}
	libbpf_set_print(quiet);
	for (int i = 2; i < argc; i++)
		bad |= check(argv[i], limit);
	return bad;
}
