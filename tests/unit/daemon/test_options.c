// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line: each flag of ptp4l's sets its option, long options in both forms, and what is refused. */
#include "bc/daemon/options.h"

#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "util/cleanup.h"
#include "util/macros.h"

#define MAX_WORDS 16

static struct ebc_config *config;
static struct options_context context;

/* Words with one blank between two, after the program's name. */
static enum options_result read_words(const char *words)
{
	static char text[256];
	char *argv[MAX_WORDS + 1] = {(char *)(uintptr_t) "ebpf-bc"};
	char *rest = text;
	int argc = 1;

	ebc_config_free(config);
	config = NULL;
	assert_int_equal(ebc_config_new(&config), 0);
	snprintf(text, sizeof(text), "%s", words);
	while (argc < MAX_WORDS && (argv[argc] = strsep(&rest, " ")))
		argc++;
	return options_read(argc, argv, config, &context);
}

static int end(void **state)
{
	(void)state;
	ebc_config_free(config);
	config = NULL;
	return 0;
}

static void each_flag_sets_its_option_and_beats_the_other_kind(void **state)
{
	static const struct {
		const char *words;
		enum ebc_option option;
		int64_t value;
	} flags[] = {
		{"-i p0 -2", EBC_OPT_NETWORK_TRANSPORT, EBC_NETWORK_TRANSPORT_L2},
		{"-i p0 -2 -4", EBC_OPT_NETWORK_TRANSPORT, EBC_NETWORK_TRANSPORT_UDPV4},
		{"-i p0 -6", EBC_OPT_NETWORK_TRANSPORT, EBC_NETWORK_TRANSPORT_UDPV6},
		{"-i p0 -A", EBC_OPT_DELAY_MECHANISM, EBC_DELAY_MECHANISM_AUTO},
		{"-i p0 -A -E", EBC_OPT_DELAY_MECHANISM, EBC_DELAY_MECHANISM_E2E},
		{"-i p0 -P", EBC_OPT_DELAY_MECHANISM, EBC_DELAY_MECHANISM_P2P},
		{"-i p0 -S", EBC_OPT_TIME_STAMPING, EBC_TIME_STAMPING_SOFTWARE},
		{"-i p0 -l 4", EBC_OPT_LOGGING_LEVEL, 4},
		{"-i p0 -m", EBC_OPT_VERBOSE, 1},
		{"-i p0 -q", EBC_OPT_USE_SYSLOG, 0},
		{"-i p0 -s", EBC_OPT_CLIENT_ONLY, 1},
		{"-mqsi p0", EBC_OPT_CLIENT_ONLY, 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		assert_int_equal(read_words(flags[i].words), OPTIONS_RUN);
		assert_int_equal(ebc_config_int(config, EBC_CONFIG_GLOBAL, flags[i].option), flags[i].value);
	}
}

static void a_long_option_takes_its_value_behind_an_equals_sign_or_a_blank(void **state)
{
	static const char *const words[] = {
		"-i p0 --summary_interval=-3 --domainNumber=7",
		"-i p0 --summary_interval -3 --domainNumber 7",
		"--domainNumber 7 --summary_interval=-3 -i p0",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		assert_int_equal(read_words(words[i]), OPTIONS_RUN);
		assert_int_equal(ebc_config_int(config, EBC_CONFIG_GLOBAL, EBC_OPT_SUMMARY_INTERVAL), -3);
		assert_int_equal(ebc_config_int(config, EBC_CONFIG_GLOBAL, EBC_OPT_DOMAIN_NUMBER), 7);
		assert_int_equal(ebc_config_n_ports(config), 1);
	}
	assert_int_equal(read_words("-i p0 --uds_address="), OPTIONS_RUN);
	assert_string_equal(ebc_config_string(config, EBC_CONFIG_GLOBAL, EBC_OPT_UDS_ADDRESS), "");
}

static void each_interface_is_a_port(void **state)
{
	(void)state;
	assert_int_equal(read_words("-i p0 -i p1 -ip2"), OPTIONS_RUN);
	assert_int_equal(ebc_config_n_ports(config), 3);
	assert_string_equal(ebc_config_port_name(config, 2), "p2");
}

static void what_cannot_be_meant_is_refused(void **state)
{
	static const char *const words[] = {
		"-i p0 -H",
		"-i p0 -L",
		"-i p0 -p /dev/ptp0",
		"-i p0 -x",
		"-i p0 stray",
		"-i p0 -l 8",
		"-i p0 --domainNumber",
		"-i p0 --domainNumber -m",
		"-i p0 --domainNumber=",
		"-i p0 --no_such_option 1",
		"-i p0 --time_stamping=hardware",
		"-i p0 --",
		"-i p0 --aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=1",
		"-i",
		"-i p0 -f /no/such/file",
		"-m",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (read_words(words[i]) != OPTIONS_WRONG)
			fail_msg("%s is taken", words[i]);
	}
}

static char told[256];
static int n_told;

static void keep_told(const char *text)
{
	snprintf(told, sizeof(told), "%s", text);
	n_told++;
}

static void a_flag_that_is_wrong_is_said_in_one_line(void **state)
{
	static const struct {
		const char *words, *text;
	} wrong[] = {
		{"-i p0 -Z", "-Z: no such option; -h lists them"},
		{"-mZ", "-Z: no such option; -h lists them"},
		{"-i p0 -f", "-f: this option needs an argument"},
		{"-i", "-i: this option needs an argument"},
		{"-i p0 stray", "stray: unexpected argument"},
	};

	(void)state;
	context.tell = keep_told;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		n_told = 0;
		assert_int_equal(read_words(wrong[i].words), OPTIONS_WRONG);
		assert_int_equal(n_told, 1);
		assert_string_equal(told, wrong[i].text);
	}
	context.tell = NULL;
}

static void a_file_may_come_by_the_standard_input(void **state)
{
	static const char text[] = "[global]\npriority1 7\ndomainNumber 3\n[p0]\n";
	_cleanup_fd_ int kept = dup(STDIN_FILENO);
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
	close(ends[1]);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	close(ends[0]);
	assert_int_equal(read_words("-f - --domainNumber 4"), OPTIONS_RUN);
	if (kept >= 0)
		assert_int_equal(dup2(kept, STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(ebc_config_n_ports(config), 1);
	assert_int_equal(ebc_config_int(config, EBC_CONFIG_GLOBAL, EBC_OPT_PRIORITY1), 7);
	assert_int_equal(ebc_config_int(config, EBC_CONFIG_GLOBAL, EBC_OPT_DOMAIN_NUMBER), 4);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_flag_sets_its_option_and_beats_the_other_kind),
		cmocka_unit_test(a_long_option_takes_its_value_behind_an_equals_sign_or_a_blank),
		cmocka_unit_test(each_interface_is_a_port),
		cmocka_unit_test(what_cannot_be_meant_is_refused),
		cmocka_unit_test(a_flag_that_is_wrong_is_said_in_one_line),
		cmocka_unit_test(a_file_may_come_by_the_standard_input),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
