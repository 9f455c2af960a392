/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ports of an instance: their entries in the maps and our programs at their hooks. The entries
 * are made first and go last, so that a program never runs without them.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>

#include "bpf/loader.h"
#include "bpf/loader_internal.h"
#include "util/cleanup.h"
#include "util/macros.h"

static struct ebc_port *port_find(struct ebc_loader *loader, uint32_t ifindex)
{
	for (size_t i = 0; i < EBC_MAX_PORTS; i++)
		if (loader->ports[i].is_used && loader->ports[i].ifindex == ifindex)
			return &loader->ports[i];
	return NULL;
}

static struct ebc_port *port_find_unused(struct ebc_loader *loader)
{
	for (size_t i = 0; i < EBC_MAX_PORTS; i++)
		if (!loader->ports[i].is_used)
			return &loader->ports[i];
	return NULL;
}

static bool is_among(uint32_t ifindex, const uint32_t *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == ifindex)
			return true;
	return false;
}

/* Makes the entries of `port` those of `lowest`, touching only what changes. */
static int set_lowest(struct ebc_loader *loader, struct ebc_port *port, const uint32_t *lowest,
		      size_t n_lowest)
{
	int fd = loader->map_fd[EBC_MAP_TX_DEVS];
	uint32_t unused = 0;

	for (size_t i = 0; i < n_lowest; i++) {
		struct ebc_tx_dev_key key = {.lowest_ifindex = lowest[i], .port_ifindex = port->ifindex};

		if (bpf_map_update_elem(fd, &key, &unused, BPF_ANY) < 0)
			return -errno;
	}
	for (size_t i = 0; i < port->n_lowest; i++) {
		struct ebc_tx_dev_key key = {.lowest_ifindex = port->lowest[i],
					     .port_ifindex = port->ifindex};

		if (!is_among(port->lowest[i], lowest, n_lowest))
			bpf_map_delete_elem(fd, &key);
	}
	if (n_lowest)
		memcpy(port->lowest, lowest, n_lowest * sizeof(*lowest));
	port->n_lowest = n_lowest;
	return 0;
}

/* Where clones go: nowhere once the port is gone. */
static int set_clone_target(struct ebc_loader *loader, uint32_t port_index, uint32_t ifindex,
			    uint32_t bridge_ifindex)
{
	struct ebc_clone_target target = {.ifindex = ifindex, .bridge_ifindex = bridge_ifindex};
	int fd = loader->map_fd[EBC_MAP_CLONE_TARGETS];

	if (fd < 0)
		return 0;
	if (bpf_map_update_elem(fd, &port_index, &target, BPF_ANY) < 0)
		return -errno;
	loader->n_targets = MAX(loader->n_targets, port_index + 1);
	/* While a predecessor's programs carry frames, ours do not: each would arrive twice. */
	if (loader->n_predecessors == 0)
		loader->ctl->n_ports = MAX(loader->ctl->n_ports, loader->n_targets);
	return 0;
}

/* A predecessor measured the cable's delay; until it is measured anew, its value is better than none. */
static void keep_link_delay(const struct ebc_loader *loader, uint32_t ifindex, struct ebc_port_conf *conf)
{
	struct ebc_port_conf before;

	if (loader->took_over && conf->link_delay_sns == 0 &&
	    bpf_map_lookup_elem(loader->map_fd[EBC_MAP_PORTS], &ifindex, &before) == 0)
		conf->link_delay_sns = before.link_delay_sns;
}

static int set_entries(struct ebc_loader *loader, struct ebc_port *port, const struct ebc_port_conf *conf,
		       const uint32_t *lowest, size_t n_lowest)
{
	int r = set_lowest(loader, port, lowest, n_lowest);
	struct ebc_port_conf entry = *conf;

	if (r < 0)
		return r;
	keep_link_delay(loader, port->ifindex, &entry);
	if (bpf_map_update_elem(loader->map_fd[EBC_MAP_PORTS], &port->ifindex, &entry, BPF_ANY) < 0)
		return -errno;
	if (port->port_index != conf->port_index)
		set_clone_target(loader, port->port_index, 0, 0);
	port->port_index = conf->port_index;
	return 0;
}

static void port_remove(struct ebc_loader *loader, struct ebc_port *port)
{
	set_clone_target(loader, port->port_index, 0, 0);
	ebc_hooks_detach(&loader->programs, &port->hooks);
	set_lowest(loader, port, NULL, 0);
	bpf_map_delete_elem(loader->map_fd[EBC_MAP_PORTS], &port->ifindex);
	*port = (struct ebc_port){};
}

static bool has_interface(const struct ebc_loader *loader, uint32_t ifindex)
{
	struct ifreq request = {.ifr_ifindex = (int)ifindex};

	return ioctl(loader->ioctl_fd, SIOCGIFNAME, &request) == 0;
}

int ebc_loader_attach_port(struct ebc_loader *loader, uint32_t ifindex, const struct ebc_port_conf *conf,
			   const uint32_t *lowest, size_t n_lowest)
{
	struct ebc_port *port = port_find(loader, ifindex);
	int r;

	if (n_lowest > EBC_LOWEST_DEVICES)
		return -E2BIG;
	if (conf->port_index >= EBC_MAX_PORTS)
		return -EINVAL;
	if (!has_interface(loader, ifindex))
		return -ENODEV;
	if (!port) {
		port = port_find_unused(loader);
		if (!port)
			return -ENOSPC;
		*port = (struct ebc_port){.is_used = true,
					  .ifindex = ifindex,
					  .port_index = conf->port_index,
					  .hooks = EBC_HOOKS_NONE};
	}
	r = set_entries(loader, port, conf, lowest, n_lowest);
	if (r == 0 && (!port->hooks.ifindex || ebc_hooks_check(&loader->programs, &port->hooks) < 0)) {
		/* What is left of them goes first: never two programs at a hook. */
		ebc_hooks_detach(&loader->programs, &port->hooks);
		r = ebc_hooks_attach(&loader->programs, ifindex, &port->hooks);
	}
	/* Last: no frame is to leave here before egress corrects it. */
	if (r == 0)
		r = set_clone_target(loader, port->port_index, ifindex, conf->bridge_ifindex);
	if (r < 0)
		port_remove(loader, port);
	else
		loader->is_settled = true;
	return r;
}

int ebc_loader_update_port(struct ebc_loader *loader, uint32_t ifindex, const struct ebc_port_conf *conf,
			   const uint32_t *lowest, size_t n_lowest)
{
	struct ebc_port *port = port_find(loader, ifindex);
	int r;

	if (!port)
		return -ENOENT;
	if (n_lowest > EBC_LOWEST_DEVICES)
		return -E2BIG;
	if (conf->port_index >= EBC_MAX_PORTS)
		return -EINVAL;
	r = set_entries(loader, port, conf, lowest, n_lowest);
	return r < 0 ? r : set_clone_target(loader, port->port_index, ifindex, conf->bridge_ifindex);
}

void ebc_loader_detach_port(struct ebc_loader *loader, uint32_t ifindex)
{
	struct ebc_port *port = port_find(loader, ifindex);

	if (port && !loader->is_left)
		port_remove(loader, port);
}

void ebc_port_detach_all(struct ebc_loader *loader)
{
	for (size_t i = 0; i < EBC_MAX_PORTS; i++)
		if (loader->ports[i].is_used)
			port_remove(loader, &loader->ports[i]);
}

void ebc_port_forget_all(struct ebc_loader *loader)
{
	for (size_t i = 0; i < EBC_MAX_PORTS; i++)
		for (int direction = 0; loader->ports[i].is_used && direction < EBC_DIRECTIONS; direction++)
			close_fd(loader->ports[i].hooks.link_fd[direction]);
}

int ebc_loader_check_port(struct ebc_loader *loader, uint32_t ifindex)
{
	const struct ebc_port *port = port_find(loader, ifindex);

	if (!has_interface(loader, ifindex))
		return -ENODEV;
	return port ? ebc_hooks_check(&loader->programs, &port->hooks) : -ENOENT;
}
