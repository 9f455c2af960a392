// SPDX-License-Identifier: GPL-2.0-or-later
/* Hooks that one instance leaves to the next: tcx links that hang where they did. See loader.h. */
#include <bpf/bpf.h>
#include <stdlib.h>

#include "bpf/hooks.h"
#include "bpf/loader_internal.h"
#include "util/cleanup.h"

struct ebc_left_hooks {
	size_t n;
	struct ebc_hooks hooks[EBC_MAX_PORTS];
};

struct ebc_left_hooks *ebc_loader_leave_hooks(struct ebc_loader *loader)
{
	struct ebc_left_hooks *left = NULL;

	/* What is pinned is found by its pin. */
	if (loader->mode == EBC_MODE_BOUNDARY && loader->programs.use_tcx)
		left = calloc(1, sizeof(*left));
	for (size_t i = 0; left && i < EBC_MAX_PORTS; i++) {
		struct ebc_port *port = &loader->ports[i];

		if (!port->is_used)
			continue;
		left->hooks[left->n++] = port->hooks;
		*port = (struct ebc_port){};
	}
	return left;
}

int ebc_left_hooks_take(struct ebc_left_hooks *left, uint32_t ifindex, enum ebc_direction direction,
			int program_fd)
{
	for (size_t i = 0; left && i < left->n; i++) {
		int *fd = &left->hooks[i].link_fd[direction];

		/* Fails when somebody detached it, or the interface has gone. */
		if (left->hooks[i].ifindex == ifindex && *fd >= 0 &&
		    bpf_link_update(*fd, program_fd, NULL) == 0)
			return TAKE_FD(*fd);
	}
	return -1;
}

void ebc_left_hooks_free(struct ebc_left_hooks *left)
{
	for (size_t i = 0; left && i < left->n; i++)
		for (int direction = 0; direction < EBC_DIRECTIONS; direction++)
			close_fd(left->hooks[i].link_fd[direction]);
	free(left);
}
