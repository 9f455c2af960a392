/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shared assertions of config-fixture.h. */
#include <errno.h>
#include <string.h>

#include "tests/unit/config/config-fixture.h"

int setup_config(void **state)
{
	struct ebc_config *config = NULL;
	int r = ebc_config_new(&config);

	*state = config;
	return r;
}

int teardown_config(void **state)
{
	ebc_config_free(*state);
	return 0;
}

int read_config_text(struct ebc_config *config, const char *text)
{
	return ebc_config_read_text(config, "t.conf", text, strlen(text));
}

void assert_only_note(const struct ebc_config *config, bool is_error, const char *text)
{
	for (size_t i = 1; i < ebc_config_n_notes(config); i++)
		print_error("unexpected note: %s\n", ebc_config_note(config, i).text);
	assert_int_equal(ebc_config_n_notes(config), 1);
	assert_string_equal(ebc_config_note(config, 0).text, text);
	assert_int_equal(ebc_config_note(config, 0).is_error, is_error);
}

static void assert_no_notes(const struct ebc_config *config)
{
	for (size_t i = 0; i < ebc_config_n_notes(config); i++)
		print_error("unexpected note: %s\n", ebc_config_note(config, i).text);
	assert_int_equal(ebc_config_n_notes(config), 0);
}

void assert_runs_silently(struct ebc_config *config, const char *text)
{
	int r = read_config_text(config, text);

	assert_no_notes(config);
	assert_int_equal(r, 0);
	r = ebc_config_finish(config);
	assert_no_notes(config);
	assert_int_equal(r, 0);
}

void assert_text_refused(struct ebc_config *config, const char *text, const char *note)
{
	assert_true(read_config_text(config, text) < 0);
	assert_only_note(config, true, note);
}

void assert_finish_refuses(struct ebc_config *config, const char *text, const char *note)
{
	int r = read_config_text(config, text);

	assert_no_notes(config);
	assert_int_equal(r, 0);
	assert_int_equal(ebc_config_finish(config), -EINVAL);
	assert_only_note(config, true, note);
}

void assert_runs_with_note(struct ebc_config *config, const char *text, const char *note)
{
	assert_int_equal(read_config_text(config, text), 0);
	assert_int_equal(ebc_config_finish(config), 0);
	assert_only_note(config, false, note);
}
