/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The set of programs, links and maps of a transparent clock, pinned so that it goes on without the process.
 * Its folder is <directory>/tc_<network namespace>_<domains>_<pid>-<number>_<hash>. The owner holds an
 * abstract UNIX socket of that name, which vanishes with it; so a start knows of a set that it finds on its
 * ports whether the owner is dead, by the domains whether it is in the way, and by the hash whether it is of
 * its own kind.
 */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <net/if.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "bpf/loader_internal.h"
#include "util/cleanup.h"
#include "util/macros.h"

#define FILE_PATH_OCTETS (EBC_PIN_PATH_OCTETS + 64)
/* What came in by programs that are gone has left by then, but for what a full queue holds. */
#define IN_FLIGHT_NS (50 * NSEC_PER_MSEC)

static const char *const program_files[EBC_DIRECTIONS] = {"program_in", "program_out"};
static const char *const tracepoint_files[EBC_TRACEPOINTS] = {"link_start_xmit", "link_xmit"};

/* False: too long. */
static bool file_path(const char *directory, const char *name, char *ret, size_t size)
{
	int len = snprintf(ret, size, "%s/%s", directory, name);

	return len >= 0 && (size_t)len < size;
}

static int get(const char *directory, const char *name)
{
	char path[FILE_PATH_OCTETS];

	return file_path(directory, name, path, sizeof(path)) ? bpf_obj_get(path) : -ENAMETOOLONG;
}

static int pin(int fd, const char *directory, const char *name)
{
	char path[FILE_PATH_OCTETS];

	return file_path(directory, name, path, sizeof(path)) ? bpf_obj_pin(fd, path) : -ENAMETOOLONG;
}

static int64_t netns_inum(void)
{
	struct stat netns;

	return stat("/proc/thread-self/ns/net", &netns) < 0 ? -errno : (int64_t)netns.st_ino;
}

static const char *base_name(const char *directory)
{
	const char *slash = strrchr(directory, '/');

	return slash ? slash + 1 : directory;
}

/* The lock of a set: a descriptor, or -EADDRINUSE while its owner lives. */
static int lock_set(const char *directory)
{
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int len;

	if (fd < 0)
		return -errno;
	len = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "ebpf-bc-set/%s",
		       base_name(directory));
	if (len < 0 || (size_t)len >= sizeof(address.sun_path) - 1)
		return -ENAMETOOLONG;
	if (bind(fd, (struct sockaddr *)&address,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* "all", or sdoId and domainNumber; no dots, which a bpf file system refuses. */
static void domains_text(const struct ebc_loader_options *options, char *ret, size_t size)
{
	if (options->has_all_domains)
		snprintf(ret, size, "all");
	else
		snprintf(ret, size, "%x-%u", options->sdo_id, options->domain_number);
}

enum domains {
	DOMAINS_APART,
	DOMAINS_MEET,
	DOMAINS_SAME,
};

/* How the domains of a set, which follow `prefix` in its name, lie to ours. */
static enum domains compare_domains(const char *name, const char *prefix,
				    const struct ebc_loader_options *options)
{
	char own[16];
	const char *other = name + strlen(prefix);
	size_t len = strcspn(other, "_");

	domains_text(options, own, sizeof(own));
	if (len == strlen(own) && strncmp(other, own, len) == 0)
		return DOMAINS_SAME;
	return options->has_all_domains || strncmp(other, "all_", 4) == 0 ? DOMAINS_MEET : DOMAINS_APART;
}

/* Unlinks the pins of a set whose names begin with `prefix`. */
static void unlink_some(const char *directory, const char *prefix)
{
	DIR *dir = opendir(directory);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char path[FILE_PATH_OCTETS];

		if (entry->d_name[0] != '.' && strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
		    file_path(directory, entry->d_name, path, sizeof(path)))
			unlink(path);
	}
	if (dir)
		closedir(dir);
}

/* The clsact filters of a set; those of tcx hang by its links. */
static void remove_filters(const char *directory)
{
	_cleanup_fd_ int ports_fd = get(directory, ebc_map_name(EBC_MAP_PORTS));
	_cleanup_fd_ int ctl_fd = get(directory, ebc_map_name(EBC_MAP_CTL));
	_cleanup_fd_ int in_fd = get(directory, program_files[EBC_DIRECTION_RX]);
	_cleanup_fd_ int out_fd = get(directory, program_files[EBC_DIRECTION_TX]);
	struct ebc_hook_programs programs = {};
	uint32_t key = 0, zero = 0;
	struct ebc_ctl ctl;

	if (ports_fd < 0 || ctl_fd < 0 || bpf_map_lookup_elem(ctl_fd, &zero, &ctl) < 0 ||
	    ebc_program_id(in_fd, &programs.id[EBC_DIRECTION_RX]) < 0 ||
	    ebc_program_id(out_fd, &programs.id[EBC_DIRECTION_TX]) < 0)
		return;
	programs.handle = ebc_handle(ctl.has_all_domains, ctl.sdo_id, ctl.domain_number);
	for (bool is_first = true; bpf_map_get_next_key(ports_fd, is_first ? NULL : &key, &key) == 0;
	     is_first = false)
		ebc_hooks_remove_of(&programs, key);
}

static void remove_set(const char *directory)
{
	const struct timespec in_flight = {.tv_nsec = IN_FLIGHT_NS};

	remove_filters(directory);
	unlink_some(directory, "link_in_");
	nanosleep(&in_flight, NULL);
	unlink_some(directory, "");
	rmdir(directory);
}

/* Whether a set serves one of these interfaces. */
static bool is_on(const char *directory, const uint32_t *ifindexes, size_t n)
{
	_cleanup_fd_ int fd = get(directory, ebc_map_name(EBC_MAP_PORTS));
	struct ebc_port_conf conf;

	for (size_t i = 0; fd >= 0 && i < n; i++)
		if (bpf_map_lookup_elem(fd, &ifindexes[i], &conf) == 0)
			return true;
	return false;
}

/* What it counted is by port number, so that the ports must have the same ones. */
static bool is_numbered_alike(const char *directory, const uint32_t *ifindexes, size_t n)
{
	_cleanup_fd_ int fd = get(directory, ebc_map_name(EBC_MAP_PORTS));
	struct ebc_port_conf conf;

	for (size_t i = 0; fd >= 0 && i < n; i++)
		if (bpf_map_lookup_elem(fd, &ifindexes[i], &conf) == 0 && conf.port_index != i)
			return false;
	return true;
}

/* Whether a set has interfaces and none of them is there any more: then it is nobody's. */
static bool is_orphan(const struct ebc_loader *loader, const char *directory)
{
	_cleanup_fd_ int fd = get(directory, ebc_map_name(EBC_MAP_PORTS));
	bool is_first = true;
	uint32_t key = 0;

	if (fd < 0)
		return false;
	for (; bpf_map_get_next_key(fd, is_first ? NULL : &key, &key) == 0; is_first = false) {
		struct ifreq request = {.ifr_ifindex = (int)key};

		if (ioctl(loader->ioctl_fd, SIOCGIFNAME, &request) == 0)
			return false;
	}
	return !is_first;
}

static void let_go(struct ebc_loader *loader)
{
	for (int i = 0; i < EBC_MAP_MAX; i++)
		loader->map_fd[i] = close_fd(loader->map_fd[i]);
	for (int i = 0; i < EBC_DIRECTIONS; i++)
		loader->programs.fd[i] = close_fd(loader->programs.fd[i]);
}

/* Whether the set was loaded with the tracepoints that stamp after the qdisc. */
static bool has_tracepoints(int ctl_fd)
{
	struct ebc_ctl ctl;
	uint32_t zero = 0;

	return bpf_map_lookup_elem(ctl_fd, &zero, &ctl) == 0 && ctl.tx_stamp_source != EBC_STAMP_TC;
}

/* All of it or nothing. The tracepoints' links need no descriptor: their pins hold them. */
static bool take_over(struct ebc_loader *loader, const char *directory)
{
	bool is_whole = true, wants_links;

	for (int i = 0; i < EBC_MAP_MAX; i++)
		if (ebc_map_is_there((enum ebc_map_id)i, loader->mode)) {
			loader->map_fd[i] = get(directory, ebc_map_name((enum ebc_map_id)i));
			is_whole &= loader->map_fd[i] >= 0;
		}
	for (int i = 0; i < EBC_DIRECTIONS; i++) {
		loader->programs.fd[i] = get(directory, program_files[i]);
		is_whole &= loader->programs.fd[i] >= 0;
	}
	wants_links = is_whole && has_tracepoints(loader->map_fd[EBC_MAP_CTL]);
	for (int i = 0; i < EBC_TRACEPOINTS && wants_links; i++) {
		_cleanup_fd_ int fd = get(directory, tracepoint_files[i]);

		is_whole &= fd >= 0;
	}
	if (!is_whole)
		let_go(loader);
	return is_whole;
}

/* A set of our network namespace: taken over, remembered as a predecessor, or left alone. */
static void consider(struct ebc_loader *loader, const struct ebc_loader_options *options,
		     const char *directory, enum domains domains, const char *suffix)
{
	bool is_ours = domains != DOMAINS_APART &&
		       is_on(directory, options->set_ifindexes, options->n_set_ifindexes);
	size_t len = strlen(directory);
	_cleanup_fd_ int lock_fd = -1;

	if (!is_ours && !is_orphan(loader, directory))
		return;
	lock_fd = lock_set(directory);
	if (lock_fd < 0)
		return;
	if (is_ours && domains == DOMAINS_SAME && !loader->took_over &&
	    loader->mode == EBC_MODE_TRANSPARENT && len > strlen(suffix) &&
	    strcmp(directory + len - strlen(suffix), suffix) == 0 &&
	    is_numbered_alike(directory, options->set_ifindexes, options->n_set_ifindexes) &&
	    take_over(loader, directory)) {
		loader->took_over = true;
		loader->set_lock_fd = TAKE_FD(lock_fd);
		snprintf(loader->set_directory, sizeof(loader->set_directory), "%s", directory);
	} else if (loader->n_predecessors < EBC_PREDECESSORS) {
		snprintf(loader->predecessors[loader->n_predecessors++], EBC_PIN_PATH_OCTETS, "%s",
			 directory);
	}
}

int ebc_set_find(struct ebc_loader *loader, const struct ebc_loader_options *options, uint64_t hash)
{
	char prefix[32], suffix[20];
	const struct dirent *entry;
	int64_t inum = netns_inum();
	DIR *dir;

	if (inum < 0 || !options->set_pin_directory)
		return 0;
	snprintf(prefix, sizeof(prefix), "tc_%" PRIu64 "_", (uint64_t)inum);
	snprintf(suffix, sizeof(suffix), "_%016" PRIx64, hash);
	dir = opendir(options->set_pin_directory);
	while (dir && (entry = readdir(dir))) {
		char path[EBC_PIN_PATH_OCTETS];

		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
		    file_path(options->set_pin_directory, entry->d_name, path, sizeof(path)))
			consider(loader, options, path, compare_domains(entry->d_name, prefix, options),
				 suffix);
	}
	if (dir)
		closedir(dir);
	return loader->took_over;
}

static int pin_all(struct ebc_loader *loader)
{
	int r = 0;

	for (int i = 0; i < EBC_MAP_MAX && r == 0; i++)
		if (loader->map_fd[i] >= 0)
			r = pin(loader->map_fd[i], loader->set_directory, ebc_map_name((enum ebc_map_id)i));
	for (int i = 0; i < EBC_DIRECTIONS && r == 0; i++)
		r = pin(loader->programs.fd[i], loader->set_directory, program_files[i]);
	for (int i = 0; i < EBC_TRACEPOINTS && r == 0; i++)
		if (loader->tracepoints[i])
			r = pin(bpf_link__fd(loader->tracepoints[i]), loader->set_directory,
				tracepoint_files[i]);
	return r;
}

void ebc_set_pin(struct ebc_loader *loader, const struct ebc_loader_options *options, uint64_t hash)
{
	static unsigned int n_sets; /* of this process: one may follow another */
	char domains[16];
	struct statfs fs;
	int r;

	domains_text(options, domains, sizeof(domains));
	if (snprintf(loader->set_directory, sizeof(loader->set_directory),
		     "%s/tc_%" PRIu64 "_%s_%d-%u_%016" PRIx64, options->set_pin_directory,
		     (uint64_t)loader->ctl->netns_inum, domains, (int)getpid(), ++n_sets,
		     hash) >= (int)sizeof(loader->set_directory)) {
		snprintf(loader->set_reason, sizeof(loader->set_reason), "the path is too long");
		loader->set_directory[0] = '\0';
		return;
	}
	if (statfs(options->set_pin_directory, &fs) < 0 || fs.f_type != BPF_FS_MAGIC) {
		snprintf(loader->set_reason, sizeof(loader->set_reason),
			 "no bpf file system is mounted at %.150s", options->set_pin_directory);
		loader->set_directory[0] = '\0';
		return;
	}
	unlink_some(loader->set_directory, "");
	rmdir(loader->set_directory);
	/* The lock first: a set without one is nobody's. */
	loader->set_lock_fd = r = lock_set(loader->set_directory);
	if (r >= 0)
		r = mkdir(loader->set_directory, 0700) < 0 ? -errno : pin_all(loader);
	if (r < 0) {
		snprintf(loader->set_reason, sizeof(loader->set_reason), "%.150s: %s", loader->set_directory,
			 strerror(-r));
		ebc_set_unpin(loader);
	}
}

void ebc_set_unpin(struct ebc_loader *loader)
{
	if (!loader->set_directory[0])
		return;
	unlink_some(loader->set_directory, "");
	rmdir(loader->set_directory);
	loader->set_directory[0] = '\0';
}

static bool is_attached(const struct ebc_loader *loader, uint32_t ifindex)
{
	for (size_t i = 0; i < EBC_MAX_PORTS; i++)
		if (loader->ports[i].is_used && loader->ports[i].ifindex == ifindex)
			return true;
	return false;
}

static void unlink_port(const struct ebc_loader *loader, uint32_t ifindex)
{
	char path[FILE_PATH_OCTETS];

	snprintf(path, sizeof(path), "%s/link_in_%u", loader->set_directory, ifindex);
	unlink(path);
	snprintf(path, sizeof(path), "%s/link_out_%u", loader->set_directory, ifindex);
	unlink(path);
}

/* Ports of the predecessor that this configuration has not: their hooks, their entries, clones for them. */
static void remove_old_ports(struct ebc_loader *loader)
{
	int ports_fd = loader->map_fd[EBC_MAP_PORTS], devs_fd = loader->map_fd[EBC_MAP_TX_DEVS];
	int targets_fd = loader->map_fd[EBC_MAP_CLONE_TARGETS];
	struct ebc_tx_dev_key dev_keys[EBC_MAX_PORTS], dev = {};
	const struct ebc_clone_target nowhere = {};
	struct ebc_clone_target target;
	uint32_t keys[EBC_MAX_PORTS], key = 0;
	size_t n = 0;

	for (bool is_first = true;
	     n < EBC_MAX_PORTS && bpf_map_get_next_key(ports_fd, is_first ? NULL : &key, &key) == 0;
	     is_first = false)
		if (!is_attached(loader, key))
			keys[n++] = key;
	for (size_t i = 0; i < n; i++) {
		unlink_port(loader, keys[i]);
		ebc_hooks_remove_left_over(&loader->programs, keys[i]);
		bpf_map_delete_elem(ports_fd, &keys[i]);
	}
	for (uint32_t i = 0; i < EBC_MAX_PORTS; i++)
		if (bpf_map_lookup_elem(targets_fd, &i, &target) == 0 && target.ifindex &&
		    !is_attached(loader, target.ifindex))
			bpf_map_update_elem(targets_fd, &i, &nowhere, BPF_ANY);
	n = 0;
	for (bool is_first = true;
	     n < EBC_MAX_PORTS && bpf_map_get_next_key(devs_fd, is_first ? NULL : &dev, &dev) == 0;
	     is_first = false)
		if (!is_attached(loader, dev.port_ifindex))
			dev_keys[n++] = dev;
	for (size_t i = 0; i < n; i++)
		bpf_map_delete_elem(devs_fd, &dev_keys[i]);
}

/* Its ingress programs carry nothing to other ports any more; everything else goes on. */
static void stop_carrying(const char *directory)
{
	_cleanup_fd_ int fd = get(directory, ebc_map_name(EBC_MAP_CTL));
	size_t octets = (size_t)sysconf(_SC_PAGESIZE);
	volatile struct ebc_ctl *ctl;

	if (fd < 0)
		return;
	ctl = mmap(NULL, octets, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ctl == MAP_FAILED)
		return;
	ctl->n_ports = 0;
	munmap((void *)ctl, octets);
}

size_t ebc_loader_remove_predecessors(struct ebc_loader *loader)
{
	size_t n = loader->n_predecessors;

	if (loader->took_over)
		remove_old_ports(loader);
	for (size_t i = 0; i < n; i++)
		stop_carrying(loader->predecessors[i]);
	loader->ctl->n_ports = MAX(loader->ctl->n_ports, loader->n_targets);
	for (size_t i = 0; i < n; i++)
		remove_set(loader->predecessors[i]);
	loader->n_predecessors = 0;
	loader->programs.left = NULL;
	return n;
}

bool ebc_loader_took_over(const struct ebc_loader *loader)
{
	return loader->took_over;
}

bool ebc_loader_is_pinned(const struct ebc_loader *loader, const char **ret_reason)
{
	if (ret_reason)
		*ret_reason = loader->set_reason;
	return loader->set_directory[0] != '\0';
}

bool ebc_loader_leave(struct ebc_loader *loader, char *ret_directory)
{
	loader->is_left = loader->set_directory[0] != '\0';
	if (loader->is_left)
		memcpy(ret_directory, loader->set_directory, sizeof(loader->set_directory));
	return loader->is_left;
}

void ebc_loader_remove_left(const char *directory)
{
	/* Whoever goes on with it holds its lock. */
	_cleanup_fd_ int lock_fd = lock_set(directory);

	if (lock_fd >= 0 && access(directory, F_OK) == 0)
		remove_set(directory);
}
