/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attaches programs to the tc hooks of an interface, looks whether they still hang there, and takes
 * them away. tcx links (kernel 6.6) vanish with the process. clsact filters do not: they have a fixed
 * handle, by which the next run finds and replaces them, and the qdisc goes only if we made it and
 * nobody else has a filter there.
 */
#include "bpf/hooks.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <unistd.h>

#include "bpf/clsact.h"
#include "util/cleanup.h"

/* By number: the installed headers may be older than the kernel. */
#define TCX_INGRESS	46
#define TCX_EGRESS	47
#define FLAG_BEFORE	(1U << 3) /* with no other link named: before all */
#define PIN_PATH_OCTETS 256
#define PRIORITY_LAST	16 /* priorities from 1 are tried, as others may have taken one */

static int tcx_create(int program_fd, uint32_t ifindex, enum ebc_direction direction)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = FLAG_BEFORE);

	return bpf_link_create(
		program_fd, (int)ifindex,
		(enum bpf_attach_type)(direction == EBC_DIRECTION_RX ? TCX_INGRESS : TCX_EGRESS), &options);
}

static bool tcx_pin_path(const struct ebc_hook_programs *programs, uint32_t ifindex,
			 enum ebc_direction direction, char *ret, size_t size)
{
	int len;

	if (!programs->pin_directory)
		return false;
	len = snprintf(ret, size, "%s/link_%s_%u", programs->pin_directory,
		       direction == EBC_DIRECTION_RX ? "in" : "out", ifindex);
	return len > 0 && (size_t)len < size;
}

bool ebc_hooks_has_tcx(int program_fd)
{
	/* A kernel with tcx misses the device; one without does not know the attach type. */
	_cleanup_fd_ int fd = tcx_create(program_fd, INT_MAX, EBC_DIRECTION_RX);

	return fd == -ENODEV;
}

static int tcx_check(int link_fd, uint32_t ifindex)
{
	struct bpf_link_info info = {};
	uint32_t len = sizeof(info);
	int r = bpf_obj_get_info_by_fd(link_fd, &info, &len);

	if (r < 0)
		return r;
	/* tcx.ifindex of newer headers stands where xdp.ifindex does; 0 once the link is detached. */
	return info.xdp.ifindex == ifindex ? 0 : -ENOENT;
}

/* A new link has the kernel wait until no CPU looks at the old list of programs any more; another program in
 * a link that is there does not. */
static int tcx_attach(const struct ebc_hook_programs *programs, uint32_t ifindex,
		      enum ebc_direction direction)
{
	int fd = ebc_left_hooks_take(programs->left, ifindex, direction, programs->fd[direction]);

	return fd >= 0 ? fd : tcx_create(programs->fd[direction], ifindex, direction);
}

/* The link that is pinned there already, if it still hangs at its hook; else a new one, which is pinned. */
static int tcx_attach_pinned(const struct ebc_hook_programs *programs, uint32_t ifindex,
			     enum ebc_direction direction)
{
	char path[PIN_PATH_OCTETS];
	int fd;

	if (!tcx_pin_path(programs, ifindex, direction, path, sizeof(path)))
		return tcx_attach(programs, ifindex, direction);
	fd = bpf_obj_get(path);
	if (fd >= 0 && tcx_check(fd, ifindex) == 0)
		return fd;
	close_fd(fd);
	unlink(path);
	fd = tcx_attach(programs, ifindex, direction);
	if (fd < 0)
		return fd;
	/* Somebody may have removed the folder: then the port ends with the process, but it serves. */
	bpf_obj_pin(fd, path);
	return fd;
}

static struct bpf_tc_hook clsact_hook(uint32_t ifindex, int directions)
{
	return (struct bpf_tc_hook){
		.sz = sizeof(struct bpf_tc_hook),
		.ifindex = (int)ifindex,
		.attach_point = (enum bpf_tc_attach_point)directions,
	};
}

static int attach_point(enum ebc_direction direction)
{
	return direction == EBC_DIRECTION_RX ? BPF_TC_INGRESS : BPF_TC_EGRESS;
}

static int clsact_attach_at(const struct ebc_hook_programs *programs, uint32_t ifindex,
			    enum ebc_direction direction, uint32_t priority)
{
	struct bpf_tc_hook hook = clsact_hook(ifindex, attach_point(direction));
	LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = programs->fd[direction], .handle = programs->handle,
		    .priority = priority, .flags = BPF_TC_F_REPLACE);

	return bpf_tc_attach(&hook, &options);
}

/* Puts the program at the hook. The priority found is where our filter is already, or the first free one. */
static int clsact_attach(const struct ebc_hook_programs *programs, uint32_t ifindex,
			 enum ebc_direction direction, uint32_t *ret_priority)
{
	struct ebc_clsact_filters filters;
	uint32_t priority;
	int r;

	r = ebc_clsact_list(ifindex, direction, programs->handle, &filters);
	if (r < 0)
		return r;
	priority = filters.n_ours > 0 ? filters.our_priority : 1;
	do
		r = clsact_attach_at(programs, ifindex, direction, priority);
	while ((r == -EINVAL || r == -EEXIST) && filters.n_others > 0 && ++priority <= PRIORITY_LAST);
	if (r < 0)
		return r;
	*ret_priority = priority;
	return 0;
}

static uint32_t clsact_program_id(const struct ebc_hook_programs *programs, uint32_t ifindex,
				  enum ebc_direction direction, uint32_t priority)
{
	struct bpf_tc_hook hook = clsact_hook(ifindex, attach_point(direction));
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = programs->handle, .priority = priority);

	return bpf_tc_query(&hook, &options) < 0 ? 0 : options.prog_id;
}

static void clsact_remove(const struct ebc_hook_programs *programs, uint32_t ifindex,
			  enum ebc_direction direction, uint32_t priority)
{
	struct bpf_tc_hook hook = clsact_hook(ifindex, attach_point(direction));
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = programs->handle, .priority = priority);

	bpf_tc_detach(&hook, &options);
}

/* Nobody's: an instance of ours died with its filters in place, and nobody else has any there. */
static bool clsact_is_left_over(const struct ebc_hook_programs *programs, uint32_t ifindex)
{
	struct ebc_clsact_filters rx, tx;

	if (ebc_clsact_list(ifindex, EBC_DIRECTION_RX, programs->handle, &rx) < 0 ||
	    ebc_clsact_list(ifindex, EBC_DIRECTION_TX, programs->handle, &tx) < 0)
		return false;
	return rx.n_ours + tx.n_ours > 0 && rx.n_others + tx.n_others == 0;
}

static bool clsact_is_empty(const struct ebc_hook_programs *programs, uint32_t ifindex)
{
	struct ebc_clsact_filters rx, tx;

	if (ebc_clsact_list(ifindex, EBC_DIRECTION_RX, programs->handle, &rx) < 0 ||
	    ebc_clsact_list(ifindex, EBC_DIRECTION_TX, programs->handle, &tx) < 0)
		return false;
	return rx.n_ours + rx.n_others + tx.n_ours + tx.n_others == 0;
}

static void clsact_destroy(uint32_t ifindex)
{
	struct bpf_tc_hook hook = clsact_hook(ifindex, BPF_TC_INGRESS | BPF_TC_EGRESS);

	bpf_tc_hook_destroy(&hook);
}

void ebc_hooks_remove_left_over(const struct ebc_hook_programs *programs, uint32_t ifindex)
{
	bool is_left_over = clsact_is_left_over(programs, ifindex);

	for (int direction = 0; direction < EBC_DIRECTIONS; direction++) {
		struct ebc_clsact_filters filters;

		if (ebc_clsact_list(ifindex, direction, programs->handle, &filters) == 0 &&
		    filters.n_ours > 0)
			clsact_remove(programs, ifindex, direction, filters.our_priority);
	}
	if (is_left_over && clsact_is_empty(programs, ifindex))
		clsact_destroy(ifindex);
}

static int clsact_prepare(const struct ebc_hook_programs *programs, uint32_t ifindex, bool *ret_made)
{
	struct bpf_tc_hook hook = clsact_hook(ifindex, BPF_TC_INGRESS | BPF_TC_EGRESS);
	int r = bpf_tc_hook_create(&hook);

	if (r < 0 && r != -EEXIST)
		return r;
	*ret_made = r == 0 || clsact_is_left_over(programs, ifindex);
	return 0;
}

int ebc_hooks_attach(const struct ebc_hook_programs *programs, uint32_t ifindex, struct ebc_hooks *ret_hooks)
{
	struct ebc_hooks hooks = EBC_HOOKS_NONE;
	int r = 0;

	hooks.ifindex = ifindex;
	/* The predecessor had no tcx, or was told not to use it. */
	if (programs->use_tcx)
		ebc_hooks_remove_left_over(programs, ifindex);
	else
		r = clsact_prepare(programs, ifindex, &hooks.made_clsact);

	/* Egress first: frames are consumed only once the clock's own can be stamped. */
	for (int direction = EBC_DIRECTION_TX; r >= 0 && direction >= EBC_DIRECTION_RX; direction--) {
		if (programs->use_tcx) {
			r = tcx_attach_pinned(programs, ifindex, direction);
			if (r >= 0)
				hooks.link_fd[direction] = r;
		} else {
			r = clsact_attach(programs, ifindex, direction, &hooks.priority[direction]);
		}
	}
	if (r < 0) {
		ebc_hooks_detach(programs, &hooks);
		return r;
	}
	*ret_hooks = hooks;
	return 0;
}

void ebc_hooks_detach(const struct ebc_hook_programs *programs, struct ebc_hooks *hooks)
{
	for (int direction = 0; direction < EBC_DIRECTIONS; direction++) {
		uint32_t priority = hooks->priority[direction];
		char path[PIN_PATH_OCTETS];

		if (hooks->ifindex && tcx_pin_path(programs, hooks->ifindex, direction, path, sizeof(path)))
			unlink(path);
		hooks->link_fd[direction] = close_fd(hooks->link_fd[direction]);
		if (priority && clsact_program_id(programs, hooks->ifindex, direction, priority) ==
					programs->id[direction])
			clsact_remove(programs, hooks->ifindex, direction, priority);
	}
	/* Somebody may add a filter between the look and the deletion; the kernel offers nothing better. */
	if (hooks->made_clsact && clsact_is_empty(programs, hooks->ifindex))
		clsact_destroy(hooks->ifindex);
	*hooks = EBC_HOOKS_NONE;
}

void ebc_hooks_remove_of(const struct ebc_hook_programs *programs, uint32_t ifindex)
{
	struct ebc_hooks hooks = EBC_HOOKS_NONE;

	hooks.ifindex = ifindex;
	for (int direction = 0; direction < EBC_DIRECTIONS; direction++) {
		struct ebc_clsact_filters filters;

		if (ebc_clsact_list(ifindex, direction, programs->handle, &filters) == 0 &&
		    filters.n_ours > 0)
			hooks.priority[direction] = filters.our_priority;
	}
	hooks.made_clsact = hooks.priority[EBC_DIRECTION_RX] || hooks.priority[EBC_DIRECTION_TX];
	ebc_hooks_detach(programs, &hooks);
}

int ebc_hooks_check(const struct ebc_hook_programs *programs, const struct ebc_hooks *hooks)
{
	for (int direction = 0; direction < EBC_DIRECTIONS; direction++) {
		int r = 0;

		if (programs->use_tcx)
			r = tcx_check(hooks->link_fd[direction], hooks->ifindex);
		else if (clsact_program_id(programs, hooks->ifindex, direction, hooks->priority[direction]) !=
			 programs->id[direction])
			r = -ENOENT;
		if (r < 0)
			return r;
	}
	return 0;
}
