// SPDX-License-Identifier: GPL-2.0-or-later
/* A configuration that is read a second time: what counts as a change, what cannot be read again, what is
 * said. */
#include "bc/daemon/configuration.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "bc/daemon/log.h"
#include "util/macros.h"

#define HEAD "[global]\ntime_stamping bpf\n"
#define BODY HEAD "priority1 7\n[p0]\n[p1]\nlogSyncInterval -2\n"

static char directory[] = "/tmp/ebc-configuration-XXXXXX";
static char path[sizeof(directory) + 8];
static char told[1024];

void log_configure(const struct log_options *options)
{
	(void)options;
}

void log_line(int level, const char *format, ...)
{
	(void)level;
	(void)format;
}

static void tell(const char *text)
{
	size_t len = strlen(told);

	snprintf(told + len, sizeof(told) - len, "%s\n", text);
}

static void write_file(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* NULL: refused; `told` has the reason. */
static struct configuration *read_path(const char *from, bool is_again)
{
	const struct options_context context = {.tell = tell, .is_again = is_again};
	char *argv[] = {(char *)(uintptr_t) "ebpf-bc", (char *)(uintptr_t) "-f", (char *)(uintptr_t)from,
			(char *)(uintptr_t) "--domainNumber=3", NULL};
	char *const before[] = {argv[0], argv[1], argv[2], argv[3]};
	struct configuration *configuration = NULL;

	told[0] = '\0';
	if (configuration_read(4, argv, &context, &configuration) != OPTIONS_RUN)
		return NULL;
	assert_memory_equal(argv, before, sizeof(before));
	return configuration;
}

static struct configuration *read_text(const char *text)
{
	struct configuration *configuration;

	write_file(text);
	configuration = read_path(path, true);
	if (!configuration)
		fail_msg("%s", told);
	return configuration;
}

static void assert_change(const char *before, const char *after, enum configuration_change expected)
{
	struct configuration *a = read_text(before), *b = read_text(after);

	if (configuration_compare(a, b) != expected)
		fail_msg("%s\nto\n%s\nis change %d, not %d", before, after, (int)configuration_compare(a, b),
			 (int)expected);
	assert_int_equal(configuration_compare(b, a), expected);
	configuration_free(a);
	configuration_free(b);
}

static void what_means_the_same_is_no_change(void **state)
{
	(void)state;
	assert_change(BODY, BODY, CONFIGURATION_SAME);
	assert_change(BODY, "# moved\n\n" HEAD "# 8\npriority1   7\n[p0]\n[p1]\nlogSyncInterval -2\n",
		      CONFIGURATION_SAME);
	/* The command line says otherwise. */
	assert_change(HEAD "domainNumber 4\n[p0]\n", HEAD "domainNumber 5\n[p0]\n", CONFIGURATION_SAME);
}

static void options_of_the_log_are_a_change_of_their_own(void **state)
{
	static const char *const options[] = {"logging_level 7\n", "use_syslog 0\n", "verbose 1\n",
					      "message_tag x\n", "summary_interval 3\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		char text[256];

		snprintf(text, sizeof(text), HEAD "%s[p0]\n", options[i]);
		assert_change(HEAD "[p0]\n", text, CONFIGURATION_LOG);
		snprintf(text, sizeof(text), HEAD "%spriority2 9\n[p0]\n", options[i]);
		assert_change(HEAD "[p0]\n", text, CONFIGURATION_OTHER);
	}
}

static void everything_else_is_another_configuration(void **state)
{
	static const char *const others[] = {
		HEAD "priority1 8\n[p0]\n[p1]\nlogSyncInterval -2\n",
		HEAD "priority1 7\n[p0]\n[p1]\nlogSyncInterval -3\n",
		HEAD "priority1 7\n[p0]\nlogSyncInterval -2\n[p1]\nlogSyncInterval -2\n",
		HEAD "priority1 7\n[p0]\n[p1]\n",
		HEAD "priority1 7\n[p1]\nlogSyncInterval -2\n[p0]\n",
		HEAD "priority1 7\n[p0]\n[p2]\nlogSyncInterval -2\n",
		HEAD "priority1 7\n[p0]\n[p1]\nlogSyncInterval -2\n[p2]\n",
		HEAD "priority1 7\nclock_servo pi\n[p0]\n[p1]\nlogSyncInterval -2\n",
		HEAD "priority1 7\nstep_threshold 0.5\n[p0]\n[p1]\nlogSyncInterval -2\n",
		HEAD "priority1 7\nleapfile /x\n[p0]\n[p1]\nlogSyncInterval -2\n",
		/* Asked for it is more than a default. */
		"[global]\npriority1 7\n[p0]\n[p1]\nlogSyncInterval -2\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_change(BODY, others[i], CONFIGURATION_OTHER);
}

static void the_masters_of_a_table_count(void **state)
{
	static const char before[] = HEAD "[unicast_master_table]\ntable_id 1\nUDPv4 192.0.2.1\n"
					  "[p0]\nunicast_master_table 1\n";

	(void)state;
	assert_change(before, before, CONFIGURATION_SAME);
	assert_change(before,
		      HEAD
		      "[unicast_master_table]\ntable_id 1\nUDPv4 192.0.2.2\n[p0]\nunicast_master_table 1\n",
		      CONFIGURATION_OTHER);
	assert_change(before,
		      HEAD "[unicast_master_table]\ntable_id 1\nlogQueryInterval 3\nUDPv4 192.0.2.1\n"
			   "[p0]\nunicast_master_table 1\n",
		      CONFIGURATION_OTHER);
}

static void a_file_that_is_wrong_by_now_is_named_with_line_and_reason(void **state)
{
	(void)state;
	write_file(HEAD "domainNumber 300\n[p0]\n");
	assert_null(read_path(path, true));
	assert_non_null(strstr(told, ":3: domainNumber 300 is out of range"));
	write_file(HEAD "clientOnly 1\nserverOnly 1\n[p0]\n");
	assert_null(read_path(path, true));
	assert_non_null(strstr(told, "serverOnly"));
	/* What only the settings notice. */
	write_file(HEAD "[p0]\ntransportSpecific 1\n");
	assert_null(read_path(path, true));
	assert_non_null(strstr(told, "transportSpecific of [p0]"));
	assert_null(read_path("/no/such/file", true));
	assert_string_equal(told, "/no/such/file: No such file or directory\n");
}

static void what_is_not_a_file_is_not_read_again_and_holds_nobody_up(void **state)
{
	char fifo[sizeof(directory) + 8];

	(void)state;
	assert_null(read_path("-", true));
	assert_non_null(strstr(told, "standard input"));
	assert_null(read_path(directory, true));
	assert_non_null(strstr(told, "not a file"));
	snprintf(fifo, sizeof(fifo), "%s/fifo", directory);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_null(read_path(fifo, true));
	assert_non_null(strstr(told, "not a file"));
	unlink(fifo);
}

static void a_port_that_is_named_twice_is_one_and_gets_a_warning(void **state)
{
	char *argv[] = {(char *)(uintptr_t) "ebpf-bc", (char *)(uintptr_t) "-i", (char *)(uintptr_t) "p0",
			(char *)(uintptr_t) "-i",      (char *)(uintptr_t) "p0", NULL};
	struct configuration *configuration = NULL;

	(void)state;
	assert_int_equal(configuration_read(5, argv, &(const struct options_context){}, &configuration),
			 OPTIONS_RUN);
	assert_int_equal(configuration->settings.n_ports, 1);
	assert_int_equal(ebc_config_n_notes(configuration->config), 1);
	assert_string_equal(ebc_config_note(configuration->config, 0).text,
			    "command line: -i p0 is given twice: it is one port");
	configuration_free(configuration);
}

static int begin(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/conf", directory);
	return 0;
}

static int end(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(directory);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_means_the_same_is_no_change),
		cmocka_unit_test(options_of_the_log_are_a_change_of_their_own),
		cmocka_unit_test(everything_else_is_another_configuration),
		cmocka_unit_test(the_masters_of_a_table_count),
		cmocka_unit_test(a_file_that_is_wrong_by_now_is_named_with_line_and_reason),
		cmocka_unit_test(what_is_not_a_file_is_not_read_again_and_holds_nobody_up),
		cmocka_unit_test(a_port_that_is_named_twice_is_one_and_gets_a_warning),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
