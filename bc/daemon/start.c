// SPDX-License-Identifier: GPL-2.0-or-later
/* Starting and stopping: what is opened in which order, and what is said when something is missing. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "bc/daemon/app.h"
#include "bc/daemon/claim.h"
#include "bc/daemon/clocks.h"
#include "bc/daemon/control_keep.h"
#include "bc/daemon/handover.h"
#include "bc/daemon/log.h"
#include "bc/daemon/one_step_port.h"
#include "bc/daemon/other_domains.h"
#include "bc/daemon/service.h"
#include "util/cleanup.h"
#include "util/macros.h"

#define HOUSEKEEPING_NS (500 * NSEC_PER_MSEC)

static int claim_ports(struct app *app)
{
	const struct ebc_loader_options *loader = &app->settings->loader;
	struct claim claim = {
		.is_all_domains = loader->has_all_domains,
		.leaves_own_domain = loader->leaves_own_domain,
		.sdo_id = loader->sdo_id,
		.domain_number = loader->domain_number,
	};

	for (size_t i = 0; i < app->n_ports; i++) {
		int fd = claim_interface(&claim, app->ports[i].link.name);

		if (fd == -EADDRINUSE && claim.is_all_domains)
			log_line(LOG_ERR, "%s: another ebpf-bc is there", app->settings->ports[i].name);
		else if (fd == -EADDRINUSE)
			log_line(LOG_ERR, "%s: another ebpf-bc serves domain %u there",
				 app->settings->ports[i].name, claim.domain_number);
		else if (fd < 0)
			log_line(LOG_ERR, "%s: cannot claim: %s", app->settings->ports[i].name,
				 strerror(-fd));
		if (fd < 0)
			return fd;
		app->instance_fds[i] = fd;
	}
	return 0;
}

/* EUI-48 to EUI-64 as ptp4l does it: FFFE in the middle. */
static void identity_from_mac(const uint8_t *mac, uint8_t *identity)
{
	memcpy(identity, (uint8_t[]){mac[0], mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]},
	       PTP_CLOCK_IDENTITY_LEN);
}

/* Two names may be one interface's. */
static bool is_seen_before(const struct ebc_link *links, size_t n, int ifindex)
{
	for (size_t i = 0; i < n; i++)
		if (links[i].ifindex == ifindex)
			return true;
	return false;
}

int app_find_links(struct ebc_links *links, const struct settings *settings, bool may_lack,
		   struct ebc_link *ret_links)
{
	for (size_t i = 0; i < settings->n_ports; i++) {
		const char *name = settings->ports[i].name;
		struct ebc_link *link = &ret_links[i];
		int r = ebc_link_get_by_name(links, name, link);

		if (r == -ENODEV && may_lack) {
			*link = (struct ebc_link){};
			snprintf(link->name, sizeof(link->name), "%s", name);
			continue;
		}
		if (r < 0) {
			log_line(LOG_ERR, "%s: %s", name, r == -ENODEV ? "no such interface" : strerror(-r));
			return r;
		}
		if (!link->is_ethernet) {
			log_line(LOG_ERR, "%s: not an Ethernet interface", name);
			return -EINVAL;
		}
		if (is_seen_before(ret_links, i, link->ifindex)) {
			log_line(LOG_ERR, "%s: is another port already, as %s", name, link->name);
			return -EEXIST;
		}
	}
	return 0;
}

static int look_at_ports(struct app *app, struct bc_engine_config *engine, const struct handover *handover)
{
	static struct ebc_link found[BC_MAX_PORTS];
	int r = app_find_links(app->links, app->settings, handover && handover->is_going_back, found);

	if (r < 0)
		return r;
	for (size_t i = 0; i < app->n_ports; i++)
		app->ports[i].link = found[i];
	if (!app->settings->has_clock_identity && found[0].ifindex)
		identity_from_mac(found[0].mac, engine->clock_identity);
	handover_get_identity(handover, app->settings, engine->clock_identity);
	memcpy(app->clock_identity, engine->clock_identity, sizeof(app->clock_identity));
	return 0;
}

static int open_timers_and_signals(struct app *app)
{
	struct itimerspec period = {
		.it_value.tv_nsec = HOUSEKEEPING_NS,
		.it_interval.tv_nsec = HOUSEKEEPING_NS,
	};
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGUSR1);
	/* Those that belong to the process are the first instance's. */
	if (app->settings->is_other_domains)
		sigemptyset(&signals);
	signal(SIGPIPE, SIG_IGN); /* nobody may read the log any more */
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return -errno;
	app->signal_fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	app->deadline_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	app->housekeeping_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	app->clock_watch_fd = clocks_watch_new();
	if (app->signal_fd < 0 || app->deadline_fd < 0 || app->housekeeping_fd < 0 || app->clock_watch_fd < 0)
		return app->clock_watch_fd < 0 ? app->clock_watch_fd : -errno;
	if (timerfd_settime(app->housekeeping_fd, 0, &period, NULL) < 0)
		return -errno;
	return 0;
}

static int start_clocks(struct app *app)
{
	int64_t ahead_ns;
	int r = clocks_start(&ahead_ns);

	if (r < 0) {
		log_line(LOG_ERR, "cannot read /proc/self/timens_offsets: %s", strerror(-r));
		return r;
	}
	if (ahead_ns != 0 && !app->settings->is_other_domains)
		log_line(LOG_INFO,
			 "time namespace: CLOCK_MONOTONIC here is %+.9f s from the kernel's, which is used",
			 (double)ahead_ns / NSEC_PER_SEC);
	app->real_minus_mono_ns = clocks_real_minus_mono_ns();
	return 0;
}

static int start_engine(struct app *app, struct bc_engine_config *config, const struct handover *handover)
{
	uint64_t now_mono_ns = clocks_mono_ns();
	char text[BC_CLOCK_IDENTITY_TEXT];
	int64_t ptp_ns;
	int r;

	if (getrandom(&config->seed, sizeof(config->seed), 0) < 0)
		config->seed = now_mono_ns;
	/* As TAI until a master says otherwise. */
	ptp_ns = (int64_t)now_mono_ns + app->real_minus_mono_ns + config->utc_offset_s * NSEC_PER_SEC;
	if (!config->is_system_clock)
		ptp_ns += app->settings->clock_start_offset_ns;
	handover_prepare_engine(handover, config, now_mono_ns, &ptp_ns);
	log_line(LOG_INFO, "clock identity %s, domain %u, %zu port%s",
		 bc_clock_identity_text(config->clock_identity, text), config->domain_number, app->n_ports,
		 app->n_ports == 1 ? "" : "s");
	r = bc_engine_new(config, now_mono_ns, ptp_ns, &app->engine);
	if (r == 0)
		handover_complete_engine(handover, app->settings, now_mono_ns, app->engine);
	return r;
}

/* Where BPF is not to be had. A transparent clock is made of its programs. */
static bool could_do_without_bpf(const struct app *app, int error)
{
	return (error == -EPERM || error == -EACCES || error == -ENOSYS) && app->backend == &backend_bpf &&
	       !app->settings->demands_bpf && app->settings->loader.mode == EBC_MODE_BOUNDARY;
}

static int start_backend(struct app *app)
{
	char reason[256] = "";
	int r;

	app->backend = app->settings->uses_sockets ? &backend_sockets : &backend_bpf;
	r = app->backend->start(app, reason, sizeof(reason));
	if (could_do_without_bpf(app, r) && app->settings->has_other_domains) {
		log_line(LOG_ERR, "%s; sockets do not do, since tc_other_domains needs the programs", reason);
		return r;
	}
	if (could_do_without_bpf(app, r)) {
		log_line(LOG_WARNING,
			 "%s; stamps are taken by sockets instead, as with time_stamping software", reason);
		app->backend->stop(app);
		app->backend = &backend_sockets;
		r = app->backend->start(app, reason, sizeof(reason));
	}
	if (r < 0) {
		log_line(LOG_ERR, "%s", reason);
		return r;
	}
	if (app->backend == &backend_sockets && *app->settings->only_bpf)
		log_line(LOG_WARNING, "these options have no effect without BPF: %s",
			 app->settings->only_bpf);
	one_step_port_describe(app);
	return 0;
}

static int start_clock(struct app *app, struct bc_engine_config *engine_config,
		       const struct handover *handover)
{
	int r;

	if (app->settings->loader.mode == EBC_MODE_BOUNDARY)
		return start_engine(app, engine_config, handover);
	r = transparent_new(app, engine_config->clock_identity, &app->transparent);
	if (r == 0)
		handover_complete_transparent(handover, app);
	return r;
}

static void clear(struct app *app)
{
	*app = (struct app){
		.signal_fd = -1,
		.deadline_fd = -1,
		.housekeeping_fd = -1,
		.clock_watch_fd = -1,
		.membership_fd = -1,
		.armed_deadline_mono_ns = UINT64_MAX,
	};
	for (size_t i = 0; i < ARRAY_SIZE(app->instance_fds); i++)
		app->instance_fds[i] = -1;
}

/* The signals are blocked and wait. */
static bool is_end_pending(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && (sigismember(&pending, SIGTERM) || sigismember(&pending, SIGINT));
}

/* Attaching takes its time. What was taken over is soon attached, and must be, to be taken away again. */
static int start_ports(struct app *app)
{
	for (size_t i = 0; i < app->n_ports; i++) {
		if (is_end_pending() && !(app->loader && ebc_loader_took_over(app->loader)))
			return -EINTR;
		service_goes_on(clocks_mono_ns());
		app_refresh_port(app, &app->ports[i]);
	}
	return 0;
}

int app_start(struct app *app, const struct settings *settings, const struct handover *handover)
{
	struct bc_engine_config engine_config = settings->engine;
	int r;

	clear(app);
	app->settings = settings;
	app->n_ports = settings->n_ports;
	app->is_successor = handover;
	app->left_hooks = handover && !settings->is_other_domains ? handover->left_hooks : NULL;
	for (size_t i = 0; i < app->n_ports; i++)
		port_init(&app->ports[i], i, settings);
	report_init(&app->report, settings, app->ports);

	/* Signals first, so that nothing that is made from here on is left behind; then the watch of the
	 * system's clock, and only then the offset that it watches. */
	r = open_timers_and_signals(app);
	if (r < 0) {
		log_line(LOG_ERR, "cannot set up timers and signals: %s", strerror(-r));
		return r;
	}
	r = start_clocks(app);
	if (r < 0)
		return r;
	app->kernel_rate_at_start_ppb = clocks_kernel_rate_ppb();

	r = ebc_links_new(&app->links);
	if (r < 0) {
		log_line(LOG_ERR, "cannot open rtnetlink: %s", strerror(-r));
		return r;
	}
	/* Who joins no Ethernet group does not need it, nor the capability. */
	app->membership_fd = membership_packet_socket();
	r = look_at_ports(app, &engine_config, handover);
	if (r < 0)
		return r;
	r = claim_ports(app);
	if (r < 0)
		return r;
	r = host_time_start(app, &engine_config, handover);
	if (r < 0)
		return r;
	r = status_start(app, handover ? handover->n_offsets : 0);
	if (r < 0)
		return r;
	r = start_backend(app);
	if (r < 0)
		return r;
	r = start_clock(app, &engine_config, handover);
	if (r < 0) {
		log_line(LOG_ERR, "cannot start the clock: %s", strerror(-r));
		return r;
	}
	if (app->engine)
		app->management = management_new(&app->settings->management);
	app->backend->handle_alive(app);
	r = start_ports(app);
	if (r < 0)
		return r;
	app->backend->handle_started(app);
	if (app->settings->is_other_domains)
		return 0;
	r = other_domains_start(app, handover);
	if (r < 0)
		return r;
	control_keep_start(app);
	return 0;
}

void app_stop(struct app *app)
{
	if (app->backend)
		app->backend->handle_stopping(app);
	control_free(app->control);
	other_domains_stop(app);
	management_free(app->management);
	if (app->backend)
		app->backend->stop(app);
	for (size_t i = 0; i < app->n_ports; i++)
		app->instance_fds[i] = close_fd(app->instance_fds[i]);
	host_time_stop(app);
	transparent_free(app->transparent);
	status_stop(app);
	bc_engine_free(app->engine);
	ebc_links_free(app->links);
	close_fd(app->signal_fd);
	close_fd(app->deadline_fd);
	close_fd(app->housekeeping_fd);
	close_fd(app->clock_watch_fd);
	close_fd(app->membership_fd);
	clear(app);
}
