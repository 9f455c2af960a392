/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads the two objects of an instance so that they share one set of maps, or takes over those that a dead
 * predecessor left pinned, maps the control block, and takes all of it down again. The rest of the loader
 * works with descriptors alone and does not care which of the two it was.
 */
#include "bpf/loader.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "bpf/loader_internal.h"
#include "bpf/objects.h"
#include "util/cleanup.h"
#include "util/macros.h"

#define HANDLE_BASE 0xEBC00000U /* sdoId and domain below */
#define HANDLE_ALL  0xEBD00000U /* all domains */

static void cleanup_loader(struct ebc_loader **loader)
{
	ebc_loader_free(*loader);
}

static bool is_ring_size(uint32_t octets)
{
	uint32_t page = (uint32_t)sysconf(_SC_PAGESIZE);

	return octets >= page && (octets & (octets - 1)) == 0;
}

static int check_options(const struct ebc_loader_options *options, char *reason, size_t reason_size)
{
	if (!is_ring_size(options->rx_ring_bytes) || !is_ring_size(options->tx_ring_bytes)) {
		snprintf(reason, reason_size, "ring sizes must be powers of two of at least a page");
		return -EINVAL;
	}
	if (options->sdo_id > 0xFFF) {
		snprintf(reason, reason_size, "sdoId has 12 bits");
		return -EINVAL;
	}
	return 0;
}

/* Upper half of the marks: not zero, and another for each instance of a host. */
static uint32_t choose_mark(void)
{
	uint16_t mark = 0;

	if (getrandom(&mark, sizeof(mark), GRND_NONBLOCK) != sizeof(mark) || !mark)
		mark = (uint16_t)(getpid() | 1);
	return (uint32_t)mark << 16;
}

static struct ebc_constants choose_constants(const struct ebc_loader *loader,
					     const struct ebc_loader_options *options)
{
	struct ebc_constants constants = {
		.consume_verdict = loader->programs.use_tcx ? TC_ACT_SHOT : TC_ACT_STOLEN,
		.tx_mark = choose_mark(),
		.rx_mark = choose_mark(),
		.is_monitor = options->mode == EBC_MODE_MONITOR,
		.is_halfway = options->tx_stamp != EBC_STAMP_START_XMIT,
	};

	while (constants.rx_mark == constants.tx_mark)
		constants.rx_mark += 0x10000 | (constants.rx_mark == 0xFFFF0000 ? 0x10000 : 0);
	return constants;
}

/* Names the programs that may be taken over: what is loaded, and the options that it was loaded with. */
static uint64_t set_hash(const struct ebc_loader *loader, const struct ebc_loader_options *options)
{
	uint64_t hash = ebc_objects_hash(options->mode);
	const uint64_t values[] = {loader->programs.use_tcx, options->tx_stamp, options->publish_stamps,
				   options->rx_ring_bytes, options->tx_ring_bytes};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		hash = (hash ^ values[i]) * 0x100000001B3ULL;
	return hash;
}

const char *ebc_map_name(enum ebc_map_id id)
{
	static const char *const names[] = {
#define X(id, name, is_transparent) [EBC_MAP_##id] = name,
		EBC_MAPS(X)
#undef X
	};

	return names[id];
}

bool ebc_map_is_there(enum ebc_map_id id, enum ebc_mode mode)
{
	static const bool is_transparent[] = {
#define X(id, name, is_transparent) [EBC_MAP_##id] = is_transparent,
		EBC_MAPS(X)
#undef X
	};

	return mode != EBC_MODE_BOUNDARY || !is_transparent[id];
}

uint32_t ebc_handle(bool has_all_domains, uint16_t sdo_id, uint8_t domain_number)
{
	return has_all_domains ? HANDLE_ALL : HANDLE_BASE | (uint32_t)sdo_id << 8 | domain_number;
}

int ebc_program_id(int fd, uint32_t *ret_id)
{
	struct bpf_prog_info info = {};
	uint32_t len = sizeof(info);
	int r = bpf_obj_get_info_by_fd(fd, &info, &len);

	if (r < 0)
		return r;
	*ret_id = info.id;
	return 0;
}

/* Attach mode is known before the programs are loaded: the verdict that consumes depends on it. */
static bool kernel_has_tcx(void)
{
	static const struct bpf_insn pass[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = TC_ACT_UNSPEC},
		{.code = BPF_JMP | BPF_EXIT},
	};
	_cleanup_fd_ int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "ebc_probe", "GPL", pass,
					    sizeof(pass) / sizeof(pass[0]), NULL);

	return fd >= 0 && ebc_hooks_has_tcx(fd);
}

static int own_copy(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	return copy < 0 ? -errno : copy;
}

static int take_descriptors(struct ebc_loader *loader)
{
	static const char *const programs[EBC_DIRECTIONS] = {"ebc_ingress", "ebc_egress"};

	for (int i = 0; i < EBC_MAP_MAX; i++) {
		if (!ebc_map_is_there((enum ebc_map_id)i, loader->mode))
			continue;
		loader->map_fd[i] = own_copy(
			bpf_object__find_map_fd_by_name(loader->tc, ebc_map_name((enum ebc_map_id)i)));
		if (loader->map_fd[i] < 0)
			return loader->map_fd[i];
	}
	for (int i = 0; i < EBC_DIRECTIONS; i++) {
		loader->programs.fd[i] =
			own_copy(bpf_program__fd(bpf_object__find_program_by_name(loader->tc, programs[i])));
		if (loader->programs.fd[i] < 0)
			return loader->programs.fd[i];
	}
	return 0;
}

static int set_max_entries(struct bpf_object *object, enum ebc_map_id id, uint32_t n)
{
	return bpf_map__set_max_entries(bpf_object__find_map_by_name(object, ebc_map_name(id)), n);
}

static int load_tc(struct ebc_loader *loader, const struct ebc_loader_options *options,
		   const struct ebc_constants *constants)
{
	struct bpf_object *tc = ebc_objects_open_tc(options->mode, constants);
	int r;

	if (!tc)
		return -errno;
	loader->tc = tc;
	r = set_max_entries(tc, EBC_MAP_RX_RING, options->rx_ring_bytes);
	if (r == 0)
		r = set_max_entries(tc, EBC_MAP_TX_RING, options->tx_ring_bytes);
	if (r == 0 && !options->publish_stamps) /* preallocated: the smallest there is */
		r = set_max_entries(tc, EBC_MAP_STAMPS, 1);
	if (r == 0)
		r = bpf_object__load(tc);
	return r < 0 ? r : take_descriptors(loader);
}

static int attach_tracepoints(struct ebc_loader *loader)
{
	static const char *const programs[EBC_TRACEPOINTS] = {"ebc_start_xmit", "ebc_xmit"};

	for (int i = 0; i < EBC_TRACEPOINTS; i++) {
		loader->tracepoints[i] =
			bpf_program__attach(bpf_object__find_program_by_name(loader->tx, programs[i]));
		if (!loader->tracepoints[i])
			return -errno;
	}
	return 0;
}

static void unload_tx(struct ebc_loader *loader)
{
	for (int i = 0; i < EBC_TRACEPOINTS; i++) {
		bpf_link__destroy(loader->tracepoints[i]);
		loader->tracepoints[i] = NULL;
	}
	bpf_object__close(loader->tx);
	loader->tx = NULL;
}

static int load_tx(struct ebc_loader *loader, const struct ebc_constants *constants)
{
	int r;

	loader->tx = ebc_objects_open_tx(loader->mode, constants, loader->tc);
	if (!loader->tx)
		return -errno;
	r = bpf_object__load(loader->tx);
	if (r == 0)
		r = attach_tracepoints(loader);
	if (r < 0)
		unload_tx(loader);
	return r;
}

static void choose_tx_stamp(struct ebc_loader *loader, enum ebc_stamp_source wish,
			    const struct ebc_constants *constants)
{
	int r;

	loader->tx_stamp = EBC_STAMP_TC;
	if (wish == EBC_STAMP_TC || wish == EBC_STAMP_DRIVER) {
		loader->tx_stamp = wish;
		return;
	}
	ebc_reason_start();
	r = load_tx(loader, constants);
	if (r == 0)
		loader->tx_stamp = wish == EBC_STAMP_START_XMIT ? wish : EBC_STAMP_XMIT;
	else if (access("/sys/kernel/btf/vmlinux", F_OK) < 0)
		snprintf(loader->tx_reason, sizeof(loader->tx_reason), "kernel without BTF");
	else
		ebc_reason_describe(r, loader->tx_reason, sizeof(loader->tx_reason));
}

static int map_ctl(struct ebc_loader *loader, const struct ebc_loader_options *options)
{
	size_t octets = (size_t)sysconf(_SC_PAGESIZE);
	int fd = loader->map_fd[EBC_MAP_CTL];
	struct stat netns;
	void *ctl;

	if (stat("/proc/thread-self/ns/net", &netns) < 0)
		return -errno;
	ctl = mmap(NULL, octets, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ctl == MAP_FAILED)
		return -errno;
	loader->ctl = ctl;
	loader->ctl_octets = octets;
	loader->ctl->rx_rate_per_s = options->rx_rate_per_s;
	loader->ctl->rx_burst = MAX(options->rx_burst, 1U);
	loader->ctl->daemon_tgid = (uint32_t)getpid();
	loader->ctl->netns_inum = (uint32_t)netns.st_ino;
	loader->ctl->sdo_id = options->sdo_id;
	loader->ctl->domain_number = options->domain_number;
	loader->ctl->publish_stamps = options->publish_stamps;
	loader->ctl->rx_stamp_source = options->rx_stamp == EBC_STAMP_TC ? EBC_STAMP_TC : EBC_STAMP_SKB;
	loader->ctl->has_all_domains = options->has_all_domains;
	loader->ctl->leaves_own_domain = options->leaves_own_domain;
	if (loader->took_over)
		loader->tx_stamp = (enum ebc_stamp_source)loader->ctl->tx_stamp_source;
	else
		loader->ctl->tx_stamp_source = (uint8_t)loader->tx_stamp;
	return 0;
}

static int program_ids(struct ebc_loader *loader)
{
	int r = ebc_program_id(loader->programs.fd[EBC_DIRECTION_RX], &loader->programs.id[EBC_DIRECTION_RX]);

	return r < 0 ? r
		     : ebc_program_id(loader->programs.fd[EBC_DIRECTION_TX],
				      &loader->programs.id[EBC_DIRECTION_TX]);
}

static int open_rings(struct ebc_loader *loader)
{
	int r = ebc_ring_open(&loader->rx_ring, loader->map_fd[EBC_MAP_RX_RING],
			      sizeof(struct ebc_rx_record));

	if (r == 0)
		r = ebc_ring_open(&loader->tx_ring, loader->map_fd[EBC_MAP_TX_RING],
				  sizeof(struct ebc_tx_record));
	if (r == 0 && loader->map_fd[EBC_MAP_DEPARTURE_RING] >= 0)
		r = ebc_ring_open(&loader->departure_ring, loader->map_fd[EBC_MAP_DEPARTURE_RING],
				  sizeof(struct ebc_departure_record));
	if (r == 0 && loader->map_fd[EBC_MAP_SAMPLE_RING] >= 0)
		r = ebc_ring_open(&loader->sample_ring, loader->map_fd[EBC_MAP_SAMPLE_RING],
				  sizeof(struct ebc_sample));
	return r;
}

static int set_up(struct ebc_loader *loader, const struct ebc_loader_options *options)
{
	int r;

	loader->n_cpus = libbpf_num_possible_cpus();
	if (loader->n_cpus < 0)
		return loader->n_cpus;
	loader->cpu_counters = calloc((size_t)loader->n_cpus, sizeof(*loader->cpu_counters));
	if (!loader->cpu_counters)
		return -ENOMEM;
	loader->programs.handle =
		ebc_handle(options->has_all_domains, options->sdo_id, options->domain_number);
	r = program_ids(loader);
	if (r == 0)
		r = map_ctl(loader, options);
	return r < 0 ? r : open_rings(loader);
}

static int load(struct ebc_loader *loader, const struct ebc_loader_options *options)
{
	struct ebc_constants constants = choose_constants(loader, options);
	int r = load_tc(loader, options, &constants);

	if (r == 0)
		choose_tx_stamp(loader, options->tx_stamp, &constants);
	return r;
}

int ebc_loader_new(const struct ebc_loader_options *options, struct ebc_loader **ret_loader, char *reason,
		   size_t reason_size)
{
	_cleanup_(cleanup_loader) struct ebc_loader *loader = NULL;
	bool pins_set, pins_stamps, made_directory;
	uint64_t hash;
	int r;

	if (reason_size)
		reason[0] = '\0';
	r = check_options(options, reason, reason_size);
	if (r < 0)
		return r;
	loader = calloc(1, sizeof(*loader));
	if (!loader)
		return -ENOMEM;
	loader->mode = options->mode;
	loader->ioctl_fd = loader->set_lock_fd = -1;
	loader->rx_ring.fd = loader->tx_ring.fd = loader->departure_ring.fd = loader->sample_ring.fd = -1;
	for (int i = 0; i < EBC_MAP_MAX; i++)
		loader->map_fd[i] = -1;
	for (int i = 0; i < EBC_DIRECTIONS; i++)
		loader->programs.fd[i] = -1;

	loader->ioctl_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (loader->ioctl_fd < 0)
		return -errno;
	ebc_reason_start();
	loader->programs.use_tcx = options->attach_mode != EBC_ATTACH_CLSACT && kernel_has_tcx();
	hash = set_hash(loader, options);
	r = ebc_set_find(loader, options, hash) ? 0 : load(loader, options);
	if (r == 0 && options->attach_mode == EBC_ATTACH_TCX && !loader->programs.use_tcx) {
		snprintf(reason, reason_size, "kernel without tcx (since 6.6)");
		return -EOPNOTSUPP;
	}
	if (r == 0)
		r = set_up(loader, options);
	if (r < 0) {
		ebc_reason_describe(r, reason, reason_size);
		return r;
	}
	pins_set = options->mode == EBC_MODE_TRANSPARENT && options->set_pin_directory && !loader->took_over;
	pins_stamps = options->publish_stamps && options->stamps_pin_path;
	if ((pins_set || pins_stamps) && options->made_directory)
		loader->made_directory = mkdir(options->made_directory, 0755) == 0;
	if (pins_set)
		ebc_set_pin(loader, options, hash);
	loader->programs.left = options->left_hooks;
	if (loader->set_directory[0])
		loader->programs.pin_directory = loader->set_directory;
	loader->ctl->corrects_without_lease = loader->set_directory[0] != '\0';
	if (pins_stamps) {
		r = ebc_pin_stamps(loader, options->stamps_pin_path, reason, reason_size);
		if (r < 0) {
			made_directory = loader->made_directory;
			ebc_loader_free(TAKE_PTR(loader));
			if (made_directory)
				rmdir(options->made_directory);
			return r;
		}
	}
	*ret_loader = TAKE_PTR(loader);
	return 0;
}

void ebc_loader_free(struct ebc_loader *loader)
{
	if (!loader)
		return;
	/* A start that failed after it took over: the predecessor's programs go on. */
	if (loader->is_left || (loader->took_over && !loader->is_settled)) {
		ebc_port_forget_all(loader);
	} else {
		ebc_port_detach_all(loader);
		ebc_set_unpin(loader);
	}
	ebc_unpin_stamps(loader);
	ebc_ring_close(&loader->rx_ring);
	ebc_ring_close(&loader->tx_ring);
	ebc_ring_close(&loader->departure_ring);
	ebc_ring_close(&loader->sample_ring);
	if (loader->ctl)
		munmap((void *)loader->ctl, loader->ctl_octets);
	unload_tx(loader);
	bpf_object__close(loader->tc);
	for (int i = 0; i < EBC_MAP_MAX; i++)
		close_fd(loader->map_fd[i]);
	for (int i = 0; i < EBC_DIRECTIONS; i++)
		close_fd(loader->programs.fd[i]);
	close_fd(loader->ioctl_fd);
	close_fd(loader->set_lock_fd);
	free(loader->cpu_counters);
	free(loader);
}

enum ebc_stamp_source ebc_loader_tx_stamp(const struct ebc_loader *loader, const char **ret_reason)
{
	if (ret_reason)
		*ret_reason = loader->tx_reason;
	return loader->tx_stamp;
}

bool ebc_loader_made_directory(const struct ebc_loader *loader)
{
	return loader->made_directory;
}

bool ebc_loader_uses_tcx(const struct ebc_loader *loader)
{
	return loader->programs.use_tcx;
}

volatile struct ebc_ctl *ebc_loader_ctl(struct ebc_loader *loader)
{
	return loader->ctl;
}
