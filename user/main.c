/* main.c: the table of subcommands. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"

static const struct {
	const char *name;
	char *title;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "run", "metsuke run", cmd_run, "the live sensor (root)" },
	{ "replay", "metsuke replay", cmd_replay, "the same pipeline over pcap and pcapng files" },
	{ "check", "metsuke check", cmd_check, "configuration and kernel features; changes nothing" },
	{ "intel", "metsuke intel", cmd_intel, "lists of known names: what they hold, what would match" },
	{ "outliers", "metsuke outliers", cmd_outliers, "the detectors on any table: a CSV file" },
	{ "profiles", "metsuke profiles", cmd_profiles, "what each client did at each domain, from the store" },
	{ "domains", "metsuke domains", cmd_domains, "what each domain did over all clients, from the store" },
	{ "alerts", "metsuke alerts", cmd_alerts, "the alerts in the store" },
	{ "allow", "metsuke allow", cmd_allow, "this is fine: until when, why, and who said so" },
	{ "explain", "metsuke explain", cmd_explain, "the whole case of one alert, and what to do about it" },
	{ "train", "metsuke train", cmd_train, "a model of what is ordinary, from captures that are clean" },
	{ "evaluate", "metsuke evaluate", cmd_evaluate, "how well what labels say is found, by each detector and by all" },
	{ "enforce", "metsuke enforce", cmd_enforce, "what the running sensor drops: confirm it, undo it" },
	{ "status", "metsuke status", cmd_status, "the running sensor: modes, ledger, flagged hosts and processes" },
};

static void usage(FILE *to)
{
	fputs("usage: metsuke COMMAND [OPTION]...\n\n"
	      "Watches DNS and HTTP from inside the kernel and names the process behind each message.\n\n",
	      to);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].help);
	fputs("\n'metsuke COMMAND --help' explains each; 'metsuke --version' prints the version.\n"
	      "Exit status: 0, 1 failed, 2 usage.\n",
	      to);
}

static int run(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!strcmp(argv[1], commands[i].name)) {
			argv[1] = commands[i].title; /* what getopt() puts before its messages */
			return commands[i].run(argc - 1, argv + 1);
		}
	}
	if (argc > 1)
		fprintf(stderr, "metsuke: unknown command '%s'\n", argv[1]);
	usage(stderr);
	return EXIT_USAGE;
}

static bool is_one_of(const char *what, const char *a, const char *b, const char *c)
{
	return !strcmp(what, a) || !strcmp(what, b) || !strcmp(what, c);
}

int main(int argc, char **argv)
{
	static char help[] = "--help";

	if (argc > 2 && !strcmp(argv[1], "help"))
		return run(3, (char *[]){ argv[0], argv[2], help, NULL });
	if (argc > 1 && is_one_of(argv[1], "--help", "-h", "help")) {
		usage(stdout);
		return 0;
	}
	if (argc > 1 && is_one_of(argv[1], "--version", "-V", "version")) {
		puts("metsuke " METSUKE_VERSION);
		return 0;
	}
	return run(argc, argv);
}
