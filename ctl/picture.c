// SPDX-License-Identifier: GPL-2.0-or-later
/* A script with its data inside goes into gnuplot. Only a whole picture comes near its file. */
#include "ctl/picture.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "ctl/replace.h"
#include "util/cleanup.h"
#include "util/macros.h"

extern char **environ;

static void write_styles(FILE *to)
{
	/* Okabe and Ito: told apart also by those who do not see all colours, and by dashes in print. */
	static const char *const colours[PICTURE_STYLES] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
							    "#56b4e9", "#e69f00", "#000000", "#7f7f7f"};

	for (size_t i = 0; i < PICTURE_STYLES; i++)
		fprintf(to, "set style line %zu linecolor rgb '%s' linewidth 1.8 dashtype %zu\n", i + 1,
			colours[i], i / 4 * 2 + 1);
}

void picture_begin(int width, int height, FILE *to)
{
	fprintf(to,
		"set encoding utf8\n"
		"set terminal svg size %d,%d enhanced font 'Helvetica,Arial,sans-serif,13' background "
		"'#ffffff'\n"
		"set multiplot\n"
		"set border 3 linecolor '#404040' linewidth 0.8\n"
		"set tics nomirror out scale 0.7\n"
		"set grid xtics ytics linecolor '#d8d8d8' linetype 1 linewidth 0.6\n"
		"set lmargin at screen 0.12\nset rmargin at screen 0.965\n",
		width, height);
	write_styles(to);
}

/* Where less than two decades are seen, decades alone would leave the axis nearly bare. */
void picture_log_axis(const char *axis, double min, double max, bool has_labels, FILE *to)
{
	static const double fine[] = {1, 1.5, 2, 3, 4, 5, 6, 8}, middle[] = {1, 2, 5}, coarse[] = {1};
	double span = max / min;
	double low = min / pow(span, 0.03) / 1.02, high = max * pow(span, 0.03) * 1.02;
	const double *steps = span < 5 ? fine : span < 300 ? middle : coarse;
	size_t n = span < 5 ? ARRAY_SIZE(fine) : span < 300 ? ARRAY_SIZE(middle) : ARRAY_SIZE(coarse);
	const char *comma = "";

	fprintf(to, "set %srange [%.9g:%.9g]\nset %stics (", axis, low, high, axis);
	for (int decade = (int)floor(log10(low)); decade <= (int)floor(log10(high)); decade++) {
		for (size_t i = 0; i < n; i++) {
			double at = steps[i] * pow(10, decade);

			if (at < low || at > high)
				continue;
			if (has_labels)
				fprintf(to, "%s'%.9g' %.9g", comma, at, at);
			else
				fprintf(to, "%s'' %.9g", comma, at);
			comma = ", ";
		}
		for (int i = 2; n == 1 && i < 10; i++) {
			fprintf(to, "%s'' %.9g 1", comma, i * pow(10, decade));
			comma = ", ";
		}
	}
	fputs(")\n", to);
}

/* Names of interfaces may hold nearly anything, also what gnuplot would run. */
void picture_put_name(const char *name, FILE *to)
{
	for (; *name; name++)
		putc(strchr("'`\\\x7f", *name) || (unsigned char)*name < ' ' ? '?' : *name, to);
}

/* gnuplot reads from `in` and writes into `out`. */
static int start_gnuplot(const char *argument, int in, int out, pid_t *ret_pid)
{
	const char *const argv[] = {"gnuplot", argument, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, pipe_only;
	int r;

	sigemptyset(&none);
	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &pipe_only);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	r = posix_spawnp(ret_pid, argv[0], &actions, &attributes, (char *const *)(uintptr_t)argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

static int draw(picture_script_fn write_script, const void *context, int out)
{
	_cleanup_file_ FILE *script = NULL;
	_cleanup_fd_ int read_fd = -1, write_fd = -1;
	int fds[2], r;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	read_fd = fds[0];
	write_fd = fds[1];
	r = start_gnuplot("-", read_fd, out, &pid);
	read_fd = close_fd(read_fd);
	if (r < 0)
		return r;
	script = fdopen(write_fd, "w");
	if (script) {
		write_fd = -1;
		write_script(context, script);
		fclose(TAKE_PTR(script));
	}
	write_fd = close_fd(write_fd);
	return wait_for(pid);
}

static int try_gnuplot(void)
{
	_cleanup_fd_ int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid;
	int r;

	if (null_fd < 0)
		return -errno;
	r = start_gnuplot("--version", null_fd, null_fd, &pid);
	return r < 0 ? r : wait_for(pid);
}

static int fail_gnuplot(int error, char *reason, size_t reason_size)
{
	if (error == -ENOENT)
		snprintf(reason, reason_size, "gnuplot is not installed (Debian: apt install gnuplot-nox)");
	else
		snprintf(reason, reason_size, "gnuplot failed");
	return error;
}

static int fail_path(const char *path, int error, char *reason, size_t reason_size)
{
	snprintf(reason, reason_size, "%s: %s", path, strerror(-error));
	return error;
}

int picture_check(const char *path, char *reason, size_t reason_size)
{
	int r = try_gnuplot();

	if (r < 0)
		return fail_gnuplot(r, reason, reason_size);
	r = replace_check(path);
	return r < 0 ? fail_path(path, r, reason, reason_size) : 0;
}

int picture_write(picture_script_fn write_script, const void *context, const char *path, char *reason,
		  size_t reason_size)
{
	_cleanup_fd_ int drawn_fd = memfd_create("picture", MFD_CLOEXEC);
	int r;

	if (drawn_fd < 0)
		return fail_path("memory", -errno, reason, reason_size);
	r = draw(write_script, context, drawn_fd);
	if (r < 0)
		return fail_gnuplot(r, reason, reason_size);
	r = replace_write(path, drawn_fd);
	return r < 0 ? fail_path(path, r, reason, reason_size) : 0;
}
