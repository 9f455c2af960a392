// SPDX-License-Identifier: GPL-2.0-or-later
/* ebpf-bc-exporter: what a running ebpf-bc says, over HTTP, as metrics and as a page. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>

#include "ctl/exporter/http.h"
#include "ctl/exporter/listen.h"
#include "ctl/pause.h"
#include "util/cleanup.h"
#include "util/macros.h"
#include "util/paths.h"
#include "version.h"

#define ADDRESSES_MAX 8

enum exit_status {
	EXIT_FINE = 0,
	EXIT_REFUSED = 1,
	EXIT_USAGE = 2,
};

struct settings {
	const char *socket_path;
	const char *addresses[ADDRESSES_MAX];
	size_t n_addresses;
	bool has_addresses; /* they were asked for */
};

static const char *const default_addresses[] = {"127.0.0.1:9977", "[::1]:9977"};

static void usage(FILE *to)
{
	fputs("usage: ebpf-bc-exporter [-s SOCKET] [-l ADDRESS:PORT]...\n"
	      "\n"
	      "Serves over HTTP what a running ebpf-bc says: /metrics for Prometheus, /status.json, and a "
	      "page at /.\n"
	      "\n"
	      "  -s SOCKET        where the daemon listens (" EBC_CONTROL_SOCKET_DEFAULT ")\n"
	      "  -l ADDRESS:PORT  where to listen, several times if need be; numbers, IPv6 in brackets\n"
	      "                   (127.0.0.1:9977 and [::1]:9977)\n"
	      "  -v, --version    print the version\n"
	      "  -h, --help       print this\n"
	      "\n"
	      "Exit status: 0 ended by a signal, 1 it cannot listen or print, 2 usage.\n",
	      to);
}

/* -1: nothing more to do; or that it could not be printed. */
static int end_printing(void)
{
	if (fflush(stdout) == 0)
		return -1;
	fprintf(stderr, "ebpf-bc-exporter: standard output: %s\n", strerror(errno));
	return EXIT_REFUSED;
}

static int complain(const char *words, const char *of)
{
	fprintf(stderr, "ebpf-bc-exporter: %s: %s\n", of, words);
	return EXIT_USAGE;
}

/* What getopt_long() did not take: one letter of several, or a word. */
static int complain_of_option(char **argv)
{
	char letter[] = {'-', (char)optopt, '\0'};

	return complain("no such option; -h lists them", optopt ? letter : argv[optind - 1]);
}

/* EXIT_FINE; another status; -1: nothing more to do. */
static int parse_arguments(int argc, char **argv, struct settings *ret_settings)
{
	static const struct option long_options[] = {
		{"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'v'}, {}};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":s:l:vh", long_options, NULL)) != -1) {
		switch (option) {
		case 's':
			ret_settings->socket_path = optarg;
			break;
		case 'l':
			if (ret_settings->n_addresses == ADDRESSES_MAX)
				return complain("too many addresses", optarg);
			ret_settings->addresses[ret_settings->n_addresses++] = optarg;
			ret_settings->has_addresses = true;
			break;
		case 'v':
			puts(EBC_VERSION);
			return end_printing();
		case 'h':
			usage(stdout);
			return end_printing();
		case ':':
			return complain("this option needs an argument", argv[optind - 1]);
		default:
			return complain_of_option(argv);
		}
	}
	if (optind < argc)
		return complain("no such argument", argv[optind]);
	if (!*ret_settings->socket_path)
		return complain("the socket must have a path", "-s");
	if (strlen(ret_settings->socket_path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return complain("too long for a socket's path", ret_settings->socket_path);
	for (size_t i = 0; !ret_settings->has_addresses && i < ARRAY_SIZE(default_addresses); i++)
		ret_settings->addresses[ret_settings->n_addresses++] = default_addresses[i];
	return EXIT_FINE;
}

/* Where nobody asked for it, a kernel without IPv6 is no reason to complain. */
static bool may_be_missing(const struct settings *settings, int error)
{
	return !settings->has_addresses && (error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL);
}

/* Listening sockets; closed where nobody took them. */
struct places {
	int fd[ADDRESSES_MAX];
	size_t n;
};

static void cleanup_places(struct places *places)
{
	for (size_t i = 0; i < places->n; i++)
		close_fd(places->fd[i]);
}

static int open_place(const struct settings *settings, const char *text, struct places *places)
{
	struct listen_address address;
	char place[LISTEN_TEXT_SIZE];
	int r;

	if (!listen_parse(text, &address))
		return complain("not ADDRESS:PORT in numbers", text);
	r = listen_open(&address, &places->fd[places->n]);
	if (r < 0 && may_be_missing(settings, r))
		return EXIT_FINE;
	if (r < 0) {
		fprintf(stderr, "ebpf-bc-exporter: cannot listen at %s: %s\n", text, strerror(-r));
		return EXIT_REFUSED;
	}
	listen_format(places->fd[places->n++], place);
	fprintf(stderr, "ebpf-bc-exporter: listening at http://%s/%s\n", place,
		listen_is_loopback(&address) ? ""
					     : ": whoever reaches this address can read the clock's state");
	return EXIT_FINE;
}

/* All, or none is served. */
static int open_places(const struct settings *settings, struct places *places)
{
	for (size_t i = 0; i < settings->n_addresses; i++) {
		int r = open_place(settings, settings->addresses[i], places);

		if (r != EXIT_FINE)
			return r;
	}
	return EXIT_FINE;
}

static int start(const struct settings *settings, struct places *places, struct http **ret_http)
{
	int r = http_new(settings->socket_path, ret_http);

	for (size_t i = 0; r == 0 && i < places->n; i++)
		r = http_serve(*ret_http, TAKE_FD(places->fd[i]));
	if (r < 0)
		fprintf(stderr, "ebpf-bc-exporter: cannot start: %s\n", strerror(-r));
	return r < 0 ? EXIT_REFUSED : EXIT_FINE;
}

/* Until a signal. */
static void run(struct http *http, const sigset_t *signals)
{
	static const struct timespec tick = {.tv_sec = 1};

	while (sigtimedwait(signals, NULL, &tick) < 0)
		http_tick(http, now_mono_ns());
}

static void cleanup_http(struct http **http)
{
	http_free(*http);
}

static int serve(const struct settings *settings)
{
	_cleanup_(cleanup_places) struct places places = {};
	_cleanup_(cleanup_http) struct http *http = NULL;
	sigset_t signals;
	int r;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	/* The threads inherit this. */
	sigprocmask(SIG_BLOCK, &signals, NULL);
	r = open_places(settings, &places);
	if (r == EXIT_FINE)
		r = start(settings, &places, &http);
	if (r == EXIT_FINE)
		run(http, &signals);
	return r;
}

int main(int argc, char **argv)
{
	struct settings settings = {.socket_path = EBC_CONTROL_SOCKET_DEFAULT};
	int r = parse_arguments(argc, argv, &settings);

	if (r == -1)
		return EXIT_FINE;
	return r == EXIT_FINE ? serve(&settings) : r;
}
