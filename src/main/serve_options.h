#pragma once
/* What `caisson serve` was told. */
#include "main/command.h"

struct serve_options {
	const char *folder; /* or NULL: the current one */
	const char *listen, *database;
	const char *log, *log_format; /* the format is NULL where it was not said */
	unsigned loops;
	bool dev;
};

/* Of serve_command. */
extern const struct command_option serve_command_options[];
/* Read and check them all, and set limits; false with what is wrong on standard error: wrong usage. */
bool serve_options_read(const struct command *command, int argc, char **argv, struct serve_options *ret);
