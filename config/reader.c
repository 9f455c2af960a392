/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ptp4l's file format: sections in brackets, a name and a value a line, white space between and around them,
 * '#' first in a line for a comment. The text is somebody else's: lines and sizes are bounded, a line with
 * control characters is refused, and the first mistake ends the reading.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "config/private.h"
#include "util/cleanup.h"
#include "util/macros.h"

struct reader {
	struct ebc_config *config;
	struct ebc_origin origin; /* the current line */
	bool in_section;
	struct ebc_port *port;		 /* NULL: [global] */
	struct ebc_unicast_table *table; /* of a [unicast_master_table]; else NULL */
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/* Cuts white space off both ends, in place. */
static char *trim(char *text)
{
	size_t len;

	while (is_space(*text))
		text++;
	len = strlen(text);
	while (len > 0 && is_space(text[len - 1]))
		len--;
	text[len] = '\0';
	return text;
}

static bool has_control_characters(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (((unsigned char)text[i] < ' ' && !is_space(text[i])) || text[i] == 0x7f)
			return true;
	}
	return false;
}

static int read_section(struct reader *reader, char *line)
{
	size_t len = strlen(line);
	char *name;

	if (len < 2 || line[len - 1] != ']') {
		ebc_config_add_note(reader->config, true, &reader->origin,
				    "%s is not a section: no ] at its end", line);
		return -EINVAL;
	}
	line[len - 1] = '\0';
	name = trim(line + 1);
	reader->in_section = true;
	reader->port = NULL;
	reader->table = NULL;
	if (strcasecmp(name, "unicast_master_table") == 0)
		return ebc_unicast_table_begin(reader->config, &reader->origin, &reader->table);
	if (strcasecmp(name, "global") == 0)
		return 0;
	return ebc_config_get_port(reader->config, &reader->origin, name, &reader->port);
}

/* Elsewhere a missing value is more likely a mistake than an empty one. */
static bool may_be_empty(const char *name)
{
	enum ebc_option option;

	return ebc_option_find(name, &option) == 0 && ebc_option_info(option)->type == EBC_TYPE_PATH;
}

static int read_setting(struct reader *reader, char *line)
{
	char *value = line;

	if (!reader->in_section) {
		ebc_config_add_note(reader->config, true, &reader->origin,
				    "%s stands before the first section, such as [global]", line);
		return -EINVAL;
	}
	while (*value != '\0' && !is_space(*value))
		value++;
	if (*value == '\0' && !may_be_empty(line)) {
		ebc_config_add_note(reader->config, true, &reader->origin, "%s has no value", line);
		return -EINVAL;
	}
	if (*value != '\0')
		*value++ = '\0';
	if (reader->table)
		return ebc_unicast_table_set(reader->config, reader->table, &reader->origin, line,
					     trim(value));
	return ebc_config_set(reader->config, reader->port, &reader->origin, line, trim(value));
}

static int read_line(struct reader *reader, const char *text, size_t len)
{
	char buffer[MAX_LINE_LEN + 1];
	char *line;

	if (len > MAX_LINE_LEN) {
		ebc_config_add_note(reader->config, true, &reader->origin,
				    "more than %d characters in a line", MAX_LINE_LEN);
		return -EINVAL;
	}
	if (has_control_characters(text, len)) {
		ebc_config_add_note(reader->config, true, &reader->origin,
				    "a control character: this is not a text file");
		return -EINVAL;
	}
	memcpy(buffer, text, len);
	buffer[len] = '\0';
	line = trim(buffer);
	if (line[0] == '\0' || line[0] == '#')
		return 0;
	return line[0] == '[' ? read_section(reader, line) : read_setting(reader, line);
}

static int add_file(struct ebc_config *config, const char *name, const char **ret_name)
{
	if (config->n_files == MAX_FILES) {
		ebc_config_add_note(config, true, &(struct ebc_origin){0}, "%s: more than %d files", name,
				    MAX_FILES);
		return -E2BIG;
	}
	config->files[config->n_files] = strdup(name);
	if (!config->files[config->n_files])
		return -ENOMEM;
	*ret_name = config->files[config->n_files++];
	return 0;
}

static int read_text(struct ebc_config *config, const char *name, const char *text, size_t len)
{
	struct reader reader = {.config = config, .origin = {.source = EBC_SOURCE_FILE, .file = name}};

	if (len > MAX_FILE_SIZE) {
		ebc_config_add_note(config, true, &reader.origin, "more than %d bytes", MAX_FILE_SIZE);
		return -EFBIG;
	}
	for (size_t at = 0; at < len;) {
		const char *newline = memchr(text + at, '\n', len - at);
		size_t line_len = newline ? (size_t)(newline - (text + at)) : len - at;
		int r;

		reader.origin.line++;
		r = read_line(&reader, text + at, line_len);
		if (r < 0)
			return r;
		at += line_len + 1;
	}
	return 0;
}

int ebc_config_read_text(struct ebc_config *config, const char *name, const char *text, size_t len)
{
	const char *kept_name;
	int r = add_file(config, name, &kept_name);

	return r < 0 ? r : read_text(config, kept_name, text, len);
}

static bool is_standard_input(const char *path)
{
	return strcmp(path, "-") == 0;
}

/* Reads at most one byte more than is allowed, so that the size tells. */
static int slurp(const char *path, char **ret_text, size_t *ret_len)
{
	_cleanup_free_ char *text = malloc(MAX_FILE_SIZE + 1);
	_cleanup_fd_ int fd = -1;
	size_t len = 0;

	if (!text)
		return -ENOMEM;
	fd = is_standard_input(path) ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
				     : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	while (len <= MAX_FILE_SIZE) {
		ssize_t n = read(fd, text + len, MAX_FILE_SIZE + 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*ret_text = TAKE_PTR(text);
	*ret_len = len;
	return 0;
}

int ebc_config_read_file(struct ebc_config *config, const char *path)
{
	_cleanup_free_ char *text = NULL;
	const char *name;
	size_t len = 0;
	int r = add_file(config, is_standard_input(path) ? "standard input" : path, &name);

	if (r < 0)
		return r;
	r = slurp(path, &text, &len);
	if (r < 0) {
		struct ebc_origin origin = {.source = EBC_SOURCE_FILE, .file = name};

		ebc_config_add_note(config, true, &origin, "cannot be read: %s", strerror(-r));
		return r;
	}
	return read_text(config, name, text, len);
}
