/* enforce.c: metsuke enforce. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/instance.h"
#include "support/log.h"

static const char usage[] =
	"usage: metsuke enforce confirm|undo|retry [-c FILE] [--runtime-dir DIR]\n"
	"\n"
	"What the running sensor drops (enforce.mode) may be on trial: enforce.canary_seconds after it was switched\n"
	"on it is undone by itself, so that a bad rule does no lasting harm.\n"
	"\n"
	"  confirm                  it is good: the trial is over and dropping goes on\n"
	"  undo                     drop nothing from now on, until the configuration changes or it is tried again\n"
	"  retry                    begin anew what was undone\n"
	"\n"
	"  -c, --config FILE        configuration (default " CONFIG_DEFAULT_PATH ", if it is there)\n"
	"  -R, --runtime-dir DIR    of the sensor (default /run/metsuke)\n"
	"  -h, --help\n"
	"\n"
	"'metsuke status' says what is dropped and how long the trial lasts.\n"
	"Exit status: 0, 1 when no sensor answers or it refuses, 2 usage.\n";

static const struct option options[] = { OPT_CONFIG, OPT_RUNTIME, OPT_HELP, OPT_END };

static bool is_command(const char *word)
{
	return !strcmp(word, "confirm") || !strcmp(word, "undo") || !strcmp(word, "retry");
}

static int say(const char *dir, const char *word)
{
	char *answer = instance_say(dir, word);
	int status = EXIT_FAILED;

	if (!answer) {
		if (errno == EACCES)
			log_error("not permitted to tell the sensor in %s; use sudo", dir);
		else
			log_error("no sensor runs with %s (%s)", dir, strerror(errno));
		return status;
	}
	if (!strncmp(answer, "no: ", 4)) {
		log_error("%s: %s", word, answer + 4);
	} else {
		puts(answer);
		status = 0;
	}
	free(answer);
	return status;
}

int cmd_enforce(int argc, char **argv)
{
	struct cmd_options o;
	int status = cmd_parse(argc, argv, options, usage, &o);

	if (status >= 0)
		return status;
	if (argc - optind != 1 || !is_command(argv[optind])) {
		fprintf(stderr, "metsuke enforce: expected one of: confirm undo retry\nTry 'metsuke enforce --help'.\n");
		cmd_options_free(&o);
		return EXIT_USAGE;
	}
	status = say(o.config.runtime_dir, argv[optind]);
	cmd_options_free(&o);
	return status;
}
