// SPDX-License-Identifier: GPL-2.0-or-later
/* The oscillator, the settings and the arithmetic of an own clock. */
#include "tests/bench/own_clock_model.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "util/cleanup.h"
#include "util/macros.h"

#define READ_ATTEMPTS 100
/* As the kernel limits them. */
#define FREQ_MAX_SCALED_PPM (500LL << 16)
#define TICK_MIN_US	    (OWN_CLOCK_TICK_US * 9 / 10)
#define TICK_MAX_US	    (OWN_CLOCK_TICK_US * 11 / 10)

#define HANDLED_MODES                                                                         \
	(ADJ_FREQUENCY | ADJ_MAXERROR | ADJ_ESTERROR | ADJ_STATUS | ADJ_TIMECONST | ADJ_TAI | \
	 ADJ_SETOFFSET | ADJ_MICRO | ADJ_NANO | ADJ_TICK)
/* STA_PLL and STA_FLL choose how ADJ_OFFSET works, which is refused. */
#define HANDLED_STATUS (STA_UNSYNC | STA_PLL | STA_FLL | STA_FREQHOLD)
#define ADJ_ADJTIME    0x8000 /* marks the modes of adjtime() */

struct own_clock {
	struct own_clock_file *file;
	size_t len;
};

static bool is_sound(const struct own_clock_file *file, size_t len)
{
	if (len < sizeof(*file) || file->magic != OWN_CLOCK_MAGIC || file->n_settings == 0)
		return false;
	return file->n_knots <= (len - sizeof(*file)) / sizeof(file->knots[0]);
}

int own_clock_open(const char *path, bool is_writable, struct own_clock **ret)
{
	_cleanup_fd_ int fd = open(path, (is_writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	struct own_clock *clock;
	struct stat st;
	void *file;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size < (off_t)sizeof(struct own_clock_file))
		return -EINVAL;
	file = mmap(NULL, (size_t)st.st_size, is_writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED,
		    fd, 0);
	if (file == MAP_FAILED)
		return -errno;
	clock = malloc(sizeof(*clock));
	if (!clock || !is_sound(file, (size_t)st.st_size)) {
		int r = clock ? -EINVAL : -ENOMEM;

		free(clock);
		munmap(file, (size_t)st.st_size);
		return r;
	}
	*clock = (struct own_clock){.file = file, .len = (size_t)st.st_size};
	*ret = clock;
	return 0;
}

void own_clock_free(struct own_clock *clock)
{
	if (!clock)
		return;
	munmap(clock->file, clock->len);
	free(clock);
}

static double walked_ns(const struct own_clock_file *file, int64_t t_ns)
{
	const struct own_clock_knot *knot;
	double passed_s;
	uint64_t i;

	if (file->n_knots == 0 || t_ns < 0)
		return 0;
	i = MIN((uint64_t)(t_ns / NSEC_PER_SEC), file->n_knots - 1);
	knot = &file->knots[i];
	passed_s = (double)(t_ns - (int64_t)i * NSEC_PER_SEC) * 1e-9;
	if (i == file->n_knots - 1)
		return knot->gained_ns + knot->frequency_ppb * passed_s;
	return knot->gained_ns +
	       (knot->frequency_ppb + (knot[1].frequency_ppb - knot->frequency_ppb) * passed_s / 2) *
		       passed_s;
}

/* What the oscillator has gained on CLOCK_MONOTONIC since the start. */
static double gained_ns(const struct own_clock_file *file, uint64_t mono_ns)
{
	int64_t t_ns = (int64_t)(mono_ns - file->start_mono_ns);
	double t_s = (double)t_ns * 1e-9, gained = file->frequency_ppb * t_s;

	if (file->period_s > 0) {
		double half = sin(M_PI * fmod(t_s, file->period_s) / file->period_s);

		gained += file->wander_ppb * file->period_s / M_PI * half * half;
	}
	return gained + walked_ns(file, t_ns);
}

static double rate_of(const struct own_clock_setting *s)
{
	return (double)s->freq_scaled_ppm / 65536e6 +
	       (double)(s->tick_us - OWN_CLOCK_TICK_US) / OWN_CLOCK_TICK_US;
}

static struct own_clock_time time_from(int64_t ns, double add_ns)
{
	double whole_ns = floor(add_ns);

	return (struct own_clock_time){.ns = ns + (int64_t)whole_ns, .frac_ns = add_ns - whole_ns};
}

static struct own_clock_time evaluate(const struct own_clock_file *file, const struct own_clock_setting *s,
				      uint64_t mono_ns)
{
	int64_t passed_ns = (int64_t)(mono_ns - s->from_mono_ns);
	double gained = gained_ns(file, mono_ns) - gained_ns(file, s->from_mono_ns);

	gained += ((double)passed_ns + gained) * rate_of(s);
	return time_from(s->clock_ns + passed_ns, gained + s->clock_frac_ns);
}

/* The setting that was in force at mono_ns, or the oldest that is still known. */
static bool setting_at(const struct own_clock_file *file, uint64_t mono_ns, struct own_clock_setting *ret)
{
	for (int attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
		uint64_t n = __atomic_load_n(&file->n_settings, __ATOMIC_ACQUIRE), i = n - 1;
		/* The place after the newest may be in the making. */
		uint64_t oldest = n >= OWN_CLOCK_SETTINGS ? n - OWN_CLOCK_SETTINGS + 1 : 0;

		*ret = file->settings[i % OWN_CLOCK_SETTINGS];
		while (ret->from_mono_ns > mono_ns && i > oldest)
			*ret = file->settings[--i % OWN_CLOCK_SETTINGS];
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&file->n_settings, __ATOMIC_RELAXED) < i + OWN_CLOCK_SETTINGS)
			return true;
	}
	return false;
}

bool own_clock_read(const struct own_clock *clock, uint64_t mono_ns, struct own_clock_time *ret)
{
	struct own_clock_setting setting;

	if (!setting_at(clock->file, mono_ns, &setting))
		return false;
	*ret = evaluate(clock->file, &setting, mono_ns);
	return true;
}

static const struct own_clock_setting *last_setting(const struct own_clock *clock)
{
	return &clock->file->settings[(clock->file->n_settings - 1) % OWN_CLOCK_SETTINGS];
}

/* A copy of the last setting that goes on from now, for changes. */
static struct own_clock_setting continued(const struct own_clock *clock, uint64_t now_mono_ns)
{
	struct own_clock_setting s = *last_setting(clock);
	struct own_clock_time now = evaluate(clock->file, &s, now_mono_ns);

	s.from_mono_ns = now_mono_ns;
	s.clock_ns = now.ns;
	s.clock_frac_ns = now.frac_ns;
	return s;
}

static void append(struct own_clock *clock, const struct own_clock_setting *s)
{
	struct own_clock_file *file = clock->file;
	uint64_t n = file->n_settings;

	__atomic_thread_fence(__ATOMIC_RELEASE);
	file->settings[n % OWN_CLOCK_SETTINGS] = *s;
	__atomic_store_n(&file->n_settings, n + 1, __ATOMIC_RELEASE);
}

void own_clock_set(struct own_clock *clock, uint64_t now_mono_ns, int64_t time_ns)
{
	struct own_clock_setting s = continued(clock, now_mono_ns);

	s.clock_ns = time_ns;
	s.clock_frac_ns = 0;
	s.status |= STA_UNSYNC; /* as the kernel does */
	append(clock, &s);
}

static int apply_offset(struct own_clock_setting *s, const struct timex *tx)
{
	int64_t units_per_s = tx->modes & ADJ_NANO ? NSEC_PER_SEC : 1000000;

	if (tx->time.tv_usec < 0 || tx->time.tv_usec >= units_per_s)
		return -EINVAL;
	s->clock_ns += tx->time.tv_sec * NSEC_PER_SEC + tx->time.tv_usec * (NSEC_PER_SEC / units_per_s);
	return 0;
}

static int apply_status(struct own_clock_setting *s, const struct timex *tx)
{
	if (tx->status & ~(HANDLED_STATUS | STA_RONLY))
		return -EINVAL;
	s->status = (s->status & STA_NANO) | (tx->status & HANDLED_STATUS);
	return 0;
}

static int apply_modes(struct own_clock_setting *s, const struct timex *tx)
{
	if (tx->modes & ~(unsigned int)HANDLED_MODES)
		return -EINVAL;
	if (tx->modes & ADJ_TICK && (tx->tick < TICK_MIN_US || tx->tick > TICK_MAX_US))
		return -EINVAL;
	if (tx->modes & ADJ_SETOFFSET && apply_offset(s, tx) < 0)
		return -EINVAL;
	if (tx->modes & ADJ_STATUS && apply_status(s, tx) < 0)
		return -EINVAL;
	if (tx->modes & ADJ_FREQUENCY)
		s->freq_scaled_ppm = CLAMP(tx->freq, -FREQ_MAX_SCALED_PPM, FREQ_MAX_SCALED_PPM);
	if (tx->modes & ADJ_TICK)
		s->tick_us = (int32_t)tx->tick;
	if (tx->modes & ADJ_MAXERROR)
		s->max_error_us = tx->maxerror;
	if (tx->modes & ADJ_ESTERROR)
		s->est_error_us = tx->esterror;
	if (tx->modes & ADJ_TAI)
		s->tai_s = (int32_t)tx->constant;
	if (tx->modes & ADJ_TIMECONST)
		s->constant = (int32_t)tx->constant;
	if (tx->modes & ADJ_NANO)
		s->status |= STA_NANO;
	if (tx->modes & ADJ_MICRO)
		s->status &= ~STA_NANO;
	return 0;
}

static void tell(const struct own_clock_setting *s, struct timex *tx)
{
	tx->offset = 0;
	tx->freq = s->freq_scaled_ppm;
	tx->maxerror = s->max_error_us;
	tx->esterror = s->est_error_us;
	tx->status = s->status;
	tx->constant = s->constant;
	tx->precision = 1;
	tx->tolerance = FREQ_MAX_SCALED_PPM;
	tx->time.tv_sec = s->clock_ns / NSEC_PER_SEC;
	tx->time.tv_usec = s->clock_ns % NSEC_PER_SEC / (s->status & STA_NANO ? 1 : NSEC_PER_USEC);
	tx->tick = s->tick_us;
	tx->tai = s->tai_s;
}

int own_clock_adjust(struct own_clock *clock, uint64_t now_mono_ns, struct timex *tx)
{
	struct own_clock_setting s = continued(clock, now_mono_ns);

	if (tx->modes & ADJ_ADJTIME) {
		/* There is never a rest of a gradual adjustment: to end it, or to ask for it, is right. */
		if (tx->modes != ADJ_OFFSET_SS_READ &&
		    (tx->modes != ADJ_OFFSET_SINGLESHOT || tx->offset != 0))
			return -EINVAL;
	} else if (tx->modes != 0) {
		if (apply_modes(&s, tx) < 0)
			return -EINVAL;
		append(clock, &s);
	}
	tell(&s, tx);
	return s.status & STA_UNSYNC ? TIME_ERROR : TIME_OK;
}

int own_clock_tai_s(const struct own_clock *clock)
{
	return last_setting(clock)->tai_s;
}

void own_clock_bounds_init(struct own_clock_bounds *bounds)
{
	*bounds = (struct own_clock_bounds){.low_ns = INT64_MIN, .high_ns = INT64_MAX};
}

bool own_clock_bounds_add(struct own_clock_bounds *bounds, uint64_t before_mono_ns, int64_t real_ns,
			  uint64_t after_mono_ns)
{
	/* Either clock is cut off below a nanosecond, each at its own phase. */
	int64_t low_ns = real_ns - (int64_t)after_mono_ns - 1,
		high_ns = real_ns - (int64_t)before_mono_ns + 1;

	if (low_ns > bounds->high_ns || high_ns < bounds->low_ns) {
		*bounds = (struct own_clock_bounds){.low_ns = low_ns, .high_ns = high_ns};
		return false;
	}
	bounds->low_ns = MAX(bounds->low_ns, low_ns);
	bounds->high_ns = MIN(bounds->high_ns, high_ns);
	return true;
}

int64_t own_clock_bounds_middle_ns(const struct own_clock_bounds *bounds)
{
	return bounds->low_ns + (bounds->high_ns - bounds->low_ns) / 2;
}
